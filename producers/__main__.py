"""`python -m producers` does the same as `gistream produce`, and needs no Spark."""

from producers.cli import app
from streaming.errors import run_command

if __name__ == "__main__":
    raise SystemExit(run_command(app))

"""`python -m producers`: what `gistream produce` does, without Spark installed."""

from producers.cli import app
from streaming.errors import run_command

if __name__ == "__main__":
    raise SystemExit(run_command(app))

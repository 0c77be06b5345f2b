"""Running a command in the test's own process: a refusal takes milliseconds, where a new Python takes a second."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from installation import command, command_environment

from streaming.cli.main import main


def gistream_here(*arguments: str, data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as `installation.gistream` does; only for commands that start nothing."""
    before, program = dict(os.environ), sys.argv
    out, notes = io.StringIO(), io.StringIO()
    sys.argv = command(*arguments)
    os.environ.update(command_environment(data_dir, **environment))
    try:
        with redirect_stdout(out), redirect_stderr(notes):
            code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.argv = program
        os.environ.clear()
        os.environ.update(before)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), notes.getvalue())

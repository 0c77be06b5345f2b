"""What a command prints arrives: in every encoding and width, and also when the reader closes the pipe early."""

from __future__ import annotations

import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

MAIN = "import sys; from streaming.cli.main import main; sys.exit(main())"
JSON = """
from streaming.errors import run_command
from streaming.terminal.consoles import write_json
run_command(lambda: write_json('{"summary": "Żary, Müller, 水, 😀"}'))
"""
# What typer makes of a broken pipe, here of a socket's.
SOCKET = """
import sys
from streaming.errors import run_command
def command():
    try:
        raise BrokenPipeError
    except OSError:
        sys.exit(1)
sys.exit(run_command(command))
"""


def python(code: str, *arguments: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run([sys.executable, "-c", code, *arguments], env=environment, capture_output=True, check=False)


@pytest.fixture
def prompts(tmp_path: Path) -> str:
    """Return a folder with a profile whose description has letters of two alphabets."""
    profile = 'description = "Das Müllerhaus in Żary"\nsystem = "Summarize."\n'
    (tmp_path / "mills.toml").write_text(profile, encoding="utf-8")
    return str(tmp_path)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "Das Müllerhaus in Żary"),
        ("cp437", "Das Müllerhaus in ?ary"),
        ("ascii", "Das M?llerhaus in ?ary"),
    ],
)
def test_what_the_output_cannot_show_is_replaced(prompts: str, encoding: str, shown: str) -> None:
    done = python(MAIN, "prompts", "list", "--prompts-dir", prompts, encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown in done.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_an_error_is_one_line_in_every_encoding(encoding: str) -> None:
    done = python(MAIN, "produce", "files", "Żary.txt", encoding=encoding)
    assert done.returncode == 2
    assert done.stderr == b"gistream: There is no file or folder ?ary.txt.\n"


@pytest.mark.parametrize(("name", "shown"), [(b"gr\xfc\xdfe", b"gr??e"), ("\U0001f600".encode(), "😀".encode())])
def test_a_file_name_that_is_no_text_can_be_printed(tmp_path: Path, name: bytes, shown: bytes) -> None:
    done = python(MAIN, "produce", "files", os.fsdecode(name))
    assert done.stderr == b"gistream: There is no file or folder " + shown + b".\n"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "ascii"])
def test_json_is_json_in_every_encoding(encoding: str) -> None:
    done = python(JSON, encoding=encoding)
    assert json.loads(done.stdout) == {"summary": "Żary, Müller, 水, 😀"}
    assert ("Żary".encode() in done.stdout) == (encoding == "utf-8")


@pytest.mark.parametrize("arguments", ["prompts list", "config show --json"])
def test_a_reader_that_closes_the_pipe_ends_the_command_in_silence(arguments: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-c", MAIN, *arguments.split()]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", ["prompts list", "config show --json"])
def test_a_closed_output_is_no_failure(arguments: str) -> None:
    command = f'exec "$0" -c "$1" {arguments} >&-'
    done = subprocess.run(["bash", "-c", command, sys.executable, MAIN], stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_another_broken_pipe_than_the_readers_is_a_failure() -> None:
    assert python(SOCKET).returncode == 1


def on_terminal(*arguments: str, columns: int) -> list[str]:
    """Return the lines that a command prints on a terminal of so many columns."""
    master, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    environment |= {"TERM": "xterm", "NO_COLOR": "1"}
    command = [sys.executable, "-c", MAIN, *arguments]
    subprocess.run(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment, check=False)
    os.close(terminal)
    with suppress(OSError), os.fdopen(master, "rb") as reader:
        return re.sub(r"\x1b\[[0-9;?]*\w", "", reader.read1(100_000).decode()).replace("\r\n", "\n").splitlines()
    return []


@pytest.mark.parametrize("columns", [50, 90])
def test_a_terminal_gets_lines_of_its_width_with_whole_words(prompts: str, columns: int) -> None:
    words = " ".join(["Donaudampfstadt"] * 12)
    Path(prompts, "long.toml").write_text(f'description = "{words}"\nsystem = "Summarize."\n')
    for arguments in (("prompts", "list", "--prompts-dir", prompts), ("produce", "files", words)):
        lines = on_terminal(*arguments, columns=columns)
        assert max(map(len, lines)) <= columns
        assert len(lines) > 180 // columns
        assert "".join(lines).count("Donaudampfstadt") == sum(line.count("Donaudampfstadt") for line in lines) == 12


def test_a_file_gets_lines_that_no_width_cuts(prompts: str) -> None:
    words = " ".join(["Donaudampfstadt"] * 30)
    Path(prompts, "long.toml").write_text(f'description = "{words}"\nsystem = "Summarize."\n')
    assert words.encode() in python(MAIN, "prompts", "list", "--prompts-dir", prompts).stdout
    assert words.encode() in python(MAIN, "produce", "files", words).stderr


@pytest.mark.parametrize("arguments", ["prompts list", "config show --json"])
def test_a_full_disk_is_one_sentence(arguments: str) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-c", MAIN, *arguments.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 7
    assert done.stderr == b"gistream: The disk is full: no space is left for what this command prints or writes.\n"

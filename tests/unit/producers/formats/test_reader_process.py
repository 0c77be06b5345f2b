"""A file may cost the child that reads it, and nothing else: not the next file, not the parent, not the machine."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from written_books import epub, page

from producers.formats.child import pool, process
from producers.formats.child.limits import MEMORY_TO_KEEP
from producers.formats.child.process import ReaderProcess
from producers.formats.options import ReadOptions
from producers.formats.part import Part
from producers.formats.reading import read_parts
from producers.formats.split import Split
from streaming.errors import BadInput, MachineError

GOOD = "The mill stopped."
# Takes time that doubles with each letter; and holds Python's lock meanwhile.
ENDLESS = Split.parse(r"(a+)+$")


@pytest.fixture(autouse=True)
def _no_child_before_or_after() -> Iterator[None]:
    pool.end_idle_child()
    yield
    pool.end_idle_child()


def book(path: Path, chapters: int = 2) -> Path:
    path.write_bytes(epub({f"{number}.xhtml": page(f"<p>{GOOD}</p>") for number in range(chapters)}))
    return path


def endless(path: Path) -> Path:
    path.write_text(f"<p>{'a' * 60}!</p>")
    return path


def children() -> list[psutil.Process]:
    """Return the processes of this one that read files."""
    return [
        child for child in psutil.Process().children() if "producers.formats.child.main" in " ".join(child.cmdline())
    ]


def texts(path: Path, options: ReadOptions | None = None) -> list[str]:
    return [part.text for part in read_parts(path, options or ReadOptions()) if isinstance(part, Part)]


def test_one_child_reads_file_after_file(tmp_path: Path) -> None:
    assert texts(book(tmp_path / "a.epub")) == [GOOD, GOOD]
    (first,) = children()
    assert texts(book(tmp_path / "b.epub")) == [GOOD, GOOD]
    assert [child.pid for child in children()] == [first.pid]


def test_a_large_parent_has_one_child_for_many_files_too(tmp_path: Path) -> None:
    # A process begins with its parent's peak, as Linux counts it.
    ballast = b"x" * (MEMORY_TO_KEEP + 10_000_000)
    texts(book(tmp_path / "a.epub"))
    (first,) = children()
    del ballast
    texts(book(tmp_path / "b.epub"))
    assert [child.pid for child in children()] == [first.pid]


def test_files_that_are_read_at_the_same_time_have_a_child_each(tmp_path: Path) -> None:
    file = book(tmp_path / "a.epub")
    both = zip(read_parts(file, ReadOptions()), read_parts(file, ReadOptions()), strict=True)
    assert [part.text for parts in both for part in parts if isinstance(part, Part)] == [GOOD] * 4
    assert len(children()) == 1


def test_plain_text_needs_no_child(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(GOOD)
    assert texts(tmp_path / "a.txt") == [GOOD]
    assert not children()


def test_a_child_that_takes_too_long_is_killed_and_the_next_file_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "deadline", lambda size: 1.5)
    with pytest.raises(BadInput, match=r"not read in 2 s: it may be made to take forever"):
        texts(endless(tmp_path / "a.html"), ReadOptions(ENDLESS))
    assert not children()
    monkeypatch.undo()
    assert texts(book(tmp_path / "b.epub")) == [GOOD, GOOD]


def test_a_child_that_crashes_costs_its_file(tmp_path: Path) -> None:
    texts(book(tmp_path / "a.epub"))
    (child,) = children()
    begun = child.cpu_times().user + 0.3

    def crash() -> None:
        while child.cpu_times().user < begun:
            pass
        child.send_signal(signal.SIGSEGV)

    crashing = threading.Thread(target=crash)
    crashing.start()
    with pytest.raises(BadInput, match=r"its reader crashed \(SIGSEGV\)"):
        texts(endless(tmp_path / "a.html"), ReadOptions(ENDLESS))
    crashing.join()
    assert texts(book(tmp_path / "b.epub")) == [GOOD, GOOD]


def test_a_child_that_ends_between_two_files_costs_none(tmp_path: Path) -> None:
    assert texts(book(tmp_path / "a.epub")) == [GOOD, GOOD]
    (child,) = children()
    child.kill()
    child.wait(20)
    assert texts(book(tmp_path / "b.epub")) == [GOOD, GOOD]


def test_a_child_that_cannot_start_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_CODE", "import no_such_module")
    with pytest.raises(MachineError, match=r"The process that reads files has not started"):
        texts(book(tmp_path / "a.epub"))


def test_a_file_that_needs_too_much_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<p>" + "The mill. " * 5_000_000)
    child = ReaderProcess(memory=300_000_000)
    try:
        with pytest.raises(BadInput, match=r"more than 300 MB of memory to read"):
            list(child.read(tmp_path / "a.html", ReadOptions()))
        assert not child.ready
    finally:
        child.close()


def test_a_reader_that_is_left_in_mid_file_ends_and_leaves_nothing(tmp_path: Path) -> None:
    parts = read_parts(book(tmp_path / "a.epub", chapters=3_000), ReadOptions())
    next(parts)
    (child,) = children()
    folder = Path(next(argument for argument in child.cmdline() if "gistream-reader-" in argument))
    assert folder.is_dir()
    parts.close()  # type: ignore[attr-defined]
    assert not children()
    assert not folder.exists()


def test_a_child_ends_with_its_parent_however_that_ends_and_takes_its_folder(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from producers.formats.reading import read_parts; "
        "from producers.formats.options import ReadOptions; from producers.formats.split import Split; "
        "list(read_parts(Path(sys.argv[1]), ReadOptions())); print('read', flush=True); "
        "list(read_parts(Path(sys.argv[2]), ReadOptions(Split.parse(sys.argv[3]))))"
    )
    files = [str(book(tmp_path / "a.epub")), str(endless(tmp_path / "b.html")), ENDLESS.argument]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", code, *files], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"read\n"
        (child,) = psutil.Process(parent.pid).children()
        folder = Path(next(argument for argument in child.cmdline() if "gistream-reader-" in argument))
        parent.kill()
    _, alive = psutil.wait_procs([child], timeout=20)
    assert not alive
    assert not folder.exists()


def test_a_reader_opens_no_connection_and_starts_no_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        attempts = (
            "socket.socket()",
            f"socket.create_connection(('127.0.0.1', {port}))",
            f"socket.getaddrinfo('localhost', {port})",
            f"urllib.request.urlopen('http://127.0.0.1:{port}/')",
            "subprocess.run(['true'])",
            "os.system('true')",
            "os.fork()",
            "os.posix_spawn('/bin/true', ['true'], {})",
            "os.execv('/bin/true', ['true'])",
        )
        code = (
            "import os, socket, subprocess, sys, urllib.request\n"
            "from producers.formats.child.limits import ForbiddenInReader, forbid_connections_and_processes\n"
            "forbid_connections_and_processes()\n"
            "for attempt in sys.argv[1:]:\n"
            "    try:\n        eval(attempt)\n"
            "    except ForbiddenInReader:\n        print(attempt)\n"
        )
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", code, *attempts]
        output = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert output.stdout.splitlines() == list(attempts), output.stderr
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_folder_of_documents_is_no_place_for_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lxml", "zipfile", "streaming", "producers"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('Xyzzy')")
    monkeypatch.chdir(tmp_path)
    assert texts(book(tmp_path / "a.epub")) == [GOOD, GOOD]

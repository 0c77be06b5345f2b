"""A file that is damaged, or made to do harm, is read right or refused by name; the next one is read all the same."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from broken_files import GOOD, BrokenFile, broken_files
from format_reading import read_written, text_of
from written_books import epub, page

from producers.records import Refusal

NAMES = [file.name for file in broken_files("http://127.0.0.1:1")]


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def files(listener: socket.socket) -> dict[str, BrokenFile]:
    url = "http://{}:{}".format(*listener.getsockname())
    return {file.name: file for file in broken_files(url)}


@pytest.mark.parametrize("name", NAMES)
def test_a_broken_file_is_read_right_or_refused_and_the_next_is_read(
    tmp_path: Path, name: str, files: dict[str, BrokenFile], listener: socket.socket
) -> None:
    file = files[name]
    records = read_written(tmp_path / name, file.content)
    if file.text is None:
        (refused,) = records
        assert isinstance(refused, Refusal)
        assert (refused.name, str(file.refusal) in refused.reason) == (name, True), refused.reason
        assert "Xyzzy" not in refused.reason
    else:
        assert [record if isinstance(record, Refusal) else record["text"] for record in records] == file.text.split("|")
    assert text_of(tmp_path / "good.epub", epub({"a.xhtml": page(f"<p>{GOOD}</p>")})) == GOOD
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_there_are_forty_broken_files_at_least() -> None:
    assert len(set(NAMES)) >= 40

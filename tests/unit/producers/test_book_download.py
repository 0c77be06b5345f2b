from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic, sleep

import pytest
from fake_mirror import BOOK, Mirror, broken, serve, status, web_page, whole

from producers.gutenberg.download import StoredBook, fetch, read_sha256
from streaming import __version__
from streaming.errors import MachineError, UsageError

SHA256 = hashlib.sha256(BOOK).hexdigest()
OTHER = hashlib.sha256(b"another book").hexdigest()


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    with serve() as fake:
        yield fake


def range_start(request: tuple[str, dict[str, str]]) -> int:
    return int(request[1]["Range"].removeprefix("bytes=").removesuffix("-"))


def get(mirror: Mirror, folder: Path, sha256: str | None = None) -> StoredBook:
    return fetch("7", mirror.url, folder, sha256=sha256, pause=0.01)


def test_a_book_is_downloaded_once_and_then_used_without_a_network(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [whole]
    first = get(mirror, tmp_path / "books")
    assert first == StoredBook(tmp_path / "books" / "pg7.txt", SHA256)
    assert first.path.read_bytes() == BOOK
    assert get(mirror, tmp_path / "books", SHA256) == first
    assert len(mirror.requests) == 1


def test_the_checksum_is_beside_the_book_as_sha256sum_writes_it(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [whole]
    get(mirror, tmp_path)
    assert (tmp_path / "pg7.txt.sha256").read_text() == f"{SHA256}  pg7.txt\n"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"pg7.txt", "pg7.txt.sha256", "pg7.txt.lock"}


def test_a_request_says_who_asks_and_for_what(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [whole]
    get(mirror, tmp_path)
    ((path, headers),) = mirror.requests
    assert path == "/epub/7/pg7.txt"
    assert headers["User-Agent"].startswith(f"gistream/{__version__}")


def test_a_busy_server_is_asked_again_when_it_says(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [status(503, Retry_After="1"), status(429, Retry_After="1"), whole]
    began = monotonic()
    assert get(mirror, tmp_path).sha256 == SHA256
    assert monotonic() - began >= 2
    assert len(mirror.requests) == 3


def test_a_server_that_stays_busy_is_left_alone_after_five_times(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [status(503)]
    with pytest.raises(MachineError, match=r"pg7\.txt answered 503 .* 5 times; try again later"):
        get(mirror, tmp_path)
    assert len(mirror.requests) == 5


def test_a_download_that_breaks_off_goes_on_where_it_stopped(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [broken, whole]
    assert get(mirror, tmp_path).path.read_bytes() == BOOK
    assert 0 < range_start(mirror.requests[1]) <= 100_000
    assert mirror.requests[1][1]["If-Range"] == '"1"'


def test_a_later_command_goes_on_where_the_last_one_gave_up(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [broken]
    with pytest.raises(MachineError, match=r"broke off 5 times; try again later"):
        get(mirror, tmp_path)
    assert not (tmp_path / "pg7.txt").exists()
    mirror.requests, mirror.answers = [], [whole]
    assert get(mirror, tmp_path).path.read_bytes() == BOOK
    assert 0 < range_start(mirror.requests[0]) <= 100_000


def test_a_file_that_changed_meanwhile_is_downloaded_whole(mirror: Mirror, tmp_path: Path) -> None:
    newer = BOOK.replace(b"wheel", b"WHEEL")
    mirror.answers = [broken, lambda handler: whole(handler, newer, '"2"')]
    assert get(mirror, tmp_path).path.read_bytes() == newer


def test_a_server_that_does_not_name_its_version_sends_the_whole_file_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [lambda handler: broken(handler, tag=None), whole]
    assert get(mirror, tmp_path).path.read_bytes() == BOOK
    assert "Range" not in mirror.requests[1][1]


@pytest.mark.parametrize("odd", [status(416), status(206, Content_Range="bytes 5-9/10")], ids=["416", "another rest"])
def test_a_rest_that_does_not_fit_is_thrown_away(
    mirror: Mirror, tmp_path: Path, odd: Callable[[BaseHTTPRequestHandler], None]
) -> None:
    mirror.answers = [broken, odd, whole]
    assert get(mirror, tmp_path).path.read_bytes() == BOOK
    assert "Range" not in mirror.requests[2][1]


def test_a_number_that_is_no_book_is_named(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [status(404)]
    with pytest.raises(UsageError, match=r"There is no book at .*/epub/7/pg7\.txt"):
        get(mirror, tmp_path)
    assert len(mirror.requests) == 1


@pytest.mark.parametrize(
    ("answer", "reply"), [(status(403), "403 Forbidden"), (web_page, "with a web page instead of a text")]
)
def test_a_mirror_that_sends_something_else_is_named(
    mirror: Mirror, tmp_path: Path, answer: Callable[[BaseHTTPRequestHandler], None], reply: str
) -> None:
    mirror.answers = [answer]
    with pytest.raises(UsageError, match=rf"answered {reply}; name another mirror with --mirror"):
        get(mirror, tmp_path)
    assert not (tmp_path / "pg7.txt").exists()


def test_a_mirror_that_cannot_be_reached_is_named(mirror: Mirror, tmp_path: Path) -> None:
    # Nothing listens on port 1 of loopback.
    with pytest.raises(MachineError, match=r"127\.0\.0\.1:1/.* could not be fetched: Connection refused; .*--mirror"):
        fetch("7", "http://127.0.0.1:1", tmp_path, pause=0.01)
    with pytest.raises(UsageError, match=r"'mirror\.example' is no address of a mirror"):
        fetch("7", "mirror.example", tmp_path, pause=0.01)


def test_a_download_with_another_checksum_than_the_one_demanded_is_not_kept(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [whole]
    with pytest.raises(UsageError, match=rf"has the SHA-256 {SHA256}, not the one that --sha256 demands"):
        get(mirror, tmp_path, OTHER)
    assert not [path for path in tmp_path.iterdir() if path.suffix != ".lock" and path.stat().st_size > 100]
    assert get(mirror, tmp_path, SHA256).sha256 == SHA256


def test_a_kept_book_with_another_checksum_than_the_one_demanded_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    mirror.answers = [whole]
    get(mirror, tmp_path)
    with pytest.raises(UsageError, match="not the one that --sha256 demands; it was not used"):
        get(mirror, tmp_path, OTHER)


@pytest.mark.parametrize("harm", ["changed", "cut", "no checksum", "broken checksum"])
def test_a_kept_book_that_is_damaged_is_refused(mirror: Mirror, tmp_path: Path, harm: str) -> None:
    mirror.answers = [whole]
    path = get(mirror, tmp_path).path
    checksum = tmp_path / "pg7.txt.sha256"
    if harm == "changed":
        path.write_bytes(BOOK.replace(b"wheel", b"WHEEL", 1))
    elif harm == "cut":
        path.write_bytes(BOOK[:-1])
    elif harm == "no checksum":
        checksum.unlink()
    else:
        checksum.write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"pg7\.txt is no longer the file that was downloaded; delete it"):
        get(mirror, tmp_path)
    path.unlink()
    assert get(mirror, tmp_path).path.read_bytes() == BOOK


def test_two_who_want_the_same_book_download_it_once(mirror: Mirror, tmp_path: Path) -> None:
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        sleep(0.2)
        whole(handler)

    mirror.answers = [slowly]
    books: list[StoredBook] = []
    threads = [threading.Thread(target=lambda: books.append(get(mirror, tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [book.sha256 for book in books] == [SHA256] * 4
    assert len(mirror.requests) == 1


def test_a_folder_that_cannot_be_written_is_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "books").write_text("a file")
    with pytest.raises(MachineError, match=r"Book 7 could not be kept in .*books: File exists"):
        get(mirror, tmp_path / "books")


def test_a_checksum_is_64_digits() -> None:
    assert read_sha256(None) is None
    assert read_sha256(SHA256.upper()) == SHA256
    with pytest.raises(UsageError, match="--sha256 takes 64 hexadecimal digits; 'abc' is none"):
        read_sha256("abc")

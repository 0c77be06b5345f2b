"""Below a root every regular file can be read, and nothing else; a root that is away is no fault of a document."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from object_store import ObjectStore, object_store

from streaming.errors import BadInput, MachineError, StorageAway, UsageError
from streaming.storage import Roots


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a b.txt").write_text("Inside.")
    (tmp_path / "secret.txt").write_text("Outside.")
    return folder


def content(roots: Roots, uri: str) -> str:
    with roots.open(uri) as file:
        raw = file.read()
        assert file.size == len(raw)
        return raw.decode()


def refused(roots: Roots, uri: str) -> str:
    with pytest.raises(BadInput) as caught:
        roots.open(uri)
    return caught.value.type


def test_a_file_below_a_root_is_read_by_its_path_and_by_its_uri(root: Path) -> None:
    roots = Roots([str(root)])
    assert content(roots, f"{root}/in/a b.txt") == content(roots, (root / "in/a b.txt").as_uri()) == "Inside."


def test_nothing_is_read_without_a_root_and_the_setting_is_named(root: Path) -> None:
    with pytest.raises(BadInput, match="--uri-roots") as caught:
        Roots([]).open(f"{root}/in/a b.txt")
    assert caught.value.type == "UriNotAllowed"


@pytest.mark.parametrize("uri", ["{}/../secret.txt", "{}2/a.txt", "/etc/passwd", "file:///etc/passwd", "http://x{}/a"])
def test_a_file_elsewhere_is_not_allowed(uri: str, root: Path) -> None:
    assert refused(Roots([str(root)]), uri.format(root)) == "UriNotAllowed"


def test_a_link_out_of_the_root_is_not_followed_and_one_within_it_is(root: Path) -> None:
    (root / "out").symlink_to(root.parent)
    (root / "secret.txt").symlink_to(root.parent / "secret.txt")
    (root / "latest").symlink_to("in")
    (root / "same.txt").symlink_to("latest/a b.txt")
    roots = Roots([str(root)])
    assert refused(roots, f"{root}/out/secret.txt") == refused(roots, f"{root}/secret.txt") == "UriNotAllowed"
    assert content(roots, f"{root}/latest/a b.txt") == content(roots, f"{root}/same.txt") == "Inside."


def test_a_folder_that_becomes_a_link_while_it_is_opened_gives_no_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.path.realpath

    def swap_after(path: str) -> str:
        found = real(path)
        if found.endswith("secret.txt") and not (root / "in").is_symlink():
            (root / "in").rename(root / "before")
            (root / "in").symlink_to(root.parent)
        return found

    (root / "in" / "secret.txt").write_text("Inside.")
    monkeypatch.setattr(os.path, "realpath", swap_after)
    assert refused(Roots([str(root)]), f"{root}/in/secret.txt") in ("UriNotFound", "UriNotAllowed")
    assert (root / "in").is_symlink()


def test_a_root_may_itself_be_a_link(root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    assert content(Roots([str(link)]), f"{link}/in/a b.txt") == "Inside."


@pytest.mark.timeout(20)
def test_only_regular_files_are_opened(root: Path) -> None:
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(root / "socket"))
        roots = Roots([str(root)])
        for name in ("fifo", "socket", "in"):
            assert refused(roots, f"{root}/{name}") == "UriNoFile"


def test_a_missing_file_is_the_documents_fault(root: Path) -> None:
    roots = Roots([str(root)])
    assert refused(roots, f"{root}/in/b.txt") == refused(roots, f"{root}/in/a b.txt/c") == "UriNotFound"
    assert refused(roots, f"{root}/{'n' * 300}") == "UriNotFound"


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
def test_a_file_that_the_user_may_not_read_is_the_documents_fault_and_such_a_root_is_not(root: Path) -> None:
    (root / "in" / "a b.txt").chmod(0)
    assert refused(Roots([str(root)]), f"{root}/in/a b.txt") == "UriNotReadable"
    root.chmod(0)
    with pytest.raises(MachineError, match="right") as caught:
        Roots([str(root)]).open(f"{root}/in/a b.txt")
    root.chmod(0o700)
    assert not caught.value.transient


def test_a_root_that_is_gone_is_a_failure_that_may_be_over_by_itself(root: Path) -> None:
    roots = Roots([str(root)])
    roots.check()
    root.rename(root.parent / "elsewhere")
    for attempt in (roots.check, lambda: roots.open(f"{root}/in/a b.txt")):
        with pytest.raises(StorageAway, match="uri_roots") as caught:
            attempt()
        assert caught.value.transient
    (root.parent / "elsewhere").rename(root)
    assert content(roots, f"{root}/in/a b.txt") == "Inside."


def test_a_root_of_an_unknown_kind_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="cannot hold files"):
        Roots(["http://example.invalid/texts"])


@pytest.fixture
def store() -> ObjectStore:  # type: ignore[misc]
    with object_store() as running:
        running.objects["bucket/in/a b.txt"] = b"In the store."
        running.objects["bucket/other.txt"] = b"Beside."
        yield running


def test_an_object_is_read_with_the_login_and_the_options_of_its_root(store: ObjectStore) -> None:
    roots = Roots([store.url("bucket/in")])
    assert content(roots, "s3://bucket/in/a%20b.txt") == "In the store."
    assert refused(roots, "s3://bucket/in/b.txt") == "UriNotFound"
    assert refused(roots, "s3://bucket/other.txt") == "UriNotAllowed"
    assert "mine" not in roots.check()


@pytest.mark.parametrize("name", ["a.gz", "a.zst", "a.bz2"])
def test_an_object_is_read_byte_for_byte_whatever_its_name_says(name: str, store: ObjectStore) -> None:
    store.objects[f"bucket/in/{name}"] = b"Plain."
    assert content(Roots([store.url("bucket/in")]), f"s3://bucket/in/{name}") == "Plain."


def test_a_store_that_does_not_answer_is_away() -> None:
    with object_store() as gone:
        url = gone.url("bucket/in")
    with pytest.raises(StorageAway, match=r"s3://.*bucket/in") as caught:
        Roots([url]).open("s3://bucket/in/a.txt")
    assert "mine" not in str(caught.value)

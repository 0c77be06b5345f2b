from __future__ import annotations

import errno
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_stand_in import TOKEN, Hub, serve, sha256
from huggingface_hub import constants, file_download

from streaming.engine import describe_model
from streaming.engine.model import download, hub
from streaming.errors import HubUnreachable, ModelError

CONTENT = random.Random(1).randbytes(300_000)
REFERENCE = "hf://test/tiny/model.gguf"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    """A hub with one small file, and a cache of one's own."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # Before the first download sets it: a test of ours must ask nobody but the stand-in.
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_TELEMETRY", True)
    # What is written at once, and so what a broken line costs: 10 MB, more than the files here have.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
    with serve(Hub(files={"test/tiny": {"model.gguf": CONTENT}})) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def refusal(reference: str = REFERENCE) -> str:
    with pytest.raises(ModelError) as caught:
        hub.fetch(reference)
    message = str(caught.value)
    assert "\n" not in message
    return message


def blobs() -> list[str]:
    return sorted(path.name for path in Path(constants.HF_HUB_CACHE).glob("*/blobs/*"))


def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("reference", "repo", "revision", "path"),
    [
        ("hf://a/b/m.gguf", "a/b", "main", "m.gguf"),
        ("hf://a/b/deep/er/m.gguf", "a/b", "main", "deep/er/m.gguf"),
        ("hf://a/b@v1.0/m.gguf", "a/b", "v1.0", "m.gguf"),
        ("hf://a/b@refs/pr/3/m.gguf", "a/b", "refs/pr/3", "m.gguf"),
        ("hf://a/b@feature%2Fx/m.gguf", "a/b", "feature/x", "m.gguf"),
    ],
)
def test_a_reference_names_repository_revision_and_file(reference: str, repo: str, revision: str, path: str) -> None:
    assert hub.parse(reference) == hub.Reference(repo, revision, path)
    assert hub.parse(str(hub.parse(reference))) == hub.Reference(repo, revision, path)


@pytest.mark.parametrize(
    "reference",
    ["hf://", "hf://a", "hf://a/b", "hf://a/b/", "hf://a/b/m.bin", "hf://a/b@/m.gguf", "hf://datasets/a/b/m.gguf",
     "hf://a/b/../../m.gguf", "hf://a b/c/m.gguf"],
)  # fmt: skip
def test_another_form_is_refused_and_the_right_one_shown(reference: str) -> None:
    with pytest.raises(ModelError, match=r"write hf://owner/repo/file.gguf") as caught:
        hub.parse(reference)
    assert reference in str(caught.value)


def test_a_file_is_downloaded_once_and_then_nobody_is_asked(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hub.fetch(REFERENCE)
    assert path.read_bytes() == CONTENT
    assert path.name == "model.gguf"
    requests = len(server.requests)
    assert requests
    nowhere(monkeypatch)
    assert hub.fetch(REFERENCE) == path
    assert hub.fetch(f"hf://test/tiny@{server.commit('test/tiny')}/model.gguf") == path
    assert len(server.requests) == requests


def test_a_cut_line_is_taken_up_again_where_it_broke(server: Hub) -> None:
    server.cut_at = 100_000
    assert hub.fetch(REFERENCE).read_bytes() == CONTENT
    assert server.ranges == ["bytes=100000-"]


def test_a_download_that_failed_goes_on_in_the_next_attempt(server: Hub) -> None:
    server.cut_at, server.then_down = 100_000, True
    with pytest.raises(HubUnreachable, match="503"):
        hub.fetch(REFERENCE)
    assert blobs() == [f"{sha256(CONTENT)}.incomplete"]
    server.down = False
    assert hub.fetch(REFERENCE).read_bytes() == CONTENT
    assert server.ranges[-1] == "bytes=100000-"
    assert blobs() == [sha256(CONTENT)]


def test_what_arrives_damaged_is_refused_removed_and_fetched_anew(server: Hub) -> None:
    server.corrupt = True
    message = refusal()
    assert "arrived damaged" in message
    assert sha256(CONTENT) in message
    assert blobs() == []
    assert hub.cached(REFERENCE) is None
    server.corrupt = False
    assert hub.fetch(REFERENCE).read_bytes() == CONTENT


def test_what_was_damaged_in_the_cache_is_noticed_when_it_is_opened(server: Hub) -> None:
    server.files["test/tiny"]["model.gguf"] = b"GGUF" + CONTENT
    path = hub.fetch(REFERENCE)
    path.resolve().write_bytes(b"GGUF" + CONTENT[:-1] + b"x")
    with pytest.raises(ModelError, match="was damaged"):
        describe_model(REFERENCE)
    assert hub.fetch(REFERENCE).read_bytes() == b"GGUF" + CONTENT


def test_a_hub_without_checksums_is_refused(server: Hub) -> None:
    server.without_checksum = True
    assert "could not be verified" in refusal()
    assert blobs() == []


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("hf://test/tiny/other.gguf", "has no file other.gguf at revision main"),
        ("hf://test/tiny@v9/model.gguf", "has no revision v9"),
        ("hf://test/nothing/model.gguf", "HF_TOKEN"),
    ],
)
def test_what_a_hub_has_not_is_named(server: Hub, reference: str, words: str) -> None:
    assert words in refusal(reference)


def test_a_gated_model_needs_a_token_which_only_the_hub_sees(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    server.gated.add("test/tiny")
    for token, code in (("", 401), ("hf_of_somebody_else", 403)):
        monkeypatch.setenv("HF_TOKEN", token)
        message = refusal()
        assert f"is gated or closed to you ({code})" in message
        assert "HF_TOKEN" in message
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert hub.fetch(REFERENCE).read_bytes() == CONTENT
    assert server.tokens_at_storage == []


def test_a_hub_that_does_not_answer_is_named(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere(monkeypatch)
    with pytest.raises(HubUnreachable, match=r"http://127.0.0.1:1 does not answer"):
        hub.fetch(REFERENCE)


def test_offline_only_the_cache_counts(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in refusal()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    path = hub.fetch(REFERENCE)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert hub.fetch(REFERENCE) == path


def test_a_pull_takes_what_the_branch_is_now(server: Hub) -> None:
    old = hub.fetch(REFERENCE)
    server.files["test/tiny"]["model.gguf"] = CONTENT[::-1]
    assert hub.fetch(REFERENCE) == old
    assert hub.pull(REFERENCE).read_bytes() == CONTENT[::-1]
    assert hub.fetch(REFERENCE).read_bytes() == CONTENT[::-1]
    models = {model.reference: model.path.read_bytes() for model in hub.cached_models()}
    assert models == {REFERENCE: CONTENT[::-1], f"hf://test/tiny@{old.parent.name}/model.gguf": CONTENT}


def test_too_small_a_disk_is_noticed_before_the_download(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 200_000})
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: usage)
    message = refusal()
    assert "0 MB are free" in message
    assert "HF_HOME" in message
    assert not [path for method, path in server.requests if method == "GET"]


def test_a_disk_that_fills_up_is_named(server: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(file_download, "http_get", full)
    assert "is full" in refusal()


def test_a_cache_that_cannot_be_written_is_named(server: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file" / "cache"))
    assert "HF_HOME" in refusal()


def test_all_parts_of_a_split_model_come_and_are_listed_as_one(server: Hub) -> None:
    parts = {f"big/m-0000{n}-of-00003.gguf": CONTENT[n:] for n in (1, 2, 3)}
    server.files["test/tiny"].update(parts)
    path = hub.fetch("hf://test/tiny/big/m-00001-of-00003.gguf")
    assert [part.read_bytes() for part in sorted(path.parent.iterdir())] == list(parts.values())
    listed = [(model.reference, model.bytes) for model in hub.cached_models()]
    assert listed == [("hf://test/tiny/big/m-00001-of-00003.gguf", sum(map(len, parts.values())))]
    assert "name big/m-00001-of-00003.gguf" in refusal("hf://test/tiny/big/m-00002-of-00003.gguf")


def test_a_split_model_that_lacks_a_part_is_completed(server: Hub) -> None:
    names = [f"m-0000{n}-of-00002.gguf" for n in (1, 2)]
    server.files["test/tiny"] = {name: CONTENT[n:] for n, name in enumerate(names)}
    reference = f"hf://test/tiny/{names[0]}"
    path = hub.fetch(reference)
    path.with_name(names[1]).unlink()
    assert hub.cached(reference) is None
    assert hub.cached_models() == []
    assert hub.fetch(reference) == path
    assert path.with_name(names[1]).read_bytes() == CONTENT[1:]


def test_without_a_cache_there_are_no_models(server: Hub) -> None:
    assert hub.cached_models() == []

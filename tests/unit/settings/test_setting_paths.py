"""Where things are: the data dir, the user's home, the embedded broker's address."""

from __future__ import annotations

from pathlib import Path

import pytest

from streaming.errors import BrokerError, UsageError
from streaming.settings import address_file, embedded_address, load, load_with_origins


def test_a_folder_may_be_named_by_home() -> None:
    assert load({"prompts_dir": "~/prompts"}).prompts_dir == Path.home() / "prompts"


def test_the_embedded_brokers_address_is_found_in_the_data_dir(home: Path) -> None:
    address_file(home / "data").parent.mkdir(parents=True)
    address_file(home / "data").write_text('{"bootstrap_servers": "localhost:19092"}')
    settings, origins = load_with_origins()
    assert (settings.servers, origins["bootstrap_servers"]) == ("localhost:19092", "embedded broker")
    assert load({"data_dir": home / "other"}).bootstrap_servers is None
    settings, origins = load_with_origins({"bootstrap_servers": "kafka:9092"})
    assert (settings.servers, origins["bootstrap_servers"]) == ("kafka:9092", "flag")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "5", "null"])
def test_a_broken_address_file_is_named(home: Path, text: str) -> None:
    address_file(home).parent.mkdir()
    address_file(home).write_text(text)
    with pytest.raises(UsageError, match=r"address\.json"):
        embedded_address(home)


def test_without_any_kafka_the_user_is_told_how_to_get_one() -> None:
    with pytest.raises(BrokerError, match=r"gistream broker start.*--bootstrap-servers"):
        _ = load().servers


def test_paths_follow_the_data_dir_and_the_query() -> None:
    settings = load({"data_dir": "some/where", "query": "nightly"})
    assert settings.data_dir == Path("some/where").absolute()
    assert settings.checkpoint_location == str(settings.data_dir / "checkpoints" / "nightly")
    assert settings.group_id == "gistream-nightly"
    assert load({"checkpoint": "s3://bucket/x"}).checkpoint_location == "s3://bucket/x"


def test_the_users_home_is_understood(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("HOME", str(home))
    assert load({"data_dir": "~/gist"}).data_dir == home / "gist"


def test_a_home_in_a_files_checkpoint_is_this_users() -> None:
    assert load({"checkpoint": "~/x"}).checkpoint_location == str(Path.home() / "x")
    assert load({"checkpoint": "s3://bucket/x"}).checkpoint_location == "s3://bucket/x"

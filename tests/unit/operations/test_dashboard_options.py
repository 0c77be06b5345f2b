"""What a dashboard is given by its command: a token, the input topics, and how records are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from archives import DAY

from streaming.errors import BadInput, UsageError
from streaming.messages import Record, Source
from streaming.operations.dashboard import Options, document_reader, open_dashboard, read_token
from streaming.settings import Settings, load

TOKEN = "a-token-of-24-characters"


def record(value: bytes | None) -> Record:
    return Record(b"k", value, [], Source(topic="documents", partition=0, offset=1, timestamp=DAY))


def test_the_token_is_in_a_file_or_in_the_environment_and_the_file_counts_first(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_token(file, "x" * 20) == TOKEN
    assert read_token(None, "x" * 20) == "x" * 20
    # A container's variable that nobody filled is none.
    assert read_token(None, "") is None
    file.write_text("\n")
    with pytest.raises(UsageError, match="has 0 characters"):
        read_token(file, TOKEN)
    with pytest.raises(UsageError, match="cannot be read"):
        read_token(tmp_path / "none", None)


def test_the_variable_of_the_token_is_no_misspelt_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GISTREAM_DASHBOARD_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    assert TOKEN not in load({"data_dir": tmp_path}).model_dump_json()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_no_other_machine_reaches_a_dashboard_without_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="give it a token"), open_dashboard(Settings(), Options(host=host)):
        pass


def test_a_record_is_read_as_the_query_reads_it() -> None:
    read = document_reader(Settings(format="json", field={"text": "doc.body"}))
    document, mended = read(record(b'{"doc": {"body": "The mill burned."}}'))
    assert (document.text, mended) == ("The mill burned.", [])
    with pytest.raises(BadInput):
        read(record(b'{"text": "elsewhere"}'))
    with pytest.raises(BadInput, match="it is a deletion"):
        read(record(None))


@pytest.mark.parametrize("topic", ["summaries", "dead-letters"])
def test_a_topic_is_not_compared_with_itself(topic: str) -> None:
    settings = Settings(bootstrap_servers="kafka.example.org:9092")
    with pytest.raises(UsageError, match="name another one"), open_dashboard(settings, Options(shadow_topics=(topic,))):
        pass

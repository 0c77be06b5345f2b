"""Documents by reference in a query: their dead letters, roots that go away, what is said of their files."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest
from installation import Send, read_topic
from pyspark.sql import SparkSession
from redriving import account_for, send_back, states, summaries
from rich.console import Console
from spark_queries import MakePlan, drain

from streaming.errors import StorageAway
from streaming.messages import DocumentReference
from streaming.operations.forget.places import look
from streaming.operations.forget.report import report_json, report_lines
from streaming.settings import Settings
from streaming.terminal.progress import ProgressBar


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    return folder


def reference(root: Path, name: str, text: str, *, write: bool = True) -> bytes:
    """Return a record about a text in a file, which is written or not."""
    if write:
        (root / name).write_text(text)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return DocumentReference(uri=(root / name).as_uri(), sha256=sha256).model_dump_json().encode()


def test_a_dead_letter_of_a_missing_file_is_summarized_when_the_file_is_there(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, root: Path
) -> None:
    ready = plan(uri_roots=(str(root),), max_referenced_bytes=1000)
    texts = {f"d{n}": f"Text {n}." for n in range(5)}
    send(*[(key.encode(), reference(root, key, text, write=key != "d3")) for key, text in texts.items()])
    drain(spark, ready)
    [letter] = read_topic(settings, settings.dead_letter_topic)
    assert (letter.key, dict(letter.headers)["error.type"]) == (b"d3", b"UriNotFound")
    reference(root, "d3", texts["d3"])
    assert send_back(settings).sent == 1
    drain(spark, ready)
    found = {summary.id: summary for summary in summaries(settings)}
    assert {key: found[key].document_sha256 for key in texts} == {
        key: hashlib.sha256(text.encode()).hexdigest() for key, text in texts.items()
    }
    assert set(states(settings).values()) == {"summarized"}
    whole = account_for(settings)
    assert (whole.records, whole.summaries, whole.missing_records, whole.twice) == (5, 5, 0, 0)
    # What is forgotten has a file that is not ours.
    with ProgressBar(Console(file=io.StringIO())) as bar:
        places = look(settings, ["d3"], [], bar)
    uri = (root / "d3").as_uri()
    assert f"  file {uri}: its owner's to delete; it holds the text, and gistream has no copy" in report_lines(places)
    assert report_json(places, [], dry_run=True)["documents"][0]["files"] == [uri]


def test_a_root_that_goes_away_stops_the_query_and_costs_no_document(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, root: Path
) -> None:
    ready = plan(uri_roots=(str(root),), max_referenced_bytes=1000)
    send(*[(b"d%d" % n, reference(root, f"d{n}", f"Text {n}.")) for n in range(20)])
    root.rename(root.parent / "elsewhere")
    with pytest.raises(StorageAway, match="is no folder on this machine") as caught:
        drain(spark, ready)
    assert caught.value.transient
    assert not read_topic(settings, settings.dead_letter_topic)
    (root.parent / "elsewhere").rename(root)
    drain(spark, ready)
    assert {summary.id for summary in summaries(settings)} == {f"d{n}" for n in range(20)}
    assert not read_topic(settings, settings.dead_letter_topic)

"""Dead letters go back to their topic once, keep their position, and never replace what is newer."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from installation import Send, document, read_topic
from kafka import KafkaProducer
from pyspark.sql import SparkSession
from spark_queries import MakePlan, drain

from consumers.tail import Tail
from streaming.archive import Archive, ArchiveLocation, compact
from streaming.errors import BrokerError
from streaming.kafka.redriving import open_redriver
from streaming.kafka.topics import Admin
from streaming.messages import DeadLetter, FailedDocument, Summary
from streaming.operations.redrive import redrive as operation
from streaming.operations.redrive.places import LetterArchive, LetterPlace, LetterTopic
from streaming.operations.redrive.redrive import Outcome, redrive
from streaming.operations.redrive.survey import Selection, survey
from streaming.operations.verify.verify import Account, verify
from streaming.settings import Settings
from streaming.spark.prepare import Plan


def look(settings: Settings, place: LetterPlace | None = None) -> list[FailedDocument]:
    """Return all documents that failed, the oldest failure first."""
    return survey(settings, place or LetterTopic(settings), lambda: None).select(Selection())


def states(settings: Settings, place: LetterPlace | None = None) -> dict[str, str]:
    return {document.name: document.state for document in look(settings, place)}


def send_back(settings: Settings, place: LetterPlace | None = None) -> Outcome:
    """Redrive all that wait."""
    where = place or LetterTopic(settings)
    read = survey(settings, where, lambda: None)
    waiting = read.select(Selection(), ["waiting"])
    stop = threading.Event()
    return redrive(settings, where, read, waiting, rate=None, stop=stop, on_sent=lambda _: None)


def mended(plan: Plan) -> Plan:
    """Return the plan with an engine that summarizes also what failed."""
    work = plan.task_plan.work
    engine = replace(work.engine, mended=True)  # type: ignore[type-var]
    return replace(plan, task_plan=replace(plan.task_plan, work=replace(work, engine=engine)))


def send_in_another(settings: Settings, letter: DeadLetter) -> None:
    with open_redriver(settings, letter.source.topic) as redriver:
        assert redriver.send([letter]) == []


def summaries(settings: Settings) -> list[Summary]:
    records = read_topic(settings, settings.output_topic)
    return [Summary.model_validate_json(record.value) for record in records if record.value is not None]


def letters(settings: Settings) -> list[DeadLetter]:
    records = read_topic(settings, settings.dead_letter_topic)
    return [DeadLetter.from_record(record.key, record.value, record.headers) for record in records]


def account_for(settings: Settings, archive: ArchiveLocation | None = None) -> Account:
    return verify(settings, archive=archive, on_record=lambda: None)


def test_fifty_dead_letters_become_fifty_summaries_each_once_when_their_cause_is_gone(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    broken = plan(max_failed_share=1.0)
    header = ("traceparent", b"00-\xff")
    sent = send(
        *[(f"d{n}".encode(), document(f"Text {n} must fail."), [header]) for n in range(50)],
        *[(f"ok{n}".encode(), document(f"Text {n}.")) for n in range(10)],
    )
    drain(spark, broken)
    assert Counter(states(settings).values()) == {"waiting": 50}
    assert send_back(settings).sent == 50
    # Nothing is sent twice, also before the query has read it.
    assert Counter(states(settings).values()) == {"redriven": 50}
    assert send_back(settings).sent == 0
    drain(spark, mended(broken))
    found = summaries(settings)
    assert Counter(summary.id for summary in found) == dict.fromkeys(
        [*(f"d{n}" for n in range(50)), *(f"ok{n}" for n in range(10))], 1
    )
    # Each has the position that its document had first.
    assert {(s.source.partition, s.source.offset) for s in found if s.source} == set(sent)
    assert Counter(states(settings).values()) == {"summarized": 50}
    headers = {record.key: record.headers for record in read_topic(settings, settings.output_topic)}
    assert headers[b"d7"] == [header]
    whole = account_for(settings)
    assert (whole.records, whole.redriven, whole.summaries, whole.dead_letters) == (60, 50, 60, 50)
    assert (whole.missing_records, whole.twice) == (0, 0)


def test_a_redriven_document_that_fails_again_counts_its_attempts_and_stays_in_the_end(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan(max_attempts=3)
    # Too few to stop the query; sent back, they are more than its share.
    send(*[(f"d{n}".encode(), document("It must fail.")) for n in range(9)], (b"bad", b"{"))
    drain(spark, ready)
    send_back(ready.settings)
    drain(spark, ready)
    found = look(ready.settings)
    assert len(found) == 10
    assert {(d.error.attempts, d.failures, d.state) for d in found} == {(2, 2, "waiting")}
    assert all(d.redriven_at is not None and d.redriven_at <= d.failed_at for d in found)
    assert {letter.source.offset for letter in letters(settings)} == {d.source.offset for d in found}
    send_back(ready.settings)
    drain(spark, ready)
    assert {(d.error.attempts, d.state) for d in look(ready.settings)} == {(3, "exhausted")}
    assert send_back(ready.settings).sent == 0
    whole = account_for(settings)
    assert (whole.records, whole.redriven, whole.dead_letters, whole.missing_records, whole.twice) == (10, 20, 30, 0, 0)
    # Each failure is a result of its own for a reader.
    reader = Tail(settings, summaries=False, dead_letters=True)
    reader.seek("earliest")
    read = [message for message in reader.read(until_end=True) if isinstance(message, DeadLetter)]
    reader.close()
    assert Counter(message.error.attempts for message in read) == {1: 10, 2: 10, 3: 10}


def test_redriven_documents_that_fail_do_not_stop_the_query(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    lenient = plan(max_failed_share=1.0)
    send(*[(f"d{n}".encode(), document("It must fail.")) for n in range(12)])
    drain(spark, lenient)
    send_back(settings)
    [batch] = drain(spark, plan())
    assert batch.dead_letters == 12


def test_what_has_a_newer_version_or_was_deleted_is_never_sent_back(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan(partitions=1)
    send(
        (b"rewritten", document("It must fail.")),
        (b"deleted", document("It must fail.")),
        (b"failed-twice", document("It must fail.")),
        (b"failed-twice", document("It must fail, newer.")),
        (b"tenant", document("It must fail.", id="one")),
        (b"tenant", document("Another document.", id="two")),
        (b"produced-again", document("It must fail.")),
    )
    drain(spark, ready)
    send((b"rewritten", document("A newer text.")), (b"deleted", None))
    drain(spark, ready)
    # Not summarized yet.
    send((b"produced-again", document("A newer text.")))
    assert Counter((d.name, d.state) for d in look(settings)) == {
        ("rewritten", "superseded"): 1, ("deleted", "superseded"): 1, ("one", "waiting"): 1,
        ("failed-twice", "superseded"): 1, ("failed-twice", "waiting"): 1, ("produced-again", "superseded"): 1,
    }  # fmt: skip
    assert send_back(settings).sent == 2
    drain(spark, mended(ready))
    last = {summary.id: summary for summary in summaries(settings)}
    assert "newer" in last["failed-twice"].summary
    assert "newer" in last["rewritten"].summary


def test_a_version_that_comes_while_somebody_is_asked_is_seen_before_the_first_is_sent(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan(partitions=1)
    send((b"a", document("It must fail.")), (b"b", document("It must fail.")), (b"c", document("It must fail.")))
    drain(spark, ready)
    where = LetterTopic(settings)
    read = survey(settings, where, lambda: None)
    waiting = read.select(Selection(), ["waiting"])
    send((b"a", document("A newer text.")))
    other = survey(settings, where, lambda: None)
    stop = threading.Event()
    one = other.select(Selection(ids=("b",)), ["waiting"])
    redrive(settings, where, other, one, rate=None, stop=stop, on_sent=lambda _: None)
    outcome = redrive(settings, where, read, waiting, rate=None, stop=stop, on_sent=lambda _: None)
    assert (outcome.sent, sorted(d.name for d in outcome.changed)) == (1, ["a", "b"])


def test_a_version_that_comes_during_a_slow_redrive_is_seen(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = plan(partitions=1)
    names = (b"a", b"b", b"c")
    send(*[(name, document("It must fail.")) for name in names])
    drain(spark, ready)
    monkeypatch.setattr(operation, "_LOOK_SECONDS", 0)
    where = LetterTopic(settings)
    read = survey(settings, where, lambda: None)

    def produce(_: int) -> None:
        send(*[(name, document("A newer text.")) for name in names])

    waiting, stop = read.select(Selection(), ["waiting"]), threading.Event()
    outcome = redrive(settings, where, read, waiting, rate=1.5, stop=stop, on_sent=produce)
    assert (outcome.sent, len(outcome.changed)) == (1, 2)


def test_a_redrive_that_breaks_off_is_resumed_without_sending_anything_twice(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready = plan(max_failed_share=1.0)
    send(*[(f"d{n}".encode(), document("It must fail.")) for n in range(20)])
    drain(spark, ready)
    monkeypatch.setattr(operation, "_MOST_LETTERS", 4)
    where, commits = LetterTopic(settings), []

    def crash(number: int) -> None:
        commits.append(number)
        if len(commits) == 3:
            raise RuntimeError("Killed.")

    read = survey(settings, where, lambda: None)
    waiting = read.select(Selection(), ["waiting"])
    with pytest.raises(RuntimeError, match="Killed"):
        redrive(settings, where, read, waiting, rate=None, stop=threading.Event(), on_sent=crash)
    assert Counter(states(settings).values()) == {"redriven": 12, "waiting": 8}
    assert send_back(settings).sent == 8
    drain(spark, mended(ready))
    assert Counter(summary.id for summary in summaries(settings)) == {f"d{n}": 1 for n in range(20)}


def test_a_second_redrive_ends_the_first_and_nothing_of_its_last_transaction_is_read(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan()
    send((b"a", document("It must fail.")))
    drain(spark, ready)
    [letter] = letters(settings)
    with ExitStack() as stack:
        stack.enter_context(pytest.raises(BrokerError, match=r"Another `gistream redrive` .* has started"))
        first = stack.enter_context(open_redriver(settings, settings.input_topic))
        send_in_another(settings, letter)
        first.send([letter])
    assert states(settings) == {"a": "redriven"}
    records = [record for record in read_topic(settings, settings.input_topic) if record.key == b"a"]
    assert len(records) == 2


def test_a_stop_ends_between_two_transactions_and_counts_what_was_sent(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    # All but one are unreadable, at which a new query would stop.
    ready = plan(skip_unreadable=True)
    send(*[(f"d{n}".encode(), b"{") for n in range(5)], (b"ok", document("A text.")))
    drain(spark, ready)
    where, stop = LetterTopic(settings), threading.Event()
    read = survey(settings, where, lambda: None)
    waiting = read.select(Selection(), ["waiting"])
    outcome = redrive(settings, where, read, waiting, rate=1000, stop=stop, on_sent=lambda _: stop.set())
    assert (outcome.sent, Counter(states(settings).values())) == (5, {"redriven": 5})
    outcome = redrive(settings, where, read, waiting, rate=2, stop=stop, on_sent=lambda _: None)
    assert outcome.sent == 0


def test_a_redriven_record_without_a_result_is_missing(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings
) -> None:
    ready = plan(partitions=1)
    send((b"a", document("It must fail.")))
    drain(spark, ready)
    send_back(settings)
    drain(spark, ready)
    # As if the second dead letter had been lost.
    others = settings.model_copy(update={"dead_letter_topic": f"{settings.dead_letter_topic}-copy"})
    Admin(others).ensure()
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    first = read_topic(settings, settings.dead_letter_topic)[0]
    producer.send(others.dead_letter_topic, key=first.key, value=first.value, headers=list(first.headers))
    producer.close()
    lost = account_for(others)
    [redriven] = [record for record in read_topic(settings, settings.input_topic) if record.offset > 0]
    assert (lost.missing_records, lost.missing) == (1, [f"{settings.input_topic}-0 offset {redriven.offset}"])


def test_what_cannot_be_sent_as_it_was_says_why(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, tmp_path: Path
) -> None:
    ready = plan(partitions=1)
    send((b"ok", document("A text.")), (b"bad", b"{"), (b"bad", b"["))
    drain(spark, ready)
    whole = letters(settings)[0]
    gone = whole.source.model_copy(update={"offset": 900})
    replaced = whole.source.model_copy(update={"offset": 0, "timestamp": 5})
    changes = [{"truncated": 9}, {"key": None, "value": None}, {"source": gone}, {"source": replaced}]
    topic = settings.input_topic
    for number, (change, note) in enumerate(
        zip(
            changes,
            [
                "its value was cut from 9 bytes to fit the dead letters' topic",
                "it has neither a key nor a value",
                f"topic '{topic}' has no offset 900 in partition 0",
                f"topic '{topic}' has another record at its position, so it was created again",
            ],
            strict=True,
        )
    ):
        place = LetterArchive(ArchiveLocation(str(tmp_path / str(number))))
        Archive(place.location).write([whole.model_copy(update=change)], name="q-0")
        assert [(d.state, d.note) for d in look(settings, place)] == [("unsendable", note)]
    others = settings.model_copy(update={"input_topic": "another"})
    assert {(d.state, d.note) for d in look(others)} == {
        ("unsendable", f"topic '{topic}' is no input topic here; name it with --input-topic")
    }


def test_dead_letters_of_an_archive_are_redriven_too(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ready = plan(sink=(f"parquet={out}",))
    send((b"a", document("It must fail.")), (b"b", document("It must fail.")), (b"ok", document("A text.")))
    drain(spark, ready)
    place = LetterArchive(ArchiveLocation(str(out)))
    assert send_back(settings, place).sent == 2
    drain(spark, ready)
    assert {(d.name, d.error.attempts, d.failures, d.state) for d in look(settings, place)} == {
        ("a", 2, 2, "waiting"), ("b", 2, 2, "waiting"),
    }  # fmt: skip
    assert len(ds.dataset(out / "dead_letters").to_table()) == 4
    whole = account_for(settings, place.location)
    assert (whole.records, whole.redriven, whole.dead_letters, whole.missing_records, whole.twice) == (3, 2, 4, 0, 0)
    compact(ArchiveLocation(str(out)), lambda _: None)
    rows = ds.dataset(out / "dead_letters").to_table().to_pylist()
    assert [row["error"]["attempts"] for row in rows] == [2, 2]
    assert send_back(settings, place).sent == 2
    drain(spark, mended(ready))
    assert set(states(settings, place).values()) == {"summarized"}
    found = ds.dataset(out / "summaries").to_table().to_pylist()
    assert sorted((row["id"], row["source"]["offset"] < 3) for row in found) == [
        ("a", True), ("b", True), ("ok", True),
    ]  # fmt: skip

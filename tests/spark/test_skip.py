"""A micro-batch that ends its worker each time is given up: dead letters of all, and nothing lost or doubled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from installation import Send, document, gistream, read_topic
from pyspark.sql import SparkSession
from redriving import account_for, letters, mended, send_back, states, summaries
from spark_queries import MakePlan, drain, drain_and_archive

from streaming.archive import ArchiveLocation
from streaming.errors import CheckpointError, MachineError, ProcessLost, UsageError
from streaming.operations import skip
from streaming.operations.skip import Skip, open_skip
from streaming.operations.verify.verify import Account
from streaming.settings import Settings

HEADER = ("traceparent", b"00-\xff")


def skip_batch(settings: Settings, number: int) -> tuple[int, int, int]:
    """Skip a micro-batch, and return how many dead letters, deletions and earlier results it had."""
    with open_skip(settings, number) as planned:
        planned.carry_out()
        return numbers(planned)


def numbers(planned: Skip) -> tuple[int, int, int]:
    return planned.letters, planned.deletions, planned.already


def results(settings: Settings) -> list[Any]:
    return [r for topic in (settings.output_topic, settings.dead_letter_topic) for r in read_topic(settings, topic)]


def whole(account: Account) -> tuple[int, int, int, int, int, int]:
    return (
        *(account.records, account.summaries, account.dead_letters, account.deletions),
        *(account.missing_records, account.twice),
    )


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """End each skip before its commit, as a kill does, until it is undone."""

    def killed(*_: object) -> None:
        raise MachineError("Killed.")

    monkeypatch.setattr(skip, "commit_planned", killed)
    return monkeypatch


def test_a_query_goes_on_behind_a_skipped_batch_and_a_redrive_brings_its_documents_back(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, interrupted: pytest.MonkeyPatch
) -> None:
    ready = plan(0.5, partitions=1, batch_documents=6)
    send(*[(f"a{n}".encode(), document(f"Text {n}.")) for n in range(6)])
    drain(spark, ready)
    value = document("This must end the process.")
    send(
        *[(f"b{n}".encode(), document(f"Text {n}.")) for n in range(2)],
        (b"bad", b"\xff\x00", [HEADER]),
        (b"killer", value, [HEADER]),
        (b"a1", None),
        (b"b2", document("Text 2.")),
        *[(f"c{n}".encode(), document(f"Text {n}.")) for n in range(3)],
    )
    with pytest.raises(ProcessLost):
        drain(spark, ready)
    # What left before the process ended, some of it at both of Spark's tries.
    left = {r.key for r in results(settings) if r.value is None or not r.key.startswith(b"a")}
    assert left
    assert b"killer" not in left
    # One behind it may be quicker.
    summarized = len(left & {b"b0", b"b1", b"b2"})
    repeats = len(results(settings)) - 6 - len(left)
    with pytest.raises(UsageError, match=f"has begun is 1, not 2; it has {settings.input_topic}-0 offsets 6 to 11"):
        skip_batch(settings, 2)
    with pytest.raises(UsageError, match="name other outputs"):
        skip_batch(settings.model_copy(update={"output_topic": "others"}), 1)
    with open_skip(settings, 1) as planned:
        assert numbers(planned) == (5 - len(left - {b"a1"}), 1 - (b"a1" in left), len(left))
    with pytest.raises(MachineError):
        skip_batch(settings, 1)
    interrupted.undo()
    # All had their results before it was killed.
    assert skip_batch(settings, 1) == (0, 0, 6)
    with pytest.raises(CheckpointError, match="There is nothing to skip"):
        skip_batch(settings, 1)
    assert len(results(settings)) == 12 + repeats
    by_key = {letter.key: letter for letter in letters(settings)}
    assert set(by_key) == {b"b0", b"b1", b"bad", b"killer", b"b2"} - (left - {b"bad"})
    killer = by_key[b"killer"]
    assert (killer.value, killer.headers) == (value, [HEADER])
    assert (killer.error.reason, killer.error.attempts) == ("summarize/ProcessLost", 1)
    # An engine without a fault, so that a redrive has a reason.
    healthy = mended(ready)
    assert [batch.number for batch in drain(spark, healthy)] == [2]
    assert whole(account_for(settings)) == (15, 9 + summarized, 5 - summarized, 1, 0, repeats)
    assert states(settings)["killer"] == "waiting"
    send_back(settings)
    drain(spark, healthy)
    assert {summary.id for summary in summaries(settings)} >= {"killer", "b0", "b1", "b2"}
    account = account_for(settings)
    assert (account.missing_records, account.twice) == (0, repeats)


def test_a_skip_that_is_killed_leaves_each_result_once_in_an_archive(
    spark: SparkSession, plan: MakePlan, send: Send, tmp_path: Path, interrupted: pytest.MonkeyPatch
) -> None:
    ready = plan(sink=(f"parquet={tmp_path / 'out'}",), partitions=1)
    archive = ArchiveLocation(str(tmp_path / "out"))
    send(
        *[(f"d{n}".encode(), document(f"Text {n}.")) for n in range(4)],
        (b"killer", document("This must end the process.")),
        (b"d1", None),
    )
    with pytest.raises(ProcessLost):
        drain(spark, ready)
    with pytest.raises(MachineError):
        skip_batch(ready.settings, 0)
    interrupted.undo()
    assert skip_batch(ready.settings, 0) == (5, 1, 0)
    assert whole(account_for(ready.settings, archive)) == (6, 0, 5, 1, 0, 0)
    assert len(list((tmp_path / "out").rglob("*.parquet"))) == 2
    send((b"after", document("After.")))
    drain(spark, ready)
    assert whole(account_for(ready.settings, archive)) == (7, 1, 5, 1, 0, 0)


def test_with_both_sinks_the_dead_letters_of_a_skip_reach_the_archive(
    spark: SparkSession, plan: MakePlan, send: Send, settings: Settings, tmp_path: Path
) -> None:
    ready = plan(sink=("kafka", f"parquet={tmp_path / 'out'}"), partitions=1)
    send((b"killer", document("This must end the process.")), (b"d1", document("Text 1.")))
    with pytest.raises(ProcessLost):
        drain_and_archive(spark, ready)
    names = ("input_topic", "output_topic", "dead_letter_topic", "query")
    flags = [part for name in names for part in (f"--{name.replace('_', '-')}", getattr(settings, name))]
    flags += ["--sink", "kafka", "--sink", f"parquet={tmp_path / 'out'}"]

    def skip_in_a_shell(*more: str) -> tuple[int, str]:
        done = gistream("skip", "0", *flags, *more, data_dir=settings.data_dir)
        return done.returncode, done.stdout + done.stderr

    code, printed = skip_in_a_shell("--dry-run")
    assert code == 0
    assert f"micro-batch 0 of query '{settings.query}': {settings.input_topic}-0 offsets 0 to 1" in printed
    assert "2 dead letters, 0 deletions" in printed
    assert not read_topic(settings, settings.dead_letter_topic)
    assert skip_in_a_shell("--yes") == (0, printed + "skipped micro-batch 0; `gistream run` goes on behind it\n")
    drain_and_archive(spark, ready)
    assert whole(account_for(ready.settings)) == (2, 0, 2, 0, 0, 0)
    assert whole(account_for(ready.settings, ArchiveLocation(str(tmp_path / "out")))) == (2, 0, 2, 0, 0, 0)
    assert len(read_topic(ready.settings, ready.settings.dead_letter_topic)) == 2

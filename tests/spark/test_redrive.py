"""Dead letters go back to their topic once, and keep their position."""

from __future__ import annotations

from collections import Counter

from installation import Send, document, read_topic
from kafka import KafkaProducer
from pyspark.sql import SparkSession
from redriving import account_for, letters, look, mended, send_back, states, summaries
from spark_queries import MakePlan, drain

from consumers.tail import Tail
from streaming.kafka.topics import Admin
from streaming.messages import DeadLetter
from streaming.settings import Settings


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

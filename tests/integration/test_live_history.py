"""What was on a topic before a live view began: the newest rows of all partitions by time, and an exact hour."""

from __future__ import annotations

import time

from kafka import KafkaProducer, TopicPartition
from result_topics import summary_of

from consumers.live.clients import connect_consumer
from consumers.live.feed import Feed
from consumers.live.filters import Filters
from consumers.live.history import History
from consumers.live.hour import LastHour
from consumers.live.intake import Intake
from consumers.live.results import read_row
from streaming.kafka.topics import Admin
from streaming.messages import Source
from streaming.settings import Settings

SUMMARIES, KEPT, APART = 4000, 500, 1.2


def test_the_newest_rows_come_first_and_the_hour_is_counted_exactly(settings: Settings) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    now = time.time()
    producer = KafkaProducer(
        bootstrap_servers=settings.servers, transactional_id=settings.query, linger_ms=20, batch_size=1 << 17
    )
    producer.init_transactions()
    # Eighty minutes of summaries, nine of ten in one partition; the transactions before them were aborted.
    for start in range(-1000, SUMMARIES, 500):
        producer.begin_transaction()
        for number in range(max(0, start), max(0, start) + 500):
            at = int((now - (SUMMARIES - number) * APART) * 1000)
            made = summary_of(Source(topic="d", partition=0, offset=number, timestamp=at), "It burned.")
            producer.send(settings.output_topic, value=made.to_json(), partition=int(number % 10 == 0), timestamp_ms=at)
        if start < 0:
            producer.abort_transaction()
        else:
            producer.commit_transaction()
    producer.close()

    feed, hour, blocks = Feed(KEPT), LastHour(), []
    intake = Intake(read_row, feed, lambda results: hour.count(results, now))
    consumer = connect_consumer(settings)
    partitions = [TopicPartition(settings.output_topic, number) for number in range(2)]
    history = History(consumer, consumer.end_offsets(partitions), intake, now)
    for _ in history.read_rows(lambda: False):
        blocks.append(len(feed))
    rows = feed.page(Filters(), limit=KEPT).rows
    assert [row.source[2] for row in rows if row.source] == list(range(SUMMARIES - 1, SUMMARIES - 1 - KEPT, -1))
    assert blocks == [KEPT], "the newest block has all rows"
    left, total = history.loading
    assert 0 < left < total
    for _ in history.count_hour(lambda: False):
        pass
    consumer.close()
    assert history.loading == (0, total)
    numbers = hour.numbers(now)
    in_hour = sum((now - (SUMMARIES - n) * APART) >= numbers.hour.start for n in range(SUMMARIES))
    assert abs(sum(numbers.hour.documents) - in_hour) <= 1, "the time of a record has milliseconds"

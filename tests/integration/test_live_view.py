"""The live view against a real broker: what arrives is there at once, and it survives whatever the topics do."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from installation import command, command_environment, gistream
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata
from result_topics import ResultTopics, result_topics

from consumers.live.filters import Filters
from consumers.live.view import LiveView
from streaming.errors import TopicError
from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.messages import Heartbeat, Source
from streaming.settings import Settings, load

ALL = Filters()


def until(view: LiveView, condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until the view has what a test wants; fails after some seconds."""
    deadline, seen = time.monotonic() + seconds, 0
    while not condition():
        assert time.monotonic() < deadline, view.overview()
        seen = view.wait_changed(seen, 1)


def openings(view: LiveView, filters: Filters = ALL) -> list[str]:
    return [row.opening or row.kind for row in view.feed.page(filters).rows]


def loaded(view: LiveView) -> bool:
    return view.overview().loading is None


def create(settings: Settings) -> None:
    with Admin(settings) as admin:
        admin.ensure()


def commit(settings: Settings, offsets: dict[int, int], note: str = "") -> None:
    """Commit the offsets of the query's group, as the query does after a micro-batch."""
    consumer = KafkaConsumer(bootstrap_servers=settings.servers, group_id=settings.group_id, enable_auto_commit=False)
    consumer.commit(
        {
            TopicPartition(settings.input_topic, partition): OffsetAndMetadata(offset, note, -1)
            for partition, offset in offsets.items()
        }
    )
    consumer.close()


@pytest.fixture
def topics(settings: Settings) -> Iterator[ResultTopics]:
    create(settings)
    with result_topics(settings) as own:
        yield own


def test_rows_arrive_newest_first_and_a_deletion_drops_the_words(settings: Settings, topics: ResultTopics) -> None:
    first, second = topics.document("The first.", 0), topics.document("The second.", 1)
    made = topics.summary(second, "The mill burned.", metadata={"team": "x"}, title="The mill")
    topics.summary(first, "The river rose.")
    topics.foreign(b'{"not": "ours"}')
    with LiveView(settings) as view:
        until(view, lambda: loaded(view) and view.overview().waiting == 0)
        assert openings(view) == ["The river rose.", "The mill burned."]
        [row] = view.feed.page(Filters(text="mill", metadata=(("team", "x"),))).rows
        assert view.read_summary(row.topic, row.partition, row.offset) == made
        assert row.source is not None
        assert view.read_document(row.source).value == b"The second."
        with pytest.raises(TopicError, match="is no summary"):
            view.read_summary(settings.output_topic, 0, 1)
        with pytest.raises(TopicError, match="is gone"):
            view.read_summary(settings.output_topic, 0, 99)

        cursor = view.feed.page(ALL).cursor
        sent = time.monotonic()
        topics.summary(topics.document("The third.", 0), "The sea was calm.")
        until(view, lambda: len(view.feed) == 3)
        assert time.monotonic() - sent < 1
        topics.deletion(made.id, topics.document("", 1))
        topics.letter(topics.document("\xff", 0), key=b"bad")
        until(view, lambda: len(view.feed) == 4 and len(view.letters) == 1)
        assert [(row.id == made.id, row.deleted) for row in view.feed.since(cursor, ALL).rows] == [
            (True, True), (False, False), (True, False),
        ]  # fmt: skip
        assert openings(view) == ["deletion", "The sea was calm.", "The river rose.", "summary"]
        assert openings(view, Filters(text="mill")) == []

        overview = view.overview()
        assert (overview.connected, overview.missing, overview.foreign) == (True, [], 1)
        assert (overview.statuses, overview.reasons) == ({"ok": 3}, {"decode/NotUtf8": 1})
        assert (sum(overview.hour.documents), sum(overview.hour.dead_letters), overview.kept) == (3, 1, 4)
        [letter] = view.letters.page().rows
        assert (letter.key, letter.source) == ("bad", (settings.input_topic, 0, 2))
        assert view.read_letter(letter.topic, letter.partition, letter.offset).value == b"\xff"


def test_the_backlog_is_what_has_no_result_whether_it_is_committed_or_not(
    settings: Settings, topics: ResultTopics
) -> None:
    sources = [topics.document(f"{n}", n % 2) for n in range(10)]
    now = time.time()
    beat = Heartbeat(
        checkpoint="c", doing="working", sent_at=now, started_at=now, progress_at=now, stuck_after=60, done=1, total=4
    )
    with LiveView(settings) as view:
        until(view, lambda: view.overview().waiting == 10)
        assert view.overview().query.sentence == "no query has reported"
        commit(settings, {0: 2, 1: 1}, beat.to_text())
        topics.summary(sources[4])
        topics.summary(sources[6])
        topics.letter(sources[7])
        until(view, lambda: view.overview().waiting == 4)
        overview = view.overview()
        assert [(one.partition, one.end, one.waiting) for one in overview.backlog] == [(0, 5, 1), (1, 5, 3)]
        assert overview.hour.backlog[-1] is not None
        assert (overview.query.state, overview.query.done, overview.query.total) == ("healthy", 1, 4)
        assert overview.eta is not None


def test_top_prints_a_line_or_shows_a_screen_that_q_ends(settings: Settings, topics: ResultTopics) -> None:
    topics.summary(topics.document("A text."), "The mill burned.", title="The mill")
    flags = [
        "--input-topic", settings.input_topic, "--output-topic", settings.output_topic, "--dead-letter-topic",
        settings.dead_letter_topic, "--query", settings.query,
    ]  # fmt: skip
    done = gistream("top", "--once", *flags, data_dir=settings.data_dir)
    assert done.returncode == 0, done.stderr
    assert "no document is waiting; last hour: 1 summary: 1 ok, 0 dead letters" in done.stdout
    main, terminal = os.openpty()
    environment = command_environment(settings.data_dir, TERM="xterm", LINES="24", COLUMNS="80")
    process = subprocess.Popen(command("top", *flags), stdin=terminal, stdout=terminal, env=environment)
    os.close(terminal)
    shown = b""
    while b"The mill" not in shown:
        shown += os.read(main, 4096)
    os.write(main, b"q")
    try:
        while os.read(main, 4096):
            pass
    except OSError:
        # Linux says so when the last process has closed a terminal.
        assert process.wait(timeout=20) == 0
    finally:
        os.close(main)


def test_three_hundred_results_a_second_are_counted_exactly_and_seen_at_once(
    settings: Settings, topics: ResultTopics
) -> None:
    lags: list[float] = []

    def follow(view: LiveView, stopped: threading.Event) -> None:
        cursor, seen = view.feed.page(ALL).cursor, 0
        while not stopped.is_set():
            seen = view.wait_changed(seen, 0.2)
            changes = view.feed.since(cursor, ALL)
            lags.extend(time.time() - row.arrived / 1000 for row in changes.rows)
            cursor = changes.cursor

    with LiveView(settings) as view:
        until(view, lambda: loaded(view))
        stopped = threading.Event()
        follower = threading.Thread(target=follow, args=(view, stopped))
        follower.start()
        sent = topics.many(900, a_second=300)
        until(view, lambda: len(view.feed) == 900)
        stopped.set()
        follower.join()
        overview = view.overview()
    assert (overview.statuses, overview.documents_per_minute) == ({"ok": 900}, 900)
    assert sum(overview.hour.tokens) == 900 * 15
    assert {row.id for row in view.feed.page(ALL, limit=1000).rows} == {one.id for one in sent}
    assert len(lags) == 900
    assert sorted(lags)[810] < 1, "nine of ten rows reach a follower within a second"


def test_partitions_and_topics_that_come_and_go_are_followed(settings: Settings) -> None:
    with LiveView(settings, shadows=["shadow-of-" + settings.output_topic]) as view:
        until(view, lambda: view.overview().connected)
        assert set(view.overview().missing) == {
            settings.output_topic,
            settings.dead_letter_topic,
            settings.input_topic,
            "shadow-of-" + settings.output_topic,
        }
        create(settings)
        with result_topics(settings) as own:
            own.summary(Source(topic="elsewhere", partition=0, offset=1, timestamp=0), "The first topic.")
            until(view, lambda: openings(view) == ["The first topic."])
            admin = KafkaAdminClient(bootstrap_servers=settings.servers)
            admin.create_partitions({settings.output_topic: 3})
            until(view, lambda: (settings.output_topic, 2) in view._watch.look.bounds)
        with result_topics(settings) as own:
            own.summary(Source(topic="elsewhere", partition=2, offset=7, timestamp=0), "The added partition.")
            until(view, lambda: openings(view) == ["The added partition.", "The first topic."])
            admin.delete_topics([settings.output_topic])
            until(view, lambda: settings.output_topic in view.overview().missing)
            create(settings)
            until(view, lambda: not view.overview().missing[1:])
        with result_topics(settings) as own:
            own.summary(Source(topic="elsewhere", partition=0, offset=1, timestamp=0), "The second topic.")
            until(view, lambda: openings(view) == ["The second topic."])
        admin.close()


def test_a_broker_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    broker = EmbeddedBroker(load({"data_dir": tmp_path}))
    broker.start()
    settings = load({"data_dir": tmp_path, "partitions": 2})
    create(settings)
    try:
        with result_topics(settings) as own:
            own.summary(own.document(), "Before.")
        with LiveView(settings) as view:
            until(view, lambda: loaded(view) and len(view.feed) == 1)
            began = time.time()
            broker.stop()
            until(view, lambda: not view.overview().connected, seconds=10)
            away = view.overview()
            assert away.away_since is not None
            assert began < away.away_since < began + 10
            assert openings(view) == ["Before."]
            broker.start()
            until(view, lambda: view.overview().connected, seconds=10)
            with result_topics(settings) as own:
                own.summary(own.document(), "After.")
            until(view, lambda: openings(view) == ["After.", "Before."], seconds=10)
            broker.stop()
    finally:
        broker.stop()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("live-")]

"""A load on a real broker: what is reported is there, a slow broker shows, and nobody else's topic gets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from installation import command, command_environment, gistream, read_topic

from producers.load.arrivals import schedule
from producers.load.documents import LoadDocuments, Mix
from producers.load.report import LoadReport
from producers.load.run import Load, run_load
from producers.load.sizes import Sizes
from streaming.kafka.broker import EmbeddedBroker
from streaming.settings import Settings

MIX = Mix(Sizes.parse("uniform:8,60"), duplicates=0.1, bad=0.2, keys=None, seed=3)


def send_load(settings: Settings, load: Load) -> LoadReport:
    report = LoadReport(load.rate)
    run_load(settings, load, report, stop=threading.Event(), on_look=lambda: None, on_behind=lambda _seconds: None)
    return report


def test_the_topic_has_the_documents_of_the_seed_stamped_with_their_scheduled_times(topics: Settings) -> None:
    began = time.time()
    report = send_load(topics, Load(60, 2.0, "poisson", MIX))
    arrivals = list(schedule("poisson", 60, 2.0, MIX.seed))
    records = sorted(read_topic(topics, topics.input_topic), key=lambda record: record.timestamp)
    assert len(records) == report.acknowledged == report.sent.total() == len(arrivals)
    load = LoadDocuments(MIX, topics.max_document_bytes)
    expected = [load.document(number) for number in range(len(arrivals))]
    assert Counter((d.key.encode(), d.value) for d in expected) == Counter((r.key, r.value) for r in records)
    assert Counter(dict(r.headers)["gistream-load"].decode() for r in records) == report.sent
    start = records[0].timestamp / 1000 - arrivals[0]
    assert 0 <= start - began < 2
    # In whole milliseconds.
    assert [r.timestamp / 1000 - start for r in records] == pytest.approx(arrivals, abs=0.002)
    assert 0 < (report.latencies.quantile(0.5) or 0) < 0.5


def test_a_broker_that_stands_still_shows_as_latency_and_the_schedule_goes_on(topics: Settings) -> None:
    pid = EmbeddedBroker(topics).status().pid
    assert pid is not None
    broker = psutil.Process(pid)
    broker_stops = threading.Timer(0.5, broker.suspend)
    broker_goes_on = threading.Timer(2.0, broker.resume)
    broker_stops.start()
    broker_goes_on.start()
    report = send_load(topics, Load(40, 2.5, "even", MIX))
    assert report.acknowledged == report.sent.total() == 100
    # A closed loop would have sent nothing in these 1.5 s, and seen one slow document.
    assert report.most_behind < 0.5
    assert report.latencies.longest > 1.2
    assert (report.latencies.quantile(0.6) or 0) > 0.2


def test_a_load_is_refused_by_a_topic_with_documents_of_others(topics: Settings, tmp_path: Path) -> None:
    flags = ("produce", "load", "--input-topic", topics.input_topic, "--rate", "50", "--duration", "0.5s", "--json")
    own = [gistream(*flags, data_dir=topics.data_dir) for _ in range(2)]
    assert [done.returncode for done in own] == [0, 0]
    sent = [json.loads(done.stdout)["sent"] for done in own]
    (tmp_path / "letter.txt").write_text("A letter of somebody else.")
    gistream("produce", "files", str(tmp_path), "--input-topic", topics.input_topic, data_dir=topics.data_dir)
    refused = gistream(*flags, data_dir=topics.data_dir)
    assert refused.returncode == 2
    assert "has documents of others" in refused.stderr
    assert len(read_topic(topics, topics.input_topic)) == sum(sent) + 1
    assert gistream(*flags, "--into-existing", data_dir=topics.data_dir).returncode == 0


def test_ctrl_c_ends_a_load_with_its_report(topics: Settings) -> None:
    arguments = command("produce", "load", "--input-topic", topics.input_topic, "--rate", "20", "--json")
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, env=command_environment(topics.data_dir), start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while len(read_topic(topics, topics.input_topic)) < 5:
            assert time.monotonic() < deadline
        os.kill(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    report = json.loads(printed)
    assert process.returncode == 0
    assert report["interrupted"]
    assert report["acknowledged"] == report["sent"] == len(read_topic(topics, topics.input_topic))


def test_a_rate_that_one_process_cannot_send_is_said_with_the_lag(topics: Settings) -> None:
    flags = ("--rate", "200000", "--duration", "0.2s", "--arrivals", "even", "--sizes", "fixed:8")
    done = gistream("produce", "load", "--input-topic", topics.input_topic, *flags, data_dir=topics.data_dir)
    assert done.returncode == 0
    assert "behind the schedule by" in done.stderr
    assert "one process sends no faster here" in done.stderr or "Kafka took no more" in done.stderr

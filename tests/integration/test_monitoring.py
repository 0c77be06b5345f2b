"""What a run tells machines is what happened: with the real broker, Spark, and an engine of realistic timing."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from installation import Send, command_environment, document, events, names, read_topic
from pages import ROOT
from prometheus_client.parser import text_string_to_metric_families
from steady_engine import HAS_NO_END

from streaming.kafka.topics import Admin
from streaming.messages import Summary
from streaming.settings import Settings

STEADY = Path(__file__).parents[1] / "support" / "steady_gistream.py"
STORY = "The quicksilver mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening it was gone."
PAGE = (ROOT / "docs" / "monitoring.md").read_text()


@contextmanager
def run(settings: Settings, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the command of the page, on a free port; a query is stuck after four seconds here."""
    [shown] = re.findall(r"^\$ gistream (run .*--metrics-port) 9464$", PAGE, flags=re.MULTILINE)
    flags = ["--stuck-after", "4", "--grace", "0", "--master", "local[2]", "--representation", "given"]
    environment = command_environment(settings.data_dir, GISTREAM_DOCUMENT_DEADLINE="120", GISTREAM_STORE="off")
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, str(STEADY), "0.1", *shown.split(), "0", *names(settings), *flags],
            env=environment, stdout=subprocess.DEVNULL, stderr=file,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


def wait_for(holds: Callable[[], Any], process: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> Any:
    """Return the first true value of `holds`."""
    end = time.monotonic() + seconds
    while not (value := holds()):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.1)
    return value


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=15) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Scrape:
    """One answer of /metrics: the sum of the samples of a name whose labels are as asked."""

    def __init__(self, url: str) -> None:
        self.text = get(url)[1]
        self._samples = [s for family in text_string_to_metric_families(self.text) for s in family.samples]

    def __call__(self, name: str, **labels: str) -> float:
        found = [s.value for s in self._samples if s.name == f"gistream_{name}" and labels.items() <= s.labels.items()]
        assert found, f"{name} {labels}"
        return sum(found)

    def results(self) -> float:
        return self("documents_total") + self("dead_letters_total") + self("deletions_total")


def address(log: Path) -> str | None:
    return next((event["url"] for event in events(log.read_text()) if event["event"] == "metrics"), None)


def test_a_scrape_says_what_was_sent_and_a_stuck_query_is_told_from_an_idle_one(
    settings: Settings, send: Send, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with Admin(settings) as admin:
        admin.ensure()
    good = [(b"d%d" % n, document(f"{STORY} It was number {n}.", title="Quicksilver")) for n in range(12)]
    send(*good, (b"bad", b"{"), (b"worse", b'{"text": ""}'), (b"worst", b"{"), (b"d1", None))
    with run(settings, log) as process:
        url = wait_for(lambda: address(log), process, log)
        root = url.removesuffix("/metrics")
        assert url.startswith("http://127.0.0.1:")
        # While Spark starts, the run is alive and not ready.
        assert (get(f"{root}/healthz")[0], get(f"{root}/readyz")[0]) == (200, 503)
        wait_for(lambda: Scrape(url).results() == 16, process, log)
        wait_for(lambda: "idle" in get(f"{root}/readyz")[1], process, log)

        scrape = Scrape(url)
        summaries = [
            Summary.model_validate_json(r.value) for r in read_topic(settings, settings.output_topic) if r.value
        ]
        for status in ("ok", "repaired", "extractive_fallback"):
            assert scrape("documents_total", status=status) == sum(s.status == status for s in summaries)
        assert scrape("documents_total") == scrape("document_seconds_count") == 12
        assert scrape("document_seconds_sum") == pytest.approx(sum(s.seconds for s in summaries))
        assert scrape("dead_letters_total", stage="decode", type="InvalidJson") == 2
        assert scrape("dead_letters_total", stage="decode", type="EmptyText") == 1
        assert scrape("deletions_total") == 1
        assert scrape("tokens_total", kind="completion") == sum(s.tokens.completion for s in summaries) > 0
        assert scrape("lag_offsets", topic=settings.input_topic) == 0
        assert scrape("engine_slots", engine="0") == 8
        assert scrape("engine_loads_total") == 1
        assert scrape("info", query=settings.query) == 1
        assert scrape("query_activity", activity="idle") == 1
        assert "uicksilver" not in scrape.text
        if shutil.which("promtool"):
            subprocess.run(["promtool", "check", "metrics"], input=scrape.text, text=True, check=True)
        commands = re.findall(r"^\$ (curl .*)$", PAGE, flags=re.MULTILINE)
        assert len(commands) == 3
        for command in commands if shutil.which("curl") else ():
            here = command.replace("http://127.0.0.1:9464", root)
            assert subprocess.run(["bash", "-c", here], capture_output=True, check=True).stdout

        # Idle for longer than `stuck_after` is no reason for an alarm; a document that does not end is one.
        idle_since = time.time()
        wait_for(lambda: Scrape(url)("last_progress_timestamp_seconds") > idle_since + 5, process, log)
        assert get(f"{root}/healthz") == (200, "idle: every record has its result\n")
        send((b"slow", document(f"{STORY} {HAS_NO_END}")))
        sentence = wait_for(lambda: get(f"{root}/healthz")[0] == 503 and get(f"{root}/healthz")[1], process, log, 40)
        assert sentence.startswith("no progress for ")
        assert get(f"{root}/readyz")[0] == 503
        stuck = Scrape(url)
        assert (stuck("query_state", state="stuck"), stuck("query_state", state="healthy")) == (1, 0)
        assert stuck("lag_offsets") == 1
        assert stuck("engine_busy_slots") == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 9
    with pytest.raises(urllib.error.URLError):
        get(url)

    lines = events(log.read_text())
    assert {"timestamp", "level", "event", "message"} <= set.intersection(*(set(line) for line in lines))
    assert [line["event"] for line in lines][:2] == ["metrics", "plan"]
    batches = [line for line in lines if line["event"] == "batch"]
    assert sum(line["ok"] + line["repaired"] + line["extractive_fallback"] for line in batches) == 12
    assert sum(line["dead_letters"] for line in batches) == 3
    assert lines[-1]["event"] == "failed"
    assert lines[-1]["exit_code"] == 9
    assert "uicksilver" not in log.read_text()


def test_a_port_that_is_taken_ends_the_run_before_spark_starts(settings: Settings, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [str(Path(sys.executable).with_name("gistream")), "run", "--metrics-port", str(port)],
            env=command_environment(tmp_path), capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 7
    [failed] = events(done.stderr)
    assert f"port {port} of 127.0.0.1: Address already in use" in failed["message"]
    assert not (tmp_path / "spark").exists()

"""`gistream dashboard` on the real broker: what is on the topics is on the page, and can be sent back."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from archives import summary as archived
from dead_letters import fail
from installation import Send, command, command_environment, document, gistream, read_topic
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic
from pages import ROOT

from streaming.archive import Archive, ArchiveLocation
from streaming.kafka.topics import Admin
from streaming.messages import ModelInfo, PromptInfo, Signals, Source, Summary, SummarySentence, Tokens
from streaming.settings import Settings

STORY = "👩🏽‍🚒 The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."
SENTENCE = "Anna saw the smoke first and rang the bell."
SCRIPT = b'{"text": "<script>document.title = 1</script>'
TOKEN = "a-token-of-24-characters"


class Browser:
    """Asks a dashboard as its page does."""

    def __init__(self, address: str) -> None:
        self.host = address.removeprefix("http://").rstrip("/")
        self.cookie = ""

    def ask(self, path: str, body: str | None = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self.host, timeout=30)
        if body is not None:
            headers = {"Origin": f"http://{self.host}", **headers}
        connection.request("GET" if body is None else "POST", path, body, {"Cookie": self.cookie, **headers})
        return connection.getresponse()

    def json(self, path: str, **parameters: Any) -> dict[str, Any]:
        answer = self.ask(f"{path}?{urlencode(parameters)}")
        text = answer.read()
        assert answer.status == 200, text
        fields: dict[str, Any] = json.loads(text)
        return fields

    def redrive(self, *places: list[Any]) -> dict[str, Any]:
        headers = {"X-Gistream": "1", "Content-Type": "application/json"}
        fields: dict[str, Any] = json.loads(self.ask("/api/redrive", json.dumps({"places": places}), **headers).read())
        return fields


@contextmanager
def opened(
    settings: Settings, data_dir: Path, *arguments: str, end: int = signal.SIGINT, folder: Path | None = None
) -> Iterator[Browser]:
    """Start a dashboard on any port; it must end at once, with tail's exit code, and say nothing else."""
    names = ("input_topic", "output_topic", "dead_letter_topic", "query")
    environment = command_environment(
        data_dir, **{f"GISTREAM_{name.upper()}": getattr(settings, name) for name in names}
    )
    with subprocess.Popen(
        command("dashboard", "--port", "0", *arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, cwd=folder,
    ) as running:  # fmt: skip
        try:
            assert running.stdout is not None
            line = running.stdout.readline()
            assert line.startswith("The dashboard is open at http://127.0.0.1:"), running.communicate(timeout=10)
            browser = Browser(line.split()[5])
            follower = browser.ask("/api/events")
            yield browser
            began = time.monotonic()
            running.send_signal(end)
            _, errors = running.communicate(timeout=20)
            assert (running.returncode, errors) == (130, "")
            assert time.monotonic() - began < 5
            follower.close()
        except BaseException:
            # What it printed says why.
            ended = running.poll()
            running.kill()
            sys.stderr.write(f"exit code {ended}: {running.communicate()[1]}")
            raise


def until(ask: Callable[[], Any]) -> Any:
    """Ask again until there is an answer that is not empty; the test's own limit ends it."""
    while not (answer := ask()):
        time.sleep(0.05)
    return answer


@pytest.fixture
def summarize(settings: Settings, send: Send) -> Callable[[str], Summary]:
    """Send a document, and the summary that a query would write of it."""
    with Admin(settings) as admin:
        admin.ensure()

    def both(name: str) -> Summary:
        [(partition, offset)] = send((name.encode(), document(STORY, id=name, title="The Mill")))
        record = next(one for one in read_topic(settings, settings.input_topic) if one.key == name.encode())
        source = Source(topic=settings.input_topic, partition=partition, offset=offset, timestamp=record.timestamp)
        start = STORY.index(SENTENCE)
        sentence = SummarySentence(
            start=0, end=len(SENTENCE), origin="text", support=1.0, stands=True,
            evidence=[[start, start + len(SENTENCE)]],
        )  # fmt: skip
        summary = Summary(
            id=name, title="The Mill", summary=SENTENCE, status="extractive_fallback", sentences=[sentence],
            model=ModelInfo(name="m", sha256="ab", representation="Q4_1"), prompt=PromptInfo(name="default", sha256=""),
            recipe="r1", strategy="stuff", chunks=1, tokens=Tokens(prompt=90, completion=12), seconds=0.4,
            signals=Signals(supported=1.0), document_sha256=hashlib.sha256(STORY.encode()).hexdigest(), source=source,
            produced_at=time.time(),
        )  # fmt: skip
        producer = KafkaProducer(bootstrap_servers=settings.servers)
        producer.send(settings.output_topic, key=name.encode(), value=summary.to_json()).get(timeout=30)
        producer.close()
        return summary

    return both


def test_what_is_on_the_topics_is_on_the_page_and_new_summaries_come_within_a_second(
    settings: Settings, data_dir: Path, summarize: Callable[[str], Summary]
) -> None:
    summarize("mill-1")
    with opened(settings, data_dir) as browser:
        page = until(lambda: (found := browser.json("/api/feed"))["rows"] and found)
        [row] = page["rows"]
        place = {name: row[name] for name in ("topic", "partition", "offset")}
        shown = browser.json("/api/summary", **place)
        assert shown["document_problem"] is None
        segments = shown["document"]["segments"]
        assert "".join(segment["text"] for segment in segments) == STORY
        assert [segments[piece]["text"] for piece in shown["sentences"][0]["evidence"]] == [SENTENCE]
        assert shown["sentences"][0]["text"] == SENTENCE
        answer = browser.ask("/")
        assert (answer.status, b"<title>gistream" in answer.read()) == (200, True)
        # Once the view has read all of the hour, it only follows.
        until(lambda: browser.json("/api/overview")["loading"] is None)
        stream = browser.ask(f"/api/events?{urlencode({'view': 'feed', 'since': browser.json('/api/feed')['cursor']})}")
        summarize("mill-2")
        line = b""
        while b'"id":"mill-2"' not in line:
            line = stream.readline()
        [row] = json.loads(line.removeprefix(b"data: "))["rows"]
        assert time.time() * 1000 - row["arrived"] < 1000
        stream.close()


def test_a_dead_letter_with_a_script_is_text_and_is_sent_back_once(settings: Settings, data_dir: Path) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    fail(settings, (b"script", SCRIPT), (b"other", document(STORY)))
    with opened(settings, data_dir, end=signal.SIGTERM) as browser:
        rows = until(lambda: len(found := browser.json("/api/letters")["rows"]) == 2 and found)
        row = next(row for row in rows if row["key"] == "script")
        place = [row["topic"], row["partition"], row["offset"]]
        letter = browser.json("/api/letter", **dict(zip(("topic", "partition", "offset"), place, strict=True)))
        assert letter["payload"] == SCRIPT.decode()
        assert browser.redrive(place) == {"sent": 1, "left": []}
        [sent] = [r for r in read_topic(settings, settings.input_topic) if "gistream.redriven" in dict(r.headers)]
        assert (sent.key, sent.value) == (b"script", SCRIPT)
        again = browser.redrive(place)
        assert (again["sent"], again["left"][0]["place"]) == (0, place)
        assert "sent back already" in again["left"][0]["why"]
        nobody = [settings.dead_letter_topic, 0, 999]
        assert browser.redrive(nobody)["left"][0]["place"] == nobody


def test_from_outside_it_needs_a_token_from_a_file(settings: Settings, data_dir: Path, tmp_path: Path) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    flags = ["--output-topic", settings.output_topic, "--dead-letter-topic", settings.dead_letter_topic, "--port", "0"]
    refused = gistream("dashboard", *flags, "--host", "0.0.0.0", data_dir=data_dir)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "give it a token" in refused.stderr
    short = gistream("dashboard", *flags, data_dir=data_dir, GISTREAM_DASHBOARD_TOKEN="short")
    assert (short.returncode, "has 5 characters" in short.stderr) == (2, True)
    missing = gistream("dashboard", *flags[2:], "--output-topic", "nothing-here", data_dir=data_dir)
    assert (missing.returncode, "'nothing-here' does not exist" in missing.stderr) == (5, True)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    arguments = ("--host", "0.0.0.0", "--allow-host", "board.example.org", "--token-file", str(tmp_path / "token"))
    with opened(settings, data_dir, *arguments) as browser:
        assert browser.ask("/api/overview").status == 401
        assert browser.ask("/api/overview", Host="evil.example.org").status == 421
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert browser.ask("/login", urlencode({"token": "wrong"}), **form).getheader("set-cookie") is None
        answer = browser.ask("/login", urlencode({"token": TOKEN}), **form)
        browser.cookie = (answer.getheader("set-cookie") or "").partition(";")[0]
        assert browser.ask("/api/overview", Host="board.example.org").status == 200


def test_the_commands_of_the_page_open_a_dashboard(settings: Settings, data_dir: Path, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "dashboard.md").read_text()
    lines = re.findall(r"(?m)^\$ (.+)$", page)
    assert len(lines) == 4
    with Admin(settings) as admin:
        admin.ensure()
    admin = KafkaAdminClient(bootstrap_servers=settings.servers)
    admin.create_topics([NewTopic("shadow", 1, 1)])
    admin.close()
    Archive(ArchiveLocation(str(tmp_path / "archive"))).write([archived(1, name="old")], name="batch")
    for line in lines:
        name, *arguments = line.split()
        if name != "gistream":
            subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)
            continue
        with opened(settings, data_dir, *arguments[1:], folder=tmp_path) as browser:
            if "--archive" in arguments:
                assert [row["id"] for row in browser.json("/api/feed/older")["rows"]] == ["old"]
                assert browser.json("/api/compare")["topics"] == ["shadow"]
            assert browser.ask("/api/feed").status == (401 if "--token-file" in arguments else 200)

"""`gistream diff` on real topics and archives, and its page in a real browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from archives import dead_letter, deletion, summary
from browser import browser, open_tab
from command_here import gistream_here
from installation import gistream
from kafka import KafkaProducer
from sheets import HOSTILE

from streaming.archive import Archive, ArchiveLocation
from streaming.kafka.topics import Admin
from streaming.messages import Deletion, OutputMessage, Summary, source_headers
from streaming.settings import Settings

CONTROLS = "\x1b]0;broken\x07\x1b[31m\u202egpj.exe"
MILL = summary(0, name="mill", text="The mill burned on Tuesday.").model_copy(update={"sentences": []})
OLD = [
    MILL, summary(1, text="It rained."), summary(2),
    summary(3, name=HOSTILE, text=f"{HOSTILE} {CONTROLS}"), summary(4),
]  # fmt: skip
NEW = [
    MILL.model_copy(update={"summary": "The mill burned on Monday.", "recipe": "r2"}), summary(2, recipe="r2"),
    dead_letter(1), summary(3, name=HOSTILE, text=HOSTILE, recipe="r2"), summary(5, name="new", recipe="r2"),
    deletion("d4", 9), summary(4),
]  # fmt: skip


def publish(settings: Settings, results: list[OutputMessage], topic: str, dead_letter_topic: str) -> None:
    with Admin(settings.model_copy(update={"output_topic": topic, "dead_letter_topic": dead_letter_topic})) as admin:
        admin.ensure()
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    for result in results:
        if isinstance(result, Summary):
            producer.send(topic, key=result.id.encode(), value=result.to_json())
        elif isinstance(result, Deletion):
            producer.send(topic, key=result.id.encode(), headers=source_headers([], result.source))
        else:
            bare = result.model_copy(update={"headers": []})
            producer.send(dead_letter_topic, key=bare.key, value=bare.value, headers=bare.kafka_headers())
    producer.send(topic, key=b"x", value=b"somebody else's")
    producer.close()


@pytest.fixture
def shadow(settings: Settings) -> str:
    """The topic of a second run; its dead letters are where a replay puts them."""
    publish(settings, OLD, settings.output_topic, settings.dead_letter_topic)
    topic = f"shadow-{settings.output_topic}"
    publish(settings, NEW, topic, f"{topic}-dead-letters")
    return topic


def test_two_topics_are_compared_as_text_and_as_json(settings: Settings, data_dir: Path, shadow: str) -> None:
    done = gistream("diff", settings.output_topic, shadow, data_dir=data_dir)
    # Also when they differ: the difference is the result.
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "2 changed, 2 only in A, 1 only in B, 1 the same" in done.stdout
    assert "The mill burned on [-Tuesday-]." in done.stdout
    assert "The mill burned on {+Monday+}." in done.stdout
    assert "d1  only in A (dead letter, NotUtf8 in decode: no text)" in done.stdout
    assert "d4  only in A (deleted)" in done.stdout
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", done.stdout)
    read = json.loads(gistream("diff", settings.output_topic, shadow, "--json", data_dir=data_dir).stdout)
    assert [(each["id"], each["change"]) for each in read["differences"]] == [
        (HOSTILE, "changed"), ("mill", "changed"), ("d1", "only_in_a"), ("d4", "only_in_a"), ("new", "only_in_b"),
    ]  # fmt: skip
    assert read["counts"]["b"]["dead_letters"] == {"NotUtf8": 1}


def test_an_archive_is_compared_with_a_topic(settings: Settings, data_dir: Path, shadow: str, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    Archive(ArchiveLocation(str(archive))).write(NEW, name="batch")
    done = gistream("diff", f"{archive}/", shadow, data_dir=data_dir)
    assert (done.returncode, done.stderr) == (0, "")
    # `d4` was deleted: an archive, which has the summary that the topic had, is read by the same rule.
    assert done.stdout.splitlines()[-2].strip() == "0 changed, 0 only in A, 0 only in B, 4 the same"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no-such-topic", "no-such-topic"], 5, "Topic 'no-such-topic' does not exist"),
        (["./no-such-archive", "./no-such-archive"], 2, "There is no archive in"),
        (["./a", "./b", "--html", "no-such-folder/page.html"], 2, "There is no folder no-such-folder for page.html"),
        (["./a", "./b", "--dead-letters-a", "dead"], 2, "has its own dead letters"),
    ],
)
def test_a_side_that_is_not_there_is_named(data_dir: Path, arguments: list[str], code: int, words: str) -> None:
    done = gistream_here("diff", *arguments, data_dir=data_dir)
    assert done.returncode == code
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_page_shows_both_sides_and_runs_nothing_of_a_document(
    settings: Settings, data_dir: Path, shadow: str, tmp_path: Path
) -> None:
    file = tmp_path / "diff.html"
    done = gistream("diff", settings.output_topic, shadow, "--html", str(file), data_dir=data_dir)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == f"{file} is ready: open it in a browser"
    assert "2 changed" in done.stdout
    with browser(viewport={"width": 360, "height": 700}, color_scheme="dark") as context:
        tab = open_tab(context, file)
        title = tab.page.title()
        assert title == f"topic {settings.output_topic} and topic {shadow}"
        assert tab.page.locator("article").count() == 2
        assert tab.page.locator("article", has_text="mill").locator("del").all_inner_texts() == ["Tuesday"]
        assert tab.page.locator("article", has_text="mill").locator("ins").all_inner_texts() == ["Monday"]
        hostile = tab.page.locator("article").first.inner_text()
        assert "<img src=x onerror" in hostile
        assert "⟨U+202E⟩gpj.exe" in hostile
        tab.page.get_by_role("button", name="Only in A 2").click()
        assert tab.page.locator(".absent p").all_inner_texts() == [
            "dead letter, NotUtf8 in decode: no text", "deleted",
        ]  # fmt: skip
        # Nothing is wider than a phone, nothing ran, nothing was loaded.
        assert tab.page.evaluate("document.documentElement.scrollWidth") == 360
        assert (tab.page.title(), tab.requests, tab.complaints) == (title, [file.as_uri()], [])

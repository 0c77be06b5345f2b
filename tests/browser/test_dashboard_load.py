"""The dashboard under load, in a process of its own, on the real broker.

The run says at its end: how late a row is on the page, how long an interaction takes (the browser's own event
timing, until the next paint), memory of the page and of the server, and whether the numbers are right.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import made_up_results as made_up
import psutil
import pytest
from dashboards import Say, Tab, open_tab
from installation import command, command_environment
from made_up_query import MadeUpQuery
from playwright.sync_api import Browser, expect

from streaming.messages import Source
from streaming.settings import MIB, Settings

RATE = 300
# A row is on the page within a second of Kafka having it, an interaction is answered within 200 ms (p95).
ROW_SECONDS, INTERACTION_MS = 1.0, 200
# Growth between a third of the run and its end: what waits for the garbage collector, no row by row.
PAGE_GROWTH, SERVER_GROWTH = 12 * MIB, 40 * MIB
USABLE_SECONDS = 5.0
MANY = 100_000

# Notes in each frame which row is on top, and the browser's timing of each interaction.
WATCH = """() => {
  window.tops = [];
  window.interactions = new Map();
  let last = "";
  const look = () => {
    const row = document.querySelector("a.row .row-facts span");
    if (row && row.textContent !== last) {
      last = row.textContent;
      tops.push([performance.timeOrigin + performance.now(), Number(last.split("-")[1])]);
    }
    requestAnimationFrame(look);
  };
  look();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.interactionId) {
        interactions.set(entry.interactionId, Math.max(entry.duration, interactions.get(entry.interactionId) ?? 0));
      }
    }
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
}"""

# What was noted, the last frame included.
AFTER_A_FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(tops))))"


@dataclass
class Sent:
    """What was sent: the time of each number, in ms since 1970, when Kafka had it."""

    times: dict[int, float] = field(default_factory=dict)


@pytest.fixture
def query(settings: Settings) -> Iterator[MadeUpQuery]:
    with MadeUpQuery(settings) as running:
        yield running


@dataclass(frozen=True)
class OwnProcess:
    """A dashboard in a process of its own."""

    url: str
    process: psutil.Process
    started_at: float


@contextmanager
def dashboard_process(settings: Settings) -> Iterator[OwnProcess]:
    """Run `gistream dashboard` for as long as the context lasts."""
    topics = [
        "--input-topic", settings.input_topic, "--output-topic", settings.output_topic,
        "--dead-letter-topic", settings.dead_letter_topic, "--query", settings.query,
    ]  # fmt: skip
    began = time.monotonic()
    with subprocess.Popen(
        command("dashboard", "--port", "0", *topics),
        env=command_environment(settings.data_dir), stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            line = next(line for line in process.stdout if "http://" in line)
            url = next(word for word in line.split() if word.startswith("http://"))
            yield OwnProcess(url, psutil.Process(process.pid), began)
        finally:
            process.terminate()
            process.wait(20)


def send_steadily(query: MadeUpQuery, seconds: float, sent: Sent) -> None:
    """Send RATE summaries a second, each of another document."""
    began = time.monotonic()
    futures = []
    for number in range(1, int(RATE * seconds) + 1):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        futures.append((number, send(query, number, time.time())))
        futures[-1][1].add_callback(lambda _, number=number: sent.times.setdefault(number, time.time() * 1000))
    for _, future in futures:
        future.get(timeout=30)


def send(query: MadeUpQuery, number: int, at: float) -> object:
    source = Source(topic=query.settings.input_topic, partition=0, offset=number, timestamp=int(at * 1000) - 2000)
    value = made_up.summary(number, source, produced_at=at).to_json()
    return query.producer.send(
        query.settings.output_topic, key=b"story-%d" % number, value=value, timestamp_ms=int(at * 1000)
    )


def interact(tab: Tab, seconds: float) -> int:
    """Do what a reader does, again and again; returns the number of interactions."""
    page, until, count = tab.page, time.monotonic() + seconds, 0
    while time.monotonic() < until:
        page.locator("a.row").first.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("/")
        page.keyboard.type("story-1")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Pause").click()
        page.get_by_role("button", name="Resume").click()
        page.mouse.move(5, 5)
        page.evaluate("scrollTo(0, 0); document.activeElement.blur()")
        count += 15
        # The feed flows between two visits of a reader.
        page.wait_for_timeout(1000)
    return count


def page_memory(tab: Tab) -> tuple[int, int]:
    """Return bytes of the page's heap and its number of DOM nodes, after a garbage collection."""
    tools = tab.page.context.new_cdp_session(tab.page)
    tools.send("HeapProfiler.collectGarbage")
    heap = tools.send("Runtime.getHeapUsage")["usedSize"]
    nodes = tools.send("Memory.getDOMCounters")["nodes"]
    tools.detach()
    return int(heap), int(nodes)


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


@pytest.mark.parametrize("seconds", [pytest.param(60, marks=pytest.mark.load), 15])
def test_three_hundred_a_second_are_in_time(seconds: int, query: MadeUpQuery, chromium: Browser, say: Say) -> None:
    sent = Sent()
    with dashboard_process(query.settings) as own:
        tab = open_tab(chromium.new_context(viewport={"width": 1280, "height": 860}), own.url, "/feed")
        expect(tab.page.get_by_role("heading", name="No summary yet")).to_be_visible()
        tab.page.evaluate(f"({WATCH})()")
        sender = threading.Thread(target=send_steadily, args=(query, seconds, sent))
        sender.start()
        expect(tab.page.locator("a.row").first).to_be_visible()
        interactions = interact(tab, seconds / 3)
        early, server_early = page_memory(tab), own.process.memory_info().rss
        interactions += interact(tab, seconds / 3)
        # The last third is read without touching anything, so that each row's time on the page can be told.
        still_from = time.time() * 1000
        sender.join()
        last = int(RATE * seconds)
        expect(tab.page.locator("a.row").first).to_contain_text(f"story-{last}", timeout=2000)
        late = lateness(tab.page.evaluate(AFTER_A_FRAME), sent, still_from)
        durations = [float(each) for each in tab.page.evaluate("[...interactions.values()]")]
        # Those of less than 16 ms are not reported.
        durations += [16.0] * max(0, interactions - len(durations))
        late_memory, server_late = page_memory(tab), own.process.memory_info().rss
        expect(tab.page.locator(".count")).to_have_text(f"{min(last, 10_000):,} summaries")
        tab.go("/")
        expect(
            tab.page.locator(".tile", has=tab.page.get_by_text("Summaries", exact=True)).locator("strong")
        ).to_have_text(f"{last:,}")
        numbers = json.loads(tab.page.evaluate("fetch('/api/overview').then(answer => answer.text())"))
        figures = {
            "rows": len(late), "row p50 s": percentile(late, 0.5), "row max s": max(late),
            "interactions": len(durations), "interaction p95 ms": percentile(durations, 0.95),
            "interaction max ms": max(durations), "page MB": late_memory[0] / MIB, "nodes": late_memory[1],
            "server MB": server_late / MIB,
        }  # fmt: skip
        say(f"{RATE}/s for {seconds} s: " + ", ".join(f"{name} {value:,.2f}" for name, value in figures.items()))
        assert max(late) < ROW_SECONDS
        assert percentile(durations, 0.95) < INTERACTION_MS
        assert late_memory[0] - early[0] < PAGE_GROWTH
        assert late_memory[1] < 5000
        if seconds > 30:
            assert server_late - server_early < SERVER_GROWTH
        assert sum(numbers["statuses"].values()) == last
        assert numbers["kept"] == min(last, 10_000)
        assert tab.complaints == []
        tab.page.context.close()


def lateness(tops: list[tuple[float, int]], sent: Sent, since: float) -> list[float]:
    """Return for each summary sent since a time how many seconds later it, or a newer one, was on top of the page."""
    late, place = [], 0
    for number, at in sorted(sent.times.items()):
        if at < since:
            continue
        while place < len(tops) and (tops[place][1] < number):
            place += 1
        assert place < len(tops), f"story-{number} was never on the page"
        late.append(max(0.0, tops[place][0] - at) / 1000)
    return late


@pytest.mark.load
def test_a_hundred_thousand_summaries_are_usable_in_time(query: MadeUpQuery, chromium: Browser, say: Say) -> None:
    now = time.time()
    for number in range(1, MANY + 1):
        # Over the last two hours: half of them are in the numbers of the last hour.
        send(query, number, now - 7200 * (1 - number / MANY))
    query.producer.flush(timeout=120)
    with dashboard_process(query.settings) as own:
        context = chromium.new_context(viewport={"width": 1280, "height": 860})
        tab = open_tab(context, own.url, "/feed")
        expect(tab.page.locator("a.row").first).to_contain_text(f"story-{MANY}")
        rows = time.monotonic() - own.started_at
        tab.page.get_by_label("Search").fill(f"story-{MANY - 40}")
        expect(tab.page.locator("a.row")).to_have_count(1)
        filtered = time.monotonic() - own.started_at
        tab.go("/")
        expect(tab.page.locator("#health-line")).not_to_contain_text("Reading the last hour", timeout=60_000)
        whole = time.monotonic() - own.started_at
        say(f"{MANY:,} at the start: rows {rows:.1f} s, a filter {filtered:.1f} s, the hour {whole:.1f} s after it")
        assert rows < USABLE_SECONDS
        context.close()

"""The dashboard as a user has it, on the real broker: what arrives, what is opened, what fails, what comes back.

The run writes screenshots of each page to a folder, which it names.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import made_up_results as made_up
import pytest
from dashboards import Say, Tab, open_tab
from installation import read_topic
from made_up_query import MadeUpQuery
from playwright.sync_api import Browser, expect

from streaming.kafka.broker import EmbeddedBroker
from streaming.operations.dashboard import Options, open_dashboard
from streaming.settings import Settings

# A browser notices a lost broker when the dashboard does: within 10 s.
NOTICE_MS = 20_000


@pytest.fixture
def query(settings: Settings) -> Iterator[MadeUpQuery]:
    """A query whose documents have summaries of two recipes, and one dead letter with a script in it."""
    with MadeUpQuery(settings) as running:
        for number in range(24):
            result = running.summarize(number)
            if number >= 16 and result.source is not None:
                other = made_up.summary(
                    number, result.source, recipe="b0d4a91c", prompt="concise", other_words=number % 2 == 0
                )
                running.send(other, running.shadow)
        running.fail(made_up.HOSTILE.encode())
        running.beat()
        yield running


@pytest.fixture
def tab(query: MadeUpQuery, chromium: Browser) -> Iterator[Tab]:
    options = Options(port=0, shadow_topics=(query.shadow,))
    with open_dashboard(query.settings, options) as dashboard:
        context = chromium.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
        tab = open_tab(context, dashboard.url)
        yield tab
        context.close()
    assert (tab.strangers, tab.faulty()) == ([], [])


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory, say: Say) -> Path:
    """Where screenshots go: SCREENSHOTS, or a folder of the run."""
    given = os.environ.get("SCREENSHOTS")
    folder = Path(given) if given else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    say(f"screenshots: {folder}")
    return folder


def save(tab: Tab, folder: Path, name: str) -> None:
    """Save a page as it is seen on a desk in light and dark, and on a phone."""
    for scheme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        tab.page.screenshot(path=folder / f"{name}-{scheme}.png")
    tab.page.set_viewport_size({"width": 360, "height": 740})
    assert tab.width() == 360
    tab.page.screenshot(path=folder / f"{name}-phone.png")
    tab.page.set_viewport_size({"width": 1280, "height": 860})
    tab.page.emulate_media(color_scheme="light", reduced_motion="reduce")


def test_a_reader_follows_opens_compares_and_redrives(tab: Tab, query: MadeUpQuery, screenshots: Path) -> None:
    page, settings = tab.page, query.settings
    expect(page.locator("#health-line")).to_contain_text("Healthy. Idle: every record has its result.")
    expect(page.locator(".tile", has=page.get_by_text("Summaries", exact=True))).to_contain_text("24")
    expect(page.locator(".tile", has_text="Waiting")).to_contain_text("every document has its result")
    save(tab, screenshots, "overview")

    page.get_by_role("link", name="Feed", exact=True).click()
    expect(page.locator(".count")).to_have_text("24 summaries")
    result = query.summarize(100)
    expect(page.locator("a.row").first).to_contain_text("story-100", timeout=1000)
    save(tab, screenshots, "feed")

    page.get_by_label("Status").select_option(result.status)
    page.get_by_label("Search").fill("story-100")
    expect(page.locator("a.row")).to_have_count(1)
    page.reload()
    expect(page.locator("a.row")).to_have_count(1)
    expect(page.get_by_label("Status")).to_have_value(result.status)

    page.locator("a.row").click()
    page.locator(".sentence").nth(2).click()
    text = made_up.stories()[100 % len(made_up.stories())][1]
    for place, (start, end) in zip(page.locator(".evidence.lit").all(), result.sentences[2].evidence, strict=True):
        expect(place).to_contain_text(text[start:end])
    page.locator(".evidence").first.click()
    expect(page.locator(".sentence.lit")).to_have_count(1)
    save(tab, screenshots, "detail")
    page.keyboard.press("Escape")

    page.get_by_role("link", name="Two recipes").click()
    expect(page.locator(".pair")).to_have_count(8)
    expect(page.locator(".pair", has=page.locator("del"))).to_have_count(4)
    save(tab, screenshots, "two-recipes")

    page.get_by_role("link", name=re.compile("^Dead letters")).first.click()
    expect(page.locator("a.row")).to_have_count(1)
    save(tab, screenshots, "dead-letters")
    page.locator("a.row").click()
    expect(page.get_by_role("region", name="Value as text")).to_have_text(made_up.HOSTILE)
    save(tab, screenshots, "dead-letter")
    before = len(read_topic(settings, settings.input_topic))
    page.get_by_role("button", name="Redrive …").click()
    save(tab, screenshots, "redrive")
    page.get_by_role("button", name="Redrive 1 dead letter").click()
    expect(page.get_by_role("dialog", name="1 document sent back")).to_be_visible(timeout=20_000)
    save(tab, screenshots, "redriven")
    records = read_topic(settings, settings.input_topic)
    assert len(records) == before + 1
    assert made_up.HOSTILE.encode() in [record.value for record in records if record.headers]


def test_a_stopped_broker_shows_and_the_page_goes_on_when_it_is_back(
    tab: Tab, query: MadeUpQuery, screenshots: Path
) -> None:
    broker = EmbeddedBroker(query.settings)
    tab.go("/feed")
    expect(tab.page.locator("a.row").first).to_contain_text("story-23")
    broker.stop()
    try:
        expect(tab.page.locator("#health-line")).to_contain_text("No connection to Kafka at", timeout=NOTICE_MS)
        assert tab.page.title().startswith("No Kafka")
        expect(tab.page.locator("a.row").first).to_contain_text("story-23")
        save(tab, screenshots, "broker-away")
    finally:
        broker.start()
    query.beat()
    expect(tab.page.locator("#health-line")).to_contain_text("Healthy.", timeout=NOTICE_MS)
    query.summarize(200)
    expect(tab.page.locator("a.row").first).to_contain_text("story-200")


def test_a_query_that_was_killed_shows_within_half_a_minute(tab: Tab, query: MadeUpQuery) -> None:
    expect(tab.page.locator("#health-line")).to_contain_text("Healthy.")
    # No heartbeat comes any more.
    query.produce(made_up.document(300))
    expect(tab.page.locator("#health-line")).to_contain_text("Not running. No progress for ", timeout=30_000)
    expect(tab.page.locator(".tile", has_text="Waiting")).to_contain_text("1 document")

"""The dashboard's first page in a real browser: what happens, is it healthy, what is the newest, what failed."""

from __future__ import annotations

import time

from dashboards import OpenPage, Shown, shown
from made_up_view import MadeUpView
from playwright.sync_api import expect

from consumers.live.overview import QueryHealth


def test_a_newcomer_reads_four_answers_on_the_first_screen(open_page: OpenPage, view: MadeUpView) -> None:
    view.fail(stage="summarize", type="DeadlineExceeded", message="it took more than 3,600 s")
    tab = open_page("/")
    expect(tab.page.locator("#health-line")).to_have_text("Healthy. Working: 31 of 60 of the running batch done.")
    expect(tab.page.locator(".lead")).to_contain_text("documents summarized in the last minute; 412 more wait, about ")
    newest = tab.page.get_by_role("heading", name="Newest summaries").locator("xpath=../..").locator("li").first
    expect(newest.get_by_role("link")).to_have_attribute(
        "href", f"/feed?open=summaries:0:{view.overview().summaries - 1}"
    )
    failure = tab.page.get_by_role("heading", name="Newest failures").locator("xpath=../..").locator("li").first
    expect(failure).to_contain_text("DeadlineExceeded in summarize: it took more than 3,600 s")
    for answer in (tab.page.locator("#health-line"), tab.page.locator(".lead"), newest, failure):
        expect(answer).to_be_in_viewport()


def test_each_number_has_its_unit_and_its_meaning(open_page: OpenPage) -> None:
    tab = open_page("/")
    expect(tab.page.locator(".tile")).to_have_count(8)
    for tile in tab.page.locator(".tile").all():
        label, value, meaning = tile.locator("p").all_inner_texts()
        assert label
        assert value[0].isdigit()
        assert len(value.split()) > 1
        assert meaning
    waiting = tab.page.locator(".tile", has_text="Waiting")
    expect(waiting).to_contain_text("412 documents")
    expect(waiting).to_contain_text("done in about ")


def test_no_failure_is_no_alarm_and_one_document_is_singular(open_page: OpenPage) -> None:
    quiet = MadeUpView()
    quiet.waiting = 1
    quiet.summarize(1)
    with shown(quiet) as running:
        tab = open_page("/", url=running.url)
        letters = tab.page.locator(".tile", has_text="Dead letters")
        expect(letters).to_contain_text("no document failed")
        expect(tab.page.locator(".tile.bad")).to_have_count(0)
        expect(tab.page.locator(".tile", has_text="Speed").locator(".value")).to_have_text("1 document/min")
        waiting = tab.page.locator(".tile", has_text="Waiting")
        expect(waiting.locator(".value")).to_have_text("1 document")
        expect(waiting).to_contain_text("too early to say for how long")
        expect(tab.page.locator(".chart", has_text="Documents per minute").locator(".readout")).to_have_text(
            "1 document/min, now"
        )
        expect(tab.page.locator(".stacked span")).to_have_count(1)
        expect(tab.page.locator(".lead")).to_contain_text("1 document summarized in the last minute; 1 more waits.")
        quiet.fail(stage="summarize", type="DeadlineExceeded", message="it took more than 3,600 s")
        expect(tab.page.locator(".tile.bad")).to_contain_text("see which, and why")
        quiet.query = QueryHealth("not running", "no progress for 40 s")
        expect(waiting).to_contain_text("no query works at the moment")
        expect(tab.page.get_by_text("Start it with gistream run; it resumes where it stopped.")).to_be_visible()


def test_the_numbers_follow_without_a_reload_and_keep_the_focus(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/")
    link = tab.page.locator(".bars a").first
    link.focus()
    view.waiting = 7
    expect(tab.page.locator(".tile", has_text="Waiting")).to_contain_text("7 documents")
    expect(link).to_be_focused()


def test_a_chart_is_read_with_the_keyboard_and_as_a_table(open_page: OpenPage) -> None:
    tab = open_page("/")
    stage = tab.page.get_by_role("slider", name="Waiting documents, by time")
    expect(stage).to_have_attribute("aria-valuetext", "412 documents, now")
    stage.focus()
    for _ in range(5):
        stage.press("PageDown")
    assert "documents, " in str(stage.get_attribute("aria-valuetext"))
    assert "now" not in str(stage.get_attribute("aria-valuetext"))
    expect(tab.page.locator(".cursor")).to_have_count(1)
    stage.press("Escape")
    expect(tab.page.locator(".cursor")).to_have_count(0)
    chart = tab.page.locator(".chart", has_text="Waiting documents")
    chart.get_by_text("As a table").click()
    expect(chart.locator("tbody tr")).to_have_count(12)
    expect(chart.locator("tbody tr").first).to_contain_text("412")


def test_a_stuck_query_shows_in_the_line_and_in_the_title(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/feed")
    expect(tab.page).to_have_title("Healthy · Feed · gistream")
    view.query = QueryHealth("stuck", "no progress for 4 min: working, 31 of 60 done", "working", 31, 60, 218, 57.4, 1)
    expect(tab.page.locator("#health-line")).to_have_text("Stuck. No progress for 4 min: working, 31 of 60 done.")
    expect(tab.page).to_have_title("Stuck · Feed · gistream")
    view.query = QueryHealth("not running", "stopped 2 min ago")
    expect(tab.page).to_have_title("Not running · Feed · gistream")


def test_numbers_that_may_lack_something_are_not_called_healthy(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/")
    view.fault = "reading what arrives failed 40 s ago (KeyError) and began again"
    expect(tab.page).to_have_title("Incomplete · Overview · gistream")
    expect(tab.page.locator("#health-line")).to_contain_text("The dashboard: reading what arrives failed 40 s ago")
    view.fault = None
    expect(tab.page).to_have_title("Healthy · Overview · gistream")


def test_a_lost_broker_shows_with_its_time_and_goes_by_itself(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/")
    view.connected, view.away_since = False, time.time() - 60
    expect(tab.page.locator("#health-line")).to_contain_text("No connection to Kafka at localhost:19092 since ")
    # What was read before stays.
    expect(tab.page.locator(".newest li")).to_have_count(10)
    view.connected, view.away_since = True, None
    expect(tab.page.locator("#health-line")).to_contain_text("Healthy.")


def test_a_lost_server_shows_and_the_page_comes_back_by_itself(open_page: OpenPage, view: MadeUpView) -> None:
    with shown(view) as running:
        tab = open_page("/feed", url=running.url)
        tab.may_lose = True
        expect(tab.page.locator("a.row").first).to_be_visible()
        port = int(running.url.rstrip("/").rpartition(":")[2])
    expect(tab.page.locator("#health-line")).to_contain_text("No connection to the dashboard’s server since ")
    expect(tab.page.get_by_role("button", name="Try now")).to_be_visible()
    view.summarize(5000)
    with shown(view, port=port):
        expect(tab.page.locator("#health-line")).to_contain_text("Healthy.", timeout=20_000)
        expect(tab.page.locator("a.row").first).to_contain_text("story-5000")


def test_missing_topics_are_named_with_what_to_do(open_page: OpenPage, view: MadeUpView) -> None:
    view.missing = ["summaries"]
    tab = open_page("/")
    expect(tab.page.locator("#health-line")).to_contain_text(
        "has no topic “summaries” yet. Create the topics: gistream"
    )


def test_an_empty_installation_says_what_to_do(open_page: OpenPage) -> None:
    with shown(MadeUpView()) as empty:
        tab = open_page("/", url=empty.url)
        expect(tab.page.locator(".newest")).to_have_count(0)
        expect(tab.page.get_by_text("No summary yet. Start a query with gistream run")).to_be_visible()
        tab.go("/feed")
        expect(tab.page.get_by_role("heading", name="No summary yet")).to_be_visible()
        tab.go("/letters")
        expect(tab.page.get_by_role("heading", name="No dead letters")).to_be_visible()
        tab.go("/compare")
        expect(tab.page.get_by_role("heading", name="No document has both yet")).to_be_visible()
        tab.page.close()


def test_a_theme_is_kept_in_the_browser(open_page: OpenPage, site: Shown) -> None:
    tab = open_page("/", color_scheme="light")

    def ground() -> str:
        return str(tab.page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = ground()
    tab.page.get_by_role("button", name="Theme: system").click()
    tab.page.get_by_role("button", name="Theme: light").click()
    dark = ground()
    assert dark != light
    tab.page.reload()
    expect(tab.page.get_by_role("button", name="Theme: dark")).to_be_visible()
    assert ground() == dark

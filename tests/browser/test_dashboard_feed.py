"""The feed of the dashboard in a real browser: live, filtered by its address, and still while somebody reads it."""

from __future__ import annotations

import re

import pytest
from dashboards import OpenPage, Tab, shown
from made_up_view import MadeUpView
from playwright.sync_api import expect

from consumers.dashboard.older import OlderPage
from consumers.live.filters import Filters
from consumers.live.rows import Row


def ids(tab: Tab) -> list[str]:
    """Return the ids of the rows on the page, from the top."""
    return tab.page.locator("a.row").evaluate_all(
        "rows => rows.map(row => row.querySelector('.row-facts').firstChild.textContent)"
    )


def first_id(tab: Tab) -> str:
    return ids(tab)[0]


def test_summaries_appear_as_they_arrive(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/feed")
    expect(tab.page.locator("a.row").first).to_be_visible()
    before = len(view.feed)
    for number in range(5001, 5004):
        view.summarize(number)
        expect(tab.page.locator("a.row").first).to_contain_text(f"story-{number}", timeout=1000)
    assert ids(tab)[:3] == ["story-5003", "story-5002", "story-5001"]
    expect(tab.page.locator(".count")).to_have_text(f"{before + 3:,} summaries")


def test_filters_live_in_the_address_and_survive_a_reload(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/feed")
    view.summarize(3 * 17 * 9)
    tab.page.get_by_label("Status").select_option("repaired")
    tab.page.get_by_label("Metadata key").select_option("team")
    tab.page.get_by_label("Metadata value").select_option("harbour")
    tab.page.keyboard.press("/")
    tab.page.keyboard.type("lighthouse")
    expect(tab.page).to_have_url(re.compile(r"/feed\?text=lighthouse&status=repaired&meta=team:harbour$"))
    expect(tab.page.locator(".count")).to_contain_text("match")
    expect(tab.page.locator(".tag.ok")).to_have_count(0)
    shown = ids(tab)
    assert shown
    tab.page.reload()
    expect(tab.page.get_by_label("Search")).to_have_value("lighthouse")
    expect(tab.page.get_by_label("Status")).to_have_value("repaired")
    expect(tab.page.get_by_role("button", name="Remove the filter team: harbour")).to_be_visible()
    expect(tab.page.locator("a.row").first).to_be_visible()
    assert ids(tab) == shown
    tab.page.get_by_role("button", name="Remove the filter team: harbour").click()
    expect(tab.page).to_have_url(re.compile(r"/feed\?text=lighthouse&status=repaired$"))
    tab.page.get_by_role("button", name="Clear filters").click()
    expect(tab.page).to_have_url(re.compile("/feed$"))
    expect(tab.page.locator(".tag.ok").first).to_be_visible()


def test_only_what_matches_arrives(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/feed?text=story-70")
    expect(tab.page.locator(".count")).to_contain_text("match")
    view.summarize(5001)
    view.summarize(7001)
    expect(tab.page.locator("a.row").first).to_contain_text("story-7001")
    assert "story-5001" not in ids(tab)


def test_a_filter_without_a_match_offers_the_way_back(open_page: OpenPage) -> None:
    tab = open_page("/feed?text=nothing+has+this")
    expect(tab.page.get_by_role("heading", name="No summary matches")).to_be_visible()
    tab.page.locator(".empty").get_by_role("button", name="Clear filters").click()
    expect(tab.page.locator("a.row").first).to_be_visible()


def test_a_paused_feed_stands_still_and_counts(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/feed")
    expect(tab.page.locator("a.row").first).to_be_visible()
    first = first_id(tab)
    tab.page.get_by_role("button", name="Pause").click()
    for number in range(5001, 5005):
        view.summarize(number)
    expect(tab.page.get_by_role("button", name="↑ 4 new")).to_be_visible()
    assert first_id(tab) == first
    tab.page.get_by_role("button", name="Resume").click()
    expect(tab.page.locator("a.row").first).to_contain_text("story-5004")


@pytest.mark.parametrize("why", ["scrolled", "focused", "opened", "selected"])
def test_new_rows_never_move_what_the_reader_reads(why: str, open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/feed")
    row = tab.page.locator("a.row").nth(3)
    expect(row).to_be_visible()
    place = str(row.get_attribute("data-place"))
    row = tab.page.locator(f"a.row[data-place='{place}']")
    if why == "scrolled":
        tab.page.evaluate("scrollTo(0, 120)")
    elif why == "focused":
        row.focus()
    elif why == "opened":
        row.click()
    else:
        row.evaluate("each => getSelection().selectAllChildren(each)")
    before = row.bounding_box()
    for number in range(5001, 5011):
        view.summarize(number)
    expect(tab.page.locator(".fresh")).to_have_text("↑ 10 new")
    assert row.bounding_box() == before
    if why == "opened":
        tab.page.keyboard.press("Escape")
        expect(row).to_be_focused()
    tab.page.locator(".fresh").click()
    expect(tab.page.locator("a.row").first).to_contain_text("story-5010")
    expect(tab.page.locator(".fresh")).to_be_hidden()


def test_the_keyboard_goes_through_the_rows_and_opens_one(open_page: OpenPage) -> None:
    tab = open_page("/feed")
    rows = tab.page.locator("a.row")
    expect(rows.first).to_be_visible()
    rows.first.focus()
    place = rows.nth(2).get_attribute("data-place")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("ArrowDown")
    focused = tab.page.locator("a.row:focus")
    expect(focused).to_have_attribute("data-place", str(place))
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("dialog")).to_be_visible()
    expect(tab.page).to_have_url(re.compile(rf"/feed\?open={place}$"))
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    expect(tab.page).to_have_url(re.compile("/feed$"))
    expect(focused).to_have_attribute("data-place", str(place))
    tab.page.keyboard.press("End")
    assert len(ids(tab)) < 60


def test_ten_thousand_rows_scroll_with_a_few_elements(open_page: OpenPage, view: MadeUpView) -> None:
    for number in range(5000, 5000 + 10_000 - len(view.feed)):
        view.summarize(number)
    tab = open_page("/feed")
    expect(tab.page.locator(".count")).to_have_text("10,000 summaries")
    for loaded in range(200, 700, 100):
        tab.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(tab.page.locator(f"li[aria-setsize='{loaded}']").first).to_be_attached()
    assert tab.page.locator("a.row").count() < 60
    numbers = [int(each.removeprefix("story-")) for each in ids(tab)]
    assert numbers == sorted(numbers, reverse=True)


class Archive:
    """Summaries of 1970, one a second, of which a page has the newest before a time."""

    def page(self, filters: Filters, *, before: float, limit: int, **_: object) -> OlderPage:
        newest = min(149, int(before / 1000) - 1)
        numbers = range(newest, max(-1, newest - limit), -1)
        rows = [
            Row(number * 1_000_000 - 2**53, "documents", 0, number, number * 1000, "summary", f"old-{number}", "Old")
            for number in numbers
        ]
        return OlderPage(rows, more=newest - limit >= 0)


def test_older_ones_come_from_the_archive_after_the_kept_ones(open_page: OpenPage) -> None:
    view = MadeUpView()
    for number in range(5000, 5003):
        view.summarize(number)
    with shown(view, older=Archive()) as site:  # type: ignore[arg-type]
        tab = open_page("/feed", url=site.url)
        expect(tab.page.locator("a.row")).to_have_count(3)
        tab.page.get_by_role("button", name="Show older ones from the archive").click()
        expect(tab.page.locator("li[aria-setsize='103']").first).to_be_attached()
        assert ids(tab)[:5] == ["story-5002", "story-5001", "story-5000", "old-149", "old-148"]
        # After the first page the others come by themselves.
        tab.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(tab.page.get_by_text("There are no older ones here.")).to_be_attached()
        tab.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(tab.page.locator("a.row").last).to_contain_text("old-0")
        tab.page.close()


def test_replaced_and_deleted_rows_say_so_in_place(open_page: OpenPage, view: MadeUpView) -> None:
    first, second = view.summarize(5001), view.summarize(5002)
    tab = open_page("/feed")
    row = tab.page.locator("a.row", has_text="story-5001").first
    expect(row.locator(".tag.replaced")).to_have_count(0)
    view.summarize(5001)
    expect(row.locator(".tag.replaced").or_(tab.page.locator("a.row .tag.replaced")).first).to_be_visible()
    view.delete(second)
    deleted = tab.page.locator("a.row[data-state=deleted]")
    expect(deleted).to_have_count(2)
    assert str(second.title) not in "".join(deleted.all_inner_texts())
    assert first.id == "story-5001"

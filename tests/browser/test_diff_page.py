"""The page of `gistream diff --html` in a real browser: `make test-browser`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from archives import summary
from browser import Tab, browser, open_tab
from playwright.sync_api import expect

from streaming.messages import Summary
from streaming.operations.diff.comparison import LETTERS, Comparison
from streaming.operations.diff.report import ROWS, report_page

TITLES = {"a": "topic summaries", "b": "topic shadow"}


def made(number: int, side: str) -> Summary:
    """Return the summary of a document; every tenth is the same on both sides, every third of B is repaired."""
    text = f"It burned. {number} saw it from {'the mill' if number % 10 == 0 else side}."
    status = "repaired" if side == "b" and number % 3 == 0 else "ok"
    return summary(number, text=text, recipe=f"{side}-recipe").model_copy(
        update={"status": status, "title": f"Chapter {number}"}
    )


def write_page(path: Path, documents: int) -> Path:
    with Comparison() as comparison:
        for letter in LETTERS:
            for number in range(documents):
                comparison.add(letter, made(number, letter))
        comparison.pair()
        path.write_text("".join(report_page(TITLES, comparison, lambda: None)), encoding="utf-8")
    return path


@pytest.fixture
def tab(tmp_path: Path, request: Any) -> Iterator[Tab]:
    with browser(**getattr(request, "param", {})) as context:
        yield open_tab(context, write_page(tmp_path / "diff.html", 120))


def shown(tab: Tab) -> str:
    return tab.text("matches")


def test_the_filters_choose_what_is_shown(tab: Tab) -> None:
    # The documents that changed come first, a page of them at a time: 108 words, and 4 of the same words.
    assert shown(tab) == "112 documents"
    assert tab.text("place") == "Page 1 of 3"
    assert tab.page.locator("article").count() == 50
    tab.page.get_by_role("button", name="The same 8").click()
    assert shown(tab) == "8 documents"
    assert tab.page.locator("article .side h3").all_inner_texts() == ["A and B"] * 8
    assert tab.page.locator("#pages").is_hidden()
    tab.page.get_by_role("button", name="All 120").click()
    tab.page.get_by_label("Status").select_option("repaired")
    assert shown(tab) == "40 documents"
    tab.page.get_by_label("Id or title").fill("chapter 11")
    # Of 11 and 110 to 119 those whose number is divisible by three.
    assert shown(tab) == "3 documents"


def test_a_reader_turns_the_pages(tab: Tab) -> None:
    assert tab.page.get_by_role("button", name="Previous").is_disabled()
    tab.page.get_by_role("button", name="Next").click()
    tab.page.get_by_role("button", name="Next").click()
    assert tab.text("place") == "Page 3 of 3"
    assert tab.page.locator("article").count() == 12
    assert tab.page.get_by_role("button", name="Next").is_disabled()


def test_the_counts_of_both_sides_stand_beside_each_other(tab: Tab) -> None:
    tab.page.get_by_text("Counts by status, recipe and signal").click()
    rows = tab.page.locator("#counts tr").all_inner_texts()
    assert "repaired\t–\t40" in rows
    assert any(row.startswith("b-recipe: default, m Q4_1\t–\t120") for row in rows)


def test_the_sides_are_beside_each_other_on_a_desk_and_below_each_other_on_a_phone(tab: Tab) -> None:
    def tops() -> list[float]:
        return [side.bounding_box()["y"] for side in tab.page.locator("article").first.locator(".side").all()]  # type: ignore[index]

    tab.page.set_viewport_size({"width": 1200, "height": 800})
    assert tops()[0] == tops()[1]
    tab.page.set_viewport_size({"width": 360, "height": 800})
    assert tops()[0] < tops()[1]
    assert tab.page.evaluate("document.documentElement.scrollWidth") == 360


def test_ten_thousand_documents_are_one_page(tmp_path: Path) -> None:
    with browser() as context:
        tab = open_tab(context, write_page(tmp_path / "diff.html", ROWS))
        tab.page.get_by_label("Id or title").fill("d9999")
        expect(tab.page.locator("article")).to_have_count(1)
        assert tab.complaints == []

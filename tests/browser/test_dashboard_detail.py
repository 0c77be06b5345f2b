"""A summary that is opened, in a real browser: its sentences and the document that they stand on, marked both ways."""

from __future__ import annotations

import re
import time

import made_up_results as made_up
from dashboards import OpenPage, Tab
from made_up_view import OUTPUT, MadeUpView
from playwright.sync_api import expect

from streaming.messages import Record, Summary, SummarySentence


def open_summary(open_page: OpenPage, view: MadeUpView, number: int = 5000, **options: object) -> tuple[Tab, Summary]:
    """Open the summary of a document by its address."""
    result = view.summarize(number)
    tab = open_page(f"/feed?open={OUTPUT}:0:{view.overview().summaries - 1}", **options)
    expect(tab.page.locator(".sentence").first).to_be_visible()
    return tab, result


def lit(tab: Tab, selector: str) -> list[str]:
    return tab.page.locator(f"{selector}.lit").evaluate_all(
        "all => all.map(each => [...each.childNodes].filter(node => node.nodeType === 3).map(n => n.data).join(''))"
    )


def test_an_address_opens_a_summary_with_all_that_is_known(open_page: OpenPage, view: MadeUpView) -> None:
    tab, result = open_summary(open_page, view)
    panel = tab.page.get_by_role("dialog")
    expect(panel.get_by_role("heading", level=2)).to_have_text(str(result.title))
    for words in ("grounding", "83%", "How much of what the summary says", "SmolLM2-135M-Instruct", "7c1f0e52"):
        expect(panel).to_contain_text(words)
    assert result.source is not None
    expect(panel).to_contain_text(f"documents-{result.source.partition} offset {result.source.offset}")
    expect(panel.get_by_text("team", exact=True)).to_be_visible()
    expect(panel.locator(".document .text")).to_contain_text(
        made_up.stories()[5000 % len(made_up.stories())][1][-60:-5]
    )


def test_a_sentence_marks_its_places_and_a_place_its_sentence(open_page: OpenPage, view: MadeUpView) -> None:
    tab, result = open_summary(open_page, view)
    text = made_up.stories()[5000 % len(made_up.stories())][1]
    sentences, places = tab.page.locator(".sentence"), tab.page.locator(".evidence")
    sentences.nth(2).hover()
    assert lit(tab, ".evidence") == [text[start:end] for start, end in result.sentences[2].evidence]
    tab.page.get_by_role("heading", name="Signals").hover()
    assert lit(tab, ".evidence") == []
    places.first.focus()
    first = result.sentences[0]
    assert lit(tab, ".sentence") == [result.summary[first.start : first.end]]
    # A press keeps the mark and goes to the place; a second one to the next place.
    sentences.nth(2).press("Enter")
    expect(sentences.nth(2)).to_have_attribute("aria-pressed", "true")
    expect(tab.page.locator(".evidence.lit").first).to_be_in_viewport()
    sentences.nth(2).press("Enter")
    expect(tab.page.locator(".evidence.lit").nth(1)).to_be_in_viewport()
    expect(sentences.nth(2)).to_have_accessible_name(re.compile(r"\(.*stands on 2 places|own words, 2 places\)"))
    expect(places.first).to_have_accessible_name(re.compile(r"\(for sentence 1\)$"))


def test_places_are_told_by_characters_not_by_the_browsers_units(open_page: OpenPage, view: MadeUpView) -> None:
    text = "🌊🌊 The tide came in. 🐟 The fish were counted twice."
    source = view.summarize(5000).source
    assert source is not None
    start, end = text.index("The fish"), len(text)
    result = made_up.summary(5000, source).model_copy(
        update={
            "summary": "🐟 They counted fish.",
            "sentences": [
                SummarySentence(start=2, end=20, origin="model", support=0.9, stands=True, evidence=[[start, end]])
            ],
            "document_sha256": made_up.digest(text),
        }
    )
    view.replace_document(source, Record(None, made_up.as_document(text), [], source))
    view.send(result)
    tab = open_page(f"/feed?open={OUTPUT}:0:{view.overview().summaries - 1}")
    tab.page.locator(".sentence").hover()
    assert lit(tab, ".sentence") == ["They counted fish."]
    assert lit(tab, ".evidence") == ["The fish were counted twice."]


def test_a_document_of_a_megabyte_stays_usable(open_page: OpenPage, view: MadeUpView) -> None:
    line = "The keeper wrote the weather into the book, and nobody read it. "
    text = "\n".join(line * 2 for _ in range(8_000)) + "\nAt last the lamp went out."
    source = view.summarize(5000).source
    assert source is not None
    assert len(text) > 1_000_000
    place = [text.rindex("At last"), len(text)]
    sentence = SummarySentence(start=0, end=18, origin="model", support=0.9, stands=True, evidence=[place])
    result = made_up.summary(5000, source, recipe="another").model_copy(
        update={"summary": "The lamp went out.", "sentences": [sentence], "document_sha256": made_up.digest(text)}
    )
    view.replace_document(source, Record(None, made_up.as_document(text), [], source))
    view.send(result)
    tab = open_page("/feed")
    row = tab.page.locator("a.row").first
    expect(row).to_contain_text("story-5000")
    began = time.monotonic()
    row.click()
    tab.page.locator(".sentence").press("Enter")
    expect(tab.page.locator(".evidence")).to_be_in_viewport(timeout=5000)
    assert time.monotonic() - began < 5
    shown = tab.page.locator(".document .text").evaluate("each => each.textContent.length")
    assert abs(shown - len(text)) < 1000


def test_a_document_that_is_gone_leaves_the_summary(open_page: OpenPage, view: MadeUpView) -> None:
    source = view.summarize(5000).source
    assert source is not None
    view.replace_document(source, None)
    tab = open_page(f"/feed?open={OUTPUT}:0:{view.overview().summaries - 1}")
    expect(tab.page.locator(".sentence")).to_have_count(3)
    expect(tab.page.locator(".document")).to_contain_text("The document is gone from topic 'documents'")


def test_a_place_without_a_summary_says_so(open_page: OpenPage) -> None:
    tab = open_page(f"/feed?open={OUTPUT}:0:99999")
    tab.may_fail = True
    expect(tab.page.get_by_role("dialog")).to_contain_text("There is no record at summaries-0 offset 99999 any more.")


def test_the_browsers_back_closes_what_was_opened(open_page: OpenPage) -> None:
    tab = open_page("/feed?status=ok")
    tab.page.locator("a.row").first.click()
    expect(tab.page.get_by_role("dialog")).to_be_visible()
    tab.page.get_by_role("button", name="↓ Older").click()
    tab.page.go_back()
    expect(tab.page.get_by_role("dialog")).to_have_count(0)
    expect(tab.page).to_have_url(re.compile(r"/feed\?status=ok$"))


def test_neighbours_are_reached_without_closing(open_page: OpenPage) -> None:
    tab = open_page("/feed")
    rows = tab.page.locator("a.row")
    expect(rows.first).to_be_visible()
    places = [rows.nth(number).get_attribute("data-place") for number in range(3)]
    rows.first.click()
    for place in places[1:]:
        tab.page.get_by_role("button", name="↓ Older").click()
        expect(tab.page).to_have_url(re.compile(f"open={place}$"))
    tab.page.get_by_role("button", name="↑ Newer").click()
    expect(tab.page).to_have_url(re.compile(f"open={places[1]}$"))


def test_a_hostile_summary_is_text(open_page: OpenPage, view: MadeUpView) -> None:
    source = view.summarize(5000).source
    assert source is not None
    hostile = "<script>document.title='broken'</script><img src=x onerror=alert(1)> Done."
    sentence = SummarySentence(start=0, end=len(hostile), origin="model", support=0.9, stands=True, evidence=[[0, 5]])
    view.send(
        made_up.summary(5000, source, id=hostile).model_copy(
            update={"summary": hostile, "title": hostile, "sentences": [sentence], "metadata": {hostile: hostile}}
        )
    )
    tab = open_page(f"/feed?open={OUTPUT}:0:{view.overview().summaries - 1}")
    expect(tab.page.locator(".sentence")).to_contain_text("<script>document.title='broken'</script>")
    assert tab.page.locator("main img, main script").count() == 0
    assert "broken" not in tab.page.title()

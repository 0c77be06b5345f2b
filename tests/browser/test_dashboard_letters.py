"""The dead letters of the dashboard in a real browser: the reason, the payload as text, and the way back."""

from __future__ import annotations

import re

from dashboards import OpenPage, Shown
from made_up_view import LETTERS, MadeUpView
from playwright.sync_api import expect

SCRIPT = "<script>document.title='broken'</script><img src=x onerror=alert(1)>"


def test_a_script_in_a_dead_letter_is_shown_as_text(open_page: OpenPage, view: MadeUpView) -> None:
    view.fail(value=f"{SCRIPT}\u202e\x1b[2J".encode(), message=SCRIPT)
    tab = open_page("/letters")
    row = tab.page.locator("a.row").first
    expect(row).to_contain_text(SCRIPT)
    row.click()
    payload = tab.page.get_by_role("region", name="Value as text")
    expect(payload).to_have_text(f"{SCRIPT}⟨U+202E⟩⟨U+001B⟩[2J")
    assert tab.page.locator("main img, main script").count() == 0
    expect(tab.page).to_have_title("Healthy · Dead letters · gistream")
    expect(tab.page.get_by_role("dialog")).to_contain_text("traceparent")


def test_reasons_choose_what_is_listed(open_page: OpenPage) -> None:
    tab = open_page("/letters")
    expect(tab.page.locator(".count")).to_have_text("6 dead letters")
    tab.page.get_by_role("link", name="DeadlineExceeded in summarize 3").click()
    expect(tab.page).to_have_url(re.compile(r"\?reason=summarize%2FDeadlineExceeded$"))
    expect(tab.page.locator(".count")).to_have_text("3 dead letters of 6")
    expect(tab.page.locator("a.row")).to_have_count(3)
    tab.page.reload()
    expect(tab.page.locator("a.row")).to_have_count(3)
    tab.page.get_by_role("link", name="All reasons 6").click()
    expect(tab.page.locator("a.row")).to_have_count(6)


def test_the_overview_leads_to_the_letters_of_a_reason(open_page: OpenPage) -> None:
    tab = open_page("/")
    tab.page.get_by_role("link", name="UnknownPrompt in decode").click()
    expect(tab.page.locator("a.row")).to_have_count(3)


def test_dead_letters_appear_as_they_arrive(open_page: OpenPage, view: MadeUpView) -> None:
    tab = open_page("/letters")
    expect(tab.page.locator("a.row")).to_have_count(6)
    letter = view.fail()
    expect(tab.page.locator("a.row").first).to_contain_text((letter.key or b"").decode())
    expect(tab.page.locator(".count")).to_have_text("7 dead letters")


def test_a_redrive_asks_first_and_says_what_came_of_it(open_page: OpenPage, site: Shown, view: MadeUpView) -> None:
    view.fail()
    tab = open_page("/letters")
    tab.page.locator("a.row").first.click()
    tab.page.get_by_role("button", name="Redrive …").click()
    question = tab.page.get_by_role("dialog", name="Redrive 1 dead letter?")
    expect(question).to_contain_text("goes back to the topic that it came from")
    question.get_by_role("button", name="Cancel").click()
    assert site.redriven == []
    tab.page.get_by_role("button", name="Redrive …").click()
    question.get_by_role("button", name="Redrive 1 dead letter").click()
    expect(tab.page.get_by_role("dialog", name="1 document sent back")).to_be_visible()
    assert site.redriven == [([(LETTERS, 0, 6)], "")]


def test_all_of_a_reason_are_redriven_together(open_page: OpenPage, site: Shown) -> None:
    tab = open_page("/letters?reason=summarize/DeadlineExceeded")
    tab.page.get_by_role("button", name="Redrive all 3 …").click()
    tab.page.get_by_role("button", name="Redrive 3 dead letters").click()
    expect(tab.page.get_by_role("dialog", name="3 documents sent back")).to_be_visible()
    assert site.redriven == [([], "summarize/DeadlineExceeded")]


def test_a_letter_says_that_its_document_was_summarized_since(open_page: OpenPage, view: MadeUpView) -> None:
    letter = view.fail()
    tab = open_page("/letters")
    row = tab.page.locator("a.row").first
    expect(row.locator(".outcome")).to_be_hidden()
    view.send(view.summarize(1).model_copy(update={"id": "redriven", "source": letter.source}))
    expect(row.locator(".outcome")).to_have_text("summarized")
    row.click()
    expect(tab.page.get_by_role("dialog")).to_contain_text("summarized; nothing is left to do")
    tab.page.keyboard.press("Escape")
    # The browser goes back by itself, and would break off a reload.
    expect(tab.page).to_have_url(re.compile("/letters$"))
    tab.page.reload()
    expect(tab.page.locator("a.row").first.locator(".outcome")).to_have_text("summarized")

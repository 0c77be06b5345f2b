"""Two recipes side by side in a real browser."""

from __future__ import annotations

from dashboards import OpenPage
from playwright.sync_api import expect


def test_differing_words_are_marked_on_both_sides(open_page: OpenPage) -> None:
    tab = open_page("/compare")
    expect(tab.page.locator(".pair")).to_have_count(9)
    pair = tab.page.locator(".pair", has=tab.page.locator("ins")).first
    expect(pair.get_by_role("heading", level=3)).to_have_text(
        ["A summaries: prompt default, recipe 7c1f0e52", "B summaries-concise: prompt concise, recipe b0d4a91c"]
    )
    # The difference is said in words, too, for who does not see the mark.
    expect(pair.locator("ins").first).to_contain_text("[only in B: ")
    expect(tab.page.locator(".pair", has_text="the same words")).to_have_count(3)


def test_only_those_that_differ_survives_a_reload(open_page: OpenPage) -> None:
    tab = open_page("/compare")
    tab.page.get_by_label("Only those that differ").check()
    expect(tab.page.locator(".pair")).to_have_count(6)
    tab.page.reload()
    expect(tab.page.get_by_label("Only those that differ")).to_be_checked()
    expect(tab.page.locator(".pair")).to_have_count(6)

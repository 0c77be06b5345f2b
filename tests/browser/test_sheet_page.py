"""The page on which people judge summaries, in a real browser: `make test-browser`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from browser import Tab, browser, open_tab
from playwright.sync_api import BrowserContext, Error, expect
from sheets import HOSTILE, STORIES, page

from evaluation.sheet import sheet_page


@pytest.fixture
def context() -> Iterator[BrowserContext]:
    with browser() as opened:
        yield opened


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    path = tmp_path / "sheet.html"
    path.write_text(page())
    return path


def begin(context: BrowserContext, path: Path) -> Tab:
    tab = open_tab(context, path)
    tab.page.keyboard.press("Escape")
    return tab


def test_a_closed_tab_loses_nothing(context: BrowserContext, sheet: Path) -> None:
    tab = begin(context, sheet)
    tab.page.keyboard.press("ArrowRight")
    tab.keys("12m3p")
    tab.page.close()
    again = open_tab(context, sheet)
    assert not again.page.locator("#help").is_visible()
    assert again.text("place") == "Text 2 of 4 · 0 complete"
    assert again.marks()[0] == ["supported", "supported"]
    assert again.pressed() == ["Preferred", "Main point: 3 of 5"]


def test_a_sheet_of_other_summaries_has_ratings_of_its_own(context: BrowserContext, sheet: Path) -> None:
    begin(context, sheet).keys("1")
    sheet.write_text(page(STORIES[:2]))
    tab = begin(context, sheet)
    assert tab.text("place") == "Text 1 of 2 · 0 complete"
    assert tab.marks() == [["", ""], ["", ""]]


def test_two_tabs_do_not_undo_each_other(context: BrowserContext, sheet: Path) -> None:
    first, second = begin(context, sheet), open_tab(context, sheet)
    first.keys("1")
    expect(second.page.locator("[data-mark=supported]")).to_have_count(1)
    second.keys("2")
    expect(first.page.locator("[data-mark=supported]")).to_have_count(2)


def test_a_browser_that_keeps_nothing_says_so(context: BrowserContext, sheet: Path) -> None:
    context.add_init_script("Storage.prototype.setItem = () => { throw new Error('full'); }")
    tab = begin(context, sheet)
    tab.keys("1")
    assert tab.text("kept") == "This browser does not keep your ratings: save before you close the tab."
    assert tab.marks()[0][0] == "supported"


def test_a_sentence_goes_through_the_marks_and_back(context: BrowserContext, sheet: Path) -> None:
    tab = begin(context, sheet)
    marks = []
    for _ in range(4):
        tab.keys("2")
        marks.append(tab.marks()[0][1])
    assert marks == ["supported", "partly", "unsupported", ""]


def test_a_second_press_takes_a_rating_back(context: BrowserContext, sheet: Path) -> None:
    tab = begin(context, sheet)
    tab.keys("m3ynp")
    assert tab.pressed() == ["Preferred", "Main point: 3 of 5", "Usable: No"]
    tab.keys("m3np")
    assert tab.pressed() == []


def test_a_digit_after_m_is_a_rating_and_no_sentence(context: BrowserContext, sheet: Path) -> None:
    tab = begin(context, sheet)
    tab.keys("m")
    assert tab.text("missing") == "Main point of summary A: press 1 to 5."
    tab.keys("92")
    assert tab.pressed() == ["Main point: 2 of 5"]
    assert tab.marks()[0] == ["", ""]
    tab.keys("m")
    tab.page.keyboard.press("Escape")
    tab.keys("2")
    assert tab.marks()[0] == ["", "supported"]


def test_shift_reaches_the_eleventh_sentence(context: BrowserContext, tmp_path: Path) -> None:
    path = tmp_path / "long.html"
    path.write_text(sheet_page("x", STORIES[:1], {"a": ["It fell again. " * 12]}))
    tab = begin(context, path)
    tab.page.keyboard.press("Shift+Digit1")
    tab.page.keyboard.press("Digit0")
    assert tab.marks() == [["", *[""] * 8, "supported", "supported", ""]]


def test_a_key_with_control_belongs_to_the_browser(context: BrowserContext, sheet: Path) -> None:
    tab = begin(context, sheet)
    tab.page.keyboard.press("Control+1")
    tab.page.keyboard.press("Alt+y")
    assert tab.marks()[0] == ["", ""]
    assert tab.pressed() == []


def test_everything_can_be_clicked(context: BrowserContext, sheet: Path, tmp_path: Path) -> None:
    tab = open_tab(context, sheet)
    tab.page.get_by_role("button", name="Begin").click()
    for text in range(len(STORIES)):
        for card in tab.page.get_by_role("article").all():
            for sentence in card.locator(".sentence").all():
                sentence.click()
            for name in ("Main point: 4 of 5", "Reads well: 5 of 5", "Usable: Yes"):
                card.get_by_role("button", name=name).click()
            card.get_by_role("button", name="Preferred").click()
        if text + 1 < len(STORIES):
            tab.page.get_by_role("button", name="Unfinished").click()
    assert tab.text("place") == "Text 4 of 4 · 4 complete"
    saved = json.loads(tab.save(tmp_path / "ratings.json").read_text())
    assert [text["id"] for text in saved["texts"]] == [story.id for story in STORIES]
    assert all(len(text["preferred"]) == len(text["summaries"]) for text in saved["texts"])


def test_a_text_without_ratings_is_not_in_the_file(context: BrowserContext, sheet: Path, tmp_path: Path) -> None:
    tab = begin(context, sheet)
    tab.page.keyboard.press("ArrowRight")
    tab.keys("y")
    [text] = json.loads(tab.save(tmp_path / "ratings.json").read_text())["texts"]
    assert text["id"] == "story-1"
    assert [summary["usable"] for summary in text["summaries"]] == [True, None, None]
    assert text["summaries"][0]["sentences"] == [None, None]


def test_hostile_texts_and_names_do_not_run(context: BrowserContext, tmp_path: Path) -> None:
    path = tmp_path / "sheet.html"
    stories = [replace(STORIES[0], id=HOSTILE, text=HOSTILE, language='"><script>')]
    path.write_text(sheet_page(HOSTILE, stories, {"a": [HOSTILE], "__proto__": ["It fell."]}))
    tab = begin(context, path)
    tab.keys("1y")
    assert tab.page.title().startswith("Summaries of </script><script>")
    assert tab.page.locator("main img, main b, main script, textarea").count() == 0
    assert tab.text("words").startswith("</script><script>document.title='broken'</script>")
    assert (tab.requests, tab.complaints) == ([path.as_uri()], [])


def test_the_policy_refuses_to_load_and_to_run(context: BrowserContext, sheet: Path) -> None:
    tab = begin(context, sheet)
    with pytest.raises(Error, match="Failed to fetch"):
        tab.page.evaluate("fetch('https://example.org/')")
    with pytest.raises(Error, match="TrustedHTML"):
        tab.page.evaluate("document.body.innerHTML = '<b>markup</b>'")
    assert [url for url in tab.requests if not url.startswith("file:")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_page_fits_and_is_readable(scheme: str, width: int, height: int, sheet: Path) -> None:
    with browser(color_scheme=scheme, viewport={"width": width, "height": height}) as context:
        tab = begin(context, sheet)
        tab.keys("122m2ypj")
        assert tab.page.evaluate("document.documentElement.scrollWidth") == width
        assert tab.page.evaluate("document.documentElement.scrollHeight") == height
        ground = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (brightness(ground) > 0.5) == (scheme == "light")
        for selector in READ:
            ink, paper = tab.page.locator(selector).first.evaluate(COLOURS)
            assert contrast(ink, paper) >= 4.5, selector


READ = (
    *("#words", "#place", "#missing", ".name", "[aria-pressed=true]", ".sign"),
    *(f".sentence[data-mark={mark}] .{part}" for mark in ("supported", "partly") for part in ("words", "sign")),
)
# The colour of an element, and the one behind it.
COLOURS = """element => {
  const paper = (each) => {
    const colour = getComputedStyle(each).backgroundColor;
    return colour === "rgba(0, 0, 0, 0)" ? paper(each.parentElement) : colour;
  };
  return [getComputedStyle(element).color, paper(element)];
}"""


def brightness(colour: str) -> float:
    """Return the relative luminance of WCAG 2, from 0 to 1, of a colour such as `rgb(255, 255, 255)`."""
    shares = [int(value) / 255 for value in colour[4:-1].split(",")]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink: str, paper: str) -> float:
    """Return the contrast of WCAG 2, from 1 to 21."""
    dark, light = sorted((brightness(ink), brightness(paper)))
    return (light + 0.05) / (dark + 0.05)


def test_every_button_has_a_name_and_shows_the_focus(context: BrowserContext, sheet: Path) -> None:
    tab = begin(context, sheet)
    names = set()
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        name, outline = tab.page.evaluate(
            "[document.activeElement.ariaLabel ?? document.activeElement.textContent.trim(),"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        if tab.page.evaluate("document.activeElement !== document.body"):
            assert name
            assert outline != "none", name
            names.add(name)
    assert {"Main point: 1 of 5", "Usable: No"} <= names


def test_the_keyboard_stays_in_the_help(context: BrowserContext, sheet: Path) -> None:
    tab = open_tab(context, sheet)
    tab.keys("1y")
    assert tab.pressed() == []
    tab.page.get_by_role("button", name="Begin").press("Enter")
    tab.keys("?")
    assert tab.page.get_by_role("dialog", name="How to judge").is_visible()

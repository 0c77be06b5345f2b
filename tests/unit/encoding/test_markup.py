"""HTML, its names of letters and a terminal's marks are read as what they show; a text that tells of them is a text."""

from __future__ import annotations

import pytest

from streaming.encoding.content import read_content
from streaming.errors import BadInput

BODY = "The ferry was cancelled for three days because its engine would not start. Engineers found water in the fuel."
HALVES = BODY.split(". ")
PAGES = {
    "a page": f"<!doctype html>\n<html><head><title>The\n ferry &amp; more</title>"
    "<style>p {color: red}</style></head>"
    f"<body><p>{HALVES[0]}.</p><script>let a = 1</script><p>{HALVES[1]}</p></body></html>",
    "a page whose head does not end": f"<!DOCTYPE html><head><title>The ferry &amp; more</title>"
    f"<p>{HALVES[0]}.<p>{HALVES[1]}",
    "XHTML": f'<?xml version="1.0"?>\n<!-- by a program -->\n<html xmlns="http://www.w3.org/1999/xhtml"><head>'
    f"<title>The ferry &amp; more</title></head><body><div>{HALVES[0]}.</div><div>{HALVES[1]}</div></body></html>",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_what_it_shows_and_its_title(name: str) -> None:
    content = read_content(PAGES[name])
    assert content.text.split() == BODY.split()
    assert (content.title, content.read_as) == ("The ferry & more", ("HTML",))


@pytest.mark.parametrize(
    "piece",
    [
        f"<p>{HALVES[0]}.</p><p>{HALVES[1]}</p>",
        f"<p>{HALVES[0]}.</p>\n\n<p>{HALVES[1]}</p>\n",
        f'<div class="text">{HALVES[0]}.<br/>{HALVES[1]}</div>',
    ],
)
def test_a_piece_of_html_is_what_it_shows(piece: str) -> None:
    content = read_content(piece)
    assert (content.text.split(), content.read_as) == (BODY.split(), ("HTML",))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Die M&uuml;hle in der Stra&#223;e steht still.", "Die Mühle in der Straße steht still."),
        ("The miller&#39;s house &amp; the bridge stand; they don&rsquo;t move.", None),
        ("&Uuml;ber dem Caf&eacute; wohnt der M&#xFC;ller.", "Über dem Café wohnt der Müller."),
    ],
)
def test_letters_by_their_names_are_letters(text: str, shown: str | None) -> None:
    content = read_content(text)
    assert content.text == (shown or "The miller's house & the bridge stand; they don’t move.")
    assert content.read_as == ("HTML's names of letters",)


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[1;31m" + BODY + "\x1b[0m",
        BODY.replace("ferry", "\x1b]8;;https://example.org\x07ferry\x1b]8;;\x07"),
        "".join(f"{c}\b{c}" if c.isalpha() else c for c in BODY),
        "".join(f"_\b{c}" if c.isalpha() else c for c in BODY),
    ],
)
def test_marks_of_a_terminal_are_left_out(text: str) -> None:
    content = read_content(text)
    assert (content.text, content.read_as) == (BODY, ("text with a terminal's marks",))


@pytest.mark.parametrize(
    "text",
    [
        BODY,
        f'<div align="center">\n\n# The ferry\n\n</div>\n\n{BODY}',
        f"<p>{HALVES[0]}.</p>\n\nThat is how a paragraph looks in HTML.",
        f"{BODY} In HTML a paragraph stands between <p> and </p>, and M&uuml;hle is written so.",
        f"Write &uuml; for a letter with two dots. {BODY}",
        f"{BODY} " * 20 + "Some write M&uuml;hle.",
        "AT&T; and R&D; are names.",
        "<html is how a page begins.",
    ],
)
def test_a_text_that_tells_of_markup_stays_as_it_is(text: str) -> None:
    assert (read_content(text).text, read_content(text).read_as) == (text, ())


@pytest.mark.parametrize(
    ("text", "type", "reason"),
    [
        ("<!doctype html><html><body><script>start()</script></body></html>", "NoText", "HTML that shows no text"),
        (r"{\rtf1\ansi\deff0 \f0\fs24 The ferry was cancelled.\par}", "Binary", "an RTF document: convert it to text"),
    ],
)
def test_what_has_no_text_to_read_is_named(text: str, type: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as caught:
        read_content(text)
    assert caught.value.type == type


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<p>Two < three, and <b>so on</b>.</p>", "Two < three, and so on."),
        ("<!-- <p>not this</p> --><p>This.</p><!-- nor this", "This."),
        ("<p>This." + "<title" * 10_000, "This." + "<title" * 10_000),
        # A number that Python refuses to read.
        (
            f"<title>T&#{'9' * 5_000};</title><p>This&#{'9' * 5_000}; &#xfffffffff; &eacute;&#233;.</p>",
            "This\ufffd \ufffd éé.",
        ),
    ],
)
def test_damaged_html_is_read_as_far_as_it_goes(body: str, shown: str) -> None:
    assert read_content(f"<html>{body}").text == shown

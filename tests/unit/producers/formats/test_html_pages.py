"""A page of HTML is its main text, in whatever encoding it says, and all that it shows where there is no main text."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from format_reading import documents_of, refusal_of, text_of

STORY = (
    "The mill stopped on a Tuesday, because a beam had cracked in the night, and nobody had heard it.",
    "The miller sent for the wheelwright, who came on Thursday with two apprentices and a cart of oak.",
    "It took nine days to mend, and the bakers of three villages bought their flour elsewhere.",
)
PICTURE = base64.b64encode(bytes(range(256)) * 8).decode()
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>The mill &amp; the beam</title>
<style>p {{ color: red }}</style><script>var miller = "Xyzzy";</script></head><body>
<nav><ul><li><a href="/">Home</a></li><li><a href="/about">About us</a></li></ul></nav>
<article><h1>The mill</h1><p>{STORY[0]}</p><img src="data:image/png;base64,{PICTURE}" alt=""><p>{STORY[1]}</p>
<p>{STORY[2]}</p></article><footer>Copyright 2026. All rights reserved.</footer></body></html>"""


def test_a_page_is_its_main_text_without_menus_scripts_styles_and_pictures(tmp_path: Path) -> None:
    (document,) = documents_of(tmp_path / "a.html", PAGE)
    assert document["text"] == "\n\n".join(("The mill", *STORY))
    assert (document["id"], document["title"]) == ("a.html", "The mill & the beam")
    assert document["metadata"] == {"read_as": "the main text of HTML"}


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("The Mill | The Daily Byte", "The mill"),
        ("The mill — Chronicle 3.1 — Aldwick", "The mill"),
        ("The mill and the beam", "The mill and the beam"),
        ("Chronicle", "Chronicle"),
    ],
)
def test_the_title_of_a_page_is_without_the_name_of_its_site(tmp_path: Path, title: str, shown: str) -> None:
    (document,) = documents_of(tmp_path / "a.html", PAGE.replace("The mill &amp; the beam", title))
    assert document["title"] == shown


NOTICE = (
    "We and our partners store cookies on your device, to measure the use of this site, and to show advertisements. "
)
BANNER = f'<div id="cookie-notice"><div class="consent"><p>{NOTICE * 9}</p><button>Accept</button></div></div>'


def test_a_notice_about_cookies_is_no_text_of_a_page_however_long(tmp_path: Path) -> None:
    assert text_of(tmp_path / "a.html", PAGE.replace("<nav>", f"{BANNER}<nav>")) == "\n\n".join(("The mill", *STORY))
    notice = PAGE.replace(f"<p>{STORY[0]}</p>", f'<section id="cookie-law"><h2>The law</h2><p>{STORY[0]}</p></section>')
    assert "The law" in text_of(tmp_path / "b.html", notice)


def test_a_page_without_a_main_text_is_all_that_it_shows(tmp_path: Path) -> None:
    (document,) = documents_of(tmp_path / "a.htm", "<title>Hours</title><table><tr><td>Mon<td>8 to 5</table><p>Closed.")
    assert (document["title"], document["text"]) == ("Hours", "Mon\n8 to 5\n\nClosed.")
    assert document["metadata"] == {"read_as": "HTML"}


@pytest.mark.parametrize(
    ("declaration", "encoding"),
    [
        ('<meta charset="windows-1252">', "cp1252"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1">', "cp1252"),
        ("<meta charset=koi8-r>", "koi8-r"),
        ('<?xml version="1.0" encoding="shift_jis"?>', "cp932"),
        ('<meta charset="gb2312">', "gb18030"),
        ('<meta charset="windows-1252">', "utf-8"),
        ("", "utf-16-le"),
        ("", "utf-16"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_is_in(tmp_path: Path, declaration: str, encoding: str) -> None:
    text = {"koi8-r": "Мельница стояла.", "cp932": "水車は火曜日に止まった。", "gb18030": "磨坊在星期二停了。"}
    words = text.get(encoding, "Die Mühle „stand“ still.")
    assert text_of(tmp_path / "a.html", f"{declaration}<p>{words}</p>".encode(encoding)) == words


def test_a_page_that_shows_nothing_is_refused(tmp_path: Path) -> None:
    reason = refusal_of(tmp_path / "a.html", '<html><body><img src="a.png"><script>var a = 1;</script></body></html>')
    assert reason == "HTML that shows no text"


def test_a_text_that_is_called_html_is_that_text(tmp_path: Path) -> None:
    assert (
        text_of(tmp_path / "a.html", "The mill stopped.\n\n1 < 2 and 3 > 2.") == "The mill stopped.\n\n1 < 2 and 3 > 2."
    )


def test_a_page_is_cut_at_its_headings_when_it_is_asked_for(tmp_path: Path) -> None:
    names = ("The beam", "The wheelwright", "The bread")
    lists = "<ul><li>a saw</li><li>a rope</li></ul>"
    sections = "".join(f"<h2>{name}</h2><p>{line}</p>{lists}" for name, line in zip(names, STORY, strict=True))
    page = f"<html><title>The mill</title><body><article><h1>A mill</h1>{sections}</article></body></html>"
    documents = documents_of(tmp_path / "a.html", page, split="headings")
    assert [document["title"] for document in documents] == ["The mill", *(f"The mill, {name}" for name in names)]
    assert documents[1]["text"] == f"The beam\n\n{STORY[0]}\n\n- a saw\n- a rope"


def test_a_page_whose_main_text_lacks_most_of_its_prose_is_all_that_it_shows(tmp_path: Path) -> None:
    paragraphs = "".join(f"<p>{line}</p>" for line in STORY)
    more = "".join(f"<p>{number}: {line}</p>" for number in range(5) for line in STORY)
    page = f"<html><body><article>{paragraphs}</article><aside class='sidebar'>{more}</aside></body></html>"
    (document,) = documents_of(tmp_path / "a.html", page)
    assert document["metadata"] == {"read_as": "HTML"}
    assert f"4: {STORY[2]}" in document["text"]


def test_the_posts_of_a_forum_are_read_once(tmp_path: Path) -> None:
    first = f'<div class="post"><b>anna</b> wrote:<br><p>{STORY[0]}</p></div>'
    quote = "<blockquote>The mill stopped</blockquote>"
    second = f'<div class="post"><b>karl</b> wrote:<br>{quote}<p>{STORY[1]}</p></div>'
    text = text_of(tmp_path / "a.html", f"<html><body>{first}{second}</body></html>")
    assert [text.count(words) for words in STORY[:2]] == [1, 1]

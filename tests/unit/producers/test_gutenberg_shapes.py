"""Books whose chapters have no CHAPTER over them: plain numbers, numbers in words, titles that the contents list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gutenberg_books import LONG, ROMAN, read, story

from producers.gutenberg.book import read_book
from streaming.errors import UsageError

TITLES = [
    "The Night Before the Flood", "The Falling Wall", "On the Common", "The Opening of the Lock",
    "Under Foot", "What We Saw from the Barn", "The Days of Hunger", "The Death of the Miller",
]  # fmt: skip
WORDS = ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"]
ORDINALS = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth"]
TEXTS = [story(f"year {number}") for number in range(8)]
# A heading of the chapter with a number in the book, a number in its part, and a title.
Heading = Callable[[int, int], str]
NUMBERED: dict[str, Heading] = {
    "numeral, the title below": lambda part, book: f"{ROMAN[part]}.\n{TITLES[book].upper()}.",
    "numeral, a title in small letters below": lambda part, book: f"{ROMAN[part]}.\n{TITLES[book]}.",
    "numeral, a title like a sentence below": lambda part, book: f"{ROMAN[part]}.\n{TITLES[book].capitalize()}.",
    "numeral, a title of two lines below": lambda part, book: f"{ROMAN[part]}.\n{TITLES[book].upper()},\nAND AFTER.",
    "numeral, the title in the next paragraph": lambda part, book: f"{ROMAN[part]}\n\n{TITLES[book].upper()}",
    "numeral and title in one line": lambda part, book: f"{ROMAN[part]}. {TITLES[book].upper()}.",
    "numeral, dash and title in one line": lambda part, book: f"{ROMAN[part]}.—{TITLES[book]}",
    "numeral and capitals": lambda part, book: f"{ROMAN[part]} {TITLES[book].upper()}",
    "digit and title in one line": lambda part, book: f"{part + 1}. {TITLES[book].capitalize()}",
    "indented": lambda part, book: f"          {ROMAN[part]}.\n     {TITLES[book].upper()}",
    "number in words": lambda part, book: WORDS[part].upper(),
    "number in words, the title below": lambda part, book: f"{WORDS[part]}\n{TITLES[book]}",
    "ornaments": lambda part, book: f"— {ROMAN[part]} —",
    "CHAPTER, the title below": lambda part, book: f"CHAPTER {ROMAN[part]}\n{TITLES[book].capitalize()}.",
    "another word": lambda part, book: f"CANTO {ROMAN[part]}",
    "ordinal and another word": lambda part, book: f"THE {ORDINALS[part].upper()} NIGHT",
    "another word and a title": lambda part, book: f"Section {part + 1}. {TITLES[book]}",
}
LISTED = {
    "none": "",
    "titles": "CONTENTS\n\n" + "\n".join(f"  {title}" for title in TITLES),
    "titles and pages": "Contents\n\n" + "\n\n".join(f"  {title} ..... {7 * n + 3}" for n, title in enumerate(TITLES)),
    "numbers, titles and pages": "CONTENTS\n\n                PAGE\n"
    + "\n".join(f"  {ROMAN[n]}. {title.upper()}  {7 * n + 3}" for n, title in enumerate(TITLES)),
}


def whole(heading: Heading, contents: str = "") -> str:
    return "THE MILL\n\n\n" + contents + "\n\n\n" + "\n\n\n".join(f"{heading(n, n)}\n\n{TEXTS[n]}" for n in range(8))


def in_parts(heading: Heading, contents: str = "", *, restart: bool = True) -> str:
    book = f"THE MILL\n\n\n{contents}\n\n\n"
    for part in range(2):
        chapters = [
            f"{heading(n if restart else 4 * part + n, 4 * part + n)}\n\n{TEXTS[4 * part + n]}" for n in range(4)
        ]
        book += f"BOOK {WORDS[part].upper()}\nTHE RIVER\n\n\n" + "\n\n\n".join(chapters) + "\n\n\n"
    return book


def texts(path: Path, book: str) -> list[str]:
    return [document.text for document in read(path / "mill.txt", book)]


def refusal(path: Path, book: str) -> str:
    (path / "mill.txt").write_text(book)
    with pytest.raises(UsageError) as caught:
        read_book(path / "mill.txt")
    return str(caught.value)


@pytest.mark.parametrize("contents", LISTED)
@pytest.mark.parametrize("shape", NUMBERED)
def test_chapters_are_found_by_their_numbers(tmp_path: Path, shape: str, contents: str) -> None:
    assert texts(tmp_path, whole(NUMBERED[shape], LISTED[contents])) == TEXTS


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize("shape", NUMBERED)
def test_numbers_may_begin_again_in_each_part_or_count_on(tmp_path: Path, shape: str, restart: bool) -> None:
    listed = "CONTENTS\n\n" + "\n\n".join(
        f" BOOK {WORDS[part].upper()}.—THE RIVER\n"
        + "\n".join(f" {ROMAN[n]}. {TITLES[4 * part + n]}." for n in range(4))
        for part in range(2)
    )
    for contents in ("", listed):
        sent = read(tmp_path / "mill.txt", in_parts(NUMBERED[shape], contents, restart=restart))
        assert [document.text for document in sent] == TEXTS
        assert [document.id for document in sent][3:5] == ["mill-b01-c04", "mill-b02-c01"]


def test_a_number_in_a_story_and_a_numbered_list_hide_no_chapters(tmp_path: Path) -> None:
    inside = f"{story('May')}\n\nTwo.\n\n1. Take the flour.\n\n2. Take the water.\n\n"
    for shape in ("numeral, the title below", "numeral and title in one line", "another word"):
        book = whole(NUMBERED[shape]).replace(TEXTS[4], f"{inside}{TEXTS[4]}")
        assert texts(tmp_path, book) == [*TEXTS[:4], f"{inside}{TEXTS[4]}", *TEXTS[5:]]


def test_the_title_below_a_numeral_is_the_chapters_title(tmp_path: Path) -> None:
    for shape in ("numeral, the title below", "numeral and title in one line"):
        first = read(tmp_path / "mill.txt", whole(NUMBERED[shape]))[0]
        assert first.metadata == {"chapter": "I", "chapter_title": "THE NIGHT BEFORE THE FLOOD.", "number": "1"}


@pytest.mark.parametrize("contents", [name for name in LISTED if name != "none"])
@pytest.mark.parametrize("spelling", [str, str.upper, lambda title: f"_{title}._", lambda title: f"{title!s}!"])
def test_titles_without_numbers_are_found_by_the_table_of_contents(
    tmp_path: Path, contents: str, spelling: Callable[[str], str]
) -> None:
    book = whole(lambda _, n: spelling(TITLES[n]), LISTED[contents])
    assert texts(tmp_path, book) == TEXTS
    assert texts(tmp_path, book.replace("The Days of Hunger", "The Days of\n    Hunger", 1)) == TEXTS


@pytest.mark.parametrize("title", ["", "\n THE RIVER", "\n\n THE RIVER\n"])
def test_titles_without_numbers_may_be_in_parts(tmp_path: Path, title: str) -> None:
    listed = "CONTENTS\n\n" + "\n\n".join(
        f" BOOK {WORDS[part].upper()}{title}\n" + "\n".join(f" {TITLES[4 * part + n]}  {n + 3}" for n in range(4))
        for part in range(2)
    )
    sent = read(tmp_path / "mill.txt", in_parts(lambda _, n: TITLES[n].upper(), listed))
    assert [document.text for document in sent] == TEXTS
    assert sent[4].title == "Book Two: The River, Under Foot"


def test_numbers_over_the_sections_of_a_chapter_are_no_chapters(tmp_path: Path) -> None:
    sections = f"I.\n\n{story('May')}\n\n\nII."
    for shape in ("numeral and title in one line", "another word", "CHAPTER, the title below"):
        book = whole(lambda part, n, shape=shape: f"{NUMBERED[shape](part, n)}\n\n\n{sections}")  # type: ignore[misc]
        assert texts(tmp_path, book) == [f"{sections}\n\n{text}" for text in TEXTS]


@pytest.mark.parametrize(
    ("book", "seen"),
    [
        (whole(lambda _, n: TITLES[n].upper()), "8 other lines like titles"),
        (whole(lambda part, _: ROMAN[part + (part > 3)]), "8 plain numbers"),
        (in_parts(lambda _, n: TITLES[n].upper()), "2 headings like 'BOOK ONE', 8 other lines like titles"),
        (in_parts(lambda part, _: ROMAN[part + (part > 2)]), "2 headings like 'BOOK ONE', 8 plain numbers"),
        (whole(lambda _, n: TITLES[n].upper(), LISTED["titles"].replace("Hunger", "Thirst")), "8 other lines"),
        (f"BOOK ONE\n\n{story('1')}\n\nBOOK TWO\n\n{story('2')}", "2 headings like 'BOOK ONE'"),
        (f"BOOK ONE\n\n{story('1')}\n\nBOOK TWO\n\n{story('2')}\n\nBOOK FOUR\n\n{story('4')}", "3 headings like"),
        ("\n\n".join(f"- {page} -\n\n{story(page)}" for page in range(1, 9)), "no line in it stands like a heading"),
        (in_parts(lambda _, n: TITLES[n].upper()) + "\n\n".join(f"Section {n}. Terms\n\n{LONG}" for n in (1, 2, 3)),
         "2 headings like 'BOOK ONE'"),
        (f"{LONG * 30}\n\n1. Take the flour.\n\n2. Take the water.\n\n3. Mix them.\n\n{LONG * 30}", "3 plain numbers"),
        ("\n\n\n".join(f"{title}\n\nI.\n\n{story('1')}\n\nII.\n\n{story('2')}" for title in TITLES), "16 plain"),
    ],
    ids=["titles", "a gap", "parts with titles", "parts with gaps", "a title that is not there", "two parts",
         "parts with a gap", "pages", "a licence", "a recipe", "sections of stories"],
)  # fmt: skip
def test_what_does_not_count_up_is_refused_with_what_was_seen(tmp_path: Path, book: str, seen: str) -> None:
    message = refusal(tmp_path, book)
    assert f"mill.txt: {seen}" in message
    assert "mill.txt --split REGEX`" in message


@pytest.mark.parametrize("caption", ["[Illustration: THE MILL]", "[Illustration: The mill,\nby night]"])
@pytest.mark.parametrize("shape", ["CHAPTER, the title below", "numeral and title in one line", "another word"])
def test_a_caption_above_a_heading_goes_with_its_chapter(tmp_path: Path, shape: str, caption: str) -> None:
    book = whole(lambda part, book: f"{caption}\n\n{NUMBERED[shape](part, book)}")
    assert texts(tmp_path, book) == [f"{caption}\n\n{text}" for text in TEXTS]


def test_a_caption_within_a_chapter_and_a_paragraph_in_brackets_stay(tmp_path: Path) -> None:
    book = whole(NUMBERED["another word"]).replace(TEXTS[2], f"[Illustration: A]\n\n{TEXTS[2]}\n\n[So it ends.]")
    assert texts(tmp_path, book)[2] == f"[Illustration: A]\n\n{TEXTS[2]}\n\n[So it ends.]"

"""Titles above or below a number, and what stands behind the last chapter: shapes of books as they are on Gutenberg."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gutenberg_books import LONG, ROMAN, read, story

from producers.gutenberg.book import read_book
from streaming.errors import UsageError

TITLES = [
    "The Night Before the Flood", "The Falling Wall", "A Letter from Town", "The Opening of the Lock",
    "Under Foot", "What We Saw from the Barn", "The Days of Hunger", "The Death of the Miller",
]  # fmt: skip
ORDINALS = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth"]
CARDINALS = ["One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight"]
TEXTS = [story(f"year {number}") for number in range(8)]
Heading = Callable[[int], str]
SHAPES: dict[str, Heading] = {
    "a title above a numeral": lambda n: f"{TITLES[n].upper()}\n\n{ROMAN[n]}.",
    "a title right above a numeral": lambda n: f"{TITLES[n].upper()}\n{ROMAN[n]}.",
    "a title in small letters above a numeral": lambda n: f"{TITLES[n]}\n\n{ROMAN[n]}",
    "a title above CHAPTER": lambda n: f"{TITLES[n].upper()}\n\nCHAPTER {ROMAN[n]}",
    "a title right above CHAPTER": lambda n: f"{TITLES[n]}\nCHAPTER {ROMAN[n]}",
    "a title like a sentence above CHAPTER": lambda n: f"{TITLES[n].capitalize()}.\n\nCHAPTER {ROMAN[n]}",
    "a title with small words in the next paragraph": lambda n: f"{ROMAN[n]}\n\n{TITLES[n]}",
    "a title with a period in the next paragraph": lambda n: f"CHAP. {ROMAN[n]}.\n\n{TITLES[n]}.",
    "a title like a sentence in the next paragraph": lambda n: f"CHAP. {ROMAN[n]}.\n\n{TITLES[n].capitalize()}.",
    "a title in lower case": lambda n: f"CHAP. {ROMAN[n]}. {TITLES[n].lower()}.",
    "a title in lower case below": lambda n: f"CHAP. {ROMAN[n]}.\n{TITLES[n].lower()}",
    "a title that tells the chapter": lambda n: (
        f"CHAPTER {ROMAN[n]}.\n\nIn which the miller is told of {TITLES[n]}, "
        "and does what nobody who knew him would have thought that he could do"
    ),
    "two dashes": lambda n: f"{ROMAN[n]}. -- {TITLES[n].upper()}",
    "two dashes and no period": lambda n: f"{ROMAN[n]} -- {TITLES[n]}",
    "STAVE": lambda n: f"STAVE {CARDINALS[n].upper()}:  {TITLES[n].upper()}.",
    "Stave the First": lambda n: f"STAVE THE {ORDINALS[n].upper()}.\n\n{TITLES[n].upper()}.",
    "CANTO": lambda n: f"CANTO {ROMAN[n]}.\n\nTHE ARGUMENT",
    "LETTER": lambda n: f"LETTER {n + 1}\n\n_To Mrs. Saville, England._",
    "LETTER, from and to": lambda n: f"LETTER {ROMAN[n]}.\n\nMISS HOWE, TO MISS CLARISSA HARLOWE",
    "Chapter the First": lambda n: f"Chapter the {ORDINALS[n]}\n\n{TITLES[n]}",
    "SECOND CHAPTER": lambda n: f"{ORDINALS[n].upper()} CHAPTER",
    "parentheses": lambda n: f"({ROMAN[n]})",
    "parentheses, small": lambda n: f"({ROMAN[n].lower()})",
    "brackets": lambda n: f"[{ROMAN[n]}]",
    "ADVENTURE": lambda n: f"ADVENTURE {ROMAN[n]}. {TITLES[n].upper()}",
    "an ornament above": lambda n: f"* * * * *\n\n{ROMAN[n]}",
    "SECTION, a sentence below": lambda n: f"SECTION {ROMAN[n]}.\n\nOf {TITLES[n].lower()}.",
    "a picture between": lambda n: f"CHAPTER {ROMAN[n]}\n\n[Illustration]\n\n{TITLES[n].upper()}",
    "a word and its number in two lines": lambda n: f"CHAPTER\n{ROMAN[n]}",
    "DAY THE FIRST": lambda n: f"DAY THE {ORDINALS[n].upper()}",
}
REFUSED: dict[str, Heading] = {
    "titles alone": lambda n: TITLES[n].upper(),
    "NUMBER ONE": lambda n: f"NUMBER {CARDINALS[n].upper()}",
    "No. 1": lambda n: f"No. {n + 1}.\n\n{TITLES[n].upper()}",
    "small numerals": lambda n: f"{ROMAN[n].lower()}.",
    "German": lambda n: f"Kapitel {n + 1}",
    "French": lambda n: f"CHAPITRE {ROMAN[n]}",
    "paragraph signs": lambda n: f"§ {n + 1}. {TITLES[n]}",
    "dates": lambda n: f"{n + 3} May. Bistritz.",
    "acts and scenes in one line": lambda n: f"ACT {ROMAN[n // 4]}. SCENE {ROMAN[n % 4]}.",
    "a number twice": lambda n: f"{ROMAN[min(n, 6)]}.",
}


def whole(heading: Heading) -> str:
    return "THE MILL\n\n\n" + "\n\n\n".join(f"{heading(n)}\n\n{TEXTS[n]}" for n in range(8))


def chapter(n: int) -> str:
    return f"CHAPTER {ROMAN[n]}"


def texts(path: Path, book: str) -> list[str]:
    return [document.text for document in read(path / "mill.txt", book)]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_title_belongs_to_its_chapter_wherever_it_stands(tmp_path: Path, shape: str) -> None:
    assert texts(tmp_path, whole(SHAPES[shape])) == TEXTS


@pytest.mark.parametrize("shape", REFUSED)
def test_what_is_no_clear_chapter_is_refused(tmp_path: Path, shape: str) -> None:
    with pytest.raises(UsageError, match="No chapters can be told"):
        texts(tmp_path, whole(REFUSED[shape]))


@pytest.mark.parametrize("shape", ["a title above a numeral", "a title right above CHAPTER", "a title in lower case"])
def test_the_title_of_a_chapter_is_known(tmp_path: Path, shape: str) -> None:
    titles = [str(document.metadata["chapter_title"]) for document in read(tmp_path / "mill.txt", whole(SHAPES[shape]))]
    assert [title.casefold().rstrip(".") for title in titles] == [title.casefold() for title in TITLES]


def test_titles_above_may_be_in_parts(tmp_path: Path) -> None:
    book = "".join(
        f"BOOK {ROMAN[part]}\n\n\n" + "".join(
            f"{TITLES[4 * part + n].upper()}\n\n{ROMAN[n]}.\n\n{TEXTS[4 * part + n]}\n\n\n" for n in range(4)
        )
        for part in range(2)
    )  # fmt: skip
    assert texts(tmp_path, book) == TEXTS


def test_a_chapter_that_begins_with_a_few_words_keeps_them(tmp_path: Path) -> None:
    for every in (1, 2):
        spoken = [f"“Come in,” said he.\n\n{text}" if n % every == 0 else text for n, text in enumerate(TEXTS)]
        book = "\n\n\n".join(f"CHAPTER {ROMAN[n]}\n\n{text}" for n, text in enumerate(spoken))
        assert texts(tmp_path, book) == spoken


@pytest.mark.parametrize(
    "label",
    [
        "NOTES", "NOTES.", "FOOTNOTES", "Footnotes:", "ENDNOTES", "INDEX", "GENERAL INDEX", "INDEX OF NAMES",
        "GLOSSARY", "BIBLIOGRAPHY", "ERRATA", "NOTES TO CHAPTER I", "LIST OF ILLUSTRATIONS", "ADVERTISEMENTS",
        "TRANSCRIBER'S NOTES", "Transcriber’s Note:", "ACKNOWLEDGMENTS",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["CHAPTER", "numeral"])
def test_what_stands_behind_the_last_chapter_is_left_out_and_named(tmp_path: Path, label: str, shape: str) -> None:
    file = tmp_path / "mill.txt"
    book = whole(chapter if shape == "CHAPTER" else lambda n: f"{ROMAN[n]}.\n{TITLES[n].upper()}.")
    assert texts(tmp_path, f"{book}\n\n\nTHE END\n\n\n{label}\n\n1. A note.\n\n2. Another.{LONG}") == TEXTS
    assert read_book(file).back_matter == {label.rstrip(".:"): 5 + len(LONG.split())}


@pytest.mark.parametrize("heading", ["APPENDIX", "APPENDIX A.", "Appendix I: The Wages of Millers", "APPENDIX\nWAGES"])
def test_an_appendix_is_a_chapter_of_its_own(tmp_path: Path, heading: str) -> None:
    book = f"{whole(chapter)}\n\n\n{heading}\n\n{story('May')}\n\n\nINDEX\n\nAcre, 1\nBarn, 2"
    *chapters, appendix = read(tmp_path / "mill.txt", book)
    assert [document.text for document in chapters] == TEXTS
    assert appendix.text == story("May")
    assert appendix.metadata["chapter"].upper().startswith("APPENDIX")
    assert appendix.id == "mill-c09"


@pytest.mark.parametrize("lines", [1, 4])
def test_notes_by_chapter_are_no_chapters(tmp_path: Path, lines: int) -> None:
    notes = "\n\n".join(f"CHAPTER {ROMAN[n]}\n\n1. A note.{LONG * lines}" for n in range(8))
    assert texts(tmp_path, f"{whole(chapter)}\n\n\nNOTES\n\n\n{notes}") == TEXTS
    numbered = "\n\n".join(f"{n}. Note about it." for n in range(1, 20))
    assert texts(tmp_path, f"{whole(lambda n: f'{ROMAN[n]}.')}\n\n\nNOTES\n\n\n{numbered}") == TEXTS


def test_notes_at_the_end_of_each_chapter_belong_to_it(tmp_path: Path) -> None:
    with_notes = [f"{text}\n\nNOTES\n\n1. A note." for text in TEXTS]
    book = "\n\n\n".join(f"{chapter(n)}\n\n{text}" for n, text in enumerate(with_notes))
    assert texts(tmp_path, book) == with_notes


def test_a_second_novel_behind_the_first_is_read(tmp_path: Path) -> None:
    for between in ("THE END", "NOTES\n\n1. A note."):
        book = "\n\n\n".join(f"CHAPTER {ROMAN[n % 4]}\n\n{TEXTS[n]}" + f"\n\n\n{between}" * (n == 3) for n in range(8))
        assert [text for text in texts(tmp_path, book) if "NOTES" not in text] == [
            text for n, text in enumerate(TEXTS) if n != 3 or between == "THE END"
        ]

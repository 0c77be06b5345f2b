"""The chapters of a book: where each begins, what it is called, and that none is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from gutenberg_books import FOOTER, HEADER, LONG, PLAIN, ROMAN, chapters, parts_and_chapters, read, story
from hypothesis import given
from hypothesis import strategies as st

from producers.gutenberg.book import documents, read_book
from producers.gutenberg.numerals import read_number
from producers.records import to_record
from streaming.errors import UsageError
from streaming.messages import Document


def test_a_chapter_is_a_document_that_says_where_in_the_book_it_is(tmp_path: Path) -> None:
    book = f"{HEADER}BOOK ONE: THE DRY YEAR\n\n{chapters(PLAIN)}\n\nBOOK TWO\n\n{chapters(PLAIN)}{FOOTER}"
    sent = read(tmp_path / "a.txt", book)
    assert len(sent) == 8
    assert sent[1] == Document(
        id="pg12345-b01-c02",
        title="The Mill A Story, Book One: The Dry Year, Chapter II",
        text=story("CHAPTER II"),
        language="en",
        metadata={
            "book": "The Mill A Story",
            "author": "Ann Example",
            "part": "BOOK ONE: THE DRY YEAR",
            "chapter": "CHAPTER II",
            "number": "2",
        },
    )
    assert sent[-1].id == "pg12345-b02-c04"


def test_a_document_is_keyed_by_its_id_whatever_the_file_is_called(tmp_path: Path) -> None:
    book = HEADER + chapters(PLAIN) + FOOTER
    first, second = (read(tmp_path / name, book) for name in ("a.txt", "b.txt"))
    assert [document.id for document in first] == [f"pg12345-c0{n}" for n in (1, 2, 3, 4)]
    assert first == second
    assert to_record(first[0]).key == b"pg12345-c01"


def test_a_book_without_a_header_says_no_more_than_it_knows(tmp_path: Path) -> None:
    sent = read(tmp_path / "my own mill.txt", chapters(PLAIN))
    assert sent[0] == Document(
        id="my-own-mill-c01",
        title="Chapter I",
        text=story("CHAPTER I"),
        metadata={"chapter": "CHAPTER I", "number": "1"},
    )


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("CHAPTER {roman}", None),
        ("CHAPTER {roman}.", None),
        ("Chapter {arabic}", None),
        ("  CHAPTER {word}", None),
        ("Chapter the {ordinal}", None),
        ("_CHAPTER {roman}._", None),
        ("CHAP. {roman}.", None),
        ("STAVE {word}: MARTA'S WHEEL", "MARTA'S WHEEL"),
        ("CHAPTER {roman}. The Beginning", "The Beginning"),
        ("CHAPTER {roman} The Beginning", "The Beginning"),
        ("CHAPTER {roman}.—in which it\nbegins", "in which it begins"),
        ("Chapter {arabic}\nThe Beginning", "The Beginning"),
        ("CHAPTER {roman}\n\nTHE BEGINNING, AND WHAT\nIT WAS.", "THE BEGINNING, AND WHAT IT WAS."),
        ("CHAPTER {roman} [12]", None),
    ],
)
def test_a_chapter_is_known_by_its_heading(tmp_path: Path, heading: str, title: str | None) -> None:
    words, ordinals = ("ONE", "Two", "THREE"), ("First", "SECOND", "Third")
    headings = [heading.format(roman=ROMAN[n], arabic=n + 1, word=words[n], ordinal=ordinals[n]) for n in range(3)]
    sent = read(tmp_path / "a.txt", "\n\n".join(f"{line}\n\n{story('May')}" for line in headings))
    assert [document.metadata["number"] for document in sent] == ["1", "2", "3"]
    assert {document.metadata.get("chapter_title") for document in sent} == {title}
    assert {document.text for document in sent} == {story("May")}


def test_what_only_begins_like_a_heading_is_text(tmp_path: Path) -> None:
    lines = [
        "Chapter 5 of this work is dull, he said.",
        "Part one was over.",
        "Letter I never sent, but",
        "He had read\nCHAPTER III\nof it.",
        "Book mild and book did.",
        "“CHAPTER III”",
    ]
    text = "\n\n".join([story("May"), *lines, story("June")])
    sent = read(tmp_path / "a.txt", f"CHAPTER I\n\n{text}\n\nCHAPTER II\n\n{story('July')}")
    assert [document.text for document in sent] == [text, story("July")]


def test_a_first_paragraph_on_the_headings_line_stays_in_the_text(tmp_path: Path) -> None:
    texts = [f"CHAPTER {number}. It was a dark night, and {story('May')}" for number in ROMAN[:3]]
    assert [document.text for document in read(tmp_path / "a.txt", "\n\n".join(texts))] == texts


def test_a_part_is_named_with_what_it_is_in(tmp_path: Path) -> None:
    inside = "".join(f"BOOK THE {n}. THE WHEEL\n\n{chapters(PLAIN[:2])}\n\n" for n in ("FIRST", "SECOND"))
    parts = [part for part, _ in parts_and_chapters(tmp_path, "".join(f"VOLUME {n}\n\n{inside}" for n in ("I", "II")))]
    assert parts[::2] == [
        f"VOLUME {volume}, BOOK THE {book}: THE WHEEL" for volume in ("I", "II") for book in ("FIRST", "SECOND")
    ]


def test_an_epilogue_is_a_chapter_or_a_part_that_has_some(tmp_path: Path) -> None:
    book = f"PROLOGUE\n\n{story('0')}\n\nPART I\n\n{chapters(PLAIN[:2])}\n\nEPILOGUE\n\n"
    before = [(None, "PROLOGUE"), ("PART I", "CHAPTER I"), ("PART I", "CHAPTER II")]
    assert parts_and_chapters(tmp_path, book + story("9")) == [*before, ("PART I", "EPILOGUE")]
    after = [("EPILOGUE", "CHAPTER I"), ("EPILOGUE", "CHAPTER II")]
    assert parts_and_chapters(tmp_path, book + chapters(PLAIN[:2])) == before + after
    assert read(tmp_path / "a.txt", book + story("9"))[0].id == "a-b00-c01"


def test_a_conclusion_inside_of_a_book_is_text(tmp_path: Path) -> None:
    book = f"CHAPTER I\n\n{story(1)}\n\nCONCLUSION\n\nSo it is.\n\nCHAPTER II\n\n{story(2)}"
    assert [document.text for document in read(tmp_path / "a.txt", book)] == [
        f"{story(1)}\n\nCONCLUSION\n\nSo it is.",
        story(2),
    ]


def test_what_a_part_says_before_its_first_chapter_is_sent(tmp_path: Path) -> None:
    short, long = "Go west, said the wind,\nand never come home.", story("March")
    book = f"PART I\n\n{short}\n\n{chapters(PLAIN[:2])}\n\nPART II\n\n{long}\n\n{chapters(PLAIN[:2])}"
    sent = read(tmp_path / "a.txt", book)
    assert sent[0].text.startswith(f"{short}\n\n")
    assert (sent[2].text, sent[2].title, sent[2].metadata) == (long, "Part II", {"part": "PART II"})
    assert [document.id for document in sent][1:4] == ["a-b01-c02", "a-b02-c01", "a-b02-c02"]


def test_a_book_may_have_parts_alone(tmp_path: Path) -> None:
    listed = "PART I\n\nPART II\n\nPART III\n\n"
    sent = read(tmp_path / "a.txt", listed + chapters(["PART I", "PART II", "PART III"]))
    assert [document.metadata["chapter"] for document in sent] == ["PART I", "PART II", "PART III"]


@pytest.mark.parametrize(
    "contents", ["", "CONTENTS\n\nI.\n\nII.\n\nIII.\n\nIV.\n\n", "CONTENTS\n\n" + "\n\n".join(PLAIN)]
)
def test_numerals_that_count_up_are_chapters(tmp_path: Path, contents: str) -> None:
    sent = read(tmp_path / "a.txt", f"{contents}\n\n{chapters([f'{number}.' for number in ROMAN[:4]])}")
    assert [document.metadata["number"] for document in sent] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        story("May"),
        f"CHAPTER I\n\n{story('May')}",
        "\n".join(f"{heading}\n   where he goes out .. 7" for heading in PLAIN) + "\n\n" + story("May", 200),
        f"PART I\n\n{story('May')}",
        chapters(["I", "II", "IV", "V"]),
        chapters(["I", "II"]),
        "Not chapters, but sections of one story.\n\n" + chapters(["I", "II", "III"]) + LONG * 100,
    ],
    ids=["empty", "none", "one", "a list alone", "one part", "a gap", "two", "sections"],
)
def test_a_book_whose_chapters_are_not_clear_is_refused_with_the_way_out(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"No chapters .*a\.txt.*gistream produce files .*a\.txt --split REGEX"):
        read_book(path)


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("CHAPTER I\n\nTHE MAN OF THE HOUSE", "Chapter I: The Man of the House"),
        ("CHAPTER I\n\nHENRY VIII'S RABBIT-HOLE", "Chapter I: Henry VIII's Rabbit-Hole"),
        ("CHAPTER I\n\nA MIX OF É AND I", "Chapter I: A Mix of É and I"),
        ("CHAPTER I. McGregor and the King", "Chapter I: McGregor and the King"),
    ],
)
def test_a_heading_in_capitals_is_no_title_in_capitals(tmp_path: Path, heading: str, title: str) -> None:
    book = f"{heading}\n\n{story(1)}\n\nCHAPTER II\n\n{story(2)}"
    assert read(tmp_path / "a.txt", book)[0].title == title


def test_numbers_are_read_as_printers_wrote_them() -> None:
    texts = ["I", "iv", "XIIII", "XCIX", "12", "3rd", "twenty-one", "Twenty first", "NINETIETH", "DID", "IC", "", "of"]
    assert [read_number(text) for text in texts] == [1, 4, 14, 99, 12, 3, 21, 21, 90, None, None, None, None]


@given(
    parts=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    named=st.booleans(),
    listed=st.sampled_from(["", "\n", "\n\n"]),
    titled=st.booleans(),
    again=st.booleans(),
)
def test_every_chapter_is_sent_once_whatever_the_layout(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], named: bool, listed: str, titled: bool, again: bool
) -> None:
    if sum(parts) < 2:
        parts = [2]
    # Each part begins with CHAPTER 1 again, or the chapters count on.
    starts = [0 if again else sum(parts[:place]) for place in range(len(parts))]
    headings, texts, body = [], [], []
    for part, (start, count) in enumerate(zip(starts, parts, strict=True), start=1):
        part_heading = [f"PART {part}"] if named else []
        headings += part_heading
        body += part_heading
        for number in range(start + 1, start + count + 1):
            heading = f"CHAPTER {number}. Of Water" if titled else f"CHAPTER {number}"
            headings.append(heading)
            texts.append(story(f"{part}/{number}"))
            body += [heading, texts[-1]]
    book = (f"CONTENTS\n\n{listed.join(headings)}\n\n\n" if listed else "") + "\n\n".join(body)
    sent = read(tmp_path_factory.mktemp("book") / "a.txt", book)
    assert [document.text for document in sent] == texts
    assert len({document.id for document in sent}) == len(texts)


def war_and_peace() -> Path:
    default = Path(__file__).parents[4] / "shared" / "data" / "war-and-peace.txt"
    path = Path(os.environ.get("WAR_AND_PEACE", default))
    if not path.is_file():
        pytest.skip("needs the file of War and Peace: set WAR_AND_PEACE to its path")
    return path


def test_war_and_peace_has_365_chapters_and_the_longest_4008_words() -> None:
    sent = list(documents(read_book(war_and_peace())))
    assert len(sent) == 365
    longest = max(sent, key=lambda chapter: chapter.words)
    assert (longest.document.id, longest.words) == ("pg2600-b10-c04", 4008)
    # What the article counted: only blanks separate words.
    assert max(len(chapter.document.text.split(" ")) for chapter in sent) == 3636
    metadata = [chapter.document.metadata for chapter in sent]
    assert len({fields["part"] for fields in metadata}) == 17
    assert metadata[0] == {
        "book": "War and Peace",
        "author": "Leo Tolstoy",
        "part": "BOOK ONE: 1805",
        "chapter": "CHAPTER I",
        "number": "1",
    }
    assert sent[0].document.title == "War and Peace, Book One: 1805, Chapter I"
    assert not [chapter for chapter in sent if "Gutenberg" in chapter.document.text]

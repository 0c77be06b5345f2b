from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.gutenberg.book import documents, outgoing, read_book
from producers.gutenberg.numerals import read_number
from streaming.errors import UsageError
from streaming.messages import Document

HEADER = """The Project Gutenberg eBook of The Mill

Title: The Mill
       A Story

Author: Ann Example

Release Date: May 1, 2020 [eBook #12345]

Language: English

*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***

Produced by a volunteer

THE MILL

"""
FOOTER = "\n\n*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***\n\nCHAPTER IX\n\nThe licence.\n"
ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
LONG = "\nAnd the river went on past the mill, as it had since anybody could remember."


def story(name: object, lines: int = 12) -> str:
    return f"In {name} the wheel stood still, and nobody said why.{LONG * lines}\n\nThen it rained.{LONG}"


def chapters(headings: list[str], name: str = "") -> str:
    return "\n\n\n".join(f"{heading}\n\n{story(name + heading)}" for heading in headings)


def read(path: Path, text: str | bytes) -> list[Document]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [chapter.document for chapter in documents(read_book(path))]


def found(path: Path, text: str) -> list[tuple[str | None, str | None]]:
    return [(d.metadata.get("part"), d.metadata.get("chapter")) for d in read(path / "mill.txt", text)]


PLAIN = [f"CHAPTER {number}" for number in ROMAN[:4]]


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
    assert outgoing(first[0]).key == b"pg12345-c01"


def test_a_book_without_a_header_says_no_more_than_it_knows(tmp_path: Path) -> None:
    sent = read(tmp_path / "my own mill.txt", chapters(PLAIN))
    assert sent[0] == Document(
        id="my-own-mill-c01",
        title="Chapter I",
        text=story("CHAPTER I"),
        metadata={"chapter": "CHAPTER I", "number": "1"},
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (
            "*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***",
            "*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***",
        ),
        ("***START OF THIS PROJECT GUTENBERG EBOOK THE MILL***", "***END OF THIS PROJECT GUTENBERG EBOOK THE MILL***"),
        ("*** START OF THIS PROJECT GUTENBERG EBOOK THE MILL\nA STORY ***", "End of the Project Gutenberg EBook of A"),
        ("*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*", "End of Project Gutenberg's The Mill"),
        ("*END THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*", "End of The Project Gutenberg Etext of The Mill"),
        ("", "*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***"),
        ("*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***", ""),
        ("", ""),
    ],
)
def test_the_frame_is_left_out_however_it_is_marked(tmp_path: Path, start: str, end: str) -> None:
    header = f"CHAPTER XL\n\n{story('the licence')}\n\n" if start else ""
    footer = f"\n\n{end}\n\nCHAPTER V\n\nNo text: the licence.\n" if end else ""
    sent = read(tmp_path / "a.txt", f"{header}{start}\n\n{chapters(PLAIN)}{footer}")
    assert [document.text for document in sent] == [story(heading) for heading in PLAIN]


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
    headings = [
        heading.format(roman=ROMAN[place], arabic=place + 1, word=words[place], ordinal=ordinals[place])
        for place in range(3)
    ]
    sent = read(tmp_path / "a.txt", "\n\n".join(f"{one}\n\n{story('May')}" for one in headings))
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


@pytest.mark.parametrize(
    "contents",
    [
        "CONTENTS\n\n" + "\n\n".join(f"    {heading}" for heading in PLAIN),
        "CONTENTS\n\n" + "\n".join(f"{heading}. The Beginning ...... 7" for heading in PLAIN),
        "\n".join(f"{heading}" for heading in PLAIN),
        "Contents\n" + "\n".join(f"Chapter {n}. In which a man goes out\n    and comes home" for n in (1, 2, 3, 4)),
        "CONTENTS\n\n" + "\n\n".join(f"{heading}\n\n{'Birth—Home—The river—A dog. ' * 5}" for heading in PLAIN),
        "CONTENTS\n\nPREFACE\n" + "\n".join(PLAIN) + "\nCHAPTER XL. A typing error",
        "\n".join(f"{one}\n   where he goes out .. 7" for one in (*PLAIN, "CHAPTER XL")),
        "CONTENTS\n\n" + "\n".join(PLAIN) + f"\n\nTO THE READER\n\n{story('March', 60)}",
        "PART I\n" + "\n".join(f"{heading}\n   where he goes out .. 7" for heading in PLAIN),
        "TABLE OF CONTENTS.\n\nPART I\n" + "\n".join(PLAIN[:2]) + "\nPART II\n" + "\n".join(PLAIN[2:]),
    ],
)  # fmt: skip
def test_a_table_of_contents_makes_no_documents(tmp_path: Path, contents: str) -> None:
    for text in (f"{contents}\n\n\n{chapters(PLAIN)}", f"{chapters(PLAIN)}\n\n\n{contents}"):
        sent = read(tmp_path / "a.txt", HEADER + text + FOOTER)
        assert [document.text for document in sent] == [story(heading) for heading in PLAIN]
        assert {document.metadata.get("part") for document in sent} == {None}


def test_a_short_part_is_no_table_of_contents_when_the_book_has_one(tmp_path: Path) -> None:
    short = "\n\n".join(f"{heading}\n\nHe came home. {LONG * 2}" for heading in PLAIN)
    for contents in ("", "CONTENTS\n\n" + "".join(f"PART {n}\n{chr(10).join(PLAIN)}\n" for n in ("I", "II"))):
        sent = found(tmp_path, f"{contents}\n\nPART I\n\n{chapters(PLAIN)}\n\nPART II\n\n{short}")
        assert sent == [(f"PART {n}", heading) for n in ("I", "II") for heading in PLAIN]


def test_a_list_of_parts_makes_no_documents(tmp_path: Path) -> None:
    book = f"PART I\n\nPART II\n\nTO THE READER\n\n{story('March')}\n\n"
    book += "\n\n".join(f"PART {n}\n\n{chapters(PLAIN)}" for n in ("I", "II"))
    assert found(tmp_path, book) == [(f"PART {n}", heading) for n in ("I", "II") for heading in PLAIN]


def test_each_volume_may_have_a_table_of_its_own(tmp_path: Path) -> None:
    listed = "\n\n".join(PLAIN)
    volumes = [f"VOLUME {n}\n\nCONTENTS OF VOLUME {n}\n\n{listed}\n\n{chapters(PLAIN)}" for n in ("I", "II")]
    assert found(tmp_path, "\n\n".join(volumes)) == [(f"VOLUME {n}", one) for n in ("I", "II") for one in PLAIN]


def test_chapters_of_a_sentence_are_no_table_of_contents(tmp_path: Path) -> None:
    nights = [f"THE {night} NIGHT\n\n" + "\n\n".join(f"{one}\n\nHe came." for one in PLAIN) for night in ("ONE", "TWO")]
    for count in (1, 2):
        assert found(tmp_path, "\n\n".join(nights[:count])) == [(None, one) for one in PLAIN] * count


def test_chapters_that_begin_anew_under_an_unknown_heading_are_all_sent(tmp_path: Path) -> None:
    nights = "\n\n".join(f"THE {night} NIGHT\n\n{chapters(PLAIN)}" for night in ("FIRST", "SECOND"))
    sent = read(tmp_path / "a.txt", nights)
    assert [document.metadata["number"] for document in sent] == ["1", "2", "3", "4"] * 2
    assert len({document.id for document in sent}) == 8


def test_a_part_is_named_with_what_it_is_in(tmp_path: Path) -> None:
    inside = "".join(f"BOOK THE {n}. THE WHEEL\n\n{chapters(PLAIN[:2])}\n\n" for n in ("FIRST", "SECOND"))
    parts = [part for part, _ in found(tmp_path, "".join(f"VOLUME {n}\n\n{inside}" for n in ("I", "II")))]
    assert parts[::2] == [
        f"VOLUME {volume}, BOOK THE {book}: THE WHEEL" for volume in ("I", "II") for book in ("FIRST", "SECOND")
    ]


def test_an_epilogue_is_a_chapter_or_a_part_that_has_some(tmp_path: Path) -> None:
    book = f"PROLOGUE\n\n{story('0')}\n\nPART I\n\n{chapters(PLAIN[:2])}\n\nEPILOGUE\n\n"
    before = [(None, "PROLOGUE"), ("PART I", "CHAPTER I"), ("PART I", "CHAPTER II")]
    assert found(tmp_path, book + story("9")) == [*before, ("PART I", "EPILOGUE")]
    after = [("EPILOGUE", "CHAPTER I"), ("EPILOGUE", "CHAPTER II")]
    assert found(tmp_path, book + chapters(PLAIN[:2])) == before + after
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


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path, end: str) -> None:
    book = HEADER + chapters(PLAIN) + FOOTER
    raw = b"\xef\xbb\xbf" + book.replace("\n", end).encode()
    assert read(tmp_path / "a.txt", raw) == read(tmp_path / "a.txt", book)
    assert len(read(tmp_path / "a.txt", b"\xef\xbb\xbf" + chapters(PLAIN).encode())) == 4


@pytest.mark.parametrize("charset", ["ISO-8859-1", "ISO Latin-1", "Windows Code Page 1252", "ISO-8859-15"])
def test_an_old_file_is_read_in_the_encoding_that_it_names(tmp_path: Path, charset: str) -> None:
    book = f"Character set encoding: {charset}\n\n" + chapters(PLAIN).replace("river", "rivière")
    assert "rivière" in read(tmp_path / "a.txt", book.encode("latin-1"))[0].text


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "its header names no encoding"),
        ("Character set encoding: ASCII\n\n", "its header says 'ASCII', which it is not"),
        ("Character set encoding: nonsense\n\n", "its header says 'nonsense', which it is not"),
    ],
)
def test_a_file_in_no_known_encoding_is_refused(tmp_path: Path, header: str, reason: str) -> None:
    with pytest.raises(UsageError, match=rf"a\.txt is not UTF-8 at byte \d+, and {reason}"):
        read(tmp_path / "a.txt", header.encode() + chapters(PLAIN).replace("river", "rivière").encode("latin-1"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.txt cannot be read: No such file"):
        read_book(tmp_path / "none.txt")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read_book(tmp_path)


@pytest.mark.parametrize(("said", "code"), [("French", "fr"), ("Klingon", None), ("English, Latin", None)])
def test_a_language_is_said_when_it_is_known(tmp_path: Path, said: str, code: str | None) -> None:
    sent = read(tmp_path / "a.txt", HEADER.replace("English", said) + chapters(PLAIN) + FOOTER)
    assert sent[0].language == code


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
    beside = Path(__file__).parents[3] / "shared" / "data" / "war-and-peace.txt"
    path = Path(os.environ.get("WAR_AND_PEACE", beside))
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
    assert len({one["part"] for one in metadata}) == 17
    assert metadata[0] == {
        "book": "War and Peace",
        "author": "Leo Tolstoy",
        "part": "BOOK ONE: 1805",
        "chapter": "CHAPTER I",
        "number": "1",
    }
    assert sent[0].document.title == "War and Peace, Book One: 1805, Chapter I"
    assert not [chapter for chapter in sent if "Gutenberg" in chapter.document.text]

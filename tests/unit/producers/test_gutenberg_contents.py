"""A table of contents makes no documents, and what only looks like one loses none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gutenberg_books import FOOTER, HEADER, LONG, PLAIN, chapters, parts_and_chapters, read, story
from python_steps import steps

from producers.gutenberg.chapters import find_chapters
from producers.gutenberg.contents import find_contents
from producers.gutenberg.headings import find_headings


@pytest.mark.parametrize(
    "contents",
    [
        "CONTENTS\n\n" + "\n\n".join(f"    {heading}" for heading in PLAIN),
        "CONTENTS\n\n" + "\n".join(f"{heading}. The Beginning ...... 7" for heading in PLAIN),
        "\n".join(f"{heading}" for heading in PLAIN),
        "Contents\n" + "\n".join(f"Chapter {n}. In which a man goes out\n    and comes home" for n in (1, 2, 3, 4)),
        "CONTENTS\n\n" + "\n\n".join(f"{heading}\n\n{'Birth—Home—The river—A dog. ' * 5}" for heading in PLAIN),
        "CONTENTS\n\nPREFACE\n" + "\n".join(PLAIN) + "\nCHAPTER XL. A typing error",
        "\n".join(f"{heading}\n   where he goes out .. 7" for heading in (*PLAIN, "CHAPTER XL")),
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
        sent = parts_and_chapters(tmp_path, f"{contents}\n\nPART I\n\n{chapters(PLAIN)}\n\nPART II\n\n{short}")
        assert sent == [(f"PART {n}", heading) for n in ("I", "II") for heading in PLAIN]


def test_a_list_of_parts_makes_no_documents(tmp_path: Path) -> None:
    book = f"PART I\n\nPART II\n\nTO THE READER\n\n{story('March')}\n\n"
    book += "\n\n".join(f"PART {n}\n\n{chapters(PLAIN)}" for n in ("I", "II"))
    assert parts_and_chapters(tmp_path, book) == [(f"PART {n}", heading) for n in ("I", "II") for heading in PLAIN]


def test_each_volume_may_have_a_table_of_its_own(tmp_path: Path) -> None:
    listed = "\n\n".join(PLAIN)
    volumes = [f"VOLUME {n}\n\nCONTENTS OF VOLUME {n}\n\n{listed}\n\n{chapters(PLAIN)}" for n in ("I", "II")]
    assert parts_and_chapters(tmp_path, "\n\n".join(volumes)) == [
        (f"VOLUME {n}", heading) for n in ("I", "II") for heading in PLAIN
    ]


def test_chapters_of_a_sentence_are_no_table_of_contents(tmp_path: Path) -> None:
    nights = [
        f"THE {night} NIGHT\n\n" + "\n\n".join(f"{heading}\n\nHe came." for heading in PLAIN)
        for night in ("ONE", "TWO")
    ]
    for count in (1, 2):
        assert (
            parts_and_chapters(tmp_path, "\n\n".join(nights[:count])) == [(None, heading) for heading in PLAIN] * count
        )


def test_chapters_that_begin_anew_under_an_unknown_heading_are_all_sent(tmp_path: Path) -> None:
    nights = "\n\n".join(f"THE {night} NIGHT\n\n{chapters(PLAIN)}" for night in ("FIRST", "SECOND"))
    sent = read(tmp_path / "a.txt", nights)
    assert [document.metadata["number"] for document in sent] == ["1", "2", "3", "4"] * 2
    assert len({document.id for document in sent}) == 8


LARGE: dict[str, Callable[[int], str]] = {
    "one part with a table": lambda n: "\n".join(f"CHAPTER {i}\n" for i in [*range(n), *range(n)]),
    "many parts": lambda n: "\n".join(f"PART {i}\n\nCHAPTER 1\n\nHe went home.\n" for i in range(n)),
    "one part again and again": lambda n: "PART 1\n\nCHAPTER 1\n\nHe went home.\n\n" * n,
    "a list of parts": lambda n: "\n".join(f"PART {i}\n" for i in [*range(n), *range(n)]),
    "numbers that do not count up": lambda n: "\n".join(f"CHAPTER {i}\n\nHe went.\n" for i in range(n, 0, -1)),
    "many tables": lambda n: "CONTENTS\n\nCHAPTER 1\n\nCHAPTER 2\n\n" * n,
}


@pytest.mark.parametrize("shape", LARGE)
def test_four_times_the_headings_are_four_times_the_work(shape: str) -> None:
    def work(text: str) -> int:
        lines = text.split("\n")
        headings = find_headings(lines)
        return steps(lambda: find_contents(lines, headings))

    assert work(LARGE[shape](400)) < 5 * work(LARGE[shape](100))


def test_four_times_the_prefaces_are_four_times_the_work() -> None:
    def work(count: int) -> int:
        named = ["PREFACE\n\nHe went.\n\n" * count, "CHAPTER 1\n\nHe went.\n\n", "EPILOGUE\n\nHe went.\n\n" * count]
        return steps(lambda: find_chapters("".join(named)))

    assert work(400) < 5 * work(100)

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.texts import chapters, window, windows
from producers.samples import sample_folder
from streaming.errors import UsageError


def book(folder: Path, *lengths: int) -> Path:
    """Write a book with a chapter of each length in words, its heading among them."""
    path = folder / "book.txt"
    parts = (
        f"CHAPTER {number}\n\n" + "".join(f"word{number}-{place} \n" for place in range(length - 2))
        for number, length in enumerate(lengths)
    )
    path.write_text("preface\n" + "".join(parts))
    return path


def test_every_chapter_is_cut_to_the_same_number_of_words_and_shorter_ones_are_left_out(tmp_path: Path) -> None:
    found = chapters(book(tmp_path, 60, 20, 50, 49), split="CHAPTER .+", words=50, whole=False)
    assert [len(named.text.split()) for named in found] == [50, 50]
    assert [named.name for named in found] == ["book.txt#1", "book.txt#3"]


def test_at_full_length_chapters_stay_whole_but_short_ones_are_still_left_out(tmp_path: Path) -> None:
    found = chapters(book(tmp_path, 60, 20), split="CHAPTER .+", words=50, whole=True)
    assert [len(named.text.split()) for named in found] == [60]


def test_a_window_keeps_the_text_as_it_stands() -> None:
    assert window("  one\n\ntwo   three four ", 1, 2) == "two   three"
    assert window("one two three", 1, 3) is None


def test_chapters_that_begin_alike_count_once(tmp_path: Path) -> None:
    path = tmp_path / "twice.txt"
    path.write_text(("CHAPTER I\n" + "again and again " * 20) * 2)
    assert len(chapters(path, split="CHAPTER .+", words=30, whole=False)) == 1


@pytest.mark.parametrize(
    ("lengths", "split", "sentence"),
    [
        ((20, 20), "CHAPTER .+", "has no chapter of 50 words; lower --words"),
        ((60,), "PART .+", "name the line that begins a chapter with --split"),
        ((60,), "(", "or a regular expression; '(' is none"),
    ],
)
def test_a_text_that_gives_no_documents_is_a_sentence(
    tmp_path: Path, lengths: tuple[int, ...], split: str, sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence.replace("(", r"\(")):
        chapters(book(tmp_path, *lengths), split=split, words=50, whole=False)


def test_a_text_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no file"):
        chapters(tmp_path / "none.txt", split="CHAPTER .+", words=50, whole=False)


@pytest.mark.parametrize("count", [6, 139])
def test_the_samples_give_as_many_documents_as_are_wanted_and_no_two_begin_alike(count: int) -> None:
    found = windows(sample_folder(), words=500, count=count)
    assert len(found) == count
    assert {len(named.text.split()) for named in found} == {500}
    # A prompt that begins as another would be answered from what an engine has kept of that one.
    assert len({tuple(named.text.split()[:16]) for named in found}) == count
    assert len({named.name for named in found}) == count

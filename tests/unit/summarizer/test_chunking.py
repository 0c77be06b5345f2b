from __future__ import annotations

import math
import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streaming.errors import BadInput
from streaming.summarizer.chunking import split_chunks


def by_bytes(text: str) -> int:
    return len(text.encode()) // 3 + 1


def by_words(text: str) -> int:
    return len(text.split())


def split(text: str, limit: int = 64, max_chunks: int = 10_000, language: str = "en") -> list[str]:
    return split_chunks(text, count=by_bytes, limit=limit, max_chunks=max_chunks, language=language)


sentence = st.text("abcdefghij ,é中", min_size=1, max_size=80).map(lambda words: words + ". ")
prose_like = st.lists(sentence, max_size=60).map("".join)
long_run = st.builds(
    lambda unit, length, tail: (unit * length)[:20_000] + tail,
    st.text(min_size=1, max_size=5), st.integers(100, 20_000), st.text(max_size=40),
)  # fmt: skip
any_text = st.text(max_size=2_000) | prose_like | long_run


@given(any_text, st.integers(16, 400))
@example("a" * 20_000, 64)
@example("字" * 20_000, 64)
@example("😀" * 20_000, 16)
@example("word " * 4_000, 100)
@example("\r\n" * 10_000, 64)
@example("\x00\u2028\x85" * 5_000, 64)
def test_the_chunks_of_a_text_joined_are_the_text_and_none_exceeds_the_limit(text: str, limit: int) -> None:
    chunks = split(text, limit)
    assert "".join(chunks) == text
    assert max(map(by_bytes, chunks)) <= limit
    assert all(chunks) or chunks == [""]


@given(st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=800), st.integers(16, 100))
def test_a_count_by_words_keeps_every_word_too(words: list[str], limit: int) -> None:
    text = ". ".join(words)
    chunks = split_chunks(text, count=by_words, limit=limit, max_chunks=10_000, language="en")
    assert "".join(chunks) == text
    assert max(map(by_words, chunks)) <= limit


@pytest.mark.parametrize("end", ["", "\n\n", "\n\n\n \n"])
@pytest.mark.parametrize("taken", [0, 1, -1])
def test_blank_lines_cost_no_chunk_whatever_a_tokenizer_counts_for_them(taken: int, end: str) -> None:
    def count(text: str) -> int:
        # Before or after a prompt's own line end, white space may take no token, or one less than there were.
        return by_words(text) if text.strip() else taken

    text = "\n\n".join(f"The mill number {number} burned on a Tuesday." for number in range(300)) + end
    chunks = split_chunks(text, count=count, limit=800, max_chunks=256, language="en")
    assert "".join(chunks) == text
    assert len(chunks) == 3


@pytest.mark.parametrize("text", ["", "Short.", "x" * 189])
def test_a_text_that_fits_stays_whole(text: str) -> None:
    assert split(text) == [text]


def test_a_text_one_token_above_the_limit_becomes_two_halves() -> None:
    text = "It was so. " * 18
    assert split(text, by_bytes(text)) == [text]
    first, second = split(text, by_bytes(text) - 1)
    assert abs(len(first) - len(second)) <= len("It was so. ")


@pytest.mark.parametrize("sentences", [30, 50, 66, 100, 333, 1_000])
def test_no_chunk_is_a_small_remainder(sentences: int) -> None:
    sizes = [by_bytes(chunk) for chunk in split("The old man went down to the sea. " * sentences, 200)]
    assert min(sizes) >= max(sizes) / 2


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Mr. Pickwick met Dr. Slammer at 5 p.m. in the inn. "),
        ("de", "Das hat z. B. Herr Dr. Meyer am 3. Mai gesagt. "),
        ("zh", "山村里有一座桥，老人每天从桥上走过。"),
        ("xx", "Une phrase courte. "),
    ],
)
def test_chunks_end_where_sentences_end(language: str, sentence: str) -> None:
    chunks = split(sentence * 100, 150, language=language)
    assert len(chunks) > 3
    assert all(len(chunk) % len(sentence) == 0 for chunk in chunks)


def test_a_text_of_more_chunks_than_allowed_is_refused_as_bad_input() -> None:
    text = "The old man went down to the sea. " * 1_000
    needed = len(split(text, 200))
    assert len(split(text, 200, max_chunks=needed)) == needed
    with pytest.raises(BadInput) as caught:
        split(text, 200, max_chunks=needed // 2)
    assert caught.value.type == "DocumentTooLong"
    assert f"max_chunks ({needed // 2})" in str(caught.value)
    assert "old man" not in str(caught.value)


def test_a_text_far_too_long_is_refused_before_all_of_it_is_counted() -> None:
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return by_bytes(text)

    text = "The old man went down to the sea. " * 20_000
    with pytest.raises(BadInput):
        split_chunks(text, count=count, limit=100, max_chunks=10, language="en")
    assert counted < len(text) / 10


@pytest.mark.parametrize("text", ["a" * 3_000_000, "字" * 60_000, "\n" * 500_000, "a " * 200_000])
def test_a_text_without_sentences_is_cut_in_seconds(text: str) -> None:
    started = time.process_time()
    assert "".join(split(text, 800)) == text
    assert time.process_time() - started < 12


def test_a_chunk_that_joins_to_more_than_its_parts_is_cut_again() -> None:
    def count(text: str) -> int:
        # Some tokenizers take more tokens for a whole than for its parts.
        return len(text.split()) ** 2 if len(text) > 30 else len(text.split())

    text = "One two three. " * 40
    chunks = split_chunks(text, count=count, limit=40, max_chunks=1_000, language="en")
    assert "".join(chunks) == text
    assert max(map(count, chunks)) <= 40


def test_a_text_may_be_cut_in_two_though_its_parts_count_more_than_it_does() -> None:
    # As byte pairs do, which begin with a space: each sentence alone has a token more.
    text = "The old man went down to the sea again. " * 40
    halves = split_chunks(text, count=by_bytes, limit=by_bytes(text), max_chunks=None, language="en", fewest=2)
    assert "".join(halves) == text
    one, other = map(len, halves)
    assert abs(one - other) <= 40


@pytest.mark.parametrize(
    "text", ["Short. " + "The old man went down to the sea, again and again, " * 9, "word " * 99, "山村" * 99]
)
def test_a_text_of_a_long_sentence_is_cut_in_two_as_well(text: str) -> None:
    halves = split_chunks(text, count=by_bytes, limit=by_bytes(text), max_chunks=None, language="en", fewest=2)
    assert "".join(halves) == text
    assert len(halves) == 2


def test_a_character_cannot_be_cut_in_two() -> None:
    assert split_chunks("x", count=by_bytes, limit=9, max_chunks=None, language="en", fewest=2) == ["x"]


def test_no_more_chunks_than_allowed_are_made_of_pieces_that_do_not_pair() -> None:
    text = ("w" * 170 + ". ") * 10
    assert len(split(text, limit=100)) == 10
    assert by_bytes(text) < 600
    with pytest.raises(BadInput, match="max_chunks"):
        split(text, limit=100, max_chunks=8)


def book(paragraphs: int, seed: int = 3) -> list[str]:
    chance = random.Random(seed)
    words = ["mill", "river", "Anna", "saw", "the", "smoke", "bell", "roof", "evening", "stone", "winter", "people"]
    return [
        " ".join(
            " ".join(chance.choices(words, k=chance.randint(6, 25))).capitalize() + "."
            for _ in range(chance.randint(2, 7))
        )
        + "\n\n"
        for _ in range(paragraphs)
    ]


@pytest.mark.parametrize("place", [0, 100, 333, 500, 799, 800])
def test_a_paragraph_more_in_a_book_leaves_the_other_chunks_as_they_were(place: int) -> None:
    paragraphs = book(800)
    before = split_chunks("".join(paragraphs), count=by_words, limit=500, max_chunks=256, language="en")
    longer = [*paragraphs[:place], *book(1, seed=4), *paragraphs[place:]]
    after = split_chunks("".join(longer), count=by_words, limit=500, max_chunks=256, language="en")
    assert len(before) > 100
    assert "".join(after) == "".join(longer)
    assert max(map(by_words, after)) <= 500
    assert len(set(after) - set(before)) <= 0.07 * len(before)


def test_a_book_that_fits_max_chunks_in_equal_parts_is_not_refused() -> None:
    text = "".join(book(800))
    most = math.ceil(1.05 * by_words(text) / 500)
    assert len(split_chunks(text, count=by_words, limit=500, max_chunks=10_000, language="en")) > most
    assert len(split_chunks(text, count=by_words, limit=500, max_chunks=most, language="en")) <= most

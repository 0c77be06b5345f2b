"""Chunks: a text that is too long for one prompt, cut at sentence ends.

A text of a few chunks is cut into parts of about equal length. A book is cut where its own words say, so that a
paragraph more leaves the chunks after it as they were, and their answers need not be generated again. Nothing is lost
or doubled: the joined chunks are the text again.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, pairwise

from semantic_text_splitter import TextSplitter

from streaming.errors import BadInput
from streaming.sentences import split_sentences

# A longer "sentence", in characters, is cut before its tokens are counted, at a smaller boundary that the splitter
# finds (line, clause, word, character). About 300 tokens of English.
_LONGEST_SENTENCE = 1200
# A text of more chunks is a book, which comes again with a chapter more.
_MOST_EQUAL = 32
# How far, in chunks, a part's neighbourhood reaches in a book: less gives smaller chunks, more moves more cuts after a
# change (measurements.md, cuts of books).
_NEIGHBOURHOOD = 1.25


def split_chunks(
    text: str, *, count: Callable[[str], int], limit: int, max_chunks: int | None, language: str, fewest: int = 1
) -> list[str]:
    """Cut `text` into chunks of at most `limit` tokens each, by `count`, at sentence ends.

    The text becomes K = ceil(tokens / limit) chunks of about tokens / K each, rather than full ones and a remainder.
    There are more when sentences do not fit, and at least `fewest` (1 or 2) where the text can be cut. A text of more
    than 32 chunks is cut by its own words instead, unless `max_chunks` leaves no room for that. Raises `BadInput`
    (DocumentTooLong) when there would be more than `max_chunks`.
    """
    # A text that may be short is counted as a whole first: the common case needs no segmentation.
    if fewest == 1 and len(text) <= limit * 16 and count(text) <= limit:
        return [text]
    parts: list[tuple[str, int]] = []
    total = 0
    for part in _parts(text, language):
        # A part that merges with a token of the prompt may even save one.
        tokens = max(0, count(part))
        # A part may still be too long, in a script of several tokens a character.
        for piece in _halved(part, tokens, count=count, limit=limit):
            parts.append(piece)
            total += piece[1]
        if max_chunks is not None and total > max_chunks * limit:
            # Counting the rest of an endless text would take too long.
            raise _too_long(total, max_chunks, limit)
    if len(parts) < fewest:
        # One long sentence.
        pieces = TextSplitter(max(1, math.ceil(len(text) / fewest)), trim=False).chunks(text)
        parts = [(piece, max(0, count(piece))) for piece in pieces]
        total = sum(tokens for _, tokens in parts)
    chunks = _by_content(parts, limit) if total > _MOST_EQUAL * limit else []
    if not chunks or (max_chunks is not None and len(chunks) > max_chunks):
        chunks = _equal(parts, total, fewest, limit)
    if len(chunks) < fewest and len(parts) > 1:
        # The last part is longer than all before it.
        chunks = ["".join(part for part, _ in parts[:-1]), parts[-1][0]]
    # Joined text may take a few tokens more than its parts, and a prompt must never exceed the context.
    fitting = [piece for chunk in chunks for piece, _ in _halved(chunk, count(chunk), count=count, limit=limit)]
    if max_chunks is not None and len(fitting) > max_chunks:
        raise _too_long(total, max_chunks, limit)
    return fitting


def _too_long(tokens: int, max_chunks: int, limit: int) -> BadInput:
    return BadInput(
        f"the text has {tokens:,} tokens or more, and does not fit max_chunks ({max_chunks}) parts of {limit} tokens; "
        "raise max_chunks, or send the text in parts (--split of `produce files`)",
        type="DocumentTooLong",
    )


def _equal(parts: list[tuple[str, int]], total: int, fewest: int, limit: int) -> list[str]:
    target = max(fewest, math.ceil(total / limit))
    while len(chunks := _filled(parts, total, target, limit)) > target:
        target += 1
    return chunks


def _by_content(parts: list[tuple[str, int]], limit: int) -> list[str]:
    """Cut before each part that has the lowest hash of its neighbourhood, and what is between equally.

    The end of a paragraph comes before the end of a sentence. A change moves only the cuts near it, because all other
    parts have the hashes and the neighbours that they had.
    """
    reach = _NEIGHBOURHOOD * limit
    positions = list(accumulate((tokens for _, tokens in parts), initial=0))
    # A part without tokens stays with the part before it, and neither end of the book is a small chunk.
    ends = range(limit // 2, positions[-1] - limit // 2)
    starts = [number for number, (_, tokens) in enumerate(parts) if tokens and positions[number] in ends]
    lowest = _lowest([(positions[start], _rank(parts, start)) for start in starts], reach)
    cuts = [0, *(starts[place] for place in lowest), len(parts)]
    return [
        chunk
        for start, end in pairwise(cuts)
        if start < end
        for chunk in _equal(parts[start:end], positions[end] - positions[start], 1, limit)
    ]


def _rank(parts: list[tuple[str, int]], start: int) -> tuple[bool, bytes]:
    paragraph = parts[start - 1][0].endswith("\n")
    return not paragraph, hashlib.sha256(parts[start][0].encode(errors="surrogatepass")).digest()


def _lowest(ranks: list[tuple[int, tuple[bool, bytes]]], reach: float) -> list[int]:
    """Return the places of the ranks below which none is within `reach` of their position; of equal ones, the first."""
    found = []
    window: deque[int] = deque()
    ahead = 0
    for place, (position, _) in enumerate(ranks):
        while ahead < len(ranks) and ranks[ahead][0] <= position + reach:
            while window and ranks[window[-1]][1] > ranks[ahead][1]:
                window.pop()
            window.append(ahead)
            ahead += 1
        while ranks[window[0]][0] < position - reach:
            window.popleft()
        if window[0] == place:
            found.append(place)
    return found


def _filled(parts: list[tuple[str, int]], total: int, target: int, limit: int) -> list[str]:
    """Fill chunks in order, each up to its share of the total, as far as `limit` allows."""
    chunks: list[str] = []
    current: list[str] = []
    length = before = 0
    for part, tokens in parts:
        # A part without tokens stays with the part before it, and never becomes a chunk of its own.
        if current and tokens and (before + length >= total * (len(chunks) + 1) / target or length + tokens > limit):
            chunks.append("".join(current))
            before += length
            current, length = [], 0
        current.append(part)
        length += tokens
    return [*chunks, "".join(current)]


def _parts(text: str, language: str) -> Iterator[str]:
    splitter = TextSplitter(_LONGEST_SENTENCE, trim=False)
    for sentence in _with_space_after(split_sentences(text, language)):
        if len(sentence) <= _LONGEST_SENTENCE:
            yield sentence
        else:
            yield from splitter.chunks(sentence)


def _with_space_after(sentences: Iterable[str]) -> Iterator[str]:
    """Join blank lines to the sentence before them: alone, a tokenizer would merge them with the prompt's."""
    pending = ""
    for sentence in sentences:
        if pending and not sentence.isspace():
            yield pending
            pending = ""
        pending += sentence
    if pending:
        yield pending


def _halved(part: str, tokens: int, *, count: Callable[[str], int], limit: int) -> list[tuple[str, int]]:
    if tokens <= limit or len(part) < 2:
        return [(part, tokens)]
    middle = len(part) // 2
    return [
        piece
        for half in (part[:middle], part[middle:])
        for piece in _halved(half, count(half), count=count, limit=limit)
    ]

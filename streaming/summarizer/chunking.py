"""Chunks: a text that is too long for one prompt, cut at sentence ends into parts of about equal length.

Nothing is lost or doubled: the chunks of a text, joined, are the text again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

from semantic_text_splitter import TextSplitter

from streaming.errors import BadInput
from streaming.summarizer.sentences import split_sentences

# A "sentence" of more characters than this is cut before its tokens are counted: at the next smaller boundary, which
# the splitter finds (line, clause, word, character). About 300 tokens of English.
_LONGEST_SENTENCE = 1200


def split_chunks(
    text: str, *, count: Callable[[str], int], limit: int, max_chunks: int | None, language: str, fewest: int = 1
) -> list[str]:
    """Cut `text` into chunks of at most `limit` tokens each, by `count`, at sentence ends.

    K = ceil(tokens / limit) chunks of about tokens / K each, rather than full ones and a remainder; more when sentences
    do not fit so, and `fewest` (1 or 2) at least, as far as it can be cut. Raises `BadInput` (DocumentTooLong)
    when there would be more than `max_chunks`.
    """
    # The whole text is counted first, when it may be short: the common case needs no segmentation at all.
    if fewest == 1 and len(text) <= limit * 16 and count(text) <= limit:
        return [text]
    parts: list[tuple[str, int]] = []
    total = 0
    for part in _parts(text, language):
        # What merges with a token of the prompt around it may even take one away.
        tokens = max(0, count(part))
        # A part that is still too long (a script of several tokens a character) is halved until it fits.
        for piece in _halved(part, tokens, count=count, limit=limit):
            parts.append(piece)
            total += piece[1]
        if max_chunks is not None and total > max_chunks * limit:
            # Before all of a text without end is counted.
            raise _too_long(total, max_chunks, limit)
    if len(parts) < fewest:
        # One long sentence: cut at the next smaller boundary.
        pieces = TextSplitter(max(1, math.ceil(len(text) / fewest)), trim=False).chunks(text)
        parts = [(piece, max(0, count(piece))) for piece in pieces]
        total = sum(tokens for _, tokens in parts)
    wanted = max(fewest, math.ceil(total / limit))
    while len(chunks := _filled(parts, total, wanted, limit)) > wanted:
        wanted += 1
    if len(chunks) < fewest and len(parts) > 1:
        # The last part is longer than all before it.
        chunks = ["".join(part for part, _ in parts[:-1]), parts[-1][0]]
    # Joined text may take a few tokens more than its parts, and a prompt must never exceed the context.
    found = [piece for chunk in chunks for piece, _ in _halved(chunk, count(chunk), count=count, limit=limit)]
    if max_chunks is not None and len(found) > max_chunks:
        raise _too_long(total, max_chunks, limit)
    return found


def _too_long(tokens: int, max_chunks: int, limit: int) -> BadInput:
    return BadInput(
        f"the text has {tokens:,} tokens or more, and does not fit max_chunks ({max_chunks}) parts of {limit} tokens",
        type="DocumentTooLong",
    )


def _filled(parts: list[tuple[str, int]], total: int, wanted: int, limit: int) -> list[str]:
    """Fill chunks in order, each up to its share of the total, as far as `limit` lets."""
    chunks: list[str] = []
    current: list[str] = []
    length = before = 0
    for part, tokens in parts:
        # What takes no tokens stays with what is before it: after the last share is full, it is no chunk more.
        if current and tokens and (before + length >= total * (len(chunks) + 1) / wanted or length + tokens > limit):
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
    """Join the blank lines between two sentences to the first: alone they would be counted as part of the prompt's."""
    held = ""
    for sentence in sentences:
        if held and not sentence.isspace():
            yield held
            held = ""
        held += sentence
    if held:
        yield held


def _halved(part: str, tokens: int, *, count: Callable[[str], int], limit: int) -> list[tuple[str, int]]:
    if tokens <= limit or len(part) < 2:
        return [(part, tokens)]
    middle = len(part) // 2
    return [
        piece
        for half in (part[:middle], part[middle:])
        for piece in _halved(half, count(half), count=count, limit=limit)
    ]

"""Cutting: what is done to texts and summaries without the model, to a number of tokens."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable

from streaming.sentences import length, split_sentences
from streaming.summarizer.budget import ROOM
from streaming.summarizer.chunking import split_chunks
from streaming.summarizer.extract import extract_lines, extract_sentences, important_sentences, lead_sentences
from streaming.summarizer.form import Form
from streaming.summarizer.guards import separate_orders, without_repeats
from streaming.summarizer.readable import message_start

# A joined summary may be this much longer than asked for before sentences of it are left out.
_TOLERANCE = 1.25


class TextCutter:
    """Splits, extracts, joins and shortens texts in one language; `count` gives the tokens of a text.

    A summary consists of lines or sentences, by its `form`. Every method counts tokens, which takes up to seconds: call
    it in a thread.
    """

    def __init__(self, count: Callable[[str], int], form: Form) -> None:
        self._count, self._language, self._lines, self._form = count, form.language, form.in_lines, form

    def split(self, text: str, *, limit: int, max_chunks: int | None = None, fewest: int = 1) -> list[str]:
        """Cut a text into chunks of at most `limit` tokens; raises `BadInput` for more than `max_chunks`."""
        return split_chunks(
            text, count=self._count, limit=limit, max_chunks=max_chunks, language=self._language, fewest=fewest
        )

    def halve(self, text: str) -> list[str]:
        """Cut a text in two; it stays whole when it cannot be cut."""
        return [half for half in self.split(text, limit=max(1, self._count(text)), fewest=2) if half.strip()]

    def extract(self, text: str, tokens: int) -> str:
        """Return the most important sentences of a text, about `tokens` of them; never nothing."""
        # The head of a mail is no sentence of it, and a short mail has no other.
        text = separate_orders(text[message_start(text) :], language=self._language).rest
        if self._form.lines is not None:
            return self._form.joined(important_sentences(text, self._form.lines, self._language))
        words = self.words(text, tokens)
        extract = extract_sentences(text, words=words, language=self._language)
        if not extract or extract.endswith("…"):
            # A whole sentence that is a little too long is better than a part of one.
            longer = extract_sentences(text, words=words * ROOM, language=self._language)
            extract = longer or lead_sentences(text, words=words)
        return self._form.shaped(self.limit(extract or text.strip(), math.ceil(tokens * ROOM)))

    def words(self, text: str, tokens: int) -> float:
        """Return the length in words of a piece of `text` that has about `tokens` tokens."""
        return tokens * length(text) / max(1, self._count(text))

    def sentences(self, summary: str) -> list[str]:
        """Return the sentences, or lines, of a summary."""
        return [piece.strip() for piece in self._pieces(summary) if piece.strip()]

    def join(self, summaries: list[str]) -> str:
        """Make one summary of several that were judged one by one: each sentence stands in it once."""
        return self._without_repeats(("\n" if self._lines else " ").join(summaries))

    def shorten(self, joined: str, tokens: int) -> str:
        """Keep the most important sentences of joined summaries, about `tokens` of them."""
        joined = self.join([joined])
        counted = self._count(joined)
        if counted <= tokens * _TOLERANCE:
            return joined
        words = tokens * length(joined) / counted
        pick = extract_lines if self._lines else extract_sentences
        return self.limit(pick(joined, words=words, language=self._language) or joined, math.ceil(tokens * _TOLERANCE))

    def limit(self, text: str, tokens: int) -> str:
        """Return `text`, or its beginning where its words, by which it was chosen, have too many tokens."""
        if self._count(text) <= tokens:
            return text
        pieces = self._pieces(text)
        fitting = bisect_right(
            range(1, len(pieces) + 1), tokens, key=lambda number: self._count("".join(pieces[:number]))
        )
        return "".join(pieces[:fitting]).rstrip() or self.split(text, limit=tokens)[0].rstrip()

    def _without_repeats(self, summary: str) -> str:
        return "".join(without_repeats(self._pieces(summary))).rstrip()

    def _pieces(self, summary: str) -> list[str]:
        return summary.splitlines(keepends=True) if self._lines else list(split_sentences(summary, self._language))

"""Extracts: sentences of the text itself, up to a given length, where a model's summary is missing or bad.

`extract_sentences` is TextRank (Mihalcea and Tarau, 2004): sentences are the nodes of a graph, the weight of an edge is
the number of content-word stems that both sentences have, and a sentence is as important as its neighbours are. Content
words reach ROUGE-1/2 of 43.2/8.0 (measurements.md, TextRank words). `lead_sentences` takes the first sentences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streaming.summarizer.sentences import (
    CJK,
    DEFAULT_LANGUAGE,
    LONGEST_WORD,
    ends_with_sentence,
    join_lines,
    length,
    split_sentences,
    whole_sentences,
    word_count,
)
from streaming.summarizer.words import content_words

# Says how important each sentence of a text is.
Score = Callable[[Sequence[str]], Sequence[float]]
# The paper's damping factor, PageRank's own.
_DAMPING = 0.85
_CLOSE = 1e-6
_MOST_ROUNDS = 100
# The graph has an edge for every pair of sentences; 1,000 make 8 MB. A longer text is ranked part by part.
_MOST_SENTENCES = 1000
# What a sentence must have to stand in an extract: fewer words are an exclamation or a heading.
_FEWEST_WORDS = 4


def extract_sentences(text: str, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the sentences of `text` that TextRank finds the most important; see `pick_sentences`."""
    return pick_sentences(text, partial(_in_parts, language=language), words=words, language=language)


def extract_lines(text: str, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the lines of `text` that TextRank finds the most important, at most `words` words; "" when none fits."""
    lines = list(dict.fromkeys(line for line in text.splitlines() if line.strip()))
    scores = _in_parts(lines, language=language)
    order = sorted(range(len(lines)), key=lambda place: (-scores[place], place))
    return "\n".join(lines[place] for place in _within(order, lines, words))


def pick_sentences(text: str, score: Score, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the sentences of `text` with the highest scores, in its own order, at most `words` words together.

    Of two that score the same, the earlier one. When no sentence fits, the beginning of the best one; "" when not even
    a word does. Words are counted as `length` does.
    """
    sentences = _candidates(text, language)
    scores = score(sentences)
    order = sorted(range(len(sentences)), key=lambda place: (-scores[place], place))
    if fitting := _within(order, sentences, words):
        return _ended(join_lines(" ".join(sentences[place] for place in fitting)), language)
    return lead_sentences(sentences[order[0]], words=words, language=language) if order else ""


def lead_sentences(text: str, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the first sentences of `text`, at most `words` words: the extract when no summary could be made.

    A character of Chinese, Japanese or Korean counts as half a word. When the first sentence is longer than that, its
    beginning is taken and an ellipsis shows the cut.
    """
    taken: list[str] = []
    so_far = 0.0
    for sentence in split_sentences(text.strip(), language):
        so_far += word_count(sentence)
        if taken and so_far > words:
            break
        taken.append(sentence)
        if so_far > words:
            break
    extract = join_lines("".join(taken))
    if length(extract) > words:
        kept, so_far = [], 0.0
        for piece in re.findall(rf"{CJK.pattern}|(?:(?!{CJK.pattern})\S)+|\s+", extract):
            so_far += word_count(piece)
            if so_far > words:
                break
            kept.append(piece)
        begun = "".join(kept)[: int(words * LONGEST_WORD)].rstrip()
        return f"{begun}…" if begun else ""
    return _ended(extract, language)


def text_rank(sentences: Sequence[str], language: str = DEFAULT_LANGUAGE) -> NDArray[np.float64]:
    """Return how important each sentence is; the scores of all add up to one."""
    if not sentences:
        return np.zeros(0)
    bags = [set(content_words(sentence, language)) for sentence in sentences]
    columns = {word: column for column, word in enumerate(dict.fromkeys(word for bag in bags for word in bag))}
    holds = np.zeros((len(bags), max(1, len(columns))), dtype=np.float32)
    for row, bag in enumerate(bags):
        holds[row, [columns[word] for word in bag]] = 1
    lengths = np.log(np.maximum([len(bag) for bag in bags], 2))
    weights = (holds @ holds.T) / (lengths[:, None] + lengths[None, :])
    np.fill_diagonal(weights, 0)
    totals = weights.sum(axis=1, keepdims=True)
    # A sentence that shares no word with any other leads everywhere.
    steps = np.where(totals > 0, weights / np.where(totals > 0, totals, 1), 1 / len(bags))
    scores = np.full(len(bags), 1 / len(bags))
    for _ in range(_MOST_ROUNDS):
        before, scores = scores, (1 - _DAMPING) / len(bags) + _DAMPING * (scores @ steps)
        if np.abs(scores - before).sum() < _CLOSE:
            break
    return scores


def _in_parts(sentences: Sequence[str], *, language: str) -> list[float]:
    parts = max(1, math.ceil(len(sentences) / _MOST_SENTENCES))
    bounds = [len(sentences) * part // parts for part in range(parts + 1)]
    # A part's scores add up to one, so those of a long part are smaller.
    return [
        float(score) * (end - start)
        for start, end in pairwise(bounds)
        for score in text_rank(sentences[start:end], language)
    ]


def _candidates(text: str, language: str) -> list[str]:
    # Each once: a disclaimer under every message of a thread would be what the whole thread is about.
    flat = list(dict.fromkeys(join_lines(sentence) for sentence in split_sentences(text.strip(), language)))
    whole = [sentence for sentence in flat if ends_with_sentence(sentence) and length(sentence) >= _FEWEST_WORDS]
    # A text without a full stop: what there is.
    return whole or [sentence for sentence in flat if sentence]


def _ended(extract: str, language: str) -> str:
    return (
        extract
        if ends_with_sentence(extract)
        else whole_sentences(extract, finished=True, language=language) or extract
    )


def _within(order: Iterable[int], sentences: Sequence[str], words: float) -> list[int]:
    """Return the places of the first sentences of an order that fit together, in the text's order."""
    taken: list[int] = []
    so_far = 0.0
    for place in order:
        more = length(sentences[place])
        if so_far + more <= words:
            taken.append(place)
            so_far += more
    return sorted(taken)

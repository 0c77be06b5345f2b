"""Extracts: sentences of the text itself, up to a given length, where a model's summary is missing or bad.

`extract_sentences` is TextRank (Mihalcea and Tarau, 2004): sentences are the nodes of a graph, the weight of an edge is
the number of content-word stems that both sentences have, and a sentence is as important as its neighbours are. Content
words reach ROUGE-1/2 of 43.2/8.0 (measurements.md, TextRank words). `lead_sentences` takes the first sentences.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from streaming.sentences import (
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

# Returns the importance of each sentence of a text.
Score = Callable[[Sequence[str]], Sequence[float]]
# The paper's damping factor, PageRank's own.
_DAMPING = 0.85
_CONVERGED = 1e-6
_MOST_ROUNDS = 100
# The graph has an edge for every pair of sentences: 1,000 sentences take 8 MB. A longer text is ranked part by part.
MOST_SENTENCES = 1000
# A sentence of fewer words is an exclamation or a heading, and stands in no extract.
_FEWEST_WORDS = 4


def extract_sentences(text: str, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the sentences of `text` that TextRank finds the most important; see `pick_sentences`."""
    return pick_sentences(text, partial(_in_parts, language=language), words=words, language=language)


def extract_lines(text: str, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the lines of `text` that TextRank finds the most important, at most `words` words; "" when none fits."""
    lines = list(dict.fromkeys(line for line in text.splitlines() if line.strip()))
    scores = _in_parts(lines, language=language)
    order = sorted(range(len(lines)), key=lambda index: (-scores[index], index))
    return "\n".join(lines[index] for index in _fitting(order, lines, words))


def most_important(pieces: Sequence[str], count: int, language: str = DEFAULT_LANGUAGE) -> list[str]:
    """Return the `count` of some sentences, or lines, that TextRank finds the most important, in their order."""
    scores = _in_parts(pieces, language=language)
    order = sorted(range(len(pieces)), key=lambda index: (-scores[index], index))
    return [pieces[index] for index in sorted(order[:count])]


def important_sentences(text: str, count: int, language: str = DEFAULT_LANGUAGE) -> list[str]:
    """Return the `count` sentences of `text` that TextRank finds the most important, or all when there are fewer."""
    return most_important(_candidates(text, language), count, language)


def pick_sentences(text: str, score: Score, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the sentences of `text` with the highest scores, in its own order, at most `words` words together.

    Of two sentences with the same score, the earlier one wins. When no sentence fits, the beginning of the best one is
    returned, or "" when not even a word fits. Words are counted as `length` does.
    """
    sentences = _candidates(text, language)
    scores = score(sentences)
    order = sorted(range(len(sentences)), key=lambda index: (-scores[index], index))
    if fitting := _fitting(order, sentences, words):
        return _ended(join_lines(" ".join(sentences[index] for index in fitting)), language)
    return lead_sentences(sentences[order[0]], words=words, language=language) if order else ""


def lead_sentences(text: str, *, words: float, language: str = DEFAULT_LANGUAGE) -> str:
    """Return the first sentences of `text`, at most `words` words.

    A character of Chinese, Japanese or Korean counts as half a word. When the first sentence is longer, its
    beginning is returned, with an ellipsis.
    """
    chosen: list[str] = []
    so_far = 0.0
    for sentence in split_sentences(text.strip(), language):
        so_far += word_count(sentence)
        if chosen and so_far > words:
            break
        chosen.append(sentence)
        if so_far > words:
            break
    extract = join_lines("".join(chosen))
    if length(extract) > words:
        pieces, so_far = [], 0.0
        for piece in re.findall(rf"{CJK.pattern}|(?:(?!{CJK.pattern})\S)+|\s+", extract):
            so_far += word_count(piece)
            if so_far > words:
                break
            pieces.append(piece)
        beginning = "".join(pieces)[: int(words * LONGEST_WORD)].rstrip()
        return f"{beginning}…" if beginning else ""
    return _ended(extract, language)


def text_rank(sentences: Sequence[str], language: str = DEFAULT_LANGUAGE) -> NDArray[np.float64]:
    """Return how important each sentence is; the scores of all add up to one."""
    return rank_bags([set(content_words(sentence, language)) for sentence in sentences])


def rank_bags(bags: Sequence[Collection[str]], weight: Callable[[str], float] = lambda _: 1.0) -> NDArray[np.float64]:
    """Return how important each sentence is, as the words that it holds; the scores of all add up to one.

    A word that two sentences share adds its `weight` to their edge.
    """
    if not bags:
        return np.zeros(0)
    columns = {word: column for column, word in enumerate(dict.fromkeys(word for bag in bags for word in bag))}
    holds = np.zeros((len(bags), max(1, len(columns))), dtype=np.float32)
    for row, bag in enumerate(bags):
        holds[row, [columns[word] for word in bag]] = [math.sqrt(weight(word)) for word in bag]
    lengths = np.log(np.maximum([len(bag) for bag in bags], 2))
    weights = (holds @ holds.T) / (lengths[:, None] + lengths[None, :])
    np.fill_diagonal(weights, 0)
    totals = weights.sum(axis=1, keepdims=True)
    # A sentence that shares no word with any other has an edge to all.
    steps = np.where(totals > 0, weights / np.where(totals > 0, totals, 1), 1 / len(bags))
    scores = np.full(len(bags), 1 / len(bags))
    for _ in range(_MOST_ROUNDS):
        before, scores = scores, (1 - _DAMPING) / len(bags) + _DAMPING * (scores @ steps)
        if np.abs(scores - before).sum() < _CONVERGED:
            break
    return scores


def _in_parts(sentences: Sequence[str], *, language: str) -> list[float]:
    parts = max(1, math.ceil(len(sentences) / MOST_SENTENCES))
    bounds = [len(sentences) * part // parts for part in range(parts + 1)]
    # The scores of a part add up to one, so scores are smaller in a long part.
    return [
        float(score) * (end - start)
        for start, end in pairwise(bounds)
        for score in text_rank(sentences[start:end], language)
    ]


def _candidates(text: str, language: str) -> list[str]:
    # Each sentence once: otherwise a disclaimer under every message of a thread would rank first.
    flat = list(dict.fromkeys(join_lines(sentence) for sentence in split_sentences(text.strip(), language)))
    whole = [sentence for sentence in flat if ends_with_sentence(sentence) and length(sentence) >= _FEWEST_WORDS]
    # A text without a full stop has no whole sentence.
    return whole or [sentence for sentence in flat if sentence]


def _ended(extract: str, language: str) -> str:
    return (
        extract
        if ends_with_sentence(extract)
        else whole_sentences(extract, complete=True, language=language) or extract
    )


def _fitting(order: Iterable[int], sentences: Sequence[str], words: float) -> list[int]:
    """Return the indices of sentences that fit together, chosen in the given order, in the text's order."""
    chosen: list[int] = []
    so_far = 0.0
    for index in order:
        more = length(sentences[index])
        if so_far + more <= words:
            chosen.append(index)
            so_far += more
    return sorted(chosen)

"""ROUGE (Lin, 2004): the words that a summary and a reference have in common, as F1 from 0 to 1.

ROUGE-1 compares words, ROUGE-2 pairs of words, ROUGE-Lsum the longest common subsequence, sentence by sentence. With
several references the best one counts, for each measure by itself, as the authors of SQuALITY do it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nltk.stem.porter import PorterStemmer
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.tokenizers import Tokenizer

from streaming.sentences import DEFAULT_LANGUAGE, split_sentences
from streaming.summarizer.words import words

MEASURES = ("rouge1", "rouge2", "rougeLsum")
# rouge-score stems words that are longer than this.
_SHORT = 3


@dataclass(frozen=True)
class Rouge:
    """F1 of the three measures."""

    rouge1: float
    rouge2: float
    rougeLsum: float  # noqa: N815 - the measure's own name


class _Words(Tokenizer):  # type: ignore[misc]
    """Splits English as rouge-score's own tokenizer does ("Ilse's" is two words), but keeps letters beyond a to z."""

    def __init__(self) -> None:
        self._stemmer = PorterStemmer()

    def tokenize(self, text: str) -> list[str]:
        return [self._stemmed(part) for word in words(text) for part in word.split("'")]

    def _stemmed(self, word: str) -> str:
        return str(self._stemmer.stem(word)) if word.isascii() and len(word) > _SHORT else word


_SCORER = RougeScorer(list(MEASURES), tokenizer=_Words())


def rouge(summary: str, references: Sequence[str], *, language: str = DEFAULT_LANGUAGE) -> Rouge:
    """Return how much a summary has in common with the nearest of the references."""
    scores = _SCORER.score_multi([_lines(text, language) for text in references], _lines(summary, language))
    return Rouge(**{name: scores[name].fmeasure for name in MEASURES})


def _lines(text: str, language: str) -> str:
    """Return a text with a line for each sentence, which ROUGE-Lsum expects."""
    return "\n".join(" ".join(sentence.split()) for sentence in split_sentences(text, language))

"""The verdict on a summary: its faults and blemishes, by name. None of them shows whether the summary is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streaming.sentences import ends_with_sentence, length
from streaming.summarizer.guards.claims import foreign_names, foreign_numbers, foreign_quotes
from streaming.summarizer.guards.first_person import has_first_person
from streaming.summarizer.guards.grounding import grounding_of
from streaming.summarizer.guards.injection import MARKS, separate_orders
from streaming.summarizer.guards.ngrams import MOST_REPETITION, copied, repetition
from streaming.summarizer.guards.real_words import lacks_real_words
from streaming.summarizer.languages import base_code, detect_language, is_detectable, same_or_similar
from streaming.summarizer.words import content_words, has_stems

# 0.2 rejects 11% of first answers about the right chapter, and 87% of those about another one (docs/quality.md, and
# measurements.md, least grounding).
_LEAST_GROUNDING = 0.2
# With a larger share of 8-grams from its text, a summary is one long quotation.
_MOST_COPIED = 0.8
# The summary of a shorter text, in words, may be longer than it, and has too few words for shares to mean anything.
_SHORT_TEXT = 30
# A text of this many words has a summary of at least three content words; less is an answer to something else.
_SOME_TEXT, _FEWEST_WORDS = 60, 3


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a summary: `faults` reject it, and with `blemishes` another try may be better.

    `grounding` is from 0 to 1; None when the summary has no content word.
    """

    faults: tuple[str, ...]
    blemishes: tuple[str, ...]
    grounding: float | None


def judge(
    summary: str,
    text: str,
    *,
    language: str,
    instructions: str,
    lines: bool = False,
    answered_in: str | None = None,
) -> Verdict:
    """Say what is wrong with a summary of `text`, whose language is `language`.

    `instructions` are the model's, which a summary must not repeat. A summary of `lines` has no sentences that could be
    unfinished. `answered_in` is the language that the summary must be in, None for any.
    """
    if not any(character.isalnum() for character in summary):
        return Verdict(("empty",), (), None)
    # An answer to an order in the text is no summary of it.
    separated = separate_orders(text, language=language)
    summary_words, source = content_words(summary, language), content_words(separated.rest, language)
    score = grounding_of(summary_words, source).score
    translated = answered_in is not None and base_code(answered_in) != base_code(language)
    comparable = length(text) >= _SHORT_TEXT and not translated
    grounded = not comparable or score is None or score >= _LEAST_GROUNDING
    faults: dict[str, Callable[[], object]] = {
        "unfinished": lambda: not lines and not ends_with_sentence(summary),
        "too short": lambda: not lines and length(text) >= _SOME_TEXT and len(summary_words) < _FEWEST_WORDS,
        "repetition": lambda: repetition(summary) > MOST_REPETITION,
        "template": lambda: set(MARKS.findall(summary)) - set(MARKS.findall(text)),
        "instructions": lambda: copied(summary, instructions) and not copied(instructions, text),
        "longer than its text": lambda: length(text) >= _SHORT_TEXT and length(summary) > length(text),
        "obedient": lambda: separated.obeyed_by(summary, language=language, instructions=instructions),
        "ungrounded": lambda: not grounded and has_stems(language),
        "language": lambda: (
            answered_in is not None and is_of_another_language(summary, text, answered_in, translated=translated)
        ),
    }
    blemishes: dict[str, Callable[[], object]] = {
        # A text about templates may quote marks.
        "template": lambda: MARKS.search(summary),
        # Without stems, an inflected word is another word.
        "ungrounded": lambda: not grounded and not has_stems(language),
        "foreign quotation": lambda: not translated and foreign_quotes(summary, text),
        "foreign numbers": lambda: foreign_numbers(summary, text),
        "foreign names": lambda: comparable and foreign_names(summary, set(source), language=language),
        "first or second person": lambda: has_first_person(summary, language=language),
        "copied": lambda: length(text) >= _SHORT_TEXT and (copied(summary, text) or 0) > _MOST_COPIED,
    }
    return Verdict(_true(faults), _true(blemishes), score)


def is_of_another_language(summary: str, text: str, language: str, *, translated: bool) -> bool:
    """Tell whether a summary of `text` is not in `language`, or in no language at all."""
    if is_detectable(language) and not same_or_similar(detect_language(summary) or language, language):
        return True
    # Models know the words of English, whose dictionary would cost each worker 20 MB (measurements.md, real words).
    return (translated or base_code(language) != "en") and lacks_real_words(summary, text, language)


def _true(tests: dict[str, Callable[[], object]]) -> tuple[str, ...]:
    return tuple(name for name, test in tests.items() if test())

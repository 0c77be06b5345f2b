"""The verdict on a summary: what is wrong with it, by name. None of it can tell whether what it says is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streaming.summarizer.guards.claims import foreign_names, foreign_numbers, foreign_quotes
from streaming.summarizer.guards.first_person import speaks_for_itself
from streaming.summarizer.guards.grounding import grounding_of
from streaming.summarizer.guards.injection import MARKS, separate_orders
from streaming.summarizer.guards.ngrams import MOST_REPETITION, copied, repetition
from streaming.summarizer.languages import base_code, detect_language, is_detectable, same_or_similar
from streaming.summarizer.sentences import ends_with_sentence, length
from streaming.summarizer.words import content_words, has_stems

# On the hundred chapters on which it was chosen, 5% of first answers about the right one have less than 0.21, and 90%
# of those about another one; on the next hundred 11% and 87% have less than 0.2. As the service makes them none about
# the right one has, and 88% and 93% of those about another one, on two other hundreds (docs/quality.md).
_LEAST_GROUNDING = 0.2
# More of a summary's 8-grams than this from its text, and it is one long quotation.
_MOST_COPIED = 0.8
# A text of fewer words may have a summary that is longer, and too few words for a share of them to say anything.
_SHORT_TEXT = 30
# A text of more words has a summary of more content words than these; a word or two are an answer to something else.
_SOME_TEXT, _FEWEST_WORDS = 60, 3


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a summary: with `faults` it is not handed out, with `blemishes` another may be better.

    `grounding` is from 0 to 1; None when the summary has no word that could be grounded.
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

    `instructions` are what the model was told, not to be repeated. A summary of `lines` has no sentences that could be
    unfinished. `answered_in` is the language that it must be in, when one is known.
    """
    if not any(character.isalnum() for character in summary):
        return Verdict(("empty",), (), None)
    # An answer to what the text asks of its reader is no summary of it.
    told_apart = separate_orders(text, language=language)
    said, source = content_words(summary, language), content_words(told_apart.rest, language)
    score = grounding_of(said, source).score
    translated = answered_in is not None and base_code(answered_in) != base_code(language)
    comparable = length(text) >= _SHORT_TEXT and not translated
    grounded = not comparable or score is None or score >= _LEAST_GROUNDING
    faults: dict[str, Callable[[], object]] = {
        "unfinished": lambda: not lines and not ends_with_sentence(summary),
        "too short": lambda: not lines and length(text) >= _SOME_TEXT and len(said) < _FEWEST_WORDS,
        "repetition": lambda: repetition(summary) > MOST_REPETITION,
        "template": lambda: set(MARKS.findall(summary)) - set(MARKS.findall(text)),
        "instructions": lambda: copied(summary, instructions) and not copied(instructions, text),
        "longer than its text": lambda: length(text) >= _SHORT_TEXT and length(summary) > length(text),
        "obedient": lambda: told_apart.obeyed_by(summary, language=language, told=instructions),
        "ungrounded": lambda: not grounded and has_stems(language),
        "language": lambda: (
            answered_in is not None
            and is_detectable(answered_in)
            and not same_or_similar(detect_language(summary) or answered_in, answered_in)
        ),
    }
    blemishes: dict[str, Callable[[], object]] = {
        # What the text quotes of a template, it may be about.
        "template": lambda: MARKS.search(summary),
        # Where words are compared as they stand, an inflected one is another.
        "ungrounded": lambda: not grounded and not has_stems(language),
        "foreign quotation": lambda: not translated and foreign_quotes(summary, text),
        "foreign numbers": lambda: foreign_numbers(summary, text),
        "foreign names": lambda: comparable and foreign_names(summary, set(source), language=language),
        "first or second person": lambda: speaks_for_itself(summary, language=language),
        "copied": lambda: length(text) >= _SHORT_TEXT and (copied(summary, text) or 0) > _MOST_COPIED,
    }
    return Verdict(_true(faults), _true(blemishes), score)


def _true(tests: dict[str, Callable[[], object]]) -> tuple[str, ...]:
    return tuple(name for name, test in tests.items() if test())

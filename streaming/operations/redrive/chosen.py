"""A redrive of letters that a person chose in a list: by their places on the topic, or all of one reason."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from consumers.dashboard.letters import Redriven
from consumers.live.rows import Position
from streaming.messages import SETTLED, WHY_LEFT, FailedDocument
from streaming.operations.redrive.places import LetterTopic
from streaming.operations.redrive.redrive import redrive
from streaming.operations.redrive.survey import Selection, survey
from streaming.settings import Settings

_NO_LETTER = "no letter to send: a later one of the same document counts, or it is gone from the topic"
_TOO_LARGE = "too large for its topic with the six headers of a redriven record"
_CHANGED = "sent back, summarized or replaced in the meantime"


def redrive_chosen(settings: Settings, places: Sequence[Position], reason: str) -> Redriven:
    """Send back the letters at `places` of the dead-letter topic, or without places all that wait with a reason.

    Reads all letters and results first, as `gistream redrive` does. Raises `BrokerError` and `TopicError`; what was
    sent before stays sent.
    """
    topic = LetterTopic(settings)
    seen = survey(settings, topic, lambda: None)
    asked: dict[tuple[int | str, int], Position] = {(place[1], place[2]): place for place in places}
    if places:
        chosen = [letter for letter in seen.letters if letter.place in asked]
    else:
        # What has a result by now was not meant.
        chosen = [letter for letter in seen.select(Selection(types=(reason,))) if letter.state not in SETTLED]
    waiting = [letter for letter in chosen if letter.state == "waiting"]
    outcome = redrive(settings, topic, seen, waiting, rate=None, stop=threading.Event(), on_sent=lambda _number: None)
    reasons = [
        *((letter, _why(letter, settings.max_attempts)) for letter in chosen if letter.state != "waiting"),
        *((letter, _TOO_LARGE) for letter in outcome.refused),
        *((letter, _CHANGED) for letter in outcome.changed),
    ]
    left = [(_position(settings, letter), letter.name, why) for letter, why in reasons]
    for letter in chosen:
        asked.pop(letter.place, None)
    left += [(place, "{}-{}-{}".format(*place), _NO_LETTER) for place in asked.values()]
    return Redriven(outcome.sent, left)


def _why(letter: FailedDocument, max_attempts: int) -> str:
    reason = WHY_LEFT[letter.state].format(max_attempts=max_attempts)
    return f"{reason}: {letter.note}" if letter.note else reason


def _position(settings: Settings, letter: FailedDocument) -> Position:
    partition, offset = letter.place
    return settings.dead_letter_topic, int(partition), offset

"""Reads a plain transcript, whose lines begin with a time in brackets: "[00:01:02] Anna: We are live".

The times are left out, and what one person says in lines that follow each other is one paragraph.
"""

from __future__ import annotations

import re

# [1:02], (00:01:02), [00:01:02.500]; also a span of times.
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_TIMED = re.compile(rf"[ \t]*[\[(]{_CLOCK}(?:\s*(?:-->|[-–])\s*{_CLOCK})?[\])][ \t]*[-–:]?[ \t]*(?P<said>.*)")
# A name, or a nick as chats write it; the words of a program's log are none.
_SPEAKER = re.compile(r"(?:(?P<name>[^:\n.!?<>]{1,40}):|(?P<nick><[^<>\s]{1,30}>))\s+\S")
_LOGGED = re.compile(r"\W*(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL|NOTICE)\b")
# A shorter one may be a list of songs; in a log of a program other lines stand between.
_FEWEST_LINES, _LEAST_SHARE = 3, 0.5


def read_transcript(text: str) -> str | None:
    """Return what is said in a transcript, as paragraphs; None for any other text."""
    lines = [line for line in text.split("\n") if line.strip()]
    matches = [_TIMED.fullmatch(line) for line in lines]
    timed = sum(match is not None for match in matches)
    if timed < _FEWEST_LINES or timed < _LEAST_SHARE * len(lines):
        return None
    if any(match and _LOGGED.match(match["said"]) for match in matches):
        return None
    paragraphs: list[str] = []
    first = next(number for number, match in enumerate(matches) if match)
    who: str | None = None
    for number, (line, match) in enumerate(zip(lines, matches, strict=True)):
        said = (match["said"] if match else line).strip()
        speaker = _SPEAKER.match(said) if match else None
        name = (speaker["nick"] or f"{speaker['name']}:") if speaker else None
        # What stands above the first time is a title, or says who is there.
        if number > first and (name is None or name == who):
            paragraphs[-1] = f"{paragraphs[-1]} {said.removeprefix(name or '').strip()}".rstrip()
        elif said or number == first:
            paragraphs.append(said)
            who = name
    return "\n\n".join(paragraphs).strip()

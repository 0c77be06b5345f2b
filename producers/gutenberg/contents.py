"""Which headings of a book are those of a table of contents.

A table has the headings of the text again, with next to nothing between them, and is told from the text by that alone:
its chapters occur elsewhere, too, and hold a small share of the words there. So it may stand anywhere, once for the
book or once for each volume, with or without titles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from producers.gutenberg.headings import Heading

# Words that an entry may have, on average: some tell the whole chapter ("In which ...").
_ENTRY = 100
# The same where nothing else in the book has that part's name: then it must be a mere title.
_BARE_ENTRY = 20
# How many times the words of its entries a table's chapters have, at least.
_RATIO = 4
# The share of a table's entries that must be found elsewhere; the rest are typing errors.
_FOUND = 0.8

_Key = tuple[str, int | str]


@dataclass
class _Run:
    """Chapters in a row: of one part, up to a table of contents or a number that does not count up."""

    part: tuple[_Key, ...]
    above: list[Heading]
    chapters: list[Heading] = field(default_factory=list)

    def goes_on_with(self, heading: Heading) -> bool:
        """Whether `heading` is a new chapter, of a higher number than the last of its kind."""
        same = [one for one in self.chapters if one.word == heading.word]
        if heading.number is None or not same or same[-1].number is None:
            return heading.key not in {one.key for one in same}
        return heading.number > same[-1].number


def nest(parts: list[Heading], part: Heading) -> list[Heading]:
    """Return the parts that are open after the heading `part`: VOLUME II closes VOLUME I and the books in it."""
    words = [one.word for one in parts]
    if part.word in ("EPILOGUE", "PROLOGUE"):
        return [part]
    if part.word in words:
        return [*parts[: words.index(part.word)], part]
    return [one for one in parts if one.word not in ("EPILOGUE", "PROLOGUE")] + [part]


def find_contents(lines: list[str], headings: list[Heading]) -> set[Heading]:
    """Return those of `headings` that belong to a table of contents."""
    ends = [heading.start for heading in headings[1:]] + [len(lines)]
    words = {
        heading: len(" ".join(lines[heading.end : end]).split()) for heading, end in zip(headings, ends, strict=False)
    }
    runs = _runs(headings)
    gone = {heading for heading in headings if heading.kind == "contents"}
    # Parts are told by the chapters under them; those without any wait for the next that has some.
    waiting: list[Heading] = []
    for place, run in enumerate(runs):
        # A part that is named before the word CONTENTS is what the table is of, and stays.
        waiting = run.above if gone.intersection(run.above) else [*waiting, *run.above]
        if not run.chapters:
            # A list of parts alone.
            later = {other.part for other in runs[place + 1 :] for one in other.above if one.kind == "part"}
            gone |= {heading for heading in run.above if heading.kind == "part" and run.part in later}
            continue
        if entries := _entries(run, [other for other in runs if other is not run], words):
            gone |= {*entries, *waiting}
        waiting = []
    return gone


def _runs(headings: list[Heading]) -> list[_Run]:
    runs = [_Run((), [])]
    open_parts: list[Heading] = []
    for heading in headings:
        if heading.kind == "part":
            open_parts = nest(open_parts, heading)
        part = tuple(one.key for one in open_parts)
        if heading.kind in ("part", "contents"):
            runs.append(_Run(part, [heading]))
        elif runs[-1].goes_on_with(heading):
            runs[-1].chapters.append(heading)
        else:
            runs.append(_Run(part, [], [heading]))
    return runs


def _entries(run: _Run, others: list[_Run], words: dict[Heading, int]) -> list[Heading]:
    """Return the headings of `run` that are entries of a table; none when it is text."""
    namesakes = [other for other in others if other.part == run.part and other.chapters]
    held: dict[_Key, int] = {}
    for other in namesakes or others:
        for heading in other.chapters:
            held[heading.key] = max(held.get(heading.key, 0), words[heading])
    found = [heading for heading in run.chapters if heading.key in held]
    if len(found) < _FOUND * sum(heading.kind == "chapter" for heading in run.chapters) or not found:
        return []
    # Whatever stands between the table and the text is under the table's last entry.
    measured = found[:-1] or found
    own = sum(words[heading] for heading in measured)
    there = sum(held[heading.key] for heading in measured)
    if own > (_ENTRY if namesakes else _BARE_ENTRY) * len(measured) or there < max(_RATIO * own, 1):
        return []
    # An entry that is misspelt is found nowhere else; a preface before the table, or between it and the text, is none.
    return [h for h in run.chapters if h in found or (h.kind == "chapter" and words[h] <= _ENTRY)]

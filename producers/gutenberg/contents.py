"""The headings of a book that belong to a table of contents.

A table of contents repeats the headings of the text, with hardly a word between them. That alone tells it from the
text: its chapters occur a second time elsewhere, and have many more words there. So a table may stand anywhere, once
for the book or once for each volume, with or without titles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from producers.gutenberg.headings import Heading

# Words that an entry may have, on average: some tell the whole chapter ("In which ...").
_ENTRY = 100
# The same limit where no other run of the book has that part's name: there an entry must be a mere title.
_BARE_ENTRY = 20
# The chapters of a table have at least this many times the words of its entries.
_RATIO = 4
# The share of a table's entries that must occur elsewhere; the rest are typing errors.
_REPEATED = 0.8

_Key = tuple[str, int | str]


@dataclass
class _Run:
    """Chapters in a row: of one part, up to a table of contents or a number that does not count up."""

    part: tuple[_Key, ...]
    above: list[Heading]
    chapters: list[Heading] = field(default_factory=list)

    def goes_on_with(self, heading: Heading) -> bool:
        """Whether `heading` is a new chapter, of a higher number than the last of its kind."""
        same = [chapter for chapter in self.chapters if chapter.word == heading.word]
        if heading.number is None or not same or same[-1].number is None:
            return heading.key not in {chapter.key for chapter in same}
        return heading.number > same[-1].number


def nest(parts: list[Heading], part: Heading) -> list[Heading]:
    """Return the parts that are open after the heading `part`: VOLUME II closes VOLUME I and the books in it."""
    words = [outer.word for outer in parts]
    if part.word in ("EPILOGUE", "PROLOGUE"):
        return [part]
    if part.word in words:
        return [*parts[: words.index(part.word)], part]
    return [outer for outer in parts if outer.word not in ("EPILOGUE", "PROLOGUE")] + [part]


def find_contents(lines: list[str], headings: list[Heading]) -> set[Heading]:
    """Return the headings, of `headings`, that belong to a table of contents."""
    ends = [heading.start for heading in headings[1:]] + [len(lines)]
    words = {
        heading: len(" ".join(lines[heading.end : end]).split()) for heading, end in zip(headings, ends, strict=False)
    }
    runs = _runs(headings)
    entries = {heading for heading in headings if heading.kind == "contents"}
    # Parts belong to the chapters under them; a part without chapters is decided with the next part that has some.
    undecided: list[Heading] = []
    for index, run in enumerate(runs):
        # A part that is named before the word CONTENTS is the subject of the table, and stays.
        undecided = run.above if entries.intersection(run.above) else [*undecided, *run.above]
        if not run.chapters:
            # A list of parts alone.
            later = {other.part for other in runs[index + 1 :] for heading in other.above if heading.kind == "part"}
            entries |= {heading for heading in run.above if heading.kind == "part" and run.part in later}
            continue
        if own_entries := _entries(run, [other for other in runs if other is not run], words):
            entries |= {*own_entries, *undecided}
        undecided = []
    return entries


def _runs(headings: list[Heading]) -> list[_Run]:
    runs = [_Run((), [])]
    open_parts: list[Heading] = []
    for heading in headings:
        if heading.kind == "part":
            open_parts = nest(open_parts, heading)
        part = tuple(open_part.key for open_part in open_parts)
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
    words_elsewhere: dict[_Key, int] = {}
    for other in namesakes or others:
        for heading in other.chapters:
            words_elsewhere[heading.key] = max(words_elsewhere.get(heading.key, 0), words[heading])
    repeated = [heading for heading in run.chapters if heading.key in words_elsewhere]
    if len(repeated) < _REPEATED * sum(heading.kind == "chapter" for heading in run.chapters) or not repeated:
        return []
    # Without the last entry: it holds all text between the table and the first chapter.
    compared = repeated[:-1] or repeated
    words_here = sum(words[heading] for heading in compared)
    words_there = sum(words_elsewhere[heading.key] for heading in compared)
    longest = (_ENTRY if namesakes else _BARE_ENTRY) * len(compared)
    if words_here > longest or words_there < max(_RATIO * words_here, 1):
        return []
    # A misspelt entry occurs nowhere else and is short. A preface beside the table is no entry.
    return [h for h in run.chapters if h in repeated or (h.kind == "chapter" and words[h] <= _ENTRY)]

"""Reads subtitles (.srt, .vtt, .sbv) and transcripts: what is said, without numbers and times, as paragraphs.

A new paragraph begins where another person speaks (`<v Anna>` becomes "Anna: "), and after a pause. Captions that roll
up, as those of YouTube do, repeat each line in the next caption; a line of them is read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from producers.formats.options import ReadOptions
from producers.formats.part import Part
from streaming.encoding.character_references import unescape
from streaming.encoding.reading import decode_file
from streaming.errors import BadInput

# 00:01:02,500 of SubRip, 01:02.500 of WebVTT, 0:01:02.500 of SubViewer.
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{2})(?:[.,](\d{1,3}))?"
_TIMES = re.compile(rf"\s*{_TIME}\s*(?:-->|,)\s*{_TIME}(?:\s.*)?")
_NOT_SAID = re.compile(r"(?:WEBVTT|NOTE|STYLE|REGION)\b")
_HEADER = re.compile(r"WEBVTT[ \t]+(?:-[ \t]*)?(\S.*)")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^<>]+)>")
# Marks of WebVTT and SubRip, and the times of words; a "<" of a text stays. {\an8} moves a caption on the screen.
_MARK = re.compile(r"</?(?:[biucsv]|i|lang|ruby|rt|font)(?:[.\s][^<>]*)?>|<[\d:.]+>|\{\\[^{}]*\}", re.IGNORECASE)
_LINE_BREAK = re.compile(r"\[br\]|\\[Nn](?=\S)", re.IGNORECASE)
# Another person speaks: a dash, the marks of live captions, a name in capitals or of one or two words.
_DASH = re.compile(r"(?:[-–—‐]|>>+|&gt;&gt;)\s*(?=\S)")
_SPEAKER = re.compile(r"\s*(?P<name>[^\W\d_][\w.'’-]*(?: [^\W\d_][\w.'’-]*){0,2}(?: \([^()]{1,30}\))?):\s+\S")
# Seconds without a caption after which a new paragraph begins.
_PAUSE = 3.0
# Who made the subtitles stands in the first or last captions, and is not said.
_CREDIT = re.compile(
    r"opensubtitles|(?:^|\n)\W*(?:subtitle[sd]?|subtitling|caption(?:s|ed)?|sync(?:ed)?)\b[^\n]{0,40}\bby\b",
    re.IGNORECASE,
)
_CREDITS_AT_EDGE = 2
# Of the captions of a film, fewer begin as the one before ended; of those that roll up, nearly all do.
_ROLLING = 0.3
_FEWEST_CAPTIONS = 3


@dataclass(frozen=True)
class Caption:
    """What stands on the screen from `start` to `end`, in seconds."""

    start: float
    end: float
    lines: list[str]


def read_subtitles(path: Path, _options: ReadOptions) -> Iterator[Part]:
    """Yield the text of subtitles; raises `BadInput`, `NoText`, for a file without a caption."""
    file = decode_file(path.read_bytes())
    text = file.text.replace("\r\n", "\n").replace("\r", "\n")
    captions = list(_captions(text))
    said = "\n\n".join(paragraphs(_without_credits(_once(captions))))
    if not said:
        raise BadInput("no subtitles: no line has a time at which a text is shown", type="NoText")
    title = _HEADER.match(text)
    metadata = {"encoding": file.code_page} if file.code_page else {}
    yield Part(said, title[1].strip() if title else None, metadata=metadata)


def _captions(text: str) -> Iterator[Caption]:
    """Yield the captions of a text; a block without times goes on with the one before, unless WebVTT names it."""
    is_webvtt = text.startswith("WEBVTT")
    times: tuple[float, float] | None = None
    lines: list[str] = []
    for block in re.split(r"\n[ \t]*\n", text):
        rows = block.strip("\n").split("\n")
        first = next((number for number, row in enumerate(rows) if _TIMES.fullmatch(row)), None)
        if first is None:
            # Some programs leave blank lines in a caption.
            if times and not is_webvtt and not (len(rows) == 1 and rows[0].strip().isdecimal()):
                lines += rows
            continue
        if is_webvtt and _NOT_SAID.match(rows[0]) and first > 1:
            continue
        if not is_webvtt:
            lines += rows[: first - (first > 0 and rows[first - 1].strip().isdecimal())]
        while first is not None:
            if times is not None:
                yield Caption(*times, lines)
            times = _times(rows[first])
            following = next((n for n in range(first + 1, len(rows)) if _TIMES.fullmatch(rows[n])), None)
            end = len(rows) if following is None else following
            # The number of the next caption stands above its times.
            end -= following is not None and rows[end - 1].strip().isdecimal()
            lines = rows[first + 1 : end]
            first = following
    if times is not None:
        yield Caption(*times, lines)


def _times(row: str) -> tuple[float, float]:
    match = _TIMES.fullmatch(row)
    groups = match.groups() if match else ("0",) * 8
    start, end = (_seconds(*groups[first : first + 4]) for first in (0, 4))
    return start, end


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    return 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds) + float(f"0.{fraction or 0}")


def _plain_lines(caption: Caption) -> list[str]:
    """Return the lines that a caption shows; the name of a voice stands before what it says."""
    said = _LINE_BREAK.sub("\n", _VOICE.sub(r"\n\1: ", "\n".join(caption.lines)))
    plain = unescape(_MARK.sub("", said)).replace("\xa0", " ")
    return [line for row in plain.split("\n") if (line := " ".join(row.split()))]


def _once(captions: Sequence[Caption]) -> list[Caption]:
    """Return the captions with their plain lines; of captions that roll up, each line once."""
    shown = [Caption(caption.start, caption.end, _plain_lines(caption)) for caption in captions]
    shown = [caption for caption in shown if caption.lines]
    # "No." twice is said twice.
    repeats = sum(
        first.lines != second.lines and _overlap(first.lines, second.lines) > 0 for first, second in pairwise(shown)
    )
    if len(shown) < _FEWEST_CAPTIONS or repeats < _ROLLING * (len(shown) - 1):
        return shown
    result = list[Caption]()
    before: list[str] = []
    for caption in shown:
        known = _overlap(before, caption.lines)
        grows = known and caption.lines[known - 1] != before[-1]
        if grows and result and result[-1].lines[-1] == before[-1]:
            result[-1].lines[-1] = caption.lines[known - 1]
        if known < len(caption.lines):
            result.append(Caption(caption.start, caption.end, caption.lines[known:]))
        before = caption.lines
    return result


def _without_credits(captions: list[Caption]) -> list[Caption]:
    """Return the captions without those that say who made them."""
    last = len(captions) - _CREDITS_AT_EDGE
    return [
        caption
        for number, caption in enumerate(captions)
        if _CREDITS_AT_EDGE <= number < last or not _CREDIT.search("\n".join(caption.lines))
    ]


def _overlap(before: Sequence[str], lines: Sequence[str]) -> int:
    """Return how many lines at the top of a caption stood at the bottom of the one before; the last may have grown."""
    for amount in range(min(len(before), len(lines)), 0, -1):
        *same, last = lines[:amount]
        known = list(before[-amount:])
        if same == known[:-1] and (last == known[-1] or last.startswith(f"{known[-1]} ")):
            return amount
    return 0


def paragraphs(captions: Iterable[Caption]) -> Iterator[str]:
    """Join the lines of captions into paragraphs."""
    words: list[str] = []
    end = 0.0
    for caption in captions:
        if words and caption.start - end >= _PAUSE:
            yield " ".join(words)
            words = []
        end = max(end, caption.end)
        for line in caption.lines:
            dash, speaker = _DASH.match(line), _SPEAKER.match(line)
            if words and (dash or (speaker and not _is_speaking(words, speaker["name"]))):
                yield " ".join(words)
                words = []
            if speaker and words:
                line = line.partition(":")[2].strip()
            # Behind ">" the words would be a quotation.
            words.append(f"– {line[dash.end() :]}" if dash else line)
    if words:
        yield " ".join(words)


def _is_speaking(words: Sequence[str], name: str) -> bool:
    """Whether the paragraph is said by the person of this name."""
    return words[0].startswith(f"{name}:")

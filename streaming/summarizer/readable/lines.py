"""Lines: whether a line of a text, or a stretch of a long one, is language, and what else it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from streaming.summarizer.readable.kinds import FEWEST_OF_OTHERS, Kind
from streaming.summarizer.readable.runs import Piece, is_jumble, pieces

# Words and their marks alone; nothing in such a line needs a closer look.
_PLAIN = regex.compile(
    r"\s*+(?:[(\"'“„«‘]*+\p{L}[\p{L}\p{M}'’-]{0,24}+[.,:!?…)\"'”’»]*+(?:\s++|$))++",
)
# A longer line is examined in stretches of about this length: code without line ends, or a paragraph, in characters.
_LONGEST_LINE = 400
_LEVEL = r"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|SEVERE|FATAL)"
_LOG = regex.compile(
    r"\s*(?:"
    # A moment, then a level, a field, a thread or a process: a person who notes a moment writes none of them.
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?[^\s\]]*+\]?\s.{0,80}?"
    rf"(?:\b{_LEVEL}\b|\b(?i:info|warn|warning|error|debug)[\]:]|\b\w+=\S|\[[\w:./-]+\]|\w\[\d+\]:)"
    r"|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \S+ [^\s:]+:"
    r"|[IWEF]\d{4} \d\d:\d\d:\d\d"
    rf"|\[?\d\d:\d\d:\d\d[^\s\]]*+\]?\s+\[?{_LEVEL}\b|\[?{_LEVEL}\]?(?::|\s|$)"
    r"|(?:\d{1,3}\.){3}\d{1,3} \S+ \S+ \["
    r"|at [\w.$<>/]+\(.*\)\s*$|File \".{1,300}\", line \d+|Caused by: |Traceback \(most|\.\.\. \d+ more\s*$"
    r"|(?:time|ts|level)=\S+ .*\w=|\{\"(?:@?timestamp|time|ts|level)\":"
    r")"
)
_CODE = regex.compile(
    r"\s*(?:"
    r"(?:def|class|import|from|return|if|elif|for|while|try|except|with|async|await|public|private|protected|static"
    r"|void|const|let|var|function|func|fn|struct|package|using|namespace|SELECT|INSERT|UPDATE|CREATE|WHERE)\b"
    r".*[:;{(,)]\s*$"
    r"|.*[;{}]\s*$|[\w.\[\]\"'*&-]+(?:\s*:\s*[\w\[\], .|]+)?\s*(?:[-+*/|:]?=|=>)\s*\S"
    r"|.*\w\(.*\)[:;,]?\s*$|[\])}\[({]+[,;]?\s*$"
    r"|(?<=[ \t]{2})(?:return|raise|yield|pass|break|continue|echo|print)\b"
    r"|[\"']?[\w-]+[\"']?:\s.*[,\[{]\s*$|@\w+|//|/\*|\*/|#(?:include|define|if|endif|pragma)\b|#!"
    r")"
)
# With fewer words beside it, a run that is no language takes its line with it: a label, a name of a file.
_FEWEST_BESIDE = 3
# Of a script without spaces, at least; English has four or five.
_LETTERS_OF_A_WORD = 6
# So many words one after the other are said, whatever stands around them.
_FEWEST_SAID = 7
# Numbers with a hexadecimal digit among them, or after a position.
_DUMP = regex.compile(
    r"\s*(?:(?=[^a-fA-F]{0,80}[a-fA-F])[0-9a-fA-F]{4,16}|0[0-9a-fA-F]{6,15}|0x[0-9a-fA-F]{4,16}):?\s+"
    r"(?:[0-9a-fA-F]{2,8}\s+){3,}"
)
_OCTETS = regex.compile(r"\s*(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s,:;]*+){8,}$")
# A moment, a name and so many words one after the other, without a level, are a line of a chat.
_LEVELED, _FEWEST_TALKED = regex.compile(rf"\b{_LEVEL}\b|\b(?i:info|warn|warning|error|debug)\b"), 10
_HEX_LETTER = regex.compile(r"[a-fA-F]")
# A line of 45 bytes as capitals and marks, or the line above the first one.
_UUENCODED = regex.compile(
    r"M(?=(?:[^!-/:-@\[-`]*+[!-/:-@\[-`]){10})[ -`]{50,60}\s*$|begin(?:-base64)? [0-7]{3} \S+\s*$"
)
_ARMOUR = regex.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----\s*$")
# A line of one run that is as long as a line of Ascii85.
_SHORTEST_LINE = 60
# The last line of base64 is shorter than the others.
_REST_OF_ENCODED = regex.compile(r"\s*[\w+/=-]{2,}$|`$|(?=(?:[^!-/:-@\[-`]*+[!-/:-@\[-`]){4})[ -`]{4,61}$", regex.ASCII)


@dataclass(frozen=True)
class Stretch:
    """A line, or a part of a long one: characters `start` to `end` of the text.

    `kind` is None for language and for a line of marks, which is `blank`, as an empty line is. `amount` is its
    characters without spaces, `words` those of language. `asides` are runs in it that are surely no language.
    """

    start: int
    end: int
    kind: Kind | None = None
    amount: int = 0
    words: int = 0
    blank: bool = False
    asides: tuple[Piece, ...] = ()


def stretches(text: str) -> Iterator[Stretch]:
    """Yield the lines of a text, long ones in parts, in its order; takes time in proportion to its length."""
    start = 0
    encoded = False
    for line in text.splitlines(keepends=True):
        content = line.rstrip()
        if not content:
            yield Stretch(start, start, blank=True)
        elif encoded and (_REST_OF_ENCODED.match(content) or _is_one_jumble(content)):
            yield Stretch(start, start + len(content), "encoded", len(content))
        elif len(content) > _LONGEST_LINE:
            encoded = False
            yield from _long(content, start)
        else:
            stretch = _line(content, start)
            encoded = stretch.kind in ("encoded", "run")
            yield stretch
        start += len(line)


def _line(line: str, start: int) -> Stretch:
    if _PLAIN.fullmatch(line) and not _LOG.match(line):
        return Stretch(start, start + len(line), words=len(line.split()))
    found = [*pieces(line)]
    for pattern, kind in _PATTERNS:
        if pattern.match(line) and not (kind == "log" and _is_chat(line, found)):
            return Stretch(start, start + len(line), kind, _amount(line))
    if _OCTETS.match(line) and _HEX_LETTER.search(line):
        return Stretch(start, start + len(line), "hex", _amount(line))
    run = line.strip()
    if len(run) >= _SHORTEST_LINE and len(run.split()) == 1 and _is_jumble(run, found):
        return Stretch(start, start + len(line), "run", _amount(line))
    if _CODE.match(line) and _most_words(found) < _FEWEST_SAID:
        return Stretch(start, start + len(line), "code", _amount(line), asides=_asides(found, start))
    return _measured(found, start, start, start + len(line))


_PATTERNS: tuple[tuple[regex.Pattern[str], Kind], ...] = (
    (_ARMOUR, "encoded"),
    (_UUENCODED, "encoded"),
    (_DUMP, "hex"),
    (_LOG, "log"),
)


def _long(line: str, start: int) -> Iterator[Stretch]:
    """Yield the parts of a long line; code in it is minified."""
    part: list[Piece] = []
    begin = 0
    for piece in pieces(line):
        part.append(piece)
        if piece.end - begin >= _LONGEST_LINE:
            yield _minified(_measured(part, start, start + begin, start + piece.end))
            part, begin = [], piece.end
    if part:
        yield _minified(_measured(part, start, start + begin, start + len(line)))


def _minified(stretch: Stretch) -> Stretch:
    if stretch.kind != "code":
        return stretch
    return Stretch(stretch.start, stretch.end, "minified", stretch.amount)


def _measured(found: Sequence[Piece], offset: int, start: int, end: int) -> Stretch:
    """Return a stretch by what most of it is."""
    letters = sum(piece.letters for piece in found)
    others: Counter[Kind] = Counter()
    for piece in found:
        if piece.kind is not None:
            others[piece.kind] += piece.end - piece.start
    words = sum(bool(piece.letters) for piece in found)
    # A paragraph of Chinese is one piece.
    words = max(words, letters // _LETTERS_OF_A_WORD)
    if not others:
        return Stretch(start, end, words=words, blank=not words and all(piece.kind is None for piece in found))
    asides = _asides(found, offset)
    sure = sum(piece.end - piece.start for piece in asides)
    if sure >= FEWEST_OF_OTHERS and words < _FEWEST_BESIDE:
        return Stretch(start, end, others.most_common(1)[0][0], others.total() + letters)
    unsure = Counter({kind: count for kind, count in others.items() if kind in ("code", "numbers")})
    if unsure.total() > letters:
        return Stretch(start, end, unsure.most_common(1)[0][0], unsure.total() + letters, asides=asides)
    return Stretch(start, end, words=words, asides=asides)


def _asides(found: Sequence[Piece], offset: int) -> tuple[Piece, ...]:
    return tuple(Piece(piece.start + offset, piece.end + offset, piece.kind) for piece in found if piece.sure)


def _is_chat(line: str, found: Sequence[Piece]) -> bool:
    return not _LEVELED.search(line) and _most_words(found) >= _FEWEST_TALKED


def _is_one_jumble(line: str) -> bool:
    return len(line.split()) == 1 and is_jumble(line)


def _is_jumble(run: str, found: Sequence[Piece]) -> bool:
    code = sum(piece.end - piece.start for piece in found if piece.kind == "code")
    # Not a row of numbers between commas.
    return 10 * code > 3 * len(run) and is_jumble(run)


def _most_words(found: Sequence[Piece]) -> int:
    """Return the length of the longest row of words."""
    longest = row = 0
    for piece in found:
        row = row + max(1, piece.letters // _LETTERS_OF_A_WORD) if piece.letters else 0
        longest = max(longest, row)
    return longest


def _amount(line: str) -> int:
    return sum(map(len, line.split()))

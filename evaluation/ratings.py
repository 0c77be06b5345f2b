"""The files of ratings that people save from a sheet, and which systems they rate.

    {"format": "gistream-ratings", "version": 1, "sheet": "5f1c...", "key": "eyJ...", "rater": "a91f...", "texts":
     [{"id": "mill", "summaries": [{"sentences": ["supported", "partly"], "main": 4, "reads": 5, "usable": true}, ...],
       "preferred": [0]}, ...]}

The summaries of a text are in the order of the page, which `key` resolves. What the rater left out is null.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictBool, ValidationError

from evaluation.blinding import Key
from evaluation.sheet import VERSION
from streaming.errors import UsageError
from streaming.text_files import read_text

FORMAT = "gistream-ratings"
Mark = Literal["supported", "partly", "unsupported"]
_Scale = Annotated[int, Field(ge=1, le=5)]


class SummaryRating(BaseModel):
    """What one rater says about one summary: a mark for each sentence, scales from 1 to 5."""

    sentences: tuple[Mark | None, ...]
    main: _Scale | None
    reads: _Scale | None
    usable: StrictBool | None

    def share(self, mark: Mark) -> float | None:
        """Return the share of sentences with this mark; None unless all sentences have a mark."""
        if not self.sentences or None in self.sentences:
            return None
        return Counter(self.sentences)[mark] / len(self.sentences)

    @property
    def complete(self) -> bool:
        """Whether nothing was left out."""
        return None not in (*self.sentences, self.main, self.reads, self.usable)


class _TextRating(BaseModel):
    id: str
    summaries: tuple[SummaryRating, ...]
    preferred: tuple[Annotated[int, Field(ge=0)], ...]


class _RatingsFile(BaseModel):
    sheet: str
    key: str
    rater: str
    saved_at: datetime
    texts: tuple[_TextRating, ...]


@dataclass(frozen=True)
class Rated:
    """One text as one rater judged it: the systems of each summary, its rating, and whether it is a preferred one."""

    text: str
    summaries: Sequence[tuple[tuple[str, ...], SummaryRating, bool]]

    def of(self, system: str) -> tuple[SummaryRating, bool]:
        """Return the rating of a system's summary, and whether it is preferred."""
        return next((rating, preferred) for systems, rating, preferred in self.summaries if system in systems)

    def preference(self, system: str, other: str) -> int | None:
        """Return 1 when `system` is preferred to `other`, -1 for the reverse, 0 for a tie; None: nothing was said.

        Two summaries of which neither is preferred are not compared: a third one is better than both.
        """
        if not any(preferred for *_, preferred in self.summaries):
            return None
        if any({system, other} <= set(systems) for systems, *_ in self.summaries):
            return 0
        (_, mine), (_, theirs) = self.of(system), self.of(other)
        return int(mine) - int(theirs) if mine or theirs else None

    @property
    def complete(self) -> bool:
        """Whether nothing was left out."""
        preference = len(self.summaries) == 1 or any(preferred for *_, preferred in self.summaries)
        return preference and all(rating.complete for _, rating, _ in self.summaries)


@dataclass(frozen=True)
class Ratings:
    """The ratings of one sheet: by rater, the texts that they judged.

    `supports` are those of the sentences of a summary, by text and system; older sheets have none.
    """

    sheet: str
    data: str
    systems: tuple[str, ...]
    by_rater: Mapping[str, Sequence[Rated]]
    supports: Mapping[str, Mapping[str, Sequence[float | None]]]

    @property
    def rated(self) -> Iterator[Rated]:
        """All judged texts of all raters."""
        return (rated for texts in self.by_rater.values() for rated in texts)


def read_ratings(paths: Sequence[Path]) -> Ratings:
    """Return the ratings in files of the same sheet; of a rater who saved several, those that were saved last.

    Raises `UsageError` for a file that is none, that another version wrote, or that belongs to another sheet.
    """
    newest: dict[str, tuple[datetime, Sequence[Rated]]] = {}
    sheets: dict[str, Path] = {}
    for path in paths:
        file = _read(path)
        key, texts = _resolved(file, path)
        first = next(iter(sheets.values()), path)
        sheets.setdefault(file.sheet, path)
        if len(sheets) > 1:
            raise UsageError(f"{first} and {path} belong to different sheets; give the files of one sheet at a time.")
        if file.rater not in newest or newest[file.rater][0] <= file.saved_at:
            newest[file.rater] = file.saved_at, texts
    by_rater = {rater: texts for rater, (_, texts) in newest.items()}
    if not any(by_rater.values()):
        raise UsageError(f"Nothing is rated in {', '.join(map(str, paths))}.")
    return Ratings(file.sheet, key.data, key.systems, by_rater, _supports(key))


def _supports(key: Key) -> dict[str, dict[str, Sequence[float | None]]]:
    return {
        text: {
            system: supports
            for systems, supports in zip(key.texts.get(text, ()), by_summary, strict=False)
            for system in systems
        }
        for text, by_summary in key.supports.items()
    }


def _read(path: Path) -> _RatingsFile:
    none = f"{path} is no file of ratings; the page of `gistream eval --sheet` saves one with its button 'Save ratings'"
    try:
        fields: Any = json.loads(read_text(path))
    except ValueError as error:
        raise UsageError(f"{none}.") from error
    if not isinstance(fields, dict) or fields.get("format") != FORMAT:
        raise UsageError(f"{none}.")
    if fields.get("version") != VERSION:
        raise UsageError(
            f"{path} was saved from a sheet of version {fields.get('version')}, and this gistream reads version "
            f"{VERSION}; read it with the gistream that made the sheet."
        )
    try:
        return _RatingsFile.model_validate(fields)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise UsageError(f"{none}: at {place}, {problem['msg']}.") from error


def _resolved(file: _RatingsFile, path: Path) -> tuple[Key, list[Rated]]:
    try:
        key = Key.unseal(file.key)
    except ValueError as error:
        raise UsageError(f"The key in {path} is damaged; save the ratings from the page again.") from error
    for text, judgements in Counter(text.id for text in file.texts).items():
        if judgements > 1:
            raise UsageError(f"{path} judges text '{text}' twice; save the ratings from the page again.")
    return key, [_rated(text, key, path) for text in file.texts]


def _rated(text: _TextRating, key: Key, path: Path) -> Rated:
    systems = key.texts.get(text.id, ())
    if len(systems) != len(text.summaries) or any(place >= len(systems) for place in text.preferred):
        raise UsageError(
            f"The ratings of text '{text.id}' in {path} do not fit its key; save them from the page again."
        )
    preferred = [place in text.preferred for place in range(len(systems))]
    return Rated(text.id, tuple(zip(systems, text.summaries, preferred, strict=True)))

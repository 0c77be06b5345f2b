"""Blinding: a rater sees what systems wrote, shuffled, and not which system wrote it.

The systems of a sheet are in its `Key`, which travels as an opaque token in the page and in the file of ratings. The
token is Base64: it hides names from a rater who reads the page's source, not from one who decodes it. A key in a file
of its own would not be safer with a rater who is honest, and ratings would be lost with it or read with another one.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from streaming.sentences import join_lines, split_sentences


class Key(BaseModel):
    """Which systems wrote the summaries of a sheet.

    `texts` has, by the id of a text, the systems of each summary in the order of the page: several where they wrote
    the same. `systems` are all of them, the first of which the others are compared with; `data` is the name of the
    file of texts. `supports` has, by the id of a text, the support of each sentence of each summary in the same order.
    """

    model_config = ConfigDict(frozen=True)

    data: str
    systems: tuple[str, ...]
    texts: dict[str, tuple[tuple[str, ...], ...]]
    supports: dict[str, tuple[tuple[float | None, ...], ...]] = {}

    def seal(self) -> str:
        """Return the key as a token."""
        return base64.b64encode(json.dumps(self.model_dump()).encode()).decode()

    @classmethod
    def unseal(cls, token: str) -> Key:
        """Return the key in a token; raises `ValueError` for any other text."""
        return cls.model_validate_json(base64.b64decode(token, validate=True))


@dataclass(frozen=True)
class BlindSummary:
    """A summary, sentence by sentence, and the systems that wrote it; no sentences for an empty summary."""

    sentences: tuple[str, ...]
    systems: tuple[str, ...]


def blind(summaries: Mapping[str, str], *, language: str, seed: str) -> list[BlindSummary]:
    """Return the summaries of one text, by system, in an order that depends on `seed` alone.

    Systems that wrote the same share a summary, so that nobody judges it twice, and differently.
    """
    systems: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for system, summary in summaries.items():
        systems[tuple(_sentences(summary, language))].append(system)
    merged = [BlindSummary(sentences, tuple(names)) for sentences, names in systems.items()]
    # Sorted by hashes, because the shuffle of `random` may differ from one Python to the next.
    return sorted(merged, key=lambda each: hashlib.sha256(f"{seed}/{each.systems[0]}".encode()).digest())


def _sentences(summary: str, language: str) -> Iterator[str]:
    """Yield the sentences, each in one line; a line end also ends one, as after a string of a profile's schema."""
    for line in summary.splitlines():
        yield from filter(None, (join_lines(sentence) for sentence in split_sentences(line, language)))

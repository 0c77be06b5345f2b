"""The answers of the API: JSON that no cache keeps, without NaN, with unseen characters shown."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from consumers.unseen import visible_json

# Answers show what is on the topics now, and documents; neither belongs into a browser's cache.
NO_STORE = {"cache-control": "no-store"}


class Json(Response):
    """An answer as JSON."""

    media_type = "application/json"

    def __init__(self, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(as_json(value), status, {**NO_STORE, **(headers or {})})


class Refusal(Exception):
    """A request that is refused, with an HTTP status and one sentence."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.headers = status, dict(headers or {})

    @property
    def answer(self) -> Json:
        """What the client gets."""
        return Json({"error": str(self)}, self.status, self.headers)


def as_json(value: Any) -> bytes:
    """Return a value as JSON in UTF-8, on one line; a number that JSON does not know (NaN) becomes null."""
    value = visible_json(value)
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, separators=(",", ":"))
    # Half of a surrogate pair is no character.
    return text.encode(errors="replace")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(field) for name, field in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value

"""Grammars that an answer must follow, in llama.cpp's own notation (GBNF)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from llama_cpp.llama_grammar import json_schema_to_gbnf


def json_grammar(schema: Mapping[str, Any]) -> str:
    """Return the GBNF of the JSON that a JSON Schema allows; raises `ValueError` if no grammar can."""
    try:
        return str(json_schema_to_gbnf(json.dumps(schema)))
    except Exception as error:
        raise ValueError(f"llama.cpp cannot make a grammar of it: {type(error).__name__} {error}") from error

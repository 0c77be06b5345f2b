"""Why llama.cpp failed: it says so in its log, and returns no more than that it did."""

from __future__ import annotations

import ctypes

import llama_cpp

# ggml_log_level in ggml.h; the Python binding does not name it.
_LOG_ERROR = 4
_reasons: list[str] = []


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _keep_errors(level: int, text: bytes, _: object) -> None:
    if level == _LOG_ERROR:
        _reasons.append(text.decode(errors="replace").strip())


def listen() -> None:
    """Keep llama.cpp's errors from now on; all else that it says goes nowhere."""
    llama_cpp.llama_log_set(_keep_errors, ctypes.c_void_p(0))


def reason() -> str:
    """Return why it failed: it says the cause first and then, layer by layer, that it failed."""
    return _reasons[0] if _reasons else "no reason given"

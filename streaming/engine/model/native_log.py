"""The reason why llama.cpp failed: it writes the reason to its log and returns only the fact."""

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
    """Keep llama.cpp's errors from now on, and drop the rest of its log."""
    llama_cpp.llama_log_set(_keep_errors, ctypes.c_void_p(0))


def reason() -> str:
    """Return the first error, which is the cause; the later ones report the failure layer by layer."""
    return _reasons[0] if _reasons else "no reason given"

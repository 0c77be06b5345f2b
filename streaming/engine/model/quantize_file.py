"""Writes the weights of a GGUF file in another representation, with llama.cpp's own quantizer.

A process of its own (`python -m streaming.engine.model.quantize_file FROM TO REPRESENTATION THREADS`): see
`representation`. Exits 1 with llama.cpp's own reason on standard error when it cannot.
"""

from __future__ import annotations

import ctypes
import sys

import llama_cpp

from streaming.engine.model.representation import FILE_TYPES

# ggml_log_level in ggml.h; the Python binding does not name it.
_LOG_ERROR = 4


def main(source: str, target: str, representation: str, threads: str) -> int:
    """Quantize `source` into `target`."""
    reasons: list[str] = []

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def keep_errors(level: int, text: bytes, _: object) -> None:
        if level == _LOG_ERROR:
            reasons.append(text.decode(errors="replace").strip())

    llama_cpp.llama_log_set(keep_errors, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = FILE_TYPES[representation].number
    params.nthread = int(threads)
    # A file that is quantized already is the usual case: what is gained is speed, and the loss is measured.
    params.allow_requantize = True
    if llama_cpp.llama_model_quantize(source.encode(), target.encode(), params):
        print(reasons[0] if reasons else "no reason given", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

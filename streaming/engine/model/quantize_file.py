"""Writes the weights of a GGUF file in another representation, with llama.cpp's own quantizer.

A process of its own (`python -m streaming.engine.model.quantize_file FROM TO REPRESENTATION THREADS`): see
`representation`. Exits 1 with llama.cpp's own reason on standard error when it cannot.
"""

from __future__ import annotations

import sys

import llama_cpp

from streaming.engine.model import native_log
from streaming.engine.model.representation import FILE_TYPES


def main(source: str, target: str, representation: str, threads: str) -> int:
    """Quantize `source` into `target`."""
    native_log.listen()
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = FILE_TYPES[representation].number
    params.nthread = int(threads)
    # The source usually is quantized already: the gain is speed, and the loss is measured.
    params.allow_requantize = True
    if llama_cpp.llama_model_quantize(source.encode(), target.encode(), params):
        print(native_log.reason(), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))

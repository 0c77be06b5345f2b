"""Reads a GGUF file's metadata with llama.cpp, without its weights, and prints it as JSON.

A process of its own (`python -m streaming.engine.inspect_file PATH`): see `model_file`. Exits 1 with llama.cpp's own
reason on standard error when the file cannot be loaded.
"""

from __future__ import annotations

import ctypes
import json
import sys

import llama_cpp

# ggml_log_level in ggml.h; the Python binding does not name it.
_LOG_ERROR = 4


def main(path: str) -> int:
    """Print the metadata of the file at `path`; llama.cpp checks every tensor's bounds while it reads them."""
    reasons: list[str] = []

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def keep_errors(level: int, text: bytes, _: object) -> None:
        if level == _LOG_ERROR:
            reasons.append(text.decode(errors="replace").strip())

    llama_cpp.llama_log_set(keep_errors, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(path.encode(), params)
    if not model:
        # llama.cpp says the cause first and then, layer by layer, that loading failed.
        print(reasons[0] if reasons else "no reason given", file=sys.stderr)
        return 1
    architecture = _metadata(model, "general.architecture")
    # Loaded without weights, a model knows neither its file type nor its context: both are read from the metadata.
    print(
        json.dumps(
            {
                "architecture": architecture,
                "representation": _file_type(_metadata(model, "general.file_type")),
                "parameters": llama_cpp.llama_model_n_params(model),
                "bytes": llama_cpp.llama_model_size(model),
                "context": int(_metadata(model, f"{architecture}.context_length") or 0),
                "chat_template": bool(llama_cpp.llama_model_chat_template(model, None)),
            }
        )
    )
    llama_cpp.llama_model_free(model)
    return 0


def _metadata(model: llama_cpp.llama_model_p, key: str) -> str:
    buffer = ctypes.create_string_buffer(512)
    length = llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    return buffer.value.decode(errors="replace") if length >= 0 else ""


def _file_type(number: str) -> str:
    name = llama_cpp.llama_ftype_name(int(number)) if number else None
    return name.decode() if name else "unknown"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))

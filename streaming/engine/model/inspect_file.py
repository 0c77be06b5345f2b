"""Reads a GGUF file's metadata with llama.cpp, without its weights, and prints it as JSON.

A process of its own (`python -m streaming.engine.model.inspect_file PATH`): see `model_file`. Exits 1 with llama.cpp's
own reason on standard error when the file cannot be loaded.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

import llama_cpp

from streaming.engine.lanes.thinking import thinking_tags
from streaming.engine.model import native_log


def main(path: str) -> int:
    """Print the metadata of the file at `path`; llama.cpp checks the bounds of every tensor while it reads."""
    native_log.listen()
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    model = llama_cpp.llama_model_load_from_file(path.encode(), params)
    if not model:
        print(native_log.reason(), file=sys.stderr)
        return 1
    architecture = _metadata(model, "general.architecture")
    template = (llama_cpp.llama_model_chat_template(model, None) or b"").decode(errors="replace")
    # Loaded without weights, a model knows neither its file type nor its context: both are read from the metadata.
    print(
        json.dumps(
            {
                "architecture": architecture,
                "representation": _file_type(_metadata(model, "general.file_type")),
                "parameters": llama_cpp.llama_model_n_params(model),
                "bytes": llama_cpp.llama_model_size(model),
                "context": _number(model, f"{architecture}.context_length") or 0,
                "chat_template": bool(template),
                "thinks": thinking_tags(template) is not None,
                "licence": _licence(model),
                "shape": _shape(model, architecture),
            }
        )
    )
    llama_cpp.llama_model_free(model)
    return 0


def _shape(model: llama_cpp.llama_model_p, architecture: str) -> dict[str, Any]:
    """Return the fields of `memory.Shape`."""

    def number(key: str) -> int | None:
        return _number(model, f"{architecture}.{key}")

    heads, embedding, width = number("attention.head_count"), number("embedding_length"), number("feed_forward_length")
    if experts := number("expert_used_count"):
        width = max(width or 0, experts * (number("expert_feed_forward_length") or width or 0))
    # llama.cpp derives a missing width of a head: it is the head's share of the embedding.
    head = embedding // heads if embedding and heads else None
    stateful = (
        llama_cpp.llama_model_is_recurrent(model)
        or llama_cpp.llama_model_is_hybrid(model)
        or llama_cpp.llama_model_has_encoder(model)
    )
    latent = number("attention.kv_lora_rank") is not None
    return {
        "attention": "other" if stateful else "latent" if latent else "full",
        "vocabulary": llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model)),
        "layers": number("block_count"),
        "embedding": embedding,
        "feed_forward": width,
        "heads": heads,
        "kv_heads": number("attention.head_count_kv"),
        "key_length": number("attention.key_length") or head,
        "value_length": number("attention.value_length") or head,
    }


def _licence(model: llama_cpp.llama_model_p) -> str | None:
    licence = _metadata(model, "general.license")
    # A licence without an SPDX name is "other", and its own name stands in another field.
    return (_metadata(model, "general.license.name") if licence in ("", "other") else "") or licence or None


def _number(model: llama_cpp.llama_model_p, key: str) -> int | None:
    """Return a number of the metadata; None when it is missing, or is a list with one number for each layer."""
    text = _metadata(model, key)
    return int(text) if text.isdecimal() else None


def _metadata(model: llama_cpp.llama_model_p, key: str) -> str:
    buffer = ctypes.create_string_buffer(512)
    length = llama_cpp.llama_model_meta_val_str(model, key.encode(), buffer, len(buffer))
    text = buffer.value.decode(errors="replace") if length >= 0 else ""
    # Metadata must not be able to steer a terminal.
    return "".join(character for character in text if character.isprintable())


def _file_type(number: str) -> str:
    name = llama_cpp.llama_ftype_name(int(number)) if number else None
    return name.decode() if name else "unknown"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))

"""Descriptions of model files that do not exist."""

from __future__ import annotations

from pathlib import Path

from streaming.engine import ModelFile
from streaming.engine.model.memory import Shape

MODEL = ModelFile(
    path=Path("m.gguf"),
    name="m",
    architecture="llama",
    representation="Q4_1",
    parameters=1_000_000,
    bytes=1,
    file_bytes=1,
    context=4096,
    chat_template=True,
    thinks=False,
    licence=None,
    sha256="ab" * 32,
    shape=Shape("full", 1, 1, 1, 1, 1, 1, 1, 1),
)

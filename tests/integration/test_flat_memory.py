"""The memory of an engine's processes does not grow with the documents that they compute."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import psutil
from tiny_models import CONTEXT, FAMILIES, write_model

from streaming.engine import LlamaRecipe, open_model
from streaming.engine.process.recipe import ProcessRecipe
from streaming.engine.process.report import engine_reports
from streaming.protocol import GenerationRequest, Message, Sampling

INSTRUCTIONS = Message("system", "Say how it ends.")


def test_memory_is_flat_over_two_thousand_short_documents(tmp_path: Path) -> None:
    model = open_model(str(write_model(tmp_path / "llama2.gguf", FAMILIES["llama2"])))
    llama = LlamaRecipe(model, slots=8, lanes=2, context=CONTEXT, threads=2)
    engine = ProcessRecipe(llama, stall=60, memory=None).load()

    async def ask(count: int) -> None:
        prompts = ((INSTRUCTIONS, Message("user", f"Anna {number}")) for number in range(count))
        await asyncio.gather(*(engine.generate(GenerationRequest(prompt, Sampling(), 8)) for prompt in prompts))

    def memory() -> list[int]:
        report = next(report for report in engine_reports() if report.executor == os.getpid())
        assert report.loads == 1
        return [report.memory, psutil.Process(report.server).memory_info().rss]

    try:
        # Every process keeps some memory once it has been busy; beside other work that takes longer.
        for _ in range(2):
            asyncio.run(ask(500))
        before = memory()
        for _ in range(4):
            asyncio.run(ask(500))
        after = memory()
    finally:
        engine.close()
    for was, now in zip(before, after, strict=True):
        assert now - was < 2_000_000

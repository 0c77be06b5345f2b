"""The recipe of an engine in a process of its own, and recipes as plain values, because no pickle crosses processes."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from streaming.engine.process.caller import Caller
from streaming.engine.process.owner import find_owner
from streaming.engine.process.wire import Frame
from streaming.protocol import Engine, EngineRecipe


@dataclass(frozen=True)
class ProcessRecipe:
    """An engine in a process of its own: `inner` is what its child loads.

    `stall` is how many seconds one native call may take before the child counts as hung. `memory` is how many bytes the
    child may use (None: the machine's free memory is the only limit). `caller` is the program whose documents the
    engine computes; it decides nothing.
    """

    inner: EngineRecipe
    stall: float
    memory: int | None
    caller: Caller | None = field(default=None, compare=False)

    def load(
        self, on_progress: Callable[[float], None] | None = None, owner: int | None = None, log: Path | None = None
    ) -> Engine:
        """Find the engine process of this executor, or start it, and wait until it has loaded the model.

        `on_progress` is called with the share of the model that is loaded, from 0 to 1. `owner` is the executor's
        process id, None for that of the caller's executor. A process that is started writes its log lines to the file
        `log`, or to standard error. Raises `EngineError`.
        """
        # Imported here, because a driver needs only the recipe of an engine.
        from streaming.engine.process.client import ProcessEngine
        from streaming.engine.process.starting import Launch

        caller = asdict(self.caller) if self.caller else None
        return ProcessEngine(
            Launch(self.packed, self.digest, find_owner() if owner is None else owner, log, caller), on_progress
        )

    @property
    def packed(self) -> Frame:
        """The part of the server's start parameters that belongs to the recipe, as plain values."""
        return {"recipe": pack_recipe(self.inner), "stall": self.stall, "memory": self.memory}

    @property
    def digest(self) -> str:
        """The SHA-256 of this recipe, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.packed, sort_keys=True).encode()).hexdigest()


def pack_recipe(recipe: EngineRecipe) -> Frame:
    """Return the frame of a recipe, which is a dataclass of plain values."""
    recipe_class = type(recipe)
    fields = TypeAdapter(recipe_class).dump_python(recipe, mode="json")
    return {"class": f"{recipe_class.__module__}:{recipe_class.__qualname__}", "fields": fields}


def unpack_recipe(packed: Frame) -> EngineRecipe:
    """Return the recipe of a frame."""
    module, _, name = packed["class"].partition(":")
    recipe_class = getattr(importlib.import_module(module), name)
    recipe: EngineRecipe = TypeAdapter(recipe_class).validate_python(packed["fields"])
    return recipe

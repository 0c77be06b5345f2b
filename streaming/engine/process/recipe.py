"""How an executor's engine process is found or started, and how recipes travel to it: as plain values, no pickle."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from streaming.engine.process.owner import find_owner
from streaming.engine.process.wire import Frame
from streaming.protocol import Engine, EngineRecipe


@dataclass(frozen=True)
class ProcessRecipe:
    """An engine in a process of its own: `inner` is what its child loads.

    `stall` is how many seconds one native call may take before the child counts as hung, `memory` how many bytes the
    child may use (None: no limit but the machine's).
    """

    inner: EngineRecipe
    stall: float
    memory: int | None

    def load(
        self, on_progress: Callable[[float], None] | None = None, owner: int | None = None, log: Path | None = None
    ) -> Engine:
        """Find the engine process of this executor, or start it, and wait until it has loaded the model.

        `on_progress` is called with the share of the model that is loaded, from 0 to 1. `owner` is the executor's
        process id, when it is not that of whoever calls; what a process that is started says goes to the file `log`, or
        to standard error. Raises `EngineError`.
        """
        # Only here: what a driver needs of an engine is its recipe.
        from streaming.engine.process.client import ProcessEngine
        from streaming.engine.process.starting import Launch

        return ProcessEngine(
            Launch(self.packed, self.digest, find_owner() if owner is None else owner, log), on_progress
        )

    @property
    def packed(self) -> Frame:
        """What the server needs to know, as plain values."""
        return {"recipe": pack_recipe(self.inner), "stall": self.stall, "memory": self.memory}

    @property
    def digest(self) -> str:
        """A name of this recipe: SHA-256, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.packed, sort_keys=True).encode()).hexdigest()


def pack_recipe(recipe: EngineRecipe) -> Frame:
    """Return a recipe, which is a dataclass of plain values, as a child takes it."""
    kind = type(recipe)
    fields = TypeAdapter(kind).dump_python(recipe, mode="json")
    return {"class": f"{kind.__module__}:{kind.__qualname__}", "fields": fields}


def unpack_recipe(packed: Frame) -> EngineRecipe:
    """Return the recipe that a frame holds."""
    module, _, name = packed["class"].partition(":")
    kind = getattr(importlib.import_module(module), name)
    recipe: EngineRecipe = TypeAdapter(kind).validate_python(packed["fields"])
    return recipe

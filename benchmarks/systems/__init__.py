"""The systems under measurement, by name."""

from __future__ import annotations

from benchmarks.contract import Opening, System


def open_system(name: str, opening: Opening) -> System:
    """Open a system: recipe, cached, llama_server, lanes or pipeline. Raises `GistreamError`."""
    # Imported one by one, so that the memory of one system does not hold the libraries of another.
    if name == "llama_server":
        from benchmarks.systems.llama_server import LlamaServer

        return LlamaServer(opening)
    if name == "lanes":
        from benchmarks.systems.lanes import Lanes

        return Lanes(opening)
    if name == "pipeline":
        from benchmarks.systems.pipeline import Pipeline

        return Pipeline(opening)
    from benchmarks.systems.one_at_a_time import OneAtATime

    return OneAtATime(opening, cached=name == "cached")

"""How much memory an engine needs, predicted before it is loaded, and how much this machine has.

A prediction from the file's metadata, no measurement: 1 to 5% above the growth of resident memory with the sample model
(docs/design/measurements.md, Memory prediction). It leaves out the Python process around the engine (about 50 MB) and
Spark's worker with its JVM (`driver_memory`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from streaming.engine.setup import UBATCH
from streaming.machine.cores import OWN, ROOT, groups
from streaming.wording import counted, megabytes

# llama.cpp rounds the tokens of a slot up to this.
_CACHE_STEP = 256
# Keys and values are kept as f16.
_CACHE_BYTES = 2
_FLOAT_BYTES = 4
# A token of the vocabulary as llama.cpp keeps it (text, scores, merges, maps): 17.6 MB for the sample's 49,152 tokens.
_VOCABULARY_BYTES = 360
# Rows that each token of a prefill needs at once in the widest layer; less than the "compute buffer" that llama.cpp
# reports, of which the logits of a prefill are never touched (measurements.md, Memory prediction).
_FEED_FORWARD_ROWS = 3
_EMBEDDING_ROWS = 8
# One copy as computed, one as returned.
_LOGITS_COPIES = 2
# The attention mask, as f32 and as the f16 that flash attention takes.
_MASK_BYTES = 6
# A shorter context has no room for a chunk, its instructions and its summary.
_LEAST_CONTEXT = 1024
# The files of a control group with its limit and its use, and the entry of memory.stat that can be reclaimed, by the
# version of the interface.
_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}
# cgroup v1 writes "no limit" as a number near 2^63.
_NO_LIMIT = 1 << 60

Certainty = Literal["about", "at most", "at least"]


@dataclass(frozen=True)
class Shape:
    """The sizes of a model that its file states; None for a size that is missing, or stated layer by layer.

    `attention` is how past tokens are stored: "full" (all of them, also with sliding windows, which the engine does not
    use), "latent" (compressed, as in DeepSeek), "other" (a recurrent state, alone or between attention layers, or an
    encoder). Widths are numbers of elements; `feed_forward` is the width of all experts that one token uses.
    """

    attention: Literal["full", "latent", "other"]
    vocabulary: int
    layers: int | None
    embedding: int | None
    feed_forward: int | None
    heads: int | None
    kv_heads: int | None
    key_length: int | None
    value_length: int | None


@dataclass(frozen=True)
class Memory:
    """Bytes that an engine needs, and how certain the figure is.

    "at most": latent attention, or a file that does not state how many heads share keys and values; the figure assumes
    that none do. "at least": the size of past tokens is unknown for this architecture, and not in the sum.
    """

    weights: int
    kv_cache: int | None
    buffers: int
    total: int
    certainty: Certainty


def predict(shape: Shape, *, file_bytes: int, slots: int, lanes: int, context: int, ubatch: int = UBATCH) -> Memory:
    """Return the memory for a model file of `file_bytes`: `slots` sequences of `context` tokens each, in `lanes`."""
    tokens = -(-context // _CACHE_STEP) * _CACHE_STEP
    cache, certainty = _cache_bytes(shape, slots * tokens)
    rows = _FEED_FORWARD_ROWS * (shape.feed_forward or 0) + _EMBEDDING_ROWS * (shape.embedding or 0)
    buffers = (
        shape.vocabulary * _VOCABULARY_BYTES
        + slots * shape.vocabulary * _FLOAT_BYTES * _LOGITS_COPIES
        + lanes * ubatch * (rows * _FLOAT_BYTES + tokens * _MASK_BYTES)
    )
    return Memory(file_bytes, cache, buffers, file_bytes + (cache or 0) + buffers, certainty)


def _cache_bytes(shape: Shape, tokens: int) -> tuple[int | None, Certainty]:
    heads = shape.kv_heads or shape.heads
    if shape.attention == "other" or not (shape.layers and heads and shape.key_length and shape.value_length):
        return None, "at least"
    size = tokens * shape.layers * heads * (shape.key_length + shape.value_length) * _CACHE_BYTES
    exact = shape.attention == "full" and shape.kv_heads
    return size, "about" if exact else "at most"


def largest_fit(
    shape: Shape, *, file_bytes: int, slots: int, lanes: int, context: int, available: int, ubatch: int = UBATCH
) -> tuple[int, int] | None:
    """Return the most slots that need no more than `available` bytes, and the context in tokens.

    The context is shortened only when there is one slot. There are never more lanes than slots. None when not even one
    slot of the shortest useful context fits.
    """

    def fits(slots: int, context: int) -> bool:
        needed = predict(
            shape, file_bytes=file_bytes, slots=slots, lanes=min(lanes, slots), context=context, ubatch=ubatch
        )
        return needed.total <= available

    for fewer in range(slots, 0, -1):
        if fits(fewer, context):
            return fewer, context
    for shorter in range(context // _CACHE_STEP * _CACHE_STEP, _LEAST_CONTEXT - 1, -_CACHE_STEP):
        if fits(1, shorter):
            return 1, shorter
    return None


def refusal(
    shape: Shape,
    *,
    name: str,
    file_bytes: int,
    slots: int,
    lanes: int,
    context: int,
    available: int,
    limit: int | None,
    ubatch: int = UBATCH,
) -> str | None:
    """Return one sentence on why an engine does not fit and which setting to lower; None when it fits, or may fit.

    `available` are the bytes that are free, `limit` the bytes that the settings allow. An upper bound ("at most") never
    refuses an engine.
    """
    needed = predict(shape, file_bytes=file_bytes, slots=slots, lanes=lanes, context=context, ubatch=ubatch)
    most = available if limit is None else min(available, limit)
    if needed.total <= most or needed.certainty == "at most":
        return None
    allowed = "are available" if most == available else "are allowed by engine_memory"
    fits = largest_fit(
        shape, file_bytes=file_bytes, slots=slots, lanes=lanes, context=context, available=most, ubatch=ubatch
    )
    if fits is None:
        remedy = "not even one slot would fit: take a smaller model or a smaller representation of it"
    elif fits[1] == context:
        remedy = f"lower --slots to {fits[0]}"
    else:
        remedy = f"lower --slots to 1 and --context to {fits[1]}"
    return (
        f"The model {name} with {counted(slots, 'slot')} of {context} tokens needs {needed.certainty} "
        f"{megabytes(needed.total)}, and {megabytes(most)} {allowed}; {remedy}."
    )


def available_bytes(root: Path = ROOT, own: Path = OWN) -> int:
    """Return the bytes that a new process could have: free memory, or less where a control group allows less."""
    limits = [_free_bytes(group.folder, *_FILES[group.version]) for group in groups("memory", root, own)]
    return min([psutil.virtual_memory().available, *(limit for limit in limits if limit is not None)])


def _free_bytes(group: Path, limit: str, usage: str, reclaimable: str) -> int | None:
    """Return the bytes that a control group may still take; file pages that were not used lately count as free."""
    try:
        most, used = (group / limit).read_text().strip(), int((group / usage).read_text())
        statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    if most == "max" or int(most) >= _NO_LIMIT:
        return None
    return max(0, int(most) - used + int(statistics.get(reclaimable, 0)))

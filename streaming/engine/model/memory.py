"""How much memory an engine will need, before it is loaded, and how much this machine has.

A prediction from the file's metadata, no measurement. It was compared with the growth of a process's resident memory
(MB = 10^6 bytes) for the sample model, weights loaded, slots open, a prompt of 700 tokens in one slot of each lane and
a short one in every other; in one lane:

    slots x context   1x1024  1x2048  1x4096  4x1024  4x2048  4x4096  16x1024  16x2048  16x4096
    measured             159     184     231     233     327     517      517      896     1656
    predicted            162     189     242     234     332     527      522      902     1664

and in several:

    lanes                  2       2       2       2       4        2        2
    slots x context   2x1024  4x1024  4x2048  4x4096  4x2048  16x1024  16x2048
    measured             203     252     347     537     388      538      918
    predicted            208     256     357     558     407      544      928

Not in it: the Python process around the engine (about 50 MB), Spark's worker and its JVM (`driver_memory`). Some
representations (Q4_0, Q4_K on most CPUs) are copied into another order when they are loaded; the file's own pages can
then be dropped by the system, so that what is needed is still one copy, but twice that is shown as resident.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from streaming.engine.setup import UBATCH
from streaming.machine.cores import OWN, ROOT, groups

# llama.cpp rounds the tokens of a slot up to this.
_CACHE_STEP = 256
# Keys and values are kept as f16.
_CACHE_BYTES = 2
_FLOAT_BYTES = 4
# The vocabulary as llama.cpp keeps it: text, scores, merges, maps. 17.6 MB for the 49,152 tokens of the sample.
_VOCABULARY_BYTES = 360
# Live at once in the widest layer of a prefill, a token of it: three rows of the feed-forward width and eight of the
# embedding's. The "compute buffer" that llama.cpp reports is larger: it has room for the logits of all 512 tokens, and
# those pages are never touched.
_FEED_FORWARD_ROWS = 3
_EMBEDDING_ROWS = 8
# Once as computed, once as handed out.
_LOGITS_COPIES = 2
# The attention mask, as f32 and as the f16 that flash attention takes.
_MASK_BYTES = 6
# A shorter context has no room for a chunk, its instructions and its summary.
_LEAST_CONTEXT = 1024
# What a control group says of its limit, its use, and of what it could give back, by the version of its interface.
_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}
# cgroup v1 writes "no limit" as a number near 2^63.
_NO_LIMIT = 1 << 60

Certainty = Literal["about", "at most", "at least"]


@dataclass(frozen=True)
class Shape:
    """What a file says about its model's size; None where it does not say, or says it layer by layer.

    `attention` is how past tokens are kept: "full" (all of them, also with sliding windows, as the engine asks for),
    "latent" (compressed, as DeepSeek does), "other" (a recurrent state, alone or between attention layers, or an
    encoder). Widths are numbers of elements, `feed_forward` that of all experts that one token uses.
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
    """Bytes that an engine needs, and how certain that is.

    "at most": latent attention, or a file that does not say how many heads share keys and values: counted as if none
    did. "at least": what past tokens take is not known for this architecture, and not in the sum.
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
    """Return the most slots, and only with one slot a shorter context, that need no more than `available` bytes.

    There are never more lanes than slots. None when not even one slot of the shortest useful context does.
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
    room: int,
    limit: int | None,
    ubatch: int = UBATCH,
) -> str | None:
    """Return one sentence on why an engine does not fit, with what to lower; None when it does, or may.

    `room` is the bytes that are available, `limit` what the settings allow. An upper bound ("at most") refuses nobody.
    """
    needed = predict(shape, file_bytes=file_bytes, slots=slots, lanes=lanes, context=context, ubatch=ubatch)
    most = room if limit is None else min(room, limit)
    if needed.total <= most or needed.certainty == "at most":
        return None
    allowed = "are available" if most == room else "are allowed by engine_memory"
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
        f"The model {name} with {slots} slots of {context} tokens needs {needed.certainty} "
        f"{needed.total / 1e6:,.0f} MB, and {most / 1e6:,.0f} MB {allowed}; {remedy}."
    )


def available_bytes(root: Path = ROOT, own: Path = OWN) -> int:
    """Return the bytes that a new process could have: the machine's, or fewer when a control group allows fewer."""
    rooms = [_room(group.folder, *_FILES[group.version]) for group in groups("memory", root, own)]
    return min([psutil.virtual_memory().available, *(room for room in rooms if room is not None)])


def _room(group: Path, limit: str, usage: str, reclaimable: str) -> int | None:
    """Return what a control group may still take; file pages that nobody used lately count as free."""
    try:
        most, used = (group / limit).read_text().strip(), int((group / usage).read_text())
        statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    if most == "max" or int(most) >= _NO_LIMIT:
        return None
    return max(0, int(most) - used + int(statistics.get(reclaimable, 0)))

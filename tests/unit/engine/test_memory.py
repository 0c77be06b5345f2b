from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from streaming.engine.model.memory import Shape, available_bytes, largest_fit, predict, refusal

MIB = 1 << 20
# SmolLM2-135M, and its file.
SAMPLE = Shape("full", 49_152, layers=30, embedding=576, feed_forward=1536, heads=9, kv_heads=3, key_length=64,
               value_length=64)  # fmt: skip
FILE = 98_362_432
# Qwen2.5-7B-Instruct as Q4_K_M: 28 layers, 4 key-value heads of 128.
SEVEN_B = Shape("full", 152_064, layers=28, embedding=3584, feed_forward=18_944, heads=28, kv_heads=4, key_length=128,
                value_length=128)  # fmt: skip


# The sizes that llama.cpp reports for its "KV buffer".
@pytest.mark.parametrize(
    ("slots", "context", "mib"), [(1, 1024, 22.5), (1, 1100, 28.125), (4, 2048, 180), (16, 4096, 1440)]
)
def test_the_cache_is_as_large_as_llama_cpp_makes_it(slots: int, context: int, mib: float) -> None:
    assert predict(SAMPLE, file_bytes=FILE, slots=slots, lanes=1, context=context).kv_cache == mib * MIB


def test_the_total_is_the_sum_and_grows_with_slots_and_context() -> None:
    needs = [
        predict(SEVEN_B, file_bytes=4_683_073_536, slots=slots, lanes=1, context=context)
        for slots, context in [(1, 1024), (1, 2048), (4, 2048)]
    ]
    for need in needs:
        assert need.total == need.weights + (need.kv_cache or 0) + need.buffers
        assert need.certainty == "about"
    assert needs[0].total < needs[1].total < needs[2].total


@pytest.mark.parametrize(
    ("change", "certainty", "known"),
    [
        ({"attention": "latent"}, "at most", True),
        ({"kv_heads": None}, "at most", True),
        ({"kv_heads": None, "heads": None}, "at least", False),
        ({"attention": "other"}, "at least", False),
        ({"layers": None}, "at least", False),
    ],
)
def test_what_the_formula_does_not_cover_is_said(change: dict[str, object], certainty: str, known: bool) -> None:
    need = predict(replace(SAMPLE, **change), file_bytes=FILE, slots=4, lanes=1, context=2048)  # type: ignore[arg-type]
    assert need.certainty == certainty
    assert (need.kv_cache is not None) == known


def test_heads_that_are_not_told_count_as_if_none_shared() -> None:
    shared, alone = (
        predict(shape, file_bytes=FILE, slots=4, lanes=1, context=2048).kv_cache
        for shape in (SAMPLE, replace(SAMPLE, kv_heads=None))
    )
    assert (alone or 0) == 3 * (shared or 0)


@pytest.mark.parametrize(
    ("megabytes", "advice"),
    [(1000, (16, 2048)), (500, (7, 2048)), (190, (1, 2048)), (180, (1, 1536)), (120, None)],
)
def test_the_advice_fits_and_keeps_as_much_as_it_can(megabytes: int, advice: tuple[int, int] | None) -> None:
    fit = largest_fit(SAMPLE, file_bytes=FILE, slots=16, lanes=1, context=2048, available=megabytes * 10**6)
    assert fit == advice
    if fit:
        assert predict(SAMPLE, file_bytes=FILE, slots=fit[0], lanes=1, context=fit[1]).total <= megabytes * 10**6


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def test_a_control_group_limits_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("0::/service/part\n")
    root = tmp_path / "v2"
    group(root / "service", memory__max=100 * MIB, memory__current=60 * MIB, memory__stat=f"inactive_file {20 * MIB}")
    group(root / "service" / "part", memory__max="max", memory__current=1, memory__stat="inactive_file 0")
    assert available_bytes(root, tmp_path / "own") == 60 * MIB


def test_a_control_group_of_the_first_kind_does_too(tmp_path: Path) -> None:
    (tmp_path / "own").write_text("4:cpu,memory:/x\n1:cpu:/\n")
    root = tmp_path / "v1"
    limits = {"memory__limit_in_bytes": 50 * MIB, "memory__usage_in_bytes": 60 * MIB, "memory__stat": "cache 1"}
    group(root / "memory" / "x", **limits)
    group(root / "memory", memory__limit_in_bytes=(1 << 63) - 4096, memory__usage_in_bytes=1, memory__stat="")
    assert available_bytes(root, tmp_path / "own") == 0


def test_without_a_control_group_the_machine_counts(tmp_path: Path) -> None:
    assert 0 < available_bytes(tmp_path, tmp_path / "none") <= psutil.virtual_memory().total


GB = 10**9


@pytest.mark.parametrize(
    ("available", "limit", "words"),
    [
        (8 * GB, None, None),
        (8 * GB, 7 * GB, None),
        (
            5 * GB,
            None,
            "4 slots of 2048 tokens needs about 5,5.. MB, and 5,000 MB are available; lower --slots to 1",
        ),
        (8 * GB, 5 * GB, "5,000 MB are allowed by engine_memory; lower --slots to 1"),
        (4 * GB, None, "not even one slot would fit: take a smaller model"),
    ],
)
def test_an_engine_that_does_not_fit_is_refused_with_the_numbers_and_what_to_lower(
    available: int, limit: int | None, words: str | None
) -> None:
    sentence = refusal(
        SEVEN_B, name="m", file_bytes=4_683_073_536, slots=4, lanes=2, context=2048, available=available, limit=limit
    )
    assert (sentence is None) == (words is None)
    assert words is None or re.search(words, sentence or "")


def test_an_upper_bound_refuses_nobody() -> None:
    latent = replace(SEVEN_B, attention="latent")
    assert refusal(latent, name="m", file_bytes=GB, slots=4, lanes=2, context=2048, available=GB, limit=None) is None

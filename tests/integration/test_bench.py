from __future__ import annotations

import json
from pathlib import Path

from installation import gistream
from tiny_models import FAMILIES, write_model

SYSTEMS = [
    ("recipe", "all F32"),
    *[(name, representation) for representation in ("all F32", "BF16") for name in ("cached", "lanes")],
    ("lanes_busy", "BF16"),
]


def test_a_measurement_of_a_tiny_model_gives_every_system_the_same_tokens(tmp_path: Path) -> None:
    model = write_model(tmp_path / "tiny.gguf", FAMILIES["llama3"])
    book = tmp_path / "book.txt"
    book.write_text(
        "".join(f"CHAPTER {n}\n" + f"Anna {n} saw the smoke and rang the bell. " * 4 + "\n" for n in range(3))
    )
    done = gistream(
        "bench", str(book), "--quick", "--words", "20", "--documents", "3", "--pipeline-documents", "0",
        "--model", str(model), "--json", str(tmp_path / "bench.json"), data_dir=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "bench.json").read_text())
    assert [(system["name"], system["representation"]) for system in said["systems"]] == SYSTEMS
    [tokens] = {run["tokens_in"] for system in said["systems"] for run in system["rounds"]}
    assert tokens == said["workload"]["tokens_in"] > 3 * 20
    assert {run["documents"] for system in said["systems"] for run in system["rounds"]} == {3}
    assert all(system["documents_per_second"] > 0 and system["peak_rss_mb"] > 0 for system in said["systems"])
    assert {"lanes_vs_recipe", "lanes_vs_cached", "lanes_vs_one_at_a_time"} == set(said["ratios"])
    assert {name for name in said["not_measured"] if not name.startswith("lanes_vs_llama_server")} == {
        "pipeline_vs_lanes"
    }
    assert {row["representation"] for row in said["memory"]} == {"all F32", "BF16"}
    # Random weights say something else in every representation, and end elsewhere.
    assert "tokens of prompts, and the lanes had" not in done.stdout


def test_one_that_names_systems_measures_no_other(tmp_path: Path) -> None:
    model = write_model(tmp_path / "tiny.gguf", FAMILIES["llama3"])
    done = gistream(
        "bench", "--quick", "--words", "20", "--documents", "3", "--systems", "cached", "--model", str(model),
        "--json", str(tmp_path / "bench.json"), "--chart", str(tmp_path / "bench.png"), data_dir=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "bench.json").read_text())
    assert [(system["name"], system["representation"]) for system in said["systems"]] == [
        ("cached", "all F32"),
        ("cached", "BF16"),
    ]
    assert (said["ratios"], said["memory"], said["latency"]) == ({}, [], None)
    assert "Only some of the systems were measured: cached." in done.stdout
    assert (tmp_path / "bench.png").stat().st_size


def test_one_that_names_llama_server_asks_where_it_is_before_it_measures(tmp_path: Path) -> None:
    done = gistream("bench", "--quick", "--systems", "cached,llama-server", data_dir=tmp_path)
    assert done.returncode == 2
    assert "say where it is with --llama-server" in done.stderr

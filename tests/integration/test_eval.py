"""`gistream eval` as a user types it, with the sample model."""

from __future__ import annotations

import json
from pathlib import Path

from installation import gistream

STORIES = [
    {
        "id": "ferry",
        "text": "The ferry left Tarn at dawn with forty passengers. Halfway across, the engineer smelled smoke. The "
        "captain turned back on one engine, and nobody was hurt. A worn fuel line was the cause.",
        "references": ["A ferry turned back when a worn fuel line smoked; nobody was hurt."],
    },
    {
        "id": "mill",
        "text": "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone. "
        "The miller wants to build it again in stone.",
        "references": ["Anna saw the mill burn.", "The mill burned down; the miller will rebuild it in stone."],
    },
]
SHORT = {"GISTREAM_MAX_TOKENS": "32"}


def test_prompts_and_baselines_side_by_side(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(map(json.dumps, STORIES)))
    done = gistream(
        "eval", "--data", str(data), "--prompt", "default", "--prompt", "headline", "--against", "textrank,lead,random",
        "--json", str(tmp_path / "eval.json"), data_dir=tmp_path, **SHORT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads((tmp_path / "eval.json").read_text())
    assert [system["name"] for system in said["systems"]] == ["default", "headline", "textrank", "lead", "random"]
    for system in said["systems"]:
        assert all(0 <= system[measure] <= 1 for measure in ("rouge1", "rouge2", "rougeLsum"))
    default, headline, textrank, *_ = said["systems"]
    assert default["rouge1"] > 0
    assert default["recipe"] != headline["recipe"]
    assert default["tokens"]["completion"] > 0
    assert 0 < default["signals"]["grounding"] <= 1
    assert textrank["tokens"] == {"prompt": 0, "completion": 0}
    assert textrank["words"] <= default["words"]
    assert "2 texts of data.jsonl" in done.stdout
    assert "default minus each other" in done.stdout
    # It is complete, so there is nothing to go on with.
    assert not list((tmp_path / "evaluation").iterdir())


def test_data_that_is_none_is_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text('{"text": "x"}')
    done = gistream("eval", "--data", str(data), data_dir=tmp_path)
    assert done.returncode == 2
    assert "line 1, has no `references`" in done.stderr


def test_a_folder_for_the_figures_is_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(map(json.dumps, STORIES)))
    done = gistream("eval", "--data", str(data), "--json", str(tmp_path), data_dir=tmp_path)
    assert done.returncode == 2
    assert "is a directory" in done.stderr

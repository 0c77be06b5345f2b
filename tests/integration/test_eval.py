"""`gistream eval` as a user types it, with the sample model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_here import gistream_here
from installation import gistream
from sheets import Parts, page, saved

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


def test_a_sheet_needs_no_references(tmp_path: Path) -> None:
    data, sheet = tmp_path / "data.jsonl", tmp_path / "sheet.html"
    data.write_text("\n".join(json.dumps({"id": story["id"], "text": story["text"]}) for story in STORIES))
    done = gistream(
        "eval", "--data", str(data), "--against", "textrank,lead", "--sheet", str(sheet), "--limit", "1",
        "--json", str(tmp_path / "eval.json"), data_dir=tmp_path, **SHORT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "1 text of data.jsonl; means over the texts; no ROUGE, which needs references for every text" in done.stdout
    assert "ROUGE-1" not in done.stdout
    assert "sheet.html is ready" in done.stderr
    said = json.loads((tmp_path / "eval.json").read_text())
    assert [system["name"] for system in said["systems"]] == ["default", "textrank", "lead"]
    assert "rouge1" not in said["systems"][0]
    [text] = Parts(sheet.read_text()).sheet["texts"]
    assert (text["id"], text["text"], text["language"]) == ("ferry", STORIES[0]["text"], "en")
    assert all(text["summaries"])
    assert "textrank" not in sheet.read_text()


def test_ratings_need_neither_data_nor_a_model(tmp_path: Path) -> None:
    (tmp_path / "anna.json").write_text(json.dumps(saved(page(), "anna")))
    (tmp_path / "ben.json").write_text(json.dumps(saved(page(), "ben")))
    done = gistream_here(
        "eval", "--ratings", str(tmp_path / "anna.json"), "--ratings", str(tmp_path / "ben.json"),
        data_dir=tmp_path / "none", GISTREAM_MODEL="none.gguf",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "4 texts of bridges.jsonl, judged by 2 people" in done.stdout
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "--data says which texts to summarize, and --ratings what people said; give one of them."),
        (["--ratings", "{data}"], "data.jsonl is no file of ratings"),
        (["--ratings", "{data}", "--data", "{data}"], "only --json goes with it"),
        (["--ratings", "{data}", "--limit", "3"], "only --json goes with it"),
        (["--data", "{data}", "--sheet", "{data}/none/sheet.html"], "There is no folder"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, options: list[str], sentence: str) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text(json.dumps(STORIES[0]))
    done = gistream_here("eval", *(option.format(data=data) for option in options), data_dir=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr


def test_data_that_is_none_is_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text('{"text": "x"}')
    done = gistream_here("eval", "--data", str(data), data_dir=tmp_path)
    assert done.returncode == 2
    assert "line 1, has no `references`" in done.stderr


def test_a_folder_for_the_figures_is_refused_before_a_model_is_loaded(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text("\n".join(map(json.dumps, STORIES)))
    done = gistream_here("eval", "--data", str(data), "--json", str(tmp_path), data_dir=tmp_path)
    assert done.returncode == 2
    assert "is a directory" in done.stderr

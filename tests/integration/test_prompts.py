"""`gistream prompts` as a user types it: what it refuses, and what a profile of one's own does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_here import gistream_here
from installation import gistream

STORY = (
    "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone. Peter "
    "carried the sacks of flour to the church, and the miller promised to build the mill again before the winter.\n"
)


def refusal(*arguments: str, data_dir: Path) -> str:
    said = gistream_here("prompts", *arguments, data_dir=data_dir)
    assert (said.returncode, said.stdout) == (2, "")
    return said.stderr


def test_what_cannot_be_done_is_said_with_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "prompts"
    assert "there are: bullets, default" in refusal("show", "nosuch", data_dir=tmp_path)
    assert "--prompts-dir" in refusal("new", "mine", data_dir=tmp_path)
    assert "'../mine' is no name" in refusal("new", "../mine", "--prompts-dir", str(folder), data_dir=tmp_path)
    made = gistream_here("prompts", "new", "mine", "--prompts-dir", str(folder), data_dir=tmp_path)
    assert (made.returncode, (folder / "mine.toml").is_file()) == (0, True)
    assert "already" in refusal("new", "mine", "--prompts-dir", str(folder), data_dir=tmp_path)
    (folder / "mine.toml").write_text("system = 5")
    assert "system: Input should be a valid string" in refusal("check", str(folder / "mine.toml"), data_dir=tmp_path)
    assert "mine.toml" in refusal("check", "--prompts-dir", str(folder), data_dir=tmp_path)
    assert "no folder of prompt profiles" in refusal("list", "--prompts-dir", str(tmp_path / "no"), data_dir=tmp_path)


def test_the_list_is_there_for_machines(tmp_path: Path) -> None:
    listed = json.loads(gistream_here("prompts", "list", "--json", data_dir=tmp_path).stdout)["prompts"]
    assert {one["name"] for one in listed} >= {"default", "headline", "plot"}
    assert all(len(one["sha256"]) == 64 and one["description"] for one in listed)


@pytest.mark.parametrize("style", ["chat", "completion"])
def test_a_profile_of_ones_own_answers_with_json_after_its_schema(tmp_path: Path, style: str) -> None:
    (tmp_path / "facts.toml").write_text(
        """
        system = "Say what burned, and who saw it first, as JSON."
        output = "json"
        [schema]
        type = "object"
        required = ["burned", "seen_by"]
        additionalProperties = false
        properties.burned = { type = "string", maxLength = 40 }
        properties.seen_by = { type = "string", maxLength = 40 }
        """
    )
    (tmp_path / "mill.txt").write_text(STORY)
    flags = ["--prompt", "facts", "--prompts-dir", str(tmp_path), "--prompt-style", style, "--json"]
    done = gistream("summarize", str(tmp_path / "mill.txt"), *flags, data_dir=tmp_path / "data")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    print(summary["summary"])
    assert summary["prompt"]["name"] == "facts"
    assert set(json.loads(summary["summary"])) == {"burned", "seen_by"}

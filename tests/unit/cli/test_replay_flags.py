"""`gistream replay` refuses what it cannot do in one sentence, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_here import gistream_here


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--to", "latest"], "Say where the replay begins"),
        (["--from", "latest"], "leave nothing between them"),
        (["--from", "yesterday"], "--from takes earliest, latest or a time"),
        (["--from", "-1h", "--filter", "title=x"], "--filter takes id=VALUE or metadata.NAME=VALUE"),
        (["--from", "-1h", "--json"], "--json prints the estimate of --dry-run"),
        (["--from", "-1h", "--to", "-2h"], "--from -1h is not before --to -2h"),
        (["--from", "-1h", "--output-topic", "documents"], "must be different topics"),
        (["resume", "20260131-0800-7f3a"], "There is no replay '20260131-0800-7f3a'"),
        (["cancel", "20260131-0800-7f3a"], "There is no replay '20260131-0800-7f3a'"),
    ],
)
def test_what_cannot_be_replayed_is_a_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    ended = gistream_here("replay", *arguments, data_dir=tmp_path)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_data_dir_without_replays_says_so(tmp_path: Path) -> None:
    ended = gistream_here("replay", "list", data_dir=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "there was no replay yet\n")

"""What a killed query leaves in its checkpoint."""

from __future__ import annotations

from pathlib import Path

from streaming.spark.checkpoint.checkpoint import Checkpoint, open_checkpoint


def test_a_start_removes_the_files_that_a_killed_query_was_writing(tmp_path: Path) -> None:
    offsets = tmp_path / "offsets"
    offsets.mkdir()
    for name in (".3.8556ab27-9c1a-4805.tmp", "..3.8556ab27-9c1a-4805.tmp.crc", ".2.crc"):
        (offsets / name).touch()
    (offsets / "2").write_text("v1\n{}\n{}")
    with open_checkpoint(Checkpoint(str(tmp_path)), {"documents": "a"}):
        assert sorted(path.name for path in offsets.iterdir()) == [".2.crc", "2"]

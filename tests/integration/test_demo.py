from __future__ import annotations

import json
from pathlib import Path

from support import gistream

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone.\n"


def test_the_demo_shows_each_summary_and_leaves_nothing(tmp_path: Path) -> None:
    book = tmp_path / "book.txt"
    book.write_text("Front matter.\n" + "".join(f"CHAPTER {n}\n\n{STORY}" for n in range(1, 5)))
    done = gistream("demo", str(book), "--split", "CHAPTER .+", "--limit", "3", data_dir=tmp_path / "data")
    assert done.returncode == 0, done.stderr
    for number in (1, 2, 3):
        # Once when it arrives and once in the table.
        assert done.stdout.count(f"book.txt#{number} ") == 2
    assert "book.txt#4" not in done.stdout
    assert "3 documents in" in done.stdout
    assert not (tmp_path / "data" / "demo").exists()


def test_a_demo_that_is_kept_can_be_looked_at(tmp_path: Path) -> None:
    text = tmp_path / "story.txt"
    text.write_text(STORY)
    done = gistream("demo", str(text), "--keep", data_dir=tmp_path)
    try:
        assert done.returncode == 0, done.stderr
        tailed = gistream("tail", "--until-end", "--json", data_dir=tmp_path / "demo")
        assert [json.loads(line)["id"] for line in tailed.stdout.splitlines()] == ["story.txt"]
        again = gistream("demo", str(text), data_dir=tmp_path)
        assert again.returncode == 4
        assert "gistream broker stop --data-dir" in again.stderr
    finally:
        assert gistream("broker", "stop", data_dir=tmp_path / "demo").returncode == 0

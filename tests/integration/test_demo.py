from __future__ import annotations

import json
from pathlib import Path

from installation import gistream, keep_a_tuning

from streaming.engine import open_model

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone.\n"


def test_a_demo_that_is_kept_can_be_looked_at(tmp_path: Path) -> None:
    keep_a_tuning(tmp_path)
    text = tmp_path / "story.txt"
    text.write_text(STORY)
    done = gistream("demo", str(text), "--keep", data_dir=tmp_path)
    try:
        assert done.returncode == 0, done.stderr
        tailed = gistream("tail", "--until-end", "--json", data_dir=tmp_path / "demo")
        [summary] = [json.loads(line) for line in tailed.stdout.splitlines()]
        assert summary["id"] == str(text)
        # What was measured once is used, and not measured again.
        assert "BF16, tuned for this CPU" in done.stdout
        assert summary["model"]["representation"] == "BF16"
        assert summary["model"]["sha256"] == open_model("sample").sha256
        again = gistream("demo", str(text), data_dir=tmp_path)
        assert again.returncode == 4
        assert "gistream broker stop --data-dir" in again.stderr
    finally:
        assert gistream("broker", "stop", data_dir=tmp_path / "demo").returncode == 0

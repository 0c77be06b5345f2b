from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from installation import command, command_environment, gistream, keep_a_tuning

from streaming.engine import open_model

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone.\n"


def read_json(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return dict(json.loads(answer.read()))


def demo_with_dashboard(data_dir: Path, text: Path) -> str:
    """Run a demo of one document, look at its dashboard, and end it; returns what it printed."""
    with subprocess.Popen(
        command("demo", str(text), "--keep", "--dashboard"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=command_environment(data_dir),
    ) as demo:  # fmt: skip
        try:
            assert demo.stdout is not None
            printed = ""
            while "stays open until Ctrl-C" not in printed and (line := demo.stdout.readline()):
                printed += line
            # The summary that the demo printed is on the page.
            [url] = re.findall(r"The dashboard is open at (http://127\.0\.0\.1:\d+/)", printed)
            assert [row["id"] for row in read_json(f"{url}api/feed")["rows"]] == [str(text)]
            # The demo's query has said of itself how it did, as every query does.
            with urllib.request.urlopen(f"{url}api/events?view=overview", timeout=30) as events:
                overviews = (json.loads(line[6:]) for line in events if line.startswith(b'data: {"now"'))
                query = next(o["query"] for o in overviews if o["query"]["sentence"].startswith("stopped"))
            assert (query["batch"], query["restarts"]) == (0, 0)
            demo.send_signal(signal.SIGINT)
            rest, errors = demo.communicate(timeout=60)
            assert demo.returncode == 0, errors
            return printed + rest
        finally:
            demo.kill()


def test_a_demo_that_is_kept_can_be_looked_at(tmp_path: Path) -> None:
    keep_a_tuning(tmp_path)
    text = tmp_path / "story.txt"
    text.write_text(STORY)
    try:
        printed = demo_with_dashboard(tmp_path, text)
        tailed = gistream("tail", "--until-end", "--json", data_dir=tmp_path / "demo")
        [summary] = [json.loads(line) for line in tailed.stdout.splitlines()]
        assert summary["id"] == str(text)
        # What was measured once is used, and not measured again.
        assert "BF16, tuned for this CPU" in printed
        assert summary["model"]["representation"] == "BF16"
        assert summary["model"]["sha256"] == open_model("sample").sha256
        again = gistream("demo", str(text), data_dir=tmp_path)
        assert again.returncode == 4
        assert "gistream broker stop --data-dir" in again.stderr
    finally:
        assert gistream("broker", "stop", data_dir=tmp_path / "demo").returncode == 0

"""Every command that the README shows is run, as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from installation import command_environment
from pages import ROOT, run_page


def test_the_readmes_two_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text())
    made = re.findall(r"(?m)^make (\w+)", (ROOT / "README.md").read_text())
    assert made == ["demo", "test"]
    assert {*made, "book"} <= set(targets)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_the_commands_of_the_readme_do_what_it_says(folder: Path) -> None:
    said = run_page(ROOT / "README.md", folder)
    [demo] = [out for line, out in said.items() if line.startswith("gistream demo")]
    assert all(f"my-book.txt#{n} " in demo for n in (1, 2, 3))
    assert not (folder / "data" / "demo").exists()
    assert said["gistream tail --until-end"].startswith("mill.txt")
    assert said["gistream tail --dead-letters --until-end"] == ""
    [library] = [out for step, out in said.items() if "Publisher" in step]
    assert library == "2 documents acknowledged\n"
    [frame] = [out for step, out in said.items() if "summarize_frame" in step]
    assert re.search(r"(?m)^\|\w{40}\|.*\{\d+, \d+\}\| +NULL\|$", frame), frame


def test_make_book_summarizes_a_book_and_goes_on_where_it_stopped(folder: Path) -> None:
    assert "examples/book.py" in (ROOT / "Makefile").read_text().split("\nbook:")[1].split("\n\n")[0]
    command = [sys.executable, str(ROOT / "examples" / "book.py"), "my-book.txt", "--limit", "2"]
    environment = command_environment(folder / "data", GISTREAM_MAX_TOKENS="32")
    first, second = (
        subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    assert "2 of 2 chapters in" in first.stdout
    assert first.stdout.count("words  The Mill, Chapter") == 2
    assert "0 of 2 chapters in" in second.stdout
    assert "(2 more were there from an earlier run)" in second.stdout

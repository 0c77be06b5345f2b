"""The commands that a page shows, and doing them as its reader would."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from installation import command_environment, keep_a_tuning
from quick_java import quick_java

ROOT = Path(__file__).parents[2]
STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone.\n"


@dataclass(frozen=True)
class Step:
    """Something a page shows, and the command that does it."""

    shown: str
    command: list[str]


def steps(page: Path) -> list[Step]:
    """Return the commands in the `sh` blocks and the `python` blocks of a page, in their order."""
    found = []
    for language, block in re.findall(r"```(sh|python)\n(.*?)```", page.read_text(), flags=re.DOTALL):
        if language == "python":
            found.append(Step(block, ["python", "-c", block]))
        else:
            lines = [re.sub(r"\s+#\s.*", "", line).strip() for line in block.splitlines()]
            # `make` would set all of this up, and the path is set already.
            found += [Step(line, ["bash", "-c", line]) for line in lines if not line.startswith(("make ", "export "))]
    return [step for step in found if step.shown]


def run_page(page: Path, folder: Path, **variables: str) -> dict[str, str]:
    """Do what a page shows as its reader would, in order; returns what each step printed."""
    # Bash finds `gistream`, and Spark its workers' Python, as a reader's shell does after the README's `export PATH`.
    # Shorter summaries than the default, for time.
    short = {"GISTREAM_MAX_TOKENS": "32"}
    environment = command_environment(folder / "data", HF_HOME=str(folder / "hf"), **short, **quick_java(), **variables)
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    # Its demo measures the CPU once; what comes after it is what is looked at here.
    keep_a_tuning(folder / "data")
    said = {}
    try:
        for step in steps(page):
            done = subprocess.run(
                step.command, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{step.shown}: {done.stderr}"
            said[step.shown] = done.stdout
    finally:
        subprocess.run(["gistream", "broker", "stop"], env=environment, capture_output=True, check=False)
    return said

"""Every command that the README and docs/ show is run, as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from support import command_environment

ROOT = Path(__file__).parents[2]
STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone.\n"


def shown(page: Path) -> list[str]:
    """Return the commands in the `sh` blocks of a page, without their comments."""
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(), flags=re.DOTALL)
    lines = [re.sub(r"\s+#\s.*", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_the_readmes_two_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text())
    made = [line.split()[1] for line in shown(ROOT / "README.md") if line.startswith("make ")]
    assert made == ["demo", "test"]
    assert set(made) <= set(targets)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_the_commands_of_the_readme_do_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "my-book.txt").write_text("".join(f"CHAPTER {n}\n\n{STORY}" for n in range(1, 4)))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mill.txt").write_text(STORY)
    commands = [line for line in shown(ROOT / "README.md") if line.startswith("gistream ")]
    assert len(commands) == 9
    # Bash finds `gistream` as a reader's shell does after the README's `export PATH`.
    environment = command_environment(tmp_path / "data")
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    said = {}
    try:
        for line in commands:
            done = subprocess.run(
                ["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{line}: {done.stderr}"
            said[line.split()[1] if "--dead" not in line else "dead"] = done.stdout
    finally:
        subprocess.run(["gistream", "broker", "stop"], env=environment, capture_output=True, check=False)
    assert all(f"my-book.txt#{n} " in said["demo"] for n in (1, 2, 3))
    assert not (tmp_path / "data" / "demo").exists()
    assert said["tail"].startswith("mill.txt")
    assert said["dead"] == ""


def test_only_the_readme_and_the_page_about_books_show_commands_in_blocks() -> None:
    assert [page.name for page in (ROOT / "docs").glob("*.md") if shown(page)] == ["book.md"]

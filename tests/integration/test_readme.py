"""Every command that the README and docs/ show is run, as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reader's folder: some notes, and a book in the dress of Project Gutenberg."""
    chapters = "".join(f"CHAPTER {n}\n\n{STORY}\n" for n in ("I", "II", "III"))
    (tmp_path / "my-book.txt").write_text(
        f"Title: The Mill\n\n*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***\n\n{chapters}\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***\n"
    )
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mill.txt").write_text(STORY)
    return tmp_path


def run_page(page: Path, folder: Path) -> dict[str, str]:
    """Run the commands of a page as its reader would, in order; returns what each printed."""
    # Bash finds `gistream` as a reader's shell does after the README's `export PATH`.
    environment = command_environment(folder / "data", HF_HOME=str(folder / "hf"))
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    said = {}
    try:
        for line in shown(page):
            if not line.startswith(("make ", "export ")):
                done = subprocess.run(
                    ["bash", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
                )
                assert done.returncode == 0, f"{line}: {done.stderr}"
                said[line] = done.stdout
    finally:
        subprocess.run(["gistream", "broker", "stop"], env=environment, capture_output=True, check=False)
    return said


def test_the_commands_of_the_readme_do_what_it_says(folder: Path) -> None:
    said = run_page(ROOT / "README.md", folder)
    [demo] = [out for line, out in said.items() if line.startswith("gistream demo")]
    assert all(f"my-book.txt#{n} " in demo for n in (1, 2, 3))
    assert not (folder / "data" / "demo").exists()
    assert said["gistream tail --until-end"].startswith("mill.txt")
    assert said["gistream tail --dead-letters --until-end"] == ""


@pytest.mark.parametrize(
    "page", [page for page in sorted((ROOT / "docs").glob("*.md")) if shown(page)], ids=lambda page: page.name
)
def test_the_commands_of_the_docs_work(page: Path, folder: Path) -> None:
    run_page(page, folder)

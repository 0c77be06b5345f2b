"""Every command that the README and docs/ show is run, as it stands there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka import KafkaProducer
from support import command_environment, keep_a_tuning
from tiny_models import FAMILIES, write_model

from streaming.broker import EmbeddedBroker
from streaming.settings import load
from streaming.topics import Admin

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


def test_the_readmes_two_commands_are_targets_of_the_makefile() -> None:
    targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text())
    made = re.findall(r"(?m)^make (\w+)", (ROOT / "README.md").read_text())
    assert made == ["demo", "test"]
    assert {*made, "book"} <= set(targets)
    assert "make test" in (ROOT / ".ci" / "run").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A reader's folder: the examples, some notes, and a book in the dress of Project Gutenberg."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    chapters = "".join(f"CHAPTER {n}\n\n{STORY}\n" for n in ("I", "II", "III"))
    (tmp_path / "my-book.txt").write_text(
        f"Title: The Mill\n\n*** START OF THE PROJECT GUTENBERG EBOOK THE MILL ***\n\n{chapters}\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK THE MILL ***\n"
    )
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mill.txt").write_text(STORY)
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": STORY, "references": ["Anna saw the mill burn down."]}))
    return tmp_path


def run_page(page: Path, folder: Path, **variables: str) -> dict[str, str]:
    """Do what a page shows as its reader would, in order; returns what each step printed."""
    # Bash finds `gistream`, and Spark its workers' Python, as a reader's shell does after the README's `export PATH`.
    environment = command_environment(folder / "data", HF_HOME=str(folder / "hf"), **variables)
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


def test_the_commands_of_the_readme_do_what_it_says(folder: Path) -> None:
    said = run_page(ROOT / "README.md", folder)
    [demo] = [out for line, out in said.items() if line.startswith("gistream demo")]
    assert all(f"my-book.txt#{n} " in demo for n in (1, 2, 3))
    assert not (folder / "data" / "demo").exists()
    assert said["gistream tail --until-end"].startswith("mill.txt")
    assert said["gistream tail --dead-letters --until-end"] == ""
    [frame] = [out for step, out in said.items() if "summarize_frame" in step]
    assert re.search(r"(?m)^\|\w{40}\|.*\{\d+, \d+\}\| +NULL\|$", frame), frame


@pytest.mark.parametrize(
    "page", [page for page in sorted((ROOT / "docs").glob("*.md")) if steps(page)], ids=lambda page: page.name
)
def test_the_commands_of_the_docs_work(page: Path, folder: Path) -> None:
    if page.name == "own-topics.md":
        fill_topics(folder / "data")
    # What takes minutes with the sample takes seconds with a tiny model.
    tiny = write_model(folder / "tiny.gguf", FAMILIES["llama3"]) if page.name == "tuning.md" else None
    said = run_page(page, folder, **({"GISTREAM_MODEL": str(tiny)} if tiny else {}))
    if page.name == "own-topics.md":
        read = said["gistream tail --until-end"]
        assert [line.split()[0] for line in read.splitlines() if line and line[0] != " "] == ["4711", "7", "mail-1"]


def fill_topics(data_dir: Path) -> None:
    """Have the reader's own topics, with the messages that the page begins with."""
    EmbeddedBroker(load({"data_dir": data_dir})).start()
    settings = load({"data_dir": data_dir, "input_topic": ["tickets", "pages", "mails"], "partitions": 1})
    with Admin(settings) as admin:
        admin.ensure()
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    producer.send("tickets", json.dumps({"subject": "Mill", "content": STORY, "ticket": 4711}).encode())
    producer.send("pages", json.dumps({"doc": {"body": STORY}, "key_id": 7}).encode())
    producer.send("mails", STORY.encode(), key=b"mail-1")
    producer.close()


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

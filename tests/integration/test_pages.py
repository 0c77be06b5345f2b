"""Every command that a page of docs/ shows is run, as it stands there.

A file of its own, because all tests of a file run one after the other. The time of these is that of `gistream run`, of
which most pages show one: 20 s of processor time for Spark's JVM, 5 s for Python's imports, 7 s for one summary.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import docx
import fastavro
import pyarrow.parquet as pq
import pytest
from dead_letters import fail
from kafka import KafkaProducer
from pages import ROOT, STORY, run_page, steps
from schema_registry import Registry, framed, schema_registry
from sheets import page as sheet_page
from sheets import saved
from tiny_models import FAMILIES, write_model
from written_books import epub
from written_books import page as book_page
from written_pdf import pdf

from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.settings import load

MANY_SUMMARIES = ("evaluation.md", "load.md", "prompts.md", "tuning.md")


@pytest.mark.parametrize(
    "page", [page for page in sorted((ROOT / "docs").glob("*.md")) if steps(page)], ids=lambda page: page.name
)
def test_the_commands_of_the_docs_work(page: Path, folder: Path, registry: Registry) -> None:
    variables = {"REGISTRY": registry.url}
    if page.name == "own-topics.md":
        fill_topics(folder / "data", registry)
    if page.name == "dead-letters.md":
        fill_dead_letters(folder / "data")
    if page.name == "formats.md":
        fill_inbox(folder / "inbox")
    if page.name == "quickstart.md":
        # The page of a new user begins without notes.
        shutil.rmtree(folder / "notes")
    if page.name == "examples.md":
        (folder / "notes" / "nothing.txt").write_text(" \n")
    if page.name == "other-languages.md":
        if shutil.which("kcat") is None:
            pytest.skip("the page uses kcat, which is not installed")
        variables["BROKER"] = fill_other_languages(folder)
    if page.name == "evaluation.md":
        for rater in ("anna", "ben"):
            (folder / f"{rater}.json").write_text(json.dumps(saved(sheet_page(), rater)))
    # What takes minutes with the sample, or many summaries, takes seconds with a tiny model.
    if page.name in MANY_SUMMARIES:
        variables["GISTREAM_MODEL"] = str(write_model(folder / "tiny.gguf", FAMILIES["llama3"], context=8192))
    said = run_page(page, folder, **variables)
    if page.name == "own-topics.md":
        read = said["gistream tail --until-end"]
        assert [line.split()[0] for line in read.splitlines() if line and line[0] != " "] == ["4711", "7", "mail-1"]
        peeked = [printed for command, printed in said.items() if "topics peek" in command]
        assert re.findall(r"^  (?:id|title) +(.+)$", "".join(peeked), flags=re.MULTILINE) == ["4711", "Mill", "17"]
    if page.name == "dead-letters.md":
        assert "sent: 2 of 2 documents" in list(said.values())[-1]
    if page.name == "load.md":
        assert "missing: 0\ntwice:   0\n" in next(text for command, text in said.items() if "verify" in command)
    if page.name == "other-languages.md":
        read = next(printed for step, printed in said.items() if '"-J"' in step)
        assert sorted(re.findall(r"^(letter-\d) (deleted)?", read, flags=re.MULTILINE)) == [
            ("letter-1", ""),
            ("letter-2", "deleted"),
        ]
    if page.name == "examples.md":
        check_batch_job(folder / "summaries.parquet", said["python examples/batch_job.py notes summaries.parquet"])
        assert said["python examples/stream_job.py notes summaries"] == "Summaries in summaries: 1\n"


def check_batch_job(written: Path, printed: str) -> None:
    """Check that the batch job wrote and printed a row for each file, also for the one without a text."""
    rows = {row["id"]: row for row in pq.read_table(written).to_pylist()}
    assert set(rows) == {"mill.txt", "nothing.txt"}
    assert rows["nothing.txt"]["error"]["type"] == "EmptyText"
    assert printed.splitlines()[0] == f"mill.txt: {rows['mill.txt']['summary']}"
    assert printed.splitlines()[1].startswith("nothing.txt: failed: ")


def fill_other_languages(folder: Path) -> str:
    """Have a broker, whose address is returned, the page's own `letter.json`, and the schemas."""
    (folder / "docs").symlink_to(ROOT / "docs")
    [letter] = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "other-languages.md").read_text(), flags=re.DOTALL)
    (folder / "letter.json").write_text(letter)
    return EmbeddedBroker(load({"data_dir": folder / "data"})).start().bootstrap_servers or ""


def fill_inbox(inbox: Path) -> None:
    """Have files of four formats."""
    inbox.mkdir()
    (inbox / "report.pdf").write_bytes(
        pdf([[f"{n}: {STORY.strip()}"] for n in "abc"], outline=[("One", 0), ("Two", 2)])
    )
    (inbox / "mill.epub").write_bytes(epub({f"{n}.xhtml": book_page(f"<h1>{n}</h1><p>{STORY}</p>") for n in "ab"}))
    (inbox / "page.html.gz").write_bytes(gzip.compress(f"<title>A page</title><p>{STORY}</p>".encode()))
    letter = docx.Document()
    for name in ("One", "Two"):
        letter.add_heading(name)
        letter.add_paragraph(STORY)
    letter.save(str(inbox / "letter.docx"))


def fill_dead_letters(data_dir: Path) -> None:
    """Have documents that failed, one of them with the id that the page names."""
    EmbeddedBroker(load({"data_dir": data_dir})).start()
    settings = load({"data_dir": data_dir})
    with Admin(settings) as admin:
        admin.ensure()
    fail(settings, (b"minutes-17", STORY.encode()), (b"minutes-18", STORY.encode()))


@pytest.fixture
def registry() -> Iterator[Registry]:
    """The schema registry that a page asks."""
    with schema_registry() as served:
        yield served


def fill_topics(data_dir: Path, registry: Registry) -> None:
    """Have the reader's own topics, with the messages that the page begins with."""
    EmbeddedBroker(load({"data_dir": data_dir})).start()
    settings = load({"data_dir": data_dir, "input_topic": ["tickets", "pages", "mails", "orders"], "partitions": 1})
    with Admin(settings) as admin:
        admin.ensure()
    producer = KafkaProducer(bootstrap_servers=settings.servers)
    producer.send("tickets", json.dumps({"subject": "Mill", "content": STORY, "ticket": 4711}).encode())
    producer.send("pages", json.dumps({"doc": {"body": STORY}, "key_id": 7}).encode())
    producer.send("mails", STORY.encode(), key=b"mail-1")
    order = {"type": "record", "name": "Doc", "fields": [{"name": "body", "type": "string"}]}
    schema = {**order, "name": "Order", "fields": [{"name": "number", "type": "long"}, {"name": "doc", "type": order}]}
    file = io.BytesIO()
    fastavro.schemaless_writer(file, fastavro.parse_schema(schema), {"number": 17, "doc": {"body": STORY}})
    producer.send("orders", framed(registry.register(schema), file.getvalue()))
    producer.close()

"""The file of --resume: what a later run sends, and when it sends nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from producers.records import ProducerRecord, Refusal
from producers.resume import ResumeFile, open_resume_file
from streaming.errors import UsageError

COMMAND = {"command": "jsonl", "file": "notes.jsonl"}
DOCUMENTS = [ProducerRecord(f"notes.jsonl:{n}", b"%d" % n, b"text %d" % n) for n in range(6)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.resume"


def open_file(path: Path) -> ResumeFile:
    return ResumeFile(path, COMMAND, "documents")


def run(path: Path, documents: Sequence[ProducerRecord | Refusal], acknowledged: Sequence[int]) -> list[str]:
    """Send the rest of `documents`, of which Kafka acknowledges these, in this order; returns the names sent."""
    resume = open_file(path)
    sent = list(resume.rest(documents))
    for document in sent:
        if isinstance(document, Refusal):
            resume.on_refused(document)
    by_number = {document.name: document for document in sent}
    for number in acknowledged:
        document = by_number[f"notes.jsonl:{number}"]
        assert isinstance(document, ProducerRecord)
        resume.on_acknowledged(document)
    resume.save()
    return [document.name.removeprefix("notes.jsonl:") for document in sent]


def test_a_second_run_sends_the_rest_and_a_third_nothing(path: Path) -> None:
    assert run(path, DOCUMENTS, [0, 1, 2]) == list("012345")
    assert run(path, DOCUMENTS, [3, 4, 5]) == list("345")
    assert run(path, DOCUMENTS, []) == []
    assert open_file(path).sent_before == 6


def test_acknowledgements_out_of_order_lose_no_document(path: Path) -> None:
    run(path, DOCUMENTS, [4, 0, 2])
    assert run(path, DOCUMENTS, [5, 3, 4, 2, 1]) == list("12345")
    assert run(path, DOCUMENTS, []) == []


def test_documents_that_were_added_at_the_end_are_sent(path: Path) -> None:
    run(path, DOCUMENTS[:4], range(4))
    assert run(path, DOCUMENTS, [4, 5]) == list("45")


def test_a_refused_document_is_tried_again_and_holds_up_no_other(path: Path) -> None:
    wrong: list[ProducerRecord | Refusal] = [*DOCUMENTS]
    wrong[1] = Refusal("notes.jsonl:1", "not JSON")
    run(path, wrong, [0, 2, 3, 4])
    assert run(path, wrong, [5]) == list("15")
    assert run(path, DOCUMENTS, [1]) == ["1"]
    assert run(path, DOCUMENTS, []) == []


def test_a_document_that_kafka_refused_is_tried_again(path: Path) -> None:
    resume = open_file(path)
    for document in resume.rest(DOCUMENTS[:3]):
        assert isinstance(document, ProducerRecord)
        if document.name.endswith("1"):
            resume.on_refused(Refusal(document.name, "too large"))
        else:
            resume.on_acknowledged(document)
    resume.save()
    assert run(path, DOCUMENTS[:3], [1]) == ["1"]


@pytest.mark.parametrize(
    "documents",
    [
        [ProducerRecord("notes.jsonl:0", b"0", b"changed"), *DOCUMENTS[1:]],
        [*DOCUMENTS[1:]],
        [DOCUMENTS[1], DOCUMENTS[0], *DOCUMENTS[2:]],
        [Refusal("notes.jsonl:0", "not JSON"), *DOCUMENTS[1:]],
        DOCUMENTS[:2],
        [],
    ],
    ids=["changed", "one less before it", "swapped", "refused now", "shorter", "empty"],
)
def test_another_input_is_said_before_anything_is_sent(path: Path, documents: list[ProducerRecord | Refusal]) -> None:
    run(path, DOCUMENTS, [0, 1, 2])
    sent = []
    with pytest.raises(UsageError, match=r"notes.resume is about another input: the first 3 documents"):
        sent += open_file(path).rest(documents)
    assert sent == []


def test_other_flags_and_another_topic_are_named(path: Path) -> None:
    open_file(path).save()
    with pytest.raises(UsageError, match=r"--split was not given, and is none\."):
        ResumeFile(path, {**COMMAND, "--split": "none"}, "documents")
    with pytest.raises(UsageError, match=r"--input-topic was documents, and is notes\."):
        ResumeFile(path, COMMAND, "notes")


def test_a_topic_that_was_created_again_is_noticed(path: Path) -> None:
    resume = open_file(path)
    resume.check_topic("first")
    resume.save()
    open_file(path).check_topic("first")
    with pytest.raises(UsageError, match="another topic 'documents': this one was created since"):
        open_file(path).check_topic("second")


@pytest.mark.parametrize("content", [b"", b"{}", b'{"version": 1, "settl', b"\xff"])
def test_a_file_that_is_none_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"notes.resume is no file of --resume, or is damaged"):
        open_file(path)
    assert path.read_bytes() == content


def test_the_file_stays_small_and_has_no_text(path: Path) -> None:
    documents = [ProducerRecord(f"notes.jsonl:{n}", b"%d" % n, b"secret") for n in range(20_000)]
    run(path, documents, range(20_000))
    assert json.loads(path.read_text())["settled"] == 20_000
    assert len(path.read_text()) < 500
    assert "secret" not in path.read_text()


def test_two_commands_never_have_one_file_at_once(path: Path) -> None:
    with open_resume_file(path, COMMAND, "documents") as resume:
        with pytest.raises(UsageError, match="Another command is sending"):
            open_resume_file(path, COMMAND, "documents").__enter__()
        resume.save()
    with open_resume_file(path, COMMAND, "documents"):
        pass
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_what_is_no_file_or_has_no_folder_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no file"), open_resume_file(tmp_path, COMMAND, "documents"):
        pass
    with pytest.raises(UsageError, match="is no file"):
        ResumeFile(Path("/dev/zero"), COMMAND, "documents")
    missing = tmp_path / "none" / "notes.resume"
    with pytest.raises(UsageError, match="cannot be written"), open_resume_file(missing, COMMAND, "documents"):
        pass

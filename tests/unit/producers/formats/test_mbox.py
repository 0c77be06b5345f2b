"""A mailbox: a document for each mail, under the same id whatever else is in it."""

import resource
from pathlib import Path

import pytest
from parts import parts, texts

from producers.formats.part import Part, PartRefusal
from streaming.errors import BadInput

ENVELOPE = "From ines@x.org Mon Mar  2 10:00:00 2026\n"


def one(number: int, body: str) -> str:
    return f"{ENVELOPE}From: Ines <ines@x.org>\nMessage-ID: <{number}@x.org>\nSubject: No. {number}\n\n{body}\n\n"


def put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_each_mail_is_a_document_called_by_its_message_id(tmp_path: Path) -> None:
    body = "The mill stopped.\n\n>From here on it is quiet.\n\nFrom Monday on it runs.\n" + ENVELOPE.strip()
    path = put(tmp_path / "in.mbox", one(1, body) + one(2, "The beam holds."))
    assert texts(path) == [
        ("1@x.org", "No. 1", body.replace(">From", "From")),
        ("2@x.org", "No. 2", "The beam holds."),
    ]


@pytest.mark.parametrize("sender", ["ines@x.org", "-", "MAILER-DAEMON"])
def test_a_mailbox_is_found_by_its_first_lines_where_its_name_has_no_ending(tmp_path: Path, sender: str) -> None:
    mails = (one(1, "It stopped.") + one(2, "The beam holds.")).replace("From ines@x.org", f"From {sender}")
    assert [name for name, *_ in texts(put(tmp_path / "Inbox", mails))] == ["1@x.org", "2@x.org"]
    letter = "From Berlin at 10:00 we took the train.\nIt was late.\n"
    assert texts(put(tmp_path / "letter", letter)) == [("", None, letter)]


def test_an_id_stays_when_other_mails_are_deleted_or_a_mail_has_no_id(tmp_path: Path) -> None:
    nameless = f"{ENVELOPE}From: Ben <b@x.org>\nSubject: S\n\nNo id here.\n\n"
    whole = texts(put(tmp_path / "in.mbox", one(1, "A.") + nameless + one(2, "B.")))
    rest = texts(put(tmp_path / "in.mbox", nameless + one(2, "B.")))
    assert whole[1:] == rest
    assert len(whole[1][0]) == 64


def test_a_mail_without_a_text_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    path = put(tmp_path / "in.mbox", one(1, "") + one(2, "The beam holds.") + one(3, " \n"))
    first, second, third = parts(path)
    assert isinstance(second, Part)
    assert [(r.name, r.reason) for r in (first, third) if isinstance(r, PartRefusal)] == [
        (f"{number}@x.org", "a raw mail without a text: it has attachments alone, or nothing") for number in (1, 3)
    ]


@pytest.mark.parametrize("text", ["From: a@x.org\n\nA mail.\n", "", "From here on it is quiet.\n", "\0\xff"])
def test_a_file_that_is_no_mailbox_is_refused_by_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadInput, match="no mailbox"):
        parts(put(tmp_path / "in.mbox", text))


def test_memory_does_not_grow_with_the_mailbox(tmp_path: Path) -> None:
    from producers.formats.mbox import read_mbox
    from producers.formats.options import ReadOptions

    mail = one(1, "The beam holds. " * 6_000)
    with (tmp_path / "in.mbox").open("w") as file:
        for _ in range(400):
            file.write(mail)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert sum(1 for _ in read_mbox(tmp_path / "in.mbox", ReadOptions())) == 400
    # The mailbox has 38 MB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000

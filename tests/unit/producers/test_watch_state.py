from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from producers.watch.opening import open_state, state_folder
from producers.watch.scan import FoundFile, Stamp
from producers.watch.state import Entry, KnownFile, Outcome, State, Status, connect
from streaming.errors import CheckpointError, MachineError
from streaming.settings import load

STAMP = Stamp(4, 2**62, -5)
FILE = FoundFile("caf\udce9\n.txt", STAMP)
A = Entry(FILE.name, b"a", b"hash of a", b"version 1")
B = Entry(FILE.name, b"b", b"hash of b", b"version 1")
ENDS = {0: 5, 1: 7}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def state(path: Path) -> State:
    return connect(path)


def end(state: State, version: bytes = b"version 1", status: Status = Status.SENT) -> None:
    state.conclude([], outcomes=[Outcome(FILE, version, status)])


def test_what_was_sent_is_known_after_a_restart(state: State, path: Path) -> None:
    state.intend([A, B], ENDS)
    state.conclude([A, B], outcomes=[Outcome(FILE, b"version 1", Status.SENT)])
    state.close()
    again = connect(path)
    assert again.known(FILE.name) == KnownFile(STAMP, b"version 1", Status.SENT)
    assert again.has(A)
    assert again.intents() == ([], ENDS)
    assert list(again.names()) == [FILE.name]
    assert again.count() == 1


def test_intents_stay_until_they_are_concluded(state: State, path: Path) -> None:
    state.intend([A, B], ENDS)
    # Killed: the connection is not closed, and nothing more is noted.
    again = connect(path)
    assert again.intents() == ([A, B], ENDS)
    assert not again.has(A)
    again.conclude([A])
    assert again.intents() == ([], ENDS)
    assert (again.has(A), again.has(B)) == (True, False)


def test_an_old_version_that_comes_back_is_sent_again(state: State) -> None:
    state.conclude([A])
    newer = Entry(A.file, A.key, b"hash of something else", b"version 2")
    state.intend([newer], ENDS)
    # From now on nobody knows which of the two is the last on the topic.
    assert not state.has(A)
    state.conclude([newer])
    assert not state.has(A)
    assert state.has(newer)


def test_a_document_that_did_not_change_is_known_in_the_next_version(state: State) -> None:
    state.conclude([A, B])
    same = Entry(A.file, A.key, A.value, b"version 2")
    assert state.has(same)
    state.conclude([same])
    assert state.keys(A.file, besides=b"version 2") == [b"b"]
    assert sorted(state.keys(A.file)) == [b"a", b"b"]


def test_a_key_that_stands_twice_in_a_file_is_known_with_both_values(state: State) -> None:
    twice = Entry(A.file, A.key, b"another hash", A.version)
    state.conclude([A, twice])
    assert state.has(A)
    assert state.has(twice)
    assert not state.has(Entry(A.file, A.key, A.value, b"version 2"))


def test_a_tombstone_forgets_the_document(state: State) -> None:
    state.conclude([A, B])
    state.conclude([Entry(A.file, A.key, None, b"")])
    assert state.keys(A.file) == [b"b"]


def test_the_other_files_of_a_key_are_known(state: State) -> None:
    state.conclude([A, Entry("other.txt", b"a", b"hash", b"v")])
    assert state.holders(b"a", "other.txt") == {FILE.name: b"hash of a"}


def test_files_that_left_or_are_deleted_are_missed_by_nobody(state: State) -> None:
    for status, names in ((Status.SENT, 1), (Status.FAILED, 1), (Status.DONE, 0), (Status.ASIDE, 0)):
        end(state, status=status)
        assert len(list(state.names())) == names
    end(state)
    state.conclude([], deleted=[FILE.name])
    assert list(state.names()) == []
    assert state.count() == 0


def test_files_are_read_again_when_they_are_read_otherwise(state: State) -> None:
    assert not state.set_reading("auto")
    end(state)
    assert not state.set_reading("auto")
    assert state.known(FILE.name) == KnownFile(STAMP, b"version 1", Status.SENT)
    assert state.set_reading("none")
    known = state.known(FILE.name)
    assert known is not None
    assert known.stamp != STAMP


@pytest.mark.parametrize("content", [b"", b"no database at all", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_state_is_an_error_and_no_reason_to_send_everything_again(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged") as error:
        connect(path)
    assert str(path) in str(error.value)
    assert path.read_bytes() == content


def test_a_state_with_a_damaged_page_is_found_at_the_start(state: State, path: Path) -> None:
    state.conclude(Entry("a", b"%d" % n, b"hash" * 8, b"v") for n in range(2000))
    state.close()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 2048] = b"\xaa" * 2048
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="is damaged"):
        connect(path)


def test_the_state_of_a_newer_gistream_is_not_touched(state: State, path: Path) -> None:
    state._connection.execute("PRAGMA user_version = 99")
    state.close()
    with pytest.raises(CheckpointError, match="form 99"):
        connect(path)


def test_a_full_disk_is_the_machines_error_and_nothing_is_half_noted(state: State, path: Path) -> None:
    [(pages,)] = state._rows("PRAGMA page_count")
    # SQLite's own limit gives the error that a full disk gives.
    state._connection.execute(f"PRAGMA max_page_count = {pages}")
    entries = [Entry("a" * 200, b"%d" % n, b"hash" * 8, b"v") for n in range(2000)]
    with pytest.raises(MachineError, match="disk is full") as error:
        state.intend(entries, ENDS)
    assert str(path) in str(error.value)
    assert connect(path).intents() == ([], {})


def test_a_second_watcher_of_the_same_folder_and_topic_is_refused(tmp_path: Path) -> None:
    settings = load({"data_dir": tmp_path})
    with open_state(settings, tmp_path / "inbox"):
        with (
            pytest.raises(CheckpointError, match="Another `gistream produce watch` watches"),
            open_state(settings, tmp_path / "inbox"),
        ):
            pass
        # Another folder, and another topic, are others.
        with open_state(settings, tmp_path / "other"):
            pass
        with open_state(load({"data_dir": tmp_path, "input_topic": "mails"}), tmp_path / "inbox"):
            pass
    with open_state(settings, tmp_path / "inbox"):
        pass


def test_the_lock_of_a_killed_watcher_is_free(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from producers.watch.opening import open_state; "
        "from streaming.settings import load\n"
        "with open_state(load({'data_dir': sys.argv[1]}), Path('/inbox')): os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    with open_state(load({"data_dir": tmp_path}), Path("/inbox")) as state:
        assert state.count() == 0


def test_a_state_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "watch").write_text("a file is in the way")
    with pytest.raises(MachineError, match="cannot be used"), open_state(load({"data_dir": tmp_path}), Path("/inbox")):
        pass


def test_the_folder_of_a_state_says_what_it_is_about(tmp_path: Path) -> None:
    folder = state_folder(load({"data_dir": tmp_path}), Path("/srv/my inbox\n"))
    assert folder.parent == tmp_path / "watch"
    assert folder.name.startswith("my-inbox--documents-")

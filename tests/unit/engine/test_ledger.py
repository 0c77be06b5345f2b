"""Which requests are tried again, and which one is to blame, when the engine's child dies."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from streaming.engine.process.ledger import Death, Entry, Ledger
from streaming.errors import DeadlineExceeded, EngineCrashed, EngineError

SEGV = Death("ended", -signal.SIGSEGV)
KILLED = Death("ended", -signal.SIGKILL)
HUNG = Death("hung", -signal.SIGKILL)
GREW = Death("memory", -signal.SIGKILL)


class Desk:
    """A ledger, the requests that it sent to its child, and its answers."""

    def __init__(self, *names: str) -> None:
        self.sent: list[str] = []
        self.cancelled: list[str] = []
        self.answers: dict[str, Any] = {}
        self.entries: dict[str, Entry] = {}
        self.ledger = Ledger(
            send=lambda entry: self.sent.append(entry.request["name"]),
            cancel=lambda entry: self.cancelled.append(entry.request["name"]),
        )
        self.ledger.on_child_ready()
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        self.entries[name] = Entry({"name": name}, lambda answer: self.answers.__setitem__(name, answer))
        self.ledger.add(self.entries[name])

    def works_on(self, *names: str) -> None:
        for name in names:
            self.ledger.on_native(self.entries[name].number, True)

    def does(self, name: str) -> None:
        self.ledger.on_native(self.entries[name].number, True)
        self.ledger.on_native(self.entries[name].number, False)
        self.ledger.on_answer(self.entries[name].number, {"done": name})

    def dies(self, death: Death) -> list[str]:
        """The child dies and is started again; returns the requests that it gets then."""
        self.ledger.on_child_died(death)
        self.sent.clear()
        self.ledger.on_child_ready()
        return list(self.sent)


def test_requests_go_to_the_child_at_once() -> None:
    assert Desk("a", "b", "c").sent == ["a", "b", "c"]


def test_what_native_code_worked_on_is_tried_again_alone_and_one_at_a_time() -> None:
    desk = Desk("a", "b", "c")
    desk.works_on("a", "c")
    assert desk.dies(SEGV) == ["a"]
    desk.does("a")
    assert desk.sent == ["a", "c"]
    desk.does("c")
    # The request that only waited is sent with the others again.
    assert desk.sent == ["a", "c", "b"]
    assert desk.answers == {"a": {"done": "a"}, "c": {"done": "c"}}


@pytest.mark.parametrize("death", [SEGV, HUNG, GREW], ids=["crash", "hang", "memory"])
def test_the_one_that_kills_it_again_is_named_and_fails_alone(death: Death) -> None:
    desk = Desk("good", "bad", "later")
    desk.works_on("good", "bad")
    assert desk.dies(death) == ["good"]
    desk.does("good")
    desk.works_on("bad")
    assert desk.dies(death) == ["later"]
    assert isinstance(desk.answers["bad"], EngineCrashed)
    desk.does("later")
    assert desk.answers["good"] == {"done": "good"}
    assert desk.answers["later"] == {"done": "later"}
    assert len(desk.ledger) == 0


def test_new_requests_wait_while_suspects_are_tried() -> None:
    desk = Desk("a", "b")
    desk.works_on("a", "b")
    desk.dies(SEGV)
    desk.add("new")
    assert desk.sent == ["a"]
    desk.does("a")
    desk.does("b")
    assert desk.sent == ["a", "b", "new"]


def test_two_bad_ones_are_both_named() -> None:
    desk = Desk("bad", "worse", "good")
    desk.works_on("bad", "worse", "good")
    for name, then in (("bad", ["worse"]), ("worse", ["good"])):
        if name == "bad":
            desk.dies(SEGV)
        desk.works_on(name)
        assert desk.dies(SEGV) == then
    desk.does("good")
    assert {name for name, answer in desk.answers.items() if isinstance(answer, EngineCrashed)} == {"bad", "worse"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_being_killed_from_outside_blames_nobody(number: signal.Signals) -> None:
    desk = Desk("a", "b")
    desk.works_on("a", "b")
    for _ in range(3):
        assert desk.dies(Death("ended", -number)) == ["a"]
        desk.works_on("a")
    desk.does("a")
    desk.does("b")
    assert desk.answers == {"a": {"done": "a"}, "b": {"done": "b"}}


def test_a_lone_request_that_the_system_kills_three_times_fails() -> None:
    desk = Desk("greedy", "b")
    desk.works_on("greedy", "b")
    for _ in range(3):
        assert desk.dies(KILLED) == ["greedy"]
        desk.works_on("greedy")
    assert desk.dies(KILLED) == ["b"]
    assert "signal 9" in str(desk.answers["greedy"])


def test_a_child_that_dies_with_nothing_to_do_blames_nobody() -> None:
    desk = Desk("a")
    desk.does("a")
    assert desk.dies(SEGV) == []
    desk.add("b")
    assert desk.sent == ["b"]


def test_what_comes_while_there_is_no_child_waits_for_it() -> None:
    desk = Desk()
    desk.ledger.on_child_died(KILLED)
    desk.add("a")
    assert desk.sent == []
    desk.ledger.on_child_ready()
    assert desk.sent == ["a"]


def test_one_past_its_deadline_is_told_at_once_and_not_tried_again() -> None:
    desk = Desk("slow", "b")
    desk.works_on("slow", "b")
    desk.ledger.expire(desk.entries["slow"])
    assert isinstance(desk.answers["slow"], DeadlineExceeded)
    assert desk.cancelled == ["slow"]
    assert desk.dies(HUNG) == ["b"]


def test_a_suspect_whose_caller_has_gone_is_not_tried_again() -> None:
    desk = Desk("a", "gone", "c")
    desk.works_on("a", "gone", "c")
    desk.dies(SEGV)
    desk.ledger.give_up(desk.entries["gone"])
    desk.does("a")
    assert desk.sent == ["a", "c"]
    assert "gone" not in desk.answers


def test_the_next_suspect_waits_until_native_code_has_let_go_of_the_last() -> None:
    desk = Desk("gone", "b")
    desk.works_on("gone", "b")
    desk.dies(SEGV)
    desk.works_on("gone")
    desk.ledger.give_up(desk.entries["gone"])
    desk.ledger.on_cancelled(desk.entries["gone"].number)
    # Otherwise a crash of the running code would be blamed on the next request.
    assert desk.sent == ["gone"]
    desk.ledger.on_native(desk.entries["gone"].number, False)
    assert desk.sent == ["gone", "b"]


def test_when_there_is_no_engine_any_more_everybody_is_told() -> None:
    desk = Desk("a", "b")
    desk.works_on("a")
    desk.ledger.fail_all(EngineError("The model is gone."))
    assert [str(desk.answers[name]) for name in "ab"] == ["The model is gone."] * 2
    assert len(desk.ledger) == 0

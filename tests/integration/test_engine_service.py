"""The engine's process as a service: loading, closing, access, reports."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from engine_process import ask, ask_all, child, engine, lines, own_folders, recipe, until
from installation import gistream
from processes import has_ended

from streaming.engine.process.caller import this_program
from streaming.engine.process.wire import encode
from streaming.errors import EngineCrashed, EngineError
from streaming.protocol import Engine


def test_loading_is_said_with_progress(log: Path) -> None:
    shares: list[float] = []
    recipe(log).load(shares.append).close()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    ("how", "sentence", "loads"), [("error", "The model file is not there", 1), ("crash", "3 times in a row", 3)]
)
def test_a_model_that_cannot_be_loaded_is_one_sentence(log: Path, how: str, sentence: str, loads: int) -> None:
    with pytest.raises(EngineError, match=sentence):
        recipe(log, how).load()
    assert len(lines(log, "load")) == loads
    assert not own_folders()


def test_a_closed_engine_says_so_and_leaves_nothing(log: Path) -> None:
    loaded = recipe(log).load()
    assert own_folders()
    running = child(log)
    loaded.close()
    loaded.close()
    assert has_ended(running)
    assert not own_folders()
    with pytest.raises(EngineError, match="closed"):
        asyncio.run(ask(loaded, "a"))
    with pytest.raises(EngineError, match="closed"):
        loaded.count([])


def test_a_folder_that_was_cleared_away_costs_no_second_engine(log: Path) -> None:
    with engine(log) as loaded:
        before = child(log)
        (own_folders()[0].path / "secret").unlink()
        again = recipe(log).load()
        assert has_ended(before)
        assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}
        assert len(lines(log, "load")) == 2
        again.close()


def test_a_crash_after_the_folder_was_cleared_away_still_costs_one_request(log: Path) -> None:
    with engine(log) as loaded:
        shutil.rmtree(own_folders()[0].path)
        answers = asyncio.run(ask_all(loaded, ["a", "segfault", "b"]))
    assert answers == {"a": "a!", "segfault": EngineCrashed, "b": "b!"}


def test_an_idle_engine_gives_way_to_another_though_its_workers_are_there(log: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with engine(log) as loaded:
        before = child(log)
        with engine(other) as second:
            assert has_ended(before)
            assert asyncio.run(ask_all(second, ["b"])) == {"b": "b!"}
        # It comes again when it is needed.
        assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}


def test_progress_that_cannot_be_shown_stops_nothing(log: Path) -> None:
    def broken(share: float) -> None:
        raise SystemExit(1)

    loaded = recipe(log).load(broken)
    assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}
    loaded.close()


@pytest.mark.parametrize(
    "raw",
    [
        encode({"hello": "0" * 64}),
        encode({"hello": ""}),
        encode({"hello": None}),
        encode({"id": 1, "do": "generate", "messages": [["user", "a"]]}),
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff" + b"x" * 2000,
        b"\x00\x00\x00\x02[]",
    ],
)
def test_a_peer_without_the_secret_gets_nothing(log: Path, raw: bytes) -> None:
    with engine(log) as loaded, socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(own_folders()[0].socket))
        stranger.settimeout(20)
        stranger.sendall(raw)
        with suppress(ConnectionResetError):
            assert stranger.recv(1) == b""
        assert not lines(log, "begin")
        assert asyncio.run(ask_all(loaded, ["a"])) == {"a": "a!"}


def test_only_this_user_can_reach_the_socket(log: Path) -> None:
    with engine(log):
        folder = own_folders()[0]
        for path, mode in ((folder.path.parent, 0o700), (folder.path, 0o700), (folder.path / "secret", 0o600)):
            assert path.stat().st_mode & 0o777 == mode


def test_what_an_engine_does_is_shown_and_for_whom(log: Path, tmp_path: Path) -> None:
    gate, mine = tmp_path / "gate", tmp_path / "mine"

    async def scene(loaded: Engine) -> dict[str, Any]:
        task = asyncio.create_task(ask_all(loaded, [f"wait {gate}", "a"]))
        await until(lambda: loaded.status().busy == 1 and lines(log, "end a"))
        as_json = await asyncio.to_thread(gistream, "engine", "--json", data_dir=mine)
        as_text = await asyncio.to_thread(gistream, "engine", data_dir=mine)
        assert f"for         query mill, process {os.getpid()}, data dir {mine / 'demo'}\n" in as_text.stdout
        assert "3 of 4 open" in as_text.stdout
        # What belongs to another data dir is counted, and shown on request.
        others = await asyncio.to_thread(gistream, "engine", data_dir=tmp_path / "another")
        assert "mill" not in others.stdout
        assert "of other data dirs: `gistream engine --all`" in others.stdout
        everything = await asyncio.to_thread(gistream, "engine", "--all", data_dir=tmp_path / "another")
        assert "query mill" in everything.stdout
        gate.touch()
        await task
        reports = [json.loads(line) for line in as_json.stdout.splitlines()]
        return next(report for report in reports if report["executor"] == os.getpid())

    # A demo's data dir lies in that of its user.
    caller = this_program("run", query="mill", data_dir=str(mine / "demo"))
    loaded = replace(recipe(log), caller=caller).load()
    try:
        report = asyncio.run(scene(loaded))
    finally:
        loaded.close()
    assert report["caller"] == asdict(caller)
    assert (report["slots"], report["busy"], report["workers"], report["requests"]) == (4, 1, 1, 1)
    assert (report["loads"], report["deaths"], report["loading"]) == (1, 0, None)
    assert 0 < report["memory"] < report["memory_limit"]

from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

from installation import gistream
from processes import all_end

from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.settings import Settings, address_file, load


def started(folder: Path) -> tuple[EmbeddedBroker, Settings]:
    broker = EmbeddedBroker(load({"data_dir": folder}))
    broker.start()
    return broker, load({"data_dir": folder})


def test_two_data_dirs_are_two_installations(data_dir: Path, tmp_path: Path) -> None:
    broker, own = started(tmp_path)
    try:
        assert own.servers != load({"data_dir": data_dir}).servers
        with Admin(own) as admin:
            assert admin.ensure() == ["documents", "summaries", "dead-letters"]
        described = json.loads(gistream("topics", "describe", "--json", data_dir=tmp_path).stdout)
        assert [(t["name"], t["offsets"], t["bytes"]) for t in described["topics"]] == [
            ("documents", 0, 0),
            ("summaries", 0, 0),
            ("dead-letters", 0, 0),
        ]
    finally:
        broker.stop()


def test_a_broker_that_was_killed_starts_again_with_its_data(tmp_path: Path) -> None:
    broker, own = started(tmp_path)
    with Admin(own) as admin:
        admin.ensure()
    pid = broker.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert all_end([pid])
    assert not broker.status().running
    assert gistream("broker", "status", data_dir=tmp_path).returncode == 4
    try:
        assert broker.start().bootstrap_servers == own.servers
        with Admin(own) as admin:
            assert admin.ensure() == []
    finally:
        assert broker.stop()


def test_a_broker_whose_parent_runs_on_and_does_not_ask_for_its_end_is_stopped(tmp_path: Path) -> None:
    # This process is the parent.
    broker, _ = started(tmp_path)
    done = gistream("broker", "stop", data_dir=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not broker.status().running


def test_a_taken_port_moves_the_broker_and_every_command_finds_it(tmp_path: Path) -> None:
    broker, own = started(tmp_path)
    broker.stop()
    port = int(own.servers.rsplit(":", 1)[1])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        try:
            broker.start()
            shown = gistream("broker", "status", "--json", data_dir=tmp_path)
            status = json.loads(shown.stdout)
            assert (shown.returncode, status["running"]) == (0, True)
            assert status["bootstrap_servers"] != own.servers
            assert gistream("topics", "create", data_dir=tmp_path).returncode == 0
        finally:
            broker.stop()


def test_another_process_with_the_old_number_is_not_the_broker(tmp_path: Path) -> None:
    address_file(tmp_path).parent.mkdir()
    address_file(tmp_path).write_text(
        json.dumps({"bootstrap_servers": "127.0.0.1:1", "pid": os.getpid(), "port": 1, "controller_port": 2})
    )
    broker = EmbeddedBroker(load({"data_dir": tmp_path}))
    assert not broker.status().running
    assert not broker.stop()


def test_without_java_the_start_says_what_to_install(tmp_path: Path) -> None:
    done = gistream("broker", "start", data_dir=tmp_path, JAVA_HOME=str(tmp_path))
    assert done.returncode == 7
    assert "install it (Debian: apt install openjdk-17-jre-headless" in done.stderr

"""`gistream dead-letters` and `gistream redrive`, as a user types them; no query runs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from dead_letters import fail
from installation import command, command_environment, document, gistream, read_topic
from kafka import KafkaAdminClient, KafkaConsumer
from kafka.admin import ConfigResource, ConfigResourceType

from streaming.kafka.topics import Admin
from streaming.settings import Settings

SECRET = "The mill burned on Tuesday."
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def variables(settings: Settings) -> dict[str, str]:
    with Admin(settings) as admin:
        admin.ensure()
    names = ("input_topic", "output_topic", "dead_letter_topic")
    return {f"GISTREAM_{name.upper()}": getattr(settings, name) for name in names}


@pytest.fixture
def run(data_dir: Path, variables: dict[str, str]) -> Run:
    return lambda *arguments: gistream(*arguments, data_dir=data_dir, **variables)


def sent_back(settings: Settings) -> int:
    records = read_topic(settings, settings.input_topic)
    return sum("gistream.redriven" in dict(record.headers) for record in records)


def test_nothing_to_redrive_says_so_and_is_no_error(run: Run, settings: Settings) -> None:
    for arguments, printed in (
        (("redrive",), f"nothing to redrive in topic '{settings.dead_letter_topic}'\n"),
        (("dead-letters", "list"), ""),
        (("dead-letters", "stats", "--json"), '{"documents": 0, "counts": []}\n'),
    ):
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (0, printed), done.stderr


def test_dead_letters_are_listed_shown_sent_back_once_and_listed_as_redriven(run: Run, settings: Settings) -> None:
    fail(settings, (b"a", document(SECRET)), (b"b", document(SECRET)))
    fail(settings, (b"c", document(SECRET)), type="EngineCrashed")
    shown = run("dead-letters", "show", "a")
    assert SECRET not in shown.stdout
    assert "summarize/DeadlineExceeded" in shown.stdout
    assert "team: x" in shown.stdout
    assert SECRET in run("dead-letters", "show", "a", "--value").stdout
    assert "value" not in json.loads(run("dead-letters", "show", "a", "--json").stdout)
    counts = json.loads(run("dead-letters", "stats", "--json").stdout)["counts"]
    assert counts == [
        {"reason": "summarize/DeadlineExceeded", "state": "waiting", "count": 2},
        {"reason": "summarize/EngineCrashed", "state": "waiting", "count": 1},
    ]
    # A misspelt type does not look as if nothing waited.
    none = run("redrive", "--type", "Deadline", "--yes")
    assert (none.returncode, sent_back(settings)) == (0, 0)
    assert "left out: 3 waiting that you did not choose" in none.stdout
    assert "but 3 others do" in run("dead-letters", "list", "--type", "Deadline").stderr
    assert "but 3 others" in run("dead-letters", "stats", "--type", "Deadline").stderr
    dry = run("redrive", "--type", "DeadlineExceeded", "--dry-run")
    assert (dry.returncode, sent_back(settings)) == (0, 0)
    assert f"to: topic '{settings.input_topic}' (2)" in dry.stdout
    unasked = run("redrive")
    assert (unasked.returncode, sent_back(settings)) == (2, 0)
    assert "--yes" in unasked.stderr
    limited = run("redrive", "--type", "DeadlineExceeded", "--limit", "1", "--rate", "1/h", "--yes")
    assert "sent: 1 of 1 document\n" in limited.stdout
    rest = run("redrive", "--yes")
    assert "sent: 2 of 2 documents\n" in rest.stdout
    assert "left out: 1 sent back already, and without a result yet" in rest.stdout
    again = run("redrive", "--yes")
    assert (again.returncode, sent_back(settings)) == (0, 3)
    rows = [json.loads(line) for line in run("dead-letters", "list", "--json").stdout.splitlines()]
    assert {(row["document"], row["state"], row["attempts"]) for row in rows} == {
        ("a", "redriven", 1), ("b", "redriven", 1), ("c", "redriven", 1),
    }  # fmt: skip
    assert all(row["redriven_at"] >= row["failed_at"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("redrive", "--rate", "fast"), "--rate takes a number and a unit"),
        (("redrive", "--rate", "0/s"), "--rate takes a number and a unit"),
        (("redrive", "--stage", "lunch"), "--stage takes decode, summarize or publish"),
        (("redrive", "--since", "soon"), "--since takes"),
        (("dead-letters", "show", "nobody"), "has no dead letter of 'nobody'"),
    ],
)
def test_a_flag_that_is_wrong_is_one_sentence(run: Run, arguments: tuple[str, ...], reason: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_letter_that_no_longer_fits_its_topic_is_named_and_the_others_are_sent(run: Run, settings: Settings) -> None:
    fail(settings, (b"a", document(SECRET)), (b"large", document(os.urandom(20_000).hex())), (b"b", document(SECRET)))
    admin = KafkaAdminClient(bootstrap_servers=settings.servers)
    limit = {"max.message.bytes": "5000"}
    admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, settings.input_topic, configs=limit)])
    admin.close()
    done = run("redrive", "--yes")
    assert (done.returncode, sent_back(settings)) == (10, 2), done.stderr
    assert "sent: 2 of 3 documents" in done.stdout
    # A text of hexadecimal digits has no id of its own.
    name = rf"{settings.input_topic}-\d+-\d+"
    assert re.search(
        f"1 document did not fit the topic with the six headers of a redriven record: {name};", done.stderr
    )


def test_ctrl_c_ends_between_two_documents_and_says_how_many_were_sent(
    data_dir: Path, settings: Settings, variables: dict[str, str]
) -> None:
    fail(settings, *[(b"d%d" % number, document(SECRET)) for number in range(30)])
    watching = KafkaConsumer(
        settings.input_topic, bootstrap_servers=settings.servers, auto_offset_reset="earliest",
        isolation_level="read_committed", consumer_timeout_ms=60_000,
    )  # fmt: skip
    with subprocess.Popen(
        command("redrive", "--yes", "--rate", "1/s"), stdout=subprocess.PIPE, text=True,
        env=command_environment(data_dir, **variables),
    ) as running:  # fmt: skip
        # The first that is committed.
        assert next((record for record in watching if "gistream.redriven" in dict(record.headers)), None)
        running.send_signal(signal.SIGINT)
        printed, _ = running.communicate(timeout=60)
    watching.close()
    assert running.returncode == 130
    assert f"sent: {sent_back(settings)} of 30 documents" in printed
    assert "stopped" in printed
    assert 1 <= sent_back(settings) < 30

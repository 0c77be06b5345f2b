"""A range of 30 of 100 records, replayed with another prompt beside the running query, with `kill -9` twice on the way.

Some four minutes; `make chaos` runs it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from installation import Send, command, command_environment, document, gistream, names, read_topic

from streaming.kafka.topics import Admin
from streaming.settings import Settings

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."
# Shorter summaries and smaller batches than the defaults', for time.
SHORT = {"GISTREAM_MAX_TOKENS": "16", "GISTREAM_BATCH_DOCUMENTS": "8"}
MOST_SECONDS = 400


def start(data_dir: Path, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            command(*arguments), env=command_environment(data_dir, **SHORT), start_new_session=True,
            stdout=file, stderr=file,
        )  # fmt: skip


def wait_for(moment: Callable[[], bool], running: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not moment():
        assert running.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def kill(running: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def test_a_replay_beside_the_query_survives_two_kills_and_has_exactly_its_range(
    settings: Settings, data_dir: Path, send: Send, tmp_path: Path
) -> None:
    with Admin(settings) as admin:
        admin.ensure()
    sent = send(*[(f"d{n}".encode(), document(f"This is story {n}. {STORY}")) for n in range(100)])
    query_log, log, shadow = tmp_path / "query.log", tmp_path / "replay.log", f"shadow-{settings.query}"
    query = start(data_dir, query_log, "run", *names(settings))
    try:
        wait_for(lambda: "batch 0:" in query_log.read_text(), query, query_log)
        wanted = {(partition, offset) for partition, offset in sent if 10 <= offset < 25}
        assert len(wanted) == 30
        flags = ["--input-topic", settings.input_topic, "--prompt", "headline", "--output-topic", shadow]
        running = start(data_dir, log, "replay", "--from", "0=10,1=10", "--to", "0=25,1=25", *flags)
        wait_for(lambda: "batch 0:" in log.read_text(), running, log)
        kill(running)
        match = re.search(r"gistream replay resume (\S+)`", log.read_text())
        assert match
        # New input arrives meanwhile.
        late = send(*[(f"late{n}".encode(), document(f"Late story {n}. {STORY}")) for n in range(10)])
        progress = data_dir / "replays" / match[1] / "progress.json"
        first = json.loads(progress.read_text())["batches"]
        assert 1 <= first < 4
        running = start(data_dir, log, "replay", "resume", match[1])
        wait_for(lambda: json.loads(progress.read_text())["batches"] > first, running, log)
        kill(running)
        assert not json.loads(progress.read_text())["done"]
        ended = gistream("replay", "resume", match[1], data_dir=data_dir, timeout=MOST_SECONDS, **SHORT)
        assert ended.returncode == 0, ended.stderr
        results = [json.loads(record.value) for record in read_topic(settings, shadow)]
        positions = Counter((result["source"]["partition"], result["source"]["offset"]) for result in results)
        print(f"{len(results)} results of {len(positions)} records")
        assert set(positions) == wanted
        assert {result["prompt"]["name"] for result in results} == {"headline"}
        [row] = [
            json.loads(line) for line in gistream("replay", "list", "--json", data_dir=data_dir).stdout.splitlines()
        ]
        assert (row["state"], row["summaries"]) == ("done", 30)
        # The query goes on undisturbed, and the replay has no consumer group.
        with Admin(settings) as admin:
            assert not [group for group in admin.committed_metadata("gistream-") if match[1] in group]
        done = set()

        def has_all() -> bool:
            done.update(
                (result["source"]["partition"], result["source"]["offset"])
                for result in (json.loads(record.value) for record in read_topic(settings, settings.output_topic))
                if result["prompt"]["name"] == "default"
            )
            return done == {*sent, *late}

        wait_for(has_all, query, query_log)
    finally:
        query.terminate()
        try:
            assert query.wait(MOST_SECONDS) == 0, query_log.read_text()
        finally:
            kill(query)

"""A seeded run of the service under faults: documents are sent, faults strike while they are summarized, then we count.

with places(folder):                          small file systems for store, checkpoint and archive
    chaos = Chaos(settings, folder, seed=7)
    chaos.send_documents(500)
    chaos.run(faults=20)
    verdict = chaos.verdict()
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pyarrow.dataset as ds
from folders import files_below
from installation import command, command_environment, document, gistream, names
from kafka import KafkaProducer
from service_manager import ServiceManager
from steady_engine import CRASHES, HAS_NO_END

from streaming.engine.process.report import EngineReport, engine_reports
from streaming.kafka.broker import EmbeddedBroker
from streaming.kafka.topics import Admin
from streaming.settings import Settings, load

STORY = "The mill burned on Tuesday. Anna saw the smoke first and rang the bell. By evening the roof was gone."
PLACES = ("store", "checkpoint", "archive")
# A file system that a run does not fill, and a fault fills soon.
_PLACE_SIZE = "96m"
_DAY_MS = 86_400_000
# Seconds until the service works again after a fault: Spark starts in 10 to 20 on 2 cores, beside a broker that starts.
_PATIENCE = 150


@contextmanager
def installation(folder: Path, *, small_disks: bool = False) -> Iterator[Settings]:
    """Run a broker of its own below `folder`, and mount a small disk for each place that faults fill (as root)."""
    settings = load({"data_dir": folder / "data", "partitions": 4})
    broker = EmbeddedBroker(settings)
    settings = settings.model_copy(update={"bootstrap_servers": broker.start().bootstrap_servers})
    mounted: list[Path] = []
    try:
        for name in PLACES if small_disks else ():
            place = folder / name
            place.mkdir(parents=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_PLACE_SIZE}", "tmpfs", place], check=True)
            mounted.append(place)
        yield settings
    finally:
        for place in mounted:
            subprocess.run(["umount", "--lazy", place], check=True)
        broker.stop()


@dataclass
class Verdict:
    """The account of a run: `topics` and `archive` are those of `gistream verify --json`; `dead` counts by type."""

    exit_codes: tuple[int, int]
    topics: dict[str, Any]
    archive: dict[str, Any]
    rows: int
    identities: int
    dead: dict[str, int]
    processes: list[str]
    files: list[str]


class Chaos:
    """One run: the documents, the service, and the faults that struck, in `struck`."""

    def __init__(
        self, settings: Settings, folder: Path, *, seed: int, seconds: float | None = 1.0, master: str = "local[2]"
    ) -> None:
        """`seconds` is the mean time of an answer in one of the steady engine's eight slots; None: the real model."""
        self._settings, self._folder, self._chance = settings, folder, random.Random(seed)
        self._broker = EmbeddedBroker(settings)
        self.struck: Counter[str] = Counter()
        # The types of dead letters that the documents must have led to.
        self.expected: set[str] = set()
        flags = [
            *names(settings), "--master", master, "--representation", "given", "--store", str(folder / "store"),
            "--checkpoint", str(folder / "checkpoint" / "query"), "--sink", "kafka",
            "--sink", f"parquet={folder / 'archive'}",
        ]  # fmt: skip
        script = str(Path(__file__).with_name("steady_gistream.py"))
        steady = [sys.executable, script, str(seconds), "run", *flags]
        self._command = command("run", *flags) if seconds is None else steady
        deadline = "20" if seconds is not None else "300"
        environment = command_environment(
            settings.data_dir, GISTREAM_DOCUMENT_DEADLINE=deadline, GISTREAM_MAX_TOKENS="32"
        )
        self._environment = environment
        self.service = ServiceManager(self._command, environment, folder / "run.log")

    def send_documents(self, number: int) -> None:
        """Send documents of many clocks: some twice, some that crash the engine or are slow, some deletions."""
        with Admin(self._settings) as admin:
            admin.ensure()
        producer = KafkaProducer(bootstrap_servers=self._settings.servers)
        now = int(time.time() * 1000)
        for n in range(number):
            key, value = f"d{n}".encode(), self._value(n)
            for _ in range(2 if self._chance.random() < 0.04 else 1):
                timestamp = now - self._chance.randrange(3 * _DAY_MS)
                producer.send(self._settings.input_topic, key=key, value=value, timestamp_ms=timestamp)
            if self._chance.random() < 0.02:
                producer.send(self._settings.input_topic, key=key, value=None, timestamp_ms=now)
        producer.flush(timeout=60)
        producer.close()

    def _value(self, n: int) -> bytes:
        text = f"{STORY} It was number {n}."
        dice = self._chance.random()
        if dice < 0.02:
            self.expected.add("EngineCrashed")
            return document(f"{text} {CRASHES}")
        if dice < 0.03:
            self.expected.add("DeadlineExceeded")
            return document(f"{text} {HAS_NO_END}")
        if dice < 0.04:
            self.expected.add("Binary")
            return b"\x00\x01\x02"
        return document(text)

    def run(self, faults: int, kinds: Sequence[str] = ()) -> None:
        """Start the service, let `faults` strike at random moments of its work, and let it end what is left.

        `kinds` are the names of the faults to choose from; by default all.
        """
        strikes = [strike for strike in self._strikes() if not kinds or strike[0] in kinds]
        self.service.start()
        try:
            for number in range(faults):
                # Each kind once, before one strikes again.
                name = strikes[number % len(strikes)][0]
                # Most faults strike in mid-batch, some while the service starts.
                if self._chance.random() < 0.85:
                    self._until_working()
                    self._pause(0, 6)
                else:
                    self._pause(2, 12)
                strikes[number % len(strikes)][1]()
                self.struck[name] += 1
        finally:
            self.service.stop()
        self._run_once()

    def _run_once(self) -> None:
        """Let the service do what is left, in peace."""
        last = subprocess.run([*self._command, "--once"], env=self._environment, capture_output=True, text=True)
        (self._folder / "last.log").write_text(last.stderr)
        assert last.returncode == 0, last.stderr

    def _strikes(self) -> list[tuple[str, Callable[[], None]]]:
        strikes: list[tuple[str, Callable[[], None]]] = [
            ("driver killed", self._kill_driver),
            ("JVM killed", self._kill_executor),
            ("Python worker killed", self._kill_worker),
            ("engine's server killed", lambda: self._kill_engine("server")),
            ("engine's child killed", lambda: self._kill_engine("child")),
            ("broker stopped", lambda: self._take_broker_away(kill=False)),
            ("broker killed", lambda: self._take_broker_away(kill=True)),
            *((f"disk of the {name} full", lambda name=name: self._fill(name)) for name in PLACES),
            ("store damaged", self._damage_store),
        ]
        self._chance.shuffle(strikes)
        return strikes

    def _engine(self) -> EngineReport | None:
        service = self.service.process
        if service is None:
            return None
        with suppress(psutil.NoSuchProcess):
            ours = {service.pid, *(child.pid for child in service.children(recursive=True))}
            return next((report for report in engine_reports() if report.executor in ours and report.busy), None)
        return None

    def _until_working(self) -> None:
        end = time.monotonic() + _PATIENCE
        while self._engine() is None and time.monotonic() < end and not self._is_done():
            self._pause(0.2, 0.2)

    def _is_done(self) -> bool:
        log = self._folder / "run.log"
        return log.exists() and "nothing to do" in log.read_text(errors="replace")[-200:]

    def _pause(self, least: float, most: float) -> None:
        threading.Event().wait(self._chance.uniform(least, most))

    def _kill_driver(self) -> None:
        if (service := self.service.process) is not None:
            service.kill()

    def _kill_executor(self) -> None:
        if (report := self._engine()) is not None:
            _kill(report.executor)

    def _kill_worker(self) -> None:
        if (report := self._engine()) is None:
            return
        with suppress(psutil.NoSuchProcess):
            for daemon in psutil.Process(report.executor).children():
                for worker in daemon.children():
                    _kill(worker.pid)

    def _kill_engine(self, part: str) -> None:
        if (report := self._engine()) is not None:
            _kill(report.server if part == "server" else report.child)

    def _take_broker_away(self, *, kill: bool) -> None:
        if kill:
            _kill(self._broker.status().pid)
        else:
            self._broker.stop()
        self._pause(1, 20)
        self._broker.start()

    def _fill(self, place: str) -> None:
        filler = self._folder / place / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(65536))
        self._pause(3, 10)
        filler.unlink()

    def _damage_store(self) -> None:
        for path in files_below(self._folder / "store"):
            dice = self._chance.random()
            with suppress(OSError):
                if dice < 0.2:
                    path.unlink() if dice < 0.1 else _flip_a_byte(path, self._chance)

    def verdict(self) -> Verdict:
        """Return the account, and what is left of processes and temporary files after one more start."""
        if self._temporary_files():
            # A start removes what is older than a minute.
            self._pause(61, 61)
            self._run_once()
        flags = [*names(self._settings), "--checkpoint", str(self._folder / "checkpoint" / "query"), "--json"]
        # `verify` reads no input topic but those of the checkpoint.
        flags = flags[flags.index("--output-topic") :]
        topics = gistream("verify", *flags, data_dir=self._settings.data_dir)
        archive_path = self._folder / "archive"
        archive = gistream("verify", *flags, "--parquet", str(archive_path), data_dir=self._settings.data_dir)
        rows = ds.dataset(archive_path / "summaries", partitioning="hive").to_table(["source", "recipe"]).to_pylist()
        identities = {
            (r["source"]["topic"], r["source"]["partition"], r["source"]["offset"], r["recipe"]) for r in rows
        }
        letters = ds.dataset(archive_path / "dead_letters", partitioning="hive").to_table(["error"]).to_pylist()
        return Verdict(
            (topics.returncode, archive.returncode),
            json.loads(topics.stdout),
            json.loads(archive.stdout),
            len(rows),
            len(identities),
            dict(Counter(letter["error"]["type"] for letter in letters)),
            [" ".join(process.cmdline())[:120] for process in self._processes()],
            [str(path) for path in self._temporary_files()],
        )

    def _processes(self) -> list[psutil.Process]:
        """Return what is left of the service: driver, JVMs, Python workers, engine processes."""
        left = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                # Every process of the service inherits its data dir, and this process and the broker do not.
                if process.environ().get("GISTREAM_DATA_DIR") == self._environment["GISTREAM_DATA_DIR"]:
                    left.append(process)
        return left

    def _temporary_files(self) -> list[Path]:
        scratch = list((self._settings.data_dir / "spark").glob("*"))
        # The broker still runs, and is no part of the service.
        files = [path for path in files_below(self._folder, leave_out="broker") if path.name != "lock"]
        return scratch + [file for file in files if file.suffix in (".tmp", ".new") or "_building" in file.parts]


def _kill(pid: int | None) -> None:
    with suppress(psutil.NoSuchProcess):
        if pid is not None:
            psutil.Process(pid).kill()


def _flip_a_byte(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if content:
        content[chance.randrange(len(content))] ^= 0xFF
        path.write_bytes(content)

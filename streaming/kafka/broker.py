"""The embedded broker: the real Apache Kafka, one node in KRaft mode, on loopback, its data under the data dir.

One data dir has one broker. Its address is chosen at the first start and kept while its ports are free; it lies in
`broker/address.json`, where every command of the data dir finds it. The broker runs in a session of its own and
outlives the command that started it, until `stop`.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streaming.errors import BrokerError, MachineError
from streaming.machine.java import KAFKA, find_java, resolve_jars
from streaming.settings import Settings, address_file

_HOST = "127.0.0.1"
# It is up in 2 to 4 s here; a loaded laptop may take ten times that.
_START_SECONDS = 60
# Kafka flushes and closes its logs in about a second.
_STOP_SECONDS = 30
# A new broker's metadata, and its first segments; less makes Kafka stop itself later.
_LEAST_DISK = 300 * 1024 * 1024
# As for Spark's JVM (see `session`): a broker of one machine moves bytes, and the cores are the model's.
_JVM = ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]


@dataclass(frozen=True)
class Status:
    """The state of a data dir's broker; `pid` is None when it does not run, `bootstrap_servers` if it never did."""

    running: bool
    bootstrap_servers: str | None
    pid: int | None
    data: str
    log: str


def new_cluster_id() -> str:
    """Return 16 random bytes in URL-safe Base64 without padding: as Kafka makes one, never with a dash before it.

    One in 64 would have it, and Kafka's own tool would take that for an option.
    """
    while (found := urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()).startswith("-"):
        pass
    return found


class EmbeddedBroker:
    """The broker of one data dir; every method may be called from any process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._dir = settings.broker_dir
        self._log = settings.logs_dir / "kafka.log"
        self._address = address_file(settings.data_dir)
        self._largest = settings.max_result_bytes
        self._said_before = 0

    def status(self) -> Status:
        """Tell whether the broker runs, and where."""
        process, address = self._process(), self._read_address()
        return Status(
            running=process is not None,
            bootstrap_servers=f"{_HOST}:{address['port']}" if address else None,
            pid=process.pid if process else None,
            data=str(self._dir / "data"),
            log=str(self._log),
        )

    def start(self) -> Status:
        """Start the broker and wait until it answers; does nothing when it runs.

        Raises `MachineError` (no Java, no disk) or `BrokerError` with the reason Kafka gave.
        """
        java = find_java()
        self._make_dirs()
        with self._locked():
            if self._process() is not None:
                return self.status()
            jars = os.pathsep.join(map(str, resolve_jars(KAFKA)))
            ports = self._ports()
            config = self._write_config(*ports)
            with self._log.open("ab") as log:
                self._said_before = log.tell()
                self._format(java, jars, config, log.fileno())
                process = subprocess.Popen(
                    [str(java), *_JVM, *self._log_options(), "-cp", jars, "kafka.Kafka", str(config)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            self._remember(process.pid, *ports)
            self._wait_until_up(process, ports[0])
            return self.status()

    def stop(self) -> bool:
        """Stop the broker and wait until it has ended; False when it did not run. Raises `BrokerError`."""
        if not self._dir.is_dir():
            return False
        with self._locked():
            process = self._process()
            if process is None:
                return False
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except psutil.TimeoutExpired as error:
                raise BrokerError(
                    f"The broker (process {process.pid}) did not end within {_STOP_SECONDS} s; see {self._log}, and "
                    f"`kill -9 {process.pid}` if it hangs."
                ) from error
            return True

    def _make_dirs(self) -> None:
        try:
            for folder in (self._dir / "data", self._log.parent):
                folder.mkdir(parents=True, exist_ok=True)
            free = psutil.disk_usage(str(self._dir)).free
        except OSError as error:
            raise MachineError(f"The data dir cannot be used: {error}; choose another with --data-dir.") from error
        if free < _LEAST_DISK:
            raise MachineError(
                f"Only {free // 2**20} MiB are free under {self._dir}, and the broker needs {_LEAST_DISK // 2**20}; "
                "free some, or choose another place with --data-dir."
            )

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time start or stop this broker."""
        with (self._dir / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read_address(self) -> dict[str, int] | None:
        try:
            found: dict[str, int] = json.loads(self._address.read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise BrokerError(f"{self._address} cannot be read ({error}); delete it and start the broker.") from error
        return found

    def _process(self) -> psutil.Process | None:
        """Return the running broker; a process that only has its old number is not it."""
        address = self._read_address()
        if address is None:
            return None
        try:
            process = psutil.Process(address["pid"])
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return process if str(self._dir / "server.properties") in process.cmdline() else None
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def _ports(self) -> tuple[int, int]:
        """Return the broker's and the controller's port: those of the last start if both are free."""
        address = self._read_address()
        if address and all(_is_free(port) for port in (address["port"], address["controller_port"])):
            return address["port"], address["controller_port"]
        with socket.socket() as one, socket.socket() as two:
            one.bind((_HOST, 0))
            two.bind((_HOST, 0))
            return one.getsockname()[1], two.getsockname()[1]

    def _remember(self, pid: int, port: int, controller_port: int) -> None:
        text = json.dumps(
            {
                "bootstrap_servers": f"{_HOST}:{port}",
                "pid": pid,
                "port": port,
                "controller_port": controller_port,
            }
        )
        written = self._address.with_suffix(".new")
        written.write_text(text)
        written.replace(self._address)

    def _write_config(self, port: int, controller_port: int) -> Path:
        config = self._dir / "server.properties"
        values = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{_HOST}:{controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{_HOST}:{port},CONTROLLER://{_HOST}:{controller_port}",
            "advertised.listeners": f"PLAINTEXT://{_HOST}:{port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self._dir / "data",
            # One node: nothing can be replicated.
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            # 50 partitions of bookkeeping would cost a small machine a second at every start.
            "offsets.topic.num.partitions": 4,
            "group.initial.rebalance.delay.ms": 0,
            # For one machine's clients. With these three an idle broker uses 0.016 of a core instead of 0.029: fewer
            # threads that look twice a second for something to do, and fewer entries that say that nothing happened.
            "num.network.threads": 1,
            "num.io.threads": 2,
            "metadata.max.idle.interval.ms": 5000,
            # A mistyped topic name must be an error, not a new topic with the wrong limits.
            "auto.create.topics.enable": "false",
            "socket.request.max.bytes": max(100 * 1024 * 1024, 2 * self._largest),
        }
        config.write_text("".join(f"{name}={value}\n" for name, value in values.items()))
        return config

    def _format(self, java: Path, jars: str, config: Path, log: int) -> None:
        """Format the data folder, once; a formatted one says so and stays as it is."""
        if (self._dir / "data" / "meta.properties").exists():
            return
        command = [
            str(java),
            *_JVM,
            *self._log_options(),
            "-cp",
            jars,
            "kafka.tools.StorageTool",
            "format",
            "--cluster-id",
            new_cluster_id(),
            "--config",
            str(config),
        ]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
        if done.returncode != 0:
            raise BrokerError(f"Kafka could not format {self._dir / 'data'}: {self._last_words()} (see {self._log}).")

    def _log_options(self) -> list[str]:
        """Have Kafka log to its standard output, warnings and its own milestones only."""
        config = self._dir / "log4j2.properties"
        config.write_text(
            "rootLogger.level=warn\n"
            "rootLogger.appenderRef.out.ref=OUT\n"
            "logger.server.name=kafka.server.KafkaRaftServer\n"
            "logger.server.level=info\n"
            "appender.out.type=Console\n"
            "appender.out.name=OUT\n"
            "appender.out.layout.type=PatternLayout\n"
            "appender.out.layout.pattern=%d %p %m (%c)%n\n"
        )
        return [f"-Dlog4j2.configurationFile={config}"]

    def _wait_until_up(self, process: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(port):
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                if time.monotonic() < deadline:
                    continue
                process.kill()
                process.wait()
                raise BrokerError(f"The broker did not answer within {_START_SECONDS} s; see {self._log}.") from None
            raise BrokerError(f"The broker ended while starting: {self._last_words()} (see {self._log}).")
        # It listens a moment before it serves.
        try:
            KafkaAdminClient(bootstrap_servers=f"{_HOST}:{port}", bootstrap_timeout_ms=_START_SECONDS * 1000).close()
        except KafkaError as error:
            raise BrokerError(f"The broker listens but does not serve: {error} (see {self._log}).") from error

    def _last_words(self) -> str:
        """Return the last error that Kafka logged since this start, on one line."""
        lines = self._log.read_bytes()[self._said_before :].decode(errors="replace").splitlines()
        said = [line for line in lines if "ERROR" in line or "Exception" in line]
        return (said or lines or ["it said nothing"])[-1].strip()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((_HOST, port), timeout=1) as connection:
            # While nobody listens, the system may give a connection the very port that it is for, and so connect it to
            # itself, once in some 28,000 looks.
            return bool(connection.getsockname() != connection.getpeername())
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Kafka itself binds: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True

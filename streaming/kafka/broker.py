"""The embedded broker: the real Apache Kafka, one node in KRaft mode, on loopback, its data under the data dir.

One data dir has one broker. Its address is chosen at the first start and kept while its ports are free; it lies in
`broker/address.json`, where every command of the data dir finds it. The broker runs in its own session and outlives
the command that started it, until `stop`.
"""

from __future__ import annotations

import fcntl
import json
import socket
import subprocess
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from streaming.errors import BrokerError, MachineError, reason
from streaming.kafka.broker_config import DATA, HOST, SERVER_PROPERTIES, write_log_config, write_server_properties
from streaming.machine.java import KAFKA, find_java, resolve_jars
from streaming.machine.java_paths import check_path, class_path, java_environment
from streaming.settings import Settings, address_file
from streaming.wording import megabytes

# A start takes 2 to 4 s here; a loaded laptop may take ten times as long.
_START_SECONDS = 60
# Kafka flushes and closes its logs in about a second.
_STOP_SECONDS = 30
# Between two looks at a broker that is to end.
_LOOK_SECONDS = 0.1
# For a new broker's metadata and first segments; with less Kafka stops itself later.
_LEAST_DISK = 300 * 1024 * 1024
# As for Spark's JVM (see `spark.jvm.session`): the broker only moves bytes, and the cores are for the model.
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
    """Return 16 random bytes in URL-safe Base64 without padding, as Kafka's own ids, but never with a leading dash.

    One id in 64 would have a leading dash, and Kafka's tool would take such an id for an option.
    """
    while (cluster_id := urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()).startswith("-"):
        pass
    return cluster_id


class EmbeddedBroker:
    """The broker of one data dir; every method may be called from any process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._dir = settings.broker_dir
        self._log = settings.logs_dir / "kafka.log"
        self._address = address_file(settings.data_dir)
        self._log_start = 0

    def status(self) -> Status:
        """Tell whether the broker runs, and where."""
        process, address = self._process(), self._read_address()
        return Status(
            running=process is not None,
            bootstrap_servers=f"{HOST}:{address['port']}" if address else None,
            pid=process.pid if process else None,
            data=str(self._dir / DATA),
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
            jars = class_path(resolve_jars(KAFKA))
            ports = self._ports()
            config = write_server_properties(
                self._dir, port=ports[0], controller_port=ports[1], largest_record=self.settings.max_result_bytes
            )
            jvm = [str(java), *_JVM, f"-Dlog4j2.configurationFile={write_log_config(self._dir).as_uri()}", "-cp", jars]
            with self._log.open("ab") as log:
                self._log_start = log.tell()
                self._format(jvm, config, log.fileno())
                process = subprocess.Popen(
                    [*jvm, "kafka.Kafka", str(config)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._dir,
                    env=java_environment(),
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
            self._wait_until_ended(process)
            return True

    def _wait_until_ended(self, process: psutil.Process) -> None:
        deadline = time.monotonic() + _STOP_SECONDS
        # It stays as a zombie where its parent does not ask for its end: a program that runs on, a container's first.
        while self._process() is not None:
            with suppress(psutil.TimeoutExpired):
                process.wait(_LOOK_SECONDS)
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"The broker (process {process.pid}) did not end within {_STOP_SECONDS} s; see {self._log}, and "
                    f"`kill -9 {process.pid}` if it hangs."
                )

    def _make_dirs(self) -> None:
        check_path(self._dir)
        try:
            for folder in (self._dir / DATA, self._log.parent):
                folder.mkdir(parents=True, exist_ok=True)
            free = psutil.disk_usage(str(self._dir)).free
        except OSError as error:
            raise MachineError(f"The data dir cannot be used: {error}; choose another with --data-dir.") from error
        if free < _LEAST_DISK:
            raise MachineError(
                f"Only {megabytes(free)} are free under {self._dir}, and the broker needs {megabytes(_LEAST_DISK)}; "
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
            address: dict[str, int] = json.loads(self._address.read_text())
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise BrokerError(f"{self._address} cannot be read ({error}); delete it and start the broker.") from error
        return address

    def _process(self) -> psutil.Process | None:
        """Return the running broker; another process may have its old process id by now."""
        address = self._read_address()
        if address is None:
            return None
        try:
            process = psutil.Process(address["pid"])
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return process if str(self._dir / SERVER_PROPERTIES) in process.cmdline() else None
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def _ports(self) -> tuple[int, int]:
        """Return the ports of broker and controller: the ports of the last start if both are free."""
        address = self._read_address()
        if address and all(_is_free(port) for port in (address["port"], address["controller_port"])):
            return address["port"], address["controller_port"]
        with socket.socket() as broker, socket.socket() as controller:
            broker.bind((HOST, 0))
            controller.bind((HOST, 0))
            return broker.getsockname()[1], controller.getsockname()[1]

    def _remember(self, pid: int, port: int, controller_port: int) -> None:
        text = json.dumps(
            {
                "bootstrap_servers": f"{HOST}:{port}",
                "pid": pid,
                "port": port,
                "controller_port": controller_port,
            }
        )
        new = self._address.with_suffix(".new")
        new.write_text(text)
        new.replace(self._address)

    def _format(self, jvm: list[str], config: Path, log: int) -> None:
        """Format the data folder, unless it is formatted already."""
        if (self._dir / DATA / "meta.properties").exists():
            return
        options = ["format", "--cluster-id", new_cluster_id(), "--config", str(config)]
        command = [*jvm, "kafka.tools.StorageTool", *options]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=self._dir,
            env=java_environment(),
            check=False,
        )
        if done.returncode != 0:
            raise BrokerError(f"Kafka could not format {self._dir / 'data'}: {self._last_words()} (see {self._log}).")

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
            KafkaAdminClient(bootstrap_servers=f"{HOST}:{port}", bootstrap_timeout_ms=_START_SECONDS * 1000).close()
        except KafkaError as error:
            raise BrokerError(f"The broker listens but does not serve: {reason(error)} (see {self._log}).") from error

    def _last_words(self) -> str:
        """Return the last error that Kafka logged since this start, on one line."""
        lines = self._log.read_bytes()[self._log_start :].decode(errors="replace").splitlines()
        errors = [line for line in lines if "ERROR" in line or "Exception" in line]
        return (errors or lines or ["it said nothing"])[-1].strip()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1) as connection:
            # While nobody listens, the system may connect the socket to itself, once in some 28,000 tries
            # (measurements.md, connection to itself).
            return bool(connection.getsockname() != connection.getpeername())
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As Kafka itself binds: a port whose last connections are still winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True

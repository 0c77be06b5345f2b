"""Stands in for systemd: starts `gistream run` again each time it ends, until it is told to stop."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

import psutil

# Between two starts, as a unit file has it.
_RESTART_SECONDS = 1.0
# A stop waits for the running micro-batch.
_STOP_SECONDS = 120


class ServiceManager:
    """One service; what it prints goes to `log`, the exit codes of its ends to `exit_codes`."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.exit_codes: list[int] = []
        self._thread = threading.Thread(target=self._serve)

    def start(self) -> None:
        self._thread.start()

    @property
    def process(self) -> psutil.Process | None:
        """The service's main process; None between two starts."""
        process = self._process
        return psutil.Process(process.pid) if process is not None and process.poll() is None else None

    def stop(self) -> None:
        """Ask the service to end, and wait until it has; a service that does not end in time is killed."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive() and process is not None:
            process.kill()
            self._thread.join()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)
                self.exit_codes.append(self._process.wait())
            self._stopping.wait(_RESTART_SECONDS)

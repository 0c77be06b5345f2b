"""The port of a run: what it answers, and that a stuck query is told from an idle one."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from filled_run import beat, filled_registry

from streaming.errors import CheckpointError, MachineError
from streaming.monitoring.lag import Lag
from streaming.monitoring.registry import RunMetrics, new_registry
from streaming.monitoring.run_state import RunRecorder
from streaming.monitoring.server import MetricsServer


@pytest.fixture
def recorder() -> RunRecorder:
    return RunRecorder()


@pytest.fixture
def server(recorder: RunRecorder) -> Iterator[MetricsServer]:
    with MetricsServer("127.0.0.1", 0, filled_registry(recorder), recorder) as server:
        yield server


def get(server: MetricsServer, path: str) -> tuple[int, str]:
    url = server.url.replace("/metrics", path)
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


# Seconds before a test's own start, which may come long after this file is imported.
LONG_AGO = 400


@pytest.mark.parametrize(
    ("changes", "healthz", "readyz", "sentence"),
    [
        ({"doing": "idle"}, 200, 200, "idle: every record has its result"),
        ({"doing": "working"}, 200, 200, "working: 3 of 8 of the running batch done"),
        ({"doing": "working", "progress_at": LONG_AGO}, 503, 503, "no progress for 7 min: working, 3 of 8 done"),
        ({"doing": "starting"}, 200, 503, "starting"),
        ({"doing": "restarting"}, 200, 503, "restarting"),
        ({"doing": "waiting for Kafka"}, 200, 503, "waiting for Kafka"),
        (
            {"doing": "working", "sent_at": LONG_AGO, "progress_at": LONG_AGO},
            503,
            503,
            "no sign of the query for 7 min",
        ),
    ],
    ids=lambda value: value.get("doing") if isinstance(value, dict) else None,
)
def test_a_stuck_query_is_told_from_an_idle_one(
    server: MetricsServer, recorder: RunRecorder, changes: dict[str, Any], healthz: int, readyz: int, sentence: str
) -> None:
    now = time.time()
    recorder.on_beat(beat(**{name: now - value if value == LONG_AGO else value for name, value in changes.items()}))
    assert (get(server, "/healthz")[0], get(server, "/readyz")[0]) == (healthz, readyz)
    assert sentence in get(server, "/healthz")[1]


def test_a_run_that_still_starts_is_alive_and_not_ready(server: MetricsServer) -> None:
    assert get(server, "/healthz") == (200, "starting\n")
    assert get(server, "/readyz") == (503, "starting\n")


def test_it_speaks_prometheus_and_openmetrics(server: MetricsServer) -> None:
    assert "# TYPE gistream_documents_total counter" in get(server, "/metrics")[1]
    request = urllib.request.Request(server.url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        assert answer.read().endswith(b"# EOF\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_it_answers_get_alone(server: MetricsServer, method: str) -> None:
    connection = HTTPConnection(server.url.split("/")[2], timeout=10)
    connection.request(method, "/metrics", body=b"x" if method == "POST" else None)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Allow"], answer.read()) == (405, "GET", b"")
    connection.close()


def test_another_path_is_not_found(server: MetricsServer) -> None:
    assert get(server, "/../etc/passwd")[0] == 404


def test_a_port_that_is_taken_is_named(server: MetricsServer, recorder: RunRecorder) -> None:
    port = int(server.url.split(":")[2].removesuffix("/metrics"))
    with pytest.raises(MachineError, match=rf"port {port} of 127.0.0.1: Address already in use.*--metrics-port"):
        MetricsServer("127.0.0.1", port, filled_registry(recorder), recorder)


def test_an_address_that_is_not_of_this_machine_is_named(recorder: RunRecorder) -> None:
    with pytest.raises(MachineError, match=r"of 203\.0\.113\.1: .*--metrics-host"):
        MetricsServer("203.0.113.1", 0, filled_registry(recorder), recorder)


def test_it_ends_with_the_run_also_while_a_client_says_nothing(recorder: RunRecorder) -> None:
    with MetricsServer("127.0.0.1", 0, filled_registry(recorder), recorder) as server:
        host, port = server.url.split("/")[2].split(":")
        silent = socket.create_connection((host, int(port)))
        assert get(server, "/healthz")[0] == 200
        began = time.monotonic()
    assert time.monotonic() - began < 3
    silent.close()
    with pytest.raises(URLError):
        urllib.request.urlopen(server.url, timeout=5)


def test_metrics_that_fail_are_an_error_of_the_server_and_the_next_ones_come(
    recorder: RunRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = RunMetrics(recorder, list)
    with MetricsServer("127.0.0.1", 0, new_registry(metrics), recorder) as server:
        metrics.read_lag = [].pop  # type: ignore[assignment]
        assert get(server, "/metrics") == (500, "the metrics failed; the run's log says why\n")
        assert [entry.message for entry in caplog.records] == ["the metrics failed"]
        metrics.read_lag = dict
        assert get(server, "/metrics")[0] == 200


@pytest.mark.parametrize("error", [CheckpointError("damaged"), ValueError("half a line"), FileNotFoundError()])
def test_a_lag_that_cannot_be_read_leaves_the_other_metrics(recorder: RunRecorder, error: Exception) -> None:
    def read_lag() -> Lag:
        raise error

    metrics = RunMetrics(recorder, list)
    metrics.read_lag = read_lag
    with MetricsServer("127.0.0.1", 0, new_registry(metrics), recorder) as server:
        status, text = get(server, "/metrics")
    assert (status, "gistream_restarts_total" in text) == (200, True)

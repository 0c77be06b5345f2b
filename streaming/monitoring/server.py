"""The port of a run: /metrics for Prometheus, /healthz and /readyz for whoever starts and watches it.

It answers GET, with counts and one sentence, and never with a word of a document. It ends with the run.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from types import TracebackType

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from streaming.errors import MachineError
from streaming.monitoring.run_state import RunRecorder

_log = logging.getLogger(__name__)
# Between two bytes of a request. A client that is slower holds up nobody else.
_CLIENT_SECONDS = 5.0
_TEXT = "text/plain; charset=utf-8"


class MetricsServer:
    """Answers on one port, in threads, for as long as the context lasts."""

    def __init__(self, host: str, port: int, registry: CollectorRegistry, recorder: RunRecorder) -> None:
        """Listen at once; port 0 takes a free one. Raises `MachineError` when the address cannot be used."""
        try:
            family, _, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
            )[0]
            self._server = _Server(family, address, registry, recorder)
        except OSError as error:
            raise MachineError(
                f"Metrics cannot be served on port {port} of {host}: {error.strerror or error}; choose another port "
                "with --metrics-port, or another address with --metrics-host."
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    def __enter__(self) -> MetricsServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address of /metrics."""
        host, port = self._server.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}/metrics"


class _Server(socketserver.ThreadingTCPServer):
    # The port is free again as soon as the run has ended.
    allow_reuse_address = True
    # A client that is slow does not hold up the end of the run.
    daemon_threads = True

    def __init__(
        self, family: socket.AddressFamily, address: object, registry: CollectorRegistry, recorder: RunRecorder
    ) -> None:
        self.address_family = family
        self.registry, self.recorder = registry, recorder
        super().__init__(address, _Handler)  # type: ignore[arg-type]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing about a client that went away."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "gistream", ""
    timeout = _CLIENT_SECONDS

    def do_GET(self) -> None:
        state = self.server.recorder.state
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encode, kind = choose_encoder(self.headers.get("Accept") or "")
            try:
                body = encode(self.server.registry)
            except Exception as error:  # noqa: BLE001 - who scrapes must see a failure, and the run goes on
                _log.error("the metrics failed", exc_info=error)
                self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"the metrics failed; the run's log says why\n", _TEXT)
            else:
                self._answer(HTTPStatus.OK, body, kind)
        elif path == "/healthz":
            self._say(state.health.state == "healthy", state.health.sentence)
        elif path == "/readyz":
            self._say(state.is_ready, state.health.sentence)
        else:
            self._answer(HTTPStatus.NOT_FOUND, b"/metrics, /healthz and /readyz are here\n", _TEXT)

    def _say(self, is_fine: bool, sentence: str) -> None:
        status = HTTPStatus.OK if is_fine else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(status, f"{sentence}\n".encode(), _TEXT)

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self) -> None:
        self.send_response(HTTPStatus.METHOD_NOT_ALLOWED)
        self.send_header("Allow", "GET")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = _refuse  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: somebody asks every few seconds."""

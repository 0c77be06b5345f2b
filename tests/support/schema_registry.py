"""A small schema registry with Confluent's REST interface, on this machine, for tests: it can also misbehave."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass
class Registry:
    """The schemas of a registry, and what it does: a `login` that it wants, a `delay`, what it answers `instead`."""

    login: str | None = None
    delay: float = 0.0
    instead: str | None = None
    leads_to: str = ""
    filler: str = ""
    # So many answers are wrong; the next are right.
    failures: int = 0
    schemas: dict[int, dict[str, Any]] = field(default_factory=dict)
    versions: dict[tuple[str, int], int] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def register(
        self,
        schema: object,
        kind: str = "AVRO",
        *,
        subject: str | None = None,
        references: tuple[tuple[str, str, int], ...] = (),
        serialized: bytes | None = None,
        at: int | None = None,
    ) -> int:
        """Register a schema and return its id; `references` are (name, subject, version)."""
        text = schema if isinstance(schema, str) and kind == "PROTOBUF" else json.dumps(schema)
        number = at or len(self.schemas) + 1
        content: dict[str, Any] = {"schema": text}
        if kind != "AVRO":
            content["schemaType"] = kind
        if references:
            content["references"] = [dict(zip(("name", "subject", "version"), one, strict=True)) for one in references]
        self.schemas[number] = content | {"serialized": serialized}
        if subject is not None:
            version = 1 + max((known for name, known in self.versions if name == subject), default=0)
            self.versions[subject, version] = number
        return number

    def answer(self, path: str, authorization: str | None) -> tuple[int, object]:
        """Return the status and the content of an answer."""
        self.asked[path] += 1
        if self.login is not None:
            expected = "Basic " + base64.b64encode(self.login.encode()).decode()
            if authorization != expected:
                return 401, {"error_code": 401, "message": "Unauthorized"}
        if self.instead is not None and (self.failures or self.instead != "busy"):
            self.failures -= self.failures > 0
            return {
                "busy": (503, "busy"),
                "no JSON": (200, "<html>" + self.filler),
                "not found": (404, "<html>"),
                "nested": (200, '{"schema": ' + "[" * 100_000),
                "a number of 5,000 digits": (200, "1" * 5000),
                "redirect": (302, ""),
            }[self.instead]
        parts = [unquote(part) for part in urlsplit(path).path.strip("/").split("/")]
        number: int | None = None
        if parts[:2] == ["schemas", "ids"] and len(parts) == 3:
            number = int(parts[2])
        elif parts[0] == "subjects" and len(parts) == 4:
            number = self.versions.get((parts[1], int(parts[3])))
        if number not in self.schemas:
            return 404, {"error_code": 40403, "message": "Schema not found"}
        content = dict(self.schemas[number])
        serialized = content.pop("serialized")
        if serialized is not None and "format=serialized" in path:
            content["schema"] = base64.b64encode(serialized).decode()
        return 200, content


@contextmanager
def schema_registry(certificate: Path | None = None, **options: Any) -> Iterator[Registry]:
    """Serve a registry for as long as the context lasts; with a `certificate` (PEM, key and all) over TLS."""
    registry = Registry(**options)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(registry.delay)
            status, content = registry.answer(self.path, self.headers.get("Authorization"))
            body = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(body)))
            if registry.leads_to:
                self.send_header("Location", registry.leads_to)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            # A client that had no time for the answer.
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    registry.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def framed(schema_id: int, payload: bytes) -> bytes:
    """Return a payload in Confluent's frame."""
    return b"\0" + schema_id.to_bytes(4, "big") + payload

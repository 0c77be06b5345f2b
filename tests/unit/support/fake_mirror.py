"""A mirror of Project Gutenberg on loopback, and the ways in which a server answers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BOOK = b"CHAPTER I\r\n" + b"The wheel stood still.\r\n" * 20_000


@dataclass
class Mirror:
    """A server on loopback that answers each request with the next of `answers`, and from then on with the last."""

    url: str = ""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answers: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)


def whole(handler: BaseHTTPRequestHandler, body: bytes = BOOK, tag: str = '"1"') -> None:
    """Answer with the file, or the part of it that was requested, as servers do."""
    start = 0
    if "Range" in handler.headers and handler.headers["If-Range"] == tag:
        start = int(handler.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    handler.send_header("Content-Type", "text/plain; charset=utf-8")
    handler.send_header("Content-Length", str(len(body) - start))
    handler.send_header("ETag", tag)
    handler.end_headers()
    handler.wfile.write(body[start:])


def broken(
    handler: BaseHTTPRequestHandler, body: bytes = BOOK, *, tag: str | None = '"1"', sent: int = 100_000
) -> None:
    """Promise the whole file, send its beginning, and hang up."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    if tag:
        handler.send_header("ETag", tag)
    handler.end_headers()
    handler.wfile.write(body[:sent])
    handler.close_connection = True


def status(code: int, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def web_page(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.send_header("Content-Length", "6")
    handler.end_headers()
    handler.wfile.write(b"<html>")


@contextmanager
def serve() -> Iterator[Mirror]:
    mirror = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirror.requests.append((self.path, dict(self.headers)))
            answer = mirror.answers.pop(0) if len(mirror.answers) > 1 else mirror.answers[0]
            answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.url = f"http://127.0.0.1:{server.server_port}/epub"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield mirror
    server.shutdown()
    thread.join()
    server.server_close()

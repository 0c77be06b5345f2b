"""A hub on loopback: the requests that huggingface-hub makes for a file, answered as the real one does.

`/owner/repo/resolve/revision/file` redirects to another host (`localhost` for `127.0.0.1`), as the real hub does to its
storage, with the file's SHA-256 and size in headers; the storage knows Range.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

TOKEN = "hf_the_right_one"
LIST_OF_CALLERS = "/api/agent-harnesses"


@dataclass
class Hub:
    """What the hub has, how it misbehaves, and what it was asked for."""

    port: int = 0
    # By repository, then by name.
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    # The storage sends this many bytes of an answer and hangs up; once, and then answers again or not at all.
    cut_at: int | None = None
    then_down: bool = False
    corrupt: bool = False
    without_checksum: bool = False
    requests: list[tuple[str, str]] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    tokens_at_storage: list[str] = field(default_factory=list)
    down: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def commit(self, repo: str) -> str:
        """The commit that `main` is now: it changes with the files."""
        content = "".join(f"{name}{sha256(data)}" for name, data in sorted(self.files[repo].items()))
        return hashlib.sha1(content.encode()).hexdigest()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def serve(hub: Hub) -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def answer(self) -> None:
            hub.requests.append((self.command, self.path))
            if hub.down:
                self.reply(503)
            elif self.path.startswith("/storage/"):
                self.storage(self.path.rpartition("/")[2])
            else:
                self.resolve()

        def resolve(self) -> None:
            place, separator, rest = self.path.lstrip("/").partition("/resolve/")
            revision, _, name = rest.partition("/")
            name = unquote(name)
            if not separator or place not in hub.files:
                self.reply(401, {"X-Error-Code": "RepoNotFound"})
            elif place in hub.gated and self.headers["Authorization"] != f"Bearer {TOKEN}":
                # Who is logged in, but not let in, gets another answer than who is not logged in.
                self.reply(*((403,) if self.headers["Authorization"] else (401, {"X-Error-Code": "GatedRepo"})))
            elif revision not in ("main", hub.commit(place)):
                self.reply(404, {"X-Error-Code": "RevisionNotFound"})
            elif name not in hub.files[place]:
                self.reply(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": hub.commit(place)})
            else:
                data = hub.files[place][name]
                linked = {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data))}
                storage = f"http://localhost:{hub.port}/storage/{sha256(data)}"
                plain = {"X-Repo-Commit": hub.commit(place), "Location": storage, "ETag": '"abc"'}
                self.reply(302, plain if hub.without_checksum else {**plain, **linked})

        def storage(self, digest: str) -> None:
            hub.tokens_at_storage += [self.headers["Authorization"]] if self.headers["Authorization"] else []
            data = next(d for files in hub.files.values() for d in files.values() if sha256(d) == digest)
            if hub.corrupt:
                data = data[:-1] + bytes([data[-1] ^ 1])
            start = 0
            if byte_range := self.headers["Range"]:
                hub.ranges.append(byte_range)
                start = int(byte_range.removeprefix("bytes=").rstrip("-"))
            headers = {"Content-Length": str(len(data) - start)}
            if byte_range:
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.reply(206 if byte_range else 200, headers)
            if self.command == "HEAD":
                return
            end = len(data)
            if hub.cut_at is not None:
                end, hub.cut_at, hub.down = hub.cut_at, None, hub.then_down
            self.wfile.write(data[start:end])

        def reply(self, status: int, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()

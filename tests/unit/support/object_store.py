"""A stand-in for an object store: as much of S3's protocol as pyarrow speaks, on loopback, its objects in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class ObjectStore(ThreadingHTTPServer):
    """The objects by "bucket/key", and the methods and paths of the requests that came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.requests: list[str] = []

    def url(self, path: str) -> str:
        """Return the URL of a path in the store."""
        where = f"endpoint_override=127.0.0.1:{self.server_port}&scheme=http&region=us-east-1"
        return f"s3://me:mine@{path}?{where}"


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Serve for as long as the context lasts."""
    with ObjectStore() as store:
        thread = threading.Thread(target=store.serve_forever)
        thread.start()
        try:
            yield store
        finally:
            store.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ObjectStore

    def log_message(self, *_: object) -> None:
        pass

    def _parse(self) -> tuple[str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        self.server.requests.append(f"{self.command} {parts.path}")
        return unquote(parts.path).strip("/"), parse_qs(parts.query, keep_blank_values=True)

    def _answer(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            raw = b""
            while size := int(self.rfile.readline(), 16):
                raw += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return _unsigned(raw) if "aws-chunked" in self.headers.get("Content-Encoding", "") else raw

    def do_HEAD(self) -> None:
        path, _ = self._parse()
        found = self.server.objects.get(path)
        if "/" not in path:
            self._answer(200)
        elif found is None:
            self._answer(404)
        else:
            self._answer(200, Content_Length=str(len(found)), Last_Modified="Wed, 21 Oct 2026 07:28:00 GMT")

    def do_GET(self) -> None:
        path, query = self._parse()
        if "list-type" in query:
            self._list(path, query.get("prefix", [""])[0], query.get("delimiter", [""])[0])
            return
        found = self.server.objects.get(path)
        if found is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        first, _, last = self.headers.get("Range", f"bytes=0-{len(found) - 1}").removeprefix("bytes=").partition("-")
        part = found[int(first) : int(last) + 1]
        self._answer(206, part, Content_Range=f"bytes {first}-{last}/{len(found)}")

    def _list(self, bucket: str, prefix: str, delimiter: str) -> None:
        keys = [path.partition("/")[2] for path in sorted(self.server.objects) if path.startswith(f"{bucket}/{prefix}")]
        folders = sorted(
            {prefix + k[len(prefix) :].split("/")[0] + "/" for k in keys if delimiter and "/" in k[len(prefix) :]}
        )
        files = [k for k in keys if not (delimiter and "/" in k[len(prefix) :])]
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.server.objects[f'{bucket}/{key}'])}</Size>"
            "<LastModified>2026-10-21T07:28:00.000Z</LastModified></Contents>"
            for key in files
        )
        entries += "".join(f"<CommonPrefixes><Prefix>{escape(f)}</Prefix></CommonPrefixes>" for f in folders)
        count = len(files) + len(folders)
        self._answer(
            200,
            f"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>{count}</KeyCount>{entries}"
            "</ListBucketResult>".encode(),
        )

    def do_PUT(self) -> None:
        path, query = self._parse()
        body = self._body()
        if "uploadId" in query:
            self.server.uploads[query["uploadId"][0]][int(query["partNumber"][0])] = body
        else:
            self.server.objects[path] = body
        self._answer(200, ETag='"x"')

    def do_POST(self) -> None:
        path, query = self._parse()
        self._body()
        if "uploads" in query:
            upload = f"upload-{len(self.server.uploads)}"
            self.server.uploads[upload] = {}
            self._answer(
                200,
                f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>".encode(),
            )
        else:
            parts = self.server.uploads[query["uploadId"][0]]
            self.server.objects[path] = b"".join(parts[number] for number in sorted(parts))
            self._answer(200, b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")

    def do_DELETE(self) -> None:
        path, _ = self._parse()
        self.server.objects.pop(path, None)
        self._answer(204)


def _unsigned(raw: bytes) -> bytes:
    """Return the content of a body in Amazon's own chunks, each with its signature."""
    content = b""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            break
        content, raw = content + raw[:length], raw[length + 2 :]
    return content

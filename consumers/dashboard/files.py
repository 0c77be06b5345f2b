"""The files of the page: read once at the start, so that a request names one of them or nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from consumers.dashboard.answers import Refusal

FOLDER = Path(__file__).with_name("static")
# The machine's own table may say something else, and with `nosniff` a browser runs no script that is not called one.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class _File:
    content: bytes
    media_type: str
    tag: str


class Files:
    """The files below a folder, by the path from there."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _read(path, _TYPES[path.suffix])
            for path in folder.rglob("*")
            if path.suffix in _TYPES and path.is_file()
        }

    def text(self, name: str) -> str:
        """Return a file's text; raises `KeyError`."""
        return self._files[name].content.decode()

    async def serve(self, request: Request) -> Response:
        """Return the file that the path names."""
        return self._answer(request, request.path_params["path"])

    async def shell(self, request: Request) -> Response:
        """Return the page, which looks at its own address."""
        return self._answer(request, "index.html")

    def _answer(self, request: Request, name: str) -> Response:
        file = self._files.get(name)
        if file is None:
            raise Refusal(404, "There is no such file here.")
        # A browser asks each time, and gets a file only when it is another one: a new version shows at once.
        headers = {"cache-control": "no-cache", "etag": file.tag}
        if file.tag in [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)


def _read(path: Path, media_type: str) -> _File:
    content = path.read_bytes()
    return _File(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')

"""Who may ask the dashboard: it goes by its own names, and where a token is set, asks for it.

    a request                                          gets
    -------------------------------------------------  ---------------------------------------
    whose Host is none of the dashboard's names        421: another site's name may lead here (DNS rebinding)
    that changes something, from another site's page   403: its Origin is not this dashboard
    without a session, where a token is needed         401, or for a page the login
    any other                                          its answer

Every answer has the headers that keep a browser from making more of a text than a text: no script, style or picture of
another host or of a document, no markup made of a string, no frame around the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consumers.dashboard.answers import Refusal
from consumers.dashboard.sessions import Sessions

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; font-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=()",
}
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
# A name or an address, of IPv6 in brackets, and a port.
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::[0-9]*)?")
_READING = ("GET", "HEAD")
# What somebody without a session may have: the login, and the files that it is drawn with, which everybody has.
_OPEN = ("/login", "/static/")


class Access:
    """Guards an application: only requests that may be answered reach it, and every answer gets its headers."""

    def __init__(self, app: ASGIApp, sessions: Sessions, names: Iterable[str], cookie: str) -> None:
        """`names` are those that the dashboard goes by beside this machine's own; `cookie` names the session's."""
        self._app, self._sessions, self._cookie = app, sessions, cookie
        self._names = {*_LOOPBACK, *(bracketed(name) for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            answer = self._redirection(scope)
        except Refusal as refusal:
            answer = refusal.answer
        await (answer or self._app)(scope, receive, send_guarded)

    def _redirection(self, scope: Scope) -> Response | None:
        """Return the way to the login for a page without a session, None for what is answered; raises `Refusal`."""
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if _without_port(host) not in self._names:
            raise Refusal(
                421,
                f"This dashboard does not go by the name '{_without_port(host)[:100]}'; if it should, start it with "
                "--allow-host and the name.",
            )
        # Browsers always send the origin of a request that changes something.
        if scope["method"] not in _READING and _origin_host(headers.get("origin", "")) != host:
            raise Refusal(403, "Only a page of this dashboard may ask for this: the Origin is another one.")
        path = scope["path"]
        if path == _OPEN[0] or path.startswith(_OPEN[1]) or self._sessions.has(self._secret(headers)):
            return None
        if path.startswith("/api/") or scope["method"] not in _READING:
            raise Refusal(401, "Sign in first: this dashboard needs its token.")
        query = scope["query_string"].decode("latin-1")
        here = f"{path}?{query}" if query else path
        return RedirectResponse(f"/login?next={quote(here, safe='')}", 303, {"cache-control": "no-store"})

    def _secret(self, headers: Headers) -> str | None:
        # Cookies go by the host, not the port: what another program of this machine has set comes along, and Python's
        # own reader would take nothing from a header with one that it does not like.
        return cookie_parser(headers.get("cookie", "")).get(self._cookie)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a server on `host`."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """Return a host as an address of the web has it: lower case, an IPv6 address in brackets."""
    host = host.lower()
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _without_port(host: str) -> str:
    match = _HOST.fullmatch(host)
    return match[1] if match else host


def _origin_host(origin: str) -> str | None:
    """Return host and port of an origin; a proxy in front may speak https where this server speaks http."""
    scheme, colon, host = origin.lower().partition("://")
    return host if colon and scheme in ("http", "https") else None

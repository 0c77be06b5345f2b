"""The login: a page that works without scripts, and the token that it sends."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from consumers.dashboard.answers import NO_STORE
from consumers.dashboard.bodies import body_of
from consumers.dashboard.sessions import SESSION_SECONDS, Sessions

# A page of this dashboard: "//host" and "/\host" would be another one.
_OWN_PAGE = re.compile(r"/(?!/)[\w.~!$&'()*+,;=:@%/?-]*", re.ASCII)
# A token and an address to go on to.
_MOST_BYTES = 8192
# A browser sends the origin of a form only where the page says that its own site may know where requests come from.
_HEADERS = {**NO_STORE, "referrer-policy": "same-origin"}


class Login:
    """The two routes of the login."""

    def __init__(self, page: str, sessions: Sessions, cookie: str) -> None:
        """`page` has the form, with an input `next` whose value is "/", and the hidden element `login-problem`."""
        self._page, self._sessions, self._cookie = page, sessions, cookie

    async def show(self, request: Request) -> Response:
        """Return the page; the address says where to go on to, and whether a token was wrong."""
        if not self._sessions.needed:
            return RedirectResponse("/", 303, NO_STORE)
        page = self._page.replace('value="/"', f'value="{html.escape(own_page(request.query_params.get("next")))}"', 1)
        if "wrong" in request.query_params:
            page = re.sub(r'(<[^>]*id="login-problem"[^>]*?) hidden>', r"\1>", page, count=1)
        wait = request.query_params.get("wait", "")
        if wait.isdecimal() and len(wait) < 4:
            page = page.replace("That is not the token.", f"That is not the token. Wait {wait} s before the next one.")
        return HTMLResponse(page, headers=_HEADERS)

    async def enter(self, request: Request) -> Response:
        """Take a token; the right one gets a session, the wrong one the page again."""
        fields = parse_qs((await body_of(request, _MOST_BYTES)).decode(errors="replace"))
        next_page = own_page(fields.get("next", ["/"])[0])
        address = request.client.host if request.client else ""
        secret = self._sessions.begin(fields.get("token", [""])[0], address)
        if secret is None:
            wait = self._sessions.wait_of(address)
            parameters = {"wrong": 1, "next": next_page, **({"wait": int(wait) + 1} if wait > 0 else {})}
            return RedirectResponse(f"/login?{urlencode(parameters)}", 303, NO_STORE)
        answer = RedirectResponse(next_page, 303, NO_STORE)
        answer.set_cookie(
            self._cookie,
            secret,
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="strict",
            secure="https" in (request.url.scheme, request.headers.get("x-forwarded-proto")),
        )
        return answer


def own_page(address: str | None) -> str:
    """Return an address when it is one of this dashboard, else that of its first page."""
    return address if address is not None and _OWN_PAGE.fullmatch(address) else "/"

"""Who may ask the dashboard, and what a browser may do with its answers."""

from __future__ import annotations

import json
from http.cookies import SimpleCookie

import pytest
from dashboard_client import HOST, OWN, Redrives, client
from made_up_view import LETTERS, MadeUpView

from consumers.dashboard.access import SECURITY_HEADERS, is_loopback
from consumers.dashboard.login import own_page
from consumers.dashboard.sessions import SESSION_SECONDS, Sessions, checked_token
from streaming.errors import UsageError

TOKEN = "a-token-of-24-characters"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Broken(MadeUpView):
    def overview(self) -> None:  # type: ignore[override]
        raise RuntimeError("a document's words")


def enter(browser: object, token: str = TOKEN, **fields: str) -> object:
    return browser.post("/login", data={"token": token, **fields}, headers=OWN)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200), ("/static/theme.js", 200), ("/static/none.js", 404), ("/nowhere", 404), ("/api/feed", 200),
        ("/api/feed?limit=many", 400), ("/api/summary?topic=other&partition=0&offset=0", 404), ("/login", 303),
        ("/api/redrive", 405),
    ],
)  # fmt: skip
def test_every_answer_has_the_strictest_policy(path: str, status: int) -> None:
    answer = client(MadeUpView()).get(path)
    assert answer.status_code == status
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert len(answer.headers.get_list("content-security-policy")) == 1


def test_an_unexpected_error_has_the_policy_too_and_says_nothing_of_a_document() -> None:
    answer = client(Broken()).get("/api/overview")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == POLICY
    assert list(answer.json()) == ["error"]
    assert "words" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8580", "127.0.0.1", "[::1]:8580", "LOCALHOST", "board.example.org:443"])
def test_a_dashboard_answers_to_its_own_names(host: str) -> None:
    browser = client(MadeUpView(), names=["board.example.org"])
    assert browser.get("/api/feed", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example.org", "localhost.evil.org", "127.0.0.1.evil.org", "", "[::2]", "evil.org@localhost", "10.0.0.1",
        "[::1].evil.org", "localhost:evil.org", "localhost:80@evil.org",
    ],
)  # fmt: skip
def test_a_name_that_leads_here_by_somebody_elses_dns_is_misdirected(host: str) -> None:
    answer = client(MadeUpView()).get("/api/feed", headers={"host": host})
    assert answer.status_code == 421
    assert "--allow-host" in answer.json()["error"]


def redrive(**headers: str) -> int:
    browser, body = client(MadeUpView()), json.dumps({"places": [[LETTERS, 0, 0]]})
    sent = {"x-gistream": "1", "content-type": "application/json", **OWN, **headers}
    status: int = browser.post("/api/redrive", content=body, headers={k: v for k, v in sent.items() if v}).status_code
    return status


def test_only_a_page_of_the_dashboard_can_send_letters_back() -> None:
    assert redrive() == 200
    assert redrive(origin="http://evil.example.org") == 403
    assert redrive(origin="null") == 403
    assert redrive(origin="") == 403
    # Another service of this machine is another origin.
    assert redrive(origin="http://127.0.0.1:9999") == 403
    assert redrive(**{"x-gistream": ""}) == 403
    # What a form can send without asking.
    assert redrive(**{"content-type": "text/plain"}) == 415


def test_with_a_token_nothing_is_shown_before_it_is_given() -> None:
    browser = client(MadeUpView(), sessions=Sessions(TOKEN))
    for path in ("/api/overview", "/api/feed", "/api/events", "/api/summary?topic=a&partition=0&offset=0"):
        answer = browser.get(path)
        assert (answer.status_code, list(answer.json())) == (401, ["error"])
    assert browser.post("/api/redrive", headers=OWN).status_code == 401
    page = browser.get("/feed?status=ok&meta=team:x")
    assert page.status_code == 303
    assert page.headers["location"] == "/login?next=%2Ffeed%3Fstatus%3Dok%26meta%3Dteam%3Ax"
    # The login is drawn with these.
    assert browser.get("/static/styles/login.css").status_code == 200
    assert browser.get("/login").status_code == 200
    # A path is what it is, not what it begins with.
    assert browser.get("/static/../api/feed").status_code in (303, 401, 404)
    assert browser.get("/loginx").status_code == 303


def test_the_token_begins_a_session_whose_cookie_no_script_and_no_other_site_has() -> None:
    browser = client(MadeUpView(), sessions=Sessions(TOKEN))
    answer = enter(browser, next="/feed?status=ok")
    assert (answer.status_code, answer.headers["location"]) == (303, "/feed?status=ok")  # type: ignore[attr-defined]
    [cookie] = SimpleCookie(answer.headers["set-cookie"]).values()  # type: ignore[attr-defined]
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["secure"]) == (True, "strict", "")
    assert TOKEN not in answer.headers["set-cookie"]  # type: ignore[attr-defined]
    assert len(cookie.value) > 30
    assert browser.get("/api/feed").status_code == 200


def test_behind_https_the_cookie_is_for_https_alone() -> None:
    browser = client(MadeUpView(), sessions=Sessions(TOKEN))
    headers = {"origin": f"https://{HOST}", "x-forwarded-proto": "https"}
    answer = browser.post("/login", data={"token": TOKEN}, headers=headers)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_wrong_token_a_made_up_session_and_the_token_itself_as_a_cookie_open_nothing() -> None:
    browser = client(MadeUpView(), sessions=Sessions(TOKEN))
    answer = enter(browser, TOKEN + "x", next="/feed")
    assert answer.headers["location"] == "/login?wrong=1&next=%2Ffeed"  # type: ignore[attr-defined]
    assert "set-cookie" not in answer.headers  # type: ignore[attr-defined]
    for value in (TOKEN, "x" * 43, ""):
        assert browser.get("/api/feed", headers={"cookie": f"gistream-8580={value}"}).status_code == 401


def test_a_login_from_another_site_is_refused() -> None:
    browser = client(MadeUpView(), sessions=Sessions(TOKEN))
    answer = browser.post("/login", data={"token": TOKEN}, headers={"origin": "http://evil.example.org"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_the_login_works_without_scripts() -> None:
    browser = client(MadeUpView(), sessions=Sessions(TOKEN))
    page = browser.get('/login?next=/feed%3Ftext%3D"%3E<script>')
    assert "<script>" not in page.text.replace('<script src="', "").replace('<script type="module"', "")
    assert 'value="/"' in page.text
    assert 'value="/feed?text=a&amp;status=ok"' in browser.get("/login?next=/feed%3Ftext%3Da%26status%3Dok").text
    assert " hidden>That is not the token" in page.text
    wrong = browser.get("/login?wrong=1&wait=8").text
    assert " hidden>That is not" not in wrong
    assert "Wait 8 s" in wrong
    # A browser tells where a form comes from only where the page lets it.
    assert page.headers["referrer-policy"] == "same-origin"


def test_a_request_that_is_too_large_is_refused_while_it_comes() -> None:
    answer = client(MadeUpView(), sessions=Sessions(TOKEN)).post("/login", content=b"x" * 10_000, headers=OWN)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "address", ["//evil.org", "/\\evil.org", "https://evil.org", "javascript:alert(1)", "/a\r\nb", "", None]
)
def test_the_login_leads_on_to_this_dashboard_alone(address: str | None) -> None:
    assert own_page(address) == "/"


def test_wrong_tokens_in_a_row_make_an_address_wait_twice_as_long_each_time() -> None:
    clock = Clock()
    sessions = Sessions(TOKEN, clock)
    waits = []
    for _ in range(14):
        clock.now += sessions.wait_of("a")
        assert sessions.begin("wrong", "a") is None
        waits.append(sessions.wait_of("a"))
    assert waits[:8] == [0, 0, 0, 0, 1, 2, 4, 8]
    assert waits[-1] == 60
    # While it waits, not even the right one counts: each try would be a guess.
    assert sessions.begin(TOKEN, "a") is None
    assert sessions.begin(TOKEN, "b") is not None
    clock.now += 60
    assert sessions.begin(TOKEN, "a") is not None
    assert sessions.wait_of("a") == 0


def test_a_session_ends_after_a_day_and_the_oldest_goes_when_there_are_too_many() -> None:
    clock = Clock()
    sessions = Sessions(TOKEN, clock)
    first, second = sessions.begin(TOKEN, "a"), sessions.begin(TOKEN, "a")
    assert sessions.has(first)
    for _ in range(999):
        sessions.begin(TOKEN, "a")
    assert not sessions.has(first)
    assert sessions.has(second)
    clock.now += SESSION_SECONDS
    assert not sessions.has(second)


def test_a_token_that_can_be_guessed_is_refused() -> None:
    assert checked_token(f" {TOKEN}\n", "a file") == TOKEN
    with pytest.raises(UsageError, match="has 15 characters"):
        checked_token("x" * 15, "a file")


def test_what_only_this_machine_reaches() -> None:
    assert [host for host in ("localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]") if not is_loopback(host)] == []
    assert [host for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "") if is_loopback(host)] == []


def test_files_are_asked_for_again_and_sent_when_they_have_changed() -> None:
    browser = client(MadeUpView(), redrive=Redrives())
    for path, media_type in {
        "/": "text/html; charset=utf-8",
        "/letters": "text/html; charset=utf-8",
        "/static/theme.js": "text/javascript; charset=utf-8",
        "/static/styles/base.css": "text/css; charset=utf-8",
        "/static/icons/healthy.svg": "image/svg+xml",
    }.items():
        answer = browser.get(path)
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == (media_type, "no-cache")
        again = browser.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert browser.get(path, headers={"if-none-match": '"another"'}).status_code == 200
    assert browser.get("/api/feed").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"])
def test_nothing_but_the_pages_files_is_served(path: str) -> None:
    assert client(MadeUpView()).get(path).status_code == 404


@pytest.mark.parametrize("others", ['prefs={"dark": 1}', "no value", "a b=c", "x=\u00e9", 'open="', "path=/"])
def test_the_cookies_of_another_program_of_this_machine_end_no_session(others: str) -> None:
    browser = client(MadeUpView(), sessions=Sessions(TOKEN))
    answer = enter(browser)
    own = answer.headers["set-cookie"].partition(";")[0]  # type: ignore[attr-defined]
    browser.cookies.clear()
    assert browser.get("/api/feed", headers={"cookie": f"{others}; {own}".encode()}).status_code == 200

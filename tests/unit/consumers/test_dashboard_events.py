"""Followers get what changes as it comes, from a real server; and the server ends while they follow."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dashboard_client import build
from made_up_view import MadeUpView

from consumers.dashboard import events
from consumers.dashboard.app import Dashboard
from consumers.dashboard.serve import listen, serving
from streaming.errors import MachineError, UsageError

Event = tuple[str, dict[str, Any]]


@pytest.fixture
def view() -> MadeUpView:
    return MadeUpView()


class Follower:
    """A reader of /api/events."""

    def __init__(self, port: int, query: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self._connection.request("GET", f"/api/events?{query}", headers=headers)
        self.answer = self._connection.getresponse()
        self.last_id = ""

    def events(self) -> Iterator[Event]:
        """Yield events as they come."""
        name = ""
        while line := self.answer.readline():
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                self.last_id = value
            elif field == "data":
                yield name, json.loads(value)

    def next(self, wanted: str) -> dict[str, Any]:
        """Return the next event of a name."""
        return next(data for name, data in self.events() if name == wanted)

    def close(self) -> None:
        self._connection.close()


@contextmanager
def running(view: MadeUpView) -> Iterator[int]:
    """Serve a dashboard over a view; yields its port."""
    address = listen("127.0.0.1", 0)
    with serving(build(view), address) as ended:
        yield address.port
        assert not ended.is_set()


def cursor(port: int, path: str = "/api/feed?limit=1") -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    found: str = json.loads(connection.getresponse().read())["cursor"]
    connection.close()
    return found


def test_a_new_summary_is_with_its_followers_at_once(view: MadeUpView) -> None:
    view.summarize(1)
    with running(view) as port:
        follower = Follower(port, f"view=feed&since={cursor(port)}")
        assert follower.answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert follower.answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in follower.answer.headers["content-security-policy"]
        assert follower.next("overview")["kept"] == 1
        view.summarize(2)
        sent = time.monotonic()
        event = follower.next("rows")
        assert time.monotonic() - sent < 0.5
        assert [row["id"] for row in event["rows"]] == ["story-2"]
        assert (event["matching"], event["kept"], event["reset"]) == (2, 2, False)
        assert follower.last_id == event["cursor"]


def test_rows_since_a_page_come_and_only_those_that_match(view: MadeUpView) -> None:
    view.summarize(1)
    with running(view) as port:
        since = cursor(port)
        for number in (2, 3, 4):
            view.summarize(number)
        follower = Follower(port, f"view=feed&text=story-3&since={since}")
        assert [row["id"] for row in follower.next("rows")["rows"]] == ["story-3"]


def test_a_row_that_is_deleted_changes_where_it_stands(view: MadeUpView) -> None:
    summary = view.summarize(1)
    with running(view) as port:
        follower = Follower(port, f"view=feed&since={cursor(port)}")
        view.delete(summary)
        rows = follower.next("rows")["rows"]
        assert [(row["kind"], row["deleted"], row["opening"]) for row in rows] == [
            ("summary", True, ""),
            ("deletion", False, ""),
        ]
        assert rows[0]["number"] < rows[1]["number"]


def test_a_follower_of_another_process_or_far_behind_takes_a_page_again(view: MadeUpView) -> None:
    view.summarize(1)
    with running(view) as port:
        for since in ("deadbeef-1", "nonsense", "-5"):
            assert Follower(port, f"view=feed&since={since}").next("rows")["reset"]
        follower = Follower(port, f"view=feed&since={cursor(port)}")
        for number in range(600):
            view.summarize(number)
        seen = 0
        for name, event in follower.events():
            if name == "rows":
                seen += len(event["rows"])
                assert len(event["rows"]) <= 500
                if event["reset"] or seen >= 600:
                    break


def test_a_browser_that_comes_back_goes_on_where_it_was(view: MadeUpView) -> None:
    view.summarize(1)
    with running(view) as port:
        follower = Follower(port, f"view=feed&since={cursor(port)}")
        view.summarize(2)
        follower.next("rows")
        follower.close()
        view.summarize(3)
        again = Follower(port, "view=feed", **{"last-event-id": follower.last_id})
        assert [row["id"] for row in again.next("rows")["rows"]] == ["story-3"]


def test_followers_of_the_letters_get_letters(view: MadeUpView) -> None:
    with running(view) as port:
        follower = Follower(port, f"view=letters&since={cursor(port, '/api/letters')}")
        view.fail()
        event = follower.next("letters")
        assert (event["rows"][0]["reason"], event["reasons"]) == ("decode/UnknownPrompt", {"decode/UnknownPrompt": 1})


def test_an_overview_comes_each_second_and_is_made_once_for_all(view: MadeUpView) -> None:
    made = []
    overview = view.overview
    view.overview = lambda: (made.append(1), overview())[1]  # type: ignore[method-assign]
    with running(view) as port:
        followers = [Follower(port, "view=overview") for _ in range(5)]
        times = []
        for _ in range(3):
            for follower in followers:
                follower.next("overview")
            times.append(time.monotonic())
        assert 1.5 < times[-1] - times[0] < 4
        assert len(made) < 3 * len(followers) / 2


def test_many_records_make_few_events(view: MadeUpView) -> None:
    with running(view) as port:
        follower = Follower(port, f"view=feed&since={cursor(port)}")
        follower.next("overview")
        end, sender = time.monotonic() + 2, threading.Thread(target=lambda: [view.summarize(n) for n in range(300)])
        sender.start()
        rows = events = 0
        for name, event in follower.events():
            if name == "rows":
                events += 1
                rows += len(event["rows"])
            if rows == 300:
                break
        sender.join()
        assert events <= 2 + 5 * (time.monotonic() - end + 2)


def test_a_reader_that_reads_nothing_costs_no_memory_and_gets_the_newest_later(view: MadeUpView) -> None:
    dashboard = build(view)
    address = listen("127.0.0.1", 0)
    with serving(dashboard, address), socket.create_connection(("127.0.0.1", address.port)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b"GET /api/events?view=feed HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        other = Follower(address.port, f"view=feed&since={cursor(address.port)}")
        for number in range(200):
            view.summarize(number)
        assert other.next("rows")["rows"]


def test_a_follower_that_is_gone_is_forgotten(view: MadeUpView) -> None:
    with running(view) as port:
        for _ in range(3):
            follower = Follower(port, "view=overview")
            follower.next("overview")
            follower.close()
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("dashboard-changes") == 1


def test_the_server_ends_at_once_while_somebody_follows(view: MadeUpView) -> None:
    with running(view) as port:
        followers = [Follower(port, f"view={name}") for name in ("overview", "feed", "letters")]
        for follower in followers:
            follower.next("overview")
        began = time.monotonic()
    assert time.monotonic() - began < 1.5
    for follower in followers:
        # The stream ends as a whole one, not in the middle of an event.
        assert not [event for event in follower.events() if event[0] == "error"]
    assert "dashboard" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_another_view_is_refused(view: MadeUpView) -> None:
    with running(view) as port:
        assert Follower(port, "view=other").answer.status == 400


def test_a_port_that_is_taken_and_an_address_of_another_machine_are_one_sentence() -> None:
    address = listen("127.0.0.1", 0)
    try:
        with pytest.raises(
            UsageError, match=rf"cannot listen on 127.0.0.1:{address.port}: something else listens there"
        ):
            listen("127.0.0.1", address.port)
    finally:
        address.listener.close()
    with pytest.raises(UsageError, match="no such address"):
        listen("192.0.2.1", 0)
    with pytest.raises(UsageError, match="is no address of this machine"):
        listen("no.such.host.invalid", 0)


def test_the_address_is_one_that_a_browser_opens() -> None:
    for host, shown in (("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")):
        address = listen(host, 0)
        address.listener.close()
        assert address.url == f"http://{shown}:{address.port}/"


def test_a_server_that_cannot_start_is_an_error_and_no_endless_wait(view: MadeUpView) -> None:
    async def failing(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("no")

    good = build(view)
    with pytest.raises(MachineError), serving(Dashboard(failing, good.changes), listen("127.0.0.1", 0)):  # type: ignore[arg-type]
        pass


def test_no_more_follow_than_may_also_when_all_come_at_once_and_who_leaves_makes_room(
    view: MadeUpView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_MOST_FOLLOWERS", 5)
    with running(view) as port:
        opened = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(12)]
        for connection in opened:
            connection.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        answers = [connection.recv(12).decode() for connection in opened]
        assert sorted(answers) == ["HTTP/1.1 200"] * 5 + ["HTTP/1.1 503"] * 7
        for connection in opened:
            connection.close()
        deadline = time.monotonic() + 10
        while Follower(port, "view=overview").answer.status != 200:
            assert time.monotonic() < deadline


def test_who_asks_for_the_head_of_the_events_gets_no_stream(view: MadeUpView) -> None:
    with running(view) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("HEAD", "/api/events?view=feed")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        answer.read()
        # The connection takes another request only when the answer to this one has ended.
        connection.request("HEAD", "/")
        assert connection.getresponse().status == 200
        connection.close()

"""A dashboard over a made-up view, without Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from made_up_view import INPUT, LETTERS, OUTPUT, MadeUpView
from starlette.testclient import TestClient

from consumers.dashboard.app import Content, Dashboard, dashboard
from consumers.dashboard.letters import Redriven
from consumers.dashboard.older import OlderSummaries
from consumers.dashboard.sessions import Sessions
from consumers.live.rows import Position
from streaming.operations.dashboard import document_reader
from streaming.settings import Settings

HOST = "127.0.0.1:8580"
OWN = {"origin": f"http://{HOST}"}


class Redrives:
    """What was asked to be sent back, and the answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[Position], str]] = []
        self.answer = Redriven(1, [])

    def __call__(self, places: Sequence[Position], reason: str) -> Redriven:
        self.asked.append((places, reason))
        return self.answer


def build(
    view: MadeUpView,
    *,
    sessions: Sessions | None = None,
    names: Sequence[str] = (),
    redrive: Any = None,
    older: OlderSummaries | None = None,
) -> Dashboard:
    content = Content(
        view=view,
        output_topic=OUTPUT,
        dead_letter_topic=LETTERS,
        read_document=document_reader(Settings()),
        is_input={INPUT}.__contains__,
        redrive=redrive or Redrives(),
        older=older,
    )
    return dashboard(content, sessions or Sessions(None), names, "gistream-8580")


def client(view: MadeUpView, **options: Any) -> TestClient:
    """Return a browser that has opened the dashboard at `HOST`; it follows no redirection."""
    return TestClient(
        build(view, **options).app, base_url=f"http://{HOST}", follow_redirects=False, raise_server_exceptions=False
    )

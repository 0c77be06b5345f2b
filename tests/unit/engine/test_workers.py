"""Which peers a server lets in, and what becomes of the requests of a worker that goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from streaming.engine.process.connection import Connection
from streaming.engine.process.ledger import Entry
from streaming.engine.process.wire import BadFrame, Frame, encode, read_frame
from streaming.engine.process.workers import Workers

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listening:
    """Workers that listen on a socket, their requests, and the requests of those that have gone."""

    def __init__(self, secret: str) -> None:
        self.requests: list[Frame] = []
        self.gone: list[Frame] = []
        self.bad_frames: list[str] = []
        self.workers = Workers(
            secret,
            greeting=lambda: {"ready": {}},
            on_request=self._on_request,
            on_gone=lambda entry: self.gone.append(entry.request),
            on_bad_frame=lambda error: self.bad_frames.append(str(error)),
        )

    def meet(self, socket: Path, *peers: Peer) -> None:
        """Have peers connect, one after the other."""

        async def scene() -> None:
            ended: asyncio.Queue[None] = asyncio.Queue()

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await self.workers.serve(reader, writer)
                ended.put_nowait(None)

            server = await asyncio.start_unix_server(serve, str(socket))
            for peer in peers:
                reader, writer = await asyncio.open_unix_connection(str(socket))
                await peer(reader, writer)
                writer.close()
                await ended.get()
            server.close()

        asyncio.run(asyncio.wait_for(scene(), 20))

    def _on_request(self, connection: Connection, frame: Frame) -> None:
        if "do" not in frame:
            raise BadFrame("an unknown request")
        self.requests.append(frame)
        entry: Entry = connection.request(frame)
        if frame["do"] == "answer":
            assert entry.on_answer is not None
            entry.on_answer({"done": {}})


def sends(*frames: Frame, answers: list[Frame]) -> Peer:
    """Return a peer that sends frames and reads an answer to each, until the connection is closed."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for frame in frames:
            writer.write(encode(frame))
            answer = await read_frame(reader)
            if answer is None:
                return
            answers.append(answer)

    return peer


@pytest.mark.parametrize(
    ("secret", "hello"),
    [("abc", {"hello": "abd"}), ("abc", {"hello": ""}), ("abc", {}), ("", {"hello": ""}), ("", {})],
    ids=["wrong", "empty", "none", "the folder has no secret", "neither has one"],
)
def test_a_peer_without_the_secret_gets_no_answer_and_asks_for_nothing(
    tmp_path: Path, secret: str, hello: Frame
) -> None:
    listening, answers = Listening(secret), list[Frame]()
    listening.meet(tmp_path / "socket", sends(hello, {"do": "answer", "id": 1}, answers=answers))
    assert (answers, listening.requests) == ([], [])


def test_a_worker_is_greeted_and_answered(tmp_path: Path) -> None:
    listening, answers = Listening("abc"), list[Frame]()
    listening.meet(tmp_path / "socket", sends({"hello": "abc"}, {"do": "answer", "id": 7}, answers=answers))
    assert answers == [{"ready": {}}, {"id": 7, "done": {}}]
    assert listening.gone == []


def test_the_open_requests_of_a_worker_that_goes_are_given_up(tmp_path: Path) -> None:
    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode({"hello": "abc"}))
        await read_frame(reader)
        for frame in ({"do": "wait", "id": 1}, {"do": "answer", "id": 2}):
            writer.write(encode(frame))
        assert await read_frame(reader) == {"id": 2, "done": {}}

    listening = Listening("abc")
    listening.meet(tmp_path / "socket", leave)
    assert listening.gone == [{"do": "wait", "id": 1}]


def test_a_bad_frame_closes_one_connection_only(tmp_path: Path) -> None:
    listening, answers = Listening("abc"), list[Frame]()
    bad = sends({"hello": "abc"}, {}, answers=[])
    good = sends({"hello": "abc"}, {"do": "answer", "id": 1}, answers=answers)
    listening.meet(tmp_path / "socket", bad, good)
    assert listening.bad_frames == ["an unknown request"]
    assert answers == [{"ready": {}}, {"id": 1, "done": {}}]

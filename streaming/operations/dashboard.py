"""Opens the dashboard: checks what it was given, and hands it what consumers do not know.

consumers.live       rows and numbers of the topics       ->
pipeline.decode      a record's document                  ->  consumers.dashboard.app  ->  its server
operations.redrive   dead letters back to their topic     ->
archive              summaries that the topic lost        ->
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event

from consumers.dashboard import PORT
from consumers.dashboard.access import is_loopback
from consumers.dashboard.app import Content, dashboard
from consumers.dashboard.older import OlderSummaries
from consumers.dashboard.serve import Address, listen, serving
from consumers.dashboard.sessions import Sessions, checked_token
from consumers.dashboard.summaries import BY_REFERENCE, ReadDocument
from consumers.live.view import LiveView
from streaming.archive import ArchiveLocation
from streaming.errors import BadInput, TopicError, UsageError
from streaming.kafka.topics import Admin
from streaming.messages import Document, DocumentReference, Record
from streaming.operations.redrive.chosen import redrive_chosen
from streaming.pipeline.decode import Tombstone, decode, record_format
from streaming.pipeline.registered import readable_value
from streaming.registry.access import registry_access
from streaming.settings import DASHBOARD_VARIABLE, Settings
from streaming.storage.uris import shown
from streaming.text_files import read_text


@dataclass(frozen=True)
class Options:
    """What a user decides of a dashboard.

    `any_port` takes a free port when `port` is taken. `names` are host names that it goes by beside this machine's own
    and `host`. `shadow_topics` are output topics to compare with.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    any_port: bool = False
    token: str | None = None
    names: tuple[str, ...] = ()
    archive: str | None = None
    shadow_topics: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenDashboard:
    """A dashboard that answers: its address, and what is set when its server has failed."""

    url: str
    failed: Event


@contextmanager
def open_dashboard(settings: Settings, options: Options) -> Iterator[OpenDashboard]:
    """Open a dashboard for as long as the context lasts.

    Raises `UsageError` for a host without a token and a port that is taken, `TopicError` for a topic that does not
    exist, `BrokerError`, and `MachineError` when the server failed.
    """
    if options.token is None and not is_loopback(options.host):
        raise UsageError(
            f"On --host {options.host} other machines reach the dashboard, and it shows documents: give it a token, in "
            f"a file (--token-file) or in the environment ({DASHBOARD_VARIABLE})."
        )
    own = {"summaries": settings.output_topic, "dead letters": settings.dead_letter_topic}
    for noun, topic in own.items():
        if topic in options.shadow_topics:
            raise UsageError(f"--shadow-topic {topic}: this is the topic of {noun} itself; name another one.")
    with Admin(settings) as admin:
        if missing := admin.missing([settings.output_topic, settings.dead_letter_topic, *options.shadow_topics]):
            raise TopicError(
                f"Topic '{missing[0]}' does not exist on {settings.servers}; create it with `gistream topics create`, "
                "or correct its name."
            )
    older = None
    if options.archive is not None:
        location = ArchiveLocation(options.archive)
        older = OlderSummaries(location, location.url)
    address = _listen(options)
    try:
        with LiveView(settings, options.shadow_topics) as view:
            content = Content(
                view=view,
                output_topic=settings.output_topic,
                dead_letter_topic=settings.dead_letter_topic,
                read_document=document_reader(settings),
                is_input=settings.is_input,
                redrive=partial(redrive_chosen, settings),
                older=older,
                read_value=partial(readable_value, access=registry_access(settings)),
            )
            # Cookies know no ports: two dashboards on one host each have their own.
            cookie = f"gistream-{address.port}"
            app = dashboard(content, Sessions(options.token), (options.host, *options.names), cookie)
            with serving(app, address) as failed:
                yield OpenDashboard(address.url, failed)
    finally:
        address.listener.close()


def read_token(file: Path | None, variable: str | None) -> str | None:
    """Return the token in a file, or in the environment's variable; raises `UsageError` for one that is too short."""
    if file is not None:
        return checked_token(read_text(file), str(file))
    return checked_token(variable, DASHBOARD_VARIABLE) if variable else None


def document_reader(settings: Settings) -> ReadDocument:
    """Return what reads a record as the query does; the evidence of a summary points into this text."""
    reading = record_format(settings)

    def read(record: Record) -> tuple[Document, list[str]]:
        decoded = decode(record, reading)
        if isinstance(decoded, Tombstone):
            raise BadInput("it is a deletion", type="EmptyText")
        if isinstance(decoded.document, DocumentReference):
            raise BadInput(f"the text is in the file {shown(decoded.document.uri)}", type=BY_REFERENCE)
        return decoded.document, decoded.mended

    return read


def _listen(options: Options) -> Address:
    try:
        return listen(options.host, options.port)
    except UsageError:
        if not options.any_port:
            raise
        return listen(options.host, 0)

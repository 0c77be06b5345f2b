"""The filter of a replay takes what its conditions say, and decodes as a query does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streaming.errors import UsageError
from streaming.messages import Record, Source
from streaming.operations.replay.filter import ReplayFilter
from streaming.operations.replay.reading import divided
from streaming.pipeline.decode import RecordFormat


def record(key: bytes | None = b"k", offset: int = 0, **value: Any) -> Record:
    raw = json.dumps(value).encode() if value else None
    return Record(key, raw, [], Source(topic="documents", partition=0, offset=offset, timestamp=0))


def takes(filters: list[str], of: Record, **how: Any) -> bool:
    return ReplayFilter(filters, RecordFormat(**how)).takes(of)


def test_without_a_condition_everything_is_taken_also_what_cannot_be_read() -> None:
    assert takes([], record(title="no text"))


def test_an_id_is_the_one_by_which_the_document_goes() -> None:
    assert takes(["id=k"], record(text="A text."))
    assert takes(["id=other", "id=a"], record(text="A text.", id="a"))
    assert not takes(["id=k"], record(text="A text.", id="a"))
    assert takes(["id=7"], record(body="A text.", number=7), field=(("text", "body"), ("id", "number")))
    # A deletion, and a record that has no id because it cannot be read.
    assert takes(["id=k"], record())
    assert not takes(["id=k"], record(title="no text"))


def test_values_of_one_name_are_alternatives_and_names_must_all_match() -> None:
    conditions = ["id=k", "metadata.team=x", "metadata.team=y"]
    assert takes(conditions, record(text="A text.", metadata={"team": "y"}))
    assert not takes(conditions, record(text="A text.", metadata={"team": "z"}))
    assert not takes(conditions, record(b"j", text="A text.", metadata={"team": "y"}))
    assert not takes(["metadata.team="], record(text="A text."))


@pytest.mark.parametrize("condition", ["id", "title=x", "metadata.=x", "=x"])
def test_a_condition_that_is_none_is_refused(condition: str) -> None:
    with pytest.raises(UsageError, match="--filter takes"):
        ReplayFilter([condition], RecordFormat())


def test_records_of_one_id_stay_in_one_task_in_their_order_and_tasks_are_even() -> None:
    records = [record(b"abc"[n % 3 : n % 3 + 1], n, text="A text.") for n in range(9)]
    shares = divided(records, 2, ReplayFilter([], RecordFormat()))
    assert [[(r.key, r.source.offset) for r in share] for share in shares] == [
        [(b"a", 0), (b"c", 2), (b"a", 3), (b"c", 5), (b"a", 6), (b"c", 8)],
        [(b"b", 1), (b"b", 4), (b"b", 7)],
    ]
    assert divided([], 2, ReplayFilter([], RecordFormat())) == []

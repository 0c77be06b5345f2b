"""A wrong way of reading stops a new query; one odd record neither stops it nor lets it go on."""

from __future__ import annotations

import pytest

from streaming.errors import BadInput, DocumentError
from streaming.pipeline.unreadable import unreadable

NO_TEXT = "the JSON object has no 'bdy'; it has body"


def errors(**kinds: int) -> list[DocumentError]:
    return [
        BadInput(NO_TEXT if kind == "NoText" else f"reason {n}", type=kind)
        for kind, count in kinds.items()
        for n in range(count)
    ]


@pytest.mark.parametrize(
    ("kinds", "readable"),
    [
        ({"NoText": 3}, 0),
        ({"NoText": 3}, 1),
        ({"NoText": 31}, 1),
        ({"NoText": 19}, 1),
        ({"NoText": 20}, 2),
        ({"NoText": 900}, 90),
        ({"NoText": 9, "NotUtf8": 1}, 0),
        ({"NoText": 20, "NotUtf8": 1}, 1),
        ({"NotUtf8": 1, "NoText": 1, "InvalidJson": 1}, 0),
        # Each names another place in its JSON.
        ({"InvalidJson": 10}, 1),
    ],
)
def test_a_query_stops_when_nearly_all_its_first_records_have_one_kind_of_fault(
    kinds: dict[str, int], readable: int
) -> None:
    assert unreadable(errors(**kinds), readable) is not None


@pytest.mark.parametrize(
    ("kinds", "readable"),
    [
        ({}, 0),
        ({}, 9),
        ({"NoText": 1}, 0),
        ({"NoText": 2}, 0),
        ({"NoText": 2}, 1),
        ({"NoText": 1}, 31),
        ({"NoText": 3}, 2),
        ({"NoText": 19}, 2),
        ({"NoText": 29}, 3),
        ({"NoText": 3, "NotUtf8": 1}, 1),
        ({"NoText": 5, "NotUtf8": 5}, 1),
    ],
)
def test_a_query_goes_on_when_more_than_an_odd_record_can_be_read(kinds: dict[str, int], readable: int) -> None:
    assert unreadable(errors(**kinds), readable) is None


def test_the_sentence_says_how_many_and_why_and_what_to_do() -> None:
    sentence = unreadable(errors(NoText=31), 1) or ""
    assert sentence.startswith(f"Only 1 of the first 32 records can be read; most often NoText: {NO_TEXT}. Nothing was")
    assert "--field" in sentence
    assert "--skip-unreadable" in sentence
    assert (unreadable(errors(NoText=3), 0) or "").startswith("None of the first 3 records can be read;")

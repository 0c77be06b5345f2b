"""The documents of a load: the same ones for a seed, each text its own, copies and bad messages in the shares asked."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise

import pytest

from producers.load.arrivals import schedule
from producers.load.bad import BAD_KINDS
from producers.load.documents import DUPLICATE, NEW, LoadDocument, LoadDocuments, Mix
from producers.load.report import Latencies
from producers.load.sizes import Sizes
from streaming.errors import BadInput, UsageError
from streaming.messages import Record, Source
from streaming.pipeline.decode import Decoded, RecordFormat, decode

MIB = 2**20


def documents(
    number: int, *, sizes: str = "lognormal:60,1.0", max_bytes: int = 8 * MIB, **mix: float
) -> list[LoadDocument]:
    shares = {"duplicates": 0.0, "bad": 0.0, "keys": None, "seed": 1} | mix
    load = LoadDocuments(Mix(Sizes.parse(sizes), **shares), max_bytes)  # type: ignore[arg-type]
    return [load.document(n) for n in range(number)]


def record(document: LoadDocument) -> Record:
    return Record(document.key.encode(), document.value, [], Source(topic="t", partition=0, offset=0, timestamp=0))


def text(document: LoadDocument) -> str:
    return str(json.loads(document.value)["text"])


def test_a_seed_makes_the_same_documents_in_any_run_and_another_seed_others() -> None:
    first, again = (documents(300, duplicates=0.1, bad=0.1) for _ in range(2))
    assert first == again
    others = documents(300, duplicates=0.1, bad=0.1, seed=2)
    assert not {document.value for document in first} & {document.value for document in others}


def test_each_text_is_different_and_reads_as_a_document() -> None:
    made = documents(500, sizes="fixed:8") + documents(500, sizes="fixed:60", seed=2)
    assert len({text(document) for document in made}) == 1000
    for document in made:
        decoded = decode(record(document), RecordFormat())
        assert isinstance(decoded, Decoded)
        assert (decoded.id, decoded.mended) == (document.key, [])
        assert text(document).endswith((".", "!", "?"))


def test_sizes_are_in_words_and_follow_their_distribution() -> None:
    def words(sizes: str, number: int = 400, max_bytes: int = 8 * MIB) -> list[int]:
        return sorted(len(text(document).split()) for document in documents(number, sizes=sizes, max_bytes=max_bytes))

    assert set(words("fixed:200", 20)) == {200}
    uniform = words("uniform:50,400")
    assert 50 <= uniform[0] < 70
    assert 380 < uniform[-1] <= 400
    lognormal = words("lognormal:200,1.0")
    assert 170 < lognormal[200] < 230
    # One standard deviation.
    assert 430 < lognormal[int(0.841 * 400)] < 700
    assert max(len(document.value) for document in documents(40, sizes="lognormal:200,6", max_bytes=4096)) <= 4096


@pytest.mark.parametrize(
    "sizes", ["200", "fixed:", "fixed:1,2", "uniform:9", "uniform:90,20", "fixed:3", "normal:9,1", "fixed:1.2.3"]
)
def test_sizes_that_are_none_are_refused_in_a_sentence(sizes: str) -> None:
    with pytest.raises(UsageError, match="--sizes"):
        Sizes.parse(sizes)


def test_a_duplicate_is_an_exact_copy_of_an_earlier_document() -> None:
    made = documents(1000, duplicates=0.2)
    kinds = Counter(document.kind for document in made)
    assert 150 < kinds[DUPLICATE] < 250
    earlier: set[tuple[str, bytes]] = set()
    for document in made:
        same = document.key, document.value
        assert (same in earlier) == (document.kind == DUPLICATE)
        earlier.add(same)


def test_each_kind_of_bad_message_is_one_that_a_query_cannot_read() -> None:
    types: dict[str, set[str]] = {kind: set() for kind in BAD_KINDS}
    for document in documents(2000, bad=0.5, sizes="uniform:8,60"):
        if document.kind == NEW:
            continue
        with pytest.raises(BadInput) as error:
            decode(record(document), RecordFormat())
        types[document.kind].add(error.value.type)
    assert types == {
        "broken-json": {"InvalidJson"},
        "empty-text": {"EmptyText"},
        "no-text": {"NoText"},
        "binary": {"Binary"},
        "framed": {"Framed"},
        "too-deep": {"InvalidDocument"},
    }


def test_documents_are_versions_of_so_many_ids() -> None:
    assert {document.key for document in documents(300, keys=7)} == {f"load-1-{n}" for n in range(7)}


def test_arrivals_keep_their_rate_and_the_same_seed_keeps_them() -> None:
    assert list(schedule("even", 4, 1.0, 1)) == [0, 0.25, 0.5, 0.75]
    poisson = list(schedule("poisson", 50, 100, 1))
    assert poisson == list(schedule("poisson", 50, 100, 1))
    # Three standard deviations of the number.
    assert abs(len(poisson) - 5000) < 3 * 5000**0.5
    gaps = sorted(later - earlier for earlier, later in pairwise(poisson))
    # The median of an exponential distribution is 0.69 of its mean.
    assert 0.64 < gaps[len(gaps) // 2] * 50 < 0.74


def test_quantiles_of_latencies_are_right_to_a_hundredth() -> None:
    latencies = Latencies()
    assert latencies.summary() == {"p50": None, "p95": None, "p99": None, "max": None}
    for number in range(1, 10_001):
        latencies.add(number / 1000)
    summary = latencies.summary()
    assert summary["max"] == 10.0
    for name, exact in (("p50", 5.0), ("p95", 9.5), ("p99", 9.9)):
        assert summary[name] == pytest.approx(exact, rel=0.011)

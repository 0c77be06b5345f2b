"""`gistream diff` pairs the newest summaries of two sides, and says what differs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from archives import dead_letter, deletion, summary
from rich.console import Console

from consumers.marks import changed_spans
from streaming.archive import Archive, ArchiveLocation, read_identities, read_results
from streaming.errors import UsageError
from streaming.messages import OutputMessage, Summary, SummarySentence
from streaming.operations.diff.as_json import json_parts
from streaming.operations.diff.block import changes_line, counts_block, difference_block
from streaming.operations.diff.comparison import CHANGES, Comparison, Difference
from streaming.operations.diff.side import side
from streaming.settings import load

TITLES = {"a": "topic summaries", "b": "topic shadow"}


def compare(comparison: Comparison, a: list[OutputMessage], b: list[OutputMessage]) -> list[Difference]:
    for result in a:
        comparison.add("a", result)
    for result in b:
        comparison.add("b", result)
    comparison.pair()
    return list(comparison.documents(CHANGES))


def differences(a: list[OutputMessage], b: list[OutputMessage]) -> list[tuple[str, str]]:
    with Comparison() as comparison:
        return [(each.id, each.change) for each in compare(comparison, a, b)]


def elsewhere(result: Summary, **changes: Any) -> Summary:
    assert result.source is not None
    return result.model_copy(update={"source": result.source.model_copy(update=changes)})


def test_each_id_is_changed_the_same_or_on_one_side() -> None:
    a = [summary(0), summary(1), summary(2)]
    b = [summary(0, recipe="r2"), summary(1, text="It fell."), summary(3)]
    assert differences(a, b) == [("d1", "changed"), ("d2", "only_in_a"), ("d3", "only_in_b"), ("d0", "same")]


def test_another_status_is_a_change_also_of_the_same_words() -> None:
    assert differences([summary(0)], [summary(0).model_copy(update={"status": "repaired"})]) == [("d0", "changed")]


def test_the_newest_result_of_an_id_counts_in_any_order() -> None:
    old, new = summary(3, name="d", text="Old."), summary(5, name="d", text="New.")
    again = summary(5, name="d", recipe="r2", text="Newest.")
    again = again.model_copy(update={"produced_at": again.produced_at + timedelta(seconds=1)})
    for order in ([old, again, new], [new, again, old], [again, new, old]):
        with Comparison() as comparison:
            [difference] = compare(comparison, list(order), [again])
            assert difference.change == "same"


def test_of_an_id_in_two_partitions_the_later_record_counts() -> None:
    early, late = summary(9, name="d", text="Early."), summary(1, name="d", text="Late.")
    late = elsewhere(late, partition=1, timestamp=early.source.timestamp + 1)  # type: ignore[union-attr]
    for order in ([early, late], [late, early]):
        with Comparison() as comparison:
            [difference] = compare(comparison, list(order), [])
            assert difference.a is not None
            assert difference.a.summary == "Late."


def test_a_deleted_document_is_absent_and_the_reason_is_known() -> None:
    with Comparison() as comparison:
        [difference] = compare(comparison, [summary(0, name="d")], [summary(0, name="d"), deletion("d", 4)])
        assert (difference.change, difference.reason) == ("only_in_a", "deleted")
        assert (comparison.counts("a").deleted, comparison.counts("b").deleted) == (0, 1)
    # A summary of a later record stands.
    assert differences([summary(9, name="d")], [deletion("d", 4), summary(9, name="d")]) == [("d", "same")]


def test_a_dead_letter_is_the_reason_why_a_summary_is_missing() -> None:
    with Comparison() as comparison:
        [difference] = compare(comparison, [summary(0), dead_letter(7)], [dead_letter(0)])
        assert difference.reason == "dead letter, NotUtf8 in decode: no text"
        assert comparison.counts("a").dead_letters == comparison.counts("b").dead_letters == {"NotUtf8": 1}


def test_a_dead_letter_of_an_earlier_attempt_does_not_count() -> None:
    with Comparison() as comparison:
        compare(comparison, [summary(0), dead_letter(0)], [])
        assert comparison.counts("a").dead_letters == {}


def test_counts_are_by_status_and_recipe_with_the_means_of_the_signals() -> None:
    repaired = summary(1, recipe="r2").model_copy(update={"status": "repaired"})
    unsupported = repaired.signals.model_copy(update={"supported": 0.5})
    with Comparison() as comparison:
        compare(comparison, [summary(0), repaired.model_copy(update={"signals": unsupported})], [summary(0)])
        counts = comparison.counts("a")
        assert (counts.documents, counts.status) == (2, {"ok": 1, "repaired": 1})
        assert [(each.recipe, each.model, each.prompt, each.documents) for each in counts.recipes] == [
            ("r1", "m Q4_1", "default", 1), ("r2", "m Q4_1", "default", 1),
        ]  # fmt: skip
        assert counts.signals == {"supported": 0.75, "repetition": 0.0}
        assert comparison.changes() == {"changed": 0, "only_in_a": 1, "only_in_b": 0, "same": 1}


def test_json_has_the_counts_and_the_messages_of_what_differs() -> None:
    a, b = [summary(0), summary(1)], [summary(0, text="Another é."), summary(1)]
    with Comparison() as comparison:
        compare(comparison, list(a), list(b))
        whole = "".join(json_parts(TITLES, comparison, differences=True))
        counts = json.loads("".join(json_parts(TITLES, comparison, differences=False)))
    assert whole.isascii()
    assert json.loads(whole)["counts"] == counts["counts"]
    assert counts["counts"]["changed"] == 1
    [difference] = json.loads(whole)["differences"]
    assert (difference["id"], difference["change"], difference["reason"]) == ("d0", "changed", None)
    assert Summary.model_validate(difference["b"]) == b[0]


def shown(*blocks: Any, colors: bool = False) -> str:
    lines = StringIO()
    system: Any = "standard" if colors else None
    console = Console(file=lines, soft_wrap=True, width=100, force_terminal=colors, color_system=system)
    for block in blocks:
        console.print(block)
    return lines.getvalue()


def test_the_words_of_a_change_are_marked_and_each_sentence_says_what_it_stands_on() -> None:
    a = summary(0, text="The mill burned on Tuesday. Nobody came.")
    a = a.model_copy(
        update={
            "title": "Mill",
            "sentences": [
                SummarySentence(start=0, end=27, origin="model", support=0.93, stands=True, evidence=[[4, 31]]),
                SummarySentence(start=28, end=40, origin="model", support=0.2, stands=False, evidence=[]),
            ],
        }
    )
    b = summary(0, text="The mill burned down on Monday.", recipe="0123456789abcdef").model_copy(
        update={
            "status": "extractive_fallback",
            "sentences": [
                SummarySentence(start=0, end=31, origin="text", support=1.0, stands=True, evidence=[[0, 31]])
            ],
        }
    )
    with Comparison() as comparison:
        [difference] = compare(comparison, [a], [b])
        block = difference_block(difference)
        counts = counts_block(TITLES["a"], "a", comparison.counts("a")), changes_line(comparison.changes())
    assert shown(block).splitlines() == [
        "d0  changed; ok → extractive_fallback; recipe r1 → 01234567",
        "  A  The mill burned on [-Tuesday-].  (model 0.93 at 4-31)",
        "     [-Nobody came.-]  (stands on nothing)",
        "  B  The mill burned {+down+} on {+Monday+}.  (text at 0-31)",
        "",
    ]
    assert "\x1b[9;31mTuesday" in shown(block, colors=True)
    assert "[-" not in shown(block, colors=True).replace("\x1b[", "")
    assert "A: topic summaries  1 document: 1 ok" in shown(*counts)
    assert "1 changed, 0 only in A, 0 only in B, 0 the same" in shown(*counts)


@pytest.mark.parametrize(
    ("a", "b", "marked"),
    [
        ("It burned.", "It burned.", ([], [])),
        ("", "It.", ([], [(0, 3)])),
        ("山村里有一座桥。", "山村里有两座桥。", ([(4, 5)], [(4, 5)])),
        ("a  b", "a b", ([], [])),
        # A word that two different sentences share by chance did not stay.
        ("Fire took the old mill here.", "We saw the bridge fall down.", ([(0, 27)], [(0, 27)])),
        ("So the mill burned down.", "So a mill burned down.", ([(3, 6)], [(3, 4)])),
    ],
)
def test_marks_are_of_words_and_of_characters_where_words_are_not_separated(a: str, b: str, marked: Any) -> None:
    assert changed_spans(a, b) == marked


def test_an_archive_is_read_back_as_the_messages_that_it_was_written_from(tmp_path: Path) -> None:
    location = ArchiveLocation(str(tmp_path / "archive"))
    whole = summary(0).model_copy(update={"metadata": {"team": "x", "empty": ""}, "mended": ["title: a number"]})
    Archive(location).write([whole, dead_letter(1), deletion("d9", 2)], name="batch")
    results = list(read_results(location))
    assert [results[0], results[2]] == [whole, deletion("d9", 2)]
    bare = dead_letter(1).model_copy(update={"key": None, "value": None, "headers": []})
    assert results[1] == bare


def test_the_identities_of_an_archive_are_read_without_its_texts(tmp_path: Path) -> None:
    location = ArchiveLocation(str(tmp_path / "archive"))
    Archive(location).write([*(summary(n) for n in range(3)), dead_letter(7), deletion("d9", 8)], name="batch")
    assert list(read_identities(location)) == [
        *(("summaries", "documents", 0, n, "r1") for n in range(3)),
        ("dead_letters", "documents", 0, 7, "1"),
        ("deletions", "documents", 0, 8, ""),
    ]


def test_an_archive_of_an_older_version_is_read(tmp_path: Path) -> None:
    import pyarrow as pa

    location = ArchiveLocation(str(tmp_path / "archive"))
    Archive(location).write([summary(0)], name="batch")
    [file] = location.parquet_files("summaries")
    table: pa.Table = location.read(file.path)
    location.publish(file.path, table.drop_columns(["sentences", "left_out", "mended"]))
    [result] = read_results(location)
    assert isinstance(result, Summary)
    assert (result.summary, result.sentences) == ("It burned.", [])


def test_a_folder_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no archive in .*: it has no Parquet file in summaries"):
        list(read_results(ArchiveLocation(str(tmp_path))))


def test_a_name_with_a_slash_is_an_archive_and_the_output_topic_has_its_dead_letters() -> None:
    settings = load({"output_topic": "out", "dead_letter_topic": "dead"})
    assert side(settings, "./archive").title == "archive ./archive"
    assert side(settings, "s3://user:secret@bucket/folder").title.endswith("@bucket/folder")
    assert "secret" not in side(settings, "s3://user:secret@bucket/folder").title
    assert side(settings, "out").dead_letter_topic == "dead"
    assert side(settings, "shadow").dead_letter_topic == "shadow-dead-letters"
    assert side(settings, "shadow", "shadow-dead").dead_letter_topic == "shadow-dead"
    with pytest.raises(UsageError, match="has its own dead letters"):
        side(settings, "./archive", "dead")


_PEAK = """
import re, sys
from pathlib import Path
from archives import summary
from streaming.operations.diff.comparison import LETTERS, Comparison

first = summary(0, text="It burned, and the roof fell. " * 1500)
with Comparison() as comparison:
    for number in range(int(sys.argv[1])):
        for letter in LETTERS:
            comparison.add(letter, first.model_copy(update={"id": f"d{number}"}))
    comparison.pair()
    assert comparison.changes()["same"] == int(sys.argv[1])
    assert sum(1 for _ in comparison.documents(["same"])) == int(sys.argv[1])
# Linux adds what the parent had to `ru_maxrss`.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_memory_does_not_grow_with_the_number_of_documents() -> None:
    def peak(documents: int) -> int:
        command = [sys.executable, "-c", _PEAK, str(documents)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    # 180 MB of summaries, of which the cache keeps 64.
    assert peak(2_000) - peak(10) < 90

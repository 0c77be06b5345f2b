"""The least support for a model, found from what people said about its sentences."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sheets import Parts, saved

from evaluation.blinding import Key
from evaluation.rating_report import show_ratings
from evaluation.rating_results import RatingResults, as_json, rating_results
from evaluation.ratings import read_ratings
from evaluation.sheet import sheet_page
from evaluation.stories import Story

TEXT = "The mill burned on Tuesday in the night. Anna rang the bell of the church. The council pays for a new roof."
COPIED, NEAR, INVENTED = (
    "The mill burned on Tuesday in the night.",
    "Anna rang the heavy bell of the church.",
    "The king gave a feast for the horses.",
)
STORIES = [Story(str(number), TEXT, (), "en") for number in range(20)]
WRITTEN = f"{COPIED} {NEAR} {INVENTED}"


def rated(folder: Path, marks: dict[str, str], stories: list[Story] = STORIES) -> RatingResults:
    """Return the results of a reader who marks each sentence of "small" by `marks`, and supports all extracts."""
    html = sheet_page("t.jsonl", stories, {"small": [WRITTEN] * len(stories), "textrank": [COPIED] * len(stories)})
    file = saved(html)
    by_text = {text["id"]: text["summaries"] for text in Parts(html).sheet["texts"]}
    for text in file["texts"]:
        for summary, sentences in zip(text["summaries"], by_text[text["id"]], strict=True):
            summary["sentences"] = [marks.get(sentence, "supported") for sentence in sentences]
    path = folder / "ratings.json"
    path.write_text(json.dumps(file))
    return rating_results(read_ratings([path]))


def shown(results: RatingResults) -> str:
    out = Console(file=StringIO(), width=200)
    show_ratings(results, out)
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_the_lowest_support_that_keeps_true_sentences_is_found(tmp_path: Path) -> None:
    results = rated(tmp_path, {INVENTED: "unsupported"})
    [threshold] = results.thresholds
    assert threshold.system == "small"
    assert (threshold.judged, threshold.sentences, threshold.supported, threshold.supported_below) == (60, 40, 40, 0)
    assert threshold.least is not None
    assert threshold.least < 0.9
    assert f"small: least_support = {threshold.least:g}; with so much support 40 of 40 sentences" in shown(results)


def test_where_near_copies_are_wrong_only_copies_are_kept(tmp_path: Path) -> None:
    low = rated(tmp_path, {INVENTED: "unsupported"}).thresholds[0].least
    [threshold] = rated(tmp_path, {INVENTED: "unsupported", NEAR: "partly"}).thresholds
    assert threshold.least is not None
    assert low is not None
    assert threshold.least > low
    assert threshold.sentences == 20


@pytest.mark.parametrize(
    ("marks", "stories", "reason"),
    [
        (dict.fromkeys((COPIED, NEAR, INVENTED), "unsupported"), STORIES, "no threshold keeps 20 of 60 sentences"),
        ({INVENTED: "unsupported"}, STORIES[:9], "no threshold keeps 20 of 27 sentences"),
        ({INVENTED: "unsupported"}, STORIES[:2], "6 sentences judged, and 20 are needed"),
    ],
)
def test_without_enough_true_sentences_there_is_no_threshold(
    tmp_path: Path, marks: dict[str, str], stories: list[Story], reason: str
) -> None:
    results = rated(tmp_path, marks, stories)
    assert results.thresholds[0].least is None
    assert f"small: none; {reason}" in shown(results)
    assert as_json(results)["least_support"][0]["least"] is None


def test_a_sentence_that_two_people_judged_is_one_sentence(tmp_path: Path) -> None:
    html = sheet_page("t.jsonl", STORIES[:9], {"small": [WRITTEN] * 9})
    paths = [tmp_path / "anna.json", tmp_path / "ben.json"]
    for path in paths:
        path.write_text(json.dumps(saved(html, path.stem)))
    [threshold] = rating_results(read_ratings(paths)).thresholds
    assert threshold.judged == 27


def test_a_sheet_from_before_has_no_threshold(tmp_path: Path) -> None:
    html = sheet_page("t.jsonl", STORIES, {"small": [WRITTEN] * len(STORIES)})
    file: dict[str, Any] = saved(html)
    key = Key.unseal(file["key"])
    path = tmp_path / "ratings.json"
    path.write_text(json.dumps(file | {"key": key.model_copy(update={"supports": {}}).seal()}))
    assert rating_results(read_ratings([path])).thresholds == ()

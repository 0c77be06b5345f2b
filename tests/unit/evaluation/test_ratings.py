"""What people said about summaries: the files of a sheet, and the figures of them."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sheets import STORIES, SYSTEMS, Parts, page, saved

from evaluation.blinding import Key
from evaluation.rating_report import show_ratings
from evaluation.rating_results import RatingResults, as_json, rating_results
from evaluation.ratings import read_ratings
from evaluation.stories import Story
from streaming.errors import UsageError

ZEBRA, QUAGGA, OKAPI = SYSTEMS
STORIES_OF_EIGHT = [Story(str(n), f"Text {n}.", (), "en") for n in range(8)]


def write(folder: Path, *files: dict[str, Any]) -> list[Path]:
    paths = [folder / f"{number}.json" for number in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.write_text(json.dumps(file))
    return paths


def results(folder: Path, *files: dict[str, Any]) -> RatingResults:
    return rating_results(read_ratings(write(folder, *files)))


def place_of(html: str, text: str, system: str) -> int:
    """Return where on the page the summary of a system is."""
    key = Key.unseal(Parts(html).sheet["key"])
    return next(place for place, systems in enumerate(key.texts[text]) if system in systems)


def rate(file: dict[str, Any], html: str, system: str, **ratings: Any) -> None:
    """Change the ratings of one system's summaries in a saved file."""
    for text in file["texts"]:
        text["summaries"][place_of(html, text["id"], system)].update(ratings)


def prefer(file: dict[str, Any], html: str, *systems: str) -> None:
    """Let a saved file prefer the summaries of some systems."""
    for text in file["texts"]:
        text["preferred"] = sorted({place_of(html, text["id"], system) for system in systems})


def test_ratings_reach_the_system_that_wrote_the_summary(tmp_path: Path) -> None:
    html = page(STORIES_OF_EIGHT)
    file = saved(html)
    rate(file, html, ZEBRA, sentences=["unsupported", "partly"], main=1, reads=2, usable=False)
    zebra, quagga, okapi = results(tmp_path, file).systems
    assert (zebra.name, zebra.texts, zebra.usable, zebra.usable_of) == (ZEBRA, 8, 0, 8)
    assert [zebra.mean(measure) for measure in ("supported", "partly", "unsupported", "main", "reads")] == [
        0, 0.5, 0.5, 1, 2,
    ]  # fmt: skip
    for other in (quagga, okapi):
        assert (other.mean("supported"), other.mean("main"), other.usable) == (1, 4, 8)


def test_a_difference_on_every_text_is_more_than_chance(tmp_path: Path) -> None:
    html = page(STORIES_OF_EIGHT)
    file = saved(html)
    rate(file, html, ZEBRA, main=2)
    [(_, quagga), _] = results(tmp_path, file).differences()
    assert quagga["main"] is not None
    assert (quagga["main"].mean, quagga["main"].low, quagga["main"].high) == (-2, -2, -2)


def test_preferences_are_counted_pair_by_pair(tmp_path: Path) -> None:
    html = page(STORIES_OF_EIGHT)
    file = saved(html)
    prefer(file, html, ZEBRA)
    # Of the first text, quagga and okapi wrote the same.
    prefer({"texts": file["texts"][:3]}, html, ZEBRA, QUAGGA)
    prefer({"texts": file["texts"][3:5]}, html, OKAPI)
    counts = {(each.system, each.other): (each.preferred, each.reverse, each.ties) for each in
              results(tmp_path, file).preferences}  # fmt: skip
    assert counts == {(ZEBRA, QUAGGA): (3, 0, 3), (ZEBRA, OKAPI): (5, 2, 1), (QUAGGA, OKAPI): (2, 2, 1)}


def test_what_a_rater_left_out_counts_for_nothing(tmp_path: Path) -> None:
    html = page(STORIES_OF_EIGHT)
    file = saved(html, preferred=None)
    file["texts"] = file["texts"][1:3]
    rate({"texts": file["texts"][:1]}, html, ZEBRA, sentences=["supported", None], main=None, usable=None)
    figures = results(tmp_path, file)
    zebra = figures.systems[0]
    assert [len(zebra.scores[measure]) for measure in ("supported", "main", "reads")] == [1, 1, 2]
    assert (zebra.texts, zebra.usable_of) == (2, 1)
    assert (figures.texts, figures.judgements, figures.incomplete) == (2, 2, 2)
    assert figures.preferences == ()


def test_a_text_counts_once_however_many_people_judge_it(tmp_path: Path) -> None:
    html = page()
    anna, ben = saved(html, "anna"), saved(html, "ben")
    rate(ben, html, ZEBRA, main=2, usable=False)
    figures = results(tmp_path, anna, ben)
    zebra = figures.systems[0]
    assert (figures.raters, figures.texts, figures.judgements) == (2, 4, 8)
    assert zebra.scores["main"] == dict.fromkeys(("story-0", "story-1", "story-2", "story-3"), 3)
    assert (zebra.texts, zebra.usable, zebra.usable_of) == (4, 4, 8)


def test_of_a_rater_who_saved_twice_the_later_file_counts(tmp_path: Path) -> None:
    html = page()
    early, late = saved(html), saved(html, saved_at="2026-01-02T04:00:00.000Z")
    rate(late, html, ZEBRA, main=1)
    for files in ((early, late), (late, early)):
        figures = results(tmp_path, *files)
        assert figures.raters == 1
        assert figures.systems[0].mean("main") == 1


def change(**fields: Any) -> str:
    return json.dumps(saved(page()) | fields)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is no file of ratings; the page of `gistream eval --sheet` saves one"),
        ("[1]", "is no file of ratings"),
        ('{"text": "x", "references": ["y"]}', "is no file of ratings"),
        (page(), "is no file of ratings"),
        (change(version=2), "sheet of version 2, and this gistream reads version 1"),
        (change(version="new"), "sheet of version new"),
        (change(key="x"), "The key in .* is damaged"),
        (change(texts=[]), "Nothing is rated in"),
        (change(texts=[{"id": "story-0"}]), "is no file of ratings.*: at texts.0.summaries"),
        (change(texts=[{"id": "story-0", "summaries": [], "preferred": []}]), "'story-0' in .* do not fit its key"),
        (change(texts=[saved(page())["texts"][1] | {"preferred": [9]}]), "'story-1' in .* do not fit its key"),
        (change(texts=[saved(page())["texts"][1] | {"id": "other"}]), "'other' in .* do not fit its key"),
        (change(texts=saved(page())["texts"][:1] * 2), "judges text 'story-0' twice"),
    ],
)
def test_a_file_that_is_none_of_ratings_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    path = tmp_path / "ratings.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=sentence):
        read_ratings([path])


def test_a_scale_ends_at_five(tmp_path: Path) -> None:
    html = page()
    file = saved(html)
    rate(file, html, ZEBRA, main=6)
    with pytest.raises(UsageError, match="less than or equal to 5"):
        read_ratings(write(tmp_path, file))


def test_a_missing_file_and_files_of_two_sheets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_ratings([tmp_path / "none.json"])
    paths = write(tmp_path, saved(page()), saved(page(STORIES[:2])))
    with pytest.raises(UsageError, match=r"0\.json and .*1\.json belong to different sheets"):
        read_ratings(paths)


def shown(figures: RatingResults) -> str:
    lines = StringIO()
    show_ratings(figures, Console(file=lines, width=120))
    return lines.getvalue()


def test_the_table_says_what_people_said(tmp_path: Path) -> None:
    html = page(STORIES_OF_EIGHT)
    file = saved(html)
    rate(file, html, ZEBRA, sentences=["supported", "partly"], usable=False)
    prefer(file, html, ZEBRA)
    text = shown(results(tmp_path, file))
    assert "8 texts of bridges.jsonl, judged by 1 person" in text
    rows = {" ".join(line.split()) for line in text.splitlines()}
    assert f"{ZEBRA} 8 50% 50% 0% 0 of 8 4.0 5.0" in rows
    assert (
        f"{QUAGGA} -50.0 (-50.0 to -50.0) -100.0 (-100.0 to -100.0) +0.00 (+0.00 to +0.00) +0.00 (+0.00 to +0.00)"
        in rows
    )
    assert f"{ZEBRA} {OKAPI} 8 0 0 +100.0 (+100.0 to +100.0)" in rows


def test_a_name_is_no_markup_of_the_terminal(tmp_path: Path) -> None:
    key = Key(data="[/b]", systems=("[/b]",), texts={"a": (("[/b]",),)})
    rating = {"sentences": [], "main": 1, "reads": 1, "usable": None}
    file = saved(page()) | {"key": key.seal(), "texts": [{"id": "a", "summaries": [rating], "preferred": []}]}
    assert shown(results(tmp_path, file)).count("[/b]") == 2


def test_the_json_has_everything(tmp_path: Path) -> None:
    html = page()
    file = saved(html)
    prefer(file, html, ZEBRA)
    values = json.loads(json.dumps(as_json(results(tmp_path, file))))
    assert values["sheet"] == Parts(html).sheet["id"]
    assert values["systems"][0] == {
        "name": ZEBRA, "texts": 4, "supported": 1, "partly": 0, "unsupported": 0, "main": 4, "reads": 5,
        "usable": {"yes": 4, "of": 4},
    }  # fmt: skip
    assert values["differences"][0]["main"] == {"mean": 0, "low": None, "high": None}
    assert values["preferences"][0] == {
        "system": ZEBRA, "other": QUAGGA, "preferred": 4, "reverse": 0, "ties": 0,
        "net": {"mean": 1, "low": None, "high": None},
    }  # fmt: skip
    assert {"system": ZEBRA, "measure": "main", "text": "story-0", "score": 4} in values["by_text"]

"""What an evaluation says: scores against people's summaries, and whether a difference is more than chance."""

from __future__ import annotations

from io import StringIO

import pytest
from archives import summary
from rich.console import Console

from evaluation.baselines import BASELINES
from evaluation.bootstrap import Difference, difference
from evaluation.cli import _COLUMNS
from evaluation.report import show
from evaluation.results import EvaluationResults, SystemScores, as_json
from evaluation.rouge import Rouge, rouge
from streaming.messages import Signals, Summary
from streaming.sentences import word_count

CAT = "The cat sat on the mat. It was happy."


def test_the_same_summary_scores_one_and_another_scores_nothing() -> None:
    assert rouge(CAT, [CAT]) == Rouge(1, 1, 1)
    assert rouge("Rain fell.", [CAT]) == Rouge(0, 0, 0)


def test_the_best_of_several_references_counts() -> None:
    assert rouge(CAT, ["Rain fell.", CAT]) == rouge(CAT, [CAT, "Rain fell."]) == Rouge(1, 1, 1)


def test_rouge_is_what_its_definition_says() -> None:
    scores = rouge("the cat ran", ["the cat sat"])
    assert scores.rouge1 == pytest.approx(2 / 3)
    assert scores.rouge2 == pytest.approx(1 / 2)
    assert scores.rougeLsum == pytest.approx(2 / 3)


def test_english_words_are_compared_by_their_stems() -> None:
    assert rouge("engines burning", ["engine burned"]).rouge2 == 1
    assert rouge("Ilse went", ["Ilse's went"]).rouge1 == pytest.approx(0.8)


def test_a_script_without_spaces_is_scored() -> None:
    scores = rouge("大雨冲垮了老桥。", ["老桥被大雨冲垮了。"], language="zh")
    assert scores.rouge1 > 0.9
    assert 0 < scores.rouge2 < 1


def test_a_difference_between_equal_systems_is_not_more_than_chance() -> None:
    gap = difference([0.1, 0.4, 0.3, 0.2, 0.1, 0.2], [0.2, 0.3, 0.4, 0.1, 0.2, 0.1])
    assert gap.mean == pytest.approx(0)
    assert gap.low is not None
    assert gap.high is not None
    assert gap.low < 0 < gap.high


def test_of_few_texts_nothing_is_said_about_chance() -> None:
    assert difference([0.3], [0.1]) == Difference(pytest.approx(0.2), None, None)


def test_a_small_difference_on_every_text_is_more_than_chance() -> None:
    scores = [0.1, 0.5, 0.3, 0.2, 0.4, 0.6]
    gap = difference([score + 0.02 for score in scores], scores)
    assert gap.low == pytest.approx(0.02)
    assert gap.high == pytest.approx(0.02)


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_extracts_as_much_as_it_may(name: str) -> None:
    text = " ".join(f"Sentence number {n} tells of bridge {n % 3} and of nothing else." for n in range(40))
    extract = BASELINES[name](text, words=50)
    assert 35 <= word_count(extract) <= 50


def test_random_sentences_are_the_same_ones_again() -> None:
    assert BASELINES["random"](CAT * 20, words=30) == BASELINES["random"](CAT * 20, words=30)


def test_the_json_has_each_system_its_scores_and_the_differences() -> None:
    systems = [
        SystemScores("default", [Rouge(0.4, 0.1, 0.3), Rouge(0.2, 0.3, 0.1)], [10, 20]),
        SystemScores("lead", [Rouge(0.3, 0.1, 0.2), Rouge(0.1, 0.3, 0.0)], [10, 20]),
    ]
    values = as_json(EvaluationResults("mine.jsonl", ["a", "b"], systems, {"c": "Unexpected: a KeyError"}))
    assert [system["name"] for system in values["systems"]] == ["default", "lead"]
    assert values["systems"][0]["rouge1"] == pytest.approx(0.3)
    assert values["systems"][0]["words"] == 15
    assert values["differences"][0]["rouge1"] == {"mean": 0.1, "low": None, "high": None}
    assert values["by_story"][1]["scores"]["lead"]["rouge2"] == 0.3
    assert values["failed"] == {"c": "Unexpected: a KeyError"}


def test_the_table_and_the_json_tell_repaired_summaries_from_extracts_and_say_how_much_is_supported() -> None:
    def written(status: str, supported: float | None) -> Summary:
        return summary(0).model_copy(update={"status": status, "signals": Signals(supported=supported)})

    statuses = {"ok": 0.5, "repaired": 1.0, "extractive_fallback": 0.9}
    summaries = [written(*each) for each in statuses.items()] + [written("repaired", None)]
    rouges = [Rouge(0.4, 0.1, 0.3)] * 4
    systems = [
        SystemScores("default", rouges, [10] * 4, summaries, "r1", {}, 2.0),
        SystemScores("lead", rouges, [10] * 4),
    ]
    results = EvaluationResults("mine.jsonl", list("abcd"), systems, {})
    default, lead = as_json(results)["systems"]
    assert (default["repaired_share"], default["fallback_share"], default["signals"]["supported"]) == (0.5, 0.25, 0.8)
    assert (lead["repaired_share"], lead["fallback_share"], lead["signals"]["supported"]) == (0, 0, None)
    lines = StringIO()
    show(results, Console(file=lines, width=150))
    headings, of_default, of_lead = lines.getvalue().splitlines()[2:5]
    assert headings.split()[5:8] == ["repaired", "extracts", "supported"]
    assert of_default.split()[5:8] == ["50%", "25%", "0.80"]
    assert of_lead.split() == ["lead", "40.0", "10.0", "30.0", "10"]


def test_the_widest_table_fits_its_width() -> None:
    system = SystemScores("temperature=0.3 chunk_tokens=400", [Rouge(1, 1, 1)], [1234], [summary(0)], "r1", {}, 12345.0)
    lines = StringIO()
    show(EvaluationResults("mine.jsonl", ["a"], [system], {}), Console(file=lines, width=_COLUMNS))
    assert "temperature=0.3 chunk_tokens=400  100.0" in lines.getvalue()
    assert "tokens in  out" in lines.getvalue()


def test_without_references_there_are_no_scores_and_no_differences() -> None:
    systems = [SystemScores(name, [], [10, 20], texts=["It fell.", "It is gone."]) for name in ("default", "lead")]
    results = EvaluationResults("mine.jsonl", ["a", "b"], systems, {})
    values = as_json(results)
    assert (values["differences"], values["by_story"]) == ([], [])
    assert (values["systems"][1]["words"], "rouge1" in values["systems"][1]) == (15, False)
    lines = StringIO()
    show(results, Console(file=lines, width=120))
    assert (
        "2 texts of mine.jsonl; means over the texts; no ROUGE, which needs references for every text"
        in lines.getvalue()
    )
    assert "minus each other" not in lines.getvalue()

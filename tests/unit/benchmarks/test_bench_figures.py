from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.contract import Knobs, Run
from benchmarks.figures import Case, Figure, gains, ratios, rotated, uneven
from benchmarks.grid import busy_grid, descend, grid_of, start_of
from benchmarks.rounds import run_rounds


def figure(name: str, representation: str, *rates: float, tokens: int = 700, on_pipeline: bool = False) -> Figure:
    """Return the figure of a case that made `rates` documents a second, a round each."""
    system = "lanes" if name.startswith("lanes") else name.split("_busy")[0]
    case = Case(name, system, representation, busy=name.endswith("_busy"), pipeline_documents=on_pipeline)
    return Figure(case, {}, tuple(Run(10, 10 / rate, tokens, 960) for rate in rates), 500_000_000)


MEASURED = [
    figure("recipe", "Q4_1", 0.2, 0.4, 0.1),
    figure("cached", "Q4_1", 0.25, 0.25, 0.25),
    figure("lanes", "Q4_1", 0.3, 0.3, 0.3),
    figure("cached", "BF16", 0.4, 0.4, 0.4),
    figure("llama_server", "BF16", 0.5, 0.5, 0.5),
    figure("lanes", "BF16", 0.6, 0.6, 0.6),
    figure("llama_server_busy", "BF16", 0.2, 0.2, 0.2),
    figure("lanes_busy", "BF16", 0.4, 0.4, 0.4),
    figure("llama_server_busy_searched", "BF16", 0.3, 0.3, 0.3),
    figure("lanes_busy_searched", "BF16", 0.4, 0.4, 0.4),
    # The machine is slower in the second round, and then faster.
    figure("lanes_pipeline_documents", "BF16", 0.64, 0.5, 0.8, tokens=7000, on_pipeline=True),
    figure("pipeline", "BF16", 0.6, 0.48, 0.76, tokens=7000, on_pipeline=True),
]


def test_a_figure_is_the_median_of_its_rounds_and_says_how_far_they_are_apart() -> None:
    recipe = MEASURED[0]
    assert recipe.documents_per_second == pytest.approx(0.2)
    assert recipe.spread == pytest.approx((0.1, 0.4))
    assert recipe.tokens_in_per_second == pytest.approx(14)


def test_each_ratio_divides_what_its_name_says() -> None:
    found = ratios(MEASURED, shipped="Q4_1", compared="BF16")
    assert found.absent == {}
    assert {name: ratio.median for name, ratio in found.by_name.items()} == pytest.approx(
        {
            "lanes_vs_recipe": 0.6 / 0.2,
            "lanes_vs_cached": 0.6 / 0.25,
            "lanes_vs_one_at_a_time": 0.6 / 0.4,
            "lanes_vs_llama_server": 0.6 / 0.5,
            "lanes_vs_llama_server_busy": 0.4 / 0.2,
            "lanes_vs_llama_server_busy_searched": 0.4 / 0.3,
            "pipeline_vs_lanes": 0.76 / 0.8,
        }
    )


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # 0.6 / 0.64 is what the medians would say, of two different rounds.
    ratio = ratios(MEASURED, shipped="Q4_1", compared="BF16").by_name["pipeline_vs_lanes"]
    assert (ratio.median, ratio.lowest, ratio.highest) == pytest.approx((0.95, 0.9375, 0.96))


def test_a_ratio_that_was_not_measured_is_absent_with_the_reason() -> None:
    found = ratios([one for one in MEASURED if "server" not in one.case.name], shipped="Q4_1", compared="BF16")
    assert set(found.absent) == {
        "lanes_vs_llama_server", "lanes_vs_llama_server_busy", "lanes_vs_llama_server_busy_searched",
    }  # fmt: skip
    assert found.absent["lanes_vs_llama_server"] == "not measured: llama_server in BF16"


def test_the_gain_is_separated_into_representation_and_lanes() -> None:
    rates = {(figure.case.name, figure.case.representation): figure.documents_per_second for figure in MEASURED}
    found = gains(rates, shipped="Q4_1", representation="BF16")
    assert found is not None
    assert (found.representation, found.lanes, found.both) == pytest.approx((1.6, 1.5, 2.4))
    assert gains(rates, shipped="Q4_1", representation="Q8_0") is None


def test_a_system_that_had_other_prompts_is_named() -> None:
    assert uneven(MEASURED) == []
    [said] = uneven([*MEASURED, figure("cached", "Q8_0", 0.5, tokens=701)])
    assert said == "cached, Q8_0: 701 tokens of prompts, and the lanes had 700: not the same work."


def test_a_system_that_wrote_less_or_more_is_named_unless_it_is_a_word_or_two() -> None:
    lanes = next(one for one in MEASURED if one.case.name == "lanes")
    wrote = lanes.runs[0].tokens_out

    def other(tokens_out: int) -> Figure:
        runs = tuple(replace(run, tokens_out=tokens_out) for run in lanes.runs)
        return replace(lanes, case=replace(lanes.case, name="cached", system="cached"), runs=runs)

    [said] = uneven([lanes, other(round(wrote * 0.94))])
    assert "tokens of completions, and the lanes had" in said
    assert uneven([lanes, other(round(wrote * 0.995))]) == []


def test_rounds_begin_at_places_that_are_far_apart() -> None:
    cases = [replace(MEASURED[0].case, name=str(number)) for number in range(14)]
    assert [rotated(cases, number, rounds=3)[0].name for number in range(3)] == ["0", "4", "9"]


def test_every_round_measures_every_case_once_and_begins_with_another() -> None:
    cases = [one.case for one in MEASURED[:4]]
    seen: list[tuple[int, Case]] = []

    def measure(number: int, case: Case) -> tuple[Run, int]:
        seen.append((number, case))
        return Run(1, number + 1, 1, 1), 100 - number

    figures = run_rounds(cases, 3, measure, lambda _: {"threads": 2})
    assert [case for number, case in seen if number == 1] == rotated(cases, 1, rounds=3)
    # Backwards, from the second on: whichever of two came first in the last round comes second now.
    assert rotated(cases, 1, rounds=3) == [cases[1], cases[0], cases[3], cases[2]]
    assert next(case for number, case in seen if number == 2) == cases[2]
    assert [(one.case, len(one.runs), one.peak_bytes) for one in figures] == [(case, 3, 100) for case in cases]


def test_a_grid_is_searched_a_knob_at_a_time_and_the_best_is_last() -> None:
    liked: Knobs = {"slots": 18, "lanes": 2, "threads": 2, "ubatch": 256}
    tried = descend(grid_of("lanes", 2), lambda knobs: sum(knobs[name] == value for name, value in liked.items()))
    assert tried[-1].knobs == liked
    assert len(tried) == 7


def test_settings_that_are_close_are_measured_again_in_turn() -> None:
    asked: list[int] = []
    # The first measurement of 8 slots is a lucky one.
    speeds = {16: iter([1.0, 1.0]), 8: iter([1.1, 0.8]), 4: iter([0.5])}

    def measure(knobs: Knobs) -> float:
        asked.append(int(knobs["slots"]))
        return next(speeds[asked[-1]])

    tried = descend({"slots": (16, 8, 4)}, measure)
    assert asked == [16, 8, 4, 16, 8]
    assert [(one.knobs["slots"], one.documents_per_second) for one in tried] == [
        (4, 0.5), (8, pytest.approx(0.95)), (16, 1.0),
    ]  # fmt: skip


def test_no_lane_is_without_a_slot_on_a_machine_of_many_cores() -> None:
    tried = descend(grid_of("lanes", 64), lambda knobs: 1.0)
    assert all(one.knobs["lanes"] <= one.knobs["slots"] for one in tried)
    assert start_of(grid_of("lanes", 64))["lanes"] == 18


def test_a_model_of_many_threads_is_tried_with_fewer() -> None:
    assert grid_of("cached", 6)["threads"] == (6, 3, 1)
    assert grid_of("llama_server", 6)["threads"] == (6, 3)
    assert grid_of("llama_server", 2)["threads"] == (2,)


def test_beside_a_busy_process_leaving_it_a_core_is_tried_too() -> None:
    assert busy_grid({"slots": 8, "threads": 2}, 2) == {"slots": (8,), "threads": (2, 1)}
    assert busy_grid({"slots": 8, "threads": 1}, 1) == {"slots": (8,), "threads": (1,)}

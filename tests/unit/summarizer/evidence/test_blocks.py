"""Which lines of a text belong together, and which of them are no prose."""

from __future__ import annotations

import pytest

from streaming.summarizer.evidence.blocks import blocks
from streaming.summarizer.evidence.statements import read_statements

PROSE = "The mill burned on Tuesday in the night."
MORE = "By evening the roof of the mill was gone."


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"# What became of the mill.\n\n{PROSE}", id="a heading after a hash"),
        pytest.param(f"The mill\n========\n{PROSE}", id="a heading over a rule"),
        pytest.param(f"The end of the mill\n\n{PROSE}", id="a heading that stands alone"),
        pytest.param(f"1. The end of the mill\n{PROSE}", id="a heading with a number"),
        pytest.param(f"| mill | cost |\n|---|---|\n| old | 12 |\n\n{PROSE}", id="a table"),
        pytest.param(f"mill     cost     year\nold      12       1830\n\n{PROSE}", id="a table of columns"),
        pytest.param(f"```\nThis is what the code says.\n```\n{PROSE}", id="a fence"),
        pytest.param(f"~~~ python\nThis is what the code says.\n~~~\n{PROSE}", id="a fence of tildes"),
        pytest.param(f"$ mill --burn now.\n{PROSE}", id="a command"),
        pytest.param(f"From: Anna\nTo: Max\nSubject: The mill has burned down.\n\n{PROSE}", id="a letterhead"),
        pytest.param(f"Von: Anna\nAn: Max\nBetreff: Die Mühle ist weg.\n\n{PROSE}", id="a German letterhead"),
        pytest.param(f"Dear Max,\n\n{PROSE}", id="a greeting"),
        pytest.param(f"{PROSE}\n\nBest regards,\nAnna Berg\nMiller of the town", id="a signature after a closing"),
        pytest.param(f"{PROSE}\n\nViele Grüße\nAnna", id="a German closing"),
        pytest.param(f"{PROSE}\n-- \nAnna Berg owns the mill by the river.", id="a signature after two dashes"),
        pytest.param(f"On Monday, Max wrote:\n\n{PROSE}", id="whose letter is quoted"),
    ],
)
def test_what_is_no_prose_does_not_mix_with_prose(text: str) -> None:
    found = blocks(text)
    assert [block.content for block in found if block.prose] == [PROSE]
    assert len(found) > 1


@pytest.mark.parametrize("mark", ["-", "*", "•", "–", "1.", "(2)", "3)", "a)", "(iv)", "1.2"])
def test_an_item_loses_its_mark(mark: str) -> None:
    first, second = blocks(f"{mark} {PROSE}\n{mark} {MORE}")
    assert [(block.item, block.prose, block.content) for block in (first, second)] == [
        (True, True, PROSE),
        (True, True, MORE),
    ]


@pytest.mark.parametrize("mark", ["-", "1."])
def test_items_without_a_full_stop_are_no_headings(mark: str) -> None:
    items = blocks(f"{mark} The roof of the mill is gone\n{mark} The council pays half of it")
    assert [(block.item, block.prose) for block in items] == [(True, True), (True, True)]


@pytest.mark.parametrize("sentence", ["The flags a | b | c were set by hand.", "He wrote   this and   that to Anna."])
def test_a_sentence_with_gaps_is_no_row_of_a_table(sentence: str) -> None:
    assert [(block.prose, block.content) for block in blocks(sentence)] == [(True, sentence)]


def test_an_item_goes_on_in_a_deeper_line() -> None:
    first, second = blocks(f"- The mill burned\n  on Tuesday.\n- {MORE}")
    assert (first.content, second.content) == ("The mill burned\non Tuesday.", MORE)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_a_wrapped_paragraph_are_one_block(end: str) -> None:
    text = f"The mill that stood by the river for a hundred years{end}burned on Tuesday.{end}{end}{MORE}"
    first, second = blocks(text)
    assert first.content.endswith("years\nburned on Tuesday.")
    assert second.content == MORE


def test_quoted_lines_have_a_depth_and_no_marks() -> None:
    found = blocks(f"{PROSE}\n\n> {MORE}\n>> The miller wants to build again.\n> > It was Tuesday.")
    assert [(block.depth, block.content) for block in found] == [
        (0, PROSE),
        (1, MORE),
        (2, "The miller wants to build again.\nIt was Tuesday."),
    ]


TURNS = [("Anna", PROSE), ("Max", MORE), ("Anna", "Nobody was hurt in the fire."), ("Max", "A lamp fell over.")]


def test_turns_have_speakers() -> None:
    found = blocks("\n".join(f"{name}: {said}" for name, said in TURNS))
    assert [(block.speaker, block.content) for block in found] == TURNS


def test_a_single_colon_makes_no_speaker() -> None:
    [block] = blocks(f"The result: {PROSE}")
    assert (block.speaker, block.content) == (None, f"The result: {PROSE}")


def test_every_block_tells_where_its_characters_stand() -> None:
    text = f"# Mill\n\n> {PROSE}\n>  {MORE}\n\n  - The miller\n    builds.\n\nAnna: So it is.\n"
    for block in blocks(text):
        for position, character in enumerate(block.content):
            if character != "\n":
                assert text[block.source(position)] == character


def test_a_block_knows_the_heading_of_its_section() -> None:
    found = blocks(f"# Cause\n\n{PROSE}\n\n## What now\n\n{MORE}")
    assert [(block.heading, block.content) for block in found if block.prose] == [("Cause", PROSE), ("What now", MORE)]


@pytest.mark.parametrize(
    "run", [" ", "*", "#", "> ", "- ", "|", "_", '"', "`", "a\t", "1.", "<a", "and ", "thanks ", "x\n"]
)
def test_a_run_of_marks_is_read_in_time(run: str) -> None:
    # With time that grows with the square of the length, this takes many minutes.
    text = f"{run * 200_000}x"
    assert all(0 <= s.start < s.end <= len(text) for s in read_statements(text, "en"))


def test_a_paragraph_of_many_lines_is_read_in_time() -> None:
    [block] = blocks("The mill burned down in the night, and nobody in the whole town knew why\n" * 200_000)
    assert block.source(len(block.content) - 1) == len(block.content) - 1

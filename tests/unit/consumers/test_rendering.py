"""What people see of a result: its status in words, and what each sentence stands on."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from archives import summary
from rich.cells import cell_len
from rich.console import Console, RenderableType

from consumers.rendering import clean, evidence_block, tail_block, tail_json
from streaming.messages import LeftOut, Summary, SummarySentence

DOCUMENT = "The mill burned on Tuesday.\nAnna saw the smoke first and rang the bell.\nBy evening the roof was gone."
PLACES = {line: (DOCUMENT.index(line), DOCUMENT.index(line) + len(line)) for line in DOCUMENT.splitlines()}
MILL, ANNA, ROOF = PLACES.values()


def printed(block: RenderableType, *, colors: bool = False, width: int | None = None, terminal: bool = False) -> str:
    lines = StringIO()
    system: Any = "standard" if colors else None
    Console(file=lines, soft_wrap=not terminal, force_terminal=colors, color_system=system, width=width).print(block)
    return lines.getvalue()


def sentence(place: tuple[int, int], **changes: Any) -> SummarySentence:
    """Return a sentence that is the text's, at the same place in the summary; `changes` make it another one."""
    own = SummarySentence(start=place[0], end=place[1], origin="text", support=1.0, stands=True, evidence=[list(place)])
    return own.model_copy(update=changes)


def mill(*sentences: SummarySentence, status: str = "ok", text: str = DOCUMENT) -> Summary:
    return summary(0, text=text).model_copy(update={"status": status, "sentences": list(sentences)})


MODEL: dict[str, Any] = {"origin": "model", "support": 0.934}


@pytest.mark.parametrize(
    ("status", "sentences", "words"),
    [
        ("repaired", [sentence(MILL), sentence(ANNA), sentence(ROOF, **MODEL)], ", repaired: 2 of 3 sentences are the"),
        ("repaired", [sentence(MILL), sentence(ROOF, **MODEL)], ", repaired: 1 of 2 sentences is the text's"),
        ("extractive_fallback", [sentence(MILL)], "0.5 s, extractive_fallback"),
    ],
)
def test_a_result_says_how_much_of_it_is_the_texts(status: str, sentences: list[SummarySentence], words: str) -> None:
    for block in (tail_block(mill(*sentences, status=status)), evidence_block(mill(*sentences, status=status), "")):
        assert words in printed(block).splitlines()[0]


@pytest.mark.parametrize("width", [20, 80, 200])
def test_an_answer_in_json_is_printed_so_that_it_can_be_parsed(width: int) -> None:
    answer = {"tasks": [{"who": "Jürgen\u202e", "what": "mends the roof of the mill before winter " * 5, "days": 3}]}
    result = mill(text=json.dumps(answer)).model_copy(update={"answer": answer, "sentences": []})
    for block in (tail_block(result), evidence_block(result, DOCUMENT)):
        lines = StringIO()
        Console(file=lines, width=width).print(block, crop=False)
        printed_json = lines.getvalue().partition("{")
        shown = json.loads("{" + printed_json[2])
        assert shown["tasks"][0]["what"] == answer["tasks"][0]["what"]
        assert "\u202e" not in lines.getvalue()
        assert '    {\n      "who"' in lines.getvalue()
    assert json.loads(tail_json(result))["answer"] == answer


def test_a_result_says_what_was_left_out_of_its_document() -> None:
    left_out = [LeftOut(kind="encoded", characters=3_027), LeftOut(kind="log", characters=400)]
    shown = printed(tail_block(mill(sentence(MILL, **MODEL)).model_copy(update={"left_out": left_out})))
    assert shown.splitlines()[0].endswith("; left out: 3,027 characters (encoded), 400 characters (log)")


def test_a_summary_of_the_model_alone_says_nothing_of_it() -> None:
    assert printed(tail_block(mill(sentence(MILL, **MODEL)))).splitlines()[0].endswith("0.5 s")


def test_each_sentence_is_above_what_it_stands_on() -> None:
    shown = printed(evidence_block(mill(sentence(MILL), sentence(ANNA, **MODEL), status="repaired"), DOCUMENT))
    assert shown.splitlines()[1:] == [
        "  The mill burned on Tuesday.",
        "      text “The mill burned on Tuesday.”",
        "  Anna saw the smoke first and rang the bell.",
        "      model 0.93 “Anna saw the smoke first and rang the bell.”",
        "",
    ]


def test_a_sentence_that_stands_on_nothing_is_red_and_what_comes_nearest_is_there() -> None:
    invented = sentence(ROOF, origin="model", support=0.41, stands=False, evidence=[list(ANNA)])
    shown = printed(evidence_block(mill(invented), DOCUMENT))
    assert "      nothing  (nearest, 0.41: “Anna saw the smoke first and rang the bell.”)" in shown
    assert "\x1b[1;31mnothing\x1b[0m" in printed(evidence_block(mill(invented), DOCUMENT), colors=True)
    alone = invented.model_copy(update={"support": 0.0, "evidence": []})
    assert "      nothing\n" in printed(evidence_block(mill(alone), DOCUMENT))


def test_what_cannot_be_measured_is_not_called_unsupported() -> None:
    translated = sentence(MILL, origin="model", support=None, stands=None, evidence=[])
    shown = printed(evidence_block(mill(translated), DOCUMENT))
    assert "      not measured\n" in shown
    assert "nothing" not in shown


def test_json_and_older_summaries_are_shown_without_evidence() -> None:
    assert printed(evidence_block(mill(), DOCUMENT)) == printed(tail_block(mill()))


def test_a_quotation_is_one_line_without_its_middle_and_cannot_control_the_terminal() -> None:
    hostile = "The bell\x1b[31m rang\r\n\tin [bold]Tarn[/bold]" + " and again" * 40 + " until noon."
    shown = printed(evidence_block(mill(sentence((0, len(hostile))), text="It rang."), hostile))
    [line] = [line for line in shown.splitlines() if line.startswith("      text")]
    quotation = line[line.index("“") + 1 : line.index("”")]
    assert quotation.startswith("The bell [31m rang in [bold]Tarn[/bold] and again")
    assert quotation.endswith("and again until noon.")
    assert " … " in quotation
    assert 150 < len(quotation) <= 160
    assert "\x1b" not in shown


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("width", [30, 80, 150])
def test_a_summary_is_as_wide_as_the_console_and_its_words_are_whole(width: int, terminal: bool) -> None:
    text = "The miller of Donaudampfstadt rang the bell and the roof was gone by evening. " * 10
    shown = printed(tail_block(mill(text=text)), width=width, terminal=terminal)
    body = [line for line in shown.splitlines() if line.startswith("  ")]
    assert " ".join(line.strip() for line in body).endswith(" ".join(text.split()))
    assert max(map(len, body)) <= width
    assert all(len(line) + 1 + len("Donaudampfstadt") > width for line in body[1:-1])


def test_lines_are_measured_in_cells_not_in_characters() -> None:
    chinese, combined = "山村里有一座桥很老" * 9, "e\u0301e\u0301e\u0301 " * 20
    for text in (chinese, combined):
        lines = printed(tail_block(mill(text=text)), width=40).splitlines()[1:-1]
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert max(map(cell_len, lines)) <= 40
        assert cell_len(lines[0]) >= 37


def test_the_lines_of_a_list_stay_lines() -> None:
    shown = printed(tail_block(mill(text="- The mill burned.\n- The roof is gone.\r\n- Anna rang.")))
    assert shown.splitlines()[1:] == ["  - The mill burned.", "  - The roof is gone.", "  - Anna rang.", ""]


def test_a_title_with_which_a_summary_begins_is_not_said_twice() -> None:
    headed = mill(text="Fire at the mill. Anna saw it.").model_copy(update={"title": "Fire at the mill"})
    assert printed(tail_block(headed)).count("Fire at the mill") == 1
    # A title that a sentence only begins with is not said.
    for title in ("The Mill", "Fire at the"):
        assert f"  {title}  " in printed(tail_block(headed.model_copy(update={"title": title})))


def test_a_long_title_is_cut_at_a_word_to_fit_the_line_of_a_terminal() -> None:
    title = "Das Müllerhaus in Żary wurde am Dienstag geschlossen, weil das Dach undicht war"
    for width in (60, 70, 80):
        block = tail_block(mill().model_copy(update={"title": title}))
        assert title in printed(block, width=width).splitlines()[0]
        heading = printed(block, width=width, terminal=True).splitlines()[0]
        assert cell_len(heading) <= width
        shown = heading[heading.index("Das") : heading.index(" …")]
        assert title.startswith(f"{shown} ")


def test_a_quotation_is_cut_between_words() -> None:
    place = " ".join(f"word{number}" for number in range(100))
    shown = printed(evidence_block(mill(sentence((0, len(place))), text="It rang."), place), width=300)
    quotation = shown[shown.index("“") + 1 : shown.index("”")].split()
    assert quotation.count("…") == 1
    assert set(quotation) - {"…"} <= set(place.split())


def test_what_has_no_width_leaves_no_blank_and_joiners_stay() -> None:
    persian = "\u0645\u06cc\u200c\u062e"
    assert clean(f"The fer\u00adry\u200b of \u202eLund\x1b{persian}") == f"The ferry of Lund {persian}"

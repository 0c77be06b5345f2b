"""The page of `gistream diff --html`: what is in it, and that no text in it is markup, code or a hidden character."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence

from archives import summary
from rich.console import Console
from sheets import HOSTILE, Parts

from streaming.messages import OutputMessage, Summary
from streaming.operations.diff import report
from streaming.operations.diff.block import counts_block, difference_block
from streaming.operations.diff.comparison import LETTERS, Comparison
from streaming.operations.diff.report import report_page

TITLES = {"a": "topic summaries", "b": "archive ./<b>bold"}
# What a document may try on a terminal: another title, a cleared screen, text turned around, a hidden mark.
CONTROLS = "\x1b]0;broken\x07\x1b[2J\x1b[31m\x9b2J\u202egpj.exe\u2066\u2028\r"


def page(a: Sequence[OutputMessage], b: Sequence[OutputMessage]) -> str:
    with Comparison() as comparison:
        for letter, results in zip(LETTERS, (a, b), strict=True):
            for result in results:
                comparison.add(letter, result)
        comparison.pair()
        return "".join(report_page(TITLES, comparison, lambda: None))


def data(html: str, name: str) -> object:
    [content] = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', html, flags=re.DOTALL)
    return json.loads(content)


def hostile(offset: int, text: str) -> Summary:
    base = summary(offset, name=f"{text}{offset}", text=text)
    model = base.model.model_copy(update={"name": text})
    prompt = base.prompt.model_copy(update={"name": text})
    return base.model_copy(update={"title": text, "recipe": text, "model": model, "prompt": prompt, "sentences": []})


def test_a_row_has_both_sides_with_the_changed_words_and_their_evidence() -> None:
    html = page([summary(0), summary(1)], [summary(0, text="It drowned."), summary(1)])
    changed, same = data(html, "rows")  # type: ignore[misc]
    assert (changed["id"], changed["change"], same["change"]) == ("d0", "changed", "same")
    [sentence, rest] = changed["b"]["pieces"]
    assert sentence["runs"] == [["It ", False], ["drowned", True]]
    assert (sentence["origin"], sentence["support"], sentence["evidence"]) == ("model", 0.9, [[4, 20]])
    assert rest["runs"] == [[".", False]]
    # One copy of what both sides say.
    assert same["a"] is not None
    assert same["b"] is None
    assert data(html, "totals")["changes"]["changed"] == 1  # type: ignore[index]


def test_markup_in_a_document_stays_text() -> None:
    plain = page([summary(0)], [summary(1)])
    html = page([hostile(0, HOSTILE)], [hostile(1, HOSTILE)])
    assert [tag for tag, _ in Parts(html).tags] == [tag for tag, _ in Parts(plain).tags]
    for name in ("rows", "totals"):
        [content] = re.findall(rf'id="{name}">(.*?)</script>', html, flags=re.DOTALL)
        assert not set("<>&") & set(content)
    assert Parts(html).tags[0][0] == "html"
    assert "archive ./&lt;b&gt;bold" in html


def test_control_and_bidirectional_characters_are_seen_by_their_numbers() -> None:
    html = page([hostile(0, CONTROLS)], [])
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", html)
    [row] = data(html, "rows")  # type: ignore[misc]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", json.dumps(row, ensure_ascii=False))
    assert "⟨U+202E⟩gpj.exe" in row["title"]
    assert row["id"].startswith("⟨U+001B⟩]0;broken⟨U+0007⟩")


def test_they_do_not_reach_a_terminal_either() -> None:
    console = Console(record=True, width=80, force_terminal=True, color_system="standard", file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with Comparison() as comparison:
        comparison.add("a", hostile(0, CONTROLS + HOSTILE))
        comparison.add("b", hostile(0, CONTROLS + HOSTILE).model_copy(update={"summary": f"{CONTROLS} other"}))
        comparison.pair()
        console.print(counts_block(CONTROLS, "a", comparison.counts("a")))
        [difference] = comparison.documents(["changed"])
        console.print(difference_block(difference))
    printed = console.export_text(styles=False)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", printed)
    assert "<script>" in printed


def test_the_policy_lets_the_page_run_its_own_script_and_load_nothing() -> None:
    html = page([summary(0)], [summary(0)])
    rules = dict(rule.split(" ", 1) for rule in Parts(html).policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    code = [(tag, content) for tag, content in Parts(html).contents if content[0] not in "{["]
    assert [tag for tag, _ in code] == ["style", "script"]
    for tag, content in code:
        assert rules[f"{tag}-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
    assert "://" not in html
    assert not [attributes for _, attributes in Parts(html).tags if {"src", "href", "style"} & set(attributes)]
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|fetch)\b", html)


def test_a_page_has_a_bound_and_says_what_it_left_out(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(report, "ROWS", 2)
    html = page([summary(n) for n in range(4)], [summary(n, text="New." if n == 3 else "It burned.") for n in range(4)])
    assert [row["id"] for row in data(html, "rows")] == ["d3", "d0"]  # type: ignore[union-attr]
    assert "2 more documents do not stand on this page" in html

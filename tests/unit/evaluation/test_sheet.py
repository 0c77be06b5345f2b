"""The page on which people judge summaries: blind, shuffled, and safe with any text."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest
from sheets import HOSTILE, STORIES, SYSTEMS, Parts, page, summaries

from evaluation.blinding import BlindSummary, Key, blind
from evaluation.sheet import sheet_page
from evaluation.stories import Story

SIX = {f"system {n}": f"Summary {n} is about a mill." for n in range(6)}


def order(seed: str) -> list[str]:
    return [each.systems[0] for each in blind(SIX, language="en", seed=seed)]


def test_the_order_depends_on_the_seed_alone() -> None:
    assert order("a") == order("a")
    assert sorted(order("a")) == sorted(SIX)
    assert len({tuple(order(str(seed))) for seed in range(20)}) > 15


def test_every_system_comes_first_about_equally_often() -> None:
    firsts = [order(str(seed))[0] for seed in range(600)]
    assert all(70 < firsts.count(system) < 130 for system in SIX)


def test_systems_that_wrote_the_same_share_a_summary() -> None:
    written = {"a": "It fell. It is gone.", "b": "It fell.", "c": "It  fell.\nIt is gone."}
    blinded = blind(written, language="en", seed="s")
    assert sorted(blinded, key=lambda each: each.systems) == [
        BlindSummary(("It fell.", "It is gone."), ("a", "c")),
        BlindSummary(("It fell.",), ("b",)),
    ]


def test_an_empty_summary_has_no_sentences() -> None:
    assert blind({"a": " \n"}, language="en", seed="s") == [BlindSummary((), ("a",))]


def test_no_system_is_named_in_the_page() -> None:
    html = page()
    for name in SYSTEMS:
        assert name not in html
        # Also not in the middle of the token, whose Base64 could begin at three places.
        assert not re.search(name, Parts(html).sheet["key"], re.IGNORECASE)


def test_the_key_of_the_page_says_which_system_wrote_which_summary() -> None:
    sheet, written = Parts(page()).sheet, summaries()
    key = Key.unseal(sheet["key"])
    assert key.systems == SYSTEMS
    assert key.data == "bridges.jsonl"
    for place, text in enumerate(sheet["texts"]):
        for sentences, systems in zip(text["summaries"], key.texts[text["id"]], strict=True):
            assert {written[system][place] for system in systems} == {" ".join(sentences)}
    assert sorted(map(len, key.texts["story-0"])) == [1, 2]


def test_the_order_differs_from_text_to_text() -> None:
    stories = [Story(str(n), f"Text {n}.", (), "en") for n in range(12)]
    key = Key.unseal(Parts(page(stories)).sheet["key"])
    assert len({systems for text, systems in key.texts.items() if text != "0"}) > 3


def test_the_same_summaries_give_the_same_page_and_others_another_sheet() -> None:
    assert page() == page()
    ids = {Parts(page(stories)).sheet["id"] for stories in (STORIES, STORIES[:2])}
    others = summaries() | {"okapi": ["Something else."] * len(STORIES)}
    ids.add(Parts(sheet_page("bridges.jsonl", STORIES, others)).sheet["id"])
    assert len(ids) == 3


@pytest.mark.parametrize("token", ["", "!", "eyJhIjoxfQ==", base64.b64encode(b'{"data": 1}').decode()])
def test_a_token_that_is_no_key_is_refused(token: str) -> None:
    with pytest.raises(ValueError):
        Key.unseal(token)


def test_a_hostile_text_stays_data() -> None:
    plain, hostile = Parts(page()), Parts(page([replace(STORIES[0], id=HOSTILE, text=HOSTILE)], data=HOSTILE))
    # The same elements with the same attributes: no text opened or closed one.
    assert hostile.tags == plain.tags
    [text] = hostile.sheet["texts"]
    assert text["text"] == text["id"] == HOSTILE
    # The parser of HTML looks for these in a script, whatever they mean there.
    [content] = [content for tag, content in hostile.contents if "gistream" not in content and content[0] == "{"]
    assert not set("<>&") & set(content)


def test_a_hostile_summary_stays_data() -> None:
    html = sheet_page("x", STORIES[:1], {"a": [HOSTILE]})
    assert Parts(html).tags == Parts(page()).tags
    assert "".join("".join(Parts(html).sheet["texts"][0]["summaries"][0]).split()) == "".join(HOSTILE.split())


def test_the_policy_lets_the_page_run_its_own_script_and_load_nothing() -> None:
    parts = Parts(page())
    rules = dict(rule.split(" ", 1) for rule in parts.policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    code = [(tag, content) for tag, content in parts.contents if not content.startswith("{")]
    assert [tag for tag, _ in code] == ["style", "script"]
    for tag, content in code:
        assert rules[f"{tag}-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def test_the_page_names_no_other_file_and_no_address() -> None:
    html = page()
    assert "://" not in html
    assert not [
        attributes for _, attributes in Parts(html).tags if {"src", "href", "style", "onclick"} & set(attributes)
    ]
    assert not re.search(r"\b(fetch|XMLHttpRequest|sendBeacon|WebSocket|import)\b\s*\(", html)
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b", html)

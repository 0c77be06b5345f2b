"""A profile that answers with JSON: what comes out is as its schema says, or nothing does."""

from __future__ import annotations

import asyncio
import json

import pytest
from fake_engine import FakeEngine, Reply, tokens

from streaming.errors import DocumentFailed
from streaming.protocol import Sampling
from streaming.summarizer import Recipe, Summarizer, SummaryRequest, SummaryResult, free_text
from streaming.summarizer.prompts import parse_profile
from streaming.summarizer.structured import parse

PROFILE = parse_profile(
    "facts",
    """
    system = "Say who, and what happened, as JSON."
    output = "json"
    [schema]
    type = "object"
    required = ["who", "what"]
    additionalProperties = false
    properties.who = { type = "array", items = { type = "string" } }
    properties.what = { type = "string", minLength = 5 }
    """,
    where="facts.toml",
)
RECIPE = Recipe(
    model_sha256="ab", representation="Q4_1", sampling=Sampling(), chunk_tokens=200, max_tokens=50, max_chunks=256
)
TEXT = (
    "The ferry left Tarn at dawn with forty passengers. Halfway across, the engineer Ines smelled smoke in the hold. "
    "The captain turned back on one engine, and nobody was hurt."
)
GOOD = '{"who": ["Ines", "the captain"], "what": "The captain turned back on one engine."}'
FOREIGN = '{"who": ["Natasha"], "what": "Elephants elected another parliament, whose first law forbade umbrellas."}'


def write(text: str, reply: Reply) -> tuple[SummaryResult, FakeEngine]:
    engine = FakeEngine(reply)
    asked = SummaryRequest(text, PROFILE, grammar="root ::= object")
    return asyncio.run(Summarizer(engine, RECIPE).summarize(asked, deadline=1e12)), engine


def test_an_answer_as_the_schema_says_is_the_summary() -> None:
    written, engine = write(TEXT, GOOD)
    assert json.loads(written.summary) == written.answer == json.loads(GOOD)
    assert (written.status, engine.grammars) == ("ok", ["root ::= object"])


def test_the_signals_are_of_its_words_and_not_of_its_fields() -> None:
    assert write(TEXT, GOOD)[0].signals.grounding == 1


@pytest.mark.parametrize(
    "bad",
    ["The captain turned back.", GOOD[:-5], '{"who": []}', '{"who": [], "what": "x"}', "[" * 9999, FOREIGN],
    ids=["no JSON", "cut", "a field too few", "a word too few", "deep", "of another text"],
)
def test_any_other_is_asked_for_again_with_other_sampling_and_then_the_document_fails(bad: str) -> None:
    left = [bad, GOOD]
    written, engine = write(TEXT, lambda _: left.pop(0))
    assert json.loads(written.summary) == json.loads(GOOD)
    assert len(set(engine.samplings)) == 2
    with pytest.raises(DocumentFailed) as caught:
        write(TEXT, bad)
    assert caught.value.type == "BadAnswer"


@pytest.mark.parametrize("bad", [GOOD.replace("engine", "engine \\ud83d"), GOOD.replace('"Ines"', "NaN")])
def test_what_is_no_text_or_no_json_is_no_answer(bad: str) -> None:
    with pytest.raises(DocumentFailed) as failed:
        write(TEXT, bad)
    assert failed.value.type == "BadAnswer"


def test_a_number_that_json_cannot_say_is_no_answer() -> None:
    assert parse('{"speed": 1e999}', {"type": "object"}) is None
    assert parse('{"speed": 1e99}', {"type": "object"}) == {"speed": 1e99}


def test_json_may_take_three_times_the_tokens_that_its_words_should() -> None:
    # 80 tokens of words, as for any short text; the braces, marks and line ends make 180 of them.
    said = json.dumps({"who": TEXT.split(), "what": "The captain turned back on one engine."}, indent=6)
    assert 160 < tokens(said) < 240
    assert json.loads(write(TEXT, said)[0].summary) == json.loads(said)


def test_parts_of_a_long_text_are_summarized_and_the_answer_is_about_their_summaries() -> None:
    def reply(asked: str) -> str:
        return GOOD if asked.startswith("The captain turned") else "The captain turned back on one engine."

    written, engine = write(TEXT * 20, reply)
    assert json.loads(written.summary) == json.loads(GOOD)
    assert written.strategy == "map-reduce"
    assert set(engine.systems[:-1]) == {"Write a short summary of the text."}
    assert engine.systems[-1] == PROFILE.system
    assert [grammar for grammar in engine.grammars if grammar] == ["root ::= object"]


def test_what_the_schema_lets_the_model_choose_from_need_not_stand_in_the_text() -> None:
    ticket = parse_profile(
        "ticket",
        """
        system = "Sort the ticket, as JSON."
        output = "json"
        [schema]
        type = "object"
        [schema.properties]
        mood = { enum = ["very angry indeed", "calm"] }
        kind = { anyOf = [{ const = "access to the account is not possible" }, { const = "something else" }] }
        what = { type = "string" }
        """,
        where="ticket.toml",
    )
    said = '{"mood": "very angry indeed", "kind": "access to the account is not possible", "what": "The captain."}'
    engine = FakeEngine(said)
    asked = SummaryRequest(TEXT, ticket, grammar="root ::= object")
    written = asyncio.run(Summarizer(engine, RECIPE).summarize(asked, deadline=1e12))
    assert json.loads(written.summary) == json.loads(said)
    assert written.signals.grounding == 1
    assert free_text(written.summary, ticket) == "The captain."

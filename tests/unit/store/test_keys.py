"""Every setting changes the key of a summary, or cannot change a summary."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from model_files import MODEL

from streaming.planning.engine_choice import foresee
from streaming.planning.store_plan import StorePlan
from streaming.planning.work import Work, plan_work
from streaming.protocol import GenerationRequest, Message, Sampling
from streaming.settings import Settings, load
from streaming.store import ModelIdentity, generation_key, summary_key
from streaming.summarizer import SummaryRequest

# What a setting of these decides is who asks, where things are, how fast, or whether there is a result at all.
CANNOT_CHANGE_A_SUMMARY = {
    *("data_dir", "machine_dir", "bootstrap_servers", "kafka", "master", "executors", "executor_cores"),
    *("driver_memory", "query", "checkpoint", "batch_documents", "max_failed_share", "max_attempts", "grace"),
    *("store", "give_up_after"),
    # What is said of a run, and where.
    *("stuck_after", "metrics_host", "metrics_port", "log_format"),
    *("input_topic", "input_pattern", "output_topic", "dead_letter_topic", "partitions", "replication"),
    *("retention_hours", "max_document_bytes", "sink", "document_deadline", "native_deadline"),
    # The record decides the text and the title, and these are in the key.
    *("format", "field", "keep", "id_from", "skip_unreadable", "uri_roots", "max_referenced_bytes"),
    *("schema_registry", "schema_registry_login", "schema_registry_ca"),
    # How the same tokens are computed; the last bits may differ, as they do from one batch to the next.
    *("engine", "threads", "lanes", "slots", "ubatch", "gpu_layers", "engine_memory"),
    # How many parts a document may have, not what is said of them.
    "max_chunks",
}
OTHER: dict[str, Any] = {
    "representation": "Q8_0",
    "prompt": "headline",
    "prompt_style": "completion",
    "context": 4096,
    "chunk_tokens": 333,
    "max_tokens": 77,
    "strategy": "refine",
    "thinking_tokens": 512,
    "temperature": 0.5,
    "top_p": 0.9,
    "min_p": 0.1,
    "seed": 7,
    "repeat_penalty": 1.3,
    "ladder": False,
    "faithfulness": "off",
    "least_support": 0.5,
}
# A model that thinks has one setting more.
THINKING = replace(MODEL, thinks=True)


def key(**settings: Any) -> str:
    loaded = load({"engine": "in-process", "data_dir": Path("/data"), "store": "auto", **settings})
    work = plan_work(loaded, foresee(loaded, THINKING, cores=1), here=False)
    return key_of(work, SummaryRequest("A text.", work.profiles[work.default_profile]))


def key_of(work: Work, request: SummaryRequest) -> str:
    store = work.store
    assert isinstance(store, StorePlan)
    return summary_key(store.model, store.code, work.recipe, request)


def test_each_setting_is_in_the_key_or_on_the_list_of_those_that_change_nothing() -> None:
    # `model` and `prompts_dir` come in as the file's checksum and the profile's, below.
    known = CANNOT_CHANGE_A_SUMMARY | set(OTHER) | {"model", "prompts_dir"}
    assert set(Settings.model_fields) == known


@pytest.mark.parametrize(("name", "value"), OTHER.items())
def test_a_setting_that_decides_a_summary_changes_its_key(name: str, value: Any) -> None:
    assert key(**{name: value}) != key()


def test_the_same_settings_have_the_same_key() -> None:
    assert key() == key(data_dir=Path("/elsewhere"), slots=9, query="another")


def test_model_profile_document_and_code_are_in_the_key() -> None:
    loaded = load({"engine": "in-process", "store": "auto"})
    work = plan_work(loaded, foresee(loaded, MODEL, cores=1), here=False)
    profile = work.profiles["default"]
    request = SummaryRequest("A text.", profile)
    store = work.store
    assert store is not None
    others = [
        key_of(work, replace(request, text="Another text.")),
        key_of(work, replace(request, title="A title")),
        key_of(work, replace(request, language="de")),
        key_of(work, replace(request, grammar="root ::= [a-z]+")),
        key_of(work, replace(request, profile=profile.model_copy(update={"system": "Be brief."}))),
        key_of(replace(work, store=replace(store, code="other")), request),
        *(
            key_of(replace(work, store=replace(store, model=replace(store.model, **{field.name: other}))), request)
            for field in fields(ModelIdentity)
            if (other := 1 if field.type == "int" else "other")
        ),
    ]
    assert len({key_of(work, request), *others}) == 1 + len(others)


def test_everything_that_decides_an_answer_is_in_its_key() -> None:
    model = ModelIdentity("sha", "BF16", "0.3", "chat", 0, 2048)
    asked = GenerationRequest((Message("user", "A text."),), Sampling(), 48)
    others = [
        replace(asked, messages=(Message("system", "A text."),)),
        replace(asked, messages=(Message("user", "A text"), Message("user", "."))),
        replace(asked, max_tokens=49),
        replace(asked, grammar="root ::= [a-z]+"),
        *(replace(asked, sampling=replace(Sampling(), **{field.name: 5})) for field in fields(Sampling)),
    ]
    keys = {generation_key(model, request) for request in (asked, *others)}
    assert len(keys) == 1 + len(others)
    assert generation_key(model, replace(asked, deadline=5.0, keep=True)) == generation_key(model, asked)


def test_half_a_character_has_a_key() -> None:
    model = ModelIdentity("sha", "BF16", "0.3", "chat", 0, 2048)
    assert generation_key(model, GenerationRequest((Message("user", "\ud83d"),), Sampling(), 48))

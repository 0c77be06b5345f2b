"""The systems that an evaluation compares, and the texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluation.contenders import Contender, baselines, contenders
from evaluation.stories import Story
from evaluation.story_parts import read_stories
from streaming.cli.main import app
from streaming.errors import UsageError


def names(**options: list[str]) -> list[str]:
    return [system.name for system in contenders({}, **options)]


def test_without_anything_the_default_is_evaluated() -> None:
    assert names() == ["default"]


def test_prompts_and_models_are_named_where_there_are_several() -> None:
    assert names(prompts=["headline"]) == ["headline"]
    assert names(prompts=["default", "headline"]) == ["default", "headline"]
    assert names(models=["a.gguf", "b/c.gguf"], prompts=["headline"]) == ["a", "c"]


def test_every_combination_is_evaluated() -> None:
    systems = contenders({}, sets=["sampling.temperature=0,0.3", "chunk_tokens=400,800"])
    assert [system.name for system in systems] == [
        "temperature=0 chunk_tokens=400",
        "temperature=0 chunk_tokens=800",
        "temperature=0.3 chunk_tokens=400",
        "temperature=0.3 chunk_tokens=800",
    ]
    assert [(system.settings.temperature, system.settings.chunk_tokens) for system in systems][2] == (0.3, 400)


def test_what_becomes_of_unsupported_sentences_can_be_compared() -> None:
    systems = contenders({}, sets=["faithfulness=strict,flag,off", "least_support=0.8"])
    chosen = [(system.settings.faithfulness, system.settings.least_support) for system in systems]
    assert chosen == [("strict", 0.8), ("flag", 0.8), ("off", 0.8)]


def test_first_answers_are_those_of_the_model_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data.jsonl"
    data.write_text('{"text": "A text.", "references": ["One."]}')
    compared: list[Contender] = []
    monkeypatch.setattr("evaluation.evaluate.evaluate", lambda _data, _stories, systems, *_: compared.extend(systems))
    monkeypatch.setattr("evaluation.cli.end_as_ctrl_c_does", lambda: None)
    for options in ([], ["--no-ladder"], ["--no-ladder", "--set", "faithfulness=strict"]):
        done = CliRunner().invoke(app, ["eval", "--data", str(data), *options], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    chosen = [(system.settings.ladder, system.settings.faithfulness) for system in compared]
    assert chosen == [(True, "auto"), (False, "off"), (False, "strict")]


@pytest.mark.parametrize(
    ("sets", "sentence"),
    [
        (["temperature"], "name=value,value and got 'temperature'"),
        (["temperature=0,"], "got 'temperature=0,'"),
        (["slots=4"], "knows no 'slots'"),
        (["temperature=hot"], "temperature"),
        (["temperature=0", "sampling.temperature=1"], "twice"),
    ],
)
def test_a_setting_that_cannot_be_compared_is_refused(sets: list[str], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        contenders({}, sets=sets)


def test_a_setting_that_the_profile_decides_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('system = "Say it."\n[sampling]\ntemperature = 0.3\n')
    flags = {"prompts_dir": tmp_path}
    with pytest.raises(UsageError, match="'mine' says temperature itself, so --set temperature changes nothing"):
        contenders(flags, prompts=["mine"], sets=["temperature=0,0.5"])
    assert len(contenders(flags, prompts=["mine"], sets=["min_p=0,0.1"])) == 2


def test_baselines_are_named_once_and_known() -> None:
    assert baselines("textrank, lead,textrank") == ["textrank", "lead"]
    assert baselines(None) == []
    with pytest.raises(UsageError, match="no baseline 'textrnk'"):
        baselines("textrnk")


def test_stories_are_read_with_one_reference_or_several(tmp_path: Path) -> None:
    lines = [
        {"id": 7, "text": "A text.", "references": ["One.", "Two."], "question": "ignored"},
        {"text": "Ein Text.", "summary": "Einer.", "language": "de"},
    ]
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    first, second = read_stories(path)
    assert (first.id, first.references, first.language) == ("7", ("One.", "Two."), None)
    assert (second.id, second.references, second.language) == ("2", ("Einer.",), "de")
    assert (first.written_in, second.written_in) == ("en", "de")
    german = "Der alte Mann ging jeden Morgen hinunter an das Meer und kam am Abend mit leeren Händen wieder zurück. "
    assert Story("3", german * 2, ("Er ging.",)).written_in == "de"
    assert read_stories(path, limit=1) == [first]


def test_texts_for_people_need_no_references(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "A text."}\n{"text": "Another.", "references": []}\n{"text": "x", "summary": "y"}')
    assert [story.references for story in read_stories(path, need_references=False)] == [(), (), ("y",)]
    path.write_text('{"text": "A text.", "references": "no list"}')
    with pytest.raises(UsageError, match="has no `references`"):
        read_stories(path, need_references=False)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 1, is no JSON"),
        ("[]", "no JSON object"),
        ('{"references": ["x"]}', "has no `text`"),
        ('{"text": "x"}', "has no `references`"),
        ('{"text": "x", "references": "y"}', "has no `references`"),
        ('{"text": "x", "summary": "y", "language": 3}', "`language`"),
        (r'{"id": "\ud800", "text": "x", "summary": "y"}', "half a character"),
        ("", "has no texts"),
        ('{"id": 1, "text": "x", "summary": "y"}\n{"id": 1, "text": "z", "summary": "y"}', "same id"),
    ],
)
def test_a_line_that_is_no_story_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(line)
    with pytest.raises(UsageError, match=sentence):
        read_stories(path)

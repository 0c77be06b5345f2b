"""What is compared: every model with every prompt in every combination of the settings that vary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from evaluation.baselines import BASELINES
from streaming.errors import UsageError
from streaming.settings import Settings, load
from streaming.summarizer import get_profile, load_profiles

# `sampling.temperature` is what a prompt profile calls it.
_PREFIX = "sampling."
# The model and the prompt have options of their own.
_BARE = ("model", "prompt")
# What decides what a summary says; other settings decide where and how fast it is computed.
COMPARED = (
    *("model", "representation", "prompt", "prompt_style", "strategy", "chunk_tokens", "max_tokens", "thinking_tokens"),
    *("temperature", "top_p", "min_p", "repeat_penalty", "seed", "ladder"),
)


@dataclass(frozen=True)
class Contender:
    """One system: settings that make summaries. `name` says what is special about it among the others."""

    name: str
    settings: Settings


def contenders(
    flags: Mapping[str, object],
    *,
    models: Sequence[str] = (),
    prompts: Sequence[str] = (),
    sets: Sequence[str] = (),
) -> list[Contender]:
    """Return the systems in order, the first values of everything first; `flags` are settings that all share.

    `sets` are `name=value,value`. Raises `UsageError` for a setting that there is not, or a value that it cannot have.
    """
    varied: dict[str, Sequence[str]] = {"model": models} if models else {}
    varied |= {"prompt": prompts} if prompts else {}
    for name, values in map(_parsed, sets):
        if name in varied:
            raise UsageError(f"--set names '{name}' twice; write all its values in one: {name}=0,0.3.")
        varied[name] = values
    # A single model, or a single prompt, is nothing special among the others.
    telling = {name for name, values in varied.items() if name not in _BARE or len(values) > 1}
    found = []
    for combination in product(*varied.values()):
        chosen = dict(zip(varied, combination, strict=True))
        settings = load({**flags, **chosen})
        _check_varied(varied, settings)
        found.append(Contender(_name({name: chosen[name] for name in chosen if name in telling}, settings), settings))
    for name in (made := [one.name for one in found]):
        if made.count(name) > 1 or name in BASELINES:
            raise UsageError(f"Two systems would be called '{name}'; rename a model's file or a prompt profile.")
    return found


def baselines(named: str | None) -> list[str]:
    """Return the names in `textrank,lead`; raises `UsageError` for one that there is not."""
    names = [name.strip() for name in (named or "").split(",") if name.strip()]
    for name in names:
        if name not in BASELINES:
            raise UsageError(f"There is no baseline '{name}'; there are: {', '.join(BASELINES)}.")
    return list(dict.fromkeys(names))


def _parsed(one: str) -> tuple[str, list[str]]:
    written, equals, values = one.partition("=")
    name = written.strip().removeprefix(_PREFIX)
    if not equals or not all(value.strip() for value in values.split(",")):
        raise UsageError(f"--set takes name=value,value and got '{one}'.")
    settable = [known for known in COMPARED if known not in _BARE]
    if name not in settable:
        raise UsageError(f"--set knows no '{name}'; it takes: {', '.join(settable)}.")
    return name, list(dict.fromkeys(value.strip() for value in values.split(",")))


def _check_varied(varied: Iterable[str], settings: Settings) -> None:
    """Raise `UsageError` for a setting that a prompt profile decides: all its values would give the same summaries."""
    profile = get_profile(load_profiles(settings.prompts_dir), settings.prompt)
    for name in profile.sampling.model_dump(exclude_none=True):
        if name in varied:
            raise UsageError(
                f"Prompt profile '{profile.name}' says {name} itself, so --set {name} changes nothing; take it out of "
                "the profile, or compare profiles that differ in it."
            )


def _name(telling: Mapping[str, str], settings: Settings) -> str:
    """Return what tells a system from the others, or the profile's name."""
    parts = [Path(value).stem if name == "model" else value for name, value in telling.items() if name in _BARE]
    parts += [f"{name}={value}" for name, value in telling.items() if name not in _BARE]
    return " ".join(parts) or settings.prompt

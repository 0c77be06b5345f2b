"""The systems that are compared: every model with every prompt in every combination of the settings that vary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from evaluation.baselines import BASELINES
from streaming.errors import UsageError
from streaming.settings import Settings, load
from streaming.summarizer import get_profile, load_profiles

# A prompt profile writes `sampling.temperature`.
_PREFIX = "sampling."
# The model and the prompt have options of their own.
_OWN_OPTIONS = ("model", "prompt")
# The settings that decide the text of a summary. Other settings decide where and how fast it is computed.
COMPARED = (
    *("model", "representation", "prompt", "prompt_style", "strategy", "chunk_tokens", "max_tokens", "thinking_tokens"),
    *("temperature", "top_p", "min_p", "repeat_penalty", "seed", "ladder", "faithfulness", "least_support"),
)


@dataclass(frozen=True)
class Contender:
    """One system: settings that make summaries, and a `name` of the values in which it differs from the others."""

    name: str
    settings: Settings


def contenders(
    flags: Mapping[str, object],
    *,
    models: Sequence[str] = (),
    prompts: Sequence[str] = (),
    sets: Sequence[str] = (),
) -> list[Contender]:
    """Return the systems, the first value of each option first; `flags` are settings that all systems share.

    `sets` are `name=value,value`. Raises `UsageError` for an unknown setting or a value that it cannot have.
    """
    varied: dict[str, Sequence[str]] = {"model": models} if models else {}
    varied |= {"prompt": prompts} if prompts else {}
    for name, values in map(_parsed, sets):
        if name in varied:
            raise UsageError(f"--set names '{name}' twice; write all its values in one: {name}=0,0.3.")
        varied[name] = values
    # A single model or a single prompt does not tell systems apart.
    distinctive = {name for name, values in varied.items() if name not in _OWN_OPTIONS or len(values) > 1}
    systems = []
    for combination in product(*varied.values()):
        chosen = dict(zip(varied, combination, strict=True))
        settings = load({**flags, **chosen})
        _check_varied(varied, settings)
        differing = {name: value for name, value in chosen.items() if name in distinctive}
        systems.append(Contender(_name(differing, settings), settings))
    names = [system.name for system in systems]
    for name in names:
        if names.count(name) > 1 or name in BASELINES:
            raise UsageError(f"Two systems would be called '{name}'; rename a model's file or a prompt profile.")
    return systems


def baselines(comma_separated: str | None) -> list[str]:
    """Return the names in a text such as `textrank,lead`; raises `UsageError` for an unknown name."""
    names = [name.strip() for name in (comma_separated or "").split(",") if name.strip()]
    for name in names:
        if name not in BASELINES:
            raise UsageError(f"There is no baseline '{name}'; there are: {', '.join(BASELINES)}.")
    return list(dict.fromkeys(names))


def _parsed(option: str) -> tuple[str, list[str]]:
    name, equals, values = option.partition("=")
    name = name.strip().removeprefix(_PREFIX)
    if not equals or not all(value.strip() for value in values.split(",")):
        raise UsageError(f"--set takes name=value,value and got '{option}'.")
    settable = [setting for setting in COMPARED if setting not in _OWN_OPTIONS]
    if name not in settable:
        raise UsageError(f"--set knows no '{name}'; it takes: {', '.join(settable)}.")
    return name, list(dict.fromkeys(value.strip() for value in values.split(",")))


def _check_varied(varied: Iterable[str], settings: Settings) -> None:
    """Raise `UsageError` for a setting that the prompt profile overrides: all its values give the same summaries."""
    profile = get_profile(load_profiles(settings.prompts_dir), settings.prompt)
    for name in profile.sampling.model_dump(exclude_none=True):
        if name in varied:
            raise UsageError(
                f"Prompt profile '{profile.name}' says {name} itself, so --set {name} changes nothing; take it out of "
                "the profile, or compare profiles that differ in it."
            )


def _name(values: Mapping[str, str], settings: Settings) -> str:
    """Return the values in which a system differs from the others, or the profile's name."""
    parts = [Path(value).stem if name == "model" else value for name, value in values.items() if name in _OWN_OPTIONS]
    parts += [f"{name}={value}" for name, value in values.items() if name not in _OWN_OPTIONS]
    return " ".join(parts) or settings.prompt

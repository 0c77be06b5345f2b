"""Prompt profiles: instructions for the model, by name. A document names a profile and never brings instructions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from streaming.errors import UsageError
from streaming.summarizer.prompts.profile import PromptProfile, PromptVariables, Stage, parse_profile
from streaming.text_files import read_text

__all__ = [
    "PromptProfile",
    "PromptVariables",
    "Stage",
    "checked_profile_name",
    "get_profile",
    "load_profiles",
    "parse_profile",
    "shipped_profiles",
]
_SUFFIX = ".toml"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def shipped_profiles() -> dict[str, str]:
    """Return the TOML of the profiles that gistream ships, by name."""
    files = [file for file in resources.files(__name__).iterdir() if file.name.endswith(_SUFFIX)]
    return {file.name.removesuffix(_SUFFIX): file.read_text(encoding="utf-8") for file in files}


def load_profiles(folder: Path | None = None) -> dict[str, PromptProfile]:
    """Return the profiles that gistream ships and those of a folder, by name; the folder's win.

    Raises `UsageError` for a folder or a profile that cannot be read.
    """
    profiles = {name: parse_profile(name, text, where=f"'{name}'") for name, text in shipped_profiles().items()}
    if folder is None:
        return profiles
    if not folder.is_dir():
        raise UsageError(f"There is no folder of prompt profiles {folder}; `gistream prompts new` makes one.")
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        name = checked_profile_name(path.name.removesuffix(_SUFFIX))
        profiles[name] = parse_profile(name, read_text(path), where=str(path))
    return profiles


def checked_profile_name(name: str) -> str:
    """Return `name`; raises `UsageError` when it is no name for a profile."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name of a prompt profile, which is letters, digits, '.', '_' and '-'.")
    return name


def get_profile(profiles: Mapping[str, PromptProfile], name: str) -> PromptProfile:
    """Return the profile of a name; raises `UsageError`, which lists the names, when there is none."""
    if name not in profiles:
        raise UsageError(f"There is no prompt profile '{name}'; there are: {', '.join(sorted(profiles))}.")
    return profiles[name]

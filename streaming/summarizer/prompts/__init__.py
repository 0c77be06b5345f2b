"""Prompt profiles: what the model is told, by name. A document names a profile; it never brings instructions."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from importlib import resources

from streaming.errors import UsageError
from streaming.protocol import Message

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True)
class PromptProfile:
    """A named task: `system` is the instruction; the text to summarize is the user's message and nothing else is.

    A model that only goes on with a text is given both and then `cue`, after which a summary is what comes next.
    """

    name: str
    system: str
    cue: str = "Summary:"

    @property
    def sha256(self) -> str:
        """Hash of everything in the profile that decides the output of a chat."""
        return hashlib.sha256(self.system.encode()).hexdigest()

    def messages(self, text: str, *, completion: bool = False) -> list[Message]:
        """Return what asks for a summary of `text`: a chat, or with `completion` one whose answer has begun."""
        chat = [Message("system", self.system), Message("user", text)]
        return [*chat, Message("assistant", self.cue)] if completion else chat


def load_profiles() -> dict[str, PromptProfile]:
    """Return the profiles that gistream ships, by name."""
    files = resources.files(__name__).iterdir()
    return {
        profile.name: profile
        for file in files
        if file.name.endswith(".toml")
        for profile in [_read(file.name.removesuffix(".toml"), file.read_text(encoding="utf-8"))]
    }


def known_profile(profiles: dict[str, PromptProfile], name: str) -> PromptProfile:
    """Return the profile that the settings name; raises `UsageError` with the names there are."""
    if name not in profiles:
        raise UsageError(f"There is no prompt profile '{name}'; there are: {', '.join(sorted(profiles))}.")
    return profiles[name]


def _read(name: str, text: str) -> PromptProfile:
    return PromptProfile(name=name, **tomllib.loads(text))

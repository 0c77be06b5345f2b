"""Plans the store of a query: where it is, and what its keys name beside the document."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from streaming.engine import ModelFile
from streaming.planning.token_limits import TokenLimits
from streaming.settings import Settings
from streaming.store import ModelIdentity

_PACKAGE = Path(__file__).parents[1]
# The code that makes tokens of messages, and that of a document's summary: other code, other results.
_GENERATING = ("engine/lanes", "protocol.py")
_SUMMARIZING = ("summarizer", "encoding")


@dataclass(frozen=True)
class StorePlan:
    """The store of a query: its folder or URL, the model that its keys name, and the hash of the summarizer's code."""

    url: str
    model: ModelIdentity
    code: str


def plan_store(settings: Settings, original: ModelFile, model: ModelFile, limits: TokenLimits) -> StorePlan | None:
    """Return the plan of the store; None where the settings, or a cluster without a shared folder, leave it out."""
    if settings.store == "off" or (settings.store == "auto" and not settings.is_local):
        return None
    identity = ModelIdentity(
        sha256=original.sha256,
        representation=model.representation,
        llama_cpp=f"{version('llama-cpp-python')} {code_hash(*_GENERATING)}",
        style=settings.prompt_style,
        thinking_tokens=limits.thinking_tokens,
        context=limits.context,
    )
    return StorePlan(store_url(settings), identity, f"{code_hash(*_SUMMARIZING)} {libraries_hash()}")


def store_url(settings: Settings) -> str:
    """Return the folder or URL of the store that the settings name, also where it is not used."""
    return str(settings.data_dir / "store") if settings.store in ("auto", "off") else settings.store


@cache
def libraries_hash() -> str:
    """Return a hash of the versions of all libraries that gistream needs: they cut, count and choose sentences, too."""
    versions = []
    for requirement in requires("gistream") or []:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        # An extra's may be absent.
        with suppress(PackageNotFoundError):
            versions.append(f"{name} {version(name)}")
    return sha256("\n".join(sorted(versions)).encode()).hexdigest()[:16]


@cache
def code_hash(*paths: str) -> str:
    """Return a hash of the code and data in these folders and files of the package."""
    digest = sha256()
    for path in paths:
        place = _PACKAGE / path
        for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(file.relative_to(_PACKAGE).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]

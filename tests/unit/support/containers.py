"""docker-compose.yml and the Dockerfile, read: services, commands, settings, instructions, what reaches the build."""

from __future__ import annotations

import fnmatch
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import typer.main
import yaml

from streaming.cli.main import app
from streaming.settings import Settings, load, pairs

ROOT = Path(__file__).parents[3]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("gistream:")}
BROKER = SERVICES["broker"]
# ${NAME:-default} or ${NAME}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
# Steps that only an image's own Debian can do, as root.
OF_DEBIAN = re.compile(r"\b(apt-get|groupadd)\b")


def filled(value: Any) -> str:
    """Return a value of the compose file as it is when no variable is set."""
    return VARIABLE.sub(lambda found: found[2] or "", str(value))


def command_lines() -> list[tuple[str, list[str]]]:
    """Return (service, arguments of gistream) of every command and health check."""
    lines = [(name, service["command"]) for name, service in OURS.items()]
    for name, service in OURS.items():
        if (test := service.get("healthcheck", {}).get("test")) is not None:
            assert test[:2] == ["CMD", "gistream"], name
            lines.append((name, test[2:]))
    return lines


def parse(arguments: list[str]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Have the real command line read `arguments`; returns the command and its parameters. Runs nothing."""
    found: list[tuple[tuple[str, ...], dict[str, Any]]] = []

    def record(command: Any, path: tuple[str, ...] = ()) -> None:
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                record(inner, (*path, name))
        else:
            command.callback = lambda **values: found.append((path, values))

    command = typer.main.get_command(app)
    record(command)
    command.main(list(arguments), standalone_mode=False)
    [read] = found
    return read


def settings_of(service: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return the settings that a command of `service` has in its container."""
    with monkeypatch.context() as container:
        for name, value in {**IMAGE.environment, **OURS[service]["environment"]}.items():
            if value is not None and name.startswith("GISTREAM_"):
                container.setenv(name, filled(value))
        _, values = parse(arguments)
        given = {n: v for n, v in values.items() if n in Settings.model_fields and v not in (None, ())}
        given |= {n: pairs(list(given[n]), f"--{n}") for n in ("kafka", "field") if n in given}
        return load(given)


def seconds(duration: str) -> int:
    found = re.fullmatch(r"(\d+)(s|m)", duration)
    assert found, duration
    return int(found[1]) * {"s": 1, "m": 60}[found[2]]


def mounts(service: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Return what is mounted where: the source, and whether it is read-only, by the path in the container."""
    read = [filled(mount).split(":") for mount in service.get("volumes", [])]
    return {target: (source, "ro" in options) for source, target, *options in read}


def listeners(name: str) -> dict[str, tuple[str, int]]:
    """Return (host, port) of each listener that a variable of the broker lists."""
    return {
        listener: (address.rpartition(":")[0], int(address.rpartition(":")[2]))
        for listener, _, address in (one.partition("://") for one in BROKER["environment"][name].split(","))
    }


@dataclass(frozen=True)
class Instruction:
    word: str
    rest: str


@dataclass(frozen=True)
class Image:
    """The Dockerfile: its instructions, a list for each stage; the last is what runs."""

    stages: list[list[Instruction]]

    @classmethod
    def read(cls, text: str) -> Image:
        code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
        lines = [line.strip() for line in re.sub(r"\\\n\s*", "", code).splitlines()]
        stages: list[list[Instruction]] = []
        for line in filter(None, lines):
            word, _, rest = line.partition(" ")
            if word == "FROM":
                stages.append([])
            stages[-1].append(Instruction(word, rest.strip()))
        return cls(stages)

    def all(self, word: str, *, of: slice = slice(None)) -> list[str]:
        return [one.rest for stage in self.stages[of] for one in stage if one.word == word]

    def last(self, word: str) -> str:
        return self.all(word, of=slice(-1, None))[-1]

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.all("ENV", of=slice(-1, None)))

    @property
    def copied(self) -> list[str]:
        """What is copied out of the repository."""
        copies = [shlex.split(copy) for copy in self.all("COPY") if "--from" not in copy]
        return [source for copy in copies for source in copy[:-1]]


def environment(lines: list[str]) -> dict[str, str]:
    return {name: value for line in lines for name, _, value in (word.partition("=") for word in shlex.split(line))}


IMAGE = Image.read((ROOT / "Dockerfile").read_text())


def is_ignored(path: str) -> bool:
    """Tell whether .dockerignore keeps `path` out of the build: the last line that matches it, or a parent, counts."""
    ignored = False
    here = PurePosixPath(path)
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.removeprefix("!")
        if any(matches(str(one), pattern) for one in (here, *here.parents) if str(one) != "."):
            ignored = not line.startswith("!")
    return ignored


def matches(path: str, pattern: str) -> bool:
    """Match as .dockerignore does, for what ours uses: a star within a part of a path, `**/` for any folders."""
    if pattern.startswith("**/"):
        return fnmatch.fnmatchcase(PurePosixPath(path).name, pattern.removeprefix("**/"))
    parts, wanted = path.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))


def tracked(path: str) -> list[str]:
    """Return the files of the repository that are `path` or below it, new ones too."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", path]
    return subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()

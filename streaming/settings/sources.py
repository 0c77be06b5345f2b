"""The sources of settings, and the source of each value.

A value is taken from the first of these that has one: a flag, the environment (`GISTREAM_NAME`), the file
`gistream.toml` (in the working directory, or where `GISTREAM_CONFIG` says), the embedded broker of the data dir (for
`bootstrap_servers` alone), the default.
"""

from __future__ import annotations

import json
import logging
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from streaming.errors import UsageError
from streaming.settings.fields import Settings
from streaming.settings.kafka_client_options import NAMES
from streaming.settings.kafka_options import flat
from streaming.settings.kafka_secrets import HOW, has_secret_text, is_secret
from streaming.settings.misplaced import guess, no_setting, no_table
from streaming.settings.record_fields import DOCUMENT_FIELDS
from streaming.text_files import parse_toml, read_text

_log = logging.getLogger(__name__)
_MASK = "********"
# Files of which a warning was given: a command may load its settings more than once.
_warned_of: set[Path] = set()
# The token of a dashboard: no setting, which `config show` would print.
DASHBOARD_VARIABLE = "GISTREAM_DASHBOARD_TOKEN"
# What stands below each table of the file.
_TABLES = {"kafka": NAMES, "field": DOCUMENT_FIELDS}


class _Sources(Settings, BaseSettings):
    """The settings as pydantic-settings reads them."""

    model_config = SettingsConfigDict(env_prefix="GISTREAM_", frozen=True, extra="forbid")


class Origins(dict[str, str]):
    """The source of each setting's value, by name."""


def load(flags: Mapping[str, Any] | None = None) -> Settings:
    """Merge flags (None: not used), environment, file, embedded broker and defaults.

    Raises `UsageError` with the name of what is wrong.
    """
    return load_with_origins(flags)[0]


def load_with_origins(flags: Mapping[str, Any] | None = None) -> tuple[Settings, Origins]:
    """Do the same as `load`, and return the source of each value, too."""
    config = Path(os.environ.get("GISTREAM_CONFIG", "gistream.toml"))
    if "GISTREAM_CONFIG" in os.environ and not config.is_file():
        raise UsageError(f"GISTREAM_CONFIG names {config}, which is not there.")
    if config.is_symlink() and not config.exists():
        raise UsageError(f"{config} is a link to a file that is not there: correct the link, or delete it.")
    if config.is_dir():
        raise UsageError(f"{config} is a folder; the settings stand in a file of this name.")
    in_file = parse_toml(read_text(config), str(config)) if config.is_file() else {}
    _warn_of_readers(config, in_file)
    try:
        in_environment = EnvSettingsSource(_Sources)()
    except (SettingsError, ValueError) as error:
        raise UsageError(f"The settings in the environment cannot be read: {error}.") from error
    _refuse_unknown(os.environ)
    in_flags = {name: value for name, value in (flags or {}).items() if value is not None}
    layers = [(str(config), in_file), ("environment", in_environment), ("flag", in_flags)]
    values: dict[str, Any] = {}
    origins = Origins(dict.fromkeys(Settings.model_fields, "default"))
    for origin, layer in layers:
        for name, raw in layer.items():
            value = flat(raw) if name == "kafka" else raw
            if isinstance(values.get(name), dict) and isinstance(value, dict):
                values[name], origins[name] = {**values[name], **value}, f"{origins[name]}, {origin}"
            else:
                values[name], origins[name] = value, origin
    data_dir = Path(values.get("data_dir") or user_data_path("gistream")).expanduser().absolute()
    values["data_dir"] = data_dir
    if "bootstrap_servers" not in values and (address := embedded_address(data_dir)):
        values["bootstrap_servers"], origins["bootstrap_servers"] = address, "embedded broker"
    try:
        return Settings(**values), origins
    except ValidationError as error:
        raise UsageError(_explain(error, origins, values)) from error


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return the settings with other values; raises `UsageError` when they do not go together."""
    values = {**settings.model_dump(), **changes}
    try:
        return Settings(**values)
    except ValidationError as error:
        raise UsageError(_explain(error, Origins(dict.fromkeys(values, "this command")), values)) from error


def _warn_of_readers(config: Path, in_file: Mapping[str, Any]) -> None:
    """Warn once when the file has a secret, and every user of this machine may read it."""
    options = flat(in_file.get("kafka", {}))
    if not isinstance(options, dict) or config in _warned_of:
        return
    secrets = [name for name, value in options.items() if has_secret_text(name, value)]
    secret = next((name for name in (*secrets, "schema_registry_login") if name in {*secrets, *in_file}), None)
    if secret is not None and config.stat().st_mode & stat.S_IROTH:
        _warned_of.add(config)
        _log.warning(
            "Every user of this machine can read %s, which holds a secret (%s); run `chmod 600 %s`.",
            config, secret, config,
        )  # fmt: skip


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    names = {f"GISTREAM_{name.upper()}" for name in Settings.model_fields} | {"GISTREAM_CONFIG", DASHBOARD_VARIABLE}
    if unknown := [name for name in environment if name.upper().startswith("GISTREAM_") and name.upper() not in names]:
        similar = guess(unknown[0].upper(), names)
        raise UsageError(
            f"There is no setting for the environment variable {unknown[0]}{similar}; `gistream config show` lists all "
            "settings."
        )


def address_file(data_dir: Path) -> Path:
    """Return the file in which the embedded broker writes its address for other commands."""
    return data_dir / "broker" / "address.json"


def embedded_address(data_dir: Path) -> str | None:
    """Return the address of the data dir's embedded broker, running or not; None when it was never started."""
    try:
        address = json.loads(address_file(data_dir).read_text())["bootstrap_servers"]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"The data dir {data_dir} cannot be used: {error.strerror}; choose another.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{address_file(data_dir)} cannot be read ({error}); delete it and start the broker."
        ) from error
    return str(address)


def printable(settings: Settings) -> dict[str, Any]:
    """Return all settings by name, with masked secrets and with paths as text."""
    values = settings.model_dump(mode="json")
    values["kafka"] = {name: _MASK if is_secret(name) else value for name, value in settings.kafka.items()}
    if settings.schema_registry_login is not None:
        values["schema_registry_login"] = _MASK
    values["sink"] = [without_login(sink) for sink in settings.sink]
    values["uri_roots"] = [without_login(root) for root in settings.uri_roots]
    return values


def without_login(text: str) -> str:
    """Return `text` with logins masked: the part of a URL before the last @, and parameters that look like secrets."""
    text = re.sub(r"(?<=://)[^\s?]*(?=@)", _MASK, text)
    return re.sub(
        r"(?i)([?&][^=&\s]*(?:key|secret|token|password|sas|sig|account)[^=&\s]*=)[^&\s]+", rf"\1{_MASK}", text
    )


def pairs(flags: list[str] | None, option: str) -> dict[str, str] | None:
    """Return `name=value` flags as a dictionary; raises `UsageError` for one without a '=', and for a secret."""
    if not flags:
        return None
    values = {}
    for pair in flags:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            # The value may be a secret, so the pair is not repeated.
            raise UsageError(f"{option} takes name=value; one of those given has no '=' after a name.")
        if option == "--kafka":
            name = name.removeprefix("kafka.")
            if has_secret_text(name, value):
                raise UsageError(
                    f"The Kafka option '{name}' is a secret, and a flag shows in the list of processes; {HOW}."
                )
        values[name] = value
    return values


def _explain(error: ValidationError, origins: Origins, values: Mapping[str, Any]) -> str:
    problems = []
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else ""
        if name and name not in Settings.model_fields:
            remedy = no_setting(name, values[name], _TABLES, Settings.model_fields)
            problems.append(f"there is no setting '{name}' (from {origins[name]}){remedy}")
        elif name:
            remedy = "" if name in _TABLES else no_table(name, values[name], Settings.model_fields)
            problems.append(f"{name} (from {origins[name]}): {_reason(problem)}{remedy}")
        else:
            problems.append(_reason(problem))
    return f"The settings are wrong: {'; '.join(problems)}. `gistream config show` lists them all."


def _reason(problem: ErrorDetails) -> str:
    if problem["type"] == "dict_type":
        name = problem["loc"][0]
        return f"it is a table: in a file, [{name}] and a line for each name below it; in the environment, JSON"
    return problem["msg"].removeprefix("Value error, ")

"""Secrets among Kafka's options: which they are, and references to files and variables that hold them.

A reference has the form of Kafka's own config providers, so Java's clients read it by themselves, and the secret is in
no option of Spark's: `${directory:/run/secrets:kafka-password}` is the content of a file, `${env:KAFKA_PASSWORD}` that
of a variable. No message has anything of a secret.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from streaming.errors import UsageError

_SECRET = re.compile(r"password|secret|jaas|keystore\.key|private|token(?!\.endpoint)", re.IGNORECASE)
_REFERENCE = re.compile(r"\$\{(directory|env|file):([^}]*)\}")
# A value of a login that is a secret: username, scope and client id are none.
_LOGIN_SECRET = re.compile(r'(?i)(?:password|secret)\s*=\s*"((?:[^"\\]|\\.)*)"')
# What stands between quotation marks in a login is read with backslashes.
_IN_QUOTES = re.compile(r'(?:[^"\\\r\n]|\\["\\])*')
_JAAS = "sasl.jaas.config"
# A chain of certificates with its key takes some kilobytes; Kubernetes takes no more for a secret.
_LARGEST = 2**20
# Kafka's classes, by the word that a reference begins with.
_PROVIDERS = {
    "directory": "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
    "env": "org.apache.kafka.common.config.provider.EnvVarConfigProvider",
}
HOW = (
    "write it into gistream.toml or GISTREAM_KAFKA, or name a file that holds it: ${directory:/run/secrets:NAME} "
    "(docs/security.md)"
)


def is_secret(name: str) -> bool:
    """Tell whether the value of the option `name` must never be shown."""
    return _SECRET.search(name) is not None


def has_secret_text(name: str, value: str) -> bool:
    """Tell whether the value of an option holds a secret itself, not only a reference to one."""
    if not is_secret(name):
        return False
    if name == _JAAS and (secrets := _LOGIN_SECRET.findall(value)):
        return any(_REFERENCE.sub("", secret) for secret in secrets)
    return bool(_REFERENCE.sub("", value).strip())


def with_secrets(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options with what their references name; raises `UsageError` for a reference to nothing."""
    return {
        name: _REFERENCE.sub(lambda match, name=name, value=value: _read(match, name, value), value)  # type: ignore[misc]
        for name, value in options.items()
    }


def provider_options(options: Mapping[str, str]) -> dict[str, str]:
    """Return the options by which Java's clients read the references of `options`; none where there is no reference."""
    used = {match[1] for value in options.values() for match in _REFERENCE.finditer(value)}
    if not used:
        return {}
    classes = {f"config.providers.{name}.class": _PROVIDERS[name] for name in sorted(used)}
    return {"config.providers": ",".join(sorted(used)), **classes}


def _read(match: re.Match[str], name: str, value: str) -> str:
    kind, place = match[1], match[2]
    if kind == "file":
        raise UsageError(
            f"The Kafka option '{name}' has a reference to a line of a file; gistream knows "
            "${directory:FOLDER:FILE}, a whole file, and ${env:NAME}."
        )
    text, where = _variable(place, name) if kind == "env" else _file(place, name)
    quoted = name == _JAAS and match[0] != value.strip()
    if not text:
        raise UsageError(f"The Kafka option '{name}' refers to {where}, which is empty.")
    if text != text.rstrip("\r\n") and (quoted or name != _JAAS):
        raise UsageError(
            f"The Kafka option '{name}' refers to {where}, which ends with a line break that would belong to the "
            "secret; write it without one (printf '%s')."
        )
    if quoted and not _IN_QUOTES.fullmatch(text):
        raise UsageError(
            f"The Kafka option '{name}' refers to {where}, which has a quotation mark or a backslash; put a backslash "
            "before each of them, as this option needs it."
        )
    return text


def _variable(variable: str, name: str) -> tuple[str, str]:
    if variable not in os.environ:
        raise UsageError(f"The Kafka option '{name}' refers to the environment variable {variable}, which is not set.")
    return os.environ[variable], f"the environment variable {variable}"


def _file(place: str, name: str) -> tuple[str, str]:
    folder, colon, file = place.rpartition(":")
    path = Path(folder, file)
    if not colon or "/" in file or not folder.startswith("/"):
        raise UsageError(
            f"The Kafka option '{name}' has a reference in a wrong form; it is ${{directory:/FOLDER:FILE}}, with the "
            "whole path of the folder."
        )
    try:
        status = path.stat()
        # To open a FIFO would wait for somebody who writes into it.
        if stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST:
            return path.read_text(encoding="utf-8"), f"the file {path}"
        problem = f"it has {status.st_size:,} bytes" if stat.S_ISREG(status.st_mode) else "it is no regular file"
    except OSError as error:
        problem = str(error.strerror)
    except UnicodeDecodeError:
        problem = "it is not UTF-8"
    raise UsageError(f"The Kafka option '{name}' refers to {path}, which cannot be read: {problem}.")

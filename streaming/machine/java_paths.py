"""The names of files for Java programs: the locale by which Java decodes them, and the paths that it cannot use."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from streaming.errors import MachineError

# In English, because Java's errors are recognized by their words. The first is in every Linux of these years.
_LOCALES = ("C.UTF-8", "C.utf8", "en_US.UTF-8")
# The same in glibc and musl.
_LC_CTYPE_MASK = 1


def java_environment() -> dict[str, str]:
    """Return the environment for a Java program: this one, with a locale in which the names of files are UTF-8."""
    locale = utf8_locale()
    return {**os.environ, **({} if locale is None else {"LC_ALL": locale})}


@cache
def utf8_locale() -> str | None:
    """Return a locale of UTF-8 that this system has, or None; Java on macOS needs none."""
    if sys.platform == "darwin":
        return None
    new_locale = ctypes.CDLL(None).newlocale
    new_locale.restype = ctypes.c_void_p
    return next((name for name in _LOCALES if new_locale(_LC_CTYPE_MASK, name.encode(), None)), None)


def java_refusal(path: Path) -> str | None:
    """Return why Java programs cannot use `path`, as a sentence without its full stop; None when they can."""
    text = str(path)
    try:
        needs_locale = not text.encode().isascii() and sys.platform != "darwin"
    except UnicodeEncodeError:
        return f"Java cannot use {os.fsencode(path)!r}, because it is not UTF-8; choose another path"
    if any(character < " " or character == "\x7f" for character in text):
        return f"Java cannot use {text!r}, because it has control characters; choose another path"
    if needs_locale and utf8_locale() is None:
        return (
            f"Java cannot use {text}, because this system has no UTF-8 locale; install one (C.UTF-8), or choose a path "
            "of ASCII characters"
        )
    return None


def check_path(path: Path) -> None:
    """Raise `MachineError` for a path that Java programs cannot use."""
    if sentence := java_refusal(path):
        raise MachineError(f"{sentence}.")


def class_path(jars: Sequence[Path]) -> str:
    """Return the class path of jars; raises `MachineError` when Java cannot find them by it."""
    for jar in jars:
        check_path(jar)
        # It separates the jars, and nothing escapes it.
        if os.pathsep in str(jar):
            raise MachineError(f"Java cannot load {jar}, because of the '{os.pathsep}'; set M2_REPO to another folder.")
    return os.pathsep.join(map(str, jars))

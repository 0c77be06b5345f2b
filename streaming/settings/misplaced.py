"""Names at the wrong place of a settings file: a setting that stands below a table, and names that are no settings.

In TOML everything below a line such as [kafka] belongs to that table, up to the next such line. So a setting that is
written below a table would be an option of that table, and change nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

# Below it difflib's guesses are of other words: "slots" and "ladder" are alike by 0.36, "slost" and "slots" by 0.8.
_ALIKE = 0.75


def refuse_settings(names: Iterable[str], table: str, settings: Collection[str]) -> None:
    """Raise `ValueError` for those of `names`, which stand below [`table`], that are settings."""
    # Kafka's address has the same name as its setting.
    misplaced = [f"'{name}'" for name in names if name != "bootstrap.servers" and _is_setting(name, settings)]
    if misplaced:
        several = len(misplaced) > 1
        raise ValueError(
            f"{' and '.join(misplaced)} {'stand' if several else 'stands'} below [{table}] and "
            f"{'are settings' if several else 'is a setting'} of gistream; in a file, move "
            f"{'them' if several else 'it'} above the first line in brackets"
        )


def guess(name: str, names: Iterable[str]) -> str:
    """Return " (did you mean '...'?)" for a name that is like one of `names`, else nothing."""
    alike = get_close_matches(name, list(names), n=1, cutoff=_ALIKE)
    return f" (did you mean '{alike[0]}'?)" if alike else ""


def no_setting(name: str, value: Any, tables: Mapping[str, Collection[str]], settings: Collection[str]) -> str:
    """Return what to do about `name`, which is no setting; `tables` are the names that may stand below each table."""
    below = set(_dotted(name, value))
    for table, names in tables.items():
        if below & set(names):
            return f"; it belongs below the line [{table}]"
    return no_table(name, value, settings) or guess(name.casefold().replace("-", "_"), settings)


def no_table(name: str, value: Any, settings: Collection[str]) -> str:
    """Return what to do about a table `name`, which there is not, when settings stand below it; else nothing."""
    inside = [key for key in value if _is_setting(key, settings)] if isinstance(value, Mapping) else []
    if not inside:
        return ""
    return f"; there is no table [{name}]: move '{inside[0]}' above the first line in brackets of the file"


def _is_setting(name: str, settings: Collection[str]) -> bool:
    """Tell whether `name` or its beginning is a setting, written as in the file, as a flag or as Kafka's options."""
    plain = name.casefold().replace("-", "_")
    return plain.replace(".", "_") in settings or plain.partition(".")[0] in settings


def _dotted(name: str, value: Any) -> list[str]:
    """Return the dotted names that a value of TOML has: one, or those of the tables in it."""
    if not isinstance(value, Mapping):
        return [name]
    return [inner for key, item in value.items() for inner in _dotted(f"{name}.{key}", item)]

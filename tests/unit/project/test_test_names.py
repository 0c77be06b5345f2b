"""Tests of the whole suite are collected together, as modules without packages: each needs a name of its own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[2]


def test_no_two_test_files_of_the_suite_have_one_name() -> None:
    files = [
        file for folder in ("unit", "spark", "integration", "browser") for file in (TESTS / folder).rglob("test_*.py")
    ]
    assert [name for name, count in Counter(file.name for file in files).items() if count > 1] == []

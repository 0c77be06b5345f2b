from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tools"))
from write_docs import pages  # noqa: E402


@pytest.mark.parametrize("page", pages())
def test_the_generated_pages_are_in_step_with_the_code(page: str) -> None:
    assert (ROOT / "docs" / page).read_text() == pages()[page], "run `python tools/write_docs.py`"


def test_every_exit_code_is_in_the_docs() -> None:
    from streaming import errors

    codes = {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}
    documented = set(map(int, re.findall(r"(?m)^\| (\d+) \|", (ROOT / "docs" / "running.md").read_text())))
    assert codes <= documented


def test_every_link_in_the_docs_leads_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_stop_message_in_the_docs_is_one_that_the_code_says() -> None:
    code = "".join(path.read_text() for path in (ROOT / "streaming").rglob("*.py"))
    # Adjacent strings are one.
    code = re.sub(r'"\s*\n\s*f?"', "", code)
    table = (ROOT / "docs" / "running.md").read_text().split("## When a running query stops")[1]
    quoted = [quote for row in re.findall(r"(?m)^\| (`[^|]+) \|", table) for quote in re.findall(r"`([^`]+)`", row)]
    assert len(quoted) > 15
    assert [quote for quote in quoted if quote not in code] == []

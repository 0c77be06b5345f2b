from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
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
    for page in PAGES:
        for target, _, heading in re.findall(r"\]\(([^)#\s]*)(#([^)\s]+))?\)", page.read_text()):
            if "://" in target:
                continue
            to = page.parent / target if target else page
            assert to.exists(), f"{page.name}: {target}"
            assert not heading or heading in headings(to), f"{page.name}: {target}#{heading}"


def headings(page: Path) -> set[str]:
    """Return the anchors that a page has, as a Markdown viewer makes them of its headings."""
    titles = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?s)```.*?```", "", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_table_of_contents_has_every_page() -> None:
    listed = set(re.findall(r"\]\(([^)#]+)\)", (ROOT / "docs" / "README.md").read_text()))
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert pages <= listed


def test_every_file_that_a_page_names_exists() -> None:
    for page in PAGES:
        text = page.read_text()
        # Both tell of code that is gone.
        if page.name in ("CHANGELOG.md", "measurements.md"):
            continue
        if page.name == "architecture.md":
            # The second column of its last table names files that are still to be written.
            text, table = text.split("## Where do I put ...")
            text += re.sub(r"(?m)^\|([^|]*)\|[^|]*\|", r"|\1|", table)
        for name in re.findall(
            r"`((?:streaming|producers|consumers|benchmarks|evaluation|tests|tools|examples|docs)/[^`*<> ]*)`", text
        ):
            assert (ROOT / name).exists(), f"{page.name}: {name}"


def test_every_text_that_a_page_summarizes_is_in_the_checkout_or_made_on_the_page() -> None:
    found = 0
    for page in PAGES:
        blocks = "".join(re.findall(r"(?s)```sh\n(.*?)```", page.read_text()))
        for command in re.finditer(r"(?m)^gistream summarize (\S+)", blocks):
            made = f"> {command[1]}\n" in blocks[: command.start()]
            assert made or (ROOT / command[1]).exists(), f"{page.name}: {command[1]}"
            found += 1
    assert found >= 5


def test_every_room_is_on_the_page_of_the_architecture() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rooms = [path.name for path in (ROOT / "streaming").iterdir() if (path / "__init__.py").exists()]
    assert [room for room in rooms if f"| `{room}/` |" not in page] == []


def test_every_measurement_that_the_code_cites_has_a_section() -> None:
    page = (ROOT / "docs" / "design" / "measurements.md").read_text()
    sections = {title.lower() for title in re.findall(r"(?m)^## (.+)$", page)}
    for room in ("streaming", "producers", "consumers", "benchmarks", "evaluation", "tools"):
        for path in [*(ROOT / room).rglob("*.py"), *(ROOT / room).rglob("*.toml")]:
            # A comment may go over several lines.
            code = re.sub(r"\s*\n\s*(#\s*)?", " ", path.read_text())
            assert "design measurements" not in code, path
            for topic in re.findall(r"measurements\.md, ([^);.]+)", code):
                assert topic.strip().lower() in sections, f"{path.relative_to(ROOT)}: {topic}"


def test_every_stop_message_in_the_docs_is_one_that_the_code_says() -> None:
    code = "".join(path.read_text() for path in (ROOT / "streaming").rglob("*.py"))
    # Adjacent strings are one.
    code = re.sub(r'"\s*\n\s*f?"', "", code)
    table = (ROOT / "docs" / "running.md").read_text().split("## When a running query stops")[1]
    quoted = [quote for row in re.findall(r"(?m)^\| (`[^|]+) \|", table) for quote in re.findall(r"`([^`]+)`", row)]
    assert len(quoted) > 15
    assert [quote for quote in quoted if quote not in code] == []

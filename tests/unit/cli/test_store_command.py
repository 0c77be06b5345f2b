"""`gistream store`: what it says of a store, and how it ends."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streaming.cli.main import app
from streaming.storage import Folder
from streaming.store import Labels, Store

KEY = "3f" + "0" * 62


@pytest.fixture
def store(tmp_path: Path) -> Path:
    labels = Labels("document", "recipe", 1_700_000_000.0)
    asyncio.run(Store(Folder(str(tmp_path / "store"))).put("generations", KEY, labels, {"text": "The mill burned."}))
    return tmp_path / "store"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["store", *arguments])
    return result.exit_code, result.stdout


def test_a_damaged_entry_is_an_exit_code_for_scripts(store: Path) -> None:
    assert run("verify", "--store", str(store)) == (0, "1 entry, 0 of them damaged\n")
    [entry] = store.rglob("*.json")
    entry.write_bytes(entry.read_bytes()[:-10])
    assert run("verify", "--store", str(store)) == (1, "1 entry, 1 of them damaged\n")


def test_stats_say_when_a_store_is_not_used(tmp_path: Path) -> None:
    code, text = run("stats", "--store", "off", "--data-dir", str(tmp_path), "--json")
    assert (code, json.loads(text)["used"]) == (0, False)
    assert "not used" in run("stats", "--store", "off", "--data-dir", str(tmp_path))[1]

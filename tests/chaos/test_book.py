"""What a book costs after a kill and after a change, with the real model: `make chaos BOOK=book.txt`."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from installation import command, command_environment, keep_a_tuning

from streaming.store.store import SUFFIX

BOOK = os.environ.get("BOOK")
# About a hundred chunks of 800 tokens.
CHARACTERS = 300_000
NEW_PARAGRAPH = (
    "On the next morning the old miller came down to the river with his two dogs. He counted the sacks that were left, "
    "wrote the number on the door, and told the boys to take the road over the hill before the rain began.\n\n"
)


def arguments(book: Path, store: Path) -> list[str]:
    return command("summarize", str(book), "--store", str(store), "--json")


def summarize(book: Path, store: Path, data_dir: Path) -> dict[str, Any]:
    ended = subprocess.run(
        arguments(book, store), env=command_environment(data_dir), capture_output=True, text=True, check=True
    )
    summary: dict[str, Any] = json.loads(ended.stdout)
    return summary


def tokens(summary: dict[str, Any]) -> int:
    return int(summary["tokens"]["prompt"] + summary["tokens"]["completion"])


def answers(store: Path) -> int:
    return sum(1 for _ in (store / "generations").rglob(f"*{SUFFIX}"))


def kill_at(share: float, total: int, book: Path, store: Path, data_dir: Path) -> None:
    """Start to summarize, and kill the process when this share of all answers is in the store."""
    running = subprocess.Popen(
        arguments(book, store), env=command_environment(data_dir), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while answers(store) < share * total:
        assert running.poll() is None, "it ended before the kill"
        time.sleep(0.1)
    running.kill()
    running.wait()


@pytest.mark.timeout(3600)
@pytest.mark.skipif(BOOK is None, reason="needs the text of a book: make chaos BOOK=book.txt")
def test_a_book_pays_only_for_what_a_kill_or_a_new_paragraph_left_to_do(tmp_path: Path) -> None:
    keep_a_tuning(tmp_path)
    text = Path(str(BOOK)).read_text(encoding="utf-8")
    start = text.index("\n\n", len(text) // 10)
    book, longer = tmp_path / "book.txt", tmp_path / "longer.txt"
    book.write_text(text[start : start + CHARACTERS])
    middle = text.index("\n\n", start + CHARACTERS // 2) + 2
    longer.write_text(text[start:middle] + NEW_PARAGRAPH + text[middle : start + CHARACTERS])

    cold = summarize(book, tmp_path / "cold", tmp_path)
    kill_at(0.5, answers(tmp_path / "cold"), book, tmp_path / "killed", tmp_path)
    after_kill = summarize(book, tmp_path / "killed", tmp_path)
    with_paragraph = summarize(longer, tmp_path / "killed", tmp_path)
    again = summarize(longer, tmp_path / "killed", tmp_path)
    shares = [tokens(summary) / tokens(cold) for summary in (after_kill, with_paragraph, again)]
    print(f"{cold['chunks']} chunks, {tokens(cold):,} tokens cold; after a kill at half of them {shares[0]:.1%}; ")
    print(f"one paragraph more in the middle {shares[1]:.1%}; the same again {shares[2]:.1%}")
    assert shares[0] <= 0.55
    assert shares[1] <= 0.05
    assert (shares[2], again["reused"]) == (0, True)

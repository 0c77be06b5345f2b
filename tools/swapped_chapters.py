"""How well grounding tells that a summary is of another text: chapters of one book, swapped among themselves.

    make swapped BOOK=war-and-peace.txt

Summarizes chapters as the service does by default, holds each summary against its own chapter and against ten others,
and prints for some thresholds which share of the right and of the wrong ones has less grounding. Chapters of one book
share names, places and words, so they are harder to tell apart than texts of different kinds.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.texts import chapters
from streaming.engine import open_model
from streaming.errors import UsageError, run_command
from streaming.machine.cores import usable_cores
from streaming.messages import Document, Summary
from streaming.pipeline.offline import summarize_documents
from streaming.planning.engine_choice import choose
from streaming.planning.work import plan_work
from streaming.settings import load
from streaming.summarizer.guards.grounding import grounding

OTHERS = 10
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)


def main() -> None:
    """Print the table; raises `UsageError` for a book without such chapters, and the errors of the engine."""
    parser = argparse.ArgumentParser(description="Hold summaries of chapters against other chapters.")
    parser.add_argument("book", type=Path, help="a text file of Project Gutenberg")
    parser.add_argument("--split", default="CHAPTER .+", help="what a chapter's first line looks like")
    parser.add_argument("--chapters", type=int, default=100, help="how many to summarize")
    parser.add_argument("--skip", type=int, default=0, help="how many to leave out before them")
    parser.add_argument("--words", type=int, default=500, help="words of a chapter to take; 0: all")
    parser.add_argument("--no-ladder", action="store_true", help="take the model's first answer")
    parser.add_argument("--json", type=Path, help="write the summaries to this file, a line each")
    options = parser.parse_args()
    parts = chapters(options.book, split=options.split, words=options.words or 500, whole=not options.words)
    texts = [part.text for part in parts[options.skip : options.skip + options.chapters]]
    if len(texts) < 2:
        raise UsageError(f"{options.book} has {len(parts)} chapters, and {options.skip} are skipped; two are needed.")
    if options.json is not None and not options.json.parent.is_dir():
        raise UsageError(f"There is no folder {options.json.parent} for {options.json.name}; make it first.")
    summaries = list(summarize(texts, ladder=not options.no_ladder))
    if options.json is not None:
        lines = [json.dumps(dict(zip(("text", "summary", "status"), row, strict=True))) for row in summaries]
        options.json.write_text("\n".join([*lines, ""]))
    right, wrong = scores([(text, summary) for text, summary, _ in summaries])
    statuses = Counter(status for *_, status in summaries)
    print(
        f"{len(right)} summaries of {len(texts)} chapters, {statuses['repaired']} repaired, "
        f"{statuses['extractive_fallback']} extracts; {len(wrong)} pairs with another"
    )
    print("grounding below   of the right   of the wrong")
    for threshold in THRESHOLDS:
        print(f"{threshold:15.2f}   {below(right, threshold):12.1%}   {below(wrong, threshold):12.1%}")
    limit = sorted(right)[len(right) // 20]
    print(f"below the 5% of the right ones with least ({limit:.3f}): {below(wrong, limit):.1%} of the wrong")


def summarize(texts: list[str], *, ladder: bool) -> Iterator[tuple[str, str, str]]:
    """Yield text, summary and status of each text that has a summary, in the order in which they are done."""
    settings = load({"engine": "in-process", "ladder": ladder} | ({} if ladder else {"faithfulness": "off"}))
    model = open_model(settings.model)
    work = plan_work(settings, choose(settings, model, cores=usable_cores()), here=True)
    documents = (Document(id=str(number), text=text) for number, text in enumerate(texts))
    for document, outcome in summarize_documents(work, documents, lambda _: None):
        if isinstance(outcome, Summary):
            yield document.text, outcome.summary, outcome.status


def scores(summaries: list[tuple[str, str]]) -> tuple[list[float], list[float]]:
    """Return the grounding of each summary in its own text, and in ten other texts."""
    generator = random.Random(1)
    right, wrong = [], []
    for number, (text, summary) in enumerate(summaries):
        others = [other for place, (other, _) in enumerate(summaries) if place != number]
        right.append(grounding(summary, text, language="en").score or 0.0)
        for other in generator.sample(others, min(OTHERS, len(others))):
            wrong.append(grounding(summary, other, language="en").score or 0.0)
    return right, wrong


def below(shares: list[float], threshold: float) -> float:
    """Return the share of `shares` that are below a threshold."""
    return sum(share < threshold for share in shares) / len(shares)


if __name__ == "__main__":
    raise SystemExit(run_command(main))

"""From the page on which people judge summaries to the table: the short form of `make test-browser`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from browser import browser, open_tab
from installation import gistream
from sheets import HOSTILE, STORIES, SYSTEMS, page


def test_what_a_rater_types_reaches_the_table(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.html"
    # Its texts try to be code; the first one has two summaries, the other one three.
    stories = [replace(story, text=f"{HOSTILE} {story.text}") for story in STORIES[:2]]
    sheet.write_text(page(stories))
    with browser() as context:
        tab = open_tab(context, sheet)
        title = tab.page.title()
        assert tab.page.locator("#help").is_visible()
        tab.page.keyboard.press("Escape")
        assert tab.text("place") == "Text 1 of 2 · 0 complete"
        tab.keys("1222" + "m4r5yp" + "j" + "111222" + "m1r2n")
        assert tab.marks() == [["supported", "unsupported"], ["unsupported", "unsupported"]]
        assert tab.text("missing") == "This text is complete."
        tab.page.keyboard.press("ArrowRight")
        assert tab.text("place") == "Text 2 of 2 · 1 complete"
        for card in range(3):
            tab.keys("12m3r3y" + ("pj" if card < 2 else ""))
        assert tab.text("missing") == "All texts are complete: save the ratings."
        assert "<img src=x onerror" in tab.text("words")
        ratings = tab.save(tmp_path / "ratings.json")
        # No text ran, and nothing was loaded or sent.
        assert (tab.page.title(), tab.requests, tab.complaints) == (title, [sheet.as_uri()], [])
    done = gistream(
        "eval", "--ratings", str(ratings), "--json", str(tmp_path / "said.json"), data_dir=tmp_path / "none",
        GISTREAM_MODEL="no-such-model.gguf",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "2 texts of bridges.jsonl, judged by 1 person" in done.stdout
    said = json.loads((tmp_path / "said.json").read_text())
    assert (said["judgements"], said["incomplete"]) == (2, 0)
    by_text = {
        (each["system"], each["measure"]): each["score"] for each in said["by_text"] if each["text"] == "story-0"
    }
    first, *_ = by_text[(SYSTEMS[0], "main")], by_text[(SYSTEMS[1], "main")]
    assert {by_text[(system, "main")] for system in SYSTEMS} == {1, 4}
    # Quagga and okapi wrote the same about the first text, so both have the rating of one summary.
    assert by_text[(SYSTEMS[1], "main")] == by_text[(SYSTEMS[2], "main")] != first
    assert by_text[(SYSTEMS[0], "supported")] == (0.5 if first == 4 else 0)

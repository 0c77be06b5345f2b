"""A text of any length that looks like a chronicle: no two of its sentences are the same."""

from __future__ import annotations

import random

PEOPLE = ("Anna", "Ben", "Clara", "David", "Emma", "Frank", "Greta", "Henry", "Ida", "Jonas", "Karla", "Leo")
DEEDS = ("carried", "sold", "repaired", "painted", "counted", "hid", "measured", "burned", "bought", "described")
THINGS = ("letter", "boat", "clock", "bridge", "lantern", "wagon", "harvest", "ledger", "bell", "mill", "fence", "map")
PLACES = ("harbour", "market", "school", "valley", "river", "church", "station", "orchard", "tower", "library")
REASONS = ("the storm was over", "nobody else came", "the council had asked", "winter was near", "it was cheaper")


def big_text(characters: int) -> str:
    """Return about so many characters, always the same."""
    choose = random.Random(7).choice
    paragraphs, length, number = [], 0, 0
    while length < characters:
        sentences = []
        for _ in range(6):
            number += 1
            sentences.append(
                f"In week {number} {choose(PEOPLE)} {choose(DEEDS)} the {choose(THINGS)} of {choose(PEOPLE)} near the "
                f"{choose(PLACES)}, because {choose(REASONS)} and the {choose(THINGS)} was lost."
            )
        paragraphs.append(" ".join(sentences))
        length += len(paragraphs[-1]) + 2
    return "\n\n".join(paragraphs)

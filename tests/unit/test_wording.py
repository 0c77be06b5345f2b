from __future__ import annotations

import pytest
from rich.cells import cell_len

from streaming.wording import counted, megabytes, shortened


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 records"), (1, "1 record"), (2, "2 records"), (12_345, "12,345 records")]
)
def test_a_noun_has_the_number_of_its_count(number: int, words: str) -> None:
    assert counted(number, "record") == words


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert (counted(1, "entry", "entries"), counted(2, "entry", "entries")) == ("1 entry", "2 entries")


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("The mill burned", 15, "The mill burned"),
        ("The mill burned down", 16, "The mill …"),
        ("The mill burned down", 17, "The mill burned …"),
        ("Donaudampfschifffahrtsgesellschaft", 12, "Donaudampf …"),
        ("A Donaudampfschifffahrtsgesellschaft", 12, "A Donaudam …"),
        ("", 5, ""),
    ],
)
def test_a_text_is_cut_at_a_word_and_only_a_very_long_word_within(text: str, limit: int, short: str) -> None:
    assert shortened(text, limit) == short


def test_cells_count_not_characters() -> None:
    assert shortened("山村里有一座桥很老", 10) == "山村里有 …"
    combined = "e\u0301" * 10
    assert shortened(combined, 10) == combined
    assert shortened(combined, 8) == "e\u0301" * 6 + " …"
    assert cell_len(shortened("山" * 99, 31)) <= 31
    assert len(shortened("山" * 99, 31, len)) == 31


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 MB"), (240_000, "0 MB"), (1_040_000, "1 MB"), (8_388_608, "8.4 MB"), (9_000_000, "9 MB"),
        (9_949_999, "9.9 MB"),        (9_950_000, "10 MB"), (97_500_001, "98 MB"), (23_416_999_000, "23,417 MB"),
    ],
)  # fmt: skip
def test_all_sizes_have_one_unit_and_one_rounding(size: int, words: str) -> None:
    assert megabytes(size) == words

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.encoding.reading import decode_text
from streaming.encoding.wide import decode_wide
from streaming.errors import BadInput

BARE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
MARKED = ["utf-16", "utf-32"]
TEXTS = [
    "Hi", "OK.", "22-2", "de de", "Naïve café", "Grüße aus Köln", "The mill stopped.\r\nIt burned.\r\n",
    '{"text": "a"}', "Мир", "Мельник закрыл шлюз в семь часов.", "Ο μυλωνάς έκλεισε το φράγμα.",
    "הטוחן סגר את הסכר", "أغلق الطحان البوابة", "เจ้าของโรงสีปิดประตูน้ำ", "चक्की का मालिक सुबह सात बजे आया।",
    "山村里有一座桥。", "李小龙", "粉屋は朝七時に水門を閉めた。", "방앗간 주인은 수문을 닫았다.",
    "磨坊主早上七點關上了水閘，派人去請車匠。", "Kafka 主题里的文档", "འཛམ་གླིང་།, ཨཕྲི་ཀ།", "😀😀 well done 👍🏽",
    "— “So?” he said…", "1 + 1 = 2", "x → y",
]  # fmt: skip


@pytest.mark.parametrize("encoding", BARE)
@pytest.mark.parametrize("text", TEXTS)
def test_utf16_and_utf32_are_read_without_a_byte_order_mark(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", [*MARKED, *BARE])
@pytest.mark.parametrize("text", [*TEXTS, "😀", "A", "桥", "", "a\0b", "\ue000", "看到"])
def test_a_byte_order_mark_is_believed(text: str, encoding: str) -> None:
    mark = "" if encoding in MARKED else "\ufeff"
    assert decode_text((mark + text).encode(encoding)) == text


@given(st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20), min_size=2), st.sampled_from(BARE))
def test_any_plain_english_is_read_in_any_byte_order(text: str, encoding: str) -> None:
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe not UTF-8", b"\xff\xfe\x00text", b"\xff\xfe\x00\xd8a\x00", b"\xfe\xff\xd8\x00"]
)
def test_a_byte_order_mark_that_is_not_true_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput, match="not UTF-16, as its byte order mark says") as caught:
        decode_text(raw)
    assert caught.value.type == "NotUtf8"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("cut", [1, 3])
@pytest.mark.parametrize("text", ["山村里有一座桥。", "The mill stopped.", "Мельник закрыл шлюз."])
def test_utf16_that_was_cut_inside_a_character_is_refused(text: str, cut: int, encoding: str) -> None:
    with pytest.raises(BadInput, match="UTF-16 that ends inside a character") as caught:
        decode_text(text.encode(encoding)[:-cut])
    assert caught.value.type == "NotUtf8"


@pytest.mark.parametrize("encoding", BARE)
def test_a_bullet_of_a_private_font_in_a_text_changes_nothing(encoding: str) -> None:
    text = "\uf0b7 The mill stopped on Tuesday, after a beam had cracked.\n" * 20
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize("number", [65, 1_000, 2**31 - 1])
def test_a_number_is_no_text(number: int) -> None:
    for raw in (number.to_bytes(4, "big"), number.to_bytes(8, "big")):
        with pytest.raises(BadInput):
            decode_text(raw)


@pytest.mark.parametrize("raw", [b"bad\xff\xfe\x00", b"ok!!\xe9\x00"])
def test_a_damaged_short_text_is_no_chinese(raw: bytes) -> None:
    assert decode_wide(raw) is None

from __future__ import annotations

import base64
import gzip
import hashlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.encoding.content import read_content
from streaming.encoding.wrapped import name_wrapping
from streaming.errors import BadInput

MILL = "The water mill at Orrin Bridge stopped grinding on Tuesday after a beam in the wheel house cracked."
KEY = base64.encodebytes(hashlib.shake_256(b"key").digest(600)).decode()


def codes(form: str, separator: str) -> str:
    return separator.join(format(byte, form) for byte in MILL.encode())


PEM = f"-----BEGIN CERTIFICATE-----\n{KEY}-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (base64.b64encode(b"hello world").decode(), "Base64"),
        (base64.b64encode(b"Hello world!").decode(), "Base64"),
        (base64.b64encode(MILL.encode()).decode(), "Base64"),
        (base64.b64encode(MILL.encode()).decode().rstrip("="), "Base64"),
        (base64.urlsafe_b64encode("山村里有一座桥。".encode()).decode(), "Base64"),
        (base64.b64encode(b'{"id": 1, "text": "The mill burned."}').decode(), "Base64"),
        (base64.encodebytes(10 * MILL.encode()).decode(), "Base64"),
        (base64.encodebytes(10 * MILL.encode()).decode().replace("\n", "\r\n"), "Base64"),
        (base64.b64encode(gzip.compress(MILL.encode(), mtime=0)).decode(), "Base64"),
        (base64.b64encode(hashlib.sha512(b"a").digest()).decode(), "Base64"),
        ("data:image/png;base64,iVBORw0KGgo=", "Base64"),
        (b"Hello".hex(), "hexadecimal digits"),
        (MILL.encode().hex(), "hexadecimal digits"),
        (MILL.encode().hex().upper(), "hexadecimal digits"),
        (MILL.encode().hex(" "), "hexadecimal digits"),
        (hashlib.sha256(b"a").hexdigest(), "hexadecimal digits"),
        (" ".join(base64.b64encode(MILL.encode()).decode()), "Base64"),
        (base64.encodebytes(10 * MILL.encode()).decode().replace("\n", "\n\n  "), "Base64"),
        (KEY.replace("\n", "\n  "), "Base64"),
        (base64.b32encode(MILL.encode()).decode(), "Base32"),
        (MILL.encode().hex(","), "hexadecimal digits"),
        ("\n".join(MILL.encode().hex()[start : start + 32] for start in range(0, 190, 32)), "hexadecimal digits"),
        (codes("08b", " "), "binary character codes"),
        (codes("08b", ""), "binary character codes"),
        (codes("07b", "\n"), "binary character codes"),
        (codes("d", " "), "decimal character codes"),
        (f"[{codes('d', ', ')}]", "decimal character codes"),
        (
            str([byte - 256 * (byte > 127) for byte in "Die Mühle steht still, weil der Balken riss.".encode()]),
            "decimal character codes",
        ),
        (
            " ".join(str(ord(character)) for character in "山村里有一座桥桥上的风很大孩子们每天都要走过"),
            "decimal character codes",
        ),
        (codes("03o", " "), "octal character codes"),
        (f"0000000 {codes('03o', ' ')}\n0000143\n", "octal character codes"),
        ("\\" + codes("03o", "\\"), "octal character codes"),
        ("\\x" + codes("02x", "\\x"), "hexadecimal character codes"),
        ("0x" + codes("02x", ", 0x"), "hexadecimal character codes"),
        ("".join(f"\\u{ord(character):04x}" for character in "山村里有"), "hexadecimal character codes"),
        ("&#" + codes("d", ";&#") + ";", "decimal character codes"),
        (quote(MILL), "percent-encoding"),
        (quote("Grüße aus Köln"), "percent-encoding"),
    ],
)
def test_what_stands_for_other_bytes_is_named(text: str, name: str) -> None:
    assert name_wrapping(text) == name
    with pytest.raises(BadInput, match=f"written in {name}: decode it first") as caught:
        read_content(f"\n{text}\n")
    assert caught.value.type == "Encoded"


@pytest.mark.parametrize(
    "text",
    [
        "", "A", "mill", "Tuesday", "password", "Donaudampfschifffahrtsgesellschaft",
        "DONAUDAMPFSCHIFFFAHRTSGESELLSCHAFT",
        "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz", "AbstractSingletonProxyFactoryBean",
        "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", "usr/local/lib/python3/site-packages/regex",
        "apple\nbanana\ncherry\ngrape\nlemon", "facade", "deadbeef", "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
        "00:1b:44:11",
        "3141592653589793238462643383279502884197169399375105820974944592", "-" * 60, "_" * 60, "/" * 60, "aaaa" * 20,
        "GATTACAGATTACAGATTACAGATTACAGATTACA", "12 34 56 78 90 12 34", "4111111111111111", "+49-30-901820", "100%",
        "data:image/png;base64,iVBORw0KGgo= is the picture of a mill.",
        "https://example.org/a%20b%20c%20d", "50%25 of 100%25 and 20%20", "山村里有一座桥", "😀😀😀😀😀😀😀😀",
        " ".join(str(60 + number % 37) for number in range(200)), "65, 70, 83", "[1, 2, 3]", "1010101",
        "10000000 11111111",         "101 102 103 104 105 106 107 110 111 112 113 114 115 116 117 120 121",
        "0x41", "1998 1999 2000 2001",
        "apple bat cat dog\nDoe John Smith Jane", "AB12 CD34 EF56", "A1 B2 C3 " * 20, "DEAR ANNA THE MILL BURNED DOWN",
        "Dear Anna,\n\nhere is the certificate:\n\n" + PEM + "\nYours, Bob", MILL,
        PEM + "\nThis is the key of the mill.",
    ],
)  # fmt: skip
def test_a_word_a_path_a_number_and_a_letter_with_base64_in_it_are_texts(text: str) -> None:
    read_content(text)


@given(st.lists(st.integers(0, 150), min_size=1, max_size=200), st.sampled_from([" ", ", ", "\n"]))
def test_a_table_of_measurements_is_a_text(numbers: list[int], separator: str) -> None:
    read_content(separator.join(map(str, sorted(numbers))))
    read_content(separator.join(map(str, numbers)))


@given(st.lists(st.sampled_from(MILL.split()), min_size=1))
def test_words_run_together_are_a_text(words: list[str]) -> None:
    read_content("".join(words))
    read_content(" ".join(words))
    read_content("".join(map(str.capitalize, words)))
    read_content("/".join(words))

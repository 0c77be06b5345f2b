"""Text that was encoded for its way is read; what only has such marks stays as it is."""

from __future__ import annotations

import quopri

import pytest

from streaming.encoding.content import read_content
from streaming.encoding.reading import decode_text
from streaming.encoding.transfer import decode_transfer
from streaming.errors import BadInput

GERMAN = (
    "Die Wassermühle an der Orrinbrücke steht seit Dienstag still, weil ein Balken im Radhaus gerissen ist. Der Müller "
    "hält die Tür geschlossen, und die Bäcker kaufen ihr Mehl für größere Kosten in der Stadt. Über den Winter soll "
    "ein Zimmermann aus Köln den Balken ersetzen."
)
ENGLISH = "The mill stopped on Tuesday, and it’s closed — “until spring”, as the miller’s son says."
CHINESE = "山村里有一座桥，桥上的风很大，孩子们每天都要走过这座桥去上学。"
RUSSIAN = "Мельница стоит у реки, и мельник каждый день мелет муку."
TEXTS = {"German": GERMAN, "English": ENGLISH, "Chinese": CHINESE, "Russian": RUSSIAN}


def quoted(text: str, encoding: str = "utf-8") -> str:
    return quopri.encodestring(text.encode(encoding)).decode()


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("encoding", ["quoted-printable", "UTF-7"])
def test_quoted_printable_and_utf7_are_decoded(language: str, encoding: str) -> None:
    text = TEXTS[language]
    encoded = quoted(text) if encoding == "quoted-printable" else text.encode("utf-7").decode()
    content = read_content(encoded)
    assert (content.text, content.read_as) == (text, (encoding,))


def test_hz_and_iso_2022_kr_are_decoded() -> None:
    content = read_content(CHINESE.encode("hz").decode())
    assert (content.text, content.read_as) == (CHINESE, ("HZ",))
    korean = "산골 마을에 다리가 하나 있다."
    assert decode_text(korean.encode("iso2022_kr")) == korean


def test_long_lines_of_ascii_that_were_cut_are_whole_again() -> None:
    text = "The miller says that 2 = 1 + 1, and that the beam in the wheel house has to be replaced by April. " * 3
    assert read_content(quoted(text)).text == text


def test_quoted_printable_of_a_code_page_is_read_when_that_is_certain_and_named_otherwise() -> None:
    assert read_content(quoted(GERMAN, "cp1252")).text == GERMAN
    with pytest.raises(BadInput, match="written in quoted-printable of a code page: decode it to UTF-8 first"):
        read_content("Gr=FC=DFe aus K=F6ln")


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("page", ["latin-1", "cp1252", "cp1250", "cp1251", "mac_roman", "cp437", "cp850", "gb18030"])
def test_utf8_that_was_encoded_twice_is_decoded(language: str, page: str) -> None:
    try:
        twice = TEXTS[language].encode().decode(page)
    except UnicodeDecodeError:
        pytest.skip("the page lacks a byte, so nobody can have read the text in it")
    content = read_content(twice)
    assert (content.text, content.read_as) == (TEXTS[language], ("UTF-8 that was encoded twice",))


def test_utf8_that_was_encoded_three_times_and_a_lone_letter_are_decoded() -> None:
    thrice = GERMAN.encode().decode("latin-1").encode().decode("latin-1")
    assert read_content(thrice).text == GERMAN
    assert read_content("Das MÃ¼hlrad steht still.").text == "Das Mühlrad steht still."
    assert read_content("It doesnâ€™t turn.").text == "It doesn’t turn."


@pytest.mark.parametrize(
    "text",
    [
        *TEXTS.values(), "", "联通", "The letter “é” shows as “Ã©”.", "Ã©", "NÃO, SÃO JOÃO", "20 Â°C",
        f"{'The mill stopped. ' * 20}Its name was written MÃ¼hle.",
        "├── src\n└── tests",
        "x=12 and y=20 and z=AB", "https://example.org/?a=BB&b=CC&c=DD", "a = b\nc =\n  d\n", "E=mc2", "1+1=2", "=====",
        "C++ and Java+Kotlin+Swift- are not +49-30-12", "Disney+Max and HBO+Prime-", "+1-", "~{ a ~}", "\\it~{x}",
        "~{}",         "key=VALUE\nother=20\n", "Gr=FC", "The code is =FC=DF.", "A=C3 is a key, and so is B=BC.",
    ],
)  # fmt: skip
def test_what_only_has_such_marks_is_text(text: str) -> None:
    assert decode_transfer(text) is None

"""What is no language is left out of a text, by kind, and nothing of what people say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from no_language import MAKERS, random_bytes

from streaming.summarizer.readable import read_text

FIRST = "The water mill at Orrin Bridge stopped grinding on Tuesday after a beam in the wheel house cracked."
LAST = "The committee agreed to pay for the repair in two parts, and the miller, Tamsin Howe, will pay the rest."
# In scripts with and without spaces, and with what looks like no language and is a part of a text.
SENTENCES = [
    FIRST,
    LAST,
    "Das Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz galt als langes Wort; es gilt nicht mehr.",
    "Водяная мельница у моста перестала молоть во вторник, после того как треснула балка.",
    "水磨坊在星期二停止了研磨，因为轮房里的一根横梁裂开了。磨坊主早上七点关闭了水闸，并派人去请造轮匠。",
    "オリン橋の水車小屋は、火曜日に車輪小屋の梁が割れたため、製粉を停止しました。粉屋は朝七時に水門を閉めました。",
    "โรงสีน้ำที่สะพานหยุดการบดในวันอังคารหลังจากคานในโรงล้อแตกคนงานปิดประตูระบายน้ำในเวลาเจ็ดโมงเช้า",
    "오린 다리의 물레방아는 화요일에 바퀴집의 들보가 갈라진 뒤 멈추었습니다.",
    "ऑरिन ब्रिज की पनचक्की मंगलवार को रुक गई जब पहिया घर में एक बीम टूट गई।",
    "See https://example.org/2026/the-water-mill-at-orrin?utm_source=news&token=dpxfRCMv3a0BVoB25ZoUVY3vnbMK now.",
    "Run `gistream summarize notes/mill.txt` with /srv/models/qwen2.5-7b-instruct-q4_k_m.gguf, and read the result.",
    "In 2019 the town had 1,250 people, 300 houses (24% of them empty) and a budget of EUR 136,600.50 for 2020.",
    "| Anna | chair of the society | Monday |\n| Bruno | keeper of the archive | Tuesday |",
    "To start it:\n\n```python\nframe = spark.read.parquet('x')\nsummarize_frame(frame).write.parquet('y')\n```",
    "08:14 The on-call engineer restarted the node.\n08:20 The queue was empty again.\n08:31 All was well.",
]


@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_no_language_is_left_out_and_what_stands_around_it_stays(kind: str) -> None:
    other = MAKERS[kind](random_bytes(1))
    readable = read_text(f"{FIRST}\n\n{other}\n\n{LAST}")
    assert readable.text.split() == f"{FIRST} {LAST}".split()
    assert sum(readable.left_out.values()) == sum(map(len, other.split()))


@given(st.lists(st.sampled_from(SENTENCES), min_size=2, max_size=12), st.data())
def test_what_people_say_stays_whatever_stands_between(sentences: list[str], data: st.DataObject) -> None:
    parts = list[str]()
    for sentence in sentences:
        parts.append(sentence)
        if data.draw(st.booleans()):
            maker = data.draw(st.sampled_from(list(MAKERS)))
            parts.append(MAKERS[maker](random_bytes(data.draw(st.integers(0, 99)))))
    text = "\n\n".join([FIRST, *parts, LAST])
    readable = read_text(text)
    position = 0
    for sentence in [FIRST, *sentences, LAST]:
        position = readable.text.index(sentence, position) + len(sentence)
    assert readable.spans(0, len(readable.text))[0][0] == 0


@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=12), st.sampled_from([" ", "\n", "\n\n"]))
def test_text_of_sentences_alone_comes_back_as_it_was(sentences: list[str], separator: str) -> None:
    text = separator.join(sentences)
    assert (read_text(text).text, read_text(text).left_out) == (text, {})


@given(st.text(max_size=400) | st.lists(st.sampled_from([*SENTENCES, *"\n\t |`"])).map("".join), st.integers(0, 99))
def test_every_kept_character_is_the_one_at_its_place(text: str, seed: int) -> None:
    makers = list(MAKERS.values())
    text = f"{text}\n{makers[seed % len(makers)](random_bytes(seed))}\n{text}"
    readable = read_text(text)
    for at, character in enumerate(readable.text):
        for start, end in readable.spans(at, at + 1):
            assert text[start:end] == character


def test_a_place_that_holds_something_left_out_is_given_as_the_pieces_beside_it() -> None:
    text = f"The plan is data:image/png;base64,{'aB3x' * 40} as Anna drew it."
    readable = read_text(text)
    assert readable.text == "The plan is … as Anna drew it."
    pieces = [text[start:end] for start, end in readable.spans(0, len(readable.text))]
    assert pieces == ["The plan is", "as Anna drew it."]


def test_the_words_for_a_picture_stay_without_the_picture() -> None:
    picture = f"![plan of the mill](data:image/png;base64,{'aB3x' * 40})"
    assert read_text(f"{FIRST}\n\n{picture}\n\n{LAST}").text == f"{FIRST}\n\nplan of the mill\n\n{LAST}"


@pytest.mark.parametrize("kind", ["a log", "a table with tabs", "a table with bars", "JSON in lines"])
def test_what_people_read_stays_where_it_is_the_whole_document(kind: str) -> None:
    text = f"Report of Tuesday\n\n{MAKERS[kind](random_bytes(1))}"
    assert read_text(text).text == text


@pytest.mark.parametrize("lines", [12, 200])
def test_a_snippet_is_a_part_of_its_text_and_a_program_is_not(lines: int) -> None:
    code = "\n".join(f"total_{i} = price[{i}] * count({i})" for i in range(lines))
    kept = code in read_text(f"{FIRST}\n\n```python\n{code}\n```\n\n{LAST}").text
    assert kept == (lines == 12)


def test_a_chat_is_no_log() -> None:
    said = "I think that we should ask the council about the mill again."
    chat = "\n".join(f"2026-01-31 08:{n:02d}:12 [Anna] {said}" for n in range(30))
    assert read_text(f"{FIRST}\n\n{chat}\n\n{LAST}").left_out == {}


def test_a_page_of_tags_on_one_line_keeps_its_words() -> None:
    page = f'<html><body><div class="main"><p>{FIRST}</p><p class="x">{LAST}</p></div></body></html>' * 5
    assert read_text(page).text == page

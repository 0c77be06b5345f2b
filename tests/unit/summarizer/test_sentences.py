from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.sentences import ends_with_sentence, prose, split_sentences, whole_sentences, word_count
from streaming.summarizer.extract import lead_sentences

LANGUAGES = ["en", "de", "zh", "ja", "ru", "ar", "hi", "xx", "zh-CN", "", "Deutsch", "日本", "\x00", "e" * 500]


@given(st.text(max_size=500) | st.text("Ab.!?。 \n\r\t\u2028\x85\"'", max_size=200), st.sampled_from(LANGUAGES))
def test_the_sentences_of_a_text_joined_are_the_text(text: str, language: str) -> None:
    assert "".join(split_sentences(text, language)) == text


@pytest.mark.parametrize("sentence", ["Mr. Smith met no. {} in the inn. ", "他在第{}天走了。"])
def test_a_sentence_of_a_long_text_is_never_cut(sentence: str) -> None:
    sentences = [sentence.format(number) for number in range(3_000)]
    assert list(split_sentences("".join(sentences), "zh" if "天" in sentence else "en")) == sentences


@pytest.mark.parametrize("language", ["en", "de", "ru", "zh"])
@pytest.mark.parametrize("blank", ["\n\n", "\n \t\n", "\r\n\r\n", "\n\n\n  "])
def test_a_heading_is_no_part_of_the_sentence_below_it(language: str, blank: str) -> None:
    heading, below = f"Die Bäckerei zieht um{blank}", "Nach vielen Jahren verließ sie das Haus am Markt."
    assert list(split_sentences(heading + below, language)) == [heading, below]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_code_is_an_error(language: str) -> None:
    assert whole_sentences("It was so. And", complete=False, language=language) in {"It was so.", ""}
    assert lead_sentences("It was so. And more.", words=10, language=language)


@pytest.mark.parametrize(
    ("language", "text", "whole"),
    [
        ("en", "Mr. Smith met Dr. Brown. He slept. Then the", "Mr. Smith met Dr. Brown. He slept."),
        ("en", "It cost 3.50 dollars. It was", "It cost 3.50 dollars."),
        ("en", 'She said: "Go!" And then', 'She said: "Go!"'),
        ("en", "Is it so? Yes! Or perhaps", "Is it so? Yes!"),
        ("en", "All is said.", "All is said."),
        ("de", "Das ist z. B. gut. Dr. Meyer kommt am 3. Mai. Er", "Das ist z. B. gut. Dr. Meyer kommt am 3. Mai."),
        ("de", "Er kam. Sie sagte: »Geh!« Dann", "Er kam. Sie sagte: »Geh!«"),
        ("de", "Er kam. Sie sagte: „Geh!“ Dann", "Er kam. Sie sagte: „Geh!“"),
        ("fr", "Il vint. Elle dit : « Va ! » Puis", "Il vint. Elle dit : « Va ! »"),
        ("zh", "他走了。她来了！然后他们", "他走了。她来了！"),
        ("zh", "他说：“走吧。”她", "他说：“走吧。”"),
        ("ja", "彼は行った。彼女は", "彼は行った。"),
        ("hi", "वह गया। वह", "वह गया।"),
        ("ar", "هل ذهب؟ ثم", "هل ذهب؟"),
        ("km", "គាត់បានទៅ។ បន្ទាប់មក", "គាត់បានទៅ។"),
        ("my", "သူသွားပြီ။ ထို့နောက်", "သူသွားပြီ။"),
        ("bo", "ཁོང་ཕེབས་སོང་། དེ་ནས", "ཁོང་ཕེབས་སོང་།"),
        ("mn", "ᠲᠡᠷᠡ ᠶᠠᠪᠤᠪᠠ᠃ ᠳᠠᠷᠠᠭᠠ", "ᠲᠡᠷᠡ ᠶᠠᠪᠤᠪᠠ᠃"),
        ("th", "โรงสีไฟไหม้ แอนนาเห็นควัน แล้วเธอ", "โรงสีไฟไหม้ แอนนาเห็นควัน"),
        ("lo", "ໂຮງສີໄຟໄໝ້ ອານາເຫັນຄວັນ ແລ້ວນາງ", "ໂຮງສີໄຟໄໝ້ ອານາເຫັນຄວັນ"),
        ("th", "ไม่มีช่องว่าง", ""),
        ("el", "Η Άννα έφυγε. Ποιος έκαψε τον μύλο; Κανείς", "Η Άννα έφυγε. Ποιος έκαψε τον μύλο;"),
        ("bo", "ཁོང་ཕེབས་སོང་། །དེ་ནས", "ཁོང་ཕེབས་སོང་། །"),
        ("en", "no end at all", ""),
        ("zh", "没有结束", ""),
        ("en", "", ""),
        ("en", " \n ", ""),
    ],
)
def test_a_cut_summary_ends_with_its_last_whole_sentence(language: str, text: str, whole: str) -> None:
    assert whole_sentences(text, complete=False, language=language) == whole


def test_the_number_of_a_note_ends_no_sentence_before_its_stop() -> None:
    assert whole_sentences("The mill burned. Anna saw it.[1]", complete=True) == "The mill burned. Anna saw it.[1]"


@pytest.mark.parametrize("mark", ["“", '"', "‘", "«", "(", "(“", "*"])
@pytest.mark.parametrize("complete", [True, False])
def test_a_mark_that_opens_what_was_cut_away_is_cut_away_with_it(mark: str, complete: bool) -> None:
    assert whole_sentences(f"Pierre looked at the count. {mark}", complete=complete) == "Pierre looked at the count."


@pytest.mark.parametrize("mark", ["“", '"', "«"])
def test_an_opening_mark_belongs_to_the_sentence_that_it_opens(mark: str) -> None:
    cut = f"He saw her and smiled. {mark}I am so happy to see"
    assert list(split_sentences(cut)) == ["He saw her and smiled. ", f"{mark}I am so happy to see"]
    assert whole_sentences(cut, complete=False) == "He saw her and smiled."


@pytest.mark.parametrize(
    ("language", "text"), [("de", "Anna rief: „Es brennt.“"), ("fr", "Anna cria : « Au feu ! »"), ("en", '"It burns."')]
)
def test_a_mark_that_closes_stays(language: str, text: str) -> None:
    assert whole_sentences(text, complete=True, language=language) == text


@pytest.mark.parametrize("text", ["He met Mr.", "She met Dr.", "They came at 5 p.m. He met Mrs."])
def test_a_summary_cut_after_an_abbreviation_does_not_end_there(text: str) -> None:
    assert not whole_sentences(text, complete=False).endswith(("Mr.", "Dr.", "Mrs."))


@given(st.text("Ab .!?。”)\n", max_size=120), st.booleans(), st.sampled_from(["en", "de", "zh"]))
def test_what_is_kept_never_ends_in_mid_sentence(text: str, complete: bool, language: str) -> None:
    kept = whole_sentences(text, complete=complete, language=language)
    assert kept == "" or ends_with_sentence(kept)
    assert kept == kept.strip()


def test_a_finished_sentence_is_given_the_full_stop_of_its_script() -> None:
    assert whole_sentences("It was so", complete=True) == "It was so."
    assert whole_sentences("桥没有修好", complete=True, language="zh") == "桥没有修好。"
    assert whole_sentences("It was so", complete=False) == ""


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("th", "โรงสีไฟไหม้ แอนนาเห็นควัน"),
        ("lo", "ໂຮງສີໄຟໄໝ້"),
        ("th", "เธอพูดว่า “ไฟไหม้”"),
        ("th", "กำไรเพิ่มขึ้นเป็นสองเท่า ก่อตั้งเมื่อปี 2540"),
    ],
)
def test_a_script_without_full_stops_is_given_none(language: str, text: str) -> None:
    assert ends_with_sentence(text)
    assert whole_sentences(text, complete=True, language=language) == text
    assert lead_sentences(text, words=60, language=language) == text


def test_a_space_ends_a_sentence_of_thai_but_parts_no_number_from_its_word() -> None:
    text = "โรงสีไฟไหม้ในวันอังคาร แอนนาเห็นควันเมื่อ 5 นาฬิกา และเด็ก ๆ มา ๕๐ คน"
    parts = ["โรงสีไฟไหม้ในวันอังคาร ", "แอนนาเห็นควันเมื่อ 5 นาฬิกา ", "และเด็ก ๆ มา ๕๐ คน"]
    assert list(split_sentences(text, "th")) == parts


@pytest.mark.parametrize("text", ["***", "...  ***", "- -", "\u200b", "#"])
def test_marks_alone_are_never_given_a_full_stop(text: str) -> None:
    assert whole_sentences(text, complete=True) in {"", "..."}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("# Summary\n\nHe went.\nShe stayed.\n\nDear Sir,\n\nIt ended.", "He went. She stayed. It ended."),
        ("# Summary\nHe went.", "He went."),
        ("Summary:\n\nHe went.", "He went."),
        ("He went.\n\n\n\nShe stayed.", "He went. She stayed."),
        ("Only a heading", "Only a heading"),
        ("  He   went.\t\n", "He went."),
        ("他走了，\n她来了。", "他走了，她来了。"),
        ("彼は\n行った。", "彼は行った。"),
        ("He read 红楼梦 twice.", "He read 红楼梦 twice."),
        ("#1 was first.", "#1 was first."),
        ("The mill burned. **Anna saw it.**", "The mill burned. Anna saw it."),
        (
            "Key points:\n\n- The mill burned\n- Anna saw it!\n\nThe owner will rebuild.",
            "The mill burned. Anna saw it! The owner will rebuild.",
        ),
        ("1. The mill burned\n   on Tuesday.\n\n2. Anna saw", "The mill burned on Tuesday. Anna saw"),
        ("12. May was the day.", "12. May was the day."),
        ("- 老桥垮了\n- 孩子们上学", "老桥垮了。孩子们上学"),
        ("", ""),
    ],
)
def test_a_summary_is_one_paragraph_without_copied_headings(said: str, kept: str) -> None:
    assert prose(said) == kept


def test_the_last_item_of_a_list_is_a_sentence_only_when_it_was_not_cut() -> None:
    assert prose("- The mill burned\n- Anna saw it", complete=True) == "The mill burned. Anna saw it."
    assert prose("- The mill burned\n- Anna sa") == "The mill burned. Anna sa"


def test_a_heading_without_words_takes_no_line_with_it() -> None:
    assert prose("#\nHe went.").endswith("He went.")


def test_korean_words_keep_the_spaces_between_them() -> None:
    assert prose("그는 집에 갔다. 그녀는 남았다.") == "그는 집에 갔다. 그녀는 남았다."
    assert prose("그는 집에\n갔다.") == "그는 집에 갔다."


@given(st.text(max_size=300))
def test_prose_is_one_line(text: str) -> None:
    assert len(prose(text).splitlines()) <= 1


def test_an_extract_is_the_first_sentences_that_fit() -> None:
    text = "One two three. Four five six. Seven eight nine."
    assert lead_sentences(text, words=6) == "One two three. Four five six."
    assert lead_sentences(text, words=8) == "One two three. Four five six."
    assert lead_sentences(text, words=100) == text


def test_an_extract_of_one_long_sentence_shows_where_it_was_cut() -> None:
    assert lead_sentences("word " * 1_000, words=5) == "word word word word word…"


def test_an_extract_without_a_full_stop_is_given_one() -> None:
    assert lead_sentences("A title without an end", words=60) == "A title without an end."


@given(st.text(max_size=800).filter(str.strip), st.sampled_from(["en", "zh", "xx"]))
def test_an_extract_of_any_text_is_never_empty(text: str, language: str) -> None:
    assert lead_sentences(text, words=20, language=language).strip()


@pytest.mark.parametrize("text", ["字" * 1_000, "山村里有一座桥，" * 100, "word " * 1_000])
def test_an_extract_has_no_more_words_than_were_asked_for(text: str) -> None:
    # The ellipsis may count as one more.
    assert word_count(lead_sentences(text, words=60)) <= 61


@pytest.mark.parametrize("text", ["x" * 10_000, "ภาษาไทยไม่มีช่องว่าง" * 500, "aGVsbG8gd29ybGQ" * 500 + " end"])
def test_an_extract_of_a_text_without_spaces_is_short_too(text: str) -> None:
    assert len(lead_sentences(text, words=60)) <= 60 * 12 + 1


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("one two", 2), ("山村", 1), ("他走了。", 2), ("read 山村 twice", 3), ("a\n\n b", 2)]
)
def test_two_chinese_characters_count_as_a_word(text: str, words: float) -> None:
    assert word_count(text) == words


@pytest.mark.parametrize("space", [chr(n) for n in (0xA0, 0x1680, 0x2003, 0x2009, 0x2028, 0x202F, 0x3000)])
def test_no_space_of_any_script_breaks_the_segmenter(space: str) -> None:
    text = f"It holds vitamin A{space}. It is good. Take it."
    assert "".join(split_sentences(text)) == text

"""Where the sentences of a summary stand in it, and where the document says what they say."""

from __future__ import annotations

import asyncio
import re
import textwrap
from dataclasses import replace

from fake_engine import FakeEngine
from hypothesis import given
from hypothesis import strategies as st
from summaries import DEADLINE, PROFILE, RECIPE

from streaming.summarizer import Summarizer, SummaryRequest, SummaryResult
from streaming.summarizer.evidence import SourceText, describe

STRICT = replace(RECIPE, faithfulness="strict")
TEMPLATES = {
    "en": (
        "The {0} was closed by the {1} after {2} days.",
        "However, nobody in the {0} saw the {1} on that day.",
        "She wrote to the {1} about the {0} and waited {2} weeks.",
        'The {1} said that the {0} "costs {2} crowns", and left.',
        "- The {0} needs *{2}* new windows before the winter.",
        "Anna Berg: The {0} is older than the {1}.",
        "Dr. Berg found {2} letters of the {1} in the {0}.",
    ),
    "de": (
        "Die {0} wurde von dem {1} nach {2} Tagen geschlossen.",
        "Allerdings, niemand in der {0} sah den {1} an diesem Tag.",
        "Sie schrieb dem {1} wegen der {0} und wartete {2} Wochen.",
        "Der {1} sagte, dass die {0} „{2} Kronen kostet“, und ging.",
        "1. Die {0} braucht {2} neue Fenster vor dem Winter.",
    ),
    "zh": (
        "{0}在{2}天之后被{1}关闭了。",
        "但是，那一天没有人在{0}看见{1}。",
        "她给{1}写了一封关于{0}的信，等了{2}个星期。",
        "{1}说{0}要花{2}元，然后离开了村子。",
    ),
}
THINGS = {
    "en": (("mill", "old school", "bridge", "café", "harbour"), ("council", "miller", "captain", "teacher")),
    "de": (("Mühle", "alte Schule", "Brücke", "Bücherei"), ("Rat", "Müller", "Kapitän", "Lehrer")),
    "zh": (("磨坊", "学校", "大桥", "图书馆"), ("市议会", "老师", "船长", "医生")),
}
INVENTED = {
    "en": "Elephants danced upon the moon.",
    "de": "Elefanten tanzten auf dem Mond.",
    "zh": "大象在月亮上面跳舞。",
}


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, str, str]:
    """Draw a text, an answer of the model, and the language of both."""
    language = draw(st.sampled_from(sorted(TEMPLATES)))
    places, people = THINGS[language]
    sentence = st.builds(
        lambda template, place, person, number: template.format(place, person, number),
        st.sampled_from(TEMPLATES[language]),
        st.sampled_from(places),
        st.sampled_from(people),
        st.integers(2, 99),
    )
    paragraphs = draw(st.lists(st.lists(sentence, min_size=1, max_size=5), min_size=1, max_size=6))
    between = "" if language == "zh" else " "
    # An item and a turn begin a line.
    texts = [re.sub(r"\s(?=- |\d\. |Anna Berg: )", "\n", between.join(paragraph)) for paragraph in paragraphs]
    width = draw(st.sampled_from([None, 30, 66]))
    if width and language != "zh":
        texts = ["\n".join(textwrap.fill(line, width) for line in text.split("\n")) for text in texts]
    text = draw(st.sampled_from(["\n", "\n\n"])).join(texts)
    said = [draw(st.sampled_from(paragraphs))[0], INVENTED[language], draw(sentence)]
    answer = between.join(draw(st.permutations(said)))
    if draw(st.booleans()):
        text = re.sub(r"(?<=[^\W\d_]{3})(?=[^\W\d_]{3})", "\u00ad", text)
    return (text.replace("\n", "\r\n") if draw(st.booleans()) else text), answer, language


def plain(text: str) -> str:
    return "".join(filter(str.isalnum, text.replace("\u00ad", "").casefold()))


def written(text: str, answer: str, language: str, chunk_tokens: int) -> SummaryResult:
    summarizer = Summarizer(FakeEngine(answer, context=4096), replace(STRICT, chunk_tokens=chunk_tokens))
    return asyncio.run(summarizer.summarize(SummaryRequest(text, PROFILE, language), deadline=DEADLINE))


@given(documents(), st.sampled_from([1200, 120]))
def test_a_sentence_of_the_text_is_where_its_evidence_says(document: tuple[str, str, str], chunk_tokens: int) -> None:
    text, answer, language = document
    result = written(text, answer, language, chunk_tokens)
    assert result.sentences
    for sentence in result.sentences:
        if sentence.origin == "text":
            said = result.summary[sentence.start : sentence.end]
            assert sentence.evidence
            found = plain("".join(text[start:end] for start, end in sentence.evidence))
            assert plain(said.removeprefix("Anna Berg: ")) in found


@given(documents(), st.sampled_from([1200, 120]))
def test_sentences_stand_in_order_and_leave_out_nothing_but_blanks_and_marks(
    document: tuple[str, str, str], chunk_tokens: int
) -> None:
    result = written(*document, chunk_tokens)
    end = 0
    for sentence in result.sentences:
        assert end <= sentence.start < sentence.end
        assert not plain(result.summary[end : sentence.start])
        end = sentence.end
    assert end == len(result.summary)


SOURCE = SourceText("The mill burned on Tuesday. Anna rang the bell of the church.", "en")


def test_a_sentence_in_no_answer_is_the_texts() -> None:
    summary = "The mill burned on Tuesday. Anna rang a bell."
    first, second = describe(summary, SOURCE, {}, answers=["Anna rang a *bell*."], language="en", least=0.85)
    assert (first.origin, first.evidence, second.origin) == ("text", ((0, 27),), "model")


def test_marks_of_a_list_belong_to_no_sentence() -> None:
    summary = "- The mill burned.\n- Anna rang the bell."
    sentences = describe(summary, None, {}, answers=[summary], language="en", least=0.85)
    assert [summary[s.start : s.end] for s in sentences] == ["The mill burned.", "Anna rang the bell."]

"""Where a summary cannot be compared with its text, strict is as off: the model's, or an extract."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from fake_engine import FakeEngine
from summaries import DEADLINE, PROFILE, RECIPE

from streaming.summarizer import Faithfulness, PromptProfile, Summarizer, SummaryRequest, SummaryResult

ENGLISH = (
    "The mill burned on Tuesday, and 12 people came with buckets. Anna saw the smoke first and rang the bell. "
    "By evening the roof of the mill was gone. The miller wants to build it again in stone before the winter. "
)
# A text, a good answer and its language.
TEXTS = {
    "th": ("โรงสีถูกไฟไหม้ในวันอังคาร ชาวบ้านช่วยกันดับไฟ อันนาเห็นควันก่อนใคร ", "โรงสีถูกไฟไหม้ ชาวบ้านช่วยกันดับไฟ"),
    "lo": ("ໂຮງສີໄຟໄໝ້ໃນວັນອັງຄານ ຊາວບ້ານຊ່ວຍກັນດັບໄຟ ແອນນາເຫັນຄວັນກ່ອນ ", "ໂຮງສີໄຟໄໝ້ ຊາວບ້ານຊ່ວຍກັນດັບໄຟ"),
    "my": ("အင်္ဂါနေ့တွင် ဆန်စက် မီးလောင်သည်။ ရွာသားများ မီးငြှိမ်းကြသည်။ ", "ဆန်စက် မီးလောင်သည်။"),
    "km": ("រោងម៉ាស៊ីនកិនស្រូវឆេះនៅថ្ងៃអង្គារ។ អ្នកភូមិជួយគ្នាពន្លត់ភ្លើង។ ", "រោងម៉ាស៊ីនកិនស្រូវឆេះ។"),
}
GERMAN = PromptProfile(name="german", system="Summarize.", language="de")
CASES = [
    *[pytest.param(text * 6, answer, code, PROFILE, id=code) for code, (text, answer) in TEXTS.items()],
    pytest.param(ENGLISH, "Die Mühle brannte am Dienstag, und Anna läutete.", "en", GERMAN, id="a translation"),
]


def summarize(
    text: str, reply: str, language: str, profile: PromptProfile, faithfulness: Faithfulness, ladder: bool
) -> tuple[SummaryResult, FakeEngine]:
    engine = FakeEngine(reply, context=8192)
    recipe = replace(RECIPE, faithfulness=faithfulness, ladder=ladder, chunk_tokens=600, max_tokens=80)
    request = SummaryRequest(text, profile, language)
    return asyncio.run(Summarizer(engine, recipe).summarize(request, deadline=DEADLINE)), engine


@pytest.mark.parametrize("ladder", [False, True], ids=["one try", "the ladder"])
@pytest.mark.parametrize("bad", [None, "", "<|im_start|> <|im_start|>", "!!!"], ids=["good", "nothing", "marks", "!!!"])
@pytest.mark.parametrize(("text", "answer", "language", "profile"), CASES)
def test_strict_changes_nothing_that_it_cannot_measure(
    text: str, answer: str, language: str, profile: PromptProfile, bad: str | None, ladder: bool
) -> None:
    reply = answer if bad is None else bad
    strict, asked = summarize(text, reply, language, profile, "strict", ladder)
    off, asked_off = summarize(text, reply, language, profile, "off", ladder)
    assert (strict.summary, strict.status, strict.sentences) == (off.summary, off.status, off.sentences)
    assert asked.samplings == asked_off.samplings
    assert strict.supported is None
    assert strict.sentences
    assert {(s.support, s.stands, s.evidence) for s in strict.sentences} == {(None, False, ())}
    if bad is None:
        assert (strict.summary, strict.status) == (answer, "ok")


@pytest.mark.parametrize("faithfulness", ["strict", "flag", "off"])
def test_json_has_no_sentences_whatever_it_says(faithfulness: Faithfulness) -> None:
    profile = PromptProfile(name="j", system="JSON.", output="json", schema={"type": "object"})
    written, _ = summarize(ENGLISH, '{"who": "a king of horses"}', "en", profile, faithfulness, True)
    assert (written.status, written.sentences, written.supported) == ("ok", [], None)
    assert written.summary == '{"who": "a king of horses"}'

"""A reply is read without what it quotes, and a mail without its signature; whatever else has such marks is whole."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from fake_engine import FakeEngine
from hypothesis import given
from hypothesis import strategies as st
from summaries import DEADLINE, PROFILE, RECIPE

from streaming.summarizer import Summarizer, SummaryRequest
from streaming.summarizer.readable import read_text

REPLY = (
    "No. The cellar floods every spring, and last year we lost two boxes of maps there. I will not sign this. "
    "Let us rent the dry room at the school instead; it costs 40 a month and is kept for us until Friday."
)
PROPOSAL = (
    "I propose that we move the whole archive to the cellar of the town hall before June.",
    "The cellar is large, it is free of charge, and the caretaker has the key.",
    "We would save the rent of the loft, which is 300 a month, and could buy new shelves.",
)
QUOTED = "\n".join(f"> {sentence}" for sentence in PROPOSAL)
PLAIN = " ".join(PROPOSAL)
HEAD = "From: Bruno\nSent: Monday, 5 May 2025 10:12\nTo: list\nSubject: Moving the archive"
DISCLAIMER = (
    "This e-mail is confidential. If it reached you in error, tell us, and delete it: you are not its recipient."
)
# What stands between a reply and what it quotes, by how programs and people write it.
MARKED = {
    "English": "On Monday, Bruno wrote:\n",
    "with a blank line": "On Mon, 5 May 2025 at 10:12, Bruno Keller <bruno@example.org> wrote:\n\n",
    "wrapped": "On Mon, 5 May 2025 at 10:12, Bruno Keller <bruno@example.org>\nwrote:\n\n",
    "German": "Am Montag schrieb Bruno:\n",
    "German, at length": "Am Mo., 5. Mai 2025 um 10:12 Uhr schrieb Bruno Keller <bruno@example.org>:\n\n",
    "French": "Le lundi 5 mai 2025 à 10:12, Bruno Keller a écrit :\n\n",
    "Spanish": "El lunes, 5 de mayo de 2025, Bruno escribió:\n\n",
    "Italian": "Il giorno lun 5 mag 2025 Bruno ha scritto:\n\n",
    "Russian": "5 мая 2025 г., в 10:12, Бруно написал:\n\n",
    "Chinese": "Bruno 于2025年5月5日周一 10:12写道：\n\n",
    "a forum": "Bruno wrote:\n",
    "nothing": "",
}
HEADED = {
    "Outlook": f"-----Original Message-----\n{HEAD}\n\n",
    "Outlook with a rule": f"________________________________\n{HEAD}\n\n",
    "Outlook without a rule": f"{HEAD}\n\n",
    "German": "-----Ursprüngliche Nachricht-----\nVon: Bruno\nGesendet: Montag\nAn: Liste\nBetreff: Umzug\n\n",
    "French": "De : Bruno <b@example.org>\nEnvoyé : lundi 5 mai 2025 10:12\nÀ : liste\nObjet : Archives\n\n",
    "Spanish": "De: Bruno\nEnviado el: lunes, 5 de mayo de 2025\nPara: lista\nAsunto: Archivo\n\n",
    "Danish": "Fra: Bruno\nSendt: 5. maj 2025 10:12\nTil: liste\nEmne: Arkivet\n\n",
    "Polish": "Od: Bruno\nWysłano: poniedziałek, 5 maja 2025\nDo: lista\nTemat: Archiwum\n\n",
    "Czech": "Od: Bruno\nOdesláno: pondělí 5. května 2025\nKomu: seznam\nPředmět: Archiv\n\n",
    "Turkish": "Kimden: Bruno\nGönderildi: 5 Mayıs 2025 Pazartesi\nKime: liste\nKonu: Arşiv\n\n",
    "Finnish": "Lähettäjä: Bruno\nLähetetty: maanantai 5. toukokuuta 2025\nVastaanottaja: lista\nAihe: Arkisto\n\n",
    "Hungarian": "Feladó: Bruno\nKüldve: 2025. május 5.\nCímzett: lista\nTárgy: Irattár\n\n",
    "Korean": "보낸 사람: Bruno\n보낸 날짜: 2025년 5월 5일\n받는 사람: list\n제목: 기록\n\n",
    "in bold": "*From:* Bruno\n*Date:* Monday\n*To:* list\n*Subject:* Moving the archive\n\n",
    "a dated line": "On Mon, 5 May 2025 at 10:12, Bruno Keller <bruno@example.org> wrote:\n\n",
    "a line with a year": "Le lundi 5 mai 2025, Bruno a écrit :\n\n",
    "a day alone": "Am Montag schrieb Bruno:\n\n",
}
REPLIES = {f"marked, {name}": f"{REPLY}\n\n{line}{QUOTED}" for name, line in MARKED.items()} | {
    f"not marked, {name}": f"{REPLY}\n\n{head}{PLAIN}" for name, head in HEADED.items()
}
FORUM = {
    "initials": "\n".join(f"BK> {sentence}" for sentence in PROPOSAL),
    "initials below who wrote": "On Monday, Bruno wrote:\n" + "\n".join(f"BK> {sentence}" for sentence in PROPOSAL),
    "a name": "\n".join(f"Bruno>> {sentence}" for sentence in PROPOSAL),
    "marks of HTML": "\n".join(f"&gt; {sentence}" for sentence in PROPOSAL),
    "a block of HTML": f"<blockquote>{PLAIN}</blockquote>",
    "blocks in blocks": f'<blockquote type="cite">\n{PLAIN}\n<blockquote>{PLAIN}</blockquote>\n</blockquote>',
    "a tag": f"[QUOTE]{PLAIN}[/QUOTE]",
    "a tag with a name": f"[QUOTE=Bruno;4711]\n{PLAIN}\n[/QUOTE]",
    "a tag in small letters": f'[quote="Bruno, post:3, topic:5"]\n{PLAIN}\n[/quote]',
    "tags in tags": f"[QUOTE=Bruno][QUOTE=Carla]{PLAIN}[/QUOTE]\n{PLAIN}[/QUOTE]",
}
REPLIES |= {f"{name}, below": f"{REPLY}\n\n{quoted}" for name, quoted in FORUM.items()}
REPLIES |= {f"{name}, above": f"{quoted}\n\n{REPLY}" for name, quoted in FORUM.items()}
REPLIES |= {
    "a tag in the same line": f"[QUOTE=Bruno]{PLAIN}[/QUOTE]{REPLY}",
    "a forwarded mail below a reply": f"{REPLY}\n\nBegin forwarded message:\n\n{HEAD}\n\n{PLAIN}",
    "a forwarded mail that is marked": f"{REPLY}\n\nBegin forwarded message:\n\n> From: Bruno\n>\n{QUOTED}",
}
WAYS: dict[str, dict[str, Any]] = {
    "strict": {"faithfulness": "strict"},
    "off": {"faithfulness": "off", "ladder": True},
    "refine": {"strategy": "refine", "faithfulness": "strict"},
    "extractive": {"strategy": "extractive"},
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_reply_is_read_without_what_it_quotes(name: str) -> None:
    readable = read_text(REPLIES[name])
    assert readable.text.split() == REPLY.split()
    assert set(readable.left_out) == {"quoted"}


def test_a_tag_that_is_not_closed_hides_no_other() -> None:
    own = f"It says [QUOTE] there.\n\n{REPLY}"
    assert read_text(f"{own}\n\n[QUOTE=Bruno]{PLAIN}[/QUOTE]").text.split() == own.split()


@pytest.mark.parametrize("reply", ["No, I do not agree.", "I will not sign this.", "Nein, das geht auf keinen Fall."])
def test_a_reply_of_one_sentence_is_read_without_what_it_quotes(reply: str) -> None:
    for line in MARKED.values():
        assert read_text(f"{reply}\n\n{line}{QUOTED}").text.split() == reply.split()


@pytest.mark.parametrize("reply", ["No, never.", "No.", "Never", "Nein.", "Auf keinen Fall!", "Non, jamais.", "不行。"])
@pytest.mark.parametrize("line", [*MARKED.values(), HEADED["Outlook"], HEADED["a dated line"], HEADED["a day alone"]])
def test_a_refusal_in_a_word_is_read_without_what_it_refuses(reply: str, line: str) -> None:
    quoted = QUOTED if line in MARKED.values() else PLAIN
    if not line and reply in ("Never", "Auf keinen Fall!"):
        pytest.skip("a title may be such words, and nothing here says that the text is a reply")
    assert read_text(f"{reply}\n\n{line}{quoted}").text.split() == reply.split()
    assert read_text(f"Hi Bruno,\n\n{reply}\n\nInes\n\n{line}{quoted}").text.split()[2:-1] == reply.split()


@pytest.mark.parametrize("reply", ["It floods.", "On Friday.", "Bruno was wrong."])
def test_an_answer_of_two_words_is_read_without_its_question(reply: str) -> None:
    assert read_text(f"{reply}\n\n{MARKED['English']}{QUOTED}").text.split() == reply.split()


@pytest.mark.parametrize(
    "reply", ["I will not sign this", "Nein, das geht auf keinen Fall", "the key is with the mayor"]
)
@pytest.mark.parametrize("name", HEADED)
def test_a_reply_without_a_full_stop_is_read_without_what_it_quotes(reply: str, name: str) -> None:
    assert read_text(f"{reply}\n\n{HEADED[name]}{PLAIN}").text.split() == reply.split()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name", ["marked, English", "not marked, Outlook", "initials, below", "a tag in the same line"]
)
def test_neither_model_nor_summary_has_what_a_reply_quotes(name: str, way: str) -> None:
    engine = FakeEngine(lambda asked: asked, context=4096)
    summarizer = Summarizer(engine, replace(RECIPE, chunk_tokens=1500, max_tokens=200, **WAYS[way]))
    request = SummaryRequest(f"From: Ines\nTo: list\nSubject: Re: Archive\n\n{REPLIES[name]}", PROFILE)
    written = asyncio.run(summarizer.summarize(request, deadline=DEADLINE))
    for text in [written.summary, *engine.texts]:
        assert not any(sentence in text for sentence in PROPOSAL)
    assert "caretaker" not in written.summary
    assert "sign this" in written.summary or "cellar floods" in written.summary


def test_answers_between_quotations_are_read_without_them() -> None:
    answers = ["It floods every spring.", "The key is with the mayor.", "The loft costs 200 a month, not 300."]
    text = "\n\n".join(part for pair in zip(QUOTED.splitlines(), answers, strict=True) for part in pair)
    assert read_text(text).text.split() == " ".join(answers).split()


LISTS = [
    "_______________________________________________\narchive mailing list\narchive@lists.example.org\n"
    "https://lists.example.org/listinfo/archive",
    "_______________________________________________\narchive mailing list -- archive@lists.example.org\n"
    "To unsubscribe send an email to archive-leave@lists.example.org",
    '-- \nYou received this message because you are subscribed to the Google Groups "archive" group.\nTo '
    "unsubscribe from this group and stop receiving emails from it, send an email to archive+unsubscribe@example.org.",
    f"{'-' * 69}\nTo unsubscribe, e-mail: archive-unsubscribe@example.org\nFor help, e-mail: archive-help@example.org",
    "-- \nInes, chair of the society\n\n_______________________________________________\narchive mailing list\n"
    "archive@lists.example.org",
    "-- \nZum Abmelden von dieser Liste: https://lists.example.org/archive",
]
APPS = ["Sent from my phone", "Get Outlook for iOS<https://aka.example/o0ukef>", "Outlook für Android beziehen"]


@pytest.mark.parametrize("end", ["-- \nInes, chair of the society\nTel. 0171 123", *APPS, *LISTS, DISCLAIMER])
def test_a_signature_is_left_out(end: str) -> None:
    readable = read_text(f"{REPLY}\n\n{end}\n")
    assert readable.text.split() == REPLY.split()
    assert set(readable.left_out) == {"signature"}


@pytest.mark.parametrize("footer", LISTS)
def test_what_a_mailing_list_adds_is_left_out_below_a_quotation(footer: str) -> None:
    assert read_text(f"{REPLY}\n\n{MARKED['English']}{QUOTED}\n{footer}\n").text.split() == REPLY.split()


@pytest.mark.parametrize("way", WAYS)
def test_a_short_mail_is_no_summary_of_its_head(way: str) -> None:
    engine = FakeEngine(lambda asked: asked, context=4096)
    summarizer = Summarizer(engine, replace(RECIPE, chunk_tokens=1500, max_tokens=200, **WAYS[way]))
    request = SummaryRequest(f"From: Ines\nTo: list\nSubject: Re: Archive\n\nNo, never.\n\n{QUOTED}", PROFILE)
    written = asyncio.run(summarizer.summarize(request, deadline=DEADLINE))
    assert written.summary == "No, never."


ESSAY = (
    "The speech of 1946 is still read in schools, and it deserves a second look. Its author had seen two wars, and he "
    "was tired of large words. What he asked for was small: that one should say what one means.\n\n{line}\n\n> Never "
    "use a long word where a short one will do.\n\nGenerations of pupils have learned that sentence by heart, and few "
    "have followed it. The reason is not laziness. A long word sounds like work, and a short one like an opinion."
)
WHOLE = {
    "an essay with a quotation": ESSAY.format(line="Here is the rule that everybody knows."),
    "an essay that says who wrote": ESSAY.format(line="In his essay he put it like this:"),
    "a mail that is forwarded": f"Please see below.\n\n---------- Forwarded message ---------\n{HEAD}\n\n{PLAIN}",
    "a forwarded mail with a note": f"This came from Bruno.\n\nBegin forwarded message:\n\n{HEAD}\n\n{PLAIN}",
    "a forwarded mail with a long note": f"{REPLY} See below.\n\nBegin forwarded message:\n\n{HEAD}\n\n{PLAIN}",
    "a text on forwarded messages": f"{REPLY}\n\nForwarded messages are a plague. {PLAIN}",
    "an essay with a block of HTML": ESSAY.format(line="So it goes:")
    .replace("> Never", "<blockquote>Never")
    .replace("will do.", "will do.</blockquote>"),
    "a tag that is not closed": f"{REPLY}\n\n[QUOTE]\n{PLAIN}",
    "a chat": "The chat of Monday, as it was.\n\nBK> The cellar is large.\nIN> It floods.\nBK> It is free of charge.",
    "commands": "Count the maps.\n\nSQL> SELECT count(*) FROM maps;\nSQL> SELECT name FROM boxes WHERE wet = 1;",
    "a poem with a title": f"My mill.\n\n{QUOTED}",
    "a society of many small words": f"Society of the Friends of the Mill\n\n{HEAD}\n\n{PLAIN}",
    "thanks": f"Thank you, Bruno!\n\n{MARKED['English']}{QUOTED}",
    "a subject that says forwarded": f"From: Ines\nTo: list\nSubject: Fwd: Archive\n\nHi,\n\n{HEAD}\n\n{PLAIN}",
    "a mail alone": f"{HEAD}\n\n{PLAIN}",
    "a reply of two words": f"Yes, agreed.\n\n{MARKED['English']}{QUOTED}",
    "a note that points below": f"Hi all,\n\nplease see Bruno's proposal below; we vote soon.\n\n{HEAD}\n\n{PLAIN}",
    "a quotation alone": QUOTED,
    "a thread of two mails": f"{HEAD}\n\n{PLAIN}\n\n{HEAD.replace('Bruno', 'Ines')}\n\n{REPLY}",
    "a memorandum with a letterhead": f"Orrin Bridge Historical Society, Mill Lane 3\n\n{HEAD}\n\n{PLAIN}",
    "an itinerary": f"{REPLY}\n\nFrom: Lund\nTo: Skerry\nDate: Monday\n\nThe ferry leaves at six in the morning.",
    "a story with a letter": f"{PLAIN} " * 60 + f"\n\nOn Monday, Bruno wrote:\n\n{REPLY}\n\nHe slept.",
    "a day and a quotation": f"{REPLY}\n\nOn Monday, Bruno wrote:\n\n“I have seen the sea.” Nobody believed him.",
    "a text on mails": f"{REPLY}\n\nConfidential messages that were sent in error should be deleted by the recipient.",
    "a rule of dashes": f"{REPLY}\n--\n{PLAIN}",
    "a text on mailing lists": f"{REPLY}\n\n-----\nTo unsubscribe, write to leave@example.org.\n\n{PLAIN}",
    "a text on a mail program": f"{REPLY}\n\nWe have used Outlook for Android since May.\n\n{PLAIN}",
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_only_looks_like_a_quotation_stays(name: str) -> None:
    assert (read_text(WHOLE[name]).text, read_text(WHOLE[name]).left_out) == (WHOLE[name], {})


@given(st.lists(st.sampled_from([*WHOLE.values(), *REPLIES.values(), "", "-- ", "> ", *HEADED.values()]), max_size=5))
def test_every_kept_character_of_any_mail_is_the_one_at_its_place(parts: list[str]) -> None:
    text = "\n".join(parts)
    readable = read_text(text)
    pieces = [text[start:end] for start, end in readable.spans(0, len(readable.text))]
    assert "".join(pieces).split() == "".join(piece for piece in pieces).split()
    assert "".join("".join(pieces).split()) == "".join(readable.text.split())

"""Subtitles and transcripts: what is said, each word once, by whom."""

from pathlib import Path

import pytest
from parts import only

from streaming.errors import BadInput


def put(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


SRT = """\
1
00:00:01,000 --> 00:00:03,500
<i>The mill</i> has stopped,
and the town waits.

2
00:00:03,600 --> 00:00:05,000 X1:40 X2:600
{\\an8}It is 3 < 4 o'clock.

3
00:00:05,100 --> 00:00:06,000

4
00:00:12,000 --> 00:00:14,000
- Does the beam hold?
- It does.

5
00:00:14,100 --> 00:00:15,000
No.

6
00:00:15,100 --> 00:00:16,000
No.
"""
SRT_TEXT = (
    "The mill has stopped, and the town waits. It is 3 < 4 o'clock.\n\n– Does the beam hold?\n\n– It does. No. No."
)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_subrip_is_its_words_in_paragraphs(tmp_path: Path, mark: str, end: str) -> None:
    assert only(put(tmp_path / "a.srt", mark + SRT.replace("\n", end))).text == SRT_TEXT


def test_subrip_without_blank_lines_between_captions_and_with_some_inside_is_read(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne\n\nand a half.\n2\n00:00:02,000 --> 00:00:03,000\nTwo.\n"
    assert only(put(tmp_path / "a.srt", text)).text == "One and a half. Two."


def test_who_made_the_subtitles_is_not_said(tmp_path: Path) -> None:
    said = ["Subtitles by www.OpenSubtitles.org", "One.", "Two.", "He subtitles films by night.", "Three.", "Four."]
    said.append("Synced and corrected by Ben")
    text = "".join(
        f"{number}\n00:00:0{number},000 --> 00:00:0{number},900\n{line}\n\n" for number, line in enumerate(said)
    )
    assert only(put(tmp_path / "a.srt", text)).text == "One. Two. He subtitles films by night. Three. Four."


def test_a_pause_begins_a_new_paragraph(tmp_path: Path) -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne.\n\n2\n00:00:04,900 --> 00:00:05,000\nTwo.\n\n"
    text += "3\n00:00:08,000 --> 00:00:09,000\nThree.\n"
    assert only(put(tmp_path / "a.srt", text)).text == "One. Two.\n\nThree."


VTT = """\
WEBVTT - The council

STYLE
::cue { color: red }

NOTE Not said
00:00:00.000 --> 00:00:01.000

intro
00:01.000 --> 00:04.000 align:start position:0%
<v.loud Anna Berg>We are <b>live</b> &amp; on time.</v>

NOTE
A note between captions.

00:04.000 --> 00:05.000
<v Anna Berg>The mill stopped.

1
01:00:05.000 --> 01:00:07.000
<v Ben>Since <00:00:06.000><c.yellow>Monday</c>?
<v Anna Berg>Yes.
"""


def test_webvtt_keeps_its_speakers_and_leaves_notes_and_styles_out(tmp_path: Path) -> None:
    part = only(put(tmp_path / "a.vtt", VTT))
    assert part.title == "The council"
    assert part.text == ("Anna Berg: We are live & on time. The mill stopped.\n\nBen: Since Monday?\n\nAnna Berg: Yes.")


ASS = """\
[Script Info]
Title: The council
ScriptType: v4.00+

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,Not said
Dialogue: 0,0:00:02.00,0:00:03.00,Default,Ben,0,0,0,,Since Monday?
Dialogue: 0,0:00:01.00,0:00:02.00,Default,Anna,0,0,0,,{\\i1}The mill\\Nstopped{\\i0}, and stands.
Dialogue: 0,0:00:02.00,0:00:03.00,Default,Ben,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}
"""


def test_substation_alpha_keeps_its_speakers_and_leaves_drawings_out(tmp_path: Path) -> None:
    part = only(put(tmp_path / "a.ass", ASS))
    assert (part.title, part.text) == ("The council", "Anna: The mill stopped, and stands.\n\nBen: Since Monday?")
    for broken, reason in (("[Events]\n", "no line has a text"), (ASS.replace("0:00:01", "x"), "damaged subtitles")):
        with pytest.raises(BadInput, match=reason):
            only(put(tmp_path / "a.ass", broken))


def test_sbv_is_read(tmp_path: Path) -> None:
    text = "0:00:01.000,0:00:02.000\nThe mill[br]stopped.\n\n0:00:02.000,0:00:03.000\n>> BEN: Since Monday.\n"
    assert only(put(tmp_path / "a.sbv", text)).text == "The mill stopped.\n\n– BEN: Since Monday."


ROLLING = """\
WEBVTT
Kind: captions
Language: en

00:00:00.000 --> 00:00:02.000 align:start position:0%
 
the<00:00:00.500><c> mill</c><00:00:01.000><c> stopped</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
the mill stopped
 

00:00:02.010 --> 00:00:04.000 align:start position:0%
the mill stopped
and<00:00:02.500><c> nobody</c><00:00:03.000><c> knows</c><00:00:03.500><c> why</c>

00:00:04.000 --> 00:00:04.010 align:start position:0%
and nobody knows why
 

00:00:04.010 --> 00:00:06.000 align:start position:0%
and nobody knows why
it<00:00:04.500><c> is</c><00:00:05.000><c> quiet</c>
"""  # noqa: W293


def test_captions_that_roll_up_are_read_once(tmp_path: Path) -> None:
    assert only(put(tmp_path / "a.vtt", ROLLING)).text == "the mill stopped and nobody knows why it is quiet"


def test_captions_that_grow_word_by_word_are_read_once(tmp_path: Path) -> None:
    said = ["the", "the mill", "the mill stopped", "and", "and nobody", "and nobody knows"]
    captions = (f"00:0{n}.000 --> 00:0{n + 1}.000\n{line}\n" for n, line in enumerate(said))
    text = "WEBVTT\n\n" + "\n".join(captions)
    assert only(put(tmp_path / "a.vtt", text)).text == "the mill stopped and nobody knows"


def test_a_letter_by_a_number_that_there_is_not_costs_no_caption(tmp_path: Path) -> None:
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\nCaf&eacute; &#{'9' * 5_000};\n"
    assert only(put(tmp_path / "a.vtt", text)).text == "Café \ufffd"


def test_subtitles_in_latin_1_are_read_and_say_so(tmp_path: Path) -> None:
    words = "Die Mühle steht still, weil der Müller die Brücke prüft."
    captions = "\n".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{words}\n" for n in range(8))
    part = only(put(tmp_path / "a.srt", captions.encode("latin-1")))
    assert part.text == " ".join([words] * 8)
    assert part.metadata == {"encoding": "Windows-1252"}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "no line has a time"),
        (b"WEBVTT\n\nNOTE only\n", "no line has a time"),
        (b"1\n00:00:01,000 --> 00:00:02,000\n\n", "no line has a time"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff", "a PNG picture"),
    ],
)
def test_what_says_nothing_is_refused_by_name(tmp_path: Path, raw: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        only(put(tmp_path / "a.vtt", raw))


def test_a_transcript_with_times_is_what_is_said(tmp_path: Path) -> None:
    text = (
        "Council, 2 March\n\n[00:01:02] Anna: We are live.\n[00:01:05] Anna: The mill stopped.\n"
        "and the town waits.\n\n(01:09) Ben: Since when?\n[1:10 - 1:12] Since Monday?\n"
    )
    part = only(put(tmp_path / "a.txt", text))
    assert part.text == (
        "Council, 2 March\n\nAnna: We are live. The mill stopped. and the town waits.\n\nBen: Since when? Since Monday?"
    )
    assert part.metadata == {"read_as": "a transcript"}


@pytest.mark.parametrize(
    "text",
    [
        "[12:00:01] INFO started\n[12:00:02] ERROR stopped\n[12:00:03] INFO started\n",
        "We met.\n[10:00] Coffee.\nThen we left, and nobody came back to the mill.\nIt was late.\n",
        "10:00 Coffee\n11:00 The mill\n12:00 Lunch\n",
    ],
    ids=["a log", "one time", "an agenda"],
)
def test_other_texts_with_times_stay_as_they_are(tmp_path: Path, text: str) -> None:
    assert only(put(tmp_path / "a.txt", text)).text == text

"""What the API answers about a made-up view: pages of the feed, a summary opened, two recipes, dead letters."""

from __future__ import annotations

import json
from typing import Any

import made_up_results as made_up
import pytest
from dashboard_client import OWN, Redrives, client
from made_up_view import INPUT, LETTERS, OUTPUT, SHADOW, MadeUpView
from starlette.testclient import TestClient

from consumers.dashboard.letters import Redriven
from streaming.errors import BrokerAway
from streaming.messages import DocumentReference, Record, Source

Answer = dict[str, Any]


@pytest.fixture
def view() -> MadeUpView:
    made = MadeUpView()
    for number in range(12):
        made.summarize(number)
    return made


def ask(browser: TestClient, path: str, **parameters: Any) -> Answer:
    answer = browser.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    fields: Answer = answer.json()
    return fields


def opened(view: MadeUpView, row: Answer, status: int = 200) -> Answer:
    place = {name: row[name] for name in ("topic", "partition", "offset")}
    answer = client(view).get("/api/summary", params=place)
    assert answer.status_code == status, answer.text
    fields: Answer = answer.json()
    return fields


def test_the_feed_comes_in_pages_the_newest_first(view: MadeUpView) -> None:
    browser = client(view)
    first = ask(browser, "/api/feed", limit=5)
    assert [row["id"] for row in first["rows"]] == [f"story-{number}" for number in (11, 10, 9, 8, 7)]
    assert (first["more"], first["matching"], first["kept"], first["older"]) == (True, 12, 12, False)
    view.summarize(12)
    second = ask(browser, "/api/feed", limit=50, before=first["rows"][-1]["number"])
    assert [row["id"] for row in second["rows"]] == [f"story-{number}" for number in (6, 5, 4, 3, 2, 1, 0)]
    assert not second["more"]


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        ({"text": "STORY-1"}, {"story-1", "story-10", "story-11"}),
        ({"status": "repaired"}, {"story-3", "story-6", "story-9"}),
        ({"meta": "team:harbour"}, {"story-0", "story-3", "story-6", "story-9"}),
        ({"meta": ["team:harbour", "year:1904"]}, {"story-0"}),
        ({"model": "none"}, set()),
        ({"prompt": "default", "text": "story-7"}, {"story-7"}),
    ],
)  # fmt: skip
def test_filters_choose_rows(view: MadeUpView, filters: dict[str, Any], chosen: set[str]) -> None:
    page = ask(client(view), "/api/feed", **filters)
    assert {row["id"] for row in page["rows"]} == chosen
    assert page["matching"] == len(chosen)


@pytest.mark.parametrize(
    "query",
    [
        "meta=team", "meta=:x", "limit=many", "before=1e400", "before=9007199254740992", "before=" + "9" * 5000,
        "text=" + "a+" * 600, "&".join(["meta=a:b"] * 21),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_refused_with_a_sentence(view: MadeUpView, query: str) -> None:
    answer = client(view).get(f"/api/feed?{query}")
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_the_overview_and_the_facets_are_the_views(view: MadeUpView) -> None:
    overview = ask(client(view), "/api/overview")
    assert overview["kept"] == 12
    assert len(overview["hour"]["documents"]) == 360
    assert sum(overview["hour"]["documents"]) == 12
    facets = ask(client(view), "/api/facets")
    assert set(facets["statuses"]) == {"ok", "repaired", "extractive_fallback"}
    assert set(facets["metadata"]["team"]) == set(made_up.TEAMS)


def test_a_summary_opens_with_its_document_and_the_evidence_in_it(view: MadeUpView) -> None:
    row = ask(client(view), "/api/feed", limit=1)["rows"][0]
    shown = opened(view, row)
    assert shown["row"] == row
    assert shown["document_problem"] is None
    title, text = made_up.stories()[11 % len(made_up.stories())]
    segments = shown["document"]["segments"]
    assert "".join(segment["text"] for segment in segments) == text
    assert shown["document"]["title"] == title
    summary = view.read_summary(row["topic"], row["partition"], row["offset"])
    for sentence, of_contract in zip(shown["sentences"], summary.sentences, strict=True):
        assert sentence["text"] == summary.summary[of_contract.start : of_contract.end]
        assert [segments[piece]["text"] for piece in sentence["evidence"]] == [
            text[start:end] for start, end in of_contract.evidence
        ]


def test_a_document_is_read_from_input_topics_alone(view: MadeUpView) -> None:
    forged = made_up.summary(1, Source(topic="__consumer_offsets", partition=0, offset=0, timestamp=1))
    view.send(forged)
    shown = opened(view, ask(client(view), "/api/feed", limit=1)["rows"][0])
    assert "no input topic here" in shown["document_problem"]
    assert shown["document"] is None


def test_a_document_whose_topic_was_created_again_or_that_is_gone_says_so(view: MadeUpView) -> None:
    summary = view.summarize(20)
    source = summary.source
    assert source is not None
    other = source.model_copy(update={"timestamp": source.timestamp + 1})
    place = (source.topic, source.partition, source.offset)
    row = ask(client(view), "/api/feed", limit=1)["rows"][0]
    view._records[place] = Record(None, made_up.document(20), [], other)
    assert "was created again" in opened(view, row)["document_problem"]
    view._records[place] = Record(None, b"\xff\xfe\x00", [], source)
    assert "holds no document" in opened(view, row)["document_problem"]
    view._records[place] = Record(b"key", None, [], source)
    assert "holds no document" in opened(view, row)["document_problem"]
    reference = DocumentReference(uri="file:///texts/a.txt", sha256="ab" * 32)
    view._records[place] = Record(b"key", reference.model_dump_json().encode(), [], source)
    assert "the text is in the file file:///texts/a.txt. The dashboard" in opened(view, row)["document_problem"]
    del view._records[place]
    assert "is gone from topic 'documents'" in opened(view, row)["document_problem"]


def test_a_deleted_summary_is_gone_from_the_list_and_does_not_open(view: MadeUpView) -> None:
    summary = view.summarize(30)
    row = ask(client(view), "/api/feed", limit=1)["rows"][0]
    view.delete(summary)
    refused = opened(view, row, 410)
    assert "was deleted" in refused["error"]
    rows = ask(client(view), "/api/feed", limit=2)["rows"]
    assert (rows[0]["kind"], rows[1]["deleted"], rows[1]["opening"]) == ("deletion", True, "")


def test_only_topics_of_summaries_are_read(view: MadeUpView) -> None:
    for topic in (INPUT, LETTERS, "other"):
        assert client(view).get(f"/api/summary?topic={topic}&partition=0&offset=0").status_code == 404
    for place in ("topic=summaries", f"topic={OUTPUT}&partition=-1&offset=0", f"topic={OUTPUT}&partition=a&offset=0"):
        assert client(view).get(f"/api/summary?{place}").status_code == 400
    assert client(view).get(f"/api/summary?topic={OUTPUT}&partition=0&offset=999").status_code == 404


def test_a_broker_that_is_away_is_said_and_the_rows_stay(view: MadeUpView) -> None:
    row = ask(client(view), "/api/feed", limit=1)["rows"][0]
    view.connected = False
    assert "does not answer" in opened(view, row, 503)["error"]
    assert ask(client(view), "/api/feed")["matching"] == 12
    assert not ask(client(view), "/api/overview")["connected"]


def test_two_recipes_of_the_same_documents_stand_beside_each_other(view: MadeUpView) -> None:
    for number in (1, 2, 3):
        source = view.summarize(40 + number).source
        assert source is not None
        view.send(made_up.summary(40 + number, source, recipe="new", prompt="concise", other_words=number > 1), SHADOW)
    browser = client(view)
    page = ask(browser, "/api/compare", topic=SHADOW, limit=2)
    assert [pair["id"] for pair in page["pairs"]] == ["story-43", "story-42"]
    assert (page["topics"], page["a"]["topic"], page["b"]["topic"], page["b"]["recipe"]) == (
        [SHADOW],
        OUTPUT,
        SHADOW,
        "new",
    )
    pair = page["pairs"][0]
    assert not pair["same"]
    for side, mark in (("a", "removed"), ("b", "added")):
        row, words = pair[side]["row"], pair[side]["words"]
        summary = view.read_summary(row["topic"], row["partition"], row["offset"]).summary
        assert "".join(run["text"] for run in words) == summary
        assert {run["mark"] for run in words} <= {"same", mark}
    assert any(run["mark"] == "added" for run in pair["b"]["words"])
    rest = ask(browser, "/api/compare", topic=SHADOW, before=page["before"])
    assert [(pair["id"], pair["same"]) for pair in rest["pairs"]] == [("story-41", True)]
    assert not rest["more"]
    assert client(view).get("/api/compare?topic=other").status_code == 404


def test_without_a_shadow_topic_the_comparison_says_how_to_get_one() -> None:
    view = MadeUpView()
    view.shadows = {}
    page = ask(client(view), "/api/compare")
    assert page["pairs"] == []
    assert "--shadow-topic" in page["hint"]


def test_a_dead_letter_with_a_script_is_text(view: MadeUpView) -> None:
    view.fail()
    browser = client(view)
    page = ask(browser, "/api/letters")
    assert page["reasons"] == {"decode/UnknownPrompt": 1}
    [row] = page["rows"]
    place = {name: row[name] for name in ("topic", "partition", "offset")}
    answer = browser.get("/api/letter", params=place)
    assert answer.headers["content-type"] == "application/json"
    letter = answer.json()
    assert letter["row"] == row
    assert "<script>document.title='broken'</script>" in letter["payload"]
    assert (letter["payload_kind"], letter["truncated"]) == ("text", False)
    assert ["team", "harbour"] in letter["headers"]
    assert ask(browser, "/api/letters", reason="decode/NotUtf8")["rows"] == []
    assert browser.get("/api/letter?topic=summaries&partition=0&offset=0").status_code == 404


def send_back(browser: TestClient, body: Any) -> tuple[int, Answer]:
    headers = {**OWN, "x-gistream": "1", "content-type": "application/json; charset=utf-8"}
    answer = browser.post(
        "/api/redrive", content=body if isinstance(body, bytes) else json.dumps(body), headers=headers
    )
    return answer.status_code, answer.json()


def test_a_redrive_sends_what_was_chosen_and_says_what_it_left(view: MadeUpView) -> None:
    redrives = Redrives()
    redrives.answer = Redriven(1, [((LETTERS, 0, 4), "a", "summarized since")])
    browser = client(view, redrive=redrives)
    answer = send_back(browser, {"places": [[LETTERS, 0, 3], [LETTERS, 0, 4]]})
    left = [{"place": [LETTERS, 0, 4], "name": "a", "why": "summarized since"}]
    assert answer == (200, {"sent": 1, "left": left})
    send_back(browser, {"reason": "decode/NotUtf8"})
    assert redrives.asked == [([(LETTERS, 0, 3), (LETTERS, 0, 4)], ""), ([], "decode/NotUtf8")]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ([], 400), ({"places": []}, 400), ({"reason": 5}, 400), ({"reason": ""}, 400), (b"{", 400),
        ({"places": [[LETTERS, 0]]}, 400), ({"places": [[LETTERS, "0", 1]]}, 400),
        ({"places": [[LETTERS, -1, 1]]}, 400), ({"places": [[LETTERS, True, 1]]}, 400),
        ({"places": [[LETTERS, 2**31, 1]]}, 400), ({"places": [[LETTERS, 0, 10**400]]}, 400),
        ({"places": [[LETTERS, 0, 1]], "reason": "a/b"}, 400),
        ({"places": [["documents", 0, 1]]}, 404), ({"places": [[LETTERS, 0, 1]] * 1001}, 413), (b"[" * 200_000, 400),
        (b" " * 300_000, 413),
    ],
)  # fmt: skip
def test_a_redrive_of_anything_else_is_refused_and_sends_nothing(view: MadeUpView, body: Any, status: int) -> None:
    redrives = Redrives()
    assert send_back(client(view, redrive=redrives), body)[0] == status
    assert redrives.asked == []


def test_one_redrive_at_a_time_and_a_failed_one_lets_the_next_begin(view: MadeUpView) -> None:
    def again(_places: Any, _reason: str) -> Redriven:
        assert send_back(browser, {"reason": "a/b"})[0] == 409
        raise BrokerAway("Kafka does not answer.")

    browser = client(view, redrive=again)
    for _ in range(2):
        assert send_back(browser, {"reason": "a/b"}) == (503, {"error": "Kafka does not answer."})

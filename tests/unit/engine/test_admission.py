from __future__ import annotations

from itertools import count
from typing import cast

import pytest

from streaming.engine.lanes.admission import AGEING, Admission, LaneRequest, Room, takes_next
from streaming.engine.lanes.thinking import Answer
from streaming.errors import DeadlineExceeded
from streaming.protocol import Sampling


def request(prompt: int, *, max_tokens: int = 96, deadline: float | None = None) -> LaneRequest:
    # Nothing of what admission decides asks the answer.
    answer = cast("Answer", None)
    return LaneRequest([1] * prompt, Sampling(), max_tokens, deadline, None, 0.0, answer, on_native=lambda _: None)


def order(admission: Admission) -> list[LaneRequest]:
    return [item for _ in range(len(admission)) if (item := admission.next(0.0)) is not None]


def test_of_equal_requests_the_first_is_served_first() -> None:
    admission, requests = Admission(), [request(100) for _ in range(5)]
    for item in requests:
        admission.add(item, computed=7)
    assert [id(item) for item in order(admission)] == [id(item) for item in requests]


def test_the_cheaper_request_goes_first_until_the_dearer_has_waited_long_enough() -> None:
    chunk, early, late = request(800), request(100), request(100)
    admission = Admission()
    admission.add(chunk, computed=0)
    admission.add(late, computed=AGEING * 700 + 1)
    admission.add(early, computed=AGEING * 700 - 1)
    assert [len(item.prompt) for item in order(admission)] == [100, 800, 100]


def test_what_may_generate_much_is_as_dear_as_a_long_prompt() -> None:
    admission = Admission()
    admission.add(request(100, max_tokens=900), computed=0)
    admission.add(request(101, max_tokens=96), computed=0)
    assert [item.limit for item in order(admission)] == [96, 900]


def test_a_chunk_is_served_though_short_ones_keep_coming_for_ever() -> None:
    admission, computed = Admission(), 0
    admission.add(request(800), computed=computed)
    for served in count():
        # As fast as the engine can serve: one comes for each that is done, and one more waits.
        for _ in range(2 if served == 0 else 1):
            admission.add(request(100), computed=computed)
        served_request = admission.next(0.0)
        assert served_request is not None
        computed += served_request.cost
        if len(served_request.prompt) == 800:
            break
        assert served < 1000
    # No more was computed before it than its cost gives way to, and the request that was under way.
    assert computed - 896 <= AGEING * 700 + 2 * 196


def test_a_deadline_that_passes_in_the_queue_is_told_and_the_others_stay() -> None:
    admission = Admission()
    soon, later, never = request(10, deadline=5.0), request(10, deadline=9.0), request(10)
    for item in (never, soon, later):
        admission.add(item, computed=0)
    admission.drop_expired(5.0)
    assert len(admission) == 3
    admission.drop_expired(5.1)
    assert isinstance(soon.result.exception(0), DeadlineExceeded)
    assert len(admission) == 2
    admission.drop_expired(9.1)
    assert isinstance(later.result.exception(0), DeadlineExceeded)
    assert order(admission) == [never]


def test_what_goes_back_to_a_lane_waits_for_that_lane_alone_and_is_told_of_its_deadline() -> None:
    admission = Admission()
    first, late, second, gone = request(10), request(10, deadline=1.0), request(10), request(10)
    for item in (first, late, second, gone):
        admission.add(item, computed=0, lane=1)
    gone.result.cancel()
    assert (len(admission), admission.callers_waiting) == (0, 3)
    assert admission.next(0.0) is None
    assert admission.next_returning(0, 0.0) is None
    admission.drop_expired(2.0)
    with pytest.raises(DeadlineExceeded):
        late.result.result(0)
    assert [admission.next_returning(1, 2.0) for _ in range(3)] == [first, second, None]
    admission.add(second, computed=0, lane=1)
    admission.resolve_all(DeadlineExceeded("closed"))
    with pytest.raises(DeadlineExceeded):
        second.result.result(0)


def test_a_request_whose_caller_has_gone_is_passed_over() -> None:
    admission, gone, here = Admission(), request(10), request(20)
    for item in (gone, here):
        admission.add(item, computed=0)
    gone.result.cancel()
    assert admission.callers_waiting == 1
    assert admission.next(0.0) is here
    assert admission.next(0.0) is None


# Of two lanes: what each has to do, its free slots, how many wait, and which of them take the next request.
@pytest.mark.parametrize(
    ("rooms", "waiting", "takers"),
    [
        pytest.param([(0, 2), (0, 2)], 1, [0], id="the first of two idle ones"),
        pytest.param([(900, 1), (200, 1)], 1, [1], id="the lighter of two"),
        pytest.param([(900, 1), (200, 1)], 2, [0, 1], id="both when there are enough for both"),
        pytest.param([(900, 2), (0, 2)], 2, [1], id="the idle one when it has room for all"),
        pytest.param([(900, 1), (200, 0)], 1, [0], id="the heavier when the lighter is full"),
        pytest.param([(900, 0), (200, 0)], 9, [], id="none when both are full"),
    ],
)
def test_who_takes_the_next_request(rooms: list[tuple[int, int]], waiting: int, takers: list[int]) -> None:
    lanes = [Room(load, number, free) for number, (load, free) in enumerate(rooms)]
    assert [lane.lane for lane in lanes if takes_next(lane, lanes, waiting=waiting)] == takers

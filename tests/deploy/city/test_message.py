"""What goes over Kafka comes back as it was, and what is none of ours is refused in words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.qc.visits import Visit
from collectors.stores.base import Event, Flag
from deploy.city.message import MOST_ROWS, Begin, Findings, Message, MessageError, pack_block, unpack_block
from sensors.reading import Block, Quality, Reading, StationState

TIME = 1_790_000_100_000

readings = st.builds(
    Reading,
    st.sampled_from(["S01", "站二"]),
    st.sampled_from(["ph", "ammonia_nitrogen"]),
    st.integers(0, 2**45),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(Quality),
    st.sampled_from(StationState),
)


@given(st.lists(readings, max_size=20))
def test_a_block_comes_back_to_the_last_bit(rows) -> None:
    block = Block.of(rows)
    assert unpack_block(json.loads(json.dumps(pack_block(block)))) == block


def test_a_message_comes_back() -> None:
    message = Message(
        Block.of([Reading("S01", "ph", TIME, 7.1)]), TIME + 5, Begin("k/1", b"\x00\xff", "mark"),
        (Visit("S01", TIME, TIME + 9),),
    )  # fmt: skip
    assert Message.decode(message.encode()) == message
    assert Message.decode(Message(now_ms=TIME).encode()) == Message(now_ms=TIME)
    assert Message.decode(Message(visits=()).encode()).visits == ()


def test_findings_are_cut_into_messages_and_the_last_one_says_how_far_it_is() -> None:
    event = Event("e", "discharge", 1, None, 2, 3, ("S01",), {"peak": 1.5})
    flags = tuple(Flag("S01", "ph", i, "spike", Quality.SUSPECT, {"statistic": 1.0}) for i in range(MOST_ROWS + 1))
    parts = [Findings.decode(one) for one in Findings(TIME, (event,), flags, {"watch": "x"}, {"ready": 1}).encode()]
    assert [len(part.flags) for part in parts] == [MOST_ROWS, 1]
    assert parts[0].flags + parts[1].flags == flags
    assert [part.events for part in parts] == [(event,), ()]
    assert [part.marks for part in parts] == [{}, {"watch": "x"}]
    assert list(Findings(TIME).encode())


@pytest.mark.parametrize(
    "payload",
    [b"", b"\xff", b"[]", b'{"v":2}', b'{"v":1,"now_ms":"x"}', b'{"v":1,"visits":[1]}', b'{"v":1,"block":{}}',
     b'{"v":1,"begin":{"token":"a","files":"?","mark":null}}',
     b'{"v":1,"block":{"series":[["a","ph"]],"index":[0],"time_ms":[1,2],"value":[1],"quality":2,"state":"N"}}',
     b'{"v":1,"block":{"series":[["a","ph"]],"index":[3],"time_ms":[1],"value":[1],"quality":2,"state":"N"}}',
     b'{"v":1,"block":{"series":[["a","ph"]],"index":[0],"time_ms":[1],"value":[1],"quality":7,"state":"N"}}'],
)  # fmt: skip
def test_what_is_none_of_ours_is_refused(payload) -> None:
    with pytest.raises(MessageError, match="message"):
        Message.decode(payload)


@pytest.mark.parametrize("payload", [b"{}", b'{"v":1}', b'{"v":1,"now_ms":1,"events":[[1]],"flags":[],"marks":{}}'])
def test_findings_that_are_none_are_refused(payload) -> None:
    with pytest.raises(MessageError, match="message"):
        Findings.decode(payload)

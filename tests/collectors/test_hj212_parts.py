from __future__ import annotations

import random
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.hj212.frame import encode, parse
from collectors.hj212.parts import MAX_OPEN, Joiner, join, split
from collectors.hj212.segment import MAX_CP, Flag, Frame, Group, Hj212Error, encode_cp

TIME: Group = (("DataTime", "20260801090000"),)


def message(items: int, *, size: int = 40, time: str = "20260801090000", mn: str = "A" * 24) -> Frame:
    groups = tuple(((f"w{number:05d}-Avg", "1" * size), (f"w{number:05d}-Flag", "N")) for number in range(items))
    cp = ((("DataTime", time),), *groups)
    return Frame(2061, cp, "20260801100000001", 21, "123456", mn, Flag(answer=True))


def qns() -> object:
    numbers = count(20260801100000002)
    return lambda: str(next(numbers))


def cut(frame: Frame) -> tuple[Frame, ...]:
    return split(frame, qns())  # type: ignore[arg-type]


def test_what_fits_stays_one_frame() -> None:
    whole = message(2)
    assert cut(whole) == (whole,)


def test_packets_fit_and_mean_something_alone() -> None:
    packets = cut(message(60))
    assert len(packets) > 3
    assert [packet.pno for packet in packets] == list(range(1, len(packets) + 1))
    assert {packet.pnum for packet in packets} == {len(packets)}
    assert len({packet.qn for packet in packets}) == len(packets)
    for packet in packets:
        assert packet.flag == Flag(parts=True, answer=True)
        assert packet.cp[0] == TIME
        assert len(encode(packet)) <= 1024 + 12
        assert len(encode_cp(packet.cp)) <= MAX_CP - 7
        assert parse(encode(packet)) == packet
    assert packets[0].qn == message(60).qn


@given(st.integers(1, 80), st.integers(1, 300))
def test_what_was_cut_is_put_together_again(items: int, size: int) -> None:
    whole = message(items, size=size)
    packets = cut(whole)
    assert join(packets) == whole if len(packets) > 1 else packets == (whole,)
    joiner = Joiner()
    assert [joiner.add(packet) for packet in packets][:-1] == [None] * (len(packets) - 1)
    assert [joiner.add(packet) for packet in packets][-1] == whole


def test_items_fill_packets_as_far_as_they_go() -> None:
    for items in range(8, 40):
        packets = cut(message(items))
        sizes = [len(encode_cp(packet.cp)) for packet in packets]
        assert all(size > MAX_CP - 7 - 75 for size in sizes[:-1])


def test_an_item_that_fits_nowhere_is_refused() -> None:
    with pytest.raises(Hj212Error):
        cut(message(1, size=1000))


def test_packets_come_in_any_order_and_more_than_once() -> None:
    whole = message(60)
    packets = list(cut(whole))
    random.Random(3).shuffle(packets)
    joiner = Joiner()
    assert joiner.add(packets[0]) is None
    assert [one for packet in packets for one in [joiner.add(packet)] if one] == [whole]


def test_messages_of_several_stations_and_kinds_are_kept_apart() -> None:
    a, b = cut(message(60)), cut(message(60, mn="B"))
    c = tuple(replace(packet, cn=2031) for packet in a)
    joiner = Joiner()
    found = [joiner.add(packet) for three in zip(a, b, c, strict=True) for packet in three]
    assert [one for one in found if one] == [message(60), message(60, mn="B"), replace(message(60), cn=2031)]


def test_packets_of_two_messages_are_never_mixed() -> None:
    """The second packet of one and the first of the next were lost."""
    early, late = cut(message(30)), cut(message(30, time="20260801100000"))
    assert len(early) == len(late) > 2
    joiner = Joiner()
    assert joiner.add(early[0]) is None
    assert [joiner.add(packet) for packet in late[1:]] == [None] * (len(late) - 1)
    assert joiner.add(late[0]) == message(30, time="20260801100000")


def test_a_packet_that_comes_again_with_other_content_begins_a_new_message() -> None:
    first, *_ = cut(message(30))
    other = replace(first, cp=(TIME, (("w1-Avg", "9"),)))
    joiner = Joiner()
    joiner.add(first)
    assert joiner.add(other) is None
    rest = cut(message(30))[1:]
    found = [joiner.add(packet) for packet in rest][-1]
    assert found is not None
    assert found.value("w1-Avg") == "9"


def test_unfinished_messages_do_not_pile_up() -> None:
    joiner = Joiner()
    for number in range(1000):
        joiner.add(replace(cut(message(30))[0], mn=f"M{number}"))
    assert len(joiner._open) == MAX_OPEN


def test_join_refuses_what_does_not_belong_together() -> None:
    packets = cut(message(60))
    for wrong in (packets[1:], packets[:-1], packets[::-1], (*packets[:-1], replace(packets[-1], mn="B"))):
        with pytest.raises(Hj212Error, match="parts"):
            join(wrong)

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.hj212.frame import encode, wrap
from collectors.hj212.segment import Flag, Frame, Hj212Error
from collectors.hj212.stream import FrameReader


def frame(number: int, size: int = 1) -> Frame:
    qn = f"{20260801000000000 + number}"
    return Frame(2011, ((("A", "x" * size),),), qn, 21, "123456", "A", Flag())


def good(found: list[Frame | Hj212Error]) -> list[Frame]:
    return [one for one in found if isinstance(one, Frame)]


def reasons(found: list[Frame | Hj212Error]) -> list[str]:
    return [one.reason for one in found if isinstance(one, Hj212Error)]


def test_frames_are_found_wherever_the_bytes_are_cut() -> None:
    wanted = [frame(number, 1 + 300 * number) for number in range(4)]
    stream = b"".join(encode(one) for one in wanted)
    for step in (1, 2, 3, 7, 64, len(stream)):
        reader = FrameReader()
        found = [one for at in range(0, len(stream), step) for one in reader.feed(stream[at : at + step])]
        assert found == wanted


@given(st.lists(st.integers(1, 4000), max_size=12), st.integers(0, 2**32))
def test_cuts_change_nothing(cuts: list[int], seed: int) -> None:
    source = random.Random(seed)
    stream = b"".join(
        source.choice((encode(frame(number)), source.randbytes(30), b"##0012", b"##", encode(frame(number))[:40]))
        for number in range(20)
    )
    whole = [repr(one) for one in FrameReader().feed(stream)]
    reader, found = FrameReader(), list[Frame | Hj212Error]()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(stream)], strict=True):
        found += reader.feed(stream[start:end])
    assert [repr(one) for one in good(found)] == [one for one in whole if one.startswith("Frame")]


@pytest.mark.parametrize("noise", [b"noise", b"#", b"###", b"\x00\xff" * 50, b"##99", b"##00x1", b"##9999", b"##1025"])
def test_noise_costs_no_frame(noise: bytes) -> None:
    reader = FrameReader()
    found = reader.feed(encode(frame(1)) + noise + encode(frame(2)) + noise + encode(frame(3)))
    assert good(found) == [frame(1), frame(2), frame(3)]
    assert len(reasons(found)) == 2


def test_line_ends_and_spaces_between_frames_are_no_news() -> None:
    found = FrameReader().feed(b"\r\n" + encode(frame(1)) + b"\r\n \r\n" + encode(frame(2)))
    assert found == [frame(1), frame(2)]


def test_noise_without_any_frame_is_told_once_and_not_kept() -> None:
    reader = FrameReader()
    assert reasons(reader.feed(b"x" * 100_000)) == ["garbage"]
    assert reasons(reader.feed(b"x" * 100_000)) == []
    assert good(reader.feed(encode(frame(1)))) == [frame(1)]
    assert reasons(reader.feed(b"x")) == ["garbage"]


def test_a_broken_frame_costs_only_itself() -> None:
    broken = bytearray(encode(frame(1)))
    broken[30] ^= 1
    found = FrameReader().feed(bytes(broken) + encode(frame(2)))
    assert reasons(found) == ["crc"]
    assert good(found) == [frame(2)]


@pytest.mark.parametrize("length", [b"1024", b"0090", b"0001"])
def test_a_broken_length_costs_only_its_frame(length: bytes) -> None:
    data = encode(frame(1))
    assert data[2:6] != length
    reader = FrameReader()
    found = reader.feed(data[:2] + length + data[6:])
    found += reader.feed(encode(frame(2)))
    assert good(found) == [frame(2)]
    assert len(reasons(found)) == 1


def test_a_length_that_is_too_long_does_not_wait_for_more() -> None:
    data = encode(frame(1))
    reader = FrameReader()
    assert reasons(reader.feed(data[:2] + b"0500" + data[6:])) == ["length"]


def test_half_a_frame_that_nothing_follows_is_no_frame() -> None:
    reader = FrameReader()
    assert reader.feed(encode(frame(1))[:-1]) == []
    assert good(reader.feed(b"\n")) == [frame(1)]
    half = FrameReader()
    found = half.feed(encode(frame(1))[:50]) + half.feed(encode(frame(2)))
    assert good(found) == [frame(2)]


def test_a_sound_envelope_with_a_bad_segment_is_told_whole() -> None:
    found = FrameReader().feed(wrap(b"ST=21;CP=&&&&") + encode(frame(1)))
    assert reasons(found) == ["CN"]
    assert good(found) == [frame(1)]
    [error] = [one for one in found if isinstance(one, Hj212Error)]
    assert error.data == b"ST=21;CP=&&&&"


@given(st.binary(max_size=3000))
def test_nothing_is_raised_and_nothing_piles_up(data: bytes) -> None:
    reader = FrameReader()
    for at in range(0, len(data), 100):
        reader.feed(data[at : at + 100])
    assert len(reader._buffer) <= 1036 + 100

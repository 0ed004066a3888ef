import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from deploy.fleet.frames import Request, RtuFrames, TcpFrames

READ = bytes.fromhex("0300020004")
WRITE = bytes.fromhex("10000100020400070008")


def rtu(unit: int, pdu: bytes) -> bytes:
    body = bytes([unit]) + pdu
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def test_a_frame_of_the_specification() -> None:
    # Modbus over Serial Line V1.02 gives the sum of 02 07 as 0x1241, low byte first.
    assert RtuFrames().frame(Request(2, b"\x07"), b"\x07") == bytes.fromhex("02074112")


@given(st.integers(0, 255), st.sampled_from([READ, WRITE]), st.lists(st.integers(1, 5), max_size=20))
def test_a_frame_may_come_in_pieces(unit: int, pdu: bytes, cuts: list[int]) -> None:
    whole = rtu(unit, pdu)
    frames, found = RtuFrames(), []
    rest = whole
    for cut in cuts:
        found += frames.feed(rest[:cut])
        rest = rest[cut:]
    found += frames.feed(rest)
    assert found == [Request(unit, pdu)]


def test_noise_before_a_frame_is_passed_over() -> None:
    assert RtuFrames().feed(b"\x00\x13\xff" + rtu(5, READ)) == [Request(5, READ)]
    assert RtuFrames().feed(b"DTU-0001\r\n" + rtu(5, READ) + rtu(6, READ)) == [Request(5, READ), Request(6, READ)]


def test_a_wrong_sum_is_no_request() -> None:
    frame = bytearray(rtu(5, READ))
    frame[-1] ^= 1
    frames = RtuFrames()
    assert frames.feed(bytes(frame)) == []
    assert frames.feed(rtu(6, READ)) == [Request(6, READ)]


def test_a_function_of_unknown_length_is_taken_whole() -> None:
    assert RtuFrames().feed(rtu(1, b"\x11")) == [Request(1, b"\x11")]


def test_tcp_requests_one_after_the_other_and_in_halves() -> None:
    one = struct.pack(">HHHB", 7, 0, 6, 3) + READ
    two = struct.pack(">HHHB", 8, 0, len(WRITE) + 1, 4) + WRITE
    frames = TcpFrames()
    assert frames.feed(one + two[:9]) == [Request(3, READ, 7)]
    assert frames.feed(two[9:]) == [Request(4, WRITE, 8)]


def test_what_is_no_modbus_tcp_is_dropped() -> None:
    frames = TcpFrames()
    assert frames.feed(b"GET / HTTP/1.1\r\n\r\n") == []
    assert frames.feed(struct.pack(">HHHB", 7, 0, 6, 3) + READ) == [Request(3, READ, 7)]


def test_answers_and_how_they_are_spoiled() -> None:
    ask = Request(3, READ, 7)
    assert TcpFrames().frame(ask, b"\x83\x02") == bytes.fromhex("000700000003038302")
    assert TcpFrames().frame(ask, b"\x83\x02", unit=9) == bytes.fromhex("000700000003098302")
    assert TcpFrames().frame(ask, b"\x83\x02", spoiled=True)[:2] != b"\x00\x07"
    good, bad = (RtuFrames().frame(ask, b"\x83\x02", spoiled=spoiled) for spoiled in (False, True))
    assert good == rtu(3, b"\x83\x02")
    assert good[:-2] == bad[:-2]
    assert good != bad


@pytest.mark.parametrize("make", [RtuFrames, TcpFrames])
@given(pieces=st.lists(st.binary(max_size=300), max_size=8))
def test_no_bytes_are_too_strange(make: type[RtuFrames | TcpFrames], pieces: list[bytes]) -> None:
    frames = make()
    for piece in pieces:
        for request in frames.feed(piece):
            assert request.pdu
    # What it holds back is bounded, so that a stream of noise costs no memory.
    assert len(frames._held) <= 600

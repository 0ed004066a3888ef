from __future__ import annotations

import contextlib
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.hj212.frame import MAX_SEGMENT, crc16, encode, parse, unwrap, wrap
from collectors.hj212.segment import MAX_CP, Flag, Frame, Hj212Error, encode_cp, parse_segment

MN = "320506000000000000000001"
REAL = Frame(
    2011,
    ((("DataTime", "20260801085857"),), (("w01001-Rtd", "7.42"), ("w01001-Flag", "N"))),
    "20260801085857223", 21, "123456", MN, Flag(answer=True),
)  # fmt: skip


def literal_crc(data: bytes) -> int:
    """The words of the standard, step by step."""
    register = 0xFFFF
    for byte in data:
        high = register >> 8
        register = high ^ byte
        for _ in range(8):
            note = register & 1
            register >>= 1
            if note:
                register ^= 0xA001
    return register


def modbus_crc(data: bytes) -> int:
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register


def refused(data: bytes) -> str:
    with pytest.raises(Hj212Error) as error:
        parse(data)
    return error.value.reason


def with_segment(text: str) -> bytes:
    return wrap(text.encode())


@pytest.mark.shared
def test_every_vector_is_judged_as_it_should_be(shared: Path) -> None:
    vectors = json.loads((shared / "facts" / "hj212_vectors.json").read_text("utf-8"))
    assert len(vectors) >= 22
    for vector in vectors:
        data = f"##{vector['length']}{vector['segment']}{vector['crc']}\r\n".encode()
        if vector["valid"]:
            frame = parse(data)
            assert parse(encode(frame)) == frame, vector
        else:
            assert refused(data) == "crc", vector
            good = f"##{vector['length']}{vector['segment']}{vector['computed']}\r\n".encode()
            assert unwrap(good).decode() == vector["segment"]


@pytest.mark.shared
def test_encoding_gives_the_bytes_of_the_vectors(shared: Path) -> None:
    """Where a vector has its fields in the standard's order and no number has leading zeros."""
    vectors = json.loads((shared / "facts" / "hj212_vectors.json").read_text("utf-8"))
    for vector in vectors:
        if vector["valid"]:
            data = f"##{vector['length']}{vector['segment']}{vector['crc'].upper()}\r\n".encode()
            assert encode(parse(data)) == data


def test_the_printed_example_of_annex_a() -> None:
    segment = b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;CP=&&RtdInterval=30&&"
    assert crc16(segment) == 0x1C80
    assert modbus_crc(segment) == 0x0759
    frame = parse(b"##0101" + segment + b"1C80\r\n")
    assert frame == Frame(
        1062, ((("RtdInterval", "30"),),), "20160801085857223", 32, "100000", "010000A8900016F000169DC0",
        Flag(version=1, answer=True),
    )  # fmt: skip
    assert frame.wants_answer


def test_the_checksum_is_that_of_the_words() -> None:
    source = random.Random(212)
    for length in (0, 1, 2, 255, MAX_SEGMENT):
        data = source.randbytes(length)
        assert crc16(data) == literal_crc(data)
    assert crc16(b"") == 0xFFFF


@pytest.mark.parametrize(
    ("segment", "crc"),
    [
        # Computed by `literal_crc` from the standard's words.
        ("ST=91;CN=9014;PW=123456;MN=A;CP=&&&&", 0x3240),
        ("QN=20260101000000000;ST=21;CN=2011;PW=1;MN=A;Flag=4;CP=&&Info=清洗&&", 0x5E40),
        ("QN=20260101000000000;ST=21;CN=2061;PW=1;MN=A;Flag=6;PNUM=9999;PNO=1;CP=&&A=&&", 0x1680),
    ],
)
def test_own_vectors(segment: str, crc: int) -> None:
    data = segment.encode()
    assert literal_crc(data) == crc == crc16(data)
    frame = parse(f"##{len(data):04d}{segment}{crc:04X}\r\n".encode())
    assert parse(encode(frame)) == frame


def test_a_checksum_in_small_letters_is_taken() -> None:
    data = encode(REAL)
    assert parse(data[:-6] + data[-6:].lower()) == REAL


def test_the_length_counts_bytes() -> None:
    data = encode(replace(REAL, cp=((("Info", "水"),),)))
    assert int(data[2:6]) == len(data) - 12 == len(data.decode()) - 12 + 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "header"),
        (b"#", "header"),
        (b"#*0000FFFF\r\n", "header"),
        (b"##", "length"),
        (b"##00 0FFFF\r\n", "length"),
        (b"##+000FFFF\r\n", "length"),
        ("##٠٠٠٠FFFF\r\n".encode(), "length"),
        (b"##1025" + b"A" * 1025 + b"0000\r\n", "length"),
        (b"##0001FFFF\r\n", "length"),
        (b"##0000FFFF\r\n\r\n", "length"),
        (b"##0000FFFF\n\r", "trailer"),
        (b"##0000FFFF\r\r", "trailer"),
        (b"##0000FFFE\r\n", "crc"),
        (b"##0000FFFg\r\n", "crc"),
        (b"##0000 FFF\r\n", "crc"),
        (b"##00000xFF\r\n", "crc"),
    ],
)
def test_what_is_around_the_segment_is_checked(data: bytes, reason: str) -> None:
    assert refused(data) == reason


HEAD = "QN=20260801085857223;ST=21;CN=2011;PW=123456;MN=A;Flag=4;"


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ("CP", "segment"),
        (HEAD, "segment"),
        (HEAD + "CP=&&DataTime=1", "segment"),
        (HEAD + "CP=&&DataTime=1&", "segment"),
        (HEAD + "CP=&DataTime=1&&", "segment"),
        (HEAD + "CP=&&DataTime=1&&;", "segment"),
        (HEAD + "CP=&&A=1&&CP=&&A=1&&", "segment"),
        (HEAD + "CP=&&A=1&B=2&&", "segment"),
        ("cp=&&&&" + HEAD + "CP=&&&&", "segment"),
        (HEAD + "SK=1;CP=&&&&", "segment"),
        (HEAD + "ST=21;CP=&&&&", "segment"),
        (HEAD.replace("QN", "qn") + "CP=&&&&", "segment"),
        (HEAD.replace("QN=20260801085857223", "QN=2026080108585722") + "CP=&&&&", "QN"),
        (HEAD.replace("QN=20260801085857223", "QN=2026080108585722x") + "CP=&&&&", "QN"),
        (HEAD.replace("ST=21", "ST=021") + "CP=&&&&", "ST"),
        (HEAD.replace("ST=21;", "") + "CP=&&&&", "ST"),
        (HEAD.replace("CN=2011", "CN=20110") + "CP=&&&&", "CN"),
        (HEAD.replace("CN=2011;", "") + "CP=&&&&", "CN"),
        (HEAD.replace("PW=123456", "PW=") + "CP=&&&&", "PW"),
        (HEAD.replace("PW=123456;", "") + "CP=&&&&", "PW"),
        (HEAD.replace("MN=A", "MN=A B") + "CP=&&&&", "MN"),
        (HEAD.replace("MN=A;", "") + "CP=&&&&", "MN"),
        (HEAD.replace("MN=A", "MN=" + "A" * 33) + "CP=&&&&", "MN"),
        (HEAD.replace("Flag=4", "Flag=256") + "CP=&&&&", "Flag"),
        (HEAD.replace("Flag=4", "Flag=-1") + "CP=&&&&", "Flag"),
        (HEAD.replace("Flag=4", "Flag=6") + "CP=&&&&", "Flag"),
        (HEAD + "PNUM=1;PNO=1;CP=&&&&", "Flag"),
        (HEAD.replace("Flag=4", "Flag=6") + "PNUM=2;CP=&&&&", "PNO"),
        (HEAD.replace("Flag=4", "Flag=6") + "PNO=2;CP=&&&&", "PNUM"),
        (HEAD.replace("Flag=4", "Flag=6") + "PNUM=2;PNO=3;CP=&&&&", "PNO"),
        (HEAD.replace("Flag=4", "Flag=6") + "PNUM=0;PNO=0;CP=&&&&", "PNUM"),
        (HEAD + "CP=&&DataTime&&", "CP"),
        (HEAD + "CP=&&=1&&", "CP"),
        (HEAD + "CP=&&A=1;&&", "CP"),
        (HEAD + "CP=&&A=1,,B=2&&", "CP"),
        (HEAD + "CP=&&A=1=2&&", "CP"),
        (HEAD + "CP=&&A B=1&&", "CP"),
        (HEAD + "CP=&&A=1\x00&&", "CP"),
        (HEAD + "CP=&&A=" + "1" * (MAX_CP - 1) + "&&", "CP"),
    ],
)
def test_the_grammar_of_a_segment_is_checked(segment: str, reason: str) -> None:
    assert refused(with_segment(segment)) == reason


def test_text_that_is_no_utf_8_is_refused() -> None:
    assert refused(wrap(HEAD.encode() + b"CP=&&Info=\xc7\xe5&&")) == "charset"


def test_what_devices_in_the_field_do_is_taken() -> None:
    frame = parse(with_segment("ST=21;CN=2011;PW=123456;MN=LD130133000015;CP=&& &&"))
    assert (frame.qn, frame.flag, frame.cp) == (None, None, ())
    assert not frame.wants_answer
    swapped = parse(with_segment("PNO=0002;PNUM=0002;MN=A;PW=1;CN=2051;ST=21;CP=&&A=1&&"))
    assert (swapped.pnum, swapped.pno) == (2, 2)
    assert encode(swapped)[6:-6].decode() == "ST=21;CN=2051;PW=1;MN=A;PNUM=2;PNO=2;CP=&&A=1&&"


def test_the_limits_themselves_are_allowed() -> None:
    room = MAX_SEGMENT - len(HEAD) - len("CP=&&A=&&")
    assert room + 2 > MAX_CP
    longest = replace(REAL, mn="A", flag=Flag(), cp=((("A", "1" * (MAX_CP - 2)),),))
    assert parse(encode(longest)) == longest
    assert len(wrap(b"x" * MAX_SEGMENT)) == MAX_SEGMENT + 12
    with pytest.raises(Hj212Error, match="length"):
        wrap(b"x" * (MAX_SEGMENT + 1))


@pytest.mark.parametrize(
    ("number", "flag"),
    [
        (0, Flag(0)), (4, Flag(1)), (5, Flag(1, answer=True)), (7, Flag(1, parts=True, answer=True)),
        (8, Flag(2)), (9, Flag(2, answer=True)), (255, Flag(63, parts=True, answer=True)),
    ],
)  # fmt: skip
def test_the_bits_of_the_flag(number: int, flag: Flag) -> None:
    assert Flag.of(number) == flag
    assert int(flag) == number


@pytest.mark.parametrize(
    "change",
    [
        {"qn": "1"}, {"st": 100}, {"cn": 20110}, {"cn": None}, {"pw": "a;b"}, {"pw": None}, {"mn": ""},
        {"pnum": 2}, {"pnum": 1, "pno": 2}, {"cp": ((),)}, {"cp": ((("A", "1;B=2"),),)}, {"cp": ((("A", "&"),),)},
        {"flag": Flag(64)}, {"flag": Flag(parts=True)}, {"cp": ((("", "1"),),)}, {"cp": ((("A", "\r\n"),),)},
    ],
)  # fmt: skip
def test_what_could_not_be_read_again_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(Hj212Error):
        encode(replace(REAL, **change))  # type: ignore[arg-type]


def test_values_are_found_by_name() -> None:
    assert REAL.value("w01001-Flag") == "N"
    assert REAL.value("w01001-flag") is None
    assert encode_cp(REAL.cp) == "DataTime=20260801085857;w01001-Rtd=7.42,w01001-Flag=N"


NAMES = st.text("abcwDRt0123456789_-", min_size=1, max_size=12)
VALUES = st.text(st.characters(exclude_characters=";,=&\x7f", exclude_categories=["Cc", "Cs"]), max_size=12)
GROUPS = st.lists(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4).map(tuple), max_size=4).map(tuple)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    pnum = draw(st.none() | st.integers(1, 9999))
    pno = None if pnum is None else draw(st.integers(1, pnum))
    flag = draw(st.none() | st.builds(Flag, st.integers(0, 63), st.just(pnum is not None), st.booleans()))
    return Frame(
        draw(st.integers(1000, 9999)),
        draw(GROUPS),
        draw(st.none() | st.text("0123456789", min_size=17, max_size=17)),
        draw(st.integers(0, 99)),
        draw(st.text("0123456789abcXYZ", min_size=1, max_size=8)),
        draw(st.text("0123456789ABCDEFxyz.-_", min_size=1, max_size=24)),
        flag, pnum, pno,
    )  # fmt: skip


@given(frames())
def test_what_is_written_is_read_again(frame: Frame) -> None:
    if len(encode_cp(frame.cp).encode()) > MAX_CP:
        with pytest.raises(Hj212Error, match="CP"):
            encode(frame)
        return
    data = encode(frame)
    assert parse(data) == frame
    assert len(data) == int(data[2:6]) + 12


@given(st.binary(max_size=200))
def test_noise_raises_nothing_but_our_own_error(data: bytes) -> None:
    for text in (data, b"##" + data, wrap(data)):
        with contextlib.suppress(Hj212Error):
            frame = parse(text)
            assert parse(encode(frame)) == frame


@given(st.text("QNSTCMPWFlagPNUO=;,&#0123456789-\r\nwRtd", max_size=120))
def test_near_misses_raise_nothing_but_our_own_error(text: str) -> None:
    for segment in (text.encode(), f"{HEAD}CP=&&{text}&&".encode(), f"{HEAD}{text}CP=&&&&".encode()):
        with contextlib.suppress(Hj212Error):
            frame = parse_segment(segment)
            assert parse(encode(frame)) == frame


def test_damaged_frames_are_refused_or_read_as_what_the_bytes_say() -> None:
    """A weak checksum: what gets past it and the grammar must still be a frame that says what its bytes say."""
    source = random.Random(4)
    data = encode(REAL)
    passed = 0
    for _ in range(3000):
        damaged = bytearray(data)
        for _ in range(source.randint(1, 4)):
            damaged[source.randrange(len(damaged))] = source.randrange(256)
        if source.random() < 0.2:
            del damaged[source.randrange(len(damaged)) :]
        try:
            frame = parse(bytes(damaged))
        except Hj212Error:
            continue
        passed += 1
        assert encode(frame)[6:-6] == damaged[6:-6] or encode(frame) == data
    assert passed < 60

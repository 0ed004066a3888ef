"""Which bytes are an answer, and that no others are taken for one; against pymodbus and against noise."""

from __future__ import annotations

import os
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from collectors.modbus_frame import Question, Rtu, Tcp, WrongAnswerError, bits, crc, reading, words, writing

#: Frames of noise that are tried; RIVERCHIEF_FUZZ=1000000 for a million.
FRAMES = int(os.environ.get("RIVERCHIEF_FUZZ", "20000"))


def rtu(unit: int, pdu: bytes) -> bytes:
    body = bytes([unit]) + pdu
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def holding(*values: int) -> bytes:
    return struct.pack(f">BB{len(values)}H", 3, 2 * len(values), *values)


@pytest.mark.parametrize(
    ("question", "pdu"),
    [
        (reading(1, 3, 0x6B, 3), "03 00 6b 00 03"),
        (reading(1, 1, 0x13, 0x13), "01 00 13 00 13"),
        (writing(1, 5, 0xAC, [1]), "05 00 ac ff 00"),
        (writing(1, 6, 1, [3]), "06 00 01 00 03"),
        (writing(1, 15, 0x13, [1, 0, 1, 1, 0, 0, 1, 1, 1, 0]), "0f 00 13 00 0a 02 cd 01"),
        (writing(1, 16, 1, [10, 0x102]), "10 00 01 00 02 04 00 0a 01 02"),
        (writing(1, 16, 0x1C00, []), "10 1c 00 00 00 00"),
    ],
)
def test_questions_are_those_of_the_standard(question: Question, pdu: str) -> None:
    """Examples of Modbus Application Protocol V1.1b3, 6; the last is how a Y520 is started."""
    assert question.pdu.hex(" ") == pdu
    assert Rtu().frame(question) == rtu(1, question.pdu)
    assert Tcp().frame(question)[:7] == struct.pack(">HHHB", 1, 0, len(question.pdu) + 1, 1)


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda: reading(1, 7, 0, 1), "function 7"),
        (lambda: reading(1, 3, 0, 126), "126 registers"),
        (lambda: reading(1, 3, 0, 0), "0 registers"),
        (lambda: reading(1, 3, 70_000, 1), "70000"),
        (lambda: writing(1, 3, 0, [1]), "function 3"),
        (lambda: writing(1, 6, 0, [1, 2]), "function 6"),
        (lambda: writing(1, 6, 0, [70_000]), "70000"),
        (lambda: writing(1, 16, 0, [-1]), "-1"),
        (lambda: writing(1, 16, 0, [0] * 124), "124 values"),
    ],
)
def test_what_no_frame_can_carry_is_refused(ask, what) -> None:
    with pytest.raises(ValueError, match=what):
        ask()


@given(st.binary(max_size=260))
def test_the_checksum_is_pymodbus_s(data: bytes) -> None:
    assert crc(data) == FramerRTU.compute_CRC(data).to_bytes(2, "big")


@given(st.lists(st.integers(0, 65535), min_size=1, max_size=125), st.integers(1, 247), st.integers(0, 300))
def test_an_answer_is_found_however_it_arrives(values: list[int], unit: int, cut: int) -> None:
    question = reading(unit, 3, 9, len(values))
    for framing in (Rtu(), Tcp()):
        framing.frame(question)
        pdu = holding(*values)
        whole = rtu(unit, pdu) if isinstance(framing, Rtu) else struct.pack(">HHHB", 1, 0, len(pdu) + 1, unit) + pdu
        heard = bytearray(whole[:cut])
        found = framing.answer(question, heard)
        if cut < len(whole):
            assert found is None
            heard += whole[cut:]
            found = framing.answer(question, heard)
        assert found is not None
        assert words(found) == values


@given(st.integers(1, 40), st.data())
def test_bits_are_those_that_were_set(count: int, data: st.DataObject) -> None:
    sent = data.draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    packed = sum(bit << i for i, bit in enumerate(sent)).to_bytes((count + 7) // 8, "little")
    answer = Rtu().answer(reading(4, 1, 0, count), bytearray(rtu(4, bytes([1, len(packed)]) + packed)))
    assert answer is not None
    assert bits(answer, count) == sent


@pytest.mark.parametrize("noise", [b"\x00", b"HB", b"\xfe", b"+CSQ: 17,99\r\n", b"\x05\x03\x04", rtu(6, holding(8, 9))])
def test_a_heartbeat_around_an_answer_does_no_harm(noise: bytes) -> None:
    question = reading(5, 3, 10, 2)
    for heard in (noise + rtu(5, holding(1, 2)), rtu(5, holding(1, 2)) + noise, Rtu().frame(question) + noise):
        answer = Rtu().answer(question, bytearray(heard))
        assert (answer is None) == heard.startswith(Rtu().frame(question))
        assert answer is None or words(answer) == [1, 2]


@pytest.mark.parametrize(
    "pdu", [holding(1), holding(1, 2, 3), b"\x04\x04\0\1\0\2", b"\x84\x02", bytes([6, 0, 1, 0, 2])], ids=repr
)
def test_a_whole_frame_that_is_no_answer_is_not_waited_for(pdu: bytes) -> None:
    question = reading(5, 3, 10, 2)
    with pytest.raises(WrongAnswerError):
        Rtu().answer(question, bytearray(rtu(5, pdu)))
    tcp = Tcp()
    tcp.frame(question)
    with pytest.raises(WrongAnswerError):
        tcp.answer(question, bytearray(struct.pack(">HHHB", 1, 0, len(pdu) + 1, 5) + pdu))


def test_what_sends_without_end_is_no_instrument() -> None:
    with pytest.raises(WrongAnswerError, match="bytes"):
        Rtu().answer(reading(5, 3, 10, 2), bytearray(2000))


def test_a_write_is_only_answered_by_its_own_echo() -> None:
    question = writing(5, 16, 100, [1, 2])
    assert Rtu().answer(question, bytearray(rtu(5, bytes([16, 0, 100, 0, 2])))) is not None
    with pytest.raises(WrongAnswerError):
        Rtu().answer(question, bytearray(rtu(5, bytes([16, 0, 101, 0, 2]))))


def test_noise_raises_nothing_but_our_own_error_and_is_never_taken_for_an_answer() -> None:
    """Random bytes, and answers with something changed; whatever is accepted is an answer by another's arithmetic."""
    random_ = random.Random(44)
    accepted = 0
    for _ in range(FRAMES):
        count = random_.randrange(1, 126)
        question = reading(random_.randrange(1, 248), random_.choice((3, 4)), random_.randrange(60_000), count)
        good = bytes([question.function, 2 * count]) + random_.randbytes(2 * count)
        over_tcp = random_.random() < 0.5
        framing = Tcp() if over_tcp else Rtu()
        framing.frame(question)
        head = struct.pack(">HHHB", 1, 0, len(good) + 1, question.unit)
        heard = bytearray(head + good if over_tcp else rtu(question.unit, good))
        touched = _spoil(random_, heard)
        before = bytes(heard)
        try:
            answer = framing.answer(question, heard)
        except WrongAnswerError:
            continue
        if answer is None or answer[0] & 0x80:
            continue
        accepted += 1
        frame = (
            struct.pack(">HHHB", 1, 0, len(answer) + 1, question.unit) + answer
            if over_tcp
            else rtu(question.unit, answer)
        )
        assert frame in before
        assert len(answer) == 2 + 2 * count
        assert touched or answer == good
    assert accepted > FRAMES / 20


def _spoil(random_: random.Random, heard: bytearray) -> bool:
    """Do something to an answer; False where nothing was done."""
    match random_.randrange(6):
        case 0:
            return False
        case 1:
            heard[random_.randrange(len(heard))] ^= 1 << random_.randrange(8)
        case 2:
            del heard[random_.randrange(len(heard)) :]
        case 3:
            at = random_.randrange(len(heard))
            heard[at:at] = random_.randbytes(random_.randrange(1, 9))
        case 4:
            heard[:] = random_.randbytes(random_.randrange(1, 260))
        case _:
            heard[:0] = random_.randbytes(random_.randrange(1, 20))
    return True

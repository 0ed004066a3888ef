"""On a serial line a late answer comes through however often the port is closed: it must never be believed."""

from __future__ import annotations

import asyncio

import pytest

from collectors.bus import Bus, BusError
from collectors.modbus_frame import Rtu, crc, reading, writing
from collectors.modbus_owed import OWED_S, Owed
from deploy.fleet.faults import InjectedFault, Mishap
from tests.fleets import SERIAL, fleet_of

#: Four blocks of one length: their answers look alike.
BLOCKS = [(2, 4), (6, 4), (10, 4), (14, 4)]


def test_a_telling_question_has_an_answer_like_no_other() -> None:
    owed = Owed()
    owed.given_up(reading(1, 3, 10, 4), 0.0)
    assert owed.owes(1, 1.0)
    assert not owed.owes(2, 1.0)
    assert owed.distinct(reading(1, 3, 20, 4)) is None
    apart = owed.distinct(reading(1, 3, 20, 5))
    assert apart is not None
    assert apart.patient
    first = owed.telling(reading(1, 3, 20, 4))
    assert (first.pdu, first.patient) == (reading(1, 3, 20, 3).pdu, True)
    owed.given_up(first, 2.0)
    assert owed.telling(reading(1, 3, 20, 4)).pdu == reading(1, 3, 20, 2).pdu
    owed.settled(1)
    assert not owed.owes(1, 2.0)


def test_one_register_is_told_by_two() -> None:
    owed = Owed()
    owed.given_up(reading(1, 3, 7, 1), 0.0)
    assert owed.telling(reading(1, 3, 7, 1)).pdu == reading(1, 3, 7, 2).pdu


def test_what_has_not_come_for_long_does_not_come() -> None:
    owed = Owed()
    owed.given_up(writing(1, 6, 5, [1]), 0.0)
    assert owed.owes(1, OWED_S - 1)
    assert not owed.owes(1, OWED_S)


def test_a_patient_question_passes_late_answers_over() -> None:
    framing, asked = Rtu(), reading(1, 3, 0, 2)
    owed = Owed()
    owed.given_up(reading(1, 3, 0, 4), 0.0)
    patient = owed.distinct(asked)
    assert patient is not None
    late = bytes([1, 3, 8, *range(8)])
    heard = bytearray(late + crc(late))
    assert framing.answer(patient, heard) is None
    own = bytes([1, 3, 4, 0, 1, 0, 2])
    heard += own + crc(own)
    assert framing.answer(patient, heard) == own[1:]


async def misattributed(reads: int) -> tuple[int, int]:
    """Answers of another block, and right ones, with 30 % late replies on a pseudo terminal."""
    async with (
        fleet_of("station_cabinet", endpoint=SERIAL, terminals=True) as (fleet, there),
        Bus(there, timeout_s=0.03) as bus,
    ):
        truth = {block: await bus.read(1, 3, *block, timeout_s=1.0) for block in BLOCKS}
        assert len({tuple(words) for words in truth.values()}) == len(BLOCKS)
        fleet.faults.add(InjectedFault(Mishap.LATE, probability=0.3, delay_s=0.036))
        wrong = right = 0
        for index in range(reads):
            block = BLOCKS[index % len(BLOCKS)]
            try:
                words = await bus.read(1, 3, *block)
            except BusError:
                continue
            if words == truth[block]:
                right += 1
            else:
                wrong += 1
    return wrong, right


def test_late_answers_on_a_serial_line_are_never_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, right = asyncio.run(misattributed(300))
    assert wrong == 0
    assert right >= 100
    monkeypatch.setattr(Owed, "owes", lambda *_: False)
    assert asyncio.run(misattributed(100))[0] > 0, "without the guard"

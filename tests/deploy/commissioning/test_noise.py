"""What is made of bytes that are no answer."""

from __future__ import annotations

import pytest

from collectors.bus import BusError
from collectors.modbus_frame import Rtu, crc, reading
from deploy.commissioning.noise import noise, remarks, sender
from sensors.endpoint import parse_endpoint

SERIAL, SERVER, TCP = map(parse_endpoint, ("rtu:///dev/ttyS0", "rtu+tcp://h:4001", "tcp://h"))


def heard(data: bytes, count: int | None = None) -> BusError:
    return BusError("timeout", "-", heard=len(data) if count is None else count, noise=data)


def frame(unit: int) -> bytes:
    body = bytes([unit, 3, 2, 0, 7])
    return body + crc(body)


def test_whose_frame_it_is() -> None:
    assert sender(heard(frame(9)), SERIAL) == 9
    assert sender(heard(frame(9)[:-1]), SERIAL) is None
    assert sender(heard(frame(9), 90), SERIAL) is None, "more came than was kept"
    assert sender(heard(bytes.fromhex("0001 0000 0005 0703 0200 07")), TCP) == 7
    assert sender(heard(bytes.fromhex("0001 0a00 0005 0703 0200 07")), TCP) is None


def test_an_echo_is_told_from_another_unit() -> None:
    echo = Rtu().frame(reading(3, 3, 0, 1))
    assert "an echo" in noise(heard(echo), 3, SERIAL)[1]
    assert "an answer of unit 3" in noise(heard(echo), 4, SERIAL)[1]
    assert len(noise(heard(frame(3)), 3, SERIAL)) == 2, "neither"


@pytest.mark.parametrize(("endpoint", "said"), [(SERIAL, "baud=9600"), (SERVER, "not tcp://"), (TCP, "not rtu+tcp://")])
def test_causes_go_by_the_bus(endpoint, said) -> None:
    told, *_, cause = noise(heard(b"\xff\x00"), 5, endpoint)
    assert told == "2 bytes came and are no answer of unit 5: ff 00"
    assert said in cause
    assert "two units have the same id" in cause


def test_nothing_is_said_of_nothing() -> None:
    assert remarks({}, TCP) == ()
    [remark] = remarks({4: BusError("wrong answer", "no Modbus TCP: 47")}, TCP)
    assert remark.startswith("unit 4: something answers, but not as Modbus should: wrong answer: no Modbus TCP: 47; ")

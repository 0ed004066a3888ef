"""Frames of real probes, as manuals and logs show them: CRC, payload, and what we would have sent."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, WriteMultipleRegistersRequest

from sensors.decode import content
from sensors.profile import Action, Profile, ReadBlock, Register, load_profiles, plan
from sensors.raw import read
from sensors.reading import Quality
from sensors.simulate.encode import words
from tests.sensors.instruments import one

pytestmark = pytest.mark.shared

PROFILES = load_profiles()


@pytest.fixture(scope="module")
def vectors(shared: Path) -> list[dict[str, object]]:
    told: list[dict[str, object]] = json.loads((shared / "facts" / "modbus_vectors.json").read_text(encoding="utf-8"))
    return told


def frame_of(vector: dict[str, object]) -> bytes:
    return bytes.fromhex(str(vector["frame"]).replace(" ", ""))


def crc(data: bytes) -> bytes:
    """CRC-16 of Modbus over serial line V1.02, 6.2.2, low byte first; written anew, so that it checks the library."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def sent(pdu: ModbusPDU) -> bytes:
    return FramerRTU(DecodePDU(False)).encode(pdu.function_code.to_bytes(1, "big") + pdu.encode(), 1, 0)


def reading(block: ReadBlock) -> bytes:
    return sent(ReadHoldingRegistersRequest(address=block.address, count=block.count, dev_id=1))


def doing(action: Action) -> bytes:
    """What a start or a command puts on the wire."""
    if action.reads:
        return reading(ReadBlock(action.function, action.address, action.count))
    assert action.function == 16
    return sent(WriteMultipleRegistersRequest(address=action.address, registers=list(action.values), dev_id=1))


def alone(register: Register) -> bytes:
    return reading(ReadBlock(register.function, register.address, register.width))


def measured(profile: Profile, name: str) -> Register:
    return next(register for register in profile.registers if register.name == name)


def test_every_frame_has_the_crc_that_we_compute(vectors) -> None:
    frames = [frame_of(vector) for vector in vectors if vector["kind"] != "payload only"]
    assert len(frames) == 18
    for frame in frames:
        assert crc(frame[:-2]) == frame[-2:]


def test_every_float_decodes_in_its_order_and_encodes_back(vectors) -> None:
    floats = [vector for vector in vectors if vector.get("type") == "float32"]
    assert len(floats) == 8
    for vector in floats:
        frame = frame_of(vector)
        payload = list(struct.unpack(">2H", frame if vector["kind"] == "payload only" else frame[3:7]))
        register = Register("turbidity", 3, 0, "float32", str(vector["order"]))
        value, quality = one(register, payload)
        assert quality is Quality.NOT_EVALUATED
        assert value == pytest.approx(vector["exact"], rel=1e-7), vector
        assert value is not None
        assert list(words(register, value)) == payload


def test_every_whole_number_decodes(vectors) -> None:
    numbers = [vector for vector in vectors if vector.get("type") == "uint16"]
    assert len(numbers) == 2
    for vector in numbers:
        assert read(Register("x_a", 3, 0, "uint16"), struct.unpack(">H", frame_of(vector)[3:5])) == vector["value"]


def test_the_serial_number_is_the_text_without_its_first_byte(vectors) -> None:
    [vector] = [vector for vector in vectors if vector.get("type") == "ascii"]
    for name in ("yosemitech_y520", "yosemitech_y504"):
        register = PROFILES[name].extra("serial_number")
        assert content(register, struct.unpack(">7H", frame_of(vector)[3:17])) == vector["value"]


def test_every_request_is_what_we_would_send_or_never_send(vectors) -> None:
    remond, y504, y520 = PROFILES["remond_do"], PROFILES["yosemitech_y504"], PROFILES["yosemitech_y520"]
    assert y504.start is not None
    assert y520.start is not None
    oxygen = measured(remond, "dissolved_oxygen")
    ours = {
        "01 03 00 01 00 02 95 CB": alone(oxygen),
        "01 03 00 66 00 01 64 15": alone(remond.extra("raw_adc")),
        "01 03 25 00 00 01 8F 06": doing(y504.start.action),
        # The vendor's sketch reads temperature and saturation; our plan goes on to the concentration behind them.
        "01 03 26 00 00 04 4F 41": reading(ReadBlock(3, plan(y504)[0].address, 4)),
        "01 03 09 00 00 07 07 94": alone(y520.extra("serial_number")),
        "01 10 1C 00 00 00 00 D8 92": doing(y520.start.action),
    }
    assert plan(y504) == (ReadBlock(3, 0x2600, 6),)
    assert plan(remond)[0].address == oxygen.address
    # What a polling gateway never sends: calibration, and reading it back.
    guarded = {"01 10 00 0A 00 02 04 00 00 41 20 42 58": (0x0A, 2), "01 03 00 22 00 02 64 01": (0x22, 2)}
    for vector in vectors:
        if not str(vector["kind"]).startswith("request"):
            continue
        told = str(vector["frame"])
        if told in guarded:
            address, count = guarded[told]
            assert any(
                g.kind == "calibration" and g.address <= address and address + count <= g.end for g in remond.guarded
            )
        else:
            assert ours.pop(told) == frame_of(vector), told
    assert ours == {}


def test_echoes_of_writes_name_registers_that_polling_never_writes(vectors) -> None:
    """Setting the mode and a calibration point (REMOND); the start of the Y520 is the one that polling may send."""
    told = [
        frame_of(v) for v in vectors if v["kind"] == "write echo" or (v["kind"] == "response" and frame_of(v)[1] == 16)
    ]
    addresses = [struct.unpack(">H", frame[2:4])[0] for frame in told]
    remond, y520 = PROFILES["remond_do"], PROFILES["yosemitech_y520"]
    guarded = {address for g in remond.guarded for address in range(g.address, g.end)}
    assert y520.start is not None
    assert [address in guarded for address in addresses] == [True, True, False]
    assert addresses[2] == y520.start.action.address


def test_the_values_of_the_manual_s_page_come_out_of_the_shipped_profile(vectors) -> None:
    exact = [vector["exact"] for vector in vectors if vector["kind"] == "response" and vector.get("order") == "CDAB"]
    payloads = [frame_of(v)[3:7] for v in vectors if v["kind"] == "response" and v.get("order") == "CDAB"]
    remond = PROFILES["remond_do"]
    for name, index in (("dissolved_oxygen", 0), ("water_temperature", 1)):
        value = content(measured(remond, name), struct.unpack(">2H", payloads[index]))
        assert value == pytest.approx(exact[index], rel=1e-7)

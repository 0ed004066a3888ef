import pytest

from sensors.endpoint import Endpoint, EndpointError, parse_endpoint


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("tcp://10.66.1.11:502", Endpoint("tcp", host="10.66.1.11", port=502)),
        ("tcp://10.66.1.11", Endpoint("tcp", host="10.66.1.11", port=502)),
        ("tcp://Cabinet-7.local:1502/", Endpoint("tcp", host="cabinet-7.local", port=1502)),
        ("tcp://[fe80::1]:502", Endpoint("tcp", host="fe80::1", port=502)),
        ("rtu+tcp://dtu:4001", Endpoint("rtu+tcp", host="dtu", port=4001)),
        ("rtu:///dev/ttyUSB0", Endpoint("rtu", device="/dev/ttyUSB0")),
        ("rtu+listen://0.0.0.0:4001", Endpoint("rtu+listen", host="0.0.0.0", port=4001)),
        ("rtu+listen://[::]:4001?dtu=DTU-7", Endpoint("rtu+listen", host="::", port=4001, dtu="DTU-7")),
        (
            "rtu:///dev/ttyS1?baud=19200&parity=e&stopbits=2&bytesize=7",
            Endpoint("rtu", device="/dev/ttyS1", baud=19200, parity="E", stopbits=2, bytesize=7),
        ),
    ],
)
def test_accepted(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint
    assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    ("text", "found", "accepted"),
    [
        ("", "''", "tcp://HOST"),
        ("10.66.1.11:502", "'10.66.1.11:502'", "tcp://HOST"),
        ("tcp://", "'tcp://'", "tcp://HOST"),
        ("udp://host:502", "scheme 'udp'", "rtu+tcp://HOST:PORT"),
        ("tcp://ho st:502", "'tcp://ho st:502'", "tcp://HOST"),
        ("tcp://host:0", "port 0", "1 to 65535"),
        ("tcp://host:70000", "port 70000", "1 to 65535"),
        ("tcp://host:502?unit=3", "'tcp://host:502?unit=3'", "tcp://HOST"),
        ("rtu+tcp://host", "no port", "rtu+tcp://HOST:PORT"),
        ("rtu+listen://0.0.0.0", "no port", "rtu+listen://HOST:PORT"),
        ("rtu+listen://0.0.0.0:4001?id=7", "'id=7'", "dtu=REGISTRATION"),
        ("rtu+listen://0.0.0.0:4001?dtu=", "'dtu='", "dtu=REGISTRATION"),
        ("rtu+listen://0.0.0.0:4001?dtu=a&dtu=b", "'dtu=a&dtu=b'", "dtu=REGISTRATION"),
        ("rtu+listen://0.0.0.0:4001?dtu=0x123", "'dtu=0x123'", "dtu=REGISTRATION"),
        ("rtu://ttyUSB0", "'rtu://ttyUSB0'", "rtu:///dev/ttyUSB0"),
        ("rtu:///dev/ttyUSB0?speed=9600", "setting 'speed=9600'", "baud, parity"),
        ("rtu:///dev/ttyUSB0?baud=fast", "baud 'fast'", "300 to 921600"),
        ("rtu:///dev/ttyUSB0?baud=²", "baud '²'", "300 to 921600"),
        ("rtu:///dev/ttyUSB0?parity=X", "parity 'X'", "N, E or O"),
        ("rtu:///dev/ttyUSB0?stopbits=3", "stopbits '3'", "1 to 2"),
    ],
)
def test_refused(text: str, found: str, accepted: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_endpoint(text)
    assert found in caught.value.found
    assert accepted in caught.value.accepted
    assert caught.value.found in str(caught.value)


def test_one_wire_has_one_bus() -> None:
    assert parse_endpoint("tcp://a:502").bus == parse_endpoint("tcp://a").bus
    assert parse_endpoint("rtu:///dev/ttyS0?baud=9600").bus == parse_endpoint("rtu:///dev/ttyS0?baud=4800").bus
    assert parse_endpoint("tcp://a:502").bus != parse_endpoint("tcp://a:503").bus


def test_only_modbus_tcp_carries_a_transaction_id() -> None:
    texts = ("tcp://a", "rtu+tcp://a:4001", "rtu:///dev/ttyS0")
    assert [parse_endpoint(text).rtu for text in texts] == [False, True, True]


def test_dtus_that_share_a_port_have_a_bus_each() -> None:
    one, other = (parse_endpoint(f"rtu+listen://0.0.0.0:4001?dtu={name}") for name in ("A1", "0x01FF"))
    assert one.bus != other.bus
    assert (one.registration, other.registration) == (b"A1", b"\x01\xff")
    assert one.rtu


def test_what_is_part_of_the_gateway_s_own_machine() -> None:
    texts = ("tcp://a", "rtu+tcp://a:4001", "rtu:///dev/ttyS0", "rtu+listen://0.0.0.0:4001")
    assert [parse_endpoint(text).local for text in texts] == [False, False, True, True]

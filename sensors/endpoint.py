"""Where a probe is polled: the endpoint URL of a station, parsed and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["tcp", "rtu+tcp", "rtu", "rtu+listen"]
Parity = Literal["N", "E", "O"]

#: What an endpoint may look like; the text that people are shown.
ACCEPTED = (
    "tcp://HOST[:502], rtu+tcp://HOST:PORT, rtu:///dev/ttyUSB0[?baud=9600&parity=N|E|O&stopbits=1|2&bytesize=7|8] "
    "or rtu+listen://HOST:PORT[?dtu=REGISTRATION]"
)

#: IANA port of Modbus TCP (Modbus Messaging on TCP/IP Implementation Guide V1.0b, 4.2).
MODBUS_PORT = 502

_PARITIES: dict[str, Parity] = {"N": "N", "E": "E", "O": "O"}
_URL = re.compile(r"(?P<scheme>[a-z+]+)://(?P<rest>\S+)")
_HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)(?::(?P<port>\d{1,5}))?/?")
_DEVICE = re.compile(r"(?P<device>/[^\s?#]*[^\s?#/])(?:\?(?P<query>[^\s?#]+))?")
_DTU = re.compile(r"0x(?:[0-9A-Fa-f]{2}){1,64}|(?!0x)[A-Za-z0-9._:@+-]{1,64}")


class EndpointError(ValueError):
    """An endpoint that cannot be used as it stands.

    Attributes
    ----------
    found, accepted : str
        What stands there and what would be taken.
    """

    def __init__(self, found: str, accepted: str = ACCEPTED) -> None:
        self.found = found
        self.accepted = accepted
        super().__init__(f"found {found}; accepted: {accepted}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One Modbus bus.

    Attributes
    ----------
    kind : {'tcp', 'rtu+tcp', 'rtu', 'rtu+listen'}
        Modbus TCP, RTU frames through a TCP connection (a serial server, a DTU), RTU on a serial port, or RTU frames
        through a connection that a DTU opens to the gateway.
    host : str
        Name or address, without the brackets of IPv6; empty for a serial port. The gateway's own for ``rtu+listen``.
    port : int
        TCP port; 0 for a serial port.
    device : str
        Path of the serial port; empty for TCP.
    baud : int
        Bits per second of the serial port.
    parity : {'N', 'E', 'O'}
    stopbits, bytesize : int
    dtu : str
        What the DTU registers as: a text, or ``0x`` and bytes in hexadecimal; empty for one that is alone on its port.
    """

    kind: Kind
    host: str = ""
    port: int = 0
    device: str = ""
    baud: int = 9600
    parity: Parity = "N"
    stopbits: int = 1
    bytesize: int = 8
    dtu: str = ""

    @property
    def rtu(self) -> bool:
        """Whether frames carry no transaction id, so that a late answer cannot be told apart."""
        return self.kind != "tcp"

    @property
    def bus(self) -> str:
        """What only one task may talk to at a time: two endpoints with the same `bus` share a wire."""
        return self.device or f"{self.host}:{self.port}" + (f"?dtu={self.dtu}" if self.dtu else "")

    @property
    def local(self) -> bool:
        """Whether it is a part of the gateway's machine, so that other gateways may have one of the same name."""
        return self.kind in ("rtu", "rtu+listen")

    @property
    def registration(self) -> bytes:
        """What the DTU sends when it has dialled in."""
        return bytes.fromhex(self.dtu[2:]) if self.dtu.startswith("0x") else self.dtu.encode("ascii")

    def __str__(self) -> str:
        if self.kind == "rtu":
            line = f"baud={self.baud}&parity={self.parity}&stopbits={self.stopbits}&bytesize={self.bytesize}"
            return f"rtu://{self.device}?{line}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}" + (f"?dtu={self.dtu}" if self.dtu else "")


def parse_endpoint(text: str) -> Endpoint:
    """Parse the endpoint URL of a station.

    Parameters
    ----------
    text : str
        E.g. ``tcp://10.66.1.11:502``, ``rtu+tcp://dtu-7:4001`` or ``rtu:///dev/ttyUSB0?baud=9600``.

    Returns
    -------
    Endpoint
        With the defaults filled in, so that two spellings of one bus are equal.

    Raises
    ------
    EndpointError
        A `ValueError` that says what was found and what is accepted.

    Examples
    --------
    >>> parse_endpoint("tcp://10.66.1.11").port
    502
    >>> str(parse_endpoint("rtu:///dev/ttyS1?parity=E"))
    'rtu:///dev/ttyS1?baud=9600&parity=E&stopbits=1&bytesize=8'
    """
    url = _URL.fullmatch(text)
    if url is None:
        raise EndpointError(repr(text))
    match url["scheme"]:
        case "tcp":
            return _network("tcp", url["rest"], text, MODBUS_PORT)
        case "rtu+tcp":
            return _network("rtu+tcp", url["rest"], text, None)
        case "rtu+listen":
            return _dialled_in(url["rest"], text)
        case "rtu":
            return _serial(url["rest"], text)
        case scheme:
            raise EndpointError(f"scheme {scheme!r} in {text!r}")


def _network(kind: Kind, rest: str, text: str, default_port: int | None) -> Endpoint:
    match = _HOST.fullmatch(rest)
    if match is None:
        raise EndpointError(repr(text))
    port = int(match["port"]) if match["port"] else default_port
    if port is None:
        raise EndpointError(f"no port in {text!r}", f"{kind}://HOST:PORT")
    if not 1 <= port <= 65535:
        raise EndpointError(f"port {port} in {text!r}", "a port from 1 to 65535")
    host = match["host"].strip("[]").lower()
    if re.fullmatch(r"[\d.]+", host) and not _is_address(host):
        raise EndpointError(f"address {host!r} in {text!r}", "four numbers from 0 to 255, or a name")
    return Endpoint(kind, host=host, port=port)


def _dialled_in(rest: str, text: str) -> Endpoint:
    place, _, query = rest.partition("?")
    found = _network("rtu+listen", place, text, None)
    if not query:
        return found
    key, _, dtu = query.partition("=")
    if key != "dtu" or not _DTU.fullmatch(dtu):
        raise EndpointError(
            f"{query!r} in {text!r}", "dtu=REGISTRATION: 1 to 64 of A-Z a-z 0-9 . _ : @ + - or 0x and hex"
        )
    return replace(found, dtu=dtu)


def _is_address(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(part.isdigit() and int(part) <= 255 for part in parts)


def _serial(rest: str, text: str) -> Endpoint:
    match = _DEVICE.fullmatch(rest)
    if match is None:
        raise EndpointError(repr(text))
    options = {"baud": "9600", "parity": "N", "stopbits": "1", "bytesize": "8"}
    for pair in (match["query"] or "").split("&") if match["query"] else ():
        key, _, value = pair.partition("=")
        if key not in options:
            raise EndpointError(f"setting {pair!r} in {text!r}", "baud, parity, stopbits, bytesize")
        options[key] = value
    parity = _PARITIES.get(options["parity"].upper())
    if parity is None:
        raise EndpointError(f"parity {options['parity']!r} in {text!r}", "N, E or O")
    return Endpoint(
        "rtu",
        device=match["device"],
        baud=_number("baud", options["baud"], 300, 921600, text),
        parity=parity,
        stopbits=_number("stopbits", options["stopbits"], 1, 2, text),
        bytesize=_number("bytesize", options["bytesize"], 7, 8, text),
    )


def _number(name: str, value: str, low: int, high: int, text: str) -> int:
    if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
        raise EndpointError(f"{name} {value!r} in {text!r}", f"{name} from {low} to {high}")
    return int(value)

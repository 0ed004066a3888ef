"""The virtual Modbus fleet: real Modbus servers on loopback, one per endpoint of the site, a unit per station."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from collectors.clock import Now
from sensors.endpoint import parse_endpoint
from sensors.place import Station
from sensors.profile import Profile, load_profiles
from sensors.reading import StationState
from sensors.simulate.encode import encode

#: An instrument measures about once a second: reads within it see one and the same measurement, so that a station
#: whose registers take two requests is not torn between two instants.
MEASURE_MS = 1000

HOST = "127.0.0.1"


class Instrument(Protocol):
    """What a virtual unit measures."""

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        """Values by determinand [the determinand's unit], NaN where nothing is measured, and the station's state."""
        ...


class Unit:
    """One virtual Modbus unit: a profile's registers, filled by an instrument at the moment they are read."""

    def __init__(self, profile: Profile, instrument: Instrument, now_ms: Now) -> None:
        self._profile, self._instrument, self._now_ms = profile, instrument, now_ms
        self._measured_ms: int | None = None

    async def answer(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """Put the values of this moment into the registers that are being read (pymodbus `SimAction`)."""
        if written is not None:
            return None
        now_ms = self._now_ms()
        if self._measured_ms is None or not 0 <= now_ms - self._measured_ms < MEASURE_MS:
            self._measured_ms = now_ms
            values, state = self._instrument.measure(now_ms)
            for (_, at), word in encode(self._profile, values, state).items():
                registers[at - start] = word
        return None

    def device(self, unit: int) -> SimDevice:
        """The pymodbus device; unused registers between the profile's own answer 0, as most instruments do."""
        first = min(register.address for register in self._profile.registers)
        last = max(register.end for register in self._profile.registers)
        data = SimData(first, count=last - first, values=0, datatype=DataType.REGISTERS)
        return SimDevice(id=unit, simdata=[data], action=self.answer)


class Fleet:
    """Virtual servers for stations; an async context manager.

    Parameters
    ----------
    stations : sequence of Station
    instruments : mapping of str to Instrument
        By station id.
    now_ms : callable
        The clock that the instruments live by.
    ports : mapping of str to int, optional
        Endpoint as the site has it -> port to serve it on, where that is free: a fleet that is started again is found
        where it was.

    Attributes
    ----------
    endpoints : dict of str to str
        Endpoint as the site has it -> where it is served here. A serial line is served as RTU frames over TCP.
    """

    def __init__(
        self,
        stations: Sequence[Station],
        instruments: Mapping[str, Instrument],
        now_ms: Now,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self._ports = dict(ports or {})
        self._units: defaultdict[str, list[SimDevice]] = defaultdict(list)
        profiles = load_profiles()
        for station in stations:
            unit = Unit(profiles[station.profile], instruments[station.id], now_ms)
            self._units[station.endpoint].append(unit.device(station.unit))
        self._servers: list[ModbusTcpServer] = []
        self.endpoints: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        for endpoint, devices in self._units.items():
            rtu = parse_endpoint(endpoint).rtu
            framer = FramerType.RTU if rtu else FramerType.SOCKET
            server = await _serve(devices, framer, self._ports.get(endpoint, 0))
            self._servers.append(server)
            self.endpoints[endpoint] = f"{'rtu+tcp' if rtu else 'tcp'}://{HOST}:{_port(server)}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(server.shutdown() for server in self._servers))


async def _serve(devices: list[SimDevice], framer: FramerType, port: int) -> ModbusTcpServer:
    server = ModbusTcpServer(devices, framer=framer, address=(HOST, port))
    try:
        await server.serve_forever(background=True)
    except (OSError, RuntimeError):
        if not port:
            raise
        return await _serve(devices, framer, 0)  # somebody else has taken it meanwhile
    return server


def _port(server: ModbusTcpServer) -> int:
    transport = server.transport
    assert isinstance(transport, asyncio.Server), "pymodbus listens through an asyncio server"
    port: int = transport.sockets[0].getsockname()[1]
    return port

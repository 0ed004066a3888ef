"""The virtual Modbus fleet: real servers on loopback, one per endpoint of the site, a unit per station.

Endpoints are served as what they are: Modbus TCP, RTU over TCP, RTU on a pseudo terminal; for an endpoint where a
gateway waits for DTUs, the fleet dials in. Faults on demand come from `deploy.fleet.faults`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tty
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from collectors.clock import Now
from deploy.fleet.faults import Faults, Mishap
from deploy.fleet.frames import Frames, Request, RtuFrames, TcpFrames
from deploy.fleet.unit import Instrument, Unit
from sensors.endpoint import Endpoint, parse_endpoint
from sensors.place import Station
from sensors.profile import Profile, load_profiles

__all__ = ["HOST", "Fleet", "Instrument", "Unit"]

HOST = "127.0.0.1"

#: Pause before a DTU that lost its connection dials again [s].
REDIAL_S = 0.5


class _Out(Protocol):
    """Where answers go: part of an asyncio transport."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...

    def is_closing(self) -> bool: ...


class _Bus:
    """The units behind one endpoint, and what befalls their answers."""

    def __init__(self, units: Mapping[int, tuple[str, Unit]], faults: Faults, now_ms: Now, rtu: bool) -> None:
        self._units, self._faults, self._now_ms = units, faults, now_ms
        self.frames: Callable[[], Frames] = RtuFrames if rtu else TcpFrames
        self._busy_until_s: dict[int, float] = {}

    def take(self, request: Request, frames: Frames, connection: Connection) -> None:
        """Answer one request, or do what goes wrong instead."""
        if request.unit == 0:
            for _, unit in self._units.values():
                unit.answer(request.pdu)  # broadcasts are done by all and answered by nobody
            return
        if request.unit not in self._units:
            return
        name, unit = self._units[request.unit]
        fault = self._faults.wire(name, self._now_ms())
        kind = fault.kind if fault is not None else None
        match kind:
            case Mishap.SILENT:
                return
            case Mishap.FLAPPING:
                return unit.restart()
            case Mishap.HALF_OPEN:
                return connection.die()
            case Mishap.CLOSED:
                return connection.close()
        pdu = unit.answer(request.pdu)
        if pdu is None:
            return
        if fault is None:
            return self._send(connection, request.unit, frames.frame(request, pdu), 0.0)
        if kind is Mishap.EXCEPTION:
            pdu = bytes([request.function | 0x80, fault.code])
        other = request.unit % 247 + 1 if kind is Mishap.WRONG_UNIT else None
        data = frames.frame(request, pdu, unit=other, spoiled=kind is Mishap.WRONG_CRC)
        if kind is Mishap.TRUNCATED:
            data = data[: len(data) // 2]
        self._send(connection, request.unit, data, fault.delay_s if kind is Mishap.LATE else 0.0)

    def _send(self, connection: Connection, unit: int, data: bytes, delay_s: float) -> None:
        """Send an answer, never before an earlier one of that unit: an instrument does one thing after the other."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        at_s = max(now_s + delay_s, self._busy_until_s.get(unit, 0.0))
        if at_s <= now_s:
            connection.send(data)
            return
        # Timers of one instant fire in any order.
        self._busy_until_s[unit] = at_s + 1e-4
        loop.call_at(at_s, connection.send, data)


class Connection(asyncio.Protocol):
    """One connection to a bus, from whichever side it was opened."""

    def __init__(self, bus: _Bus, hello: bytes = b"", *, wire: bool = False) -> None:
        self._bus, self._frames, self._hello, self._wire = bus, bus.frames(), hello, wire
        self._out: _Out | None = None
        self._dead = False
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, with the line by which a DTU tells who it is."""
        assert isinstance(transport, asyncio.Transport)
        self.attach(transport)
        if self._hello:
            transport.write(self._hello)

    def attach(self, out: _Out) -> None:
        """Send answers there."""
        self._out = out

    def data_received(self, data: bytes) -> None:
        """Take requests out of what came, and answer them."""
        if self._dead:
            return
        for request in self._frames.feed(data):
            self._bus.take(request, self._frames, self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember that it is over."""
        if not self.lost.done():
            self.lost.set_result(None)

    def send(self, data: bytes) -> None:
        """Send bytes, unless the connection is gone."""
        if self._out is not None and not self._dead and not self._out.is_closing():
            self._out.write(data)

    def die(self) -> None:
        """Stay open and never say anything again; a wire, which nobody opened, is only silent this once."""
        self._dead = not self._wire

    def close(self) -> None:
        """Hang up."""
        if self._out is not None:
            self._out.close()


class _Terminal:
    """A pseudo terminal: what is written to the device at `path` comes to a connection."""

    def __init__(self, bus: _Bus) -> None:
        # Our own end of the device stays open, or the terminal would hang up with the first client that leaves.
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self._connection = Connection(bus, wire=True)
        self._connection.attach(self)
        self._open = True
        asyncio.get_running_loop().add_reader(self._master, self._came)

    def _came(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._connection.data_received(os.read(self._master, 4096))

    def write(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: a real line would lose it as well
            os.write(self._master, data)

    def close(self) -> None:
        """Nothing: a serial line cannot hang up."""

    def is_closing(self) -> bool:
        return not self._open

    def end(self) -> None:
        self._open = False
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)


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
    faults : Faults, optional
        What goes wrong; may be changed while the fleet runs.
    terminals : bool
        Serve serial lines on pseudo terminals instead of as RTU frames over TCP.
    host : str
        Address to listen on.
    profiles : mapping of str to Profile, optional
        By id, where a site has profiles of its own.

    Attributes
    ----------
    endpoints : dict of str to str
        Endpoint as the site has it -> where it is served here.
    units : dict of str to Unit
        By station id.
    faults : Faults
    """

    def __init__(
        self,
        stations: Sequence[Station],
        instruments: Mapping[str, Instrument],
        now_ms: Now,
        ports: Mapping[str, int] | None = None,
        *,
        faults: Faults | None = None,
        terminals: bool = False,
        host: str = HOST,
        profiles: Mapping[str, Profile] | None = None,
    ) -> None:
        self._ports = dict(ports or {})
        self.faults = faults or Faults()
        self._terminals, self._host = terminals, host
        self.units: dict[str, Unit] = {}
        self._buses: dict[str, _Bus] = {}
        profiles = load_profiles() if profiles is None else profiles
        by_endpoint: dict[str, dict[int, tuple[str, Unit]]] = {}
        for station in stations:
            unit = Unit(profiles[station.profile], instruments[station.id], now_ms, station.id, self.faults)
            self.units[station.id] = unit
            by_endpoint.setdefault(station.endpoint, {})[station.unit] = station.id, unit
        for endpoint, units in by_endpoint.items():
            self._buses[endpoint] = _Bus(units, self.faults, now_ms, parse_endpoint(endpoint).rtu)
        self._dialled: dict[str, int] = {}
        self._connections: set[Connection] = set()
        self._exit = contextlib.AsyncExitStack()
        self.endpoints: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            for endpoint, bus in self._buses.items():
                self.endpoints[endpoint] = await self._serve(endpoint, parse_endpoint(endpoint), bus, stack)
            self._exit = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    async def _serve(self, text: str, endpoint: Endpoint, bus: _Bus, stack: contextlib.AsyncExitStack) -> str:
        """Serve one endpoint; gives the one where it is found."""
        if endpoint.kind == "rtu" and self._terminals:
            terminal = _Terminal(bus)
            stack.callback(terminal.end)
            return f"rtu://{terminal.path}"
        if endpoint.kind == "rtu+listen":
            # A gateway will listen there; those who share its port here share it as well.
            there = f"{endpoint.host}:{endpoint.port}"
            port = self._ports.get(text) or self._dialled.get(there) or _free_port(self._host)
            self._dialled[there] = port
            task = asyncio.create_task(self._dial(bus, port, endpoint.registration))
            stack.push_async_callback(_cancel, task)
            return str(replace(endpoint, host=self._host, port=port))
        server = await self._listen(bus, self._ports.get(text, 0))
        stack.push_async_callback(self._end, server)
        port = server.sockets[0].getsockname()[1]
        return f"{'rtu+tcp' if endpoint.rtu else 'tcp'}://{self._host}:{port}"

    async def _dial(self, bus: _Bus, port: int, registration: bytes) -> None:
        """Be a DTU: call the gateway, say who calls, answer until the connection breaks, call again."""
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(OSError):
                _, connection = await loop.create_connection(
                    lambda: self._connection(bus, registration), self._host, port
                )
                try:
                    await connection.lost
                finally:
                    connection.close()
            await asyncio.sleep(REDIAL_S)

    async def _listen(self, bus: _Bus, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            return await loop.create_server(lambda: self._connection(bus), self._host, port)
        except OSError:
            if not port:
                raise
            return await self._listen(bus, 0)  # somebody else has taken it meanwhile

    def _connection(self, bus: _Bus, hello: bytes = b"") -> Connection:
        connection = Connection(bus, hello)
        self._connections.add(connection)
        connection.lost.add_done_callback(lambda _: self._connections.discard(connection))
        return connection

    async def _end(self, server: asyncio.Server) -> None:
        server.close()
        for connection in tuple(self._connections):
            connection.close()
        await server.wait_closed()
        await asyncio.gather(*(connection.lost for connection in self._connections))


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as server:
        port: int = server.getsockname()[1]
        return port

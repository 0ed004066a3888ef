"""Modbus devices for tests: real pymodbus servers, and a small one that misbehaves on purpose."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from pymodbus import FramerType
from pymodbus.framer.rtu import FramerRTU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from sensors.endpoint import Endpoint

HOST = "127.0.0.1"


@asynccontextmanager
async def real_server(
    units: Mapping[int, list[int]], framer: FramerType = FramerType.SOCKET, port: int = 0, **device: object
) -> AsyncIterator[Endpoint]:
    """Serve holding and input registers from address 0 on, one list of words per unit."""
    devices = [
        SimDevice(id=unit, simdata=[SimData(0, values=list(words), datatype=DataType.REGISTERS)], **device)  # type: ignore[arg-type]
        for unit, words in units.items()
    ]
    server = ModbusTcpServer(devices, framer=framer, address=(HOST, port))
    await server.serve_forever(background=True)
    assert isinstance(server.transport, asyncio.Server)
    port = server.transport.sockets[0].getsockname()[1]
    try:
        yield Endpoint("tcp" if framer is FramerType.SOCKET else "rtu+tcp", HOST, port)
    finally:
        await server.shutdown()


class Request:
    """One read that a misbehaving device was asked for."""

    def __init__(self, tid: int, unit: int, pdu: bytes, rtu: bool) -> None:
        self.tid, self.unit, self.rtu = tid, unit, rtu
        self.function, self.address, self.count = struct.unpack(">BHH", pdu[:5])

    def frame(self, pdu: bytes, *, tid: int | None = None, unit: int | None = None) -> bytes:
        """Wrap a PDU as the answer to this request."""
        unit = self.unit if unit is None else unit
        if self.rtu:
            body = bytes([unit]) + pdu
            return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")
        return struct.pack(">HHHB", self.tid if tid is None else tid, 0, len(pdu) + 1, unit) + pdu

    def good(self) -> bytes:
        """Every register holds its own address."""
        words = range(self.address, self.address + self.count)
        return self.frame(struct.pack(f">BB{self.count}H", self.function, 2 * self.count, *words))


#: Gets the request and a function that sends bytes.
Behaviour = Callable[[Request, Callable[[bytes], None]], Awaitable[None]]


@asynccontextmanager
async def device(behave: Behaviour, *, rtu: bool = False) -> AsyncIterator[Endpoint]:
    """Serve a device whose every answer is up to `behave`; answers may overlap."""
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)

        def send(data: bytes) -> None:
            if not data:
                writer.close()
            elif not writer.is_closing():
                writer.write(data)

        try:
            while True:
                if rtu:
                    raw = await reader.readexactly(8)
                    request = Request(0, raw[0], raw[1:6], True)
                else:
                    head = await reader.readexactly(7)
                    tid, _, length, unit = struct.unpack(">HHHB", head)
                    request = Request(tid, unit, await reader.readexactly(length - 1), False)
                task = asyncio.ensure_future(behave(request, send))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    server = await asyncio.start_server(serve, HOST, 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield Endpoint("rtu+tcp" if rtu else "tcp", HOST, port)
    finally:
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.close()
        server.close()
        await server.wait_closed()

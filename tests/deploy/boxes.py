"""A small site with a profile of its own, and instruments behind it that remember what was written to them."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from deploy.site.slice import site_files, slice_site
from sensors.site import Site, load_site, replace_stations

HOST = "127.0.0.1"

PROFILE = """\
schema = 1
id = "test_probe"
vendor = "-"
model = "-"
source = "made up for tests"
illustrative = true

[[register]]
name = "ph"
address = 0
type = "uint16"
unit = "pH"
scale = 0.01

[[setting]]
name = "interval"
address = 101

[[calibration]]
name = "zero"
address = 110
type = "float32"
count = 2

[[command]]
name = "clean"
function = 6
address = 100
values = [1]

[[command]]
name = "interval"
kind = "setting"
address = 101
minimum = 1
maximum = 60

[[command]]
name = "zero"
kind = "calibration"
address = 110
type = "float32"
minimum = -1
maximum = 1
note = "In still water"
"""


class Instrument:
    """Registers on a Modbus TCP port; `silent` while it does not answer."""

    def __init__(self) -> None:
        self.words: dict[int, int] = {0: 725, 101: 10}
        self.written: list[tuple[int, tuple[int, ...]]] = []
        self.asked = 0
        self.connections = 0
        self.silent = False
        self.endpoint = ""
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                tid, _, length, unit = struct.unpack(">HHHB", await reader.readexactly(7))
                pdu = await reader.readexactly(length - 1)
                if not self.silent:
                    answer = self._answer(pdu)
                    writer.write(struct.pack(">HHHB", tid, 0, len(answer) + 1, unit) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, pdu: bytes) -> bytes:
        function, address, count = struct.unpack(">BHH", pdu[:5])
        if function in (3, 4):
            self.asked += 1
            words = [self.words.get(address + i, 0) for i in range(count)]
            return struct.pack(f">BB{count}H", function, 2 * count, *words)
        values = (count,) if function == 6 else struct.unpack(f">{count}H", pdu[6:])
        self.written.append((address, values))
        self.words |= {address + i: value for i, value in enumerate(values)}
        return pdu[:5]

    def end(self) -> None:
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def instruments(count: int) -> AsyncIterator[list[Instrument]]:
    """Serve some, each on a port of its own."""
    made = [Instrument() for _ in range(count)]
    servers = []
    for one in made:
        server = await asyncio.start_server(one.serve, HOST, 0)
        one.endpoint = f"tcp://{HOST}:{server.sockets[0].getsockname()[1]}"
        servers.append(server)
    try:
        yield made
    finally:
        for one, server in zip(made, servers, strict=True):
            server.close()
            one.end()
            await server.wait_closed()


def small_site(xietang: Site, folder: Path, *endpoints: str, gateway: str = "gw-01", profile: str = PROFILE) -> Site:
    """A site folder with a station for each endpoint, all of one gateway."""
    part = slice_site(xietang, gateway)
    chosen = list(part.stations.values())[: len(endpoints)]
    stations = {
        station.id: replace(station, endpoint=endpoint, unit=1, profile="test_probe", period_s=3600.0)
        for station, endpoint in zip(chosen, endpoints, strict=True)
    }
    write_site(replace_stations(part, stations), folder)
    (folder / "profiles").mkdir(exist_ok=True)
    (folder / "profiles" / "test_probe.toml").write_text(profile, encoding="utf-8")
    return load_site(folder)


def write_site(site: Site, folder: Path) -> None:
    for name, text in site_files(site, "for a test").items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")

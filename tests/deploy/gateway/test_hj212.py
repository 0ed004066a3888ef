"""HJ 212 at a gateway from end to end: a station that reports, one that is polled, a platform that has bad days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.hj212 import Flag, Frame, FrameReader, Reach, encode
from collectors.hj212.book import Book
from collectors.hj212.segment import encode_cp
from collectors.hj212.source import Source
from collectors.spool import Spool
from deploy.gateway.config import GatewayConfig, gateway_config
from deploy.gateway.hj212 import GatewayHj212, passwords_in
from sensors.durations import HOUR_MS, MINUTE_MS
from sensors.errors import UsageError
from sensors.platform import Platform
from sensors.reading import Observation, Quality
from sensors.site import Site, load_site, replace_stations
from tests.collectors.brokers import free_port, until
from tests.collectors.bureau import QUICK, Held, chaos, platform
from tests.deploy.boxes import small_site, write_site

HOST = "127.0.0.1"
DAY = 1_785_513_600_000  # midnight of 1 August 2026 in Shanghai
FIRST, SECOND = "320506000000000000000001", "320506000000000000000002"


class Box:
    """A gateway without polling and without a hub: what it takes is put into the spool by hand."""

    def __init__(self, folder: Path, site: Site, **more: Any) -> None:
        self.folder, self.site, self.now = folder, site, DAY
        self.polled, self.reporting = list(site.stations)[:2]
        self.mns = {self.polled: FIRST, self.reporting: SECOND}
        self.problems: dict[str, str] = {}

    def config(self, port: int, listen: int, **more: Any) -> GatewayConfig:
        stations = {
            **self.site.stations,
            self.reporting: replace(self.site.stations[self.reporting], endpoint=f"hj212:{SECOND}", profile="hj212"),
        }
        gateways = {"gw-01": replace(self.site.gateways["gw-01"], hj212_port=listen)}
        site = replace(replace_stations(self.site, stations), gateways=gateways)
        made = Platform("bureau", HOST, port, self.mns, **more)
        write_site(replace(site, platforms=(made,)), self.folder / "site")
        return gateway_config(load_site(self.folder / "site"), "gw-01")

    @asynccontextmanager
    async def runs(self, config: GatewayConfig) -> AsyncIterator[tuple[Spool, GatewayHj212]]:
        async with (
            Spool(self.folder / "gw-01.spool", flush_s=0.001, now_ms=lambda: self.now) as spool,
            GatewayHj212(spool, self.folder, lambda: self.now, QUICK) as hj212,
        ):
            await hj212.apply(config)
            yield spool, hj212

    async def poll(self, spool: Spool, *minutes: int) -> None:
        """Take a reading in each of these minutes of the day."""
        for minute in minutes:
            values = {"ph": (7 + minute / 1000, Quality.NOT_EVALUATED), "turbidity": (5.0, Quality.NOT_EVALUATED)}
            await spool.append(Observation(self.polled, DAY + minute * MINUTE_MS, values))

    def expected(self) -> Held:
        """What the platform should have by now, from the book."""
        book = Book(self.folder / "gw-01.hj212")
        source, found = Source(book, "Asia/Shanghai"), Held()
        try:
            for station, mn in self.mns.items():
                for cn in (2011, 2051, 2061, 2031):
                    settle_ms = 0 if cn == 2011 else Reach().settle_ms
                    for record in source.records(station, cn, DAY, source.complete(cn, self.now - settle_ms)):
                        found[mn, cn, source.local.text(record.time_ms)] = encode_cp(record.cp)
        finally:
            book.close()
        return found


def frame(minute: int, value: float) -> Frame:
    """Real-time data of a station that reports itself."""
    when = f"20260801{minute // 60:02d}{minute % 60:02d}00"
    items = ((("DataTime", when),), (("w01001-Rtd", f"{value:.2f}"), ("w01001-Flag", "N")))
    return Frame(2011, items, f"{when}000", 21, "123456", SECOND, Flag(answer=True))


async def report(port: int, *frames: Frame) -> list[Frame]:
    """Be that station; gives the answers."""
    reader, writer = await asyncio.open_connection(HOST, port)
    frames_in, heard = FrameReader(), list[Frame]()
    for one in frames:
        writer.write(encode(one))
    while len(heard) < len(frames):
        heard += [found for found in frames_in.feed(await reader.read(4096)) if isinstance(found, Frame)]
    writer.close()
    await writer.wait_closed()
    return heard


@pytest.fixture
def box(xietang: Site, tmp_path: Path) -> Box:
    return Box(tmp_path, small_site(xietang, tmp_path / "site", "tcp://10.0.0.1", "tcp://10.0.0.2"))


def run(work: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


@pytest.mark.parametrize("behave", [None, chaos(7)], ids=["good", "bad days"])
def test_the_platform_gets_what_the_gateway_took(box: Box, behave: Any) -> None:
    """Polled and reported; the hub has it all at once, the spool forgets it, the gateway is started three times."""

    async def work() -> None:
        async with platform(behave) as bureau:
            config = box.config(bureau.port, free_port())
            for round_ in range(3):
                async with box.runs(config) as (spool, hj212):
                    base = 40 * round_
                    await box.poll(spool, *range(base, base + 40, 2))
                    answers = await report(hj212.port, *(frame(base + n, 7.5) for n in range(5)))
                    assert [answer.cn for answer in answers] == [9014] * 5
                    box.now = DAY + (base + 40) * MINUTE_MS
                    await spool.flush()
                    # The hub acknowledges everything; only what the book has may go.
                    await spool.delete_up_to(spool.epoch, min(spool.state.last, hj212.hold()))
                    await until(lambda spool=spool, hj212=hj212: hj212.hold() == spool.state.last)  # type: ignore[misc]
                    await spool.delete_up_to(spool.epoch, hj212.hold())
                    assert spool.state.rows == 0
            box.now = DAY + 25 * HOUR_MS
            async with box.runs(config) as (_, hj212):
                await until(lambda: all(state["idle"] for state in hj212.state()["platforms"]["bureau"].values()), 50)
            expected = box.expected()
            assert bureau.held == expected
            assert {(mn, cn) for mn, cn, _ in expected} == {
                (mn, cn) for mn in (FIRST, SECOND) for cn in (2011, 2051, 2061, 2031)
            }
            assert len(expected) > 80

    run(work)


def test_only_the_kinds_that_are_asked_for_with_the_password_of_the_file(box: Box, tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_text(f"# of the bureau\n{FIRST} = secret1\n{SECOND}=secret2\n")

    async def work() -> None:
        async with platform() as bureau:
            config = box.config(bureau.port, free_port(), data=("minute",), minute_min=5, password_file=str(passwords))
            async with box.runs(config) as (spool, _):
                await box.poll(spool, 1, 3, 6)
                box.now = DAY + HOUR_MS
                await until(lambda: len(bureau.held) == 2)
            assert sorted(bureau.held) == [(FIRST, 2051, "20260801000000"), (FIRST, 2051, "20260801000500")]
            assert {one.pw for one in bureau.heard if one.mn == FIRST} == {"secret1"}
            assert "w01001-Avg=7.00" in bureau.held[FIRST, 2051, "20260801000000"]

    run(work)


def test_a_password_that_is_missing_stops_that_platform_and_nothing_else(box: Box, tmp_path: Path) -> None:
    async def work() -> None:
        async with platform() as bureau:
            config = box.config(bureau.port, free_port(), password_file=str(tmp_path / "none"))
            async with box.runs(config) as (spool, hj212):
                assert list(hj212.problems) == ["platform bureau"]
                assert "none" in hj212.state()["problems"]["platform bureau"]
                assert [answer.cn for answer in await report(hj212.port, frame(1, 7.0))] == [9014]
                await box.poll(spool, 2)
                await until(lambda: hj212.hold() == 2)
            assert bureau.connections == 0
            box.now = DAY + MINUTE_MS
            (tmp_path / "none").write_text(f"{FIRST}=a\n{SECOND}=b\n")
            async with box.runs(config) as (_, hj212):
                assert hj212.problems == {}
                box.now = DAY + 5 * MINUTE_MS
                await until(
                    lambda: {(mn, cn) for mn, cn, _ in bureau.held if cn == 2011} == {(FIRST, 2011), (SECOND, 2011)}
                )

    run(work)


def test_a_port_that_is_taken_is_told(box: Box) -> None:
    async def work() -> None:
        async with platform() as bureau, box.runs(box.config(bureau.port, bureau.port)) as (_, hj212):
            assert list(hj212.problems) == [f"listener {bureau.port}"]
            assert hj212.port == 0

    run(work)


def test_an_edit_begins_it_anew_and_the_same_again_touches_nothing(box: Box) -> None:
    async def work() -> None:
        async with platform() as bureau, platform() as other:
            config = box.config(bureau.port, free_port())
            async with box.runs(config) as (spool, hj212):
                await until(lambda: bureau.connections == 2)
                await hj212.apply(config)
                assert bureau.connections == 2
                await hj212.apply(box.config(other.port, hj212.port))
                await until(lambda: other.connections == 2)
                assert [answer.cn for answer in await report(hj212.port, frame(1, 7.0))] == [9014]
                box.now = DAY + 5 * MINUTE_MS
                await until(lambda: (SECOND, 2011, "20260801000100") in other.held)
                await hj212.apply(gateway_config(box.site, "gw-01"))
                assert hj212.state() == {}
                assert hj212.hold() > spool.state.last
                assert not bureau.held

    run(work)


def test_a_password_file(tmp_path: Path) -> None:
    path = tmp_path / "p"
    assert passwords_in("") == {}
    path.write_text("\n# x\nA = b=c \n")
    assert passwords_in(str(path)) == {"A": "b=c"}
    for text in ("A", "=b", "A="):
        path.write_text(f"{text}\n")
        with pytest.raises(UsageError, match="line 1: accepted: MN=PASSWORD"):
            passwords_in(str(path))
    with pytest.raises(UsageError, match="none"):
        passwords_in(str(tmp_path / "none"))

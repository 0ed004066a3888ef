"""A gateway on a broker: what it runs, what it refuses, what it still knows after a restart."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.broker import Address, Identity, Session
from collectors.clock import machine_ms
from collectors.spool import Spool
from deploy.command_command import make, tell
from deploy.gateway.config import Kept, gateway_config, keep, kept_at
from deploy.gateway.gateway import Gateway, begin, reload, serve
from deploy.hub.care import Care
from deploy.notify import Listener
from sensors.errors import SiteError, UsageError
from sensors.platform import Platform
from sensors.site import Site, load_site, replace_stations
from tests.collectors.brokers import Mosquitto, find_mosquitto, running, until
from tests.collectors.bureau import platform
from tests.deploy.boxes import PROFILE, Instrument, instruments, small_site, write_site

EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "sites" / "xietang"
NOW = 1_790_000_000_000

needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")


def test_a_gateway_that_the_site_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no gateway gw-99; it has gw-01, "):
        serve(EXAMPLE, ["gw-99"], "mqtt://127.0.0.1:1", tmp_path)


def test_an_address_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="found 'http://x'; accepted: mqtt://HOST"):
        serve(EXAMPLE, [], "http://x", tmp_path)


def test_a_folder_with_mistakes_and_nothing_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="site folder"):
        serve(tmp_path / "none", ["gw-01"], "mqtt://127.0.0.1:1", tmp_path)


def test_what_it_begins_with(xietang: Site, tmp_path: Path) -> None:
    local, hub = gateway_config(xietang, "gw-01"), gateway_config(xietang, "gw-02")
    first = xietang.slice("gw-01")[0]
    other = replace_stations(xietang, {**xietang.stations, first.id: replace(first, period_s=61.0)})
    sent = gateway_config(other, "gw-01")

    def begins(kept: Kept | None, site: Site | None = xietang) -> str:
        path = tmp_path / "gw-01.slice"
        path.unlink(missing_ok=True)
        if kept is not None:
            keep(path, kept)
        return begin(site, "gw-01", Address("127.0.0.1", 1), tmp_path, lambda: NOW).config.hash

    assert begins(None) == local.hash
    assert begins(Kept(sent.files, local.hash, sent.hash)) == sent.hash
    assert begins(Kept(sent.files, local.hash, sent.hash), None) == sent.hash
    # Edited since; of another gateway; damaged.
    assert begins(Kept(sent.files, "another", sent.hash)) == local.hash
    assert begins(Kept(hub.files, local.hash, "")) == local.hash
    assert begins(Kept({"site.toml": "x"}, local.hash, "")) == local.hash
    with pytest.raises(UsageError, match="neither the site folder nor the slice"):
        begins(Kept({"site.toml": "x"}, local.hash, ""), None)


@pytest.mark.parametrize(
    ("host", "now_ms", "source"),
    [
        ("127.0.0.1", machine_ms, {"hub"}),
        ("localhost", machine_ms, {"hub"}),
        ("10.0.0.1", machine_ms, {"kernel", "none", "unknown"}),
        ("10.0.0.1", lambda: NOW, {"simulated"}),
    ],
)
def test_who_vouches_for_the_clock(
    xietang: Site, tmp_path: Path, host: str, now_ms: Callable[[], int], source: set[str]
) -> None:
    gateway = begin(xietang, "gw-01", Address(host, 1), tmp_path, now_ms)
    assert gateway._clock.state().source in source


class World:
    """A small site, its instruments, a broker and the hub's side of care."""

    def __init__(self, folder: Path, site: Site, probes: list[Instrument], address: Address) -> None:
        self.folder, self.site, self.probes, self.address = folder, site, probes, address
        self.stations = list(site.stations.values())

    @asynccontextmanager
    async def hub(self) -> AsyncIterator[Care]:
        session = Session(self.address, Identity("hub"))
        care = Care(session, self.site, lambda: NOW)
        async with session, care:
            yield care

    def gateway(self, site: Site | None = None, name: str = "gw-01") -> Gateway:
        return begin(site or self.site, name, self.address, self.folder / "data", lambda: NOW)

    async def command(self, name: str, station: str = "", value: float | None = None, confirm: str = "") -> Any:
        order = make(name, station, value, confirm, 60)
        # The gateway's clock stands still in these tests.
        order = replace(order, sent_ms=NOW, expires_ms=NOW + 60_000)
        return await tell(self.site, "gw-01", self.address, order, 20)

    def edited(self, period_s: float) -> Site:
        """The site with the first station polled at another period."""
        first = self.stations[0]
        return replace_stations(self.site, {**self.site.stations, first.id: replace(first, period_s=period_s)})


@asynccontextmanager
async def world(xietang: Site, folder: Path, count: int = 2) -> AsyncIterator[World]:
    (folder / "data").mkdir()
    async with instruments(count) as probes, running(Mosquitto(folder)) as broker:
        site = small_site(xietang, folder / "site", *(probe.endpoint for probe in probes))
        yield World(folder, site, probes, broker.address)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.broker.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("collectors.broker.LAST_RETRY_S", 0.05)


def run(work: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.usefixtures("quick")
class TestCare:
    def test_an_edit_at_the_hub_reaches_the_box_and_survives_it(self, xietang: Site, tmp_path: Path) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path) as here, here.hub() as care:
                async with here.gateway() as gateway:
                    await until(lambda: care.gateways["gw-01"].settled)
                    await until(lambda: here.probes[0].asked == 1)
                    edited = here.edited(1800.0)
                    care.publish(edited)
                    assert not care.gateways["gw-01"].settled
                    await until(lambda: care.gateways["gw-01"].settled)
                    assert gateway.config.stations[0].period_s == 1800.0
                    await until(lambda: here.probes[0].asked == 2)
                    assert here.probes[1].asked == 1
                # The box starts without a hub or a broker, its own folder as old as before.
                again = begin(here.site, "gw-01", Address("127.0.0.1", 1), here.folder / "data", lambda: NOW)
                async with again:
                    assert again.config.hash == gateway_config(edited, "gw-01").hash
                # Unless somebody has edited that since; and what the hub said before does not undo it.
                local = here.edited(900.0)
                async with here.gateway(local) as gateway:
                    await until(lambda: care.gateways["gw-01"].running == gateway_config(local, "gw-01").hash)
                    assert (await here.command("probe")).data["config"] == gateway.config.hash
                    assert gateway.config.stations[0].period_s == 900.0

        run(work)

    def test_a_bad_one_is_refused_with_every_reason_and_the_old_one_goes_on(
        self, xietang: Site, tmp_path: Path
    ) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path) as here, here.hub() as care, here.gateway() as gateway:
                await until(lambda: care.gateways["gw-01"].settled)
                bad = {s.id: replace(s, endpoint="tcp://10.0.0.1:99999", unit=0) for s in here.stations[:1]}
                care.publish(replace_stations(here.site, {**here.site.stations, **bad}))
                await until(lambda: care.gateways["gw-01"].refused)
                refused = care.gateways["gw-01"].refused
                assert refused is not None
                assert (refused["source"], refused["hash"]) == ("hub", care.gateways["gw-01"].wanted)
                assert len(refused["problems"]) == 2
                assert "stations.csv: line 3, column endpoint" in "\n".join(refused["problems"])
                assert gateway.config.hash == care.gateways["gw-01"].running == gateway_config(here.site, "gw-01").hash
                about = (await here.command("probe")).data
                assert about["refused"] == refused
                assert (about["config"], about["wanted"]) == (gateway.config.hash, refused["hash"])
                assert (await here.command("sample", here.stations[0].id)).status == "done"
                # Taken back at the hub: nothing is wrong any more.
                care.publish(here.site)
                await until(lambda: care.gateways["gw-01"].refused is None)
                about = (await here.command("probe")).data
                assert (about["refused"], about["wanted"]) == (None, gateway.config.hash)

        run(work)

    def test_an_edit_at_the_river_is_told_taken_or_not(
        self, xietang: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path) as here, here.hub() as care, here.gateway() as gateway:
                await until(lambda: care.gateways["gw-01"].settled)
                write_site(here.edited(900.0), here.folder / "site")
                with caplog.at_level(logging.INFO):
                    await reload(here.folder / "site", [gateway])
                    await reload(here.folder / "site", [gateway])
                assert gateway.config.stations[0].period_s == 900.0
                taken = [message for message in caplog.messages if "own folder taken" in message]
                assert taken == [f"gw-01: own folder taken: {gateway.config.hash}"]
                about = (await here.command("probe")).data
                assert (about["config"], about["wanted"]) == (gateway.config.hash, care.gateways["gw-01"].wanted)
                assert about["config"] != about["wanted"]
                (here.folder / "site" / "stations.csv").write_text("id\n", encoding="utf-8")
                await reload(here.folder / "site", [gateway])
                about = (await here.command("probe")).data
                assert (about["refused"]["source"], about["config"]) == ("local", gateway.config.hash)
                assert any("stations.csv" in problem for problem in about["refused"]["problems"])
                await until(lambda: care.gateways["gw-01"].refused)
                assert "gw-01 refuses the configuration (local)" in caplog.text

        run(work)

    def test_another_place_in_the_topics_is_not_for_a_running_box(self, xietang: Site, tmp_path: Path) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path) as here, here.gateway() as gateway:
                moved = {"gw-01": replace(here.site.gateways["gw-01"], shard=3)}
                with pytest.raises(UsageError, match="needs a restart"):
                    await gateway.apply(gateway_config(replace(here.site, gateways=moved), "gw-01"))
                assert gateway.config.gateway.shard == 0

        run(work)

    def test_an_edit_that_cannot_be_put_to_work_is_taken_back(
        self, xietang: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path) as here, here.gateway() as gateway:
                apply = gateway.lines.apply
                failing = [True]

                async def fails(buses: Any) -> None:
                    await apply(buses)
                    if failing and failing.pop():
                        raise RuntimeError("a bug")

                monkeypatch.setattr(gateway.lines, "apply", fails)
                with pytest.raises(RuntimeError):
                    await gateway.apply(gateway_config(here.edited(1800.0), "gw-01"))
                assert gateway.config.stations[0].period_s == 3600.0
                station, _ = gateway.lines.of(here.stations[0].id).members[here.stations[0].id]
                assert station.period_s == 3600.0

        run(work)

    def test_an_edit_of_the_local_folder(self, xietang: Site, tmp_path: Path) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path) as here, here.hub() as care, here.gateway() as gateway:
                await until(lambda: care.gateways["gw-01"].settled)
                profile = here.folder / "site" / "profiles" / "test_probe.toml"
                profile.write_text(PROFILE.replace("0.01", "0.02"), encoding="utf-8")
                await reload(here.folder / "site", [gateway])
                await until(lambda: here.probes[0].asked == 2)
                assert (await here.command("sample", here.stations[0].id)).data["values"] == {"ph": [14.5, 4]}
                assert not care.gateways["gw-01"].settled
                profile.write_text("schema = 1", encoding="utf-8")
                await reload(here.folder / "site", [gateway])
                await until(lambda: care.gateways["gw-01"].refused)
                refused = care.gateways["gw-01"].refused
                assert refused is not None
                assert refused["source"] == "local"
                assert any(problem.startswith("profiles/test_probe.toml: ") for problem in refused["problems"])
                assert (await here.command("sample", here.stations[0].id)).data["values"] == {"ph": [14.5, 4]}
                profile.write_text(PROFILE.replace("0.01", "0.02"), encoding="utf-8")
                await reload(here.folder / "site", [gateway])
                await until(lambda: care.gateways["gw-01"].refused is None)

        run(work)

    def test_a_platform_that_the_hub_has_added_gets_what_is_polled(self, xietang: Site, tmp_path: Path) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path) as here, here.hub() as care, platform() as bureau, here.gateway():
                await until(lambda: here.probes[0].asked == 1 and here.probes[1].asked == 1)
                stations = {station.id: f"{n:024d}" for n, station in enumerate(here.stations, 1)}
                added = Platform("bureau", "127.0.0.1", bureau.port, stations, ("realtime",))
                care.publish(replace(here.site, platforms=(added,)))
                await until(lambda: care.gateways["gw-01"].settled)
                # From now on: what was there before is not sent.
                await here.command("sample", here.stations[0].id)
                await until(lambda: bureau.held)
                assert {(mn, cn) for mn, cn, _ in bureau.held} <= {(mn, 2011) for mn in stations.values()}
                state = (await here.command("probe")).data["hj212"]["platforms"]["bureau"]
                assert {name: line["connected"] for name, line in state.items()} == dict.fromkeys(stations, True)

        run(work)

    def test_birth_and_state_say_what_the_hub_wants_to_know(self, xietang: Site, tmp_path: Path) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path) as here, here.hub() as care:
                care_of = care.gateways["gw-01"]
                here.probes[1].silent = True
                async with here.gateway():
                    await until(lambda: care_of.online and care_of.settled and care_of.state)
                    assert care_of.clock == {"synchronised": True, "source": "simulated", "jumps": 0, "jump_ms": 0}
                    assert care_of.state["gaps"] == []
                    await until(lambda: here.probes[0].asked)
                    await here.command("probe", here.stations[1].id)
                    about = (await here.command("probe")).data
                    assert list(about["silent"]) == [here.stations[1].id]
                    assert care_of.state.keys() - about.keys() == {"v", "gateway"}
                    assert (about["refused"], about["hj212"], about["wanted"]) == (None, {}, care_of.wanted)
                await until(lambda: not care_of.online)
                assert care_of.running == care_of.wanted

        run(work)


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.usefixtures("quick")
class TestCommands:
    def test_a_calibration_from_the_desk_to_the_probe(self, xietang: Site, tmp_path: Path) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path, 1) as here, here.hub() as care, here.gateway() as gateway:
                await until(lambda: care.gateways["gw-01"].settled)
                [probe], [station] = here.probes, here.stations
                asked = await here.command("zero", station.id, 0.5)
                assert (asked.status, asked.data["now"], probe.written) == ("confirm", 0.0, [])
                refused = await here.command("zero", station.id, 0.25, asked.token)
                assert (refused.status, probe.written) == ("refused", [])
                asked = await here.command("zero", station.id, 0.5)
                done = await here.command("zero", station.id, 0.5, asked.token)
                assert (done.status, done.data["after"]) == ("done", 0.5)
                assert probe.written == [(110, (0x3F00, 0))]
                await until(lambda: len(care.gateways["gw-01"].answers) == 4)
                statuses = [answer.status for answer in care.gateways["gw-01"].answers]
                assert statuses == ["confirm", "refused", "confirm", "done"]
                assert not gateway.restarting.is_set()

        run(work)

    def test_a_gateway_that_is_not_there(self, xietang: Site, tmp_path: Path) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path, 1) as here:
                with pytest.raises(UsageError, match="gw-01 is not connected to the broker; nothing was done"):
                    await here.command("probe")

        run(work)

    def test_a_restart_is_asked_for(self, xietang: Site, tmp_path: Path) -> None:
        async def work() -> None:
            async with world(xietang, tmp_path, 1) as here, here.hub() as care, here.gateway() as gateway:
                await until(lambda: care.gateways["gw-01"].settled)
                assert (await here.command("restart")).status == "done"
                assert gateway.restarting.is_set()
                await gateway.farewell()

        run(work)


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.system
@pytest.mark.usefixtures("quick")
def test_the_service_begins_anew_reads_its_folder_again_and_lives_on_what_it_kept(
    xietang: Site, tmp_path: Path
) -> None:
    """A process of its own: told to restart, given an edited folder, a broken one, and started on that one."""

    async def work() -> None:
        async with AsyncExitStack() as stack:
            here = await stack.enter_async_context(world(xietang, tmp_path, 1))
            care = await stack.enter_async_context(here.hub())
            listener = stack.enter_context(closing(Listener()))
            known = care.gateways["gw-01"]
            process = start(here, listener)
            try:
                await is_ready(listener)
                await until(lambda: known.settled)
                epoch = known.epoch
                assert (
                    await tell(here.site, "gw-01", here.address, make("restart", "", None, "", 60), 20)
                ).status == "done"
                await is_ready(listener)
                await until(lambda: known.online and known.epoch != epoch)
                assert process.poll() is None
                # Edited in place; it is told so at once.
                write_site(here.edited(1800.0), here.folder / "site")
                process.send_signal(signal.SIGHUP)
                edited = gateway_config(load_site(here.folder / "site"), "gw-01").hash
                await until(lambda: known.running == edited)
                (here.folder / "site" / "stations.csv").write_text("id\n", encoding="utf-8")
                await until(lambda: known.refused)
                assert known.running == edited
                process.terminate()
                assert await asyncio.to_thread(process.wait) == 0
                process = start(here, listener)
                await is_ready(listener)
                await until(lambda: known.online and known.refused and known.refused["source"] == "local")
                assert known.running == edited
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait)
            kept = kept_at(here.folder / "data" / "gw-01.slice")
            assert kept is not None
            async with Spool(here.folder / "data" / "gw-01.spool") as spool:
                assert spool.state.rows > 0

    run(work)


async def is_ready(listener: Listener) -> None:
    while (message := await asyncio.to_thread(listener.receive, 30)) is not None:
        if message.get("READY") == "1":
            return
    raise AssertionError("it did not become ready")


def start(here: World, listener: Listener) -> subprocess.Popen[bytes]:
    words = ["gateway", str(here.folder / "site"), "--gateway", "gw-01", "--data", str(here.folder / "data")]
    argv = [sys.executable, "-m", "deploy.cli", *words, "--broker", f"mqtt://127.0.0.1:{here.address.port}"]
    environ = {**os.environ, **listener.environ("gateway")}
    return subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, cwd=Path(__file__).resolve().parents[3])

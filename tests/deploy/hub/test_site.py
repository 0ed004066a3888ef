"""An edited site folder: what a hub takes from it, what it refuses, and how an edit reaches gateway and store."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors.quarantine import Quarantine
from collectors.stores import open_store
from collectors.stores.base import ReadingStore
from deploy.gateway.config import gateway_config
from deploy.hub.hub import Hub
from deploy.hub.marks import STATE
from deploy.hub.role import Role
from deploy.hub.site import SiteFolder
from deploy.notify import Listener
from sensors.site import Site, load_site, replace_stations
from tests.collectors.brokers import find_mosquitto, until
from tests.deploy.boxes import small_site, write_site
from tests.deploy.broker.test_config import two_gateways
from tests.deploy.gateway.test_gateway import NOW, World, is_ready, world

needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")


def test_what_is_edited_is_read_once(xietang: Site, tmp_path: Path) -> None:
    site = small_site(xietang, tmp_path, "tcp://127.0.0.1:1")
    folder = SiteFolder(tmp_path, lambda: NOW)
    assert not folder.due
    write_site(replace(site, name="改名"), tmp_path)
    assert [folder.due for _ in range(3)] == [False, True, False], "once it has come to rest, and then no more"
    read = folder.read(site, [0])
    assert read is not None
    assert (read.name, folder.report()) == ("改名", {"taken_ms": NOW, "refused_ms": None, "problems": []})


def test_mistakes_are_kept_until_they_are_mended(
    xietang: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site = small_site(xietang, tmp_path, "tcp://127.0.0.1:1")
    folder = SiteFolder(tmp_path, lambda: NOW)
    good = (tmp_path / "stations.csv").read_text(encoding="utf-8")
    (tmp_path / "stations.csv").write_text("id\n", encoding="utf-8")
    assert folder.read(site, [0]) is None
    report = folder.report()
    assert (report["refused_ms"], len(report["problems"])) == (NOW, len(folder.problems))
    assert report["problems"]
    assert all(problem in caplog.text for problem in report["problems"])
    (tmp_path / "stations.csv").write_text(good, encoding="utf-8")
    assert folder.read(site, [0]) is not None
    assert folder.report()["problems"] == []


def test_what_takes_a_restart(xietang: Site, tmp_path: Path) -> None:
    site = small_site(xietang, tmp_path, "tcp://127.0.0.1:1")
    folder = SiteFolder(tmp_path, lambda: NOW)
    assert folder.read(replace(site, id="other"), [0]) is None
    assert folder.problems == (
        "site.toml: site.id: found xietang; accepted: other; another site needs a restart of the hub",
    )
    write_site(two_gateways(xietang), tmp_path)
    assert folder.read(site, [0]) is None
    assert folder.problems == ("site.toml: gateway gw-02: shard: found 1; accepted: 0; another needs a restart",)
    assert folder.read(site, None) is not None, "another process takes that shard in"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FOLDER_S", 0.02), ("TICK_S", 0.05), ("EVERY_S", 0.05)):
        monkeypatch.setattr(f"deploy.hub.hub.{name}", value)
    monkeypatch.setattr("collectors.broker.FIRST_RETRY_S", 0.01)
    monkeypatch.setattr("collectors.broker.LAST_RETRY_S", 0.05)


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(hub.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


def told(store: ReadingStore, label: str = "all") -> dict[str, Any]:
    state: dict[str, Any] = json.loads(store.mark(STATE + label) or "{}")
    return state


def known_to_watch(hub: Hub) -> set[str]:
    assert hub._watch is not None
    return set(hub._watch._site.stations)


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.usefixtures("quick")
def test_an_edit_reaches_the_gateway_ingest_and_the_judging(xietang: Site, tmp_path: Path) -> None:
    """A station is entered while everything runs: it is polled, its readings are taken in, and it is judged."""

    async def work(here: World, store: ReadingStore) -> None:
        folder, [first, second] = here.folder / "site", here.stations
        whole, quarantine = here.site, Quarantine(None)
        write_site(replace_stations(whole, {first.id: first}), folder)
        site = load_site(folder)
        followed = SiteFolder(folder, lambda: NOW)
        hub = Hub(site, here.address, store, quarantine, lambda: NOW, disk=tmp_path, folder=followed)
        async with running(hub), here.gateway(site) as gateway:
            await until(lambda: (first.id, "ph") in {(one.station, one.determinand) for one in store.latest()})
            await until(lambda: told(store).get("stations") == 1)
            assert {one.station for one in store.latest()} == {first.id}
            write_site(whole, folder)
            wanted = gateway_config(load_site(folder), "gw-01").hash
            await until(lambda: gateway.config.hash == wanted)
            await until(lambda: second.id in {one.station for one in store.latest()})
            await until(lambda: second.id in {row.subject for row in store.assessments("station", "latest")})
            await until(lambda: told(store)["gateways"]["gw-01"]["settled"] and told(store)["stations"] == 2)
            assert known_to_watch(hub) == {first.id, second.id}
            assert quarantine.counts == {}
            # A broken edit: everything goes on, and the store says what is wrong.
            (folder / "stations.csv").write_text("id\n", encoding="utf-8")
            await until(lambda: told(store)["site"]["problems"])
            assert told(store)["site"]["problems"] == list(followed.problems)
            assert (gateway.config.hash, hub._site.stations.keys()) == (wanted, whole.stations.keys())
            write_site(whole, folder)
            await until(lambda: not told(store)["site"]["problems"])

    go(xietang, tmp_path, work)


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.usefixtures("quick")
def test_a_gateway_that_is_entered_has_been_heard(xietang: Site, tmp_path: Path) -> None:
    """What it said before is retained at the broker, and it says nothing new for a minute."""

    async def work(here: World, store: ReadingStore) -> None:
        folder, [first, second] = here.folder / "site", here.stations
        new = replace(here.site.gateways["gw-01"], id="gw-02")
        stations = {first.id: first, second.id: replace(second, gateway="gw-02")}
        more = replace_stations(replace(here.site, gateways={**here.site.gateways, "gw-02": new}), stations)
        followed = SiteFolder(folder, lambda: NOW)
        hub = Hub(here.site, here.address, store, Quarantine(None), lambda: NOW, disk=tmp_path, folder=followed)
        async with running(hub), here.gateway(more, "gw-02") as gateway:
            await until(lambda: hub._quarantine.counts.get("gateway"))
            assert "gw-02" not in told(store).get("gateways", {})
            write_site(more, folder)
            await until(lambda: told(store).get("gateways", {}).get("gw-02", {}).get("online"))
            await until(lambda: told(store)["gateways"]["gw-02"]["settled"])
            assert gateway.config.hash == gateway_config(load_site(folder), "gw-02").hash

    go(xietang, tmp_path, work)


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.usefixtures("quick")
def test_it_is_looked_at_when_it_is_asked_for(xietang: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a file system whose times say nothing SIGHUP does."""

    async def work(here: World, store: ReadingStore) -> None:
        followed = SiteFolder(here.folder / "site", lambda: NOW)
        monkeypatch.setattr(followed._local, "changed", lambda: False)
        hub = Hub(here.site, here.address, store, Quarantine(None), lambda: NOW, disk=tmp_path, folder=followed)
        async with running(hub), here.gateway() as gateway:
            await until(lambda: told(store).get("connected"))
            write_site(here.edited(61.0), here.folder / "site")
            wanted = gateway_config(load_site(here.folder / "site"), "gw-01").hash
            assert gateway.config.hash != wanted
            os.kill(os.getpid(), signal.SIGHUP)
            await until(lambda: gateway.config.hash == wanted)

    go(xietang, tmp_path, work)


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.system
def test_the_service_follows_its_folder(xietang: Site, tmp_path: Path) -> None:
    """A process of its own, as `riverchief hub` starts it."""

    async def work(here: World, _: ReadingStore) -> None:
        words = ["hub", str(here.folder / "site"), "--broker", f"mqtt://127.0.0.1:{here.address.port}"]
        argv = [sys.executable, "-m", "deploy.cli", *words, "--store", f"sqlite:///{tmp_path / 'hub.sqlite'}"]
        with closing(Listener()) as listener:
            process = subprocess.Popen(
                argv, env={**os.environ, **listener.environ("hub")}, stdout=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parents[3],
            )  # fmt: skip
            try:
                await is_ready(listener)
                async with here.gateway() as gateway:
                    for period_s, asked in ((61.0, False), (62.0, True)):
                        write_site(here.edited(period_s), here.folder / "site")
                        if asked:
                            process.send_signal(signal.SIGHUP)
                        await until(lambda period_s=period_s: gateway.config.stations[0].period_s == period_s)
                    assert process.poll() is None
            finally:
                process.terminate()
                assert await asyncio.to_thread(process.wait) == 0

    go(xietang, tmp_path, work)


@pytest.mark.usefixtures("quick")
def test_a_process_that_only_judges_follows_as_well(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        site = small_site(xietang, tmp_path / "site", "tcp://127.0.0.1:1", "tcp://127.0.0.1:2")
        first, _ = site.stations.values()
        followed = SiteFolder(tmp_path / "site", lambda: NOW)
        hub = Hub(
            site, None, store, Quarantine(None), lambda: NOW, role=Role(ingest=False), folder=followed, disk=tmp_path
        )
        async with running(hub):
            await until(lambda: told(store, "judge").get("stations") == 2)
            write_site(replace_stations(site, {first.id: first}), tmp_path / "site")
            await until(lambda: told(store, "judge")["stations"] == 1)
            assert known_to_watch(hub) == {first.id}

    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    try:
        asyncio.run(asyncio.wait_for(work(), 60))
    finally:
        store.close()


def go(xietang: Site, tmp_path: Path, work: Any) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")

    async def all_() -> None:
        async with world(xietang, tmp_path) as here:
            await work(here, store)

    try:
        asyncio.run(asyncio.wait_for(all_(), 60))
    finally:
        store.close()

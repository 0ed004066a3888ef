"""`riverchief command` against a gateway on a broker with certificates."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collectors.broker import Identity, Session
from collectors.clock import machine_ms
from deploy.broker.tls import broker_address
from deploy.command_command import command, make, tell
from deploy.gateway.config import gateway_config
from deploy.gateway.gateway import Gateway
from deploy.hub.care import Care
from sensors.errors import UsageError
from sensors.site import Site
from tests.collectors.brokers import find_mosquitto, until
from tests.deploy.boxes import Instrument, instruments, small_site
from tests.deploy.broker.secure import SecureBroker, running

needs_mosquitto = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")


class Desk:
    """Somebody with the files of a certificate."""

    def __init__(self, folder: Path, site: Site, broker: SecureBroker) -> None:
        self.folder, self.site, self.broker = folder, site, broker

    async def order(self, *words: str, name: str = "operator", wait: str = "20") -> Result:
        files = self.broker.files(name)
        argv = [
            str(self.folder / "site"), "gw-01", *words, "--broker", self.broker.url(), "--wait", wait,
            "--ca", str(files.ca), "--cert", str(files.certificate), "--key", str(files.key),
        ]  # fmt: skip
        return await asyncio.to_thread(CliRunner().invoke, command, argv)


@asynccontextmanager
async def desk(xietang: Site, folder: Path) -> AsyncIterator[tuple[Desk, Instrument]]:
    broker = SecureBroker(folder, xietang)
    (folder / "data").mkdir()
    async with instruments(1) as [probe], running(broker):
        site = small_site(xietang, folder / "site", probe.endpoint)
        address = broker_address(broker.url(), broker.files("gateway.gw-01"))
        hub = Session(broker_address(broker.url(), broker.files("hub")), Identity("hub"))
        care = Care(hub, site)
        async with hub, care, Gateway(gateway_config(site, "gw-01"), address, folder / "data", machine_ms):
            await until(lambda: care.gateways["gw-01"].settled)
            yield Desk(folder, site, broker), probe


@needs_mosquitto
@pytest.mark.mosquitto
def test_from_the_desk_to_the_probe_and_back(xietang: Site, tmp_path: Path) -> None:
    async def work() -> None:
        async with desk(xietang, tmp_path) as (here, probe):
            station = next(iter(here.site.stations))
            asked = await here.order("zero", station, "--value", "0.5")
            assert asked.exit_code == 0, asked.output
            first, *rest = asked.output.splitlines()
            assert first.startswith(f"gw-01 zero {station}: confirm, nothing was written")
            assert json.loads("\n".join(rest[:-1]))["now"] == 0.0
            token = rest[-1].rpartition(" ")[2]
            done = await here.order("zero", station, "--value", "0.5", "--confirm", token)
            assert (done.exit_code, done.output.splitlines()[0]) == (0, f"gw-01 zero {station}: done")
            again = await here.order("zero", station, "--value", "0.5", "--confirm", token)
            assert (again.exit_code, "refused" in again.output) == (1, True)
            assert probe.written == [(110, (0x3F00, 0))]
            audit = (tmp_path / "data" / "gw-01.audit.jsonl").read_text().splitlines()
            lines = [line for line in map(json.loads, audit) if "command" in line]
            assert [(line["event"], line["command"]["name"]) for line in lines] == [
                ("answered", "zero"), ("begun", "zero"), ("answered", "zero"), ("answered", "zero"),
            ]  # fmt: skip
            assert all("@" in line["command"]["by"] for line in lines)
            probed = await here.order("probe")
            assert json.loads("\n".join(probed.output.splitlines()[1:]))["stations"] == 1

    asyncio.run(asyncio.wait_for(work(), 60))


@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.parametrize("name", ["hub", "board", "gateway.gw-02"])
def test_nobody_else_may(xietang: Site, tmp_path: Path, name: str) -> None:
    async def work() -> None:
        async with desk(xietang, tmp_path) as (here, probe):
            station = next(iter(here.site.stations))
            refused = await here.order("clean", station, name=name)
            assert isinstance(refused.exception, UsageError)
            assert f"found {name}; accepted: operator" in str(refused.exception)
            # Whoever does without this program is stopped by the broker.
            address = broker_address(here.broker.url(), here.broker.files(name))
            with pytest.raises(UsageError, match="the broker did not take it"):
                await tell(here.site, "gw-01", address, make("clean", station, None, "", 20), 20)
            assert probe.written == []

    asyncio.run(asyncio.wait_for(work(), 60))


def test_what_no_gateway_would_take() -> None:
    for name, station, value, confirm in (
        ("Clean", "", None, ""), ("clean", "a/b", None, ""), ("clean", "", float("nan"), ""), ("clean", "", None, "x"),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            make(name, station, value, confirm, 60)
    one, other = make("clean", "S1", None, "", 60), make("clean", "S1", None, "", 60)
    assert one.id != other.id
    assert one.expires_ms - one.sent_ms == 60_000


def test_a_gateway_that_the_site_does_not_have(xietang: Site) -> None:
    result = CliRunner().invoke(command, [str(xietang.folder), "gw-99", "probe", "--broker", "mqtt://127.0.0.1:1"])
    assert isinstance(result.exception, UsageError)
    assert "no gateway gw-99" in str(result.exception)


def test_a_broker_that_is_not_there(xietang: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.command_command.CONNECT_S", 0.05)
    result = CliRunner().invoke(command, [str(xietang.folder), "gw-01", "probe", "--broker", "mqtt://127.0.0.1:1"])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).count("no connection to") == 1
    assert "no connection to mqtt://127.0.0.1:1: " in str(result.exception)

"""The hub's wishes and the gateways' answers, without a broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from collectors import wire
from collectors.broker import Message
from collectors.wire_care import Answer, encode_answer, parse_slice
from deploy.gateway.config import config_from_files, gateway_config
from deploy.hub.care import Care
from sensors.site import Site, replace_stations
from tests.collectors.brokers import until
from tests.collectors.sessions import FakeSession
from tests.deploy.broker.test_config import two_gateways

NOW = 1_795_000_000_000
A, B = "0123456789abcdef", "fedcba9876543210"


class Hub:
    def __init__(self, site: Site, **more: Any) -> None:
        self.session = FakeSession()
        self.care = Care(self.session, site, lambda: NOW, **more)  # type: ignore[arg-type]

    def hear(self, gateway: str, channel: str, payload: bytes, *, retained: bool = False) -> None:
        topic = f"rc1/xietang/{1 if gateway == 'gw-02' else 0}/{gateway}/{channel}"
        if retained:
            handler = next(h for name, h in self.session.handlers.items() if name.endswith(channel))
            handler(Message(topic, payload, True, False, lambda: None))
        else:
            self.session.deliver(topic, payload)

    def say(self, gateway: str, channel: str, *, retained: bool = False, **fields: Any) -> None:
        self.hear(gateway, channel, wire.encode_status(gateway, **fields), retained=retained)


def run(hub: Hub, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def all_() -> None:
        async with hub.care:
            await work()

    asyncio.run(asyncio.wait_for(all_(), 20))


def test_every_gateway_gets_its_slice(xietang: Site) -> None:
    site = two_gateways(xietang)
    hub = Hub(site)

    async def work() -> None:
        await until(lambda: len(hub.session.published) == 2)
        for topic, payload in hub.session.published:
            gateway = wire.parse_topic(topic).gateway
            part = parse_slice(payload, gateway)
            assert part.hash == hub.care.gateways[gateway].wanted == gateway_config(site, gateway).hash
            assert config_from_files(part.files, gateway).stations == site.slice(gateway)

    run(hub, work)


def test_it_is_published_again_with_each_connection_and_each_edit(xietang: Site) -> None:
    site = two_gateways(xietang)
    hub = Hub(site)

    async def work() -> None:
        await until(lambda: len(hub.session.published) == 2)
        for callback in hub.session.on_up:
            callback()
        await until(lambda: len(hub.session.published) == 4)
        first = site.slice("gw-01")[0]
        hub.say("gw-01", "birth", online=True, epoch=A, config=gateway_config(site, "gw-01").hash)
        assert hub.care.gateways["gw-01"].settled
        hub.care.publish(replace_stations(site, {**site.stations, first.id: replace(first, period_s=61.0)}))
        await until(lambda: len(hub.session.published) == 6)
        assert not hub.care.gateways["gw-01"].settled
        assert hub.care.gateways["gw-01"].online

    run(hub, work)


def test_a_broker_that_refuses_is_asked_again(xietang: Site, monkeypatch: Any) -> None:
    monkeypatch.setattr("deploy.hub.care.AGAIN_S", 0.01)
    hub = Hub(two_gateways(xietang))
    hub.session.fails = 1

    async def work() -> None:
        await until(lambda: hub.care.error)
        assert hub.care.error == "the broker is gone"
        await until(lambda: len(hub.session.published) == 2)
        await until(lambda: not hub.care.error)

    run(hub, work)


def test_only_the_shards_of_this_hub(xietang: Site) -> None:
    hub = Hub(two_gateways(xietang), shards=[1])
    assert list(hub.care.gateways) == ["gw-02"]
    assert sorted(hub.session.handlers) == [f"rc1/xietang/1/+/{name}" for name in ("ans", "birth", "state")]


def test_what_a_gateway_says_is_kept(xietang: Site) -> None:
    hub = Hub(two_gateways(xietang))
    refused = {"source": "hub", "hash": "x", "problems": ["stations.csv: line 3"], "time_ms": 1}
    hub.say("gw-01", "birth", online=True, epoch=A, config="old", software="0.1", refused=refused)
    hub.say(
        "gw-01", "state", epoch=A, config="old", backlog=5, bytes=700, dropped=2, silent={"S1": "timeout"},
        refused=refused, clock={"synchronised": False},
    )  # fmt: skip
    care = hub.care.gateways["gw-01"]
    assert (care.running, care.settled, care.refused, care.software) == ("old", False, refused, "0.1")
    assert (care.backlog, care.bytes, care.dropped, care.heard_ms) == (5, 700, 2, NOW)
    assert (care.silent, care.clock) == ({"S1": "timeout"}, {"synchronised": False})
    hub.say("gw-01", "state", epoch=A, config=care.wanted)
    assert (care.settled, care.refused) == (True, None)
    assert hub.care.gateways["gw-02"].online is None
    assert len(hub.session.acked) == 3


def test_a_refusal_is_told_once(xietang: Site, caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub(two_gateways(xietang))
    refused = {"source": "local", "hash": "", "problems": ["stations.csv: line 3", "site.toml: line 1"], "time_ms": 1}
    for time_ms, problems in ((1, refused["problems"]), (2, refused["problems"]), (3, ["site.toml: line 1"])):
        told = {**refused, "problems": problems, "time_ms": time_ms}
        hub.say("gw-01", "birth", online=True, epoch=A, config="old", refused=told)
        hub.say("gw-01", "state", epoch=A, config="old", refused=told)
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "gw-01 refuses the configuration (local) :\nstations.csv: line 3\nsite.toml: line 1",
        "gw-01 refuses the configuration (local) :\nsite.toml: line 1",
    ]
    hub.say("gw-01", "state", epoch=A, config="old")
    caplog.clear()
    hub.say("gw-01", "state", epoch=A, config="old", refused={"problems": 7})
    assert [record.levelname for record in caplog.records] == []


def test_a_late_last_will_says_nothing(xietang: Site) -> None:
    hub = Hub(two_gateways(xietang))
    care = hub.care.gateways["gw-01"]
    hub.say("gw-01", "birth", online=True, epoch=B, config="x")
    hub.say("gw-01", "birth", online=False, epoch=A)
    assert care.online
    hub.say("gw-01", "birth", online=False, epoch=B)
    assert (care.online, care.running) == (False, "x")


def test_what_was_retained_is_as_old_as_it_says(xietang: Site) -> None:
    hub = Hub(two_gateways(xietang))
    hub.say("gw-01", "state", epoch=A, config="x", time_ms=NOW - 9, retained=True)
    assert hub.care.gateways["gw-01"].heard_ms == NOW - 9


def test_answers_are_kept_and_written_down(xietang: Site, tmp_path: Path) -> None:
    hub = Hub(two_gateways(xietang), record=tmp_path / "commands.jsonl")
    for n in range(25):
        hub.hear("gw-02", "ans", encode_answer("gw-02", Answer(f"{n:016x}", "probe", "done", NOW, data={"n": n})))
    assert [answer.data["n"] for answer in hub.care.gateways["gw-02"].answers] == list(range(5, 25))
    lines = [json.loads(line) for line in (tmp_path / "commands.jsonl").read_text().splitlines()]
    assert [line["data"]["n"] for line in lines] == list(range(25))
    assert {line["gateway"] for line in lines} == {"gw-02"}


def test_what_is_none_of_ours_is_counted(xietang: Site) -> None:
    hub = Hub(two_gateways(xietang))
    hub.hear("gw-01", "state", b"[]")
    hub.hear("gw-01", "birth", b"")
    hub.hear("gw-77", "state", wire.encode_status("gw-77"))
    hub.hear("gw-01", "ans", wire.encode_status("gw-01", id="x"))
    hub.say("gw-01", "state", config=7, backlog="many", silent=[], clock=1, refused=2)
    assert hub.care.refused == {"shape": 3, "gateway": 1}
    care = hub.care.gateways["gw-01"]
    assert (care.running, care.backlog, care.silent, care.clock, care.refused) == ("", 0, {}, {}, None)

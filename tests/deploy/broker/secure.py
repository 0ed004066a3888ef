"""A real mosquitto with the configuration that is tested, and clients that hold its certificates."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collectors.broker import Identity, Message
from collectors.link import Link, Refused, Version
from deploy.broker.certs import Authority
from deploy.broker.config import BrokerPlan, write
from deploy.broker.tls import TlsFiles, broker_address
from sensors.site import Site
from tests.collectors.brokers import HOST, find_mosquitto, free_port
from tests.deploy.broker.test_config import two_gateways

FIRST, SECOND = "rc1/xietang/0/gw-01", "rc1/xietang/1/gw-02"
UP, DOWN = ("obs", "birth", "state", "ans"), ("ack", "cmd", "cfg")

#: Holders that the site knows, and two of the same authority that it does not.
STRANGERS = ("gateway.gw-99", "gateway.hub")
HOLDERS = ("gateway.gw-01", "gateway.gw-02", "hub", "hub.0", "hub.1", "board", "operator", *STRANGERS)

NOW_MS = 1_795_000_000_000

#: MQTT 5 reason code.
NOT_AUTHORISED = 0x87


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 100))


def without_the_second(site: Site) -> Site:
    stations = {station.id: station for station in site.slice("gw-01")}
    return replace(site, gateways={"gw-01": site.gateways["gw-01"]}, stations=stations)


class SecureBroker:
    """A mosquitto with the configuration that is tested, for two gateways in two shards."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.site, self.port = two_gateways(site), free_port()
        self.plan = BrokerPlan(folder / "broker", folder / "state", self.port, HOST)
        self.plan.state.mkdir()
        now = datetime.now(UTC)
        self.authority = Authority.create(folder / "certs", now)
        self.authority.issue("server", now, hosts=(HOST,))
        for name in HOLDERS:
            self.authority.issue(name, now)
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self) -> Path:
        write(self.site, self.authority, self.plan.home, self.plan, datetime.now(UTC))
        config = self.plan.home / "mosquitto.conf"
        if os.geteuid() == 0:
            # As root it would become another user, who may not read the folder of a test.
            config.write_text(config.read_text(encoding="utf-8") + "user root\n", encoding="utf-8")
        return config

    def reload(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    async def start(self) -> None:
        config = self.configure()
        program = find_mosquitto()
        assert program is not None
        with (self.plan.home / "log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(config)], stderr=log)
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError), socket.create_connection((HOST, self.port)):
                    return
                assert self._process.poll() is None, (self.plan.home / "log").read_text()
                await asyncio.sleep(0.003)

    async def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(self._process.wait)
            self._process = None

    def files(self, name: str, folder: Path | None = None) -> TlsFiles:
        certs = self.authority.folder
        return TlsFiles(certs / "ca.crt", (folder or certs) / f"{name}.crt", (folder or certs) / f"{name}.key")

    def url(self) -> str:
        return f"mqtts://{HOST}:{self.port}"


@asynccontextmanager
async def running(broker: SecureBroker) -> AsyncIterator[SecureBroker]:
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()


class Client:
    """A link that remembers what it heard."""

    def __init__(self, broker: SecureBroker, name: str, *, files: TlsFiles | None = None, **more: Any) -> None:
        self.name, self.heard = name, list[Message]()
        version: Version = more.pop("version", 5)
        address = broker_address(more.pop("url", broker.url()), files or broker.files(name))
        self.link = Link(address, Identity(more.pop("client_id", name), **more), version, self._hear)

    def _hear(self, message: Message) -> None:
        self.heard.append(message)
        message.ack()

    async def __aenter__(self) -> Client:
        await self.link.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        self.link.close()

    async def fence(self) -> None:
        """When this returns, everything that the broker had for this client before has been heard."""
        await self.link.subscribe(["nothing/is/ever/here"])

    async def write(self, topic: str, payload: bytes = b"x", *, retain: bool = False) -> int:
        """Reason code of a publish."""
        try:
            return await self.link.publish(topic, payload, retain=retain)
        except Refused as error:
            return error.reason_code

    async def listen(self, topic_filter: str) -> bool:
        """Subscribe; False where the broker says no. mosquitto 2.0 says yes to everybody and then delivers nothing."""
        try:
            await self.link.subscribe([topic_filter])
        except Refused:
            return False
        return True

    def topics(self, *, retained: bool) -> list[str]:
        return sorted(message.topic for message in self.heard if message.retained == retained)

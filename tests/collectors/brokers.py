"""Real MQTT brokers for tests: mosquitto in a process of its own, amqtt in this one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from amqtt.broker import Broker as AmqttBroker

from collectors.broker import Address

HOST = "127.0.0.1"


def find_mosquitto() -> str | None:
    """Debian puts it where only root's PATH looks."""
    return shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin")))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.003)


class Mosquitto:
    """A mosquitto that can be killed and started again on the same port."""

    def __init__(self, folder: Path, config: str = "allow_anonymous true\n", listener: str = "") -> None:
        self.port = free_port()
        self.address = Address(HOST, self.port)
        self._config = folder / f"mosquitto-{self.port}.conf"
        # As root it would become another user, who may not read the folder of a test.
        user = "user root\n" if os.geteuid() == 0 else ""
        self._config.write_text(f"{user}listener {self.port} {HOST}\n{listener}log_dest none\n{config}")
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        program = find_mosquitto()
        assert program is not None
        self._process = subprocess.Popen([program, "-c", str(self._config)])
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(HOST, self.port)
                    writer.close()
                    return
                assert self._process.poll() is None, "mosquitto ended at once"
                await asyncio.sleep(0.003)

    async def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            await asyncio.to_thread(self._process.wait)
            self._process = None

    async def kill(self) -> None:
        await self.stop(signal.SIGKILL)


class Amqtt:
    """The embedded broker; "killed" is shut down with everything it knew."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = Address(HOST, self.port)
        self._broker: AmqttBroker | None = None

    async def start(self) -> None:
        self._broker = AmqttBroker(
            {
                "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{self.port}"}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        await self._broker.start()

    async def stop(self) -> None:
        if self._broker is not None:
            await self._broker.shutdown()
            self._broker = None

    async def kill(self) -> None:
        await self.stop()


@asynccontextmanager
async def running(broker: Mosquitto | Amqtt) -> AsyncIterator[Mosquitto | Amqtt]:
    """Start a broker and end it, whatever happens between."""
    await broker.start()
    try:
        yield broker
    finally:
        await broker.stop()

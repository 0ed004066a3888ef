"""Real MQTT brokers for tests: mosquitto and amqtt, each in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

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


class _Process:
    """A broker in a process of its own, that can be killed and started again on the same port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = Address(HOST, self.port)
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    async def start(self) -> None:
        self._process = subprocess.Popen(self.command(), stderr=subprocess.DEVNULL)
        async with asyncio.timeout(20):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection(HOST, self.port)
                    writer.close()
                    return
                assert self._process.poll() is None, "the broker ended at once"
                await asyncio.sleep(0.003)

    async def stop(self, number: int = signal.SIGTERM) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            await asyncio.to_thread(self._process.wait)
            self._process = None

    async def kill(self) -> None:
        await self.stop(signal.SIGKILL)


class Mosquitto(_Process):
    """The broker that people use."""

    def __init__(self, folder: Path, config: str = "allow_anonymous true\n", listener: str = "") -> None:
        super().__init__()
        self._config = folder / f"mosquitto-{self.port}.conf"
        # As root it would become another user, who may not read the folder of a test.
        user = "user root\n" if os.geteuid() == 0 else ""
        self._config.write_text(f"{user}listener {self.port} {HOST}\n{listener}log_dest none\n{config}")

    def command(self) -> list[str]:
        program = find_mosquitto()
        assert program is not None
        return [program, "-c", str(self._config)]


AMQTT = """
import asyncio, logging, sys
from amqtt.broker import Broker

logging.disable(logging.CRITICAL)

async def main():
    broker = Broker({
        "listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:" + sys.argv[1]}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    })
    await broker.start()
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Amqtt(_Process):
    """The embedded broker."""

    def command(self) -> list[str]:
        return [sys.executable, "-c", AMQTT, str(self.port)]


@asynccontextmanager
async def running(broker: Mosquitto | Amqtt) -> AsyncIterator[Mosquitto | Amqtt]:
    """Start a broker and end it, whatever happens between."""
    await broker.start()
    try:
        yield broker
    finally:
        await broker.kill()

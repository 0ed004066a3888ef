"""Which MQTT broker the one-machine system uses: mosquitto where it is installed, else an embedded one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local.supervisor import Service
from deploy.notify import ready

HOST = "127.0.0.1"

#: What people are told when mosquitto is not there.
EMBEDDED_COST = (
    "embedded broker (amqtt): MQTT 3.1.1 only, slower, and it forgets what is in flight when it ends; "
    "readings stay safe in the gateways' spools. Install mosquitto for real use."
)

#: Debian puts mosquitto where only root's PATH looks.
_SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker to be started.

    Attributes
    ----------
    service : Service
    url : str
        ``mqtt://HOST:PORT``, loopback only and without credentials: the one-machine demo.
    title : str
        What it is, for people.
    """

    service: Service
    url: str
    title: str


def choose(folder: Path, *, embedded: bool = False) -> Broker:
    """Prepare the best broker that this machine has; `folder` takes its configuration."""
    port = free_port()
    url = f"mqtt://{HOST}:{port}"
    mosquitto = None if embedded else shutil.which("mosquitto", path=_SEARCH)
    if mosquitto is None:
        argv = [sys.executable, "-m", "deploy.cli", "broker", "--port", str(port)]
        return Broker(Service("broker", argv), url, EMBEDDED_COST)
    config = folder / "mosquitto.conf"
    lines = [f"listener {port} {HOST}", "allow_anonymous true", "persistence false", "log_dest stdout"]
    lines.append("max_queued_messages 10000")
    if os.geteuid() == 0:
        # mosquitto would change to a user of its own, and the kernel would forget to end it with its supervisor.
        lines.append("user root")
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    service = Service("broker", [mosquitto, "-c", str(config)], probe=lambda: answers(port))
    return Broker(service, url, f"mosquitto {_version(mosquitto)}")


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def _version(mosquitto: str) -> str:
    # mosquitto has no --version; its help begins with one and ends with exit code 3.
    text = subprocess.run([mosquitto, "-h"], capture_output=True, text=True, check=False).stdout
    return text.split("\n", 1)[0].removeprefix("mosquitto version ").strip() or "(version unknown)"


def serve_embedded(port: int) -> None:
    """Run the embedded broker on a loopback port until SIGTERM or SIGINT."""
    asyncio.run(_serve_embedded(port))


async def _serve_embedded(port: int) -> None:
    from amqtt.broker import Broker as AmqttBroker

    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    done = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, done.set)
    broker = AmqttBroker(config)
    await broker.start()
    ready()
    await done.wait()
    await broker.shutdown()

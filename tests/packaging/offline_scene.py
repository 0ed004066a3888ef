"""A machine without a line is made a hub with a gateway beside it, as docs/install.md says, and has to deliver.

Runs as root in namespaces of its own (`test_wheelhouse`): no network but a loopback, and what is written to /etc, /opt
and /var/lib goes into a folder that is thrown away. There is no systemd in it, so that this script stands in for what
the units ask of it: user, environment, credentials, notification, and of the sandbox a read-only system, no
capabilities, no new privileges, no writable code. Real systemd is tried by hand (docs/install.md, "What was tried").
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

RIVERCHIEF = "/opt/riverchief/bin/riverchief"
STATE = Path("/var/lib/riverchief-hub")
#: For the authority and the logs: a tmpfs of this scene.
WORK = Path("/run/scene")
UNITS = Path("/etc/systemd/system")

#: Refuse memory that is written and then run, as MemoryDenyWriteExecute= does; older kernels do not know it.
LOCKED = "import ctypes,os,sys; ctypes.CDLL(None).prctl(65,1,0,0,0); os.execv(sys.argv[1],sys.argv[1:])"


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout


def overlay(scratch: Path) -> None:
    """Let what is written to the system go elsewhere."""
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "tmpfs", str(scratch))
    for place in ("/etc", "/opt", "/var/lib"):
        upper, work = scratch / f"u{place.replace('/', '-')}", scratch / f"w{place.replace('/', '-')}"
        upper.mkdir()
        work.mkdir()
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={place},upperdir={upper},workdir={work}", place)


def loopback_up() -> None:
    with socket.socket() as one:
        flags = struct.pack("16sh14x", b"lo", 0x1 | 0x40)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(one, 0x8914, flags)  # SIOCSIFFLAGS


def settings(*paths: str) -> dict[str, str]:
    lines = [line for path in paths for line in Path(path).read_text("utf-8").splitlines()]
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class Service:
    """A unit's command, as its user and behind the walls that can be had without systemd."""

    def __init__(self, unit: str, env: str, user: str, state: Path, key: str | None, instance: str = "") -> None:
        text = re.sub(r"\\\n\s*", "", (UNITS / unit).read_text("utf-8"))
        self.name, who = unit, pwd.getpwnam(user)
        secrets = Path("/run/credentials") / unit
        values = settings(env) | {"CREDENTIALS_DIRECTORY": str(secrets)}
        line = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1].replace("%i", instance)
        words = shlex.split(re.sub(r"\$\{(\w+)\}|\$(\w+)", lambda m: values[m[1] or m[2]], line))
        state.mkdir(parents=True, exist_ok=True)
        os.chown(state, who.pw_uid, who.pw_gid)
        state.chmod(0o700)
        secrets.mkdir(parents=True)
        os.chown(secrets, who.pw_uid, who.pw_gid)
        if key is not None:
            source, name = (
                re.search(rf"^LoadCredential={key}:(.*)$", text, re.MULTILINE)[1].replace("%i", instance),
                key,
            )
            shutil.copyfile(source, secrets / name)
            os.chown(secrets / name, who.pw_uid, who.pw_gid)
            (secrets / name).chmod(0o400)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0scene-{unit}")
        self.told: list[str] = []
        # Heard all the time, as systemd does: who reports would wait for a listener that is full.
        threading.Thread(target=self._listen, daemon=True).start()
        sandbox = [
            "bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", str(state),
            str(state), "--chdir", str(state), "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
            "setpriv", "--reuid", user, "--regid", str(who.pw_gid), "--clear-groups", "--no-new-privs",
            "--bounding-set", "-all", "--inh-caps", "-all", "/usr/bin/python3", "-c", LOCKED,
        ]  # fmt: skip
        environ = {
            **values, "PATH": "/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "POLARS_SKIP_CPU_CHECK": "1",
            "NOTIFY_SOCKET": f"@scene-{unit}", "WATCHDOG_USEC": "4000000",
        }  # fmt: skip
        self.log = WORK / f"{unit}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*sandbox, *words], env=environ, stdout=log, stderr=log, umask=0o077)

    def _listen(self) -> None:
        while True:
            self.told += self.socket.recv(65536).decode().split("\n")

    def hear(self, what: str, seconds: float = 120) -> None:
        """Wait until it says something to systemd."""
        deadline = time.monotonic() + seconds
        while what not in self.told:
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = self.log.read_text("utf-8")
                raise SystemExit(f"{self.name}: no {what}; exit {self.process.poll()}\n{log[-3000:]}")
            time.sleep(0.05)

    def end(self) -> None:
        """Ask the program itself, not the sandbox around it, which ends with the program's exit code."""
        pid = self.process.pid
        while below := Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split():
            pid = int(below[0])
        os.kill(pid, signal.SIGTERM)
        self.process.wait(30)


def prepare() -> None:
    """Certificates, broker and virtual probes, by the commands of the docs."""
    tls = Path("/etc/riverchief/tls")
    run(RIVERCHIEF, "certs", "init", f"{WORK}/ca")
    run(RIVERCHIEF, "certs", "issue", f"{WORK}/ca", "--server", "127.0.0.1", "--hub", "--gateway", "gw-01")
    for name, mode in {"ca.crt": 0o644, "hub.crt": 0o644, "gateway.gw-01.crt": 0o644, "hub.key": 0o600,
                       "gateway.gw-01.key": 0o600}.items():  # fmt: skip
        shutil.copyfile(WORK / "ca" / name, tls / name)
        (tls / name).chmod(mode)
    site = Path("/etc/riverchief/site")
    example = next(Path("/opt/riverchief/lib").glob("python3*/site-packages/deploy/sites/xietang"))
    subprocess.Popen([RIVERCHIEF, "fleet", str(example), "--copy", str(site)], stdout=subprocess.DEVNULL)
    wait(lambda: (site / "stations.csv").exists())
    env = Path("/etc/riverchief/gateway.env")
    env.write_text(env.read_text("utf-8").replace("broker.example", "127.0.0.1"), "utf-8")
    run(RIVERCHIEF, "broker-config", str(site), "--certs", f"{WORK}/ca", "--out", "/etc/mosquitto/riverchief")
    run("chown", "-R", "mosquitto:", "/etc/mosquitto/riverchief", "/var/lib/mosquitto")
    subprocess.Popen(["mosquitto", "-c", "/etc/mosquitto/riverchief/mosquitto.conf"], stderr=subprocess.DEVNULL)


def wait(condition: object, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit(f"{condition} did not come true")
        time.sleep(0.1)


def answered(url: str, seconds: float = 120) -> int:
    """Status with which a service answers in the end; it may have to settle first, on a machine with much to do."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return int(answer.status)
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"{url}: {error}") from None
        time.sleep(0.5)


def stored() -> int:
    with contextlib.closing(sqlite3.connect(f"file:{STATE}/store.sqlite?mode=ro", uri=True)) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        [readings] = [name for name in tables if name in ("reading", "readings")]
        count: int = store.execute(f"SELECT count(*) FROM {readings}").fetchone()[0]
        return count


def main(archive: str, scratch: str) -> None:
    overlay(Path(scratch))
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    WORK.mkdir()
    loopback_up()
    with contextlib.suppress(OSError):
        socket.create_connection(("192.0.2.1", 80), 1)
        raise SystemExit("there is a network")
    begun = time.monotonic()
    print(subprocess.run(["sh", f"{archive}/install.sh"], check=True, capture_output=True, text=True).stdout)
    installed_s = time.monotonic() - begun
    prepare()
    env = "/etc/riverchief/riverchief.env"
    services = [Service("riverchief-hub.service", env, "riverchief", STATE, "hub.key")]
    services[0].hear("READY=1")
    gateway = Path("/var/lib/riverchief-gateway/gw-01")
    services += [
        # Whoever is nobody else's stands in for DynamicUser=.
        Service(
            "riverchief-gateway@.service", "/etc/riverchief/gateway.env", "nobody", gateway, "gateway.key", "gw-01"
        ),
        Service("riverchief-alerts.service", env, "riverchief", STATE, None),
        Service("riverchief-board.service", env, "riverchief", STATE, None),
    ]
    for service in services:
        service.hear("READY=1")
        service.hear("WATCHDOG=1")
    wait(lambda: stored() > 0)
    health = answered("http://127.0.0.1:8501/_stcore/health")
    ports = {"hub": 9101, "alerts": 9102, "gateway": 9100}
    ready = {name: answered(f"http://127.0.0.1:{port}/readyz") for name, port in ports.items()}
    owners = {path.owner() for path in STATE.iterdir()}
    for service in reversed(services):
        service.end()
    told = {
        "installed_s": round(installed_s, 1),
        "ready_s": round(time.monotonic() - begun, 1),
        "health": health,
        "ready": ready,
        "stored": stored(),
        "owners": sorted(owners),
        "ended": [service.process.returncode for service in services],
    }
    print(json.dumps(told))


main(*sys.argv[1:])

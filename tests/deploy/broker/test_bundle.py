"""The archive for a gateway: complete, the same each time, and never with a certificate that is about to end."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from collectors import wire
from deploy.broker.bundle import WHEEL, pack, write_bundle
from deploy.broker.certs import Authority
from deploy.fleet.fleet import Fleet
from deploy.gateway.config import gateway_config
from deploy.gateway.unit import DATA, HOME, PROGRAM, gateway_unit
from deploy.notify import Listener
from sensors.errors import UsageError
from sensors.platform import Platform
from sensors.reading import StationState
from sensors.site import Site, load_site, replace_stations
from tests.collectors.brokers import find_mosquitto, until
from tests.deploy.broker.secure import Client, SecureBroker, running
from tests.deploy.broker.test_config import two_gateways
from tests.deploy.test_cli import EXAMPLE, run

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BROKER = "mqtts://broker.lan:8883"
TOP = "riverchief-gw-01"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    authority = Authority.create(tmp_path / "certs", NOW)
    authority.issue("server", NOW, hosts=("broker.lan", "10.0.0.9"))
    authority.issue("gateway.gw-01", NOW)
    return authority


def unpack(path: Path, folder: Path) -> Path:
    with tarfile.open(path, "r:gz") as tar:
        tar.extractall(folder, filter="tar")
    return folder / TOP


def test_everything_is_in_it(xietang: Site, authority: Authority, tmp_path: Path) -> None:
    out = tmp_path / "gw-01.tar.gz"
    packed = write_bundle(xietang, "gw-01", authority, BROKER, out, NOW)
    assert packed.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (packed.stations, packed.until) == (8, NOW + 180 * DAY)
    assert out.stat().st_mode & 0o777 == 0o600
    with tarfile.open(out, "r:gz") as tar:
        members = {member.name.removeprefix(f"{TOP}/"): member for member in tar.getmembers()}
    # What the office settles, alerts and cases, is none of a gateway's business.
    office = ("alerts.toml", "casework.toml")
    site = [f"site/{path.name}" for path in EXAMPLE.iterdir() if path.is_file() and path.name not in office]
    site += {f"site/profiles/{station.profile}.toml" for station in xietang.slice("gw-01")}
    others = ("INSTALL.md", "riverchief-gateway.service", "wheelhouse/README.md")
    assert sorted(name for name, member in members.items() if member.isfile()) == sorted(
        [*others, *site, "tls/ca.crt", "tls/gateway.crt", "tls/gateway.key"]
    )
    assert {name: member.mode for name, member in members.items() if member.isfile() and member.mode != 0o644} == {
        "tls/gateway.key": 0o600
    }
    assert {(member.uid, member.gid, member.uname) for member in members.values()} == {(0, 0, "root")}
    there = unpack(out, tmp_path / "box")
    assert load_site(there / "site").slice("gw-01") == xietang.slice("gw-01")
    certificate = x509.load_pem_x509_certificate((there / "tls" / "gateway.crt").read_bytes())
    certificate.verify_directly_issued_by(authority.certificate)
    assert (there / "tls" / "gateway.key").read_bytes() == (authority.folder / "gateway.gw-01.key").read_bytes()
    assert (there / "tls" / "ca.crt").read_bytes() == (authority.folder / "ca.crt").read_bytes()
    secret = (authority.folder / "ca.key").read_bytes()
    assert all(secret not in path.read_bytes() for path in there.rglob("*") if path.is_file())


def test_the_notes_name_what_is_there(xietang: Site, authority: Authority, tmp_path: Path) -> None:
    write_bundle(xietang, "gw-01", authority, BROKER, tmp_path / "a", NOW)
    there = unpack(tmp_path / "a", tmp_path / "box")
    notes = (there / "INSTALL.md").read_text(encoding="utf-8")
    assert BROKER in notes
    assert "2027-05-23" in notes
    for station in xietang.slice("gw-01"):
        assert f"- {station.id} {station.name}: `{station.endpoint}`, unit {station.unit}\n" in notes
    assert f"`{gateway_config(xietang, 'gw-01').hash}`" in notes
    for line in notes.splitlines():
        if line.strip().startswith("install -m"):
            assert all(list(there.glob(name)) for name in line.split()[3:-1]), line


def test_the_same_input_gives_the_same_bytes(xietang: Site, authority: Authority, tmp_path: Path) -> None:
    sums = {
        write_bundle(load_site(EXAMPLE), "gw-01", Authority(authority.folder), BROKER, tmp_path / str(n), now).sha256
        for n, now in enumerate((NOW, NOW + 9 * DAY))
    }
    assert len(sums) == 1
    authority.renew("gateway.gw-01", NOW)
    assert write_bundle(xietang, "gw-01", authority, BROKER, tmp_path / "n", NOW).sha256 not in sums


def test_an_archive_depends_on_nothing_but_its_arguments() -> None:
    files = {"b/c": (0o600, b"2"), "a": (0o644, b"1")}
    assert pack("t", files, NOW) == pack("t", dict(reversed(files.items())), NOW)
    digest = hashlib.sha256(pack("t", files, NOW)).hexdigest()
    assert digest != hashlib.sha256(pack("t", {**files, "a": (0o600, b"1")}, NOW)).hexdigest()


def test_certificates_that_are_not_carried_to_the_river(xietang: Site, authority: Authority, tmp_path: Path) -> None:
    out = tmp_path / "gw"
    with pytest.raises(UsageError, match=r"no certificate for gateway.gw-02 .* certs issue .* --gateway gw-02$"):
        write_bundle(xietang, "gw-02", authority, BROKER, out, NOW)
    with pytest.raises(UsageError, match=r"about to expire: 29 days left, at least 30 wanted; .*renew .*gw-01$"):
        write_bundle(xietang, "gw-01", authority, BROKER, out, NOW + 151 * DAY)
    with pytest.raises(UsageError, match=r"about to expire: 30 days left, at least 60 wanted"):
        write_bundle(xietang, "gw-01", authority, BROKER, out, NOW + 150 * DAY, min_days=60)
    with pytest.raises(UsageError, match="is expired"):
        write_bundle(xietang, "gw-01", authority, BROKER, out, NOW + 181 * DAY, min_days=0)
    authority.revoke("gateway.gw-01", NOW)
    with pytest.raises(UsageError, match=r"no certificate for gateway\.gw-01"):
        write_bundle(xietang, "gw-01", authority, BROKER, out, NOW)
    assert not out.exists()


@pytest.mark.parametrize(
    ("broker", "text"),
    [
        ("mqtt://broker.lan", "accepted: mqtts://HOST"),
        ("mqtts://u:secret@broker.lan", "accepted: mqtts://HOST"),
        ("mqtts://broker.lan --x", "accepted: mqtts://HOST"),
        ("mqtts://broker.lan:99999", "accepted: mqtt://HOST"),
        ("mqtts://other.lan", "its certificate is for broker.lan, 10.0.0.9, not for other.lan"),
    ],
)
def test_brokers_that_the_gateway_would_not_reach(
    xietang: Site, authority: Authority, tmp_path: Path, broker: str, text: str
) -> None:
    with pytest.raises(UsageError) as caught:
        write_bundle(xietang, "gw-01", authority, broker, tmp_path / "gw", NOW)
    assert text in str(caught.value)
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "gw").exists()


def test_a_wheelhouse_makes_it_all_that_an_engineer_needs(xietang: Site, authority: Authority, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "click-8.1-py3-none-any.whl").write_bytes(b"click")
    (wheels / "notes.txt").write_text("not a wheel")
    with pytest.raises(UsageError, match=r"has click-8.1-py3-none-any.whl; accepted: riverchief-.*\.whl"):
        write_bundle(xietang, "gw-01", authority, BROKER, tmp_path / "a", NOW, wheels=wheels)
    (wheels / WHEEL).write_bytes(b"riverchief")
    write_bundle(xietang, "gw-01", authority, BROKER, tmp_path / "a", NOW, wheels=wheels)
    there = unpack(tmp_path / "a", tmp_path / "box") / "wheelhouse"
    assert sorted(path.name for path in there.iterdir()) == ["README.md", "click-8.1-py3-none-any.whl", WHEEL]
    assert (there / WHEEL).read_bytes() == b"riverchief"
    assert WHEEL in (there / "README.md").read_text(encoding="utf-8")


def test_the_notes_name_the_password_files(xietang: Site, authority: Authority, tmp_path: Path) -> None:
    station = xietang.slice("gw-01")[0].id
    made = Platform("bureau", "10.0.0.1", 9001, {station: "A" * 24}, password_file="/etc/riverchief/bureau")
    write_bundle(replace(xietang, platforms=(made,)), "gw-01", authority, BROKER, tmp_path / "a", NOW)
    there = unpack(tmp_path / "a", tmp_path / "box")
    assert "into /etc/riverchief/bureau, mode 0644" in (there / "INSTALL.md").read_text(encoding="utf-8")
    assert load_site(there / "site").platforms == (made,)


def test_another_file_is_not_overwritten(xietang: Site, authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "gw").write_text("letters")
    with pytest.raises(UsageError, match="exists; it is not overwritten"):
        write_bundle(xietang, "gw-01", authority, "mqtts://10.0.0.9", tmp_path / "gw", NOW)
    assert (tmp_path / "gw").read_text() == "letters"
    with pytest.raises(UsageError, match="cannot write to"):
        write_bundle(xietang, "gw-01", authority, BROKER, tmp_path / "none" / "gw", NOW)


def test_the_command(monkeypatch, capsys, tmp_path: Path) -> None:
    folder, out = str(tmp_path / "c"), str(tmp_path / "gw.tar.gz")
    words = ("bundle", str(EXAMPLE), "gw-01", "--certs", folder, "--broker", BROKER, "--out", out)
    assert run(monkeypatch, capsys, "certs", "init", folder)[0] == 0
    code, _, err = run(monkeypatch, capsys, *words)
    assert code == 1
    assert err.startswith("riverchief: no certificate for gateway.gw-01 in ")
    assert run(monkeypatch, capsys, "certs", "issue", folder, "--gateway", "gw-01")[0] == 0
    code, text, _ = run(monkeypatch, capsys, *words)
    assert code == 0
    assert text.startswith(f"{out}: 8 stations, certificate until ")
    assert f"sha256 {hashlib.sha256(Path(out).read_bytes()).hexdigest()}\n" in text
    assert run(monkeypatch, capsys, *words)[0] == 1


def serial(site: Site) -> Site:
    """The site with the stations of a gateway on a serial line."""
    moved = {s.id: replace(s, endpoint="rtu:///dev/ttyUSB0", unit=n) for n, s in enumerate(site.slice("gw-01"), 1)}
    return replace_stations(site, {**site.stations, **moved})


def test_devices_only_where_there_is_a_serial_line(xietang: Site) -> None:
    plain, wired = gateway_unit(xietang, "gw-01", BROKER), gateway_unit(serial(xietang), "gw-01", BROKER)
    assert "PrivateDevices=yes" in plain
    assert "DeviceAllow" not in plain
    assert "PrivateDevices" not in wired
    assert "DeviceAllow=char-ttyUSB rw\n" in wired
    assert "SupplementaryGroups=dialout\n" in wired


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("wired", [False, True], ids=["network", "serial"])
def test_systemd_finds_no_fault_and_little_exposure(xietang: Site, tmp_path: Path, wired: bool) -> None:
    unit = tmp_path / "riverchief-gateway.service"
    text = gateway_unit(serial(xietang) if wired else xietang, "gw-01", BROKER)
    unit.write_text(text.replace(PROGRAM, sys.executable), encoding="utf-8")
    environ = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning", "HOME": str(tmp_path)}
    for words in (("verify", "--recursive-errors=yes"), ("security", "--offline=yes", "--threshold=20")):
        done = subprocess.run(
            ["systemd-analyze", *words, str(unit)], capture_output=True, text=True, env=environ, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


class Still:
    """An instrument that always measures the same."""

    def measure(self, time_ms: int) -> tuple[Mapping[str, float], StationState]:
        return {"ph": 7.25}, StationState.NORMAL


@pytest.mark.mosquitto
@pytest.mark.system
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)")
def test_a_box_made_from_the_bundle_delivers(xietang: Site, tmp_path: Path) -> None:
    """Unpack, run what the unit runs, and hear the readings at the broker under the gateway's own name."""
    site = two_gateways(xietang)

    async def work() -> None:
        stations = site.slice("gw-01")
        broker = SecureBroker(tmp_path, site)
        async with (
            AsyncExitStack() as stack,
            running(broker),
            Fleet(stations, {station.id: Still() for station in stations}, lambda: 0) as fleet,
            Client(broker, "hub") as hub,
        ):
            listener = stack.enter_context(contextlib.closing(Listener()))
            await hub.link.subscribe(["rc1/xietang/+/+/+"])
            out = tmp_path / "gw.tar.gz"
            here = site.with_endpoints(fleet.endpoints)
            write_bundle(here, "gw-01", broker.authority, broker.url(), out, datetime.now(UTC))
            there = unpack(out, tmp_path / "box")
            process = start(there, tmp_path / "data", listener)
            try:
                ready = await asyncio.to_thread(listener.receive, 30)
                assert ready is not None
                assert ready["READY"] == "1"
                await until(lambda: len(heard(hub)) == len(stations))
                assert heard(hub) == {station.id: 7.25 for station in stations}
            finally:
                process.terminate()
                await asyncio.to_thread(process.wait)

    asyncio.run(asyncio.wait_for(work(), 100))


def start(box: Path, data: Path, listener: Listener) -> subprocess.Popen[bytes]:
    """Run the unit's command with the paths of a box that is a folder."""
    unit = (box / "riverchief-gateway.service").read_text(encoding="utf-8").replace("\\\n", " ")
    [line] = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    moved = {PROGRAM: f"{sys.executable} -m deploy.cli", HOME: str(box), DATA: str(data)}
    moved["${CREDENTIALS_DIRECTORY}"] = str(box / "tls")
    command = line.removeprefix("ExecStart=")
    for old, new in moved.items():
        assert old in command
        command = command.replace(old, new)
    words = shlex.split(command)
    assert words[words.index("--gateway") + 1] == "gw-01"
    return subprocess.Popen(words, env={**os.environ, **listener.environ("gateway")}, stdout=subprocess.DEVNULL)


def heard(hub: Client) -> dict[str, float | None]:
    """pH of each station."""
    found: dict[str, float | None] = {}
    for message in hub.heard:
        topic = wire.parse_topic(message.topic)
        assert topic.gateway == "gw-01"
        if topic.channel == "obs":
            batch = wire.parse_batch(message.payload, "gw-01", 2**42)
            for _, observation in batch.rows:
                with contextlib.suppress(KeyError):
                    found[observation.station] = observation.values["ph"][0]
    return found

"""Broker, certificates, clock and services, asked over real sockets."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.broker.certs import Authority
from deploy.broker.config import BrokerPlan, write
from deploy.broker.tls import PLAIN, TlsFiles
from deploy.doctor import wire
from deploy.doctor.checks import Finding
from deploy.doctor.wire import broker, certificates, clock, ntp_offset, services
from deploy.health import Check, Face, shown
from sensors.errors import UsageError
from tests.collectors.brokers import HOST, Mosquitto, find_mosquitto, free_port, running

NOW = datetime.now(UTC)


@contextmanager
def answering(reply: Callable[[bytes], bytes]) -> Iterator[int]:
    """A server on TCP that answers once."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.sendall(reply(line.recv(500)))
                line.recv(10)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("reply", "state", "words"),
    [
        (b"\x20\x02\x00\x00", "ok", "anybody's"),
        (b"\x20\x02\x00\x05", "fault", "wants a certificate"),
        (b"\x20\x02\x00\x63", "fault", "refuses (99)"),
        (b"HTTP", "fault", "does not speak MQTT"),
    ],
)
def test_what_a_broker_answers(reply: bytes, state: str, words: str) -> None:
    asked = []
    with answering(lambda data: asked.append(data) or reply) as port:
        [found] = broker(f"mqtt://{HOST}:{port}", PLAIN)
    assert found.state == state
    assert words in found.found
    assert asked[0][:10] == b"\x10\x1f\x00\x04MQTT\x04\x02"[:10]
    assert b"doctor-" in asked[0]


def test_a_broker_that_is_not_there() -> None:
    [found] = broker(f"mqtt://{HOST}:{free_port()}", PLAIN)
    assert (found.state, "refused" in found.found) == ("fault", True)
    with pytest.raises(UsageError, match="mqtt"):
        list(broker("http://x", PLAIN))


@pytest.mark.mosquitto
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)")
def test_a_real_broker_that_anybody_may_use(tmp_path: Path) -> None:
    async def main() -> list[Finding]:
        async with running(Mosquitto(tmp_path)) as there:
            return await asyncio.to_thread(lambda: list(broker(f"mqtt://{HOST}:{there.port}", PLAIN)))

    assert [one.state for one in asyncio.run(main())] == ["ok"]


@pytest.mark.mosquitto
@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)")
def test_a_real_broker_over_tls(tmp_path: Path, xietang) -> None:
    authority, other = Authority.create(tmp_path / "ca", NOW), Authority.create(tmp_path / "other", NOW)
    authority.issue("server", NOW, hosts=[HOST])
    pair, strange = authority.issue("hub", NOW), other.issue("hub", NOW)
    ca = tmp_path / "ca" / "ca.crt"
    port = free_port()
    write(xietang, authority, tmp_path / "broker", BrokerPlan(tmp_path / "broker", tmp_path, port, HOST), NOW)
    there = Mosquitto(tmp_path)
    there.port = port
    config = (tmp_path / "broker" / "mosquitto.conf").read_text()
    # As root it would become another user, who may not read the folder of a test.
    there._config.write_text(f"user root\n{config}" if os.geteuid() == 0 else config)
    url = f"mqtts://{HOST}:{port}"

    async def main() -> list[list[Finding]]:
        async with running(there):
            files = [
                TlsFiles(ca, pair.certificate, pair.key),
                TlsFiles(tmp_path / "other" / "ca.crt", pair.certificate, pair.key),
                TlsFiles(ca, strange.certificate, strange.key),
            ]
            return [await asyncio.to_thread(lambda one=one: list(broker(url, one))) for one in files]

    good, untrusted, unknown = asyncio.run(main())
    assert [one.state for one in good] == ["ok", "ok"]
    assert "TLSv1.3, takes this certificate" in good[0].found
    assert "396 days left" in good[1].found or "395 days left" in good[1].found
    assert "its certificate is not good" in untrusted[0].found
    assert unknown[0].state == "fault"


def test_certificates(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ca", NOW - timedelta(days=200))
    pair = authority.issue("hub", NOW - timedelta(days=160))
    other = authority.issue("board", NOW - timedelta(days=10))
    authority.issue("operator", NOW - timedelta(days=190))
    found = {Path(one.found.split(":")[0]).name: one for one in certificates([tmp_path / "ca"], NOW)}
    assert (found["hub.crt"].state, found["hub.crt"].found.endswith("19 days left")) == ("warning", True)
    assert found["board.crt"].state == "ok"
    assert (found["operator.crt"].state, "expired" in found["operator.crt"].found) == ("fault", True)
    assert found["ca.crt"].state == "ok"
    future = list(certificates([other.certificate], NOW - timedelta(days=50)))
    assert "not valid before" in future[0].found
    shutil.copy(pair.key, other.key)
    other.key.chmod(0o644)
    told = [one.found for one in certificates([other.certificate], NOW) if one.state == "fault"]
    assert told == [f"others may read {other.key}", f"{other.key} is not the key of board.crt"]
    (tmp_path / "broken.crt").write_text("x")
    assert next(certificates([tmp_path / "broken.crt"], NOW)).state == "fault"
    (tmp_path / "none").mkdir()
    assert "no certificate" in next(certificates([tmp_path / "none"], NOW)).found


@contextmanager
def time_server(ahead_s: float, mode: int = 0x24, stratum: int = 2) -> Iterator[str]:
    """A server that answers one question of SNTP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((HOST, 0))

        def serve() -> None:
            data, place = server.recvfrom(100)
            now_s = time.time() + ahead_s + 2_208_988_800
            stamp = struct.pack("!II", int(now_s), int(now_s % 1 * 2**32))
            server.sendto(bytes([mode, stratum]) + bytes(22) + data[40:48] + stamp + stamp, place)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"{HOST}:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(("ahead_s", "state"), [(0.0, "ok"), (5.0, "warning"), (-5.0, "warning"), (-400.0, "fault")])
def test_the_clock_against_a_time_server(ahead_s: float, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "clock_synchronised", lambda: True)
    with time_server(ahead_s) as place:
        kept, found = clock(place)
    assert (kept.state, found.state) == ("ok", state)
    with time_server(ahead_s) as place:
        offset_s, delay_s = ntp_offset(place)
    assert offset_s == pytest.approx(ahead_s, abs=0.3)
    assert 0 <= delay_s < 1


def test_a_time_server_that_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "clock_synchronised", lambda: None)
    for mode, stratum in ((0xE4, 2), (0x24, 0), (0x23, 2)):
        with time_server(0.0, mode, stratum) as place:
            kept, found = clock(place)
        assert (kept.state, found.state) == ("warning", "warning")
    monkeypatch.setattr(wire, "clock_synchronised", lambda: False)
    assert [one.state for one in clock(None)] == ["fault"]


def test_services_speak_for_themselves() -> None:
    async def main(ok: bool) -> list[Finding]:
        face = Face("hub", lambda: [Check("store", ok, "disk full")])
        async with shown((HOST, 0), face) as port:
            return await asyncio.to_thread(lambda: list(services([f"{HOST}:{port}"])))

    assert [one.state for one in asyncio.run(main(True))] == ["ok"]
    [found] = asyncio.run(main(False))
    assert (found.state, "store: disk full" in found.found) == ("fault", True)
    [found] = services([f"{HOST}:{free_port()}"])
    assert found.state == "fault"

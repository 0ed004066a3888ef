"""Who gets in at all: certificates, passwords, old versions of TLS, too large payloads, and a reload."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors import wire
from collectors.link import Refused
from deploy.broker.certs import Authority
from deploy.broker.tls import PLAIN, TlsFiles
from sensors.errors import LinkError
from tests.collectors.brokers import HOST, find_mosquitto
from tests.deploy.broker.secure import (
    FIRST,
    NOT_AUTHORISED,
    SECOND,
    Client,
    SecureBroker,
    run,
    running,
    without_the_second,
)

pytestmark = [
    pytest.mark.mosquitto,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)"),
]


async def is_refused(client: Client) -> None:
    with pytest.raises(LinkError) as caught:
        async with client:
            pass
    # Before MQTT had a word in it.
    assert not isinstance(caught.value, Refused)


def test_who_does_not_get_in(broker: SecureBroker, tmp_path: Path) -> None:
    authority, now = broker.authority, datetime.now(UTC)
    foreign = Authority.create(tmp_path / "foreign", now)
    foreign.issue("hub", now)
    authority.renew("gateway.gw-02", now - timedelta(days=200))
    stolen = tmp_path / "stolen"
    stolen.mkdir()
    for path in authority.folder.glob("hub.0.*"):
        shutil.copy(path, stolen)
    authority.revoke("hub.0", now)

    async def work() -> None:
        async with running(broker):
            ca, plain = authority.folder / "ca.crt", f"mqtt://{HOST}:{broker.port}"
            await is_refused(Client(broker, "of another authority", files=broker.files("hub", foreign.folder)))
            await is_refused(Client(broker, "expired", files=broker.files("gateway.gw-02")))
            await is_refused(Client(broker, "revoked", files=broker.files("hub.0", stolen)))
            await is_refused(Client(broker, "the broker's own", files=broker.files("server")))
            await is_refused(Client(broker, "without a certificate", files=TlsFiles(ca)))
            await is_refused(Client(broker, "unencrypted", url=plain, files=PLAIN))
            untrusting = broker.files("hub")
            untrusting = TlsFiles(foreign.folder / "ca.crt", untrusting.certificate, untrusting.key)
            with pytest.raises(LinkError, match=r"not to be trusted: .* did not issue it"):
                await Client(broker, "who trusts another", files=untrusting).link.open()
            async with Client(broker, "hub") as hub, Client(broker, "gateway.gw-01") as gateway:
                assert await hub.write(f"{FIRST}/ack") < 0x80
                assert await gateway.write(f"{FIRST}/obs") < 0x80
            log = (broker.plan.home / "log").read_text()
            assert log.count("New client connected") == 2, log

    run(work())


def test_a_password_in_place_of_a_certificate_is_nothing(broker: SecureBroker) -> None:
    async def work() -> None:
        async with running(broker):
            url = f"mqtts://hub:hub@{HOST}:{broker.port}"
            await is_refused(Client(broker, "hub", url=url, files=TlsFiles(broker.authority.folder / "ca.crt")))
            async with Client(broker, "gateway.gw-01", url=url) as client:
                assert await client.write(f"{FIRST}/ack") == NOT_AUTHORISED
                assert await client.write(f"{FIRST}/obs") < 0x80

    run(work())


def test_old_versions_of_tls_are_refused(broker: SecureBroker) -> None:
    def shake(low: ssl.TLSVersion, high: ssl.TLSVersion) -> str | None:
        files = broker.files("gateway.gw-01")
        assert files.certificate is not None
        context = ssl.create_default_context(cafile=str(files.ca))
        context.load_cert_chain(files.certificate, files.key)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version, context.maximum_version = low, high
        with (
            socket.create_connection((HOST, broker.port)) as raw,
            context.wrap_socket(raw, server_hostname=HOST) as secured,
        ):
            return secured.version()

    async def work() -> None:
        async with running(broker):
            assert await asyncio.to_thread(shake, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
            assert await asyncio.to_thread(shake, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
            with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
                await asyncio.to_thread(shake, ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)

    run(work())


def test_a_payload_that_is_too_large_harms_nobody_else(broker: SecureBroker) -> None:
    async def work() -> None:
        async with running(broker), Client(broker, "hub") as hub, Client(broker, "gateway.gw-01") as gateway:
            await hub.link.subscribe(["#"])
            assert await gateway.write(f"{FIRST}/obs", b"x" * wire.MAX_BYTES) == 0
            with contextlib.suppress(LinkError):
                assert await gateway.write(f"{FIRST}/obs", b"x" * (wire.MAX_BYTES + 8192)) >= 0x80
            await hub.fence()
            assert [len(message.payload) for message in hub.heard] == [wire.MAX_BYTES]

    run(work())


def test_a_reload_takes_new_rights_and_keeps_the_door_as_it_is(broker: SecureBroker) -> None:
    async def work() -> None:
        async with running(broker), Client(broker, "gateway.gw-02") as gone, Client(broker, "gateway.gw-01") as stays:
            assert await gone.write(f"{SECOND}/obs") < 0x80
            broker.site = without_the_second(broker.site)
            broker.configure()
            broker.reload()
            async with asyncio.timeout(10):
                while await gone.write(f"{SECOND}/obs") != NOT_AUTHORISED:
                    await asyncio.sleep(0.003)
            assert await stays.write(f"{FIRST}/obs") < 0x80
            async with Client(broker, "hub") as hub:
                assert await hub.write(f"{FIRST}/ack") < 0x80
            await is_refused(Client(broker, "nobody", files=TlsFiles(broker.authority.folder / "ca.crt")))

    run(work())

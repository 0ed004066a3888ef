"""What goes with a broker's address, and what is said where it does not."""

from __future__ import annotations

import asyncio
import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.broker import Address, Identity, Session
from deploy.broker.certs import Authority
from deploy.broker.tls import TlsFiles, broker_address
from deploy.command_command import command
from deploy.gateway.gateway import serve
from deploy.hub.hub import serve as serve_hub
from sensors.errors import UsageError
from sensors.site import Site
from tests.collectors.brokers import Mosquitto, find_mosquitto, until
from tests.collectors.brokers import running as open_broker
from tests.deploy.broker.secure import SecureBroker, running
from tests.deploy.test_cli import EXAMPLE, run


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    now = datetime.now(UTC)
    pair = Authority.create(tmp_path / "c", now).issue("hub", now)
    return TlsFiles(tmp_path / "c" / "ca.crt", pair.certificate, pair.key)


def test_an_encrypted_connection_checks_the_broker(files: TlsFiles) -> None:
    address = broker_address("mqtts://broker.lan", files)
    assert address.tls is not None
    assert (address.host, address.port) == ("broker.lan", 8883)
    assert (address.tls.verify_mode, address.tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    [ca] = address.tls.get_ca_certs()
    assert dict(pairs[0] for pairs in ca["subject"])["commonName"].startswith("RiverChief CA ")


def test_a_certificate_is_not_left_unused(files: TlsFiles) -> None:
    with pytest.raises(UsageError, match=r"a certificate goes with mqtts://HOST"):
        broker_address("mqtt://127.0.0.1", files)


def test_a_certificate_and_its_key_go_together(files: TlsFiles) -> None:
    for half in (TlsFiles(files.ca, files.certificate), TlsFiles(files.ca, None, files.key)):
        with pytest.raises(UsageError, match="needs its"):
            broker_address("mqtts://h", half)


def test_files_that_cannot_be_used(files: TlsFiles, tmp_path: Path) -> None:
    assert files.ca is not None
    with pytest.raises(UsageError, match=r"cannot read .*none\.crt: No such file or directory"):
        broker_address("mqtts://h", TlsFiles(tmp_path / "none.crt"))
    with pytest.raises(UsageError, match=r"cannot use .*hub\.crt, .*ca\.key: KEY_VALUES_MISMATCH"):
        broker_address("mqtts://h", TlsFiles(files.ca, files.certificate, files.ca.with_name("ca.key")))
    (tmp_path / "text").write_text("no certificate")
    with pytest.raises(UsageError, match=r"cannot use .*text"):
        broker_address("mqtts://h", TlsFiles(tmp_path / "text"))


@pytest.mark.parametrize(
    ("url", "warned"),
    [("mqtt://127.0.0.1", 0), ("mqtt://[::1]:1", 0), ("mqtt://localhost", 0), ("mqtt://u:secret@10.1.2.3", 1)],
)
def test_an_open_line_is_warned_about(caplog: pytest.LogCaptureFixture, url: str, warned: int) -> None:
    with caplog.at_level(logging.WARNING):
        assert broker_address(url).tls is None
    assert len(caplog.messages) == warned
    assert "secret" not in caplog.text


def test_one_certificate_is_one_gateway(files: TlsFiles, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"say which with --gateway; found gw-01, gw-02"):
        serve(EXAMPLE, ["gw-01", "gw-02"], "mqtts://127.0.0.1:1", tmp_path / "data", files)
    assert not (tmp_path / "data").exists()


async def complaint(address: Address) -> str:
    """What a session says that gets no connection."""
    async with Session(address, Identity("hub")) as session:
        await until(lambda: session.state.error)
        assert not session.state.connected
        return session.state.error


@pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")
@pytest.mark.mosquitto
def test_what_is_wrong_with_a_connection_is_said(xietang: Site, tmp_path: Path, files: TlsFiles) -> None:
    """At a real broker with certificates; `files` are of another authority."""

    async def work() -> None:
        broker = SecureBroker(tmp_path, xietang)
        async with running(broker), open_broker(Mosquitto(tmp_path)) as bare:
            mine = broker.files("hub")
            for given in (TlsFiles(mine.ca), TlsFiles(mine.ca, files.certificate, files.key)):
                error = await complaint(broker_address(broker.url(), given))
                assert "brokers that ask for a client certificate do so where there is none" in error
                assert "Unspecified" not in error
            error = await complaint(broker_address(broker.url().replace("mqtts", "mqtt")))
            assert "a broker that speaks TLS only does so, which is mqtts://" in error
            assert "Unspecified" not in error
            error = await complaint(broker_address(broker.url(), TlsFiles(files.ca, mine.certificate, mine.key)))
            assert "the authority that was given (ca) did not issue it" in error
            assert "_ssl.c" not in error
            error = await complaint(broker_address(f"mqtts://127.0.0.1:{bare.port}", mine))
            assert "a broker without encryption" in error

    asyncio.run(asyncio.wait_for(work(), 60))


def test_a_certificate_of_another_holder_gets_no_further(files: TlsFiles, tmp_path: Path) -> None:
    """Each of the three services; `files` are the hub's."""
    authority = Authority(tmp_path / "c")
    pairs = {name: authority.issue(name, datetime.now(UTC)) for name in ("gateway.gw-01", "board", "operator")}
    given = {name: TlsFiles(files.ca, pair.certificate, pair.key) for name, pair in pairs.items()}
    with pytest.raises(UsageError, match=r"gateway\.gw-01\.crt .*found gateway\.gw-01; accepted: gateway\.gw-02 "):
        serve(EXAMPLE, ["gw-02"], "mqtts://127.0.0.1:1", tmp_path / "data", given["gateway.gw-01"])
    assert not (tmp_path / "data").exists()
    with pytest.raises(UsageError, match=r"board\.crt .*found board; accepted: hub \(riverchief certs issue --hub\)"):
        serve_hub(EXAMPLE, "mqtts://127.0.0.1:1", f"sqlite:///{tmp_path / 'store.sqlite'}", given["board"])
    assert not (tmp_path / "store.sqlite").exists()
    words = [str(EXAMPLE), "gw-01", "probe", "--broker", "mqtts://127.0.0.1:1", "--ca", str(files.ca)]
    wrong = CliRunner().invoke(command, [*words, "--cert", str(files.certificate), "--key", str(files.key)])
    assert isinstance(wrong.exception, UsageError)
    assert "found hub; accepted: operator (riverchief certs issue --operator)" in str(wrong.exception)


@pytest.mark.parametrize("service", ["gateway", "hub"])
def test_the_services_take_the_files(monkeypatch, capsys, tmp_path: Path, files: TlsFiles, service: str) -> None:
    given: list[object] = []
    monkeypatch.setattr(f"deploy.{service}.{service}.serve", lambda *arguments, **_: given.extend(arguments))
    more = ("--data", str(tmp_path)) if service == "gateway" else ("--store", "sqlite:///x")
    words = ("--broker", "mqtts://h", "--ca", str(files.ca), "--cert", str(files.certificate), "--key", str(files.key))
    assert run(monkeypatch, capsys, service, str(EXAMPLE), *more, *words)[0] == 0
    assert given[-1] == files

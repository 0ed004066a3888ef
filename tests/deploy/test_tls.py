"""What goes with a broker's address, and what is said where it does not."""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.certs import Authority
from deploy.gateway import serve
from deploy.tls import TlsFiles, broker_address
from sensors.errors import UsageError
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


@pytest.mark.parametrize("service", ["gateway", "hub"])
def test_the_services_take_the_files(monkeypatch, capsys, tmp_path: Path, files: TlsFiles, service: str) -> None:
    given: list[object] = []
    monkeypatch.setattr(f"deploy.{service}.serve", lambda *arguments: given.extend(arguments))
    more = ("--data", str(tmp_path)) if service == "gateway" else ("--store", "sqlite:///x")
    words = ("--broker", "mqtts://h", "--ca", str(files.ca), "--cert", str(files.certificate), "--key", str(files.key))
    assert run(monkeypatch, capsys, service, str(EXAMPLE), *more, *words)[0] == 0
    assert given[-1] == files

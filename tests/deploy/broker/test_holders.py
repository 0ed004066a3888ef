"""Whose a certificate is, told without the library that made it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from deploy.broker import certs
from deploy.broker.holders import GATEWAY, OPERATOR, check_holder, common_names
from sensors.errors import UsageError

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def certificate(folder: Path, *names: x509.NameAttribute) -> Path:
    """One of a subject as nobody here would make it."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the issuer")])
    made = (
        x509.CertificateBuilder().subject_name(x509.Name(names)).issuer_name(issuer).public_key(key.public_key())
        .serial_number(1).not_valid_before(NOW).not_valid_after(NOW.replace(year=2031)).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "made.crt"
    path.write_bytes(b"bag attributes\n" + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_names_are_those_of_the_authority(tmp_path: Path) -> None:
    authority = certs.Authority.create(tmp_path / "ca", NOW)
    wanted = [certs.gateway_name("gw-01"), certs.hub_name(), certs.hub_name(3), certs.BOARD, certs.OPERATOR]
    for name in wanted:
        assert common_names(authority.issue(name, NOW).certificate) == [name]
    assert (f"{GATEWAY}.gw-01", OPERATOR) == (certs.gateway_name("gw-01"), certs.OPERATOR)


def test_other_subjects(tmp_path: Path) -> None:
    common, place = NameOID.COMMON_NAME, x509.NameAttribute(NameOID.LOCALITY_NAME, "斜塘")
    two = certificate(tmp_path, x509.NameAttribute(common, "hub"), place, x509.NameAttribute(common, "board"))
    assert common_names(two) == ["hub", "board"]
    with pytest.raises(UsageError, match=r"made\.crt .*found hub, board; accepted: hub "):
        check_holder(two, "hub", "--hub")
    none = certificate(tmp_path, place)
    with pytest.raises(UsageError, match=r"found no name; accepted: hub \(riverchief certs issue --hub\)"):
        check_holder(none, "hub", "--hub")
    wide = certificate(tmp_path, x509.NameAttribute(common, "枢纽", _ASN1Type.BMPString))
    check_holder(wide, "枢纽", "--hub")


def test_what_is_no_certificate(tmp_path: Path) -> None:
    whole = certificate(tmp_path, x509.NameAttribute(NameOID.COMMON_NAME, "hub")).read_text().split("-----")
    der = base64.b64decode(whole[2])
    path = tmp_path / "odd.crt"
    for body in (der[:9], der[:60], b"", b"\x30", b"\x30\x03\x02\x01\x01"):
        path.write_text("-----".join([*whole[:2], f"\n{base64.encodebytes(body).decode()}", *whole[3:]]))
        with pytest.raises(UsageError, match=r"cannot use .*odd\.crt: it is no certificate in PEM"):
            common_names(path)
    for text in ("", "-----BEGIN PRIVATE KEY-----\n", "Zertifikat für alle"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match="it is no certificate in PEM"):
            common_names(path)
    with pytest.raises(UsageError, match="No such file or directory"):
        common_names(tmp_path / "none.crt")

"""What our certificates look like: elliptic keys, one purpose each, signed by one authority. No files, no clock."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sensors.errors import UsageError

Key = ec.EllipticCurvePrivateKey

#: RFC 5280, ub-common-name.
LONGEST_NAME = 64

_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_DNS_NAME = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*")


def new_key() -> Key:
    """A private key on NIST P-256."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: Key) -> bytes:
    """A private key as PEM, not encrypted: services start without a person."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_pem(certificate: x509.Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM)


def crl_pem(crl: x509.CertificateRevocationList) -> bytes:
    """A list of revocations as PEM."""
    return crl.public_bytes(Encoding.PEM)


def authority(name: str, key: Key, begin: datetime, end: datetime) -> x509.Certificate:
    """Certificate of an authority that signs holders and revocations, and no further authority."""
    subject = _subject(name)
    return (
        _builder(subject, subject, key, begin, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def holder(
    name: str, key: Key, begin: datetime, end: datetime, *, by: tuple[x509.Certificate, Key], hosts: Sequence[str] = ()
) -> x509.Certificate:
    """Certificate of a server, where it has hosts, or else of a client.

    Parameters
    ----------
    name : str
        Common name.
    key : Key
        Of the holder.
    begin, end : datetime
        With a time zone.
    by : tuple
        Certificate and key of the authority.
    hosts : sequence of str
        DNS names and addresses of a server.

    Raises
    ------
    UsageError
        If a host is none.
    """
    issuer, issuer_key = by
    purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
    builder = (
        _builder(_subject(name), issuer.subject, key, begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        # One purpose each: a gateway's certificate cannot be used to play the broker.
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def revocations(
    serials: Iterable[tuple[int, datetime]], number: int, now: datetime, *, by: tuple[x509.Certificate, Key]
) -> x509.CertificateRevocationList:
    """List of revocations.

    Parameters
    ----------
    serials : iterable of (int, datetime)
        What is revoked since when.
    number : int
        Of this list; each is higher than the one before.
    now : datetime
    by : tuple
        Certificate and key of the authority.
    """
    issuer, key = by
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.subject)
        .last_update(now)
        # OpenSSL refuses every certificate once the list itself is out of date: nobody may be shut out because a
        # list that says nothing new was not signed again.
        .next_update(max(issuer.not_valid_after_utc, now))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    for serial, since in serials:
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        builder = builder.add_revoked_certificate(revoked)
    return builder.sign(key, hashes.SHA256())


def common_name(certificate: x509.Certificate) -> str:
    """Common name of a certificate of ours; empty where it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def hosts_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Names and addresses that a server's certificate is good for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))


def belong_together(certificate: x509.Certificate, key_pem_: bytes, issuer: x509.Certificate) -> bool:
    """Whether a certificate is of this key and was signed by this authority."""
    try:
        key = load_pem_private_key(key_pem_, None)
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # cryptography raises five kinds here, and each of them means no
        return False
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)


def load_key(pem: bytes) -> Key:
    """Private key of an authority from PEM; raises ValueError where it is none of ours."""
    key = load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"a {type(key).__name__}, not an elliptic key")
    return key


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        # Without wildcards: one key per broker.
        if _DNS_NAME.fullmatch(host):
            return x509.DNSName(host)
    raise UsageError(f"found the host {host!r}; accepted: a DNS name such as broker.example, or an address")

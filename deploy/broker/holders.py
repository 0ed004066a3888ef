"""Whose a certificate is, without what only the hub's machine has installed: a gateway looks at its own as well."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from sensors.errors import UsageError

#: Common names as `deploy.broker.certs` gives them, which needs more than a gateway has.
OPERATOR, GATEWAY = "operator", "gateway"

#: ``id-at-commonName``, 2.5.4.3, as it stands in a certificate.
_COMMON_NAME = b"\x55\x04\x03"

#: Tags of DER (X.690): the version of a certificate, and the text types whose bytes are no UTF-8.
_VERSION, _BMP, _LATIN = 0xA0, 0x1E, 0x14


def check_holder(certificate: Path, wanted: str, issue: str) -> None:
    """Refuse a certificate of somebody else before anything is connected with it.

    The broker takes user and client id from it: whoever comes with another's certificate has other rights than it
    needs, and ends the session of the rightful holder, again and again.

    Parameters
    ----------
    certificate : Path
    wanted : str
        Common name that it has to have, see `deploy.broker.certs`.
    issue : str
        Options of ``riverchief certs issue`` that make it.

    Raises
    ------
    UsageError
        If it is another's, or none.
    """
    names = common_names(certificate)
    if names != [wanted]:
        raise UsageError(
            f"{certificate} is another holder's certificate: found {', '.join(names) or 'no name'}; "
            f"accepted: {wanted} (riverchief certs issue {issue})"
        )


def common_names(certificate: Path) -> list[str]:
    """Common names of the subject of a certificate, the first one of a PEM file; a holder has one.

    Raises
    ------
    UsageError
        If it cannot be read or is none.
    """
    try:
        text = certificate.read_text(encoding="ascii")
        begin, end = text.index(ssl.PEM_HEADER), text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)
        subject = _subject(ssl.PEM_cert_to_DER_cert(text[begin:end]))
    except OSError as error:
        raise UsageError(f"cannot use {certificate}: {error.strerror}") from None
    except (ValueError, IndexError):
        raise UsageError(f"cannot use {certificate}: it is no certificate in PEM") from None
    return subject


def _subject(der: bytes) -> list[str]:
    """Certificate ::= {tbs {[0] version, serial, algorithm, issuer, validity, subject, ...}, ...} (RFC 5280, 4.1)."""
    [(_, whole)] = _parts(der)
    fields = [part for part in _parts(next(_parts(whole))[1]) if part[0] != _VERSION]
    found = []
    for _, several in _parts(fields[4][1]):
        for _, pair in _parts(several):
            (_, kind), (tag, value) = _parts(pair)
            if kind == _COMMON_NAME:
                found.append(value.decode({_BMP: "utf-16-be", _LATIN: "latin-1"}.get(tag, "utf-8")))
    return found


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and contents of each element."""
    at = 0
    while at < len(der):
        tag, size, at = der[at], der[at + 1], at + 2
        if size > 0x7F:
            count = size & 0x7F
            size, at = int.from_bytes(der[at : at + count]), at + count
        if at + size > len(der):
            raise ValueError("cut short")
        yield tag, der[at : at + size]
        at += size

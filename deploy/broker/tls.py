"""How a service reaches its broker: the URL and, for TLS, the files that go with it."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from pathlib import Path

from collectors.broker import Address, parse_address
from sensors.errors import UsageError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files of an encrypted connection.

    Attributes
    ----------
    ca : Path or None
        The authority that vouches for the broker; the system's where None.
    certificate, key : Path or None
        The service's own.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


#: An unencrypted connection.
PLAIN = TlsFiles()


def broker_address(url: str, files: TlsFiles = PLAIN) -> Address:
    """Address of a broker.

    Parameters
    ----------
    url : str
        See `collectors.broker.parse_address`.
    files : TlsFiles

    Raises
    ------
    UsageError
        If the URL is none, the files do not go with it, or one of them cannot be used.
    """
    if files != PLAIN and url.startswith("mqtt://"):
        raise UsageError("a certificate goes with mqtts://HOST[:8883]; with mqtt:// nothing would be encrypted")
    if (files.certificate is None) != (files.key is None):
        raise UsageError("a certificate needs its key, and a key its certificate")
    for path in (files.ca, files.certificate, files.key):
        if path is not None:
            _check_readable(path)
    try:
        address = parse_address(url, ca=files.ca, certificate=files.certificate, key=files.key)
    except OSError as error:  # ssl.SSLError is one
        names = ", ".join(str(path) for path in (files.ca, files.certificate, files.key) if path is not None)
        raise UsageError(f"cannot use {names}: {getattr(error, 'reason', None) or error}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    if address.tls is None and not is_loopback(address.host):
        log.warning("%s: what is sent there can be read and changed on the way; use mqtts://", address)
    return address


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

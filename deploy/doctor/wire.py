"""Does what is around the installation hold: broker, certificates, clock, and services that answer for themselves."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import socket
import ssl
import struct
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from collectors.clock import clock_synchronised
from deploy.broker.tls import TlsFiles, broker_address
from deploy.doctor.checks import Finding, good
from deploy.health import parse_place

#: Longest wait for anybody [s].
_WAIT_S = 5.0

#: How long a broker may take to refuse a certificate after the handshake: TLS 1.3 tells it afterwards [s].
_REFUSAL_S = 1.0

#: Fewer days left are a warning, and a fault.
_DUE_DAYS, _URGENT_DAYS = 30, 7

#: An offset to a time server that is a warning, and a fault: readings further ahead are refused [s].
_OFFSET_S, _OFFSET_FAULT_S = 1.0, 300.0

#: Seconds from 1900, where NTP begins, to 1970.
_NTP_EPOCH_S = 2_208_988_800

#: What a broker answers to CONNECT (MQTT 3.1.1, 3.2.2.3).
_ANSWERS = {1: "refuses this version of MQTT", 2: "refuses the client id", 3: "is not available",
            4: "wants another user or password", 5: "wants a certificate or a password"}  # fmt: skip


def broker(url: str, tls: TlsFiles) -> Iterator[Finding]:
    """Whether the broker is reached, and takes whom it is to take.

    With a certificate the handshake is all that is tried: a broker knows one session by each, and a second one would
    end that of the service that is running.
    """
    address = broker_address(url, tls)
    try:
        with socket.create_connection((address.host, address.port), _WAIT_S) as line:
            if address.tls is None:
                yield _greeted(url, line)
                return
            with address.tls.wrap_socket(line, server_hostname=address.host) as secured:
                yield from _shaken(url, secured, own=tls.certificate is not None)
    except ssl.SSLCertVerificationError as error:
        yield Finding("broker", "fault", f"{url}: its certificate is not good: {error.verify_message}",
                      "is --ca its authority, and is the name in the URL one that it was issued for?")  # fmt: skip
    except ssl.SSLError as error:
        yield Finding("broker", "fault", f"{url}: {error.reason or error}",
                      "is the certificate of this authority, valid and not revoked? riverchief certs list")  # fmt: skip
    except OSError as error:
        yield Finding(
            "broker", "fault", f"{url}: {error.strerror or error}", "does it run, and does a firewall let it?"
        )


def _greeted(url: str, line: socket.socket) -> Finding:
    """Say CONNECT of MQTT 3.1.1 with a clean session under a name that nobody has, and hang up."""
    name = f"doctor-{secrets.token_hex(6)}".encode()
    body = struct.pack("!H4sBBHH", 4, b"MQTT", 4, 2, 10, len(name)) + name
    line.settimeout(_WAIT_S)
    line.sendall(bytes([0x10, len(body)]) + body)
    told = line.recv(4)
    if len(told) == 4 and told[0] == 0x20:
        line.sendall(b"\xe0\x00")
        if told[3] == 0:
            return good("broker", f"{url}: takes connections, and anybody's: nothing is encrypted")
        return Finding("broker", "fault", f"{url}: {_ANSWERS.get(told[3], f'refuses ({told[3]})')}", "see its log")
    return Finding("broker", "fault", f"{url}: does not speak MQTT", "is the port right? with TLS it is mqtts://")


def _shaken(url: str, line: ssl.SSLSocket, *, own: bool) -> Iterator[Finding]:
    held = line.getpeercert() or {}
    until_s = ssl.cert_time_to_seconds(str(held["notAfter"]))
    days = int((until_s - time.time()) // 86_400)
    line.settimeout(_REFUSAL_S)
    with contextlib.suppress(TimeoutError):  # nothing was refused: it waits for what comes
        line.recv(1)
    if not own:
        yield Finding("broker", "warning", f"{url}: reached, without a certificate of our own", "give --cert and --key")
    else:
        yield good("broker", f"{url}: {line.version()}, takes this certificate")
    yield _days("broker's certificate", url, days, "riverchief certs renew, broker-config, restart the broker")


def certificates(paths: Sequence[Path], now: datetime) -> Iterator[Finding]:
    """Days that certificates have left, whether their keys go with them, and who may read those."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    files = [path for each in paths for path in (sorted(each.glob("*.crt")) if each.is_dir() else [each])]
    if not files:
        yield Finding(
            "certificates", "fault", f"no certificate in {', '.join(map(str, paths))}", "riverchief certs issue"
        )
    for path in files:
        try:
            held = x509.load_pem_x509_certificate(path.read_bytes())
            until, key = held.not_valid_after_utc, path.with_suffix(".key")
            if held.not_valid_before_utc > now:
                yield Finding("certificates", "fault", f"{path}: not valid before {held.not_valid_before_utc:%Y-%m-%d}",
                              "is the clock of this machine right?")  # fmt: skip
                continue
            yield _days("certificates", str(path), (until - now).days, f"riverchief certs renew DIR {path.stem}")
            if not key.exists():
                continue
            if key.stat().st_mode & 0o077:
                yield Finding("certificates", "fault", f"others may read {key}", f"chmod 600 {key}")
            if load_pem_private_key(key.read_bytes(), None).public_key() != held.public_key():
                yield Finding(
                    "certificates", "fault", f"{key} is not the key of {path.name}", "take both from one issue"
                )
        except (OSError, ValueError, TypeError) as error:
            yield Finding("certificates", "fault", f"{path}: {error}", "copy it again, or issue a new one")


def _days(check: str, what: str, days: int, advice: str) -> Finding:
    if days < 0:
        return Finding(check, "fault", f"{what}: expired {-days} days ago", advice)
    if days < _URGENT_DAYS:
        return Finding(check, "fault", f"{what}: {days} days left", advice)
    if days < _DUE_DAYS:
        return Finding(check, "warning", f"{what}: {days} days left", advice)
    return good(check, f"{what}: {days} days left")


def clock(server: str | None) -> Iterator[Finding]:
    """Whether somebody keeps this machine's clock, and how far it is from a time server's."""
    kept = clock_synchronised()
    if kept is False:
        yield Finding("clock", "fault", "a time service runs and has not set the clock yet",
                      "can it reach its servers? timedatectl, chronyc sources")  # fmt: skip
    elif kept is None:
        yield Finding("clock", "warning", "nobody tells whether this clock is kept",
                      "run chrony or systemd-timesyncd, unless the host of this machine keeps its clock")  # fmt: skip
    else:
        yield good("clock", "kept by a time service")
    if server is None:
        return
    try:
        offset_s, delay_s = ntp_offset(server)
    except (OSError, ValueError) as error:
        yield Finding("clock", "warning", f"{server} does not tell the time: {error}", "another --ntp, or none")
        return
    told = f"{offset_s * 1000:+.0f} ms against {server} (there and back {delay_s * 1000:.0f} ms)"
    if abs(offset_s) > _OFFSET_FAULT_S:
        yield Finding("clock", "fault", told, "set the clock: the hub refuses readings from the future")
    elif abs(offset_s) > _OFFSET_S:
        yield Finding("clock", "warning", told, "set the clock, and keep it set")
    else:
        yield good("clock", told)


def ntp_offset(server: str, port: int = 123) -> tuple[float, float]:
    """How far a time server is ahead of this clock, and how long the answer took; SNTP (RFC 4330).

    Returns
    -------
    (float, float)
        Offset and delay [s].

    Raises
    ------
    OSError
        If it does not answer.
    ValueError
        If what it answers is no time.
    """
    host, _, given = server.partition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(_WAIT_S)
        line.connect((host, int(given or port)))
        sent_s = time.time()
        # Version 4, client; our time is sent so that an answer to somebody else's question is known as such.
        stamp = struct.pack("!II", int(sent_s) + _NTP_EPOCH_S, int(sent_s % 1 * 2**32))
        line.send(b"\x23" + bytes(39) + stamp)
        data = line.recv(512)
        came_s = time.time()
    if len(data) < 48 or data[24:32] != stamp or data[0] & 7 != 4:
        raise ValueError("its answer is none of NTP")
    if data[0] >> 6 == 3 or not 0 < data[1] < 16:
        raise ValueError("it does not know the time itself")
    seconds = struct.unpack("!IIII", data[32:48])
    heard_s, told_s = (seconds[i] - _NTP_EPOCH_S + seconds[i + 1] / 2**32 for i in (0, 2))
    return ((heard_s - sent_s) + (told_s - came_s)) / 2, (came_s - sent_s) - (told_s - heard_s)


def services(places: Sequence[str]) -> Iterator[Finding]:
    """What services that were started with --metrics say of themselves."""
    for place in places:
        host, port = parse_place(place, "--ready")
        line = http.client.HTTPConnection(host, port, timeout=_WAIT_S)
        try:
            line.request("GET", "/readyz")
            told = json.loads(line.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            yield Finding("service", "fault", f"{place}: {getattr(error, 'strerror', None) or error}",
                          "is it running, with --metrics on that address?")  # fmt: skip
            continue
        finally:
            line.close()
        name = str(told.get("service", "?"))
        wrong = [f"{one['name']}: {one['detail']}" for one in told.get("checks", ()) if not one["ok"]]
        if told.get("ready"):
            yield good("service", f"{name} on {place} is ready")
        else:
            yield Finding(
                "service", "fault", f"{name} on {place}: {'; '.join(wrong) or told.get('error')}", "see its log"
            )


def now() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)

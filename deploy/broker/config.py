"""Configuration of mosquitto for a site: everybody by certificate, and to everybody exactly what is theirs.

The access list names each gateway and each topic, without patterns: a name can then never grow beyond its own place,
and what a certificate of the same authority may do is nothing until the site names its holder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from collectors import link, wire
from collectors.wire import Channel
from deploy.broker.certs import BOARD, DUE_DAYS, OPERATOR, SERVER, Authority, gateway_name, hub_name
from deploy.broker.private_files import locked, replace_file
from sensors.errors import UsageError
from sensors.place import Gateway
from sensors.site import Site

#: What a gateway says and the hub hears; what a gateway hears.
FROM_GATEWAY: tuple[Channel, ...] = ("obs", "birth", "state", "ans")
TO_GATEWAY: tuple[Channel, ...] = ("ack", "cmd", "cfg")

#: What the hub says. It gives no commands: who breaks into it cannot write to a probe.
FROM_HUB: tuple[Channel, ...] = ("ack", "cfg")

#: What an operator says, and hears of what comes of it.
FROM_OPERATOR: tuple[Channel, ...] = ("cmd",)
TO_OPERATOR: tuple[Channel, ...] = ("birth", "state", "ans")

#: What the board may hear: who is there and how they are. Readings it has from the store.
TO_BOARD: tuple[Channel, ...] = ("birth", "state")

#: First words of every file that this writes, by which it knows its own.
MARK = "# Made by `riverchief broker-config`"

#: Room for the MQTT header and properties around the largest payload [bytes].
_HEADER_BYTES = 4096

#: Messages and bytes that the broker keeps for a hub that is away. They only bridge a restart: what does not fit, the
#: gateways send again.
_QUEUED_MESSAGES, _QUEUED_BYTES = 1000, 64 * 1024 * 1024

#: The broker writes what it keeps to disk this often [s]. Losing it costs a resend, so it is not done on every change.
_AUTOSAVE_S = 300

#: Messages under way to one client; what the sessions of both sides expect.
_WINDOW = link.Identity("-").window

_CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """How mosquitto is to run.

    Attributes
    ----------
    home : Path
        Where the files will be on the broker's machine.
    state : Path
        Folder in which it may write.
    port : int
    bind : str
        Address to listen on; every one of the machine where empty.
    """

    home: Path
    state: Path = Path("/var/lib/mosquitto")
    port: int = 8883
    bind: str = ""


def acl(site: Site) -> str:
    """Access list of a site's broker."""
    lines = [f"{MARK} from the site {site.id}: who may write and read which topic.", "# Not listed is not allowed."]
    gateways = list(site.gateways.values())
    for gateway in gateways:
        lines += ["", f"user {gateway_name(gateway.id)}"]
        lines += _rights("write", site, [gateway], FROM_GATEWAY)
        lines += _rights("read", site, [gateway], TO_GATEWAY)
    for name, members in _hubs(gateways).items():
        lines += ["", f"user {name}"]
        lines += _rights("read", site, members, FROM_GATEWAY)
        lines += _rights("write", site, members, FROM_HUB)
    lines += ["", f"user {OPERATOR}", *_rights("write", site, gateways, FROM_OPERATOR)]
    lines += _rights("read", site, gateways, TO_OPERATOR)
    lines += ["", f"user {BOARD}", *_rights("read", site, gateways, TO_BOARD)]
    return "\n".join(lines) + "\n"


def _hubs(gateways: Sequence[Gateway]) -> dict[str, list[Gateway]]:
    """The hub that takes every shard, and for those who split the work one per shard."""
    hubs = {hub_name(): list(gateways)}
    for shard in sorted({gateway.shard for gateway in gateways}):
        hubs[hub_name(shard)] = [gateway for gateway in gateways if gateway.shard == shard]
    return hubs


def _rights(right: str, site: Site, gateways: Sequence[Gateway], channels: Sequence[Channel]) -> Iterator[str]:
    for gateway in gateways:
        for channel in channels:
            yield f"topic {right} {wire.topic(site.id, gateway.shard, gateway.id, channel)}"


def mosquitto_conf(site: Site, plan: BrokerPlan) -> str:
    """Text of a complete ``mosquitto.conf``.

    Raises
    ------
    UsageError
        If a path or the address cannot stand in such a file.
    """
    home = plan.home
    for text in (str(home), str(plan.state), plan.bind):
        if not re.fullmatch(r"[^\x00-\x20]*", text):
            raise UsageError(f"found {text!r}; accepted: a path or address without spaces or control characters")
    return f"""{MARK} for the site {site.id}. Change the site or the options and run it again.
# Start: mosquitto -c {home / "mosquitto.conf"}
per_listener_settings true

# The broker is a place of passage: every reading stays in its gateway's spool until the hub has stored it. What is kept
# here, sessions and retained messages, saves resends after a restart; it is not written on every change.
persistence true
persistence_location {plan.state}/
autosave_interval {_AUTOSAVE_S}
autosave_on_changes false
persistent_client_expiration {link.SESSION_S // 86400}d

# Nobody fills the memory. The hub would refuse larger payloads as well.
max_packet_size {wire.MAX_BYTES + _HEADER_BYTES}
max_inflight_messages {_WINDOW}
max_queued_messages {_QUEUED_MESSAGES}
max_queued_bytes {_QUEUED_BYTES}
queue_qos0_messages false
max_keepalive 300
sys_interval 0
set_tcp_nodelay true

log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true

listener {plan.port}{" " + plan.bind if plan.bind else ""}
max_connections {4 * len(site.gateways) + 32}
allow_anonymous false
allow_zero_length_clientid false
acl_file {home / "acl"}
tls_version tlsv1.2
ciphers {_CIPHERS}
cafile {home / "ca.crt"}
certfile {home / "server.crt"}
keyfile {home / "server.key"}
crlfile {home / "crl.pem"}
require_certificate true
# The name in the certificate is user and client id, whatever the client says: nobody ends another's session.
use_identity_as_username true
use_username_as_clientid true
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What was done.

    Attributes
    ----------
    changed : tuple of str
        Files that are new or other than before.
    warnings : tuple of str
        What will not work, or not for long.
    """

    changed: tuple[str, ...]
    warnings: tuple[str, ...]


def write(site: Site, authority: Authority, out: Path, plan: BrokerPlan, now: datetime) -> Written:
    """Write everything that the broker needs, and nothing else, to a folder of its own.

    Parameters
    ----------
    site : Site
    authority : Authority
    out : Path
        Made where it is missing. Files that this wrote before are replaced.
    plan : BrokerPlan
    now : datetime

    Raises
    ------
    UsageError
        If the server's certificate cannot be used, or `out` has files of the same names from elsewhere.
    """
    server = authority.usable(SERVER, now)
    files = {
        "mosquitto.conf": mosquitto_conf(site, plan).encode(),
        "acl": acl(site).encode(),
        "ca.crt": (authority.folder / "ca.crt").read_bytes(),
        "crl.pem": (authority.folder / "crl.pem").read_bytes(),
        "server.crt": server.certificate.read_bytes(),
        "server.key": server.key.read_bytes(),
    }
    _check_own(out, authority)
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make {out}: {error.strerror}") from None
    with locked(out):
        changed = [name for name, data in files.items() if not _has(out / name, data)]
        for name in changed:
            replace_file(out / name, files[name])
    return Written(tuple(changed), tuple(_warnings(site, authority, now)))


def _check_own(out: Path, authority: Authority) -> None:
    if (out / "ca.key").exists() or out.resolve() == authority.folder.resolve():
        raise UsageError(f"{out} has an authority in it; give the broker a folder without its key")
    config = out / "mosquitto.conf"
    if config.exists() and not config.read_bytes().startswith(MARK.encode()):
        raise UsageError(f"{config} was not written by riverchief broker-config; choose another --out")


def _has(path: Path, data: bytes) -> bool:
    return path.is_file() and path.read_bytes() == data


def _warnings(site: Site, authority: Authority, now: datetime) -> Iterator[str]:
    for entry in authority.entries(now):
        if entry.state in ("due", "expired", "broken"):
            yield f"{entry.name}: {entry.state}, {entry.days_left} days left (renewal is due below {DUE_DAYS})"
    missing = [name for name in map(gateway_name, site.gateways) if authority.pair(name) is None]
    if missing:
        yield f"no certificate yet: {', '.join(missing)}"
    known = {gateway_name(name) for name in site.gateways}
    strangers = sorted(
        entry.name
        for entry in authority.entries(now)
        if entry.name.startswith("gateway.") and entry.name not in known and entry.state in ("good", "due")
    )
    if strangers:
        yield f"not in the site, so without any right; revoke them if they are gone: {', '.join(strangers)}"

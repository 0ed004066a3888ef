"""The systemd unit of a gateway: starts when the box does, comes back whatever ends it, may touch next to nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sensors.endpoint import parse_endpoint
from sensors.place import Station
from sensors.platform import mn_of
from sensors.site import Site

#: Where things are on a gateway.
HOME, PROGRAM, DATA = "/etc/riverchief", "/opt/riverchief/bin/riverchief", "/var/lib/riverchief"

#: Name of the unit.
UNIT = "riverchief-gateway.service"

#: Serial ports: built in, USB adapters, modems, those of ARM boards. By kind, so that an adapter may be plugged later.
_SERIAL = ("char-ttyS", "char-ttyUSB", "char-ttyACM", "char-ttyAMA")


def gateway_unit(site: Site, gateway: str, broker: str) -> str:
    """Text of the unit file.

    Parameters
    ----------
    site : Site
    gateway : str
    broker : str
        ``mqtts://HOST:PORT``.
    """
    return f"""# RiverChief gateway {gateway} of the site {site.id}. Made by `riverchief bundle`.
[Unit]
Description=RiverChief gateway {gateway}
# Not after the network is up: probes are polled and readings kept whether or not there is a line.
After=network.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
WatchdogSec=60
ExecStart={PROGRAM} gateway {HOME}/site --gateway {gateway} \\
  --broker {broker.replace("%", "%%")} \\
  --ca {HOME}/tls/ca.crt --cert {HOME}/tls/gateway.crt --key ${{CREDENTIALS_DIRECTORY}}/gateway.key \\
  --data {DATA}
# An edited site is looked at within seconds anyway.
ExecReload=kill -HUP $MAINPID
# The key stays root's; the service gets a copy that nobody else can read.
LoadCredential=gateway.key:{HOME}/tls/gateway.key
Restart=always
RestartSec=5
TimeoutStopSec=30

DynamicUser=yes
StateDirectory={DATA.rpartition("/")[2]}
StateDirectoryMode=0700
UMask=0077
MemoryMax=512M
TasksMax=64

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateMounts=yes
{_devices(site.slice(gateway))}
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# To ask whether somebody keeps the clock right; setting it takes a capability, and there is none.
SystemCallFilter=adjtimex clock_adjtime clock_adjtime64

[Install]
WantedBy=multi-user.target
"""


def _devices(stations: Sequence[Station]) -> str:
    lines = ["DevicePolicy=closed"]
    polled = [station.endpoint for station in stations if mn_of(station.endpoint) is None]
    if any(parse_endpoint(endpoint).kind == "rtu" for endpoint in polled):
        lines += [*(f"DeviceAllow={kind} rw" for kind in _SERIAL), "SupplementaryGroups=dialout"]
    else:
        lines += ["PrivateDevices=yes", "PrivateUsers=yes"]
    return "\n".join(lines)

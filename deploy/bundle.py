"""One file for a USB stick: everything that makes a bare box the gateway that the site says it is.

The same input gives the same bytes, so that a check sum can be written on the delivery note and compared at the river.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from collectors.broker import parse_address
from deploy.certs import DUE_DAYS, SERVER, Authority, Pair, gateway_name
from deploy.gateway_unit import DATA, HOME, UNIT, gateway_unit
from deploy.private_files import locked, write_new
from deploy.site_slice import site_files, slice_site
from sensors.errors import UsageError
from sensors.site import Site

#: Readable by everybody, and by the owner only.
_PUBLIC, _PRIVATE = 0o644, 0o600


@dataclass(frozen=True, slots=True)
class Bundle:
    """What was packed.

    Attributes
    ----------
    path : Path
    sha256 : str
    stations : int
    until : datetime
        End of the certificate, in UTC.
    """

    path: Path
    sha256: str
    stations: int
    until: datetime


def write_bundle(
    site: Site, gateway: str, authority: Authority, broker: str, out: Path, now: datetime, *, min_days: int = DUE_DAYS
) -> Bundle:
    """Pack a gateway's bundle.

    Parameters
    ----------
    site : Site
    gateway : str
    authority : Authority
        Has issued a certificate to the gateway.
    broker : str
        ``mqtts://HOST[:8883]`` as it is reached from the river.
    out : Path
        The archive; never over another file, as it carries a key.
    now : datetime
    min_days : int
        Fewest days that the certificate must have left.

    Raises
    ------
    UsageError
        If the site has no such gateway, the broker's address is none of ours, the certificate is missing or about to
        expire, or `out` cannot be written.
    """
    part = slice_site(site, gateway)
    pair = authority.usable(gateway_name(gateway), now, days=min_days)
    _check_broker(broker, authority)
    archive = pack(
        f"riverchief-{gateway}", _files(part, gateway, authority, pair, broker), pair.x509.not_valid_before_utc
    )
    with locked(out.parent):
        write_new(out, archive)
    return Bundle(out, hashlib.sha256(archive).hexdigest(), len(part.stations), pair.x509.not_valid_after_utc)


def _check_broker(broker: str, authority: Authority) -> None:
    if not broker.startswith("mqtts://") or re.search(r"[\s\"'\\$@]", broker):
        raise UsageError(f"found the broker {broker.rpartition('@')[2]!r}; accepted: mqtts://HOST[:8883]")
    try:
        host = parse_address(broker).host
    except ValueError as error:
        raise UsageError(str(error)) from None
    server = authority.pair(SERVER)
    if server is not None and host not in (name.lower() for name in server.hosts):
        raise UsageError(
            f"the gateway would refuse the broker: its certificate is for {', '.join(server.hosts)}, not for {host}"
        )


def _files(part: Site, gateway: str, authority: Authority, pair: Pair, broker: str) -> dict[str, tuple[int, bytes]]:
    reason = (
        f"Part of the site {part.id} for the gateway {gateway}, made by `riverchief bundle`. Edit it there, not here."
    )
    texts = {
        "INSTALL.md": _notes(part, gateway, pair, broker),
        UNIT: gateway_unit(part, gateway, broker),
        **{f"site/{name}": text for name, text in site_files(part, reason).items()},
    }
    return {
        **{name: (_PUBLIC, text.encode()) for name, text in texts.items()},
        "tls/ca.crt": (_PUBLIC, (authority.folder / "ca.crt").read_bytes()),
        "tls/gateway.crt": (_PUBLIC, pair.certificate.read_bytes()),
        "tls/gateway.key": (_PRIVATE, pair.key.read_bytes()),
    }


def pack(top: str, files: Mapping[str, tuple[int, bytes]], time: datetime) -> bytes:
    """Archive (tar.gz) whose bytes depend on its arguments only.

    Parameters
    ----------
    top : str
        Folder that everything is in.
    files : mapping of str to (int, bytes)
        Mode and content by path.
    time : datetime
        Of every file.
    """
    raw = io.BytesIO()
    folders = {top, *(f"{top}/{name.rpartition('/')[0]}" for name in files if "/" in name)}
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(folders):
            member = _member(name, 0o755, time)
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
        for name, (mode, data) in sorted(files.items()):
            member = _member(f"{top}/{name}", mode, time)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


def _member(name: str, mode: int, time: datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mode, member.mtime = mode, int(time.timestamp())
    member.uname = member.gname = "root"
    return member


def _notes(part: Site, gateway: str, pair: Pair, broker: str) -> str:
    stations = "\n".join(f"- {s.id} {s.name}: `{s.endpoint}`, unit {s.unit}" for s in part.stations.values())
    until = pair.x509.not_valid_after_utc
    wheel = f"riverchief-{version('riverchief')}-py3-none-any.whl"
    return f"""# Gateway {gateway} ({part.gateways[gateway].name}), {part.name}
Needs Linux with systemd 247 or newer and Python 3.11 or newer with venv. Run the commands as root, in this folder.
需要 systemd 247 及以上、Python 3.11 及以上（含 venv）的 Linux。在本文件夹内以 root 身份执行下列命令。

1. The program 安装程序
   ```
   python3 -m venv /opt/riverchief
   /opt/riverchief/bin/pip install './{wheel}[gateway]'
   ```
   The wheel is not in the archive: bring the one that the hub was installed from.
   安装包中不含该 wheel 文件，请使用与中心相同的版本。
2. Configuration and key 配置与密钥
   ```
   install -d -m 0755 {HOME} {HOME}/site {HOME}/tls
   install -m 0644 site/* {HOME}/site/
   install -m 0644 tls/ca.crt tls/gateway.crt {HOME}/tls/
   install -m 0600 tls/gateway.key {HOME}/tls/
   /opt/riverchief/bin/riverchief check {HOME}/site
   ```
3. The service 启动服务
   ```
   install -m 0644 {UNIT} /etc/systemd/system/
   systemctl daemon-reload
   systemctl enable --now riverchief-gateway
   systemctl status riverchief-gateway
   ```
   "active (running)" with "0 observations on the way, 0 stations silent" means that all is well.
   显示 "active (running)" 且 "0 observations on the way, 0 stations silent" 即为正常。
4. Delete this folder and the archive from the box and the stick: whoever has `gateway.key` can pass for this gateway.
   从网关和U盘上删除本文件夹及压缩包：持有 `gateway.key` 者可冒充本网关。

- Broker 消息服务器: `{broker}`. The clock must be right (NTP), or the certificate is refused.
  时钟须准确（NTP），否则证书会被拒绝。
- The certificate ends on 证书有效期至: {until:%Y-%m-%d} UTC. For a new one do steps 2 to 4 with a new bundle, then
  `systemctl restart riverchief-gateway`. Until then readings wait in {DATA}.
  更换证书：用新的安装包重复第2至4步，再执行 `systemctl restart riverchief-gateway`。在此之前读数保存在 {DATA}。

Stations 监测站:
{stations}
"""

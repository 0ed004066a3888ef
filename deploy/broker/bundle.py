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
from deploy.broker.certs import DUE_DAYS, SERVER, Authority, Pair, gateway_name
from deploy.broker.private_files import locked, write_new
from deploy.gateway.config import gateway_config
from deploy.gateway.unit import DATA, HOME, UNIT, gateway_unit
from deploy.site.slice import site_files, slice_site
from sensors.errors import UsageError
from sensors.site import Site

#: The program, as it is built.
WHEEL = f"riverchief-{version('riverchief')}-py3-none-any.whl"

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
    site: Site,
    gateway: str,
    authority: Authority,
    broker: str,
    out: Path,
    now: datetime,
    *,
    min_days: int = DUE_DAYS,
    wheels: Path | None = None,
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
    wheels : Path, optional
        Folder with the program and all that it needs (``pip download``), for a box without a line.

    Raises
    ------
    UsageError
        If the site has no such gateway, the broker's address is none of ours, the certificate is missing or about to
        expire, the folder of wheels lacks this version of the program, or `out` cannot be written.
    """
    part = slice_site(site, gateway)
    pair = authority.usable(gateway_name(gateway), now, days=min_days)
    _check_broker(broker, authority)
    files = _files(part, gateway, authority, pair, broker) | _wheelhouse(wheels)
    archive = pack(f"riverchief-{gateway}", files, pair.x509.not_valid_before_utc)
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


def _wheelhouse(folder: Path | None) -> dict[str, tuple[int, bytes]]:
    """The program and what it needs, where it was given, and in any case what the engineer does with the folder."""
    found: dict[str, tuple[int, bytes]] = {"wheelhouse/README.md": (_PUBLIC, _wheel_notes().encode())}
    if folder is None:
        return found
    try:
        wheels = {path.name: path.read_bytes() for path in sorted(folder.glob("*.whl"))}
    except OSError as error:
        raise UsageError(f"cannot read {folder}: {error.strerror}") from None
    if WHEEL not in wheels:
        names = ", ".join(wheels) or "no wheel"
        raise UsageError(f"{folder} has {names[:300]}; accepted: {WHEEL} with what it needs, from pip download")
    return found | {f"wheelhouse/{name}": (_PUBLIC, data) for name, data in wheels.items()}


def _wheel_notes() -> str:
    return f"""# Wheelhouse 离线安装包
A box at the river has no package index. `INSTALL.md` installs from this folder; it needs `{WHEEL}`
and the wheels of what it is built on, for the box's own Python and processor.
河边的网关无法联网下载；程序由本文件夹安装，须含上述 wheel 及其依赖，并与网关的 Python 版本和处理器一致。

Are there no `.whl` files beside this page? Then fill the folder before you drive there, on a machine with a line and
the same Python version and processor as the box 若此处没有 `.whl` 文件，请在联网且环境相同的机器上先下载:
```
pip download --only-binary :all: -d wheelhouse './{WHEEL}[gateway]'
```
For another processor add for example 处理器不同时另加: `--platform manylinux2014_aarch64 --python-version 3.11`.
Or give the folder to `riverchief bundle --wheels`, and it is in the archive 或用 `--wheels` 直接打入安装包.
"""


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
    config = gateway_config(part, gateway)
    return f"""# Gateway {gateway} ({part.gateways[gateway].name}), {part.name}
Needs Linux with systemd 247 or newer and Python 3.11 or newer with venv. Run the commands as root, in this folder.
需要 systemd 247 及以上、Python 3.11 及以上（含 venv）的 Linux。在本文件夹内以 root 身份执行下列命令。

1. The program 安装程序
   ```
   python3 -m venv /opt/riverchief
   /opt/riverchief/bin/pip install --no-index --find-links wheelhouse 'riverchief[gateway]=={version("riverchief")}'
   ```
   No line is needed. `wheelhouse/README.md` says what belongs there. 无需联网，见 `wheelhouse/README.md`。
2. Configuration and key 配置与密钥
   ```
   install -d -m 0755 {HOME} {HOME}/site {HOME}/site/profiles {HOME}/tls
   install -m 0644 site/*.* {HOME}/site/
   install -m 0644 site/profiles/*.toml {HOME}/site/profiles/
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

- Configuration 配置: `{config.hash}`; the hub shows the same when the gateway runs it. A newer one comes over the wire.
  Edits of {HOME}/site are taken within seconds, or refused with the reason in `journalctl -u riverchief-gateway`.
  中心显示相同的值即表示网关已采用；新配置由中心下发。现场修改 {HOME}/site 数秒内生效，有误则拒绝并在日志中说明。
- What it was told to do from afar is in {DATA}/{gateway}.audit.jsonl. 远程命令记录于该文件。
{_hj212_notes(part, gateway)}
Stations 监测站:
{stations}
"""


def _hj212_notes(part: Site, gateway: str) -> str:
    """What has to be done for HJ 212, if anything."""
    there = part.gateways[gateway]
    files = [platform.password_file for platform in part.platforms] + [there.hj212_password_file]
    notes = [
        f"- Put the passwords of HJ 212 (`MN=PASSWORD`) into {name}, mode 0644. HJ 212 密码文件，权限 0644。\n"
        for name in dict.fromkeys(filter(None, files))
    ]
    if there.hj212_port:
        notes.append(f"- Stations that report by themselves connect to port 自报站连接端口: {there.hj212_port}.\n")
    return "".join(notes)

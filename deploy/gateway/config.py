"""What one gateway works from: its part of the site as values, and the files that say so."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from collectors.wire_care import slice_hash
from deploy.broker.private_files import replace_file
from deploy.site.slice import site_files, slice_site
from sensors.endpoint import Endpoint, parse_endpoint
from sensors.errors import Problem, SiteError, StoreError
from sensors.place import Gateway, Station
from sensors.platform import Platform, mn_of
from sensors.profile import Profile
from sensors.site import Site, load_site

#: First line of each list of a slice; the same everywhere, because it is part of the hash.
REASON = "A gateway's part of a site, made by riverchief. Edit the site, not this."


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """One gateway's slice of a site.

    Attributes
    ----------
    site, timezone : str
        Id and IANA zone.
    gateway : Gateway
    stations : tuple of Station
    profiles : mapping of str to Profile
        Of the stations that are polled.
    platforms : tuple of Platform
        With the stations of this gateway only.
    files : mapping of str to str
        A site folder that loads as this.
    hash : str
        Of the files.
    """

    site: str
    timezone: str
    gateway: Gateway
    stations: tuple[Station, ...]
    profiles: Mapping[str, Profile] = field(repr=False)
    platforms: tuple[Platform, ...]
    files: Mapping[str, str] = field(repr=False)
    hash: str

    @property
    def buses(self) -> dict[Endpoint, list[tuple[Station, Profile]]]:
        """Stations that are polled with their profiles, by the bus that they share."""
        return by_bus(self.stations, self.profiles)

    @property
    def reporting(self) -> dict[str, str]:
        """Stations that report over HJ 212, by their MN."""
        return {mn: station.id for station in self.stations if (mn := mn_of(station.endpoint)) is not None}


def by_bus(
    stations: Sequence[Station], profiles: Mapping[str, Profile]
) -> dict[Endpoint, list[tuple[Station, Profile]]]:
    """Stations that are polled with their profiles, by the bus that they share."""
    found: defaultdict[str, list[tuple[Station, Profile]]] = defaultdict(list)
    endpoints: dict[str, Endpoint] = {}
    for station in stations:
        if mn_of(station.endpoint) is None:
            endpoint = parse_endpoint(station.endpoint)
            endpoints.setdefault(endpoint.bus, endpoint)
            found[endpoint.bus].append((station, profiles[station.profile]))
    return {endpoints[bus]: members for bus, members in found.items()}


def gateway_config(site: Site, gateway: str) -> GatewayConfig:
    """A gateway's slice of a site.

    Raises
    ------
    UsageError
        If the site has no such gateway.
    """
    part = slice_site(site, gateway, idle=True)
    return _config(part, gateway, site_files(part, REASON))


def config_from_files(files: Mapping[str, str], gateway: str) -> GatewayConfig:
    """Slice from its files, every check done.

    Raises
    ------
    SiteError
        With every mistake in them.
    StoreError
        If there is no room to look at them.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="riverchief-slice-") as folder:
            for name, text in files.items():
                path = Path(folder) / name
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
            site = load_site(Path(folder))
    except OSError as error:
        raise StoreError(f"a slice could not be looked at: {error}", retryable=True) from error
    if gateway not in site.gateways:
        raise SiteError([Problem("site.toml", "gateway", ", ".join(site.gateways), f"the gateway {gateway}")])
    return _config(slice_site(site, gateway, idle=True), gateway, files)


def _config(part: Site, gateway: str, files: Mapping[str, str]) -> GatewayConfig:
    return GatewayConfig(
        part.id, part.timezone, part.gateways[gateway], tuple(part.stations.values()), dict(part.profiles),
        part.platforms, dict(files), slice_hash(files),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What a gateway ran last, so that it starts without a broker as it stopped.

    Attributes
    ----------
    files : mapping of str to str
        Of the slice.
    local : str
        Hash of the slice of the local folder at the time: once that is another, somebody has edited it since.
    decided : str
        Hash of the last slice that was taken from the hub; it is not taken again over a later edit at the river.
    """

    files: Mapping[str, str] = field(repr=False)
    local: str
    decided: str


def kept_at(path: Path) -> Kept | None:
    """What was kept in a file; None where there is none, or it cannot be read."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Kept(dict(raw["files"]), str(raw["local"]), str(raw["decided"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(path: Path, kept: Kept) -> None:
    """Put it into a file, in one step.

    Raises
    ------
    StoreError
        If the disk does not take it.
    """
    text = json.dumps({"local": kept.local, "decided": kept.decided, "files": dict(kept.files)}, ensure_ascii=False)
    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise StoreError(f"{path}: {error}", retryable=True) from error

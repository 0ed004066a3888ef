"""The part of a site that one gateway needs, as files of a site folder that loads on its own.

A box at the river may be stolen: it carries its own stations and the rivers they stand on, and no address of another
box, no outfall and nobody's contact.
"""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from deploy.site.copy import stations_csv
from sensors import profile
from sensors.errors import UsageError
from sensors.network import components
from sensors.place import Reach
from sensors.platform import Platform
from sensors.site import PROFILES, Site
from sensors.site_files import SCHEMA
from sensors.site_settings import AssessmentSettings, PeriodSettings


def slice_site(site: Site, gateway: str, *, idle: bool = False) -> Site:
    """The site as one gateway may know it.

    Parameters
    ----------
    site : Site
    gateway : str
    idle : bool
        Whether a gateway without a station will do: one that has nothing to do any more must be told so.

    Raises
    ------
    UsageError
        If the site has no such gateway, or the gateway no station.
    """
    if gateway not in site.gateways:
        raise UsageError(f"the site has no gateway {gateway}; it has {', '.join(site.gateways)}")
    stations = {station.id: station for station in site.slice(gateway)}
    if not stations and not idle:
        raise UsageError(f"the gateway {gateway} has no station in stations.csv; it would have nothing to do")
    # A folder has at least one reach.
    wanted = {station.reach for station in stations.values()} or set(list(site.reaches)[:1])
    kept = _joined(site.reaches, wanted)
    reaches = {name: reach for name, reach in site.reaches.items() if name in kept}
    rivers = {name: river for name, river in site.rivers.items() if any(r.river == name for r in reaches.values())}
    departments = {
        name: department
        for name, department in site.departments.items()
        if any(river.department == name for river in rivers.values())
    }
    profiles = {station.profile for station in stations.values()}
    return replace(
        site, departments=departments, gateways={gateway: site.gateways[gateway]}, rivers=rivers, reaches=reaches,
        stations=stations, outfalls={}, grids={}, people=(), boundary=(), platforms=tuple(_platforms(site, stations)),
        profiles={name: profile for name, profile in site.profiles.items() if name in profiles},
        # Judging is the hub's.
        assessment=AssessmentSettings(), periods=PeriodSettings(),
    )  # fmt: skip


def _platforms(site: Site, stations: Collection[str]) -> Iterator[Platform]:
    """Platforms with the given stations only, without those that have none of them."""
    for platform in site.platforms:
        own = {station: mn for station, mn in platform.stations.items() if station in stations}
        if own:
            yield replace(platform, stations=own)


def _joined(reaches: Mapping[str, Reach], wanted: set[str]) -> set[str]:
    """The wanted reaches and the fewest between them that make one network, which a site must be."""
    kept = set(wanted)
    while len(groups := components(reaches[name] for name in kept)) > 1:
        kept |= _bridge(reaches, groups[0], kept - groups[0])
    return kept


def _bridge(reaches: Mapping[str, Reach], start: set[str], targets: set[str]) -> set[str]:
    """Reaches of the shortest way from one group to another, both excluded."""
    ends = {node for name in targets for node in _nodes(reaches[name])}
    ways: dict[str, tuple[str, ...]] = {node: () for name in sorted(start) for node in _nodes(reaches[name])}
    todo = deque(ways)
    while todo:
        node = todo.popleft()
        if node in ends:
            return set(ways[node])
        for reach in reaches.values():
            if node in _nodes(reach):
                for there in _nodes(reach):
                    if there not in ways:
                        ways[there] = (*ways[node], reach.id)
                        todo.append(there)
    raise AssertionError("a site that loaded is one network")


def _nodes(reach: Reach) -> tuple[str, str]:
    return reach.from_node, reach.to_node


def site_files(site: Site, reason: str) -> dict[str, str]:
    """Files of a site folder, by name, that load as this site.

    Parameters
    ----------
    site : Site
    reason : str
        First line of each list, for whoever opens it.
    """
    return {
        "site.toml": _toml(site, reason),
        "rivers.geojson": _geojson(site),
        "rivers.csv": _csv(
            reason, ("id", "name", "name_en", "target_class", "chief_role", "department"), site.rivers.values()
        ),
        "reaches.csv": _csv(
            reason,
            ("id", "river", "from_node", "to_node", "length_m", "width_m", "depth_m", "mean_velocity_m_s"),
            site.reaches.values(),
        ),
        "stations.csv": stations_csv(site.stations.values(), reason),
        "outfalls.csv": _csv(
            reason, ("id", "river", "reach", "chainage_m", "bank", "kind", "department"), site.outfalls.values()
        ),
        "grids.csv": _csv(reason, ("id", "name", "river", "officer_role"), site.grids.values()),
        "people.csv": _csv(reason, ("role", "department", "contact_key"), site.people),
        **{f"{PROFILES}/{name}.toml": _profile(site, name) for name in sorted(_used(site))},
    }


def _used(site: Site) -> set[str]:
    return {station.profile for station in site.stations.values()} & {*site.profiles}


def _profile(site: Site, name: str) -> str:
    """Text of a profile: the site's own, or the one that ships with the program."""
    own = site.folder / PROFILES / f"{name}.toml"
    path = own if own.is_file() else Path(profile.__file__).parent / "profiles" / f"{name}.toml"
    return path.read_text(encoding="utf-8")


def _toml(site: Site, reason: str) -> str:
    lines = [f"# {reason}", f"schema = {SCHEMA}", "", "[site]"]
    lines += [f"{key} = {_value(getattr(site, key))}" for key in ("id", "name", "name_en", "timezone", "area_km2")]
    if site.assessment != AssessmentSettings():
        lines += ["", "[assessment]", *_pairs(asdict(site.assessment))]
    if site.periods != PeriodSettings():
        lines += ["", "[periods]", *_pairs(asdict(site.periods))]
    for department in site.departments.values():
        lines += _table("department", department, ("id", "name", "name_en"))
    for gateway in site.gateways.values():
        listens = ("hj212_port", "hj212_password_file") if gateway.hj212_port else ()
        lines += _table("gateway", gateway, ("id", "name", "shard", *listens))
    for platform in site.platforms:
        lines += _table("platform", platform, ("id", "host", "port", "data", "minute_min", "password_file"))
        lines += ["", "[platform.stations]", *_pairs(platform.stations)]
    return "\n".join(lines) + "\n"


def _table(name: str, thing: object, keys: Sequence[str]) -> list[str]:
    values = {key: getattr(thing, key) for key in keys}
    return ["", f"[[{name}]]", *_pairs({key: value for key, value in values.items() if value != ""})]


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    """Lines of a table; ids are good keys as they stand."""
    return (f"{key} = {_value(value)}" for key, value in values.items())


def _value(value: str | float | Sequence[str]) -> str:
    """Value as TOML, whose basic strings and numbers are written as JSON's; DEL alone must be escaped as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _geojson(site: Site) -> str:
    features = [
        _feature({"reach": reach.id, "river": reach.river}, "LineString", reach.line) for reach in site.reaches.values()
    ]
    if site.boundary:
        features.insert(0, _feature({"boundary": True}, "Polygon", [site.boundary]))
    head = '{"type": "FeatureCollection", "features": [\n'
    return head + ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features) + "\n]}\n"


def _feature(properties: dict[str, Any], kind: str, coordinates: object) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def _csv(reason: str, columns: Sequence[str], things: Iterable[object]) -> str:
    text = io.StringIO()
    text.write(f"# {reason}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([getattr(thing, column) for column in columns] for thing in things)
    return text.getvalue()

"""`riverchief site import`: makes a site folder of a network's `topology.json`, ready for an installer to finish."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from deploy.replay.topology import Topology, load_topology
from deploy.site import gains
from deploy.site.copy import stations_csv
from sensors.errors import UsageError
from sensors.geometry import area_m2, distance_m, length_m
from sensors.place import Position, Reach, Station
from sensors.site import Site, load_site

#: Instrument that stations name until the installer says better: it measures everything that a scenario has.
PROFILE = "station_cabinet"

#: Points of a drawn reach, its ends included.
POINTS = 13

#: Margin of the boundary around the outermost nodes [degrees], about 300 m.
MARGIN = 0.003


@click.group()
def site() -> None:
    """Make SITE folders, and ask them something."""


site.add_command(gains.command)


@site.command("import")
@click.argument("topology", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The new folder; must not exist.")
def import_(topology: Path, out: Path) -> None:
    """Make a SITE folder of TOPOLOGY, a topology.json (schema river-topology/1).

    What the file does not say is filled in and marked: endpoints end in .invalid, the instrument profile is the
    station cabinet's, one department and one gateway stand for all.
    """
    made = import_site(topology, out)
    click.echo(
        f"{out}: {len(made.rivers)} rivers, {sum(r.length_m for r in made.reaches.values()) / 1000:.1f} km, "
        f"{len(made.stations)} stations, {len(made.outfalls)} outfalls.\n"
        "Left to do: names, endpoints and profiles in stations.csv, departments in site.toml, grids and people; "
        f"then `riverchief check {out}`."
    )


def import_site(path: Path, out: Path) -> Site:
    """Write a site folder, whole or not at all, and load it.

    Parameters
    ----------
    path : Path
        ``topology.json``.
    out : Path
        Must not exist.

    Raises
    ------
    ConfigError
        With the mistakes in the topology; a `SiteError` with what a site folder does not accept of it.
    UsageError
        If `out` exists.
    """
    if out.exists():
        raise UsageError(f"{out} exists already; name a folder that does not.")
    topology = load_topology(path)
    out.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.absolute().parent) as scratch:
        folder = Path(scratch) / "site"
        folder.mkdir()
        for name, text in _files(topology).items():
            (folder / name).write_text(text, encoding="utf-8")
        load_site(folder)
        shutil.move(folder, out)
    return load_site(out)


def _files(topology: Topology) -> dict[str, str]:
    stations = [_station(station) for station in topology.stations.values()]
    return {
        "site.toml": _settings(topology),
        "rivers.geojson": _map(topology),
        "rivers.csv": _list(
            ("id", "name", "name_en", "target_class", "chief_role", "department"),
            ((r.id, r.name, r.name_en, r.target_class, "河长", "water") for r in topology.rivers.values()),
        ),
        "reaches.csv": _list(
            ("id", "river", "from_node", "to_node", "length_m", "width_m", "depth_m", "mean_velocity_m_s",
             "steadiness", "flow_m3_s"),
            ((r.id, r.river, r.from_node, r.to_node, f"{r.length_m:g}", f"{r.width_m:g}", f"{r.depth_m:g}",
              f"{r.mean_velocity_m_s:g}", *_surveyed(topology, r.id)) for r in topology.reaches.values()),
        ),
        "stations.csv": stations_csv(stations, "Imported. Endpoints ending in .invalid are places to fill in."),
        "outfalls.csv": _list(
            ("id", "river", "reach", "chainage_m", "bank", "kind", "department"),
            ((o.id, o.river, o.reach, f"{o.chainage_m:g}", o.bank, o.kind, "water")
             for o in topology.outfalls.values()),
        ),
        "grids.csv": _list(("id", "name", "river", "officer_role"), ()),
        "people.csv": _list(("role", "department", "contact_key"), ()),
    }  # fmt: skip


def _surveyed(topology: Topology, reach: str) -> tuple[str, str]:
    """Steadiness and flow as a site folder takes them; a flow of nothing is none."""
    steadiness, flow = min(max(topology.steadiness[reach], 0.5), 1.0), abs(topology.mean_flow_m3_s[reach])
    return f"{steadiness:g}", f"{flow:g}" if flow >= 0.0001 else ""


def _station(station: Station) -> Station:
    host = re.sub(r"[^a-z0-9-]", "-", station.id.lower()).strip("-")
    return Station(
        station.id, station.name, station.name_en, station.river, station.reach, station.chainage_m,
        station.water_body, PROFILE, f"tcp://{host}.invalid:502", 1, "gw-01", station.period_s,
    )  # fmt: skip


def _list(columns: Sequence[str], rows: Iterable[Sequence[str | float]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def _settings(topology: Topology) -> str:
    identity = re.sub(r"[^A-Za-z0-9_-]+", "-", topology.id).strip("-_")[:32] or "site"
    name = json.dumps(topology.id, ensure_ascii=False)
    return f"""# Imported. This folder is all an installer edits; `riverchief check FOLDER` lists every mistake at once.
schema = 1

[site]
id = "{identity}"
name = {name}
name_en = {name}
timezone = "{topology.timezone}"
area_km2 = {max(0.01, round(area_m2(_boundary(topology)) / 1e6, 2)):g}

[[department]]
id = "water"
name = "水务"
name_en = "Water affairs"

[[gateway]]
id = "gw-01"
name = "gw-01"
"""


def _boundary(topology: Topology) -> tuple[Position, ...]:
    """Rectangle around the nodes."""
    used = {node for r in topology.reaches.values() for node in (r.from_node, r.to_node)}
    longitudes = [topology.nodes[node][0] for node in used]
    latitudes = [topology.nodes[node][1] for node in used]
    west, east = min(longitudes) - MARGIN, max(longitudes) + MARGIN
    south, north = min(latitudes) - MARGIN, max(latitudes) + MARGIN
    return ((west, south), (east, south), (east, north), (west, north), (west, south))


def _map(topology: Topology) -> str:
    ring = [list(position) for position in _boundary(topology)]
    features = [
        {"type": "Feature", "properties": {"boundary": True}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    ]
    for reach in topology.reaches.values():
        line = [[round(x, 6), round(y, 6)] for x, y in drawn(reach)]
        features.append(
            {"type": "Feature", "properties": {"reach": reach.id, "river": reach.river},
             "geometry": {"type": "LineString", "coordinates": line}}
        )  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def drawn(reach: Reach) -> tuple[Position, ...]:
    """A reach's line, bent so that it is as long as the survey says.

    The topology gives the two ends only, and a channel is longer than the straight way: a map with straight lines
    would contradict the chainages. The line becomes half a sine wave, its height found by bisection.
    """
    start, end = reach.line[0], reach.line[-1]
    if distance_m(start, end) >= 0.995 * reach.length_m:
        return (start, end)
    low, high = 0.0, 1.0
    while length_m(_bent(start, end, high)) < reach.length_m:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if length_m(_bent(start, end, middle)) < reach.length_m else (low, middle)
    return _bent(start, end, high)


def _bent(start: Position, end: Position, height: float) -> tuple[Position, ...]:
    """Half a sine wave from `start` to `end`; `height` is a share of the distance between them."""
    shrink = math.cos(math.radians((start[1] + end[1]) / 2))
    x, y = (end[0] - start[0]) * shrink, end[1] - start[1]
    if x == y == 0:  # a loop back to the same place: any direction will do
        x = 1e-4
    line = []
    for index in range(POINTS):
        share = index / (POINTS - 1)
        aside = height * math.sin(math.pi * share)
        line.append((start[0] + (share * x - aside * y) / shrink, start[1] + share * y + aside * x))
    return (start, *line[1:-1], end)

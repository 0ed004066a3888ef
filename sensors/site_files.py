"""The files of a site folder, read and checked one against the other."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args
from zoneinfo import available_timezones

from sensors.endpoint import Endpoint, EndpointError, parse_endpoint
from sensors.errors import Problem, ProfileError
from sensors.geometry import length_m
from sensors.lists import UNUSABLE, Checker, Row, read_rows, unique
from sensors.network import components
from sensors.place import (
    Bank,
    Department,
    Gateway,
    Grid,
    Outfall,
    OutfallKind,
    Person,
    Position,
    Reach,
    River,
    Station,
    WaterBody,
)
from sensors.platform import REPORTS
from sensors.profile import Profile, load_profiles, read_profiles
from sensors.site import PROFILES, Site
from sensors.site_platforms import check_reporting, listener_of, read_platforms
from sensors.site_settings import AssessmentSettings, PeriodSettings, read_assessment, read_periods

#: Version of the folder's form that this program reads.
SCHEMA = 1

#: Surveyed lengths and drawn lines may differ by this share before the map is doubted.
LENGTH_TOLERANCE = 0.05

#: Ids go into topics, file names and addresses, so nothing else may stand in them.
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
ID_FORM = "1 to 32 of A-Z a-z 0-9 _ -, beginning with a letter or digit"

TARGET_CLASSES = ("I", "II", "III", "IV", "V")


@dataclass(slots=True)
class _Wire:
    """What the lines read so far say about one bus."""

    endpoint: Endpoint
    line: int
    units: dict[int, int] = field(default_factory=dict)
    gateway: str = ""


class SiteReader:
    """Reads one folder; `problems` has every mistake afterwards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.profiles: Mapping[str, Profile] = {}
        self._platforms: Any = []

    def read(self) -> Site | None:
        """Read every file; None where not even a name could be had."""
        if not self.folder.is_dir():
            self.problems.append(Problem(str(self.folder), "folder", "nothing", "a site folder with site.toml in it"))
            return None
        self.profiles = self._profiles()
        top, departments, gateways, assessment, periods = self._toml()
        lines, boundary = self._geojson()
        rivers = self._rivers(departments)
        if not rivers and not any(problem.file == "rivers.csv" for problem in self.problems):
            self._checker("rivers.csv").note("file", "no river", "at least one")
        reaches = self._reaches(rivers, lines)
        stations = self._stations(rivers, reaches, gateways)
        outfalls = self._outfalls(rivers, reaches, departments)
        grids = self._grids(rivers)
        people = self._people(departments)
        platforms = read_platforms(self._platforms, stations, (ID, ID_FORM), self._checker("site.toml"))
        return Site(
            str(top.get("id", "")), str(top.get("name", "")), str(top.get("name_en", "")), str(top.get("timezone", "")),
            float(top.get("area_km2", 0)), self.folder, departments, gateways, rivers, reaches, stations, outfalls,
            grids, people, boundary, assessment, periods, platforms, self.profiles,
        )  # fmt: skip

    def _profiles(self) -> Mapping[str, Profile]:
        """What ships with the program, and over it what the folder brings."""
        folder = self.folder / PROFILES
        if not folder.is_dir():
            return load_profiles()
        try:
            return {**load_profiles(), **read_profiles(folder)}
        except ProfileError as error:
            self.problems += (replace(problem, file=f"{PROFILES}/{problem.file}") for problem in error.problems)
            return {**load_profiles(), **{path.stem: UNUSABLE for path in folder.glob("*.toml")}}

    def _checker(self, file: str) -> Checker:
        return Checker(file, self.problems)

    def _rows(self, file: str, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> Iterator[Row]:
        return read_rows(self.folder / file, columns, optional, self._checker(file))

    def _toml(
        self,
    ) -> tuple[dict[str, Any], dict[str, Department], dict[str, Gateway], AssessmentSettings, PeriodSettings]:
        check = self._checker("site.toml")
        try:
            raw = tomllib.loads((self.folder / "site.toml").read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            check.note("file", "nothing", f"a TOML file with schema = {SCHEMA} and [site]")
            return {}, {}, {}, AssessmentSettings(), PeriodSettings()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            check.note("file", str(error), "TOML in UTF-8")
            return {}, {}, {}, AssessmentSettings(), PeriodSettings()
        if raw.get("schema") != SCHEMA:
            check.bad("schema", raw.get("schema"), f"{SCHEMA} (the form that this version reads)")
        known = {"schema", "site", "department", "gateway", "assessment", "periods", "platform"}
        for key in sorted(set(raw) - known):
            check.bad(key, key, "one of " + ", ".join(sorted(known)))
        self._platforms = raw.get("platform", [])
        top = self._site_table(raw.get("site"), check)
        departments = self._entries(raw, "department", ("id", "name", "name_en"), Department, check)
        gateways = self._gateways(raw, check)
        assessment = read_assessment(raw.get("assessment", {}), check)
        periods = read_periods(raw.get("periods", {}), check)
        return top, departments, gateways, assessment, periods

    def _site_table(self, top: Any, check: Checker) -> dict[str, Any]:
        if not isinstance(top, dict):
            check.bad("site", top, "a table [site] with id, name, name_en, timezone, area_km2")
            return {}
        for key in ("id", "name", "name_en", "timezone"):
            if not isinstance(top.get(key), str) or not top[key]:
                check.bad(f"site.{key}", top.get(key), "a text")
        if isinstance(top.get("id"), str) and not ID.fullmatch(top["id"]):
            check.bad("site.id", top["id"], ID_FORM)
        if isinstance(top.get("timezone"), str) and top["timezone"] not in available_timezones():
            check.bad("site.timezone", top["timezone"], "an IANA time zone, e.g. Asia/Shanghai")
        area = top.get("area_km2")
        if isinstance(area, bool) or not isinstance(area, int | float) or not 0 < area < math.inf:
            check.bad("site.area_km2", area, "a number above 0")
            top = {**top, "area_km2": 0}
        return dict(top)

    def _entries(
        self, raw: Mapping[str, Any], name: str, keys: tuple[str, ...], make: Any, check: Checker
    ) -> dict[str, Any]:
        entries = raw.get(name, [])
        if not isinstance(entries, list) or not entries:
            check.bad(name, entries, f"at least one [[{name}]] with {', '.join(keys)}")
            return {}
        found = {}
        for index, entry in enumerate(entries):
            given = [entry.get(key) for key in keys] if isinstance(entry, dict) else []
            values = [value for value in given if isinstance(value, str) and value]
            if len(values) < len(keys):
                check.bad(f"{name}[{index}]", entry, f"texts for {', '.join(keys)}")
            elif not ID.fullmatch(values[0]):
                check.bad(f"{name}[{index}].id", values[0], ID_FORM)
            elif values[0] in found:
                check.bad(f"{name}[{index}].id", values[0], "an id not used yet")
            else:
                found[values[0]] = make(*values)
        return found

    def _gateways(self, raw: Mapping[str, Any], check: Checker) -> dict[str, Gateway]:
        found: dict[str, Gateway] = self._entries(raw, "gateway", ("id", "name"), Gateway, check)
        for index, entry in enumerate(raw["gateway"] if found else []):
            shard = entry.get("shard", 0) if isinstance(entry, dict) else 0
            if isinstance(shard, bool) or not isinstance(shard, int) or not 0 <= shard <= 999:
                check.bad(f"gateway[{index}].shard", shard, "a whole number from 0 to 999")
            elif isinstance(entry, dict) and entry.get("id") in found:
                listener = listener_of(entry, f"gateway[{index}].", check)
                found[entry["id"]] = Gateway(entry["id"], entry["name"], shard, *listener)
        return found

    def _geojson(self) -> tuple[dict[str, tuple[Position, ...]], tuple[Position, ...]]:
        check = self._checker("rivers.geojson")
        accepted = "a GeoJSON FeatureCollection with a LineString per reach, properties reach and river"
        try:
            raw = json.loads((self.folder / "rivers.geojson").read_text(encoding="utf-8-sig"))
            features = list(raw["features"])
        except FileNotFoundError:
            check.note("file", "nothing", accepted)
            return {}, ()
        except (ValueError, KeyError, TypeError, OSError) as error:
            check.note("file", f"{type(error).__name__}: {error}", accepted)
            return {}, ()
        lines: dict[str, tuple[Position, ...]] = {}
        boundary: tuple[Position, ...] = ()
        for index, feature in enumerate(features):
            try:
                properties, geometry = feature["properties"], feature["geometry"]
                if properties.get("boundary"):
                    boundary = _positions(geometry["coordinates"][0])
                    continue
                line = _positions(geometry["coordinates"])
                if geometry["type"] != "LineString" or len(line) < 2:
                    raise ValueError(f"{geometry['type']} with {len(line)} positions")
                if properties["reach"] in lines:
                    raise ValueError(f"a second line for the reach {properties['reach']}")
                lines[properties["reach"]] = line
            except (KeyError, TypeError, ValueError, IndexError) as error:
                check.note(f"features[{index}]", f"{type(error).__name__}: {error}", accepted)
        return lines, boundary

    def _rivers(self, departments: Mapping[str, Department]) -> dict[str, River]:
        columns = ("id", "name", "target_class", "chief_role", "department")
        rows = self._rows("rivers.csv", columns, ("name_en",))
        return unique(
            (
                (
                    row,
                    River(
                        _id(row), row.text("name"), row.text("name_en", row.cells.get("name", "").strip()),
                        row.one_of("target_class", TARGET_CLASSES), row.text("chief_role"),
                        row.one_of("department", departments, "a department of site.toml"),
                    ),
                )
                for row in rows
            ),
            lambda river: river.id,
        )  # fmt: skip

    def _reaches(self, rivers: Mapping[str, River], lines: Mapping[str, tuple[Position, ...]]) -> dict[str, Reach]:
        columns = (
            "id", "river", "from_node", "to_node", "length_m", "width_m", "depth_m", "mean_velocity_m_s",
        )  # fmt: skip
        read = []
        for row in self._rows("reaches.csv", columns, ("steadiness", "flow_m3_s")):
            reach = Reach(
                _id(row), row.one_of("river", rivers, "a river of rivers.csv"), row.text("from_node"),
                row.text("to_node"),
                row.number("length_m", 1, 100_000, "m"), row.number("width_m", 0.5, 5000, "m"),
                row.number("depth_m", 0.05, 100, "m"), row.number("mean_velocity_m_s", -5, 5, "m/s"),
                lines.get(row.cells.get("id", "").strip(), ((0.0, 0.0), (0.0, 0.0))),
                row.number("steadiness", 0.5, 1) if row.has("steadiness") else 1.0,
                row.number("flow_m3_s", 0.0001, 10_000, "m3/s") if row.has("flow_m3_s") else None,
            )  # fmt: skip
            self._check_line(row, reach, lines)
            read.append((row, reach))
        found = unique(read, lambda reach: reach.id)
        for stray in sorted(set(lines) - set(found)):
            self._checker("rivers.geojson").note(f"reach {stray}", "a line", "only reaches of reaches.csv")
        self._check_network(found, rivers)
        return found

    def _check_line(self, row: Row, reach: Reach, lines: Mapping[str, tuple[Position, ...]]) -> None:
        if reach.from_node and reach.from_node == reach.to_node:
            row.bad("to_node", reach.to_node, "another node than from_node")
        if not lines:  # the whole map is missing, and that is told once
            return
        if reach.id not in lines:
            row.bad("id", reach.id, "a reach with a line in rivers.geojson")
            return
        drawn = length_m(lines[reach.id])
        if abs(drawn - reach.length_m) > LENGTH_TOLERANCE * reach.length_m:
            row.bad(
                "length_m",
                f"{reach.length_m:g}",
                f"within {LENGTH_TOLERANCE:.0%} of the drawn line, {drawn:.0f} m",
            )

    def _check_network(self, reaches: Mapping[str, Reach], rivers: Mapping[str, River]) -> None:
        check = self._checker("reaches.csv")
        groups = components(reaches.values())
        for group in groups[1:]:
            check.note(
                "network",
                f"{', '.join(sorted(group))} apart from the rest",
                "reaches that share nodes with the others",
            )
        for river in sorted(set(rivers) - {reach.river for reach in reaches.values()}):
            self._checker("rivers.csv").note(f"river {river}", "no reach", "at least one reach in reaches.csv")

    def _stations(
        self, rivers: Mapping[str, River], reaches: Mapping[str, Reach], gateways: Mapping[str, Gateway]
    ) -> dict[str, Station]:
        columns = (
            "id", "river", "reach", "chainage_m", "water_body", "profile", "endpoint", "unit", "gateway", "period_s",
        )  # fmt: skip
        read = []
        wires: dict[str, _Wire] = {}
        numbers: dict[tuple[str, str], int] = {}
        for row in self._rows("stations.csv", columns, ("name", "name_en")):
            identity = row.cells.get("id", "").strip()
            name = row.text("name", identity)
            station = Station(
                _id(row), name, row.text("name_en", name), row.one_of("river", rivers, "a river of rivers.csv"),
                row.one_of("reach", reaches, "a reach of reaches.csv"), row.number("chainage_m", 0, 100_000, "m"),
                row.one_of("water_body", get_args(WaterBody)),
                row.one_of("profile", (*self.profiles, REPORTS), "an instrument profile"), row.text("endpoint"),
                row.whole("unit", 1, 247), row.one_of("gateway", gateways, "a gateway of site.toml"),
                row.number("period_s", 1, 86_400, "s"),
            )  # fmt: skip
            _check_place(row, station, reaches)
            if not check_reporting(row, station, gateways, numbers):
                self._check_wire(row, station, wires)
            read.append((row, station))
        return unique(read, lambda station: station.id)

    @staticmethod
    def _check_wire(row: Row, station: Station, wires: dict[str, _Wire]) -> None:
        if not station.endpoint:
            return
        try:
            endpoint = parse_endpoint(station.endpoint)
        except EndpointError as error:
            row.note("endpoint", error.found, error.accepted)
            return
        # Each gateway has serial ports and listening ports of its own.
        name = f"{station.gateway}: {endpoint.bus}" if endpoint.local else endpoint.bus
        wire = wires.setdefault(name, _Wire(endpoint, row.line))
        if endpoint != wire.endpoint:
            row.bad("endpoint", station.endpoint, f"{wire.endpoint}, as in line {wire.line}: one wire, one setting")
        taken = wire.units.setdefault(station.unit, row.line)
        if taken != row.line:
            row.bad("unit", station.unit, f"a unit not used yet at {endpoint.bus} (line {taken} has this one)")
        if station.gateway is not UNUSABLE:
            wire.gateway = wire.gateway or station.gateway
            if station.gateway != wire.gateway:
                row.bad("gateway", station.gateway, f"{wire.gateway}: one bus, one gateway, or their requests collide")
        if _shuts_out(wire, wires.values()):
            accepted = "?dtu=REGISTRATION on every line of this port: without one, a connection is taken for this DTU's"
            row.bad("endpoint", station.endpoint, accepted)

    def _outfalls(
        self, rivers: Mapping[str, River], reaches: Mapping[str, Reach], departments: Mapping[str, Department]
    ) -> dict[str, Outfall]:
        columns = ("id", "river", "reach", "chainage_m", "bank", "kind", "department")
        read = []
        for row in self._rows("outfalls.csv", columns):
            outfall = Outfall(
                _id(row), row.one_of("river", rivers, "a river of rivers.csv"),
                row.one_of("reach", reaches, "a reach of reaches.csv"), row.number("chainage_m", 0, 100_000, "m"),
                row.one_of("bank", get_args(Bank)), row.one_of("kind", get_args(OutfallKind)),
                row.one_of("department", departments, "a department of site.toml"),
            )  # fmt: skip
            _check_place(row, outfall, reaches)
            read.append((row, outfall))
        return unique(read, lambda outfall: outfall.id)

    def _grids(self, rivers: Mapping[str, River]) -> dict[str, Grid]:
        rows = self._rows("grids.csv", ("id", "name", "river", "officer_role"))
        return unique(
            (
                (
                    row,
                    Grid(
                        _id(row), row.text("name"), row.one_of("river", rivers, "a river of rivers.csv"),
                        row.text("officer_role"),
                    ),
                )
                for row in rows
            ),
            lambda grid: grid.id,
        )  # fmt: skip

    def _people(self, departments: Mapping[str, Department]) -> tuple[Person, ...]:
        rows = self._rows("people.csv", ("role", "department", "contact_key"))
        return tuple(
            Person(
                row.text("role"),
                row.one_of("department", departments, "a department of site.toml"),
                row.text("contact_key"),
            )
            for row in rows
        )


def _id(row: Row) -> str:
    value = row.text("id")
    if value and not ID.fullmatch(value):
        row.bad("id", value, ID_FORM)
    return value


def _shuts_out(wire: _Wire, others: Iterable[_Wire]) -> bool:
    """Whether DTUs with and without a registration would share a port."""
    here = wire.endpoint
    return here.kind == "rtu+listen" and any(
        (other.gateway, other.endpoint.kind, other.endpoint.port) == (wire.gateway, here.kind, here.port)
        and bool(other.endpoint.dtu) != bool(here.dtu)
        for other in others
    )


def _check_place(row: Row, thing: Station | Outfall, reaches: Mapping[str, Reach]) -> None:
    reach = reaches.get(thing.reach) if thing.reach is not UNUSABLE else None
    if reach is None:
        return
    if thing.river is not UNUSABLE and reach.river != thing.river:
        row.bad(
            "reach",
            thing.reach,
            f"a reach of the river {thing.river} ({thing.reach} belongs to {reach.river})",
        )
    if thing.chainage_m > reach.length_m:
        row.bad("chainage_m", f"{thing.chainage_m:g}", f"0 to {reach.length_m:g} m, the length of {reach.id}")


def _positions(raw: Any) -> tuple[Position, ...]:
    found = []
    for longitude, latitude, *_ in raw:
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            raise ValueError(f"{longitude}, {latitude} is not longitude, latitude in degrees")
        found.append((float(longitude), float(latitude)))
    return tuple(found)

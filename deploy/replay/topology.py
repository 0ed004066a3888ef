"""Reads `topology.json` (schema ``river-topology/1``): rivers, stations and outfalls, names mapped to ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sensors.determinand import determinand_key
from sensors.errors import ConfigError, Problem
from sensors.network import Network
from sensors.place import Outfall, OutfallKind, Position, Reach, River, Station

SCHEMA = "river-topology/1"

#: What the file calls an outfall, and what we do.
OUTFALL_KINDS: Mapping[str, OutfallKind] = {
    "storm": "storm", "cso": "combined", "wwtp": "treatment", "sewage": "sewage", "industrial": "industrial",
    "agriculture": "agriculture", "unknown": "unknown", "combined": "combined", "treatment": "treatment",
}  # fmt: skip

#: A reach whose water keeps its direction for less of the dry time goes back and forth (the file's own definition).
STEADY = 0.9


@dataclass(frozen=True, slots=True)
class Topology:
    """A network as a scenario's file describes it; ids are the file's.

    Attributes
    ----------
    id : str
        Name of the layout.
    timezone : ZoneInfo
        Zone of the times in the files beside it.
    rivers, reaches, stations, outfalls : mapping by id
        A reach with a negative ``mean_velocity_m_s`` runs from its ``to_node`` to its ``from_node``.
        Stations name no instrument: ``profile``, ``endpoint`` and ``gateway`` are empty.
    determinands : mapping of str to tuple of str
        Station -> what it measures, our keys, in the file's order.
    nodes : mapping of str to Position
        Longitude and latitude [degrees].
    steadiness : mapping of str to float
        Reach -> share of dry time in which the water runs as ``mean_velocity_m_s`` says, .5 to 1.
    mean_flow_m3_s : mapping of str to float
        Reach -> surveyed dry-weather flow, signed like the velocity [m3/s].
    inlets : mapping of str to float
        Node where water is let or pumped in -> its mean flow [m3/s].
    outlets : tuple of str
        Nodes where the water leaves.
    names : mapping of str to str
        Our determinand -> the file's name, for what goes out again.
    """

    id: str
    timezone: ZoneInfo
    rivers: Mapping[str, River]
    reaches: Mapping[str, Reach]
    stations: Mapping[str, Station]
    determinands: Mapping[str, tuple[str, ...]]
    outfalls: Mapping[str, Outfall]
    nodes: Mapping[str, Position]
    steadiness: Mapping[str, float]
    mean_flow_m3_s: Mapping[str, float]
    inlets: Mapping[str, float]
    outlets: tuple[str, ...]
    names: Mapping[str, str]
    network: Network = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "network", Network(self.reaches))


def load_topology(path: Path) -> Topology:
    """Read and check a topology file.

    Raises
    ------
    ConfigError
        With every mistake in it.
    """
    reader = _Reader(path)
    topology = reader.read()
    if reader.problems or topology is None:
        raise ConfigError(reader.problems)
    return topology


class _Reader:
    """Reads one file; `problems` has every mistake afterwards."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def bad(self, where: str, found: object, accepted: str) -> None:
        self.problems.append(Problem(self.path.name, where, repr(found), accepted))

    def read(self) -> Topology | None:
        raw = self._raw()
        if raw is None:
            return None
        nodes = {item["id"]: self._position(item, f"nodes.{item['id']}") for item in self._items(raw, "nodes", ("id",))}
        rivers = {item["id"]: _river(item) for item in self._items(raw, "rivers", ("id",))}
        surveyed = list(self._items(raw, "reaches", ("id", "river", "from", "to", "length_m", "mean_velocity_m_s")))
        reaches = {item["id"]: self._reach(item, rivers, nodes) for item in surveyed}
        stations: dict[str, Station] = {}
        determinands: dict[str, tuple[str, ...]] = {}
        names: dict[str, str] = {}
        for item in self._items(raw, "stations", ("id", "river", "reach", "chainage_m", "parameters")):
            self._place(item, "stations", rivers, reaches)
            stations[item["id"]] = _station(item)
            measured = self._measured(item)
            names |= measured
            determinands[item["id"]] = tuple(measured)
        outfalls = {}
        for item in self._items(raw, "outfalls", ("id", "river", "reach", "chainage_m")):
            self._place(item, "outfalls", rivers, reaches)
            outfalls[item["id"]] = self._outfall(item)
        inlets = {
            item["node"]: self._number(item, "mean_flow_m3_s", f"inlets.{item['node']}", 0.0)
            for item in self._items(raw, "inlets", ("node",))
        }
        return Topology(
            str(raw.get("layout", self.path.parent.name)), self._zone(raw), rivers, reaches, stations, determinands,
            outfalls, nodes,
            {item["id"]: self._number(item, "flow_steadiness", f"reaches.{item['id']}", 1.0) for item in surveyed},
            {item["id"]: self._number(item, "mean_flow_m3_s", f"reaches.{item['id']}", 0.0) for item in surveyed},
            inlets, tuple(map(str, raw.get("outlets", []))), names,
        )  # fmt: skip

    def _raw(self) -> dict[str, Any] | None:
        accepted = f"a JSON object with schema {SCHEMA}"
        try:
            raw = json.loads(self.path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            self.problems.append(Problem(self.path.name, "file", f"{type(error).__name__}: {error}", accepted))
            return None
        if not isinstance(raw, dict) or raw.get("schema") != SCHEMA:
            self.bad("schema", raw.get("schema") if isinstance(raw, dict) else type(raw).__name__, SCHEMA)
            return None
        return raw

    def _zone(self, raw: Mapping[str, Any]) -> ZoneInfo:
        words = str(raw.get("timezone", "Asia/Shanghai")).split()
        if words and words[0] in available_timezones():
            return ZoneInfo(words[0])
        self.bad("timezone", raw.get("timezone"), "an IANA time zone, e.g. Asia/Shanghai")
        return ZoneInfo("UTC")

    def _items(self, raw: Mapping[str, Any], name: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Entries of a list that have the given keys and an id not used yet; the others are noted."""
        seen = set()
        for index, item in enumerate(raw.get(name, [])):
            missing = [key for key in keys if not isinstance(item, dict) or item.get(key) is None]
            if missing:
                self.bad(f"{name}[{index}]", item, "an object with " + ", ".join(keys))
            elif item[keys[0]] in seen:
                self.bad(f"{name}[{index}].{keys[0]}", item[keys[0]], "an id not used yet")
            else:
                seen.add(item[keys[0]])
                yield item

    def _number(self, item: Mapping[str, Any], key: str, where: str, default: float) -> float:
        value = item.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            self.bad(f"{where}.{key}", value, "a number")
            return default
        return float(value)

    def _position(self, item: Mapping[str, Any], where: str) -> Position:
        return (self._number(item, "lon", where, 0.0), self._number(item, "lat", where, 0.0))

    def _reach(self, item: Mapping[str, Any], rivers: Mapping[str, River], nodes: Mapping[str, Position]) -> Reach:
        where = f"reaches.{item['id']}"
        if item["river"] not in rivers:
            self.bad(f"{where}.river", item["river"], "a river of the file")
        for end in ("from", "to"):
            if item[end] not in nodes:
                self.bad(f"{where}.{end}", item[end], "a node of the file")
        nowhere = (0.0, 0.0)
        return Reach(
            str(item["id"]), str(item["river"]), str(item["from"]), str(item["to"]),
            max(1.0, self._number(item, "length_m", where, 1.0)), self._number(item, "width_m", where, 10.0),
            self._number(item, "depth_m", where, 1.5), self._number(item, "mean_velocity_m_s", where, 0.0),
            (nodes.get(item["from"], nowhere), nodes.get(item["to"], nowhere)),
        )  # fmt: skip

    def _place(
        self, item: Mapping[str, Any], name: str, rivers: Mapping[str, River], reaches: Mapping[str, Reach]
    ) -> None:
        where = f"{name}.{item['id']}"
        if item["river"] not in rivers:
            self.bad(f"{where}.river", item["river"], "a river of the file")
        if item["reach"] not in reaches:
            self.bad(f"{where}.reach", item["reach"], "a reach of the file")
            return
        chainage_m = self._number(item, "chainage_m", where, 0.0)
        length_m = reaches[item["reach"]].length_m
        if not 0 <= chainage_m <= length_m:
            self.bad(f"{where}.chainage_m", chainage_m, f"0 to {length_m:g} m, the length of {item['reach']}")

    def _measured(self, item: Mapping[str, Any]) -> dict[str, str]:
        found = {}
        for name in item["parameters"]:
            key = determinand_key(str(name))
            if key is None:
                self.bad(f"stations.{item['id']}.parameters", name, "determinands that we know, e.g. do, ec, nh3n")
            else:
                found[key] = str(name)
        return found

    def _outfall(self, item: Mapping[str, Any]) -> Outfall:
        kind = item.get("kind", "unknown")
        if kind not in OUTFALL_KINDS:
            self.bad(f"outfalls.{item['id']}.kind", kind, "one of " + ", ".join(OUTFALL_KINDS))
        return Outfall(
            str(item["id"]), str(item["river"]), str(item["reach"]), float(item["chainage_m"]),
            "R" if item.get("bank") == "R" else "L", OUTFALL_KINDS.get(kind, "unknown"), "",
        )  # fmt: skip


def _river(item: Mapping[str, Any]) -> River:
    name = str(item.get("name", item["id"]))
    return River(str(item["id"]), name, name, "IV", "", "")


def _station(item: Mapping[str, Any]) -> Station:
    name = str(item.get("name", item["id"]))
    return Station(
        str(item["id"]), name, name, str(item["river"]), str(item["reach"]), float(item["chainage_m"]), "river",
        "", "", 1, "", 300.0,
    )  # fmt: skip

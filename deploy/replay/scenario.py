"""Loads a scenario's `public/` folder: readings on one regular grid, with the network, rain, inlet flows and visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from deploy.replay.topology import Topology, load_topology
from sensors.errors import ConfigError, Problem, UsageError
from sensors.network import Network
from sensors.place import Outfall, Reach, Station

#: Longest time between samples that the grid is laid for [ms].
MAX_STEP_MS = 6 * 3_600_000

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Visit:
    """A published visit to a station: readings are calibration standards or air meanwhile.

    Attributes
    ----------
    station : str
    start_ms, end_ms : int
        [ms since the epoch, UTC]
    note : str
    """

    station: str
    start_ms: int
    end_ms: int
    note: str


@dataclass(frozen=True, eq=False)
class Scenario:
    """What a deployment would have of a network over some weeks.

    A row of the arrays is what is known at its time, so that nothing in row ``i`` comes from after ``time_ms[i]``.

    Attributes
    ----------
    topology : Topology
        Reaches, stations, outfalls, steadiness, inlets (see there).
    time_ms : ndarray of int64, shape (n_times,)
        Regular grid [ms since the epoch, UTC].
    series : tuple of (station, determinand), length n_series
        In the order of the topology's stations; determinands are our keys.
    values : ndarray of float64, shape (n_times, n_series)
        In the determinand's unit, NaN where nothing was received.
    rain_mm : ndarray of float64, shape (n_times,)
        Rain that fell in the step which ended at the time [mm].
    flow_m3_s : ndarray of float64, shape (n_times, n_inlets)
        Newest known inflow of each of `inlets` [m3/s]; NaN before the first.
    inlets : tuple of str
        Nodes of the columns of `flow_m3_s`.
    visits : tuple of Visit
        In order of their start. A visit is in the published log from its start on.
    """

    topology: Topology
    time_ms: Times
    series: tuple[tuple[str, str], ...]
    values: Floats
    rain_mm: Floats
    flow_m3_s: Floats
    inlets: tuple[str, ...]
    visits: tuple[Visit, ...]
    column: Mapping[tuple[str, str], int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", {pair: index for index, pair in enumerate(self.series)})

    @property
    def step_ms(self) -> int:
        """Distance between the times of the grid [ms]."""
        return int(self.time_ms[1] - self.time_ms[0]) if self.time_ms.size > 1 else 0

    @property
    def network(self) -> Network:
        """The directed graph of reaches."""
        return self.topology.network

    @property
    def reaches(self) -> Mapping[str, Reach]:
        """Reaches by id; a negative mean velocity runs against the drawn direction."""
        return self.topology.reaches

    @property
    def stations(self) -> Mapping[str, Station]:
        """Stations by id."""
        return self.topology.stations

    @property
    def outfalls(self) -> Mapping[str, Outfall]:
        """Outfalls by id."""
        return self.topology.outfalls

    @property
    def timezone(self) -> ZoneInfo:
        """Zone of the files' times."""
        return self.topology.timezone

    @cached_property
    def station_of(self) -> NDArray[np.int64]:
        """Index of each series' station in the order of `stations`, shape (n_series,)."""
        order = {name: index for index, name in enumerate(self.stations)}
        return np.array([order[station] for station, _ in self.series], dtype=np.int64)

    @cached_property
    def visited(self) -> NDArray[np.bool_]:
        """Whether a station is being visited, shape (n_times, n_stations)."""
        order = {name: index for index, name in enumerate(self.stations)}
        found = np.zeros((self.time_ms.size, len(order)), dtype=bool)
        for visit in self.visits:
            first, last = np.searchsorted(self.time_ms, [visit.start_ms, visit.end_ms + 1])
            found[first:last, order[visit.station]] = True
        return found

    def of(self, determinand: str) -> tuple[NDArray[np.int64], Floats]:
        """Columns that carry a determinand, and their values, shape (n_times, n_columns)."""
        columns = np.array([i for i, (_, key) in enumerate(self.series) if key == determinand], dtype=np.int64)
        return columns, self.values[:, columns]

    def until(self, end_ms: int) -> Scenario:
        """What was known at `end_ms`: nothing later is in it [ms since the epoch, UTC]."""
        rows = int(np.searchsorted(self.time_ms, end_ms, side="right"))
        known = tuple(
            replace(visit, end_ms=min(visit.end_ms, end_ms)) for visit in self.visits if visit.start_ms <= end_ms
        )
        return Scenario(
            self.topology, self.time_ms[:rows], self.series, self.values[:rows], self.rain_mm[:rows],
            self.flow_m3_s[:rows], self.inlets, known,
        )  # fmt: skip

    def local(self, time_ms: int) -> str:
        """An instant as the files write it: local time without a zone, ISO 8601 to the second."""
        return datetime.fromtimestamp(time_ms / 1000, self.timezone).replace(tzinfo=None).isoformat(timespec="seconds")


def public_folder(folder: Path) -> Path:
    """The folder with the files that a deployment would have: `folder` itself, or the ``public`` in it.

    Raises
    ------
    UsageError
        If neither holds a topology.
    """
    for there in (folder, folder / "public"):
        if (there / "topology.json").is_file():
            return there
    raise UsageError(f"{folder} has no topology.json, and no folder public with one in it.")


def load_scenario(folder: Path) -> Scenario:
    """Read a scenario's `public/` folder (or its parent; ``truth/`` is never opened).

    Parameters
    ----------
    folder : Path
        With ``topology.json`` and ``readings.parquet`` (ts, station, parameter, value); if there, also
        ``rain.parquet`` (ts, rain_mm), ``inlet_flow.parquet`` (ts, node, flow_m3_s) and
        ``maintenance.parquet`` (station, start, end, note). Times are local to the topology's time zone.

    Raises
    ------
    ConfigError
        With the mistakes in a file.
    UsageError
        If there is no such folder.
    """
    folder = public_folder(folder)
    topology = load_topology(folder / "topology.json")
    zone = topology.timezone
    read = _columns(folder / "readings.parquet", ("ts", "station", "parameter", "value"))
    time_ms, rows = _grid(_utc_ms(read["ts"], zone), folder)
    series = tuple((s, key) for s, keys in topology.determinands.items() for key in keys)
    values = _spread(read, rows, (time_ms.size, series), topology, folder / "readings.parquet")
    inlets, flow = _flow(folder / "inlet_flow.parquet", time_ms, zone, topology)
    return Scenario(
        topology, time_ms, series, values, _rain(folder / "rain.parquet", time_ms, zone), flow, inlets,
        _visits(folder / "maintenance.parquet", zone, topology),
    )  # fmt: skip


def _columns(path: Path, names: tuple[str, ...]) -> dict[str, Any]:
    """Columns of a Parquet file as Arrow arrays of one chunk."""
    accepted = "a Parquet file with the columns " + ", ".join(names)
    try:
        schema = pq.read_schema(path)
        missing = [name for name in names if name not in schema.names]
        if missing:
            raise ConfigError([Problem(path.name, "columns", f"no {', '.join(missing)}", accepted)])
        table = pq.read_table(path, columns=list(names))
    except (OSError, pa.ArrowInvalid) as error:
        raise ConfigError([Problem(path.name, "file", f"{type(error).__name__}: {error}", accepted)]) from None
    return {name: table.column(name).combine_chunks() for name in names}


def _utc_ms(local: Any, zone: ZoneInfo) -> Times:
    """Local instants, naive or with a zone, in ms since the epoch [UTC]; shape (n,)."""
    if not pa.types.is_timestamp(local.type):
        raise ConfigError([Problem("times", "column", str(local.type), "timestamps")])
    if local.type.tz is not None:
        return np.asarray(local.cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64()), dtype=np.int64)
    raw = np.asarray(local.cast(pa.timestamp("ms"), safe=False).cast(pa.int64()), dtype=np.int64)
    # A zone is looked up once for each distinct time: there are hundreds of readings at each.
    distinct, back = _distinct(raw)
    stamps = pa.array(distinct, pa.timestamp("ms"))
    aware = pc.assume_timezone(stamps, str(zone), ambiguous="earliest", nonexistent="latest")
    return np.asarray(aware.cast(pa.int64()), dtype=np.int64)[back]


def _distinct(raw: Times) -> tuple[Times, NDArray[np.int64]]:
    """Distinct times in order, and for each given one its place among them; linear for times on a grid."""
    if raw.size == 0:
        return raw, np.zeros(0, dtype=np.int64)
    low = int(raw.min())
    unit = int(np.gcd.reduce(raw - low)) or 1
    slots = (raw - low) // unit
    if int(slots.max()) > 50 * raw.size + 1000:
        found, places = np.unique(raw, return_inverse=True)
        return found, places.reshape(-1)
    used = np.zeros(int(slots.max()) + 1, dtype=bool)
    used[slots] = True
    places = np.cumsum(used) - 1
    return low + np.flatnonzero(used) * unit, places[slots]


def _grid(reading_ms: Times, folder: Path) -> tuple[Times, NDArray[np.int64]]:
    """The grid of whole steps that the readings lie on, and each one's row; one between two rows goes to the later."""
    if reading_ms.size == 0:
        raise UsageError(f"{folder / 'readings.parquet'} has no readings.")
    distinct, _ = _distinct(reading_ms)
    steps, counts = np.unique(np.diff(distinct), return_counts=True)
    step = int(steps[counts.argmax()]) if steps.size else 300_000
    step = min(max(step, 1000), MAX_STEP_MS)
    first = -(-int(distinct[0]) // step) * step
    rows = -(-(reading_ms - first) // step)
    return first + np.arange(int(rows.max()) + 1, dtype=np.int64) * step, rows


def _codes(column: Any, known: Mapping[str, int]) -> tuple[NDArray[np.int64], list[str]]:
    """Each entry's number in `known`, -1 for others, and the others' names."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    words = [str(word) for word in encoded.dictionary.to_pylist()]
    numbers = np.array([known.get(word, -1) for word in words] or [-1], dtype=np.int64)
    indices = np.asarray(encoded.indices.fill_null(0), dtype=np.int64)
    return numbers[indices], [word for word in words if word not in known]


def _spread(
    read: Mapping[str, Any], rows: NDArray[np.int64], shape: tuple[int, tuple[tuple[str, str], ...]],
    topology: Topology, path: Path,
) -> Floats:  # fmt: skip
    n_times, series = shape
    stations = {name: index for index, name in enumerate(topology.stations)}
    determinands = {key: index for index, key in enumerate(dict.fromkeys(key for _, key in series))}
    names = {topology.names[key]: index for key, index in determinands.items()}
    at, strange = _codes(read["station"], stations)
    what, unknown = _codes(read["parameter"], names)
    problems = [Problem(path.name, "column station", name, "a station of topology.json") for name in strange]
    measured = "what topology.json says is measured"
    problems += [Problem(path.name, "column parameter", name, measured) for name in unknown]
    if problems:
        raise ConfigError(problems)
    column = np.full((len(stations), len(determinands)), -1, dtype=np.int64)
    for index, (station, key) in enumerate(series):
        column[stations[station], determinands[key]] = index
    columns = column[at, what]
    if columns.size and columns.min() < 0:
        row = int(np.argmin(columns))
        found = f"{read['parameter'][row]} at {read['station'][row]}"
        raise ConfigError([Problem(path.name, f"row {row}", found, measured)])
    values = np.full((n_times, len(series)), np.nan)
    values[rows, columns] = np.asarray(read["value"].cast(pa.float64()).fill_null(float("nan")))
    values[~np.isfinite(values)] = np.nan
    return values


def _rain(path: Path, time_ms: Times, zone: ZoneInfo) -> Floats:
    rain = np.zeros(time_ms.size)
    if not path.is_file():
        return rain
    read = _columns(path, ("ts", "rain_mm"))
    start = _utc_ms(read["ts"], zone)
    # The bins of the file are named by their start; the rain of one is known when it has ended.
    known = start + (int(np.diff(np.unique(start)).min()) if np.unique(start).size > 1 else 0)
    rows = np.searchsorted(time_ms, known)
    inside = rows < time_ms.size
    np.add.at(rain, rows[inside], np.asarray(read["rain_mm"], dtype=np.float64)[inside])
    return rain


def _flow(path: Path, time_ms: Times, zone: ZoneInfo, topology: Topology) -> tuple[tuple[str, ...], Floats]:
    inlets = tuple(topology.inlets)
    flow = np.full((time_ms.size, len(inlets)), np.nan)
    if not path.is_file():
        return inlets, flow
    read = _columns(path, ("ts", "node", "flow_m3_s"))
    at, strange = _codes(read["node"], {name: index for index, name in enumerate(inlets)})
    if strange:
        raise ConfigError([Problem(path.name, "column node", name, "an inlet of topology.json") for name in strange])
    when = _utc_ms(read["ts"], zone)
    amount = np.asarray(read["flow_m3_s"], dtype=np.float64)
    for index in range(len(inlets)):
        mine = np.flatnonzero(at == index)
        mine = mine[np.argsort(when[mine], kind="stable")]
        newest = np.searchsorted(when[mine], time_ms, side="right") - 1
        known = newest >= 0
        flow[known, index] = amount[mine][newest[known]]
    return inlets, flow


def _visits(path: Path, zone: ZoneInfo, topology: Topology) -> tuple[Visit, ...]:
    if not path.is_file():
        return ()
    read = _columns(path, ("station", "start", "end"))
    start, end = _utc_ms(read["start"], zone), _utc_ms(read["end"], zone)
    names = [str(name) for name in read["station"].to_pylist()]
    strange = sorted(set(names) - set(topology.stations))
    if strange:
        raise ConfigError([Problem(path.name, "column station", n, "a station of topology.json") for n in strange])
    notes = _columns(path, ("note",))["note"].to_pylist() if "note" in pq.read_schema(path).names else [""] * len(names)
    rows = zip(names, start.tolist(), end.tolist(), notes, strict=True)
    found = [Visit(name, a, b, str(note or "")) for name, a, b, note in rows]
    return tuple(sorted(found, key=lambda visit: (visit.start_ms, visit.station)))

"""One group of a batch: rows of one station as columns, written and read; what cannot be kept is handed back whole."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn

from sensors.determinand import DETERMINANDS
from sensors.errors import RiverChiefError
from sensors.reading import Observation, Quality, StationState

#: How far ahead of the hub's clock a reading may be [ms].
FUTURE_MS = 600_000

#: No probe of ours is older: 2000-01-01T00:00Z [ms]. A gateway without a battery clock starts at 1970.
OLDEST_MS = 946_684_800_000

_QUALITIES = {int(quality): quality for quality in Quality}
_STATES = {str(state): state for state in StationState}


class WireError(RiverChiefError):
    """A payload or topic that is refused.

    Attributes
    ----------
    reason : str
        One word for counting, e.g. ``json``, ``size``, ``version``, ``gateway``, ``shape``.
    """

    def __init__(self, reason: str, detail: str) -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Part of a sound batch that cannot be kept.

    Attributes
    ----------
    reason : str
        One word for counting.
    detail : str
        Why, for people; the same when it comes again.
    rows : int
        Spool rows that are not stored because of it: 0 where the rest of them is.
    payload : bytes
        What it was, whole, as JSON in the shape of a group.
    """

    reason: str
    detail: str
    rows: int = 1
    payload: bytes = b""


def encode_group(
    station: str, keys: tuple[str, ...], rows: Sequence[tuple[int, Observation]], after: int
) -> dict[str, Any]:
    """Rows of one station with the same determinands as columns."""
    cells = {key: [observation.values[key] for _, observation in rows] for key in keys}
    adrift = [index for index, (_, observation) in enumerate(rows) if not observation.synchronised]
    quality = {key: _uniform([int(quality) for _, quality in column]) for key, column in cells.items()}
    return {
        "station": station,
        # Counted from `after`: two digits instead of nine.
        "seq": [seq - after for seq, _ in rows],
        "time_ms": [observation.time_ms for _, observation in rows],
        "state": _uniform([str(observation.state) for _, observation in rows]),
        "quality": _uniform_all(quality),
        "values": {key: [value for value, _ in column] for key, column in cells.items()},
        **({"adrift": adrift} if adrift else {}),
    }


def _uniform(column: list[Any]) -> Any:
    return column[0] if column.count(column[0]) == len(column) else column


def _uniform_all(columns: dict[str, Any]) -> Any:
    """One scalar where every column is that scalar."""
    first = next(iter(columns.values()), int(Quality.NOT_EVALUATED))
    return first if all(column == first for column in columns.values()) and isinstance(first, int) else columns


@dataclass(frozen=True, slots=True)
class Rules:
    """What a row has to keep to: the hub's clock [ms since the epoch, UTC] and the stations of the site."""

    now_ms: int
    stations: Collection[str] | None

    def check_time(self, time_ms: Any) -> int:
        """Time of a row, or `WireError`."""
        if not is_int(time_ms):
            refuse("shape", "time_ms", time_ms)
        if time_ms > self.now_ms + FUTURE_MS:
            # Without the hub's own time: what comes again is known by its text.
            refuse("future", f"up to {FUTURE_MS} ms ahead of the hub", time_ms)
        if time_ms < OLDEST_MS:
            refuse("past", f"{OLDEST_MS} ms and later", time_ms)
        return int(time_ms)


def read_group(group: Any, most: int, rules: Rules, refused: list[Refusal]) -> dict[int, Observation]:
    """Rows of one group by their offset, 1 to `most`; rows and determinands that cannot be kept go to `refused`."""
    if not isinstance(group, dict):
        refuse("shape", "group", group)
    station = group.get("station")
    if not isinstance(station, str) or not 0 < len(station) <= 64 or not station.isprintable():
        refuse("shape", "station", station)
    if rules.stations is not None and station not in rules.stations:
        refuse("station", "station of this site", station)
    offsets = group.get("seq")
    if not isinstance(offsets, list) or not offsets:
        refuse("shape", "seq", offsets)
    n = len(offsets)
    times = _column(group.get("time_ms"), n, "time_ms", scalar=False)
    states = _column(group.get("state"), n, "state")
    cells = _cells(group, n)
    adrift = _adrift(group.get("adrift", []), n)
    strange = [key for key in cells if key not in DETERMINANDS]
    found = [Refusal("determinand", f"found {key!r:.120} of {station}", 0, _only(group, key)) for key in strange]
    rows: dict[int, Observation] = {}
    numbers: set[int] = set()
    for index, (offset, time_ms, state) in enumerate(zip(offsets, times, states, strict=True)):
        if not is_int(offset) or not 0 < offset <= most or offset in numbers:
            refuse("shape", f"seq {index}", offset)
        numbers.add(offset)
        row = {key: column[index] for key, column in cells.items()}
        try:
            values = {key: _cell(cell, key) for key, cell in row.items() if key in DETERMINANDS}
            rows[offset] = Observation(station, rules.check_time(time_ms), values, _state(state), index not in adrift)
        except WireError as error:
            kept_row = _row(station, offset, time_ms, state, row, adrift=index in adrift)
            found.append(Refusal(error.reason, f"{station}: {error}", 1, kept_row))
    refused.extend(found)
    return rows


def _cells(group: Mapping[str, Any], n: int) -> dict[str, list[tuple[Any, Any]]]:
    """Value and quality of each determinand as they came, as columns of length n."""
    columns = group.get("values")
    if not isinstance(columns, dict):
        refuse("shape", "values", columns)
    qualities = group.get("quality")
    cells: dict[str, list[tuple[Any, Any]]] = {}
    for key, column in columns.items():
        quality = _column(qualities.get(key) if isinstance(qualities, dict) else qualities, n, f"quality of {key}")
        cells[key] = list(zip(_column(column, n, key, scalar=False), quality, strict=True))
    return cells


def _adrift(indices: Any, n: int) -> frozenset[int]:
    """Indices of rows whose time is from a clock that was not synchronised; few or none."""
    if not isinstance(indices, list) or not all(is_int(index) and 0 <= index < n for index in indices):
        refuse("shape", f"adrift: indices of {n} rows", indices)
    found = frozenset(indices)
    if len(found) < len(indices):
        refuse("shape", "adrift: each index once", indices)
    return found


def _row(
    station: str, offset: int, time_ms: Any, state: Any, row: Mapping[str, tuple[Any, Any]], *, adrift: bool
) -> bytes:
    """One row of a group as a group of its own."""
    values = {key: [value] for key, (value, _) in row.items()}
    quality = {key: flag for key, (_, flag) in row.items()}
    return kept(
        {
            "station": station,
            "seq": [offset],
            "time_ms": [time_ms],
            "state": state,
            "quality": quality,
            "values": values,
            **({"adrift": [0]} if adrift else {}),
        }
    )


def _only(group: Mapping[str, Any], key: str) -> bytes:
    """One determinand of a group as a group of its own."""
    quality = group.get("quality")
    if isinstance(quality, dict):
        quality = {key: quality.get(key)}
    return kept({**group, "quality": quality, "values": {key: group["values"][key]}})


def kept(part: Any) -> bytes:
    """Part of a payload as text again; a number too large for a float comes out as ``Infinity``."""
    return json.dumps(part, separators=(",", ":"), ensure_ascii=False).encode(errors="backslashreplace")


def _cell(cell: tuple[Any, Any], key: str) -> tuple[float | None, Quality]:
    value, flag = cell
    return _value(value, key), _quality(flag, key)


def _state(state: Any) -> StationState:
    found = _STATES.get(state) if isinstance(state, str) else None
    if found is None:
        refuse("state", "state", state)
    return found


def _column(column: Any, n: int, name: str, *, scalar: bool = True) -> list[Any]:
    """A column of length n; one scalar stands for n of them."""
    if isinstance(column, list):
        if len(column) != n:
            refuse("shape", f"{name}: {n} entries", len(column))
        return column
    if not scalar:
        refuse("shape", f"{name}: a list", column)
    return [column] * n


def _value(value: Any, key: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse("shape", f"value of {key}", value)
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        refuse("finite", f"finite value of {key}", value)
    return number


def _quality(flag: Any, key: str) -> Quality:
    quality = _QUALITIES.get(flag) if is_int(flag) else None
    if quality is None:
        refuse("quality", f"quality of {key}", flag)
    return quality


def is_int(value: object) -> bool:
    """Whether a value of JSON is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def refuse(reason: str, accepted: str, found: object) -> NoReturn:
    """Raise a `WireError` that says what was found and what is accepted."""
    raise WireError(reason, f"found {found!r:.120}; accepted: {accepted}")

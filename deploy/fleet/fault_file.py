"""The file that tells a virtual fleet what is to go wrong: ``faults.toml``, checked against the fleet's stations.

::

    [[fault]]
    station = "xt-01"          # or unit = 3, with or without endpoint = "tcp://10.66.1.11"; left out: every unit
    kind = "late"              # see `deploy.fleet.faults.Mishap`
    from = 30                  # seconds after the start of the fleet, or a time such as 2026-05-01T08:00:00+08:00
    to = 90
    probability = 0.3
    delay_s = 1.5
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy.fleet.faults import ALL, VALUE_KINDS, InjectedFault, Mishap
from sensors.determinand import DETERMINANDS
from sensors.endpoint import EndpointError, parse_endpoint
from sensors.errors import ConfigError
from sensors.lists import Checker
from sensors.place import Station
from sensors.profile import Profile, load_profiles
from sensors.toml_table import Table

_COMMON = ("station", "unit", "endpoint", "kind", "from", "to", "probability")

#: Keys that one kind alone has.
_OWN: dict[Mishap, tuple[str, ...]] = {
    Mishap.LATE: ("delay_s",),
    Mishap.EXCEPTION: ("code",),
    Mishap.FLAPPING: ("up_s", "down_s"),
    Mishap.DRIFT: ("size", "over_s"),
    Mishap.SPIKE: ("size",),
}


@dataclass(frozen=True, slots=True)
class _Reader:
    stations: Sequence[Station]
    start_ms: int
    profiles: Mapping[str, Profile]
    checker: Checker

    def fault(self, table: Table) -> list[InjectedFault]:
        """Faults of one table: one per station that it names."""
        kind: Mishap = table.choice("kind", None, tuple(Mishap))
        valued = kind in VALUE_KINDS
        own = _OWN.get(kind, ())
        if "kind" in table.wrong():  # which keys are right is not known then
            valued, own = False, (*(key for keys in _OWN.values() for key in keys), "determinand")
        table.known((*_COMMON, *own, *(("determinand",) if valued else ())))
        named = self._named(table)
        start_ms, end_ms = self._instant(table, "from", 0), self._instant(table, "to", math.inf)
        if end_ms <= start_ms:
            table.bad("to", "an instant after 'from'")
        settings = {
            "probability": table.number("probability", 1.0, 0, 1),
            "delay_s": table.number("delay_s", 2.0, 0.001, 3600),
            "code": table.whole("code", 4, 1, 255),
            "up_s": table.number("up_s", 60.0, 0.001, 86400),
            "down_s": table.number("down_s", 60.0, 0.001, 86400),
            "size": table.number("size", 0.5, -1, 1000),
            "over_s": table.number("over_s", 3600.0, 0.001, 1e9),
        }
        determinand = self._determinand(table, named) if valued else ALL
        return [InjectedFault(kind, name, determinand, start_ms, end_ms, **settings) for name in named]  # type: ignore[arg-type]

    def _named(self, table: Table) -> list[str]:
        found: Iterable[Station] = self.stations
        if "station" in table.raw:
            if clash := {"unit", "endpoint"} & set(table.raw):
                table.bad(min(clash), "'station', or 'unit' and 'endpoint', not both")
            wanted = table.choice("station", None, [ALL, *(station.id for station in self.stations)])
            return [wanted]
        if "endpoint" not in table.raw and "unit" not in table.raw:
            return [ALL]
        if "endpoint" in table.raw:
            try:
                endpoint = parse_endpoint(table.text("endpoint"))
            except EndpointError as error:
                table.bad("endpoint", error.accepted)
                return []
            found = [station for station in found if parse_endpoint(station.endpoint) == endpoint]
            if not found:
                table.bad("endpoint", "one of " + ", ".join(sorted({station.endpoint for station in self.stations})))
                return []
        if "unit" in table.raw:
            units = sorted({station.unit for station in found})
            unit = table.choice("unit", None, units)
            found = [station for station in found if station.unit == unit]
        return [station.id for station in found]

    def _instant(self, table: Table, key: str, default_s: float) -> float:
        """Milliseconds since the epoch, UTC."""
        value = table.raw.get(key, default_s)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.timestamp() * 1000
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return self.start_ms + value * 1000
        table.bad(key, "seconds after the start of the fleet, or a time with its zone: 2026-05-01T08:00:00+08:00")
        return math.nan

    def _determinand(self, table: Table, named: Sequence[str]) -> str:
        measured = {
            key
            for station in self.stations
            if station.id in named or ALL in named
            for key in self.profiles[station.profile].determinands
        }
        accepted = [ALL, *(key for key in DETERMINANDS if key in measured)]
        return table.choice("determinand", ALL, accepted)


def read_faults(
    path: Path, stations: Sequence[Station], start_ms: int, profiles: Mapping[str, Profile] | None = None
) -> list[InjectedFault]:
    """Read and check a file of faults.

    Parameters
    ----------
    path : Path
    stations : sequence of Station
        Those that the fleet serves.
    start_ms : int
        When the fleet started [ms since the epoch, UTC].
    profiles : mapping of str to Profile, optional
        By id, where a site has profiles of its own.

    Returns
    -------
    list of InjectedFault
        In the order of the file: where two are on at once, the earlier one counts.

    Raises
    ------
    ConfigError
        With every mistake in the file.
    """
    checker = Checker(path.name)
    found: list[InjectedFault] = []
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        checker.note("file", "nothing", "a TOML file with [[fault]] tables")
        raw = {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        checker.note("file", str(error), "TOML in UTF-8 with [[fault]] tables")
        raw = {}
    top = Table(raw, "", checker)
    top.known(("fault",))
    reader = _Reader(stations, start_ms, load_profiles() if profiles is None else profiles, checker)
    for table in top.tables("fault", "kind"):
        found += reader.fault(table)
    if checker.problems:
        raise ConfigError(checker.problems)
    return found

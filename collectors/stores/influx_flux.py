"""What the InfluxDB store asks, in Flux; everything that varies is a parameter.

``oneof(station, stations)`` in a text stands for a comparison with each of the names in the parameter `stations`;
`spread` writes it out. Flux's own ``contains`` would do, but keeps filters and aggregates from being done where the
data are: then the database reads everything there is of the span.
"""

from __future__ import annotations

import re
from typing import Any

_RANGE = "from(bucket: bucket) |> range(start: start, stop: stop)"

#: Stations and determinands that are asked for, or all.
_WANTED = """
    |> filter(fn: (r) => oneof(station, stations))
    |> filter(fn: (r) => oneof(determinand, determinands))"""

_ONE_OF = re.compile(r"oneof\((\w+), (\w+)\)")


def spread(text: str, parameters: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Write out ``oneof`` for as many names as there are, each of them a parameter of its own.

    Parameters
    ----------
    text : str
    parameters : dict
        A list of names for each ``oneof``, not empty.

    Returns
    -------
    str, dict
        Text and parameters without lists.
    """
    plain = {name: value for name, value in parameters.items() if not isinstance(value, list)}
    for name, value in parameters.items():
        if isinstance(value, list):
            plain |= {f"{name}_{n}": one for n, one in enumerate(value)}

    def chain(found: re.Match[str]) -> str:
        column, name = found[1], found[2]
        return " or ".join(f"r.{column} == {name}_{n}" for n in range(len(parameters[name])))

    return _ONE_OF.sub(chain, text), plain


#: For queries that may be of all stations.
OF_STATIONS = "\n    |> filter(fn: (r) => oneof(station, stations))"


def _of(measurement: str, *fields: str) -> str:
    found = f'{_RANGE} |> filter(fn: (r) => r._measurement == "{measurement}")'
    if fields:
        chosen = " or ".join(f'r._field == "{field}"' for field in fields)
        found += f" |> filter(fn: (r) => {chosen})"
    return found


def _yields(measurement: str, wanted: str, what: dict[str, tuple[str, ...]]) -> str:
    """One window aggregate for each function: these the database computes where the data are."""
    return "\n".join(
        f"""{_of(measurement, *fields)}{wanted}
    |> aggregateWindow(every: every, offset: offset, fn: {function}, createEmpty: false, timeSrc: "_start")
    |> yield(name: "{function}")"""
        for function, fields in what.items()
    )


LATEST = f"{_of('reading')} |> last()"

OLDEST = f"{_of('reading', 'quality')} |> first()"

NEWEST = f"{_of('reading', 'quality')} |> last()"

RANGE = f"""{_of("reading")}
    |> filter(fn: (r) => r.station == station)
    |> filter(fn: (r) => oneof(determinand, determinands))"""

#: Everything of one station's readings.
READINGS = f"{_of('reading')} |> filter(fn: (r) => r.station == station)"

_READINGS = {
    "min": ("value", "quality"),
    "max": ("value", "quality"),
    "sum": ("value",),
    "count": ("value", "quality", "state"),
}

#: Figures of windows of readings, whatever their quality.
WINDOWS = _yields("reading", _WANTED, _READINGS)
ALL_WINDOWS = _yields("reading", "", _READINGS)

#: Windows of a roll-up, put together.
ROLLED = {
    level: _yields(
        level,
        _WANTED,
        {
            "min": ("minimum",),
            "max": ("maximum",),
            "sum": ("sure_total", "sure_count", "suspect_total", "suspect_count"),
        },
    )
    for level in ("hour", "day")
}

#: Windows of a roll-up as they are, of all stations; with `OF_STATIONS` of some.
POINTS = {level: _of(level) for level in ("hour", "day")}

REVISIONS = _of("revision")

FLAGS = f"{_of('flag')} |> filter(fn: (r) => r.station == station)"

WAITING = f"{_of('flag', 'waiting')} |> filter(fn: (r) => r._value == 1.0)"

WATERMARKS = f"{_of('watermark', 'body')} |> last()"

MARK = f"{_of('mark', 'body')} |> filter(fn: (r) => r.name == name) |> last()"

LOG = {measurement: _of(measurement, "body") for measurement in ("change", "late")}

ASSESSMENTS = f"""{_of("assessment", "body")}
    |> filter(fn: (r) => r.scope == scope and r.basis == basis) |> last()"""

HISTORY = f"""{_of("assessment", "body")}
    |> filter(fn: (r) => r.scope == scope and r.basis == basis and r.subject == subject)"""

#: Of events whose end is not before a time, their names.
EVENTS_OF = f"{_of('event', 'end')} |> filter(fn: (r) => r._value >= least)"

EVENTS = f"{_of('event', 'body')} |> filter(fn: (r) => oneof(id, ids))"

#: Which determinands a station has.
LAST_OF = f"{_of('reading', 'quality')} |> filter(fn: (r) => r.station == station) |> last()"

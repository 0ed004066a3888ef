"""What the InfluxDB store asks, in Flux; everything that varies is a parameter."""

from __future__ import annotations

_RANGE = "from(bucket: bucket) |> range(start: start, stop: stop)"

#: Stations and determinands that are asked for, or all.
_WANTED = """
    |> filter(fn: (r) => contains(value: r.station, set: stations))
    |> filter(fn: (r) => contains(value: r.determinand, set: determinands))"""


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
    |> filter(fn: (r) => contains(value: r.determinand, set: determinands))"""

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

#: Windows of a roll-up as they are, of some stations or of all.
POINTS = {
    level: f"{_of(level)} |> filter(fn: (r) => everywhere or contains(value: r.station, set: stations))"
    for level in ("hour", "day")
}

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

EVENTS = f"{_of('event', 'body')} |> filter(fn: (r) => contains(value: r.id, set: ids))"

#: Which determinands a station has.
LAST_OF = f"{_of('reading', 'quality')} |> filter(fn: (r) => r.station == station) |> last()"

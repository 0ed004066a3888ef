"""What the InfluxDB store says and hears: line protocol, Flux texts and the CSV that answers them; pure.

Measurements
------------
``reading``
    Tags station and determinand. Fields, all floats so that no field ever changes its type: ``value`` where there is
    one; ``quality`` (QARTOD flag); ``state`` (code point of the HJ 212 letter: 78 is N); ``used``, the value again
    where it is usable, and ``suspect``, 1 where it is usable and suspect, so that the database sums by itself.
``revision``
    What stood there before, with when it was replaced in tag ``replaced``.
``watermark``, ``assessment``
    One field ``body``, JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from math import isfinite, isnan, nan

from collectors.stores.base import Assessment, Revision
from sensors.reading import USABLE_QUALITIES, Quality, Reading, StationState, to_ms

#: Everything there ever was, and what is a little ahead of the clock.
BEGIN_MS, END_MS = 0, 7_258_118_400_000

#: Fields of one point, by name.
Fields = dict[str, float]

_TAG = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})


def tag(text: str) -> str:
    """Tag value in line protocol.

    Raises
    ------
    ValueError
        If line protocol cannot carry it: nothing, a line break, a backslash at the end.
    """
    if not text or text.endswith("\\") or not text.isprintable():
        raise ValueError(f"{text!r} cannot be a tag of InfluxDB")
    return text.translate(_TAG)


def fields_of(reading: Reading) -> Fields:
    """Fields of a reading's point."""
    fields = {"quality": float(reading.quality), "state": float(ord(str(reading.state)))}
    if reading.value is not None and isfinite(reading.value):
        value = float(reading.value)
        fields["value"] = value
        if reading.quality in USABLE_QUALITIES and reading.state is StationState.NORMAL:
            fields["used"] = value
            if reading.quality is Quality.SUSPECT:
                fields["suspect"] = 1.0
    return fields


def reading_line(reading: Reading, fields: Fields) -> str:
    """Line of a reading."""
    return f"reading,{_series(reading)} {_fields(fields)} {reading.time_ms}"


def revision_line(reading: Reading, old: Fields, replaced: str) -> str:
    """Line of what a reading replaced; `replaced` tells several replacements of one reading apart."""
    return f"revision,{_series(reading)},replaced={tag(replaced)} {_fields(old)} {reading.time_ms}"


def _series(reading: Reading) -> str:
    return f"station={tag(reading.station)},determinand={tag(reading.determinand)}"


def _fields(fields: Fields) -> str:
    return ",".join(f"{name}={value!r}" for name, value in fields.items())


def watermark_line(gateway: str, epoch: str, seq: int, time_ms: int) -> str:
    """Line of a watermark."""
    return f"watermark,gateway={tag(gateway)} body={_text(json.dumps([epoch, seq]))} {time_ms}"


def assessment_line(row: Assessment) -> str:
    """Line of a judgement."""
    body = json.dumps(asdict(row), ensure_ascii=False, allow_nan=False)
    tags = f"scope={tag(row.scope)},subject={tag(row.subject)},basis={tag(row.basis)}"
    return f"assessment,{tags} body={_text(body)} {row.time_ms}"


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def assessment(body: str) -> Assessment:
    """Judgement from the body of its point."""
    fields = json.loads(body)
    fields["deciding"] = tuple(fields["deciding"])
    return Assessment(**fields)


def reading_from(station: str, determinand: str, time_ms: int, fields: Fields) -> Reading:
    """Reading from its point."""
    return Reading(
        station, determinand, time_ms, fields.get("value"), Quality(int(fields["quality"])),
        StationState(chr(int(fields["state"]))),
    )  # fmt: skip


def revision_from(station: str, determinand: str, time_ms: int, replaced: str, fields: Fields) -> Revision:
    """Revision from its point."""
    reading = reading_from(station, determinand, time_ms, fields)
    replaced_ms = int(replaced.partition("-")[0])
    return Revision(station, determinand, time_ms, reading.value, reading.quality, reading.state, replaced_ms)


def is_revision(old: Fields, new: Fields) -> bool:
    """Whether `new` changes what was read; a flag on an unflagged reading is quality control at work."""
    changed = any(old.get(name) != new.get(name) for name in ("value", "state"))
    return changed or (old["quality"] != new["quality"] and old["quality"] != float(Quality.NOT_EVALUATED))


def keeps_verdict(old: Fields, new: Fields) -> bool:
    """Whether `old` is what was read, judged already, and `new` the same come again."""
    same = all(old.get(name) == new.get(name) for name in ("value", "state"))
    return same and whole(old) and old["quality"] != float(Quality.NOT_EVALUATED)


def rows(answer: Iterable[Sequence[str]]) -> Iterator[dict[str, str]]:
    """Rows of a Flux answer in CSV, one header for each kind of table, as dictionaries."""
    header: Sequence[str] | None = None
    for row in answer:
        if not row or row == [""]:
            header = None
        elif header is None or ("_value" in row and "table" in row):
            header = row
        else:
            yield dict(zip(header, row, strict=False))


def number(row: dict[str, str]) -> float:
    """Value of a row; NaN where a foreign writer left something that is no number."""
    try:
        return float(row["_value"])
    except ValueError:
        return nan


def whole(fields: Fields) -> bool:
    """Whether a point is one of ours."""
    return (
        fields.get("quality") in _QUALITIES and fields.get("state") in _STATES and not any(map(isnan, fields.values()))
    )


_QUALITIES = {float(quality) for quality in Quality}
_STATES = {float(ord(state)) for state in StationState}


def time_of(row: dict[str, str], column: str = "_time") -> int:
    """Time of a row [ms since the epoch, UTC]."""
    return to_ms(datetime.fromisoformat(row[column]))


_RANGE = "from(bucket: bucket) |> range(start: start, stop: stop)"

LATEST = f'{_RANGE} |> filter(fn: (r) => r._measurement == "reading") |> last()'

RANGE = f"""{_RANGE}
    |> filter(fn: (r) => r._measurement == "reading" and r.station == station)
    |> filter(fn: (r) => r._field == "value" or r._field == "quality" or r._field == "state")
    |> filter(fn: (r) => contains(value: r.determinand, set: determinands))"""

#: Everything of some stations' readings, to be compared with what takes its place.
EXISTING = f"""{_RANGE}
    |> filter(fn: (r) => r._measurement == "reading" and r.station == station)"""

REVISIONS = f'{_RANGE} |> filter(fn: (r) => r._measurement == "revision")'

WATERMARKS = f'{_RANGE} |> filter(fn: (r) => r._measurement == "watermark" and r._field == "body") |> last()'

ASSESSMENTS = f"""{_RANGE}
    |> filter(fn: (r) => r._measurement == "assessment" and r._field == "body")
    |> filter(fn: (r) => r.scope == scope and r.basis == basis) |> last()"""

HISTORY = f"""{_RANGE}
    |> filter(fn: (r) => r._measurement == "assessment" and r._field == "body")
    |> filter(fn: (r) => r.scope == scope and r.basis == basis and r.subject == subject)"""

#: One window aggregate for each figure: these the database computes where the data are.
SUMMARY = "\n".join(
    f"""{_RANGE}
    |> filter(fn: (r) => r._measurement == "reading" and r._field == "{field}")
    |> filter(fn: (r) => contains(value: r.station, set: stations))
    |> filter(fn: (r) => contains(value: r.determinand, set: determinands))
    |> aggregateWindow(every: every, offset: offset, fn: {function}, createEmpty: false, timeSrc: "_start")
    |> yield(name: "{name}")"""
    for name, field, function in (
        ("minimum", "used", "min"),
        ("maximum", "used", "max"),
        ("total", "used", "sum"),
        ("count", "used", "count"),
        ("provisional", "suspect", "count"),
    )
)

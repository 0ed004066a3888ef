"""What the InfluxDB store says and hears: line protocol and the CSV that answers; pure.

Measurements
------------
``reading``
    Tags station and determinand. Fields, all floats so that no field ever changes its type: ``quality`` (QARTOD flag);
    ``value`` where there is one; ``state`` (code point of the HJ 212 letter), left out where it is and was N; ``said``,
    the quality without flags, 0 where no flags stand any more.
``hour``, ``day``
    Roll-ups with the same tags, at the start of their window: ``minimum``, ``maximum``, ``sure_total``, ``sure_count``,
    and ``suspect_total``, ``suspect_count`` where there are or were suspect readings.
``revision``
    What stood there before, with when it was replaced in tag ``replaced``.
``flag``
    Tags station, determinand and test; ``flag``, 2 where it was withdrawn; ``waiting``, 1 until its reading comes;
    ``body``, its evidence as JSON.
``change``, ``late``
    Logs of what was written, tag writer; ``body``, JSON of stations and spans. `collectors.stores.influx_log`.
``watermark``, ``mark``
    One field ``body``, JSON, always at time 0 so that each write replaces the one before.
``assessment``, ``event``
    ``body``, JSON; an event also ``end``, so that those of a span are found without opening all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from math import inf, isfinite, isnan, nan

from collectors.stores.base import Assessment, Event, Flag, Revision
from collectors.stores.fold import Figures
from collectors.stores.merge import Stored
from sensors.reading import Quality, Reading, StationState, to_ms

#: Everything there ever was, and what is a little ahead of the clock.
BEGIN_MS, END_MS = 0, 7_258_118_400_000

#: Time of what is replaced by each write [ms since the epoch, UTC].
FIXED_MS = 0

#: End of an event that lasts.
OPEN_END = 1e15

#: Fields of one point, by name.
Fields = dict[str, float]

_TAG = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_NORMAL = float(ord(StationState.NORMAL))


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


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _json(value: object) -> str:
    return _text(json.dumps(value, ensure_ascii=False, allow_nan=False))


def begin(station: str, determinand: str, measurement: str = "reading") -> str:
    """Beginning of every line of a series; raises ValueError where line protocol cannot carry it."""
    return f"{measurement},station={tag(station)},determinand={tag(determinand)} "


def fresh_line(begun: str, time_ms: int, value: float | None, quality: int, state: str) -> str:
    """Line of a reading where none can stand; written this way because there are so many."""
    said = f"{begun}quality={float(quality)!r}"
    if state != "N":
        said += f",state={float(ord(state))!r}"
    if value is not None and isfinite(value):
        said += f",value={float(value)!r}"
    return f"{said} {time_ms}"


def fields_of(stored: Stored) -> Fields:
    """Fields of a reading's point."""
    fields = {"quality": float(stored.quality)}
    if stored.state != StationState.NORMAL:
        fields["state"] = float(ord(stored.state))
    if stored.value is not None and isfinite(stored.value):
        fields["value"] = float(stored.value)
    if stored.said is not None:
        fields["said"] = float(stored.said)
    return fields


def fields_over(stored: Stored, old: Fields) -> Fields:
    """Fields of a point that is written over another one: fields that are left out would stay as they were."""
    fields = fields_of(stored)
    if "state" in old:
        fields.setdefault("state", _NORMAL)
    if "said" in old:
        fields.setdefault("said", 0.0)
    return fields


def line(begun: str, fields: Fields, time_ms: int) -> str:
    """Line of floats."""
    return f"{begun}{','.join(f'{name}={value!r}' for name, value in fields.items())} {time_ms}"


def stored_of(fields: Fields) -> Stored | None:
    """A reading from its point; None where it is none of ours."""
    quality, state = fields.get("quality"), fields.get("state", _NORMAL)
    if quality not in _QUALITIES or state not in _STATES or any(map(isnan, fields.values())):
        return None
    said = fields.get("said", 0.0)
    return Stored(fields.get("value"), int(quality), chr(int(state)), int(said) if said else None)


_QUALITIES = {float(quality) for quality in Quality}
_STATES = {float(ord(state)) for state in StationState}


def reading_of(station: str, determinand: str, time_ms: int, stored: Stored) -> Reading:
    """A reading as others see it."""
    return Reading(station, determinand, time_ms, stored.value, Quality(stored.quality), StationState(stored.state))


def revision_line(station: str, determinand: str, time_ms: int, old: Stored, replaced: str) -> str:
    """Line of what a reading replaced; `replaced` tells several replacements of one reading apart."""
    plain = fields_of(Stored(old.value, old.quality, old.state))
    tags = f"station={tag(station)},determinand={tag(determinand)},replaced={tag(replaced)}"
    return line(f"revision,{tags} ", plain, time_ms)


def revision_of(station: str, determinand: str, time_ms: int, replaced: str, stored: Stored) -> Revision:
    """Revision from its point."""
    one = reading_of(station, determinand, time_ms, stored)
    replaced_ms = int(replaced.partition("-")[0])
    return Revision(station, determinand, time_ms, one.value, one.quality, one.state, replaced_ms)


def replaced_order(replaced: str) -> tuple[int, ...]:
    """Order of replacements."""
    return tuple(int(part) for part in replaced.split("-"))


def flag_line(one: Flag, *, waiting: bool) -> str:
    """Line of a flag."""
    tags = f"station={tag(one.station)},determinand={tag(one.determinand)},test={tag(one.test)}"
    fields = f"flag={float(one.flag)!r},waiting={float(waiting)!r},body={_json(one.evidence)}"
    return f"flag,{tags} {fields} {one.time_ms}"


def flag_of(station: str, determinand: str, time_ms: int, test: str, flag: float, body: str) -> Flag:
    """Flag from its point."""
    return Flag(station, determinand, time_ms, test, Quality(int(flag)), json.loads(body))


def watermark_line(gateway: str, epoch: str, seq: int) -> str:
    """Line of a watermark."""
    return f"watermark,gateway={tag(gateway)} body={_json([epoch, seq])} {FIXED_MS}"


def mark_line(name: str, text: str) -> str:
    """Line of a mark."""
    return f"mark,name={tag(name)} body={_json(text)} {FIXED_MS}"


def log_line(measurement: str, writer: str, spans: dict[str, tuple[int, int]], time_ms: int) -> str:
    """Line of a log of what was written."""
    return f"{measurement},writer={tag(writer)} body={_json(spans)} {time_ms}"


def assessment_line(row: Assessment) -> str:
    """Line of a judgement."""
    tags = f"scope={tag(row.scope)},subject={tag(row.subject)},basis={tag(row.basis)}"
    return f"assessment,{tags} body={_json(asdict(row))} {row.time_ms}"


def assessment(body: str) -> Assessment:
    """Judgement from the body of its point."""
    fields = json.loads(body)
    fields["deciding"] = tuple(fields["deciding"])
    return Assessment(**fields)


def event_line(row: Event) -> str:
    """Line of an event."""
    end = OPEN_END if row.end_ms is None else float(row.end_ms)
    return f"event,id={tag(row.id)} end={end!r},body={_json(asdict(row))} {row.start_ms}"


def event(body: str) -> Event:
    """Event from the body of its point."""
    fields = json.loads(body)
    fields["stations"] = tuple(fields["stations"])
    return Event(**fields)


def figures_line(begun: str, figures: Figures, old: Figures | None, start_ms: int) -> str:
    """Line of a roll-up."""
    fields = {
        "minimum": figures.minimum, "maximum": figures.maximum,
        "sure_total": figures.sure_total, "sure_count": float(figures.sure_count),
    }  # fmt: skip
    if figures.suspect_count or (old is not None and old.suspect_count):
        fields |= {"suspect_total": figures.suspect_total, "suspect_count": float(figures.suspect_count)}
    return line(begun, fields, start_ms)


def figures_of(fields: Fields) -> Figures:
    """A roll-up from its point."""
    return Figures(
        fields.get("minimum", inf), fields.get("maximum", -inf),
        fields.get("sure_total", 0.0), int(fields.get("sure_count", 0.0)),
        fields.get("suspect_total", 0.0), int(fields.get("suspect_count", 0.0)),
    )  # fmt: skip


class Broken(Exception):
    """An answer that began well and ends with an error."""


def rows(answer: Iterable[Sequence[str]]) -> Iterator[dict[str, str]]:
    """Rows of a Flux answer in CSV, one header for each kind of table, as dictionaries.

    Raises
    ------
    Broken
        If the database fails while it answers: the status was sent before, so the rest looks like one more table.
    """
    header: Sequence[str] | None = None
    answer = iter(answer)
    for row in answer:
        if row[1:3] == ["error", "reference"]:
            raise Broken(" ".join(part for part in next(answer, ()) if part))
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


def time_of(row: dict[str, str], column: str = "_time") -> int:
    """Time of a row [ms since the epoch, UTC]."""
    return to_ms(datetime.fromisoformat(row[column]))

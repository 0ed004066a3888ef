"""How a history is divided: what regrading needs of a site, the spans of its parts, and what it counts.

A part is a month, or some days of one, for all stations or some of them: small enough for memory, and nothing in it
depends on another part. Months and days are those of the site's time zone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analytics.grading import WaterClass
from analytics.periods import Period, period_edges
from sensors.durations import HOUR_MS
from sensors.place import WaterBody
from sensors.site import Site

#: Stations whose months are evaluated, and whose trends are judged, at a time; a river is never divided.
CHUNK_STATIONS = 64

_CLASSES = tuple(each.name for each in WaterClass)


@dataclass(frozen=True, slots=True)
class Ground:
    """What regrading needs of a site; travels to every worker.

    Attributes
    ----------
    name : str
        Id of the site.
    timezone : str
    stations, bodies, rivers : tuple of str
        Id, water body and river of each station.
    targets : mapping of str to str
        Target class of each river.
    """

    name: str
    timezone: str
    stations: tuple[str, ...]
    bodies: tuple[WaterBody, ...]
    rivers: tuple[str, ...]
    targets: Mapping[str, str]

    @classmethod
    def of(cls, site: Site) -> Ground:
        """Take from a site what is needed."""
        stations = list(site.stations.values())
        return cls(
            site.id,
            site.timezone,
            tuple(station.id for station in stations),
            tuple(station.water_body for station in stations),
            tuple(station.river for station in stations),
            {river.id: river.target_class for river in site.rivers.values()},
        )

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of its months and days."""
        return ZoneInfo(self.timezone)

    @property
    def lake(self) -> NDArray[np.bool_]:
        """Which stations stand in a lake, (stations,)."""
        return np.array([body == "lake" for body in self.bodies], np.bool_)

    def chunks(self) -> list[tuple[str, ...]]:
        """Stations in groups of whole rivers, of about `CHUNK_STATIONS` each."""
        chunks: list[tuple[str, ...]] = []
        chunk: tuple[str, ...] = ()
        for river in dict.fromkeys(self.rivers):
            members = tuple(name for name, of in zip(self.stations, self.rivers, strict=True) if of == river)
            if chunk and len(chunk) + len(members) > CHUNK_STATIONS:
                chunks.append(chunk)
                chunk = ()
            chunk += members
        return [*chunks, chunk] if chunk else chunks


@dataclass(slots=True)
class Counts:
    """What was met while reading and grading; adds up over parts.

    Attributes
    ----------
    records, values : int
        Records (a station at an instant), and usable values in them.
    repeated : int
        Values that a later row of the same station, time and determinand replaced.
    implausible : int
        Values outside the range that their determinand can have; they count as missing.
    unusable : int
        Values of quality 4 or 9, or from a station that did not run normally; they count as missing.
    below : int
        Values below detection.
    unknown : dict of str to int
        Names that are no determinand of ours, with their number of rows.
    classes : dict of str to int
        Records of each class, best first; those without one under the empty name.
    partial : int
        Records that have a class although a required determinand is missing.
    """

    records: int = 0
    values: int = 0
    repeated: int = 0
    implausible: int = 0
    unusable: int = 0
    below: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("", *_CLASSES), 0))
    partial: int = 0

    def add(self, other: Counts) -> None:
        """Add the counts of another part."""
        for name in ("records", "values", "repeated", "implausible", "unusable", "below", "partial"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in ((self.unknown, other.unknown), (self.classes, other.classes)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count


def month_spans(first_ms: int, last_ms: int, zone: ZoneInfo) -> list[Period]:
    """Months of a zone from that of the first instant to that of the last; see `hour_of` for their exact bounds."""
    edges = period_edges("month", first_ms, last_ms + 1, zone)
    return [Period("month", edges[i], edges[i + 1], zone) for i in range(len(edges) - 1)]


def hour_of(time_ms: int) -> int:
    """Start of the hour (UTC) of an instant: parts begin on whole hours, also where the local midnight does not."""
    return time_ms // HOUR_MS * HOUR_MS


def digest(*words: object) -> str:
    """Fingerprint of anything whose text says what it is."""
    return hashlib.blake2b("\n".join(map(repr, words)).encode(), digest_size=16).hexdigest()

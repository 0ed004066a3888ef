"""What `riverchief replay` writes: detections and faults as JSON, in the files' own names and local times."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.replay.scenario import Scenario

#: Kinds of events as the file calls them; every other kind is ``other``.
KINDS_OUT: Mapping[str, str] = {"discharge": "illicit", "overflow": "wet"}


@dataclass(frozen=True, slots=True)
class Ranking:
    """Outfalls that an event may come from, best first.

    Attributes
    ----------
    at_ms : int
        When it was made, from nothing later [ms since the epoch, UTC].
    outfalls : tuple of (str, float)
        Outfall and probability; empty where nothing can be told.
    """

    at_ms: int
    outfalls: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Detected:
    """An event as it stood when it was reported, and the rankings made later.

    Attributes
    ----------
    id, kind : str
        Our kinds: discharge, overflow, operation, fault, unknown.
    probability : float
        That the kind is right, at `detected_ms`.
    detected_ms : int
        [ms since the epoch, UTC]
    stations, determinands : tuple of str
        Those that spoke at `detected_ms`.
    first : Ranking
    later : tuple of Ranking
    """

    id: str
    kind: str
    probability: float
    detected_ms: int
    stations: tuple[str, ...]
    determinands: tuple[str, ...]
    first: Ranking
    later: tuple[Ranking, ...] = ()


@dataclass(frozen=True, slots=True)
class FaultSpan:
    """A stretch in which a probe lies.

    Attributes
    ----------
    station : str
    determinand : str or None
        None: the whole station.
    start_ms, end_ms : int
        First and last reading concerned [ms since the epoch, UTC].
    kind : str
    """

    station: str
    determinand: str | None
    start_ms: int
    end_ms: int
    kind: str


def document(scenario: Scenario, events: Iterable[Detected], faults: Iterable[FaultSpan]) -> dict[str, Any]:
    """The file's content; detections in the order in which they were raised."""
    names = scenario.topology.names
    return {
        "scenario": scenario.topology.id,
        "detections": [
            {
                "id": event.id,
                "detected_at": scenario.local(event.detected_ms),
                "stations": list(event.stations),
                "parameters": [names.get(key, key) for key in event.determinands],
                "kind": KINDS_OUT.get(event.kind, "other"),
                "probability": round(event.probability, 4),
                "candidates": _ranked(event.first),
                "updates": [{"at": scenario.local(r.at_ms), "candidates": _ranked(r)} for r in event.later],
            }
            for event in sorted(events, key=lambda event: (event.detected_ms, event.id))
        ],
        "faults": [
            {
                "station": fault.station,
                "parameter": "*" if fault.determinand is None else names.get(fault.determinand, fault.determinand),
                "start": scenario.local(fault.start_ms),
                "end": scenario.local(fault.end_ms),
                "kind": fault.kind,
            }
            for fault in sorted(faults, key=lambda f: (f.start_ms, f.station, f.determinand or "", f.kind))
        ],
    }


def _ranked(ranking: Ranking) -> list[dict[str, Any]]:
    return [{"outfall": outfall, "score": round(probability, 5)} for outfall, probability in ranking.outfalls]


def write_document(content: Mapping[str, Any], path: Path) -> None:
    """Write the file, whole or not at all."""
    path.absolute().parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)

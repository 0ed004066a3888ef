"""Whether the system does its work, from what its processes leave in the store: hub, gateways, readings, room."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectors.stores.base import ReadingStore
from dashboard.alerts.causes_care import gateways_of
from dashboard.casework.database import Books
from sensors.site import Site

#: Names under which hub processes leave word in the store, followed by their label.
STATE = "hub.state/"

#: Labels of hub processes that take in or judge everything.
LABELS = ("all", "judge")

#: Silent after so long [ms].
SILENT_MS = 5 * 60_000


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the hub.

    Attributes
    ----------
    label : str
    told_ms, since_ms : int
        When it last told anything, and since when it runs, milliseconds since the epoch, UTC.
    connected : bool or None
        To the broker; None where it has nothing to do with it.
    trouble : str
        What it says is wrong; empty where nothing is.
    readings_per_s : float or None
    """

    label: str
    told_ms: int
    since_ms: int
    connected: bool | None
    trouble: str
    readings_per_s: float | None


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What the hub knows of a gateway.

    Attributes
    ----------
    id, name : str
    stations : int
        That it polls.
    heard_ms, newest_ms : int or None
        When it was last heard, and of its newest reading, milliseconds since the epoch, UTC.
    backlog, dropped : int
        Rows that wait in its spool, and rows that it has lost.
    clock : bool or None
        Whether its clock is kept; None where it has not said so.
    silent : int
        Stations that do not answer it.
    online : bool or None
        As the broker says; None where nothing was heard of it.
    refused : bool
        It refuses its settings.
    """

    id: str
    name: str
    stations: int
    heard_ms: int | None
    newest_ms: int | None
    backlog: int
    dropped: int
    clock: bool | None
    silent: int
    online: bool | None
    refused: bool


@dataclass(frozen=True, slots=True)
class Health:
    """Everything that is looked at.

    Attributes
    ----------
    processes : tuple of Process
    gateways : tuple of GatewayState
    newest_ms : int or None
        Of the newest reading in the store, milliseconds since the epoch, UTC.
    free : dict of str to int
        Free room by what is kept there: ``store``, ``files`` [bytes].
    """

    processes: tuple[Process, ...]
    gateways: tuple[GatewayState, ...]
    newest_ms: int | None
    free: dict[str, int]


def health(store: ReadingStore, books: Books, site: Site) -> Health:
    """Look at everything.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    reports = _reports(store, [*LABELS, *(str(number) for number in range(64))])
    newest: dict[str, int] = {}
    for report in reports.values():
        newest |= {name: one for name, one in (report.get("newest_ms") or {}).items() if isinstance(one, int)}
    told = gateways_of(reports)
    gateways = tuple(
        _gateway(gateway.id, gateway.name or gateway.id, len(site.slice(gateway.id)), told.get(gateway.id, {}),
                 newest.get(gateway.id))
        for gateway in site.gateways.values()
    )  # fmt: skip
    # A reading without a value came all the way as well: that its probe is silent is said elsewhere.
    latest = [reading.time_ms for reading in store.latest()]
    free = {}
    disks = [report["disk_free"] for report in reports.values() if isinstance(report.get("disk_free"), int)]
    if disks:
        free["store"] = min(disks)
    if (place := _there(books.files)) is not None:
        free["files"] = shutil.disk_usage(place).free
    return Health(
        tuple(_process(label, report) for label, report in reports.items()), gateways,
        max(latest, default=None), free,
    )  # fmt: skip


def _reports(store: ReadingStore, labels: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for label in labels:
        text = store.mark(STATE + label)
        if text is None:
            if label.isdecimal():
                break  # shards are numbered without gaps
            continue
        report = json.loads(text)
        if isinstance(report, dict):
            found[label] = report
    return found


def _process(label: str, report: Mapping[str, Any]) -> Process:
    errors = [str(report[key]) for key in ("broker_error", "store_error", "slices_error") if report.get(key)]
    if report.get("disk_full") is True:
        errors.append("disk full")
    rate = report.get("readings_per_s")
    connected = report.get("connected")
    return Process(
        label, _count(report.get("time_ms")), _count(report.get("since_ms")),
        connected if isinstance(connected, bool) else None, "; ".join(errors),
        float(rate) if isinstance(rate, int | float) else None,
    )  # fmt: skip


def _gateway(
    id_: str, name: str, stations: int, told: Mapping[str, Any], newest_ms: int | None
) -> GatewayState:  # fmt: skip
    clock = told.get("clock")
    silent = told.get("silent")
    kept = clock.get("synchronised") if isinstance(clock, dict) else None
    online, heard = told.get("online"), told.get("heard_ms")
    return GatewayState(
        id_, name, stations, heard if isinstance(heard, int) else None, newest_ms,
        _count(told.get("backlog")), _count(told.get("dropped")), kept if isinstance(kept, bool) else None,
        len(silent) if isinstance(silent, dict) else 0, online if isinstance(online, bool) else None,
        isinstance(told.get("refused"), dict),
    )  # fmt: skip


def _there(path: Path) -> Path | None:
    """The nearest folder above that exists."""
    return next((one for one in (path, *path.parents) if one.is_dir()), None)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0

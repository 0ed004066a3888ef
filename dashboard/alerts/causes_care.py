"""What the maintainer (运维单位) has to know: silence, faulty probes, calibrations, gateways and the hub itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dashboard.alerts.kinds import Wanted
from dashboard.alerts.settings import RaiseSettings
from dashboard.casework.desk import Desk
from dashboard.wording import Wording
from sensors.durations import MINUTE_MS

_GB = 10**9


@dataclass(frozen=True, slots=True)
class Due:
    """The calibration of one head that is due.

    Attributes
    ----------
    station, determinand : str
    on : date
    """

    station: str
    determinand: str
    on: date


def of_silence(
    desk: Desk, settings: RaiseSettings, silent: Collection[str], gateways: Mapping[str, Mapping[str, Any]],
    held: Collection[str], now_ms: int,
) -> Iterator[Wanted]:  # fmt: skip
    """One alert for a silent station; one for a gateway that is silent itself or has many silent stations.

    Parameters
    ----------
    desk : Desk
    settings : RaiseSettings
    silent : collection of str
        Stations.
    gateways : mapping of str to mapping
        What the hub knows of each: ``heard_ms``, ``silent`` (station -> why), ...
    held : collection of str
        Keys of open alerts: what began as one stays one while it lasts.
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    _, w = desk.words, Wording.of(desk.site, desk.words)
    minutes = round(settings.silent_min)
    for gateway in desk.site.gateways.values():
        told = gateways.get(gateway.id, {})
        stations = [station for station in desk.site.slice(gateway.id) if station.id in silent]
        heard_ms = told.get("heard_ms")
        mute = isinstance(heard_ms, int) and now_ms - heard_ms >= settings.silent_min * MINUTE_MS
        key = f"silent:gateway:{gateway.id}"
        many = len(stations) >= settings.burst or (key in held and bool(stations))
        if mute or many:
            name = gateway.name or gateway.id
            title = (
                _("Gateway {gateway} is silent", gateway=name)
                if mute
                else _("{count} stations of gateway {gateway} are silent", count=len(stations), gateway=name)
            )
            lines = [_("Silent: {stations}", stations=w.join([w.place(station) for station in stations]))]
            yield Wanted(key, "silent", "serious" if mute else "warning", title, "\n".join(lines if stations else []),
                         gateway=gateway.id, detail={"stations": [s.id for s in stations], "mute": mute})  # fmt: skip
        reasons = told.get("silent")
        for station in stations:
            key = f"silent:station:{station.id}"
            if (mute or many) and key not in held:
                continue
            why = str(reasons.get(station.id, "")) if isinstance(reasons, dict) else ""
            yield Wanted(
                key, "silent", "warning", _("{station} is silent", station=w.place(station)),
                "\n".join([_("No usable reading for {minutes} min", minutes=minutes), *([why] if why else [])]),
                river=station.river, station=station.id, gateway=gateway.id,
            )  # fmt: skip


def of_faults(desk: Desk, shares: Mapping[tuple[str, str], float], settings: RaiseSettings) -> Iterator[Wanted]:
    """One alert for a station whose probes are flagged all the time.

    Parameters
    ----------
    desk : Desk
    shares : mapping of (str, str) to float
        Station and determinand -> share of the readings that are flagged as an instrument's fault, 0 to 1.
    settings : RaiseSettings
    """
    _, w = desk.words, Wording.of(desk.site, desk.words)
    faulty: dict[str, list[str]] = {}
    for (name, determinand), share in sorted(shares.items()):
        if share >= settings.fault_share and name in desk.site.stations:
            faulty.setdefault(name, []).append(determinand)
    for name, determinands in faulty.items():
        station = desk.site.stations[name]
        title = _("Probe fault at {station}: {names}", station=w.place(station), names=w.names(determinands))
        yield Wanted(
            f"fault:{name}", "fault", "warning", title, _("Quality control flags nearly every reading."),
            len(determinands), river=station.river, station=name, gateway=station.gateway,
            detail={"determinands": determinands},
        )  # fmt: skip


def of_calibrations(desk: Desk, due: Iterable[Due], settings: RaiseSettings, today: date) -> Iterator[Wanted]:
    """One alert for a station with heads to be calibrated soon, or long ago."""
    _, w = desk.words, Wording.of(desk.site, desk.words)
    by_station: dict[str, list[Due]] = {}
    for one in sorted(due, key=lambda one: (one.on, one.determinand)):
        if one.on <= today + timedelta(days=settings.calibration_days) and one.station in desk.site.stations:
            by_station.setdefault(one.station, []).append(one)
    for name, heads in by_station.items():
        station = desk.site.stations[name]
        late = heads[0].on < today
        title = (
            _("Calibration overdue at {station}", station=w.place(station))
            if late
            else _("Calibration due at {station}", station=w.place(station))
        )
        lines = [
            _("{name}: until {day}", name=w.determinand(head.determinand), day=head.on.isoformat()) for head in heads
        ]
        yield Wanted(f"calibration:{name}", "calibration", "warning" if late else "info", title, "\n".join(lines),
                     int(late), river=station.river, station=name)  # fmt: skip


def of_gateways(desk: Desk, settings: RaiseSettings, gateways: Mapping[str, Mapping[str, Any]]) -> Iterator[Wanted]:
    """Clocks that nobody keeps, spools that fill up or have lost rows, configurations that were refused."""
    _ = desk.words
    for gateway in desk.site.gateways.values():
        told = gateways.get(gateway.id, {})
        name, clock = gateway.name or gateway.id, told.get("clock")
        if isinstance(clock, dict) and clock.get("synchronised") is False:
            title = _("The clock of gateway {gateway} is not kept", gateway=name)
            yield Wanted(
                f"clock:{gateway.id}", "clock", "warning", title,
                _("Its readings are marked as suspect."), gateway=gateway.id,
            )  # fmt: skip
        backlog, dropped = (_count(told.get(key)) for key in ("backlog", "dropped"))
        if dropped or backlog >= settings.spool_rows:
            title = (
                _("The spool of gateway {gateway} has lost rows", gateway=name)
                if dropped
                else _("The spool of gateway {gateway} fills up", gateway=name)
            )
            yield Wanted(f"spool:{gateway.id}", "spool", "serious" if dropped else "warning", title, "",
                         int(dropped > 0), gateway=gateway.id)  # fmt: skip
        if isinstance(refused := told.get("refused"), dict):
            title = _("Gateway {gateway} refuses its settings", gateway=name)
            yield Wanted(
                f"hub:refused:{gateway.id}", "hub", "warning", title,
                str(refused.get("problems", ""))[:1000], gateway=gateway.id,
            )  # fmt: skip


def of_hubs(
    desk: Desk, settings: RaiseSettings, reports: Mapping[str, Mapping[str, Any]], now_ms: int
) -> Iterator[Wanted]:
    """Processes of the hub that do not tell anything any more, and disks that fill up.

    Parameters
    ----------
    desk : Desk
    settings : RaiseSettings
    reports : mapping of str to mapping
        Label -> last report: ``time_ms``, ``disk_free`` [bytes] or null, ``disk_full``, ``connected``, ...
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    _ = desk.words
    fullest: tuple[int, bool] | None = None
    for label, report in reports.items():
        time_ms = report.get("time_ms")
        if isinstance(time_ms, int) and now_ms - time_ms >= settings.hub_min * MINUTE_MS:
            title = _("The hub is silent ({label})", label=label)
            text = _("Readings are not taken in, or not judged; the gateways keep them.")
            yield Wanted(f"hub:silent:{label}", "hub", "critical", title, text)
        elif report.get("connected") is False:
            title = _("The hub has no connection to the broker ({label})", label=label)
            yield Wanted(f"hub:broker:{label}", "hub", "serious", title, str(report.get("broker_error", ""))[:500])
        free = report.get("disk_free")
        if isinstance(free, int) and (fullest is None or free < fullest[0]):
            fullest = free, report.get("disk_full") is True
    if fullest is not None and (fullest[1] or fullest[0] < settings.disk_free_gb * _GB):
        title = _("The hub's disk is full") if fullest[1] else _("The hub's disk is nearly full")
        yield Wanted("disk:hub", "disk", "critical" if fullest[1] else "serious", title, "", int(fullest[1]))


def gateways_of(reports: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """What hub processes know of gateways; the newest word of each."""
    found: dict[str, Mapping[str, Any]] = {}
    for report in sorted(reports.values(), key=lambda report: _count(report.get("time_ms"))):
        told = report.get("gateways")
        if isinstance(told, dict):
            found |= {name: one for name, one in told.items() if isinstance(one, dict)}
    return found


def flagged_shares(
    flagged: Mapping[tuple[str, str], int], readings: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], float]:
    """Share of flagged readings of each head, from counts of both."""
    return {key: min(count / max(readings.get(key, 0), count), 1.0) for key, count in flagged.items() if count}


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


#: Tests of quality control that speak of an instrument, not of the water (`analytics.qc.checks`).
INSTRUMENT_TESTS: Sequence[str] = (
    "gross_range", "sentinel", "flat_line", "noise", "attenuated", "bias", "drift", "fouling",
)  # fmt: skip

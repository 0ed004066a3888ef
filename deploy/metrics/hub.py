"""What a hub process measures, from its own report (`deploy.hub.state`), and what it needs to be ready."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from collectors.clock import Now
from deploy.health import Check, Face
from deploy.hub.state import EVERY_S
from deploy.metrics.text import Samples, seconds

#: A report that is older than this was not written in its turn: something hangs [s].
LATE_S = 6 * EVERY_S

#: The hub is behind where judged slots end further back than this [s].
BEHIND_S = 3_600.0


class HubFace:
    """Face of a hub process.

    Parameters
    ----------
    now_ms : callable
        [ms since the epoch, UTC]

    Attributes
    ----------
    report : mapping
        The newest report of `deploy.hub.state.HubState.report`.
    failures : Counter of str
        What failed and was survived, by what it was: ``judging``, ``watch``, ``upkeep``, ``hub state``.
    written_ms : int or None
        When the store last took a report [ms since the epoch, UTC].
    """

    def __init__(self, now_ms: Now) -> None:
        self._now_ms = now_ms
        self.report: Mapping[str, Any] = {}
        self.failures: Counter[str] = Counter()
        self.written_ms: int | None = None

    @property
    def face(self) -> Face:
        """For `deploy.health.shown`."""
        return Face("hub", self.checks, self.measure)

    def checks(self) -> list[Check]:
        """Store, broker, backlog and disk."""
        told = self.report
        if not told or self.written_ms is None:
            return [Check("store", False, "it has not taken the first report yet")]
        age_s = (self._now_ms() - self.written_ms) / 1000
        error = str(told.get("store_error") or "")
        found = [Check("store", not error and age_s < LATE_S, error or f"took a report {max(age_s, 0):.0f} s ago")]
        if told.get("disk_full") is not None:
            found.append(Check("disk", not told["disk_full"], f"{told['disk_free'] >> 20} MB free"))
        if "connected" in told:
            found.append(Check("broker", bool(told["connected"]), str(told["broker_error"] or "connected")))
        if (lag_s := self._judged_age_s()) is not None:
            behind = bool(told["watch"]["behind"]) and lag_s > BEHIND_S
            found.append(Check("backlog", not behind, f"judged up to {lag_s:.0f} s ago"))
        if "site" in told:
            count = len(told["site"]["problems"])
            # A mistake in the folder is somebody's to mend; the hub works on from the site that it has.
            found.append(Check("site", True, f"{count} mistakes; the old one goes on" if count else "read"))
        return found

    def _judged_age_s(self) -> float | None:
        judged_ms = (self.report.get("watch") or {}).get("judged_ms")
        return None if judged_ms is None else (self._now_ms() - judged_ms) / 1000

    def measure(self, samples: Samples) -> None:
        """Add what the newest report says."""
        told = self.report
        for what in ("judging", "watch", "upkeep", "hub state"):
            samples.counter("hub_errors_total", "Work that failed and was survived, by what it was.",
                            self.failures[what], what=what)  # fmt: skip
        if not told:
            return
        samples.gauge("hub_report_timestamp_seconds", "When this was looked at.", seconds(told["time_ms"]))
        samples.gauge("hub_store_written_timestamp_seconds", "When the store last took a report.",
                      seconds(self.written_ms))  # fmt: skip
        samples.gauge("hub_disk_free_bytes", "Of an embedded store's disk.", told["disk_free"])
        _quarantine(samples, told["quarantine"])
        if "connected" in told:
            self._intake(samples, told)
            _gateways(samples, told, self._now_ms())
        if "graded" in told:
            self._judging(samples, told)

    def _intake(self, samples: Samples, told: Mapping[str, Any]) -> None:
        gauge, counter = samples.gauge, samples.counter
        gauge("hub_broker_connected", "1 while there is a session.", told["connected"])
        gauge("hub_store_error", "1 where the store takes nothing.", bool(told["store_error"]))
        counter("hub_ingested_readings_total", "Readings stored since the start.", told["readings"])
        counter("hub_ingested_rows_total", "Rows of spools stored.", told["rows"])
        counter("hub_ingested_batches_total", "Messages stored.", told["batches"])
        counter("hub_commits_total", "Transactions of the store.", told["commits"])
        counter("hub_known_rows_total", "Rows that came again.", told["known"])
        counter("hub_early_batches_total", "Batches that came before one that was missing.", told["early"])
        gauge("hub_ingest_delay_seconds", "From the newest reading of the last commit to its being stored.",
              told["delay_ms"] / 1000)  # fmt: skip
        counter("hub_moved_rows_total", "Rows of stations that hang on another gateway than the site says.",
                sum(count for _, _, count in told["moved"]))  # fmt: skip
        gauge("hub_slices_error", "1 where gateways' configurations cannot be published.", bool(told["slices_error"]))

    def _judging(self, samples: Samples, told: Mapping[str, Any]) -> None:
        gauge = samples.gauge
        gauge("hub_graded_stations", "Stations that have a class.", told["graded"])
        gauge("hub_stations", "Stations of the site.", told["stations"])
        gauge("hub_judging_behind", "1 while earlier hours wait to be judged.", told["behind"])
        watch = told.get("watch")
        if watch is None:
            return
        gauge("hub_watch_behind", "1 while slots that are due wait.", watch["behind"])
        gauge("hub_watch_judged_timestamp_seconds", "End of the newest slot that was judged.",
              seconds(watch["judged_ms"]))  # fmt: skip
        gauge("hub_watch_lag_seconds", "Age of that.", self._judged_age_s())
        gauge("hub_watch_series", "Series that detection uses.", watch.get("series"))
        gauge("hub_watch_ready_series", "Those that are warmed up.", watch.get("ready"))
        gauge("hub_open_events", "Events that may still be added to.", watch.get("events"))
        gauge("hub_rain_known", "1 where a rain gauge is heard.", watch.get("rain_known"))


def _quarantine(samples: Samples, rows: Iterable[tuple[str, str, int]]) -> None:
    total = 0
    for gateway, reason, count in rows:
        samples.counter("hub_quarantined_by_reason_total", "What the hub would not store.", count,
                        gateway=gateway, reason=reason)  # fmt: skip
        total += count
    samples.counter("hub_quarantined_total", "All of it since the start.", total)


def _gateways(samples: Samples, told: Mapping[str, Any], now_ms: int) -> None:
    """What the hub knows of each gateway: for whoever cannot ask the gateways themselves."""
    gauge = samples.gauge
    for name, one in told["gateways"].items():
        label = {"gateway": name}
        newest_ms = told["newest_ms"].get(name)
        online = one["online"]
        gauge("hub_gateway_online", "1 where it is there, as the broker says.", online, **label)
        gauge("hub_gateway_heard_timestamp_seconds", "When it last said something.", seconds(one["heard_ms"]), **label)
        gauge("hub_gateway_backlog_observations", "What it says of its spool.", one["backlog"], **label)
        gauge("hub_gateway_spool_bytes", "What it says of its spool.", one["bytes"], **label)
        gauge("hub_gateway_silent_stations", "Stations that do not answer it.", len(one["silent"]), **label)
        gauge("hub_gateway_settled", "1 where it runs the configuration that the hub wants.", one["settled"], **label)
        gauge("hub_gateway_clock_synchronised", "What it says of its clock.",
              one["clock"].get("synchronised"), **label)  # fmt: skip
        gauge("hub_gateway_lag_seconds", "Age of its newest stored reading.",
              None if newest_ms is None else max(0.0, (now_ms - newest_ms) / 1000), **label)  # fmt: skip
        samples.counter("hub_lost_rows_total", "Rows that will never come: the gateway had to drop them.",
                        told["lost"].get(name, 0), **label)  # fmt: skip

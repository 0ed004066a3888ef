"""What the processes of a city measure, and what they need to be ready."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from collectors.clock import Now
from deploy.health import Check, Face
from deploy.metrics.text import Samples

#: Without a round or a message for so long it is not ready [ms].
LATE_MS = 60_000


class CityFace:
    """Face of a bridge or a worker; may be used from any thread.

    Parameters
    ----------
    service : str
    now_ms : callable
        [ms since the epoch, UTC]

    Attributes
    ----------
    readings, found : int
        Readings that went through, events and flags that came of them.
    """

    def __init__(self, service: str, now_ms: Now) -> None:
        self._service, self._now_ms = service, now_ms
        self.readings = self.found = 0
        self._errors: Counter[str] = Counter()
        self._standing: dict[str, str] = {}
        self._moved_ms: int | None = None
        self._reports: dict[str, Mapping[str, Any]] = {}

    @property
    def face(self) -> Face:
        """For `deploy.health.shown`."""
        return Face(self._service, self.checks, self.measure)

    def moved(self, now_ms: int, readings: int, found: int, report: Mapping[str, Any], site: str = "") -> None:
        """Something went through; `report` is that of the watch."""
        self._moved_ms = now_ms
        self.readings += readings
        self.found += found
        if report:
            self._reports[site] = dict(report)

    def failed(self, what: str, why: str) -> None:
        """Something failed and was survived."""
        self._errors[what] += 1
        self._standing[what] = why

    def worked(self, what: str) -> None:
        """It works again."""
        self._standing.pop(what, None)

    def checks(self) -> list[Check]:
        """Whether it moves, and what stands in its way."""
        age_ms = None if self._moved_ms is None else self._now_ms() - self._moved_ms
        moves = age_ms is not None and age_ms < LATE_MS
        found = [Check("moves", moves, "nothing yet" if age_ms is None else f"{max(age_ms, 0) / 1000:.0f} s ago")]
        return found + [Check(what, False, why) for what, why in sorted(self._standing.items())]

    def measure(self, samples: Samples) -> None:
        """Add what was counted."""
        name = self._service
        samples.counter(f"{name}_readings_total", "Readings that went through.", self.readings)
        samples.counter(f"{name}_findings_total", "Events and flags that came of them.", self.found)
        for what in sorted(self._errors):
            samples.counter(f"{name}_errors_total", "Work that failed and was survived, by what it was.",
                            self._errors[what], what=what)  # fmt: skip
        for site, report in sorted(self._reports.items()):
            if (judged_ms := report.get("judged_ms")) is not None:
                samples.gauge(f"{name}_judged_age_seconds", "Age of the newest slot that was judged.",
                              (self._now_ms() - judged_ms) / 1000, site=site)  # fmt: skip
                samples.gauge(f"{name}_series_ready", "Series that detection is ready for.",
                              report.get("ready"), site=site)  # fmt: skip

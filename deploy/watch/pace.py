"""When a slot is judged: as soon as the stations that are alive have told of it, and not for ever later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analytics.qc.control import GRACE_MS
from deploy.watch.grid import SLOT_MS
from sensors.reading import Block

#: A station that is alive is waited for this long [ms]; it is what quality control takes late readings for as well.
HOLD_MS = GRACE_MS

#: A station that delivers what it has kept is waited for while something comes at least so often [ms]; after a start
#: those that have told nothing yet as well.
PATIENCE_MS = 60_000

#: For what stations have kept all others wait no longer than this [ms].
BACKLOG_MS = 3_600_000


class Pace:
    """Who has told what, and up to when slots are due.

    Readings of one station come in the order in which they were made, because a gateway's spool is a queue: a reading
    says that there is none before it that is still to come.

    Parameters
    ----------
    stations : iterable of str
    settle_ms : int
        Slots wait at least so long [ms].
    """

    def __init__(self, stations: Iterable[str], settle_ms: int = 0) -> None:
        self._stations, self._settle_ms = frozenset(stations), settle_ms
        #: Newest reading of each station, and when one was heard last.
        self._newest_ms: dict[str, int] = {}
        self._heard_ms: dict[str, int] = {}
        self._late_ms: dict[str, int] = {}
        self._lagging_since_ms: int | None = None
        self._first_heard_ms: int | None = None

    def save(self) -> dict[str, Any]:
        """Everything that it knows, as plain data."""
        return {
            "newest_ms": self._newest_ms, "heard_ms": self._heard_ms, "late_ms": self._late_ms,
            "lagging_since_ms": self._lagging_since_ms, "first_heard_ms": self._first_heard_ms,
        }  # fmt: skip

    def load(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `save` gave.

        Raises
        ------
        KeyError, TypeError
            If it is something else.
        """
        self._newest_ms, self._heard_ms = dict(saved["newest_ms"]), dict(saved["heard_ms"])
        self._late_ms = dict(saved["late_ms"])
        self._lagging_since_ms, self._first_heard_ms = saved["lagging_since_ms"], saved["first_heard_ms"]

    def know(self, latest: Block) -> None:
        """Take the newest readings that the store has."""
        for station, time_ms in zip(latest.station, latest.time_ms, strict=True):
            if station in self._stations:
                self._newest_ms[station] = max(time_ms, self._newest_ms.get(station, time_ms))

    def hear(self, now_ms: int, changed: Mapping[str, tuple[int, int]], judged_ms: int | None) -> None:
        """Take what has changed: station, and its oldest and newest reading that did."""
        for station, (oldest_ms, newest_ms) in changed.items():
            if station not in self._stations:
                continue
            if self._first_heard_ms is None:
                self._first_heard_ms = now_ms
            if judged_ms is not None and oldest_ms <= judged_ms:
                self._late_ms[station] = min(oldest_ms, self._late_ms.get(station, oldest_ms))
            if newest_ms >= self._newest_ms.get(station, newest_ms):
                self._newest_ms[station] = newest_ms
                self._heard_ms[station] = now_ms

    def complete(self, now_ms: int) -> bool:
        """Whether there is nobody any more whose first word is worth waiting for."""
        if self._first_heard_ms is None:
            return False
        return len(self._heard_ms) == len(self._stations) or now_ms - self._first_heard_ms > PATIENCE_MS

    def late(self, least_ms: int) -> dict[str, int]:
        """Stations with readings of slots that were judged, and the oldest of those; none before `least_ms`."""
        return {station: max(oldest_ms, least_ms) for station, oldest_ms in self._late_ms.items()}

    def let_go(self) -> None:
        """Forget what was late: it has been taken."""
        self._late_ms.clear()

    def due(self, now_ms: int, judged_ms: int) -> int:
        """End of the newest slot that is due; `judged_ms` where none is.

        Parameters
        ----------
        now_ms, judged_ms : int
            The present; end of the newest slot that was judged [ms since the epoch, UTC].
        """
        lagging = judged_ms < now_ms - HOLD_MS - 2 * SLOT_MS
        if not lagging:
            self._lagging_since_ms = None
        elif self._lagging_since_ms is None:
            self._lagging_since_ms = now_ms
        tired = self._lagging_since_ms is not None and now_ms - self._lagging_since_ms > BACKLOG_MS
        alive = [station for station, heard_ms in self._heard_ms.items() if now_ms - heard_ms <= HOLD_MS]
        if not alive or not self.complete(now_ms):
            # Nobody tells anything: the line is down, and what there is will come.
            return judged_ms
        waited = [time_ms for station in alive if (time_ms := self._waited(station, now_ms, judged_ms, tired))]
        until_ms = min([now_ms - self._settle_ms, *waited])
        return max(judged_ms, until_ms // SLOT_MS * SLOT_MS)

    def _waited(self, station: str, now_ms: int, judged_ms: int, tired: bool) -> int | None:
        """Newest reading of a station, where slots after it wait for its next one."""
        newest_ms, silent_ms = self._newest_ms[station], now_ms - self._heard_ms[station]
        if now_ms - newest_ms <= HOLD_MS:
            return newest_ms
        # It delivers what it has kept. What is older than what was judged holds nobody up.
        if newest_ms > judged_ms - HOLD_MS and silent_ms <= PATIENCE_MS and not tired:
            return newest_ms
        return None

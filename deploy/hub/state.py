"""How a hub process is doing, as data: for the board, for metrics, and for whoever asks why nothing comes in.

It stands in the store under the mark ``hub.state/LABEL`` (`deploy.hub.role.Role.label`), one JSON object, written every
`EVERY_S`. A store that takes nothing shows nothing new: then the age of ``time_ms`` is the news.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collectors.broker import Session
from collectors.clock import Now
from collectors.ingest import Ingest
from collectors.quarantine import Quarantine
from collectors.stores.base import ReadingStore
from deploy.hub.care import Care
from deploy.hub.judging import Judging
from deploy.hub.marks import STATE
from deploy.hub.role import Role
from deploy.hub.site import SiteFolder

if TYPE_CHECKING:
    from deploy.watch.watch import Watch

#: Pause between two reports [s].
EVERY_S = 10.0

#: Below this the disk of an embedded store counts as full [bytes]: what one large commit and its log may need.
FULL_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Intake:
    """What takes in and looks after gateways in a process that does."""

    session: Session
    ingests: Sequence[Ingest]
    care: Care


class HubState:
    """Collects and writes the state of one process.

    Parameters
    ----------
    role : Role
    now_ms : callable
        [ms since the epoch, UTC]
    quarantine : Quarantine
    disk : Path or None
        Folder of the store where it is on this machine.
    """

    def __init__(self, role: Role, now_ms: Now, quarantine: Quarantine, disk: Path | None) -> None:
        self._role, self._now_ms, self._quarantine, self._disk = role, now_ms, quarantine, disk
        self._since_ms = now_ms()
        self._last: tuple[int, int, int] = (self._since_ms, 0, 0)

    def report(
        self,
        intake: Intake | None,
        judging: Judging | None,
        watch: Watch | None = None,
        folder: SiteFolder | None = None,
    ) -> dict[str, Any]:
        """Everything that there is to tell.

        Returns
        -------
        dict
            ``time_ms``, ``since_ms`` (start of the process), ``label``, ``shards``, ``disk_free`` [bytes] and
            ``disk_full`` (null where the store is elsewhere), ``quarantine`` (gateway, reason, count). With ingest also
            ``connected``, ``broker_error``, ``store_error``, ``batches``, ``rows``, ``readings``, ``commits``,
            ``known``, ``early``, ``lost`` (gateway: rows), ``moved`` (gateway, station, rows), ``newest_ms`` (gateway:
            newest reading that was stored), ``delay_ms`` (of the last commit), ``commits_per_s`` and
            ``readings_per_s`` since the last report, and ``gateways``: fields of `deploy.hub.care.GatewayCare` without
            ``state`` and ``answers``, and ``settled``. With judging also ``graded``, ``stations`` and ``behind``, and
            ``watch``: what `deploy.watch.watch.Watch.report` tells. With a folder that is followed also ``site``: what
            `deploy.hub.site.SiteFolder.report` tells.
        """
        now_ms = self._now_ms()
        free = None if self._disk is None else shutil.disk_usage(self._disk).free
        told: dict[str, Any] = {
            "time_ms": now_ms, "since_ms": self._since_ms, "label": self._role.label, "shards": list(self._role.shards),
            "disk_free": free, "disk_full": None if free is None else free < FULL_BYTES,
            "quarantine": [[*key, count] for key, count in sorted(self._quarantine.by_gateway.items())],
        }  # fmt: skip
        if intake is not None:
            told |= self._taken_in(now_ms, intake.session, intake.ingests)
            told |= {"slices_error": intake.care.error, "gateways": _gateways(intake.care)}
        if judging is not None:
            told |= {"graded": judging.judge.graded, "stations": judging.stations, "behind": judging.behind}
        if watch is not None:
            told["watch"] = watch.report()
        if folder is not None:
            told["site"] = folder.report()
        return told

    def _taken_in(self, now_ms: int, session: Session, ingests: Sequence[Ingest]) -> dict[str, Any]:
        states = [ingest.state for ingest in ingests]
        sums = {
            name: sum(getattr(state, name) for state in states)
            for name in ("batches", "rows", "readings", "commits", "known", "early")
        }
        before_ms, commits, readings = self._last
        self._last = now_ms, sums["commits"], sums["readings"]
        seconds = max(now_ms - before_ms, 1) / 1000
        lost: Counter[str] = sum((state.lost for state in states), Counter())
        moved: Counter[tuple[str, str]] = sum((state.moved for state in states), Counter())
        newest = {gateway: time_ms for state in states for gateway, time_ms in state.newest_ms.items()}
        return {
            "connected": session.state.connected, "broker_error": session.state.error,
            "store_error": next((state.error for state in states if state.error), ""), **sums, "lost": dict(lost),
            "moved": [[*key, count] for key, count in sorted(moved.items())], "newest_ms": newest,
            "delay_ms": max((state.delay_ms for state in states), default=0),
            "commits_per_s": round((sums["commits"] - commits) / seconds, 2),
            "readings_per_s": round((sums["readings"] - readings) / seconds, 1),
        }  # fmt: skip

    def write(self, store: ReadingStore, report: dict[str, Any]) -> None:
        """Put a report into the store.

        Raises
        ------
        StoreError
            If the store does not take it.
        """
        store.put_mark(STATE + self._role.label, json.dumps(report, sort_keys=True))


def _gateways(care: Care) -> dict[str, dict[str, Any]]:
    return {
        name: {
            field.name: getattr(one, field.name) for field in fields(one) if field.name not in ("state", "answers")
        } | {"settled": one.settled}
        for name, one in care.gateways.items()
    }  # fmt: skip

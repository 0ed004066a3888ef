"""Care of the stations on the page of the books: what is to be calibrated, by week; samples held against the probe."""

from __future__ import annotations

from datetime import date

from sqlalchemy.orm import Session

from analytics.below_detection import BelowDetection
from collectors.stores.base import ReadingStore
from dashboard.casework.laboratory import Pair, compare
from dashboard.casework.tables.stations import Sample
from dashboard.casework.visits import calibrations_due, due_by_week
from dashboard.viewdata.books_ledger import Cell, Line
from dashboard.wording import NOTHING, Wording
from sensors.determinand import DETERMINANDS
from sensors.site import Site

#: How far the list of calibrations looks ahead [d].
AHEAD_DAYS = 28


def care_lines(session: Session, site: Site, day: date, w: Wording, rivers: frozenset[str] | None) -> list[Line]:
    """Calibrations that are overdue or due in the next weeks, each under the Monday of its week."""
    _ = w._
    lines = []
    for monday, dues in due_by_week(calibrations_due(session, day, AHEAD_DAYS), day):
        for due in dues:
            station = site.stations.get(due.station)
            if station is None or (rivers is not None and station.river not in rivers):
                continue
            week = _("overdue") if monday is None else monday.isoformat()
            passed = NOTHING if due.passed is None else _("passed") if due.passed else _("not passed")
            cells = (
                w.place(station), Cell(week, "bad" if monday is None else ""), w.determinand(due.determinand),
                due.due_on.isoformat(), Cell(passed, "bad" if due.passed is False else ""),
            )  # fmt: skip
            lines.append(Line(cells, "station", {"station": station.id}))
    return lines


def compared(session: Session, store: ReadingStore, sample: str, w: Wording) -> list[Line]:
    """Results of a sample beside the readings of the probe.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    row = session.get(Sample, sample)
    if row is None:
        return []
    pairs = [pair for pair in compare(session, store, row.taken_ms, row.taken_ms + 1) if pair.sample == sample]
    return [_line(pair, w) for pair in pairs]


def _line(pair: Pair, w: Wording) -> Line:
    _ = w._
    key = pair.determinand
    name = w.determinand(key) + (f" [{w.unit(key)}]" if w.unit(key) else "") if key in DETERMINANDS else key
    within = NOTHING if pair.agrees is None else _("yes") if pair.agrees else _("no")
    return Line(
        (name, _amount(pair, w), w.number(key, pair.probe), w.number(key, pair.difference), str(pair.readings),
         Cell(within, "bad" if pair.agrees is False else ""))
    )  # fmt: skip


def _amount(pair: Pair, w: Wording) -> str:
    if isinstance(pair.laboratory, BelowDetection):
        limit = pair.laboratory.limit
        return "ND" if limit is None else f"<{limit:g}"
    return w.number(pair.determinand, pair.laboratory)

"""What must hold of the rows of the books, beyond each cell: orders of days, places on the network, stages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dashboard.casework.exchange.book import Check, Merged, Objection
from dashboard.casework.exchange.said import Said, _
from dashboard.casework.survey import needs_of, stage_index
from dashboard.casework.vocabulary import OUTFALL_STAGES


def in_order(earlier: str, later: str) -> Check:
    """Two days or numbers of which the second is not below the first."""

    def check(row: Merged) -> Iterator[Objection]:
        if row[earlier] is not None and row[later] is not None and row[later] < row[earlier]:
            yield later, row[later], Said(_("not before {first}"), first=_plain(row[earlier]))

    return check


def needs(attribute: str, states: dict[str, tuple[str, ...]]) -> Check:
    """In some states other columns are not blank."""

    def check(row: Merged) -> Iterator[Objection]:
        for other in states.get(row[attribute] or "", ()):
            if row[other] is None or row[other] == "":
                yield other, None, Said(_("something that is not blank in this state"))

    return check


def on_the_network(*chainages: str) -> Check:
    """The reach is one of the river, and chainages lie on it."""

    def check(row: Merged) -> Iterator[Objection]:
        reach = row.site.reaches.get(row["reach"] or "")
        if reach is None:
            return
        if row["river"] is not None and reach.river != row["river"]:
            shown = ", ".join(each.id for each in row.site.reaches_of(row["river"]))
            yield "reach", reach.id, Said(_("a reach of that river: {words}"), words=shown)
            return
        for attribute in chainages:
            if row[attribute] is not None and row[attribute] > reach.length_m:
                message = _("a number from {low} to {high}")
                yield attribute, row[attribute], Said(message, low=0, high=f"{reach.length_m:g}")

    return check


def outfall_stage(row: Merged) -> Iterator[Objection]:
    """A stage has what it needs, and a list never takes an outfall back."""
    stage = row["stage"]
    if stage is None:
        return
    if row.before is not None and stage_index(stage) < stage_index(row.before.stage):
        words = OUTFALL_STAGES.both(row.before.stage)
        yield "stage", stage, Said(_("{words} or later: a list takes no outfall back"), words=words)
        return
    for attribute, said in needs_of(stage, row.values):
        yield attribute, None, said


def _plain(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)

"""One writer at a time, and numbers without gaps."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.audit import AuditHead
from dashboard.casework.tables.orders import Sequence


def take_turn(session: Session) -> None:
    """Wait until no other change is under way, before the first look at what is to be changed.

    Every change ends in the one audit chain and so waits for its turn there anyway. Taken at the beginning, nothing
    that was read is out of date, nothing is decided twice, and no two changes wait for each other. On SQLite a change
    has its turn from its first statement on.
    """
    session.flush()
    session.execute(select(AuditHead.id).with_for_update())


def next_number(session: Session, series: str) -> int:
    """Next number of a series, 1 first; given back when the transaction is rolled back, so that none is missing."""
    take_turn(session)
    row = session.get(Sequence, series, populate_existing=True)
    if row is None:
        row = Sequence(name=series, last=0)
        session.add(row)
    row.last += 1
    session.flush()
    return row.last

"""Who is on duty for a department, from when to when: rosters that the office keeps."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.accounts.refusals import Refused
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account, Duty
from sensors.errors import UsageError
from sensors.site import Site

#: Levels that there may be: who is called first, second, third.
LEVELS = (1, 2, 3)

#: Longest duty [ms].
LONGEST_MS = 366 * 86_400_000


@dataclass(frozen=True, slots=True)
class Watch:
    """One duty.

    Attributes
    ----------
    department, account : str
    level : int
        1 is called first.
    start_ms, end_ms : int
        From and until, the end not included, milliseconds since the epoch, UTC.
    """

    department: str
    account: str
    level: int
    start_ms: int
    end_ms: int


def duties(session: Session, from_ms: int, limit: int = 500) -> list[Duty]:
    """Duties that are not over at an instant [ms since the epoch, UTC], the next ones first."""
    query = select(Duty).where(Duty.end_ms > from_ms)
    return list(session.scalars(query.order_by(Duty.start_ms, Duty.department, Duty.level).limit(limit)))


def add(books: Books, site: Site, actor: str, now_ms: int, watch: Watch) -> int:
    """Put a duty into the roster; its number.

    Raises
    ------
    UsageError
        In one sentence: an account or a department that is not there, a level, an order of instants, somebody who has
        the same duty at that time already.
    BooksError
    """
    if watch.department not in site.departments:
        raise UsageError(f"department {watch.department!r:.60}: accepted: {', '.join(site.departments)}")
    if watch.level not in LEVELS:
        raise UsageError(f"level {watch.level}: accepted: {', '.join(map(str, LEVELS))}")
    if not 0 < watch.end_ms - watch.start_ms <= LONGEST_MS:
        raise Refused("order", "a duty ends after it has begun, and within a year")
    with books.change(actor, now_ms, "duty roster") as session:
        account = session.get(Account, watch.account)
        if account is None or account.disabled:
            raise Refused(
                "missing", f"account {watch.account!r:.60}: there is none, or it is switched off", account=watch.account
            )
        same = select(Duty.id).where(
            Duty.department == watch.department, Duty.account == watch.account, Duty.level == watch.level,
            Duty.start_ms < watch.end_ms, Duty.end_ms > watch.start_ms,
        )  # fmt: skip
        if session.scalars(same.limit(1)).first() is not None:
            raise Refused("twice", f"{watch.account} has that duty at that time already", account=watch.account)
        row = Duty(department=watch.department, account=watch.account, level=watch.level, start_ms=watch.start_ms,
                   end_ms=watch.end_ms)  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def remove(books: Books, actor: str, now_ms: int, number: int) -> None:
    """Take a duty out of the roster.

    Raises
    ------
    UsageError
        If it is not there any more.
    BooksError
    """
    with books.change(actor, now_ms, "duty roster") as session:
        row = session.get(Duty, number)
        if row is None:
            raise Refused("gone", "that duty is not there any more")
        session.delete(row)

"""Failures to sign in, and how long an account is closed after them.

Names that no account has are counted as well, in a fixed number of rows: what an attempt costs and what it answers does
not tell whether there is such an account, and nobody fills the books by guessing names.
"""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from dashboard.accounts.settings import AccessSettings
from dashboard.casework.tables.accounts import Account, LoginFailure


def key_of(account: Account | None, name: str) -> str:
    """Under which failures of a name are counted."""
    return account.id if account is not None else f"?{hashlib.sha256(name.encode()).hexdigest()[:2]}"


def closed_until_ms(count: int, last_ms: int, settings: AccessSettings) -> int:
    """Until when an account is closed [ms since the epoch, UTC]; 0 where it is not.

    Examples
    --------
    >>> [closed_until_ms(n, 0, AccessSettings()) // 60_000 for n in (4, 5, 6, 7, 8, 9, 99)]
    [0, 15, 30, 60, 120, 240, 240]
    """
    if count < settings.failures:
        return 0
    doubled = settings.lock_s * 2.0 ** min(count - settings.failures, 40)
    return last_ms + round(min(doubled, settings.longest_lock_s) * 1000)


def is_closed(session: Session, key: str, now_ms: int, settings: AccessSettings) -> bool:
    """Whether attempts are refused now, right or wrong."""
    row = session.get(LoginFailure, key)
    return row is not None and now_ms < closed_until_ms(row.count, row.last_ms, settings)


def failed(session: Session, key: str, now_ms: int, settings: AccessSettings) -> int:
    """Count a failure; how many there are in a row now."""
    row = session.get(LoginFailure, key)
    if row is None:
        row = LoginFailure(account=key, count=0, last_ms=now_ms)
        session.add(row)
    if now_ms - row.last_ms > settings.forget_s * 1000:
        row.count = 0
    row.count += 1
    row.last_ms = now_ms
    session.flush()
    return row.count


def forgive(session: Session, key: str) -> None:
    """Forget failures: somebody signed in, or the office opened the account again."""
    if (row := session.get(LoginFailure, key)) is not None:
        session.delete(row)
        session.flush()

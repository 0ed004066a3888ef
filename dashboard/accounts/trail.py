"""Entries of the audit trail that are no change of a row: somebody signed in, an account was closed, ..."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from dashboard.casework.audit import AuditEntry, AuditHead, seal


def queue(session: Session) -> None:
    """Wait for the turn of this change: what is read after it is not changed by anybody else before the commit."""
    session.execute(select(AuditHead.seq).with_for_update())


def note(session: Session, now_ms: int, actor: str, action: str, account: str, reason: str = "") -> None:
    """Write an entry about an account that changes nothing of it.

    Parameters
    ----------
    session : Session
        Of `Books.change`.
    now_ms : int
        Milliseconds since the epoch, UTC.
    actor : str
    action : str
        What happened, in 8 letters at most: ``signin``, ``refused``, ``closed``, ``signout``.
    account : str
        One that there is: the trail is held against the books.
    reason : str, optional
        More about it, and never a secret.
    """
    session.flush()
    head = session.execute(select(AuditHead.seq, AuditHead.hash).with_for_update()).one()
    entry: dict[str, Any] = {
        "seq": head.seq + 1, "time_ms": now_ms, "actor": actor, "action": action, "subject": "account",
        "subject_id": account, "before": None, "after": None, "reason": reason,
    }  # fmt: skip
    entry["hash"] = seal(head.hash, entry)
    session.execute(insert(AuditEntry), [entry])
    session.execute(update(AuditHead).values(seq=entry["seq"], hash=entry["hash"]))

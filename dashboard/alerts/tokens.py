"""Links that acknowledge: single use, expiring, bound to whom they were sent to. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from dashboard.alerts.acknowledging import acknowledge
from dashboard.casework.tables.alerts import Alert, Token

#: Random bytes of a token.
BYTES = 32


def new_token(session: Session, alerts: Sequence[int], account: str, expires_ms: int) -> str:
    """A token for a recipient; what is returned is nowhere kept.

    Parameters
    ----------
    session : Session
    alerts : sequence of int
        What it acknowledges.
    account : str
    expires_ms : int
        Milliseconds since the epoch, UTC.
    """
    raw = secrets.token_urlsafe(BYTES)
    session.add(Token(hash=hash_of(raw), alerts=list(alerts), account=account, expires_ms=expires_ms))
    return raw


def hash_of(raw: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(raw.encode()).hexdigest()


def find_token(session: Session, raw: str) -> Token | None:
    """The token, used and expired ones included; None where there never was one."""
    return session.get(Token, hash_of(raw), populate_existing=True)


def alerts_of(session: Session, token: Token) -> list[Alert]:
    """Alerts that a token acknowledges, in order."""
    return list(session.scalars(select(Alert).where(Alert.id.in_(token.alerts)).order_by(Alert.id)))


def use_token(session: Session, raw: str, now_ms: int) -> bool:
    """Acknowledge by a token; False where there is none, it has expired, or it was used.

    Parameters
    ----------
    session : Session
        Of `Books.change`.
    raw : str
    now_ms : int
        Milliseconds since the epoch, UTC.
    """
    # One statement decides who is first.
    taken = session.execute(
        update(Token)
        .where(Token.hash == hash_of(raw), Token.used_ms.is_(None), Token.expires_ms > now_ms)
        .values(used_ms=now_ms)
    )
    assert isinstance(taken, CursorResult)
    token = find_token(session, raw)
    if taken.rowcount != 1 or token is None:
        return False
    for alert in alerts_of(session, token):
        acknowledge(session, alert, token.account, now_ms)
    return True

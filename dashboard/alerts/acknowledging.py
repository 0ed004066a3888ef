"""Acknowledging: somebody takes an alert on, so that nobody else is called."""

from __future__ import annotations

from sqlalchemy.orm import Session

from dashboard.casework.tables.alerts import Alert


def acknowledge(session: Session, alert: Alert, account: str, now_ms: int) -> bool:
    """Note who has taken an alert on; the first one stays.

    Parameters
    ----------
    session : Session
        Of `Books.change`.
    alert : Alert
    account : str
        Account, or contact key of an office.
    now_ms : int
        Milliseconds since the epoch, UTC.

    Returns
    -------
    bool
        False where somebody had it already.
    """
    session.refresh(alert, with_for_update=True)
    if alert.acknowledged_ms is not None:
        return False
    alert.acknowledged_ms, alert.acknowledged_by, alert.escalate_ms = now_ms, account, None
    session.flush()
    return True

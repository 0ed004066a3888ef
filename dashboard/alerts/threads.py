"""From what should be told to what is told: alerts are raised, told again when it gets worse, escalated, cleared.

Everything of one look is one transaction with the messages that it makes: an alert without its messages, or messages
without their alert, are never there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.alerts.kinds import Found, Wanted, is_of, rank
from dashboard.alerts.outbox import enqueue
from dashboard.alerts.quiet import due_ms
from dashboard.alerts.routing import Directory, Recipient
from dashboard.casework.desk import Desk
from dashboard.casework.tables.alerts import Alert, Message

#: The text of an alert that goes on is brought up to date this often; the audit trail keeps each one [ms].
FRESHEN_MS = 15 * 60_000

_COLUMNS = ("river", "station", "gateway", "grid", "department", "order", "event")


@dataclass(frozen=True, slots=True)
class Threads:
    """What raising and telling needs to know; for one look.

    Attributes
    ----------
    desk : Desk
    directory : Directory
    now_ms : int
        Milliseconds since the epoch, UTC.
    """

    desk: Desk
    directory: Directory
    now_ms: int

    def reconcile(self, session: Session, found: Sequence[Found]) -> list[Alert]:
        """Bring the alerts in line with what was found; those that were changed.

        Parameters
        ----------
        session : Session
            Of `Books.change`, which has its turn (`dashboard.casework.sequences.take_turn`).
        found : sequence of Found
            Kinds that nobody looked at stay as they are.
        """
        open_ = {
            alert.key: alert
            for alert in session.scalars(select(Alert).where(Alert.cleared_ms.is_(None)).order_by(Alert.id))
        }
        changed = []
        for look in found:
            wanted = {one.key: one for one in look.wanted}
            for key, one in wanted.items():
                alert = open_.get(key)
                if alert is None:
                    open_[key] = self._raise(session, one)
                    changed.append(open_[key])
                elif self._go_on(session, alert, one):
                    changed.append(alert)
            for key, alert in open_.items():
                if key not in wanted and any(is_of(alert.kind, kind) for kind in look.kinds):
                    changed += [alert] if self._miss(session, alert) else []
        session.flush()
        return changed

    def escalate(self, session: Session) -> list[Alert]:
        """Call the next level of duty where nobody has acknowledged in time; those that were told."""
        now_ms, tell = self.now_ms, self.directory.settings.tell
        due = select(Alert).where(
            Alert.escalate_ms <= now_ms, Alert.cleared_ms.is_(None), Alert.acknowledged_ms.is_(None)
        )
        told = []
        for alert in session.scalars(due.order_by(Alert.id)):
            when = due_ms(tell, alert.severity, now_ms, self.desk.calendar.zone)
            if when > now_ms:
                alert.escalate_ms = when
                continue
            alert.level += 1
            while not (people := self.directory.told(alert, alert.level)) and alert.level <= tell.levels:
                alert.level += 1
            last = alert.level > tell.levels
            alert.escalate_ms = None if last else now_ms + tell.patience_ms(alert.severity)
            self._tell(session, alert, "escalated", people)
            told.append(alert)
        session.flush()
        return told

    def _raise(self, session: Session, one: Wanted) -> Alert:
        alert = Alert(
            key=one.key, kind=one.kind, severity=one.severity, title=one.title[:200], text=one.text, detail=one.detail,
            raised_ms=self.now_ms, updated_ms=self.now_ms, stage=one.stage, round=0, level=1,
            **{name: getattr(one, name) for name in _COLUMNS},
        )  # fmt: skip
        self._begin(alert)
        self._tell(session, alert, "raised", self.directory.told(alert, 1))
        return alert

    def _go_on(self, session: Session, alert: Alert, one: Wanted) -> bool:
        """The cause is still there; whether anything of its alert changed."""
        worse = one.stage > alert.stage or rank(one.severity) > rank(alert.severity)
        stale = self.now_ms - alert.updated_ms >= FRESHEN_MS
        new = (one.title[:200], one.text, one.detail, one.severity, one.kind, one.stage)
        different = new != (alert.title, alert.text, alert.detail, alert.severity, alert.kind, alert.stage)
        was_missing = alert.missing_ms is not None
        alert.missing_ms = None
        # What the next look goes by is kept at once; the words can wait.
        keep = worse or (different and (stale or one.detail != alert.detail or one.stage != alert.stage))
        if keep:
            alert.title, alert.text, alert.detail, alert.severity, alert.kind, alert.stage = new
            alert.updated_ms = self.now_ms
            for name in _COLUMNS:
                setattr(alert, name, getattr(one, name))
        if worse:
            # Who took it on took on something smaller.
            alert.acknowledged_ms = alert.acknowledged_by = None
            alert.level = 1
            self._begin(alert)
            self._tell(session, alert, "worse", self._again(session, alert))
        return keep or was_missing

    def _miss(self, session: Session, alert: Alert) -> bool:
        """The cause is not there; whether the alert changed."""
        if alert.missing_ms is None:
            alert.missing_ms = self.now_ms
            clear_min = self.directory.settings.raising.clear_min
            if clear_min > 0:
                return True
        if self.now_ms - alert.missing_ms < self.directory.settings.raising.clear_min * 60_000:
            return False
        alert.cleared_ms, alert.escalate_ms = self.now_ms, None
        if self.directory.settings.tell.cleared:
            self._tell(session, alert, "cleared", self._heard(session, alert))
        return True

    def _begin(self, alert: Alert) -> None:
        patience_ms = self.directory.settings.tell.patience_ms(alert.severity)
        begun_ms = due_ms(self.directory.settings.tell, alert.severity, self.now_ms, self.desk.calendar.zone)
        alert.escalate_ms = begun_ms + patience_ms if patience_ms else None

    def _tell(self, session: Session, alert: Alert, what: str, people: Iterable[Recipient]) -> None:
        alert.round += 1
        session.add(alert)
        session.flush()  # a new one gets its number
        when = due_ms(self.directory.settings.tell, alert.severity, self.now_ms, self.desk.calendar.zone)
        enqueue(session, self.directory, alert, f"{what}-{alert.round}", people, when)

    def _again(self, session: Session, alert: Alert) -> list[Recipient]:
        """Who is to hear that it is worse: who hears of it now, and who has heard of it before."""
        people = {one.id: one for one in self.directory.told(alert, 1)}
        for one in self._known(select_accounts(session, alert)):
            people.setdefault(one.id, one)
        return list(people.values())

    def _heard(self, session: Session, alert: Alert) -> list[Recipient]:
        """Who was told already. Whoever's message still waits reads in it that it is over."""
        return self._known(select_accounts(session, alert, "sent"))

    def _known(self, accounts: Iterable[str]) -> list[Recipient]:
        known = self.directory.recipients
        return [known[account] for account in accounts if account in known]


def select_accounts(session: Session, alert: Alert, *states: str) -> list[str]:
    """Recipients of an alert's messages, those in some states only where any is given."""
    query = select(Message.account).where(Message.alert_id == alert.id).distinct().order_by(Message.account)
    return list(session.scalars(query.where(Message.state.in_(states)) if states else query))

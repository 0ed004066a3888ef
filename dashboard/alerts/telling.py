"""The words of messages: one alert whole, several as a list; in the office's language."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from dashboard.alerts.channels.base import Told
from dashboard.alerts.kinds import rank
from dashboard.casework.desk import Desk
from dashboard.casework.tables.alerts import Alert, Message
from dashboard.i18n import Translator


def severity_word(_: Translator, severity: str) -> str:
    """Severity for people."""
    words = {"info": _("Notice"), "warning": _("Warning"), "serious": _("Serious"), "critical": _("Critical")}
    return words[severity]


def reason_word(_: Translator, reason: str) -> str:
    """What a message tells of an alert, for people; empty where it is the first."""
    words = {
        "raised": "", "worse": _("worse than before"), "escalated": _("nobody has acknowledged yet"),
        "cleared": _("over"),
    }  # fmt: skip
    return words[reason.partition("-")[0]]


def compose(desk: Desk, rows: Sequence[tuple[Message, Alert]], link: str) -> Told:
    """One message about some alerts; the most severe of them gives it its severity.

    Parameters
    ----------
    desk : Desk
    rows : sequence of (Message, Alert)
        To one recipient, at least one; the most severe first.
    link : str
        Where they are acknowledged; may be empty.
    """
    _ = desk.words
    newest = {alert.id: (message, alert) for message, alert in rows}
    severity = max((alert.severity for _message, alert in newest.values()), key=rank)
    site = desk.site.name if _.code == "zh" else desk.site.name_en or desk.site.name
    told = [(_headline(desk, message, alert), alert) for message, alert in newest.values()]
    lines: list[str] = []
    if len(told) == 1:
        [(headline, alert)] = told
        title = _("[{site}] {severity}: {title}", site=site, severity=severity_word(_, severity), title=headline)
        lines += [line for line in alert.text.splitlines() if line.strip()]
        lines.append(_("Since {time}", time=desk.calendar.minute(since_ms(alert))))
        if alert.order:
            lines.append(_("Work order {number}", number=alert.order))
        if alert.acknowledged_by:
            lines.append(_("Acknowledged by {account}", account=alert.acknowledged_by))
    else:
        title = _("[{site}] {severity}: {count} alerts", site=site, severity=severity_word(_, severity),
                  count=len(told))  # fmt: skip
        lines += [f"{number}. {headline}" for number, (headline, _alert) in enumerate(told, 1)]
    ids = ",".join(str(message.id) for message, _alert in rows)
    return Told.of(hashlib.sha256(ids.encode()).hexdigest()[:24], severity, title, lines, link, _("Acknowledge:"))


def since_ms(alert: Alert) -> int:
    """Since when its cause is there, where that is known; else since when it is raised [ms since the epoch, UTC]."""
    found = (alert.detail or {}).get("since_ms")
    return found if isinstance(found, int) else alert.raised_ms


def trial(desk: Desk, now_ms: int) -> Told:
    """A message that is marked as a trial."""
    _ = desk.words
    site = desk.site.name if _.code == "zh" else desk.site.name_en or desk.site.name
    return Told.of(
        f"test-{now_ms}", "info", _("[{site}] This is only a test of the alerts", site=site),
        [_("Nothing has happened. Sent {time}", time=desk.calendar.minute(now_ms))],
    )  # fmt: skip


def _headline(desk: Desk, message: Message, alert: Alert) -> str:
    _ = desk.words
    if alert.cleared_ms is not None:
        return _("{title} ({reason})", title=alert.title, reason=_("over"))
    reason = reason_word(_, message.reason)
    return _("{title} ({reason})", title=alert.title, reason=reason) if reason else alert.title

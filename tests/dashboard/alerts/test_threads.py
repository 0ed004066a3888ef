from __future__ import annotations

from dataclasses import replace

from sqlalchemy import func, select

from dashboard.alerts.acknowledging import acknowledge
from dashboard.alerts.sender import Office
from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.tables.alerts import Alert
from tests.dashboard.alerts.staged import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    NOW_MS,
    alerts,
    escalate,
    messages,
    see,
    wanted,
    with_raising,
    with_telling,
)


def mark_sent(office: Office) -> None:
    from dashboard.casework.tables.alerts import Message

    with office.books.change("t", NOW_MS) as session:
        for one in session.scalars(select(Message)):
            one.state = "sent"


def test_a_cause_is_one_alert_however_often_it_is_seen(office: Office) -> None:
    for minute in range(5):
        see(office, NOW_MS + minute * MINUTE_MS, wanted())
    [one] = alerts(office)
    assert (one.key, one.raised_ms, one.level, one.cleared_ms) == ("class:R01", NOW_MS, 1, None)
    assert messages(office) == [("li", "chat", "raised-1", "waiting"), ("li", "mail", "raised-1", "waiting")]
    with office.books.read() as session:
        entries = session.scalar(select(func.count()).where(AuditEntry.subject == "alert"))
        assert entries == 1, "what does not change is not written"
        assert verify(session).problems == ()


def test_what_flickers_is_one_thread_and_what_ends_is_told(office: Office) -> None:
    see(office, NOW_MS, wanted())
    mark_sent(office)
    see(office, NOW_MS + 2 * MINUTE_MS)
    see(office, NOW_MS + 4 * MINUTE_MS, wanted())
    see(office, NOW_MS + 6 * MINUTE_MS)
    see(office, NOW_MS + 15 * MINUTE_MS)
    assert [one.cleared_ms for one in alerts(office)] == [None]
    see(office, NOW_MS + 16 * MINUTE_MS)
    assert [one.cleared_ms for one in alerts(office)] == [NOW_MS + 16 * MINUTE_MS]
    assert messages(office)[2:] == [("li", "chat", "cleared-2", "waiting"), ("li", "mail", "cleared-2", "waiting")]
    see(office, NOW_MS + DAY_MS, wanted())
    assert [one.cleared_ms is None for one in alerts(office)] == [False, True]


def test_who_was_not_told_is_not_told_that_it_is_over(office: Office) -> None:
    office = with_raising(office, clear_min=0)
    see(office, NOW_MS, wanted())
    see(office, NOW_MS + MINUTE_MS)
    assert [one.cleared_ms for one in alerts(office)] == [NOW_MS + MINUTE_MS]
    assert {reason for _, _, reason, _ in messages(office)} == {"raised-1"}


def test_a_look_that_did_not_look_clears_nothing(office: Office) -> None:
    office = with_raising(office, clear_min=0)
    see(office, NOW_MS, wanted())
    see(office, NOW_MS + DAY_MS, kinds=("silent", "event"))
    assert [one.cleared_ms for one in alerts(office)] == [None]
    see(office, NOW_MS, wanted("event:1", kind="event.discharge"), kinds=("event",))
    see(office, NOW_MS, kinds=("event",))
    assert [one.cleared_ms is None for one in alerts(office)] == [True, False]


def test_worse_is_told_again_and_has_to_be_acknowledged_again(office: Office) -> None:
    see(office, NOW_MS, wanted(stage=4))
    with office.books.change("li", NOW_MS + MINUTE_MS) as session:
        one = session.scalars(select(Alert)).one()
        assert acknowledge(session, one, "li", NOW_MS + MINUTE_MS)
        assert not acknowledge(session, one, "wu", NOW_MS + 2 * MINUTE_MS)
    assert [(one.acknowledged_by, one.escalate_ms) for one in alerts(office)] == [("li", None)]
    see(office, NOW_MS + HOUR_MS, wanted(stage=6, severity="critical"))
    [one] = alerts(office)
    assert (one.acknowledged_ms, one.severity, one.stage) == (None, "critical", 6)
    assert one.escalate_ms == NOW_MS + HOUR_MS + 15 * MINUTE_MS
    told = [(account, reason) for account, channel, reason, _ in messages(office) if channel == "chat"]
    assert told == [("li", "raised-1"), ("li", "worse-2"), ("zhao", "worse-2")]
    see(office, NOW_MS + 2 * HOUR_MS, wanted(stage=4))
    assert len(messages(office)) == 5, "better is not told until it is over"
    assert [one.stage for one in alerts(office)] == [4]


def test_nobody_answers_so_the_next_level_is_called_then_the_office(office: Office) -> None:
    office = with_telling(office, warning_min=60)
    see(office, NOW_MS, wanted())
    escalate(office, NOW_MS + 59 * MINUTE_MS)
    assert [one.level for one in alerts(office)] == [1]
    for hour in (1, 2, 3, 4):
        escalate(office, NOW_MS + hour * HOUR_MS)
    assert [(one.level, one.escalate_ms) for one in alerts(office)] == [(3, None)]
    told = [(account, reason) for account, channel, reason, _ in messages(office) if channel == "chat"]
    assert told == [("li", "raised-1"), ("wu", "escalated-2"), ("qian", "escalated-3")]


def test_acknowledged_or_over_nobody_else_is_called(office: Office) -> None:
    office = with_telling(with_raising(office, clear_min=0), warning_min=60)
    see(office, NOW_MS, wanted(), wanted("class:R02"))
    with office.books.change("li", NOW_MS) as session:
        acknowledge(session, session.get_one(Alert, 1), "li", NOW_MS)
    see(office, NOW_MS + MINUTE_MS, wanted())
    escalate(office, NOW_MS + DAY_MS)
    assert [one.level for one in alerts(office)] == [1, 1]


def test_at_night_what_can_wait_neither_wakes_nor_escalates(office: Office) -> None:
    night = NOW_MS + 15 * HOUR_MS  # 23:00
    morning = NOW_MS - 20_000 + 23 * HOUR_MS  # 07:00
    see(office, night, wanted(severity="serious"), wanted("class:R02", severity="critical"))
    with office.books.read() as session:
        from dashboard.casework.tables.alerts import Message

        due = {(one.alert_id, one.due_ms) for one in session.scalars(select(Message))}
    assert due == {(1, morning), (2, night)}
    assert [one.escalate_ms for one in alerts(office)] == [morning + HOUR_MS, night + 15 * MINUTE_MS]


def test_a_channel_may_be_for_the_worst_only_and_a_shared_bot_is_told_once(office: Office) -> None:
    office = replace(office, settings=replace(office.settings, channels={"mail": "critical"}))
    with office.books.change("t", NOW_MS) as session:
        from dashboard.casework.tables.accounts import Account

        session.get_one(Account, "zhao").contacts = {"chat": "153-li"}
    see(office, NOW_MS, wanted(severity="serious"))
    assert messages(office) == [("li", "chat", "raised-1", "waiting")]
    see(office, NOW_MS, wanted(severity="critical", stage=9))
    assert ("li", "mail", "worse-2", "waiting") in messages(office)

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from dashboard.alerts.acknowledging import acknowledge
from dashboard.alerts.channels.base import Answer
from dashboard.alerts.outbox import Claim, backoff_s, bury, claim, dead, requeue, settle
from dashboard.alerts.routing import Directory
from dashboard.alerts.sender import Office
from dashboard.alerts.settings import OutboxSettings
from dashboard.casework.tables.accounts import Account
from dashboard.casework.tables.alerts import Alert, Attempt, Message
from tests.dashboard.alerts.staged import (
    DAY_MS,
    HOUR_MS,
    NOW_MS,
    escalate,
    messages,
    see,
    wanted,
    with_raising,
    with_telling,
)


def take(office: Office, now_ms: int, channel: str = "chat") -> Claim | None:
    with office.books.change("sender", now_ms) as session:
        directory = Directory.of(session, office.desk.site, office.settings, office.outside, now_ms)
        return claim(session, office.desk, directory, channel, now_ms)


def took(office: Office, now_ms: int, channel: str = "chat") -> Claim:
    claimed = take(office, now_ms, channel)
    assert claimed is not None
    return claimed


def give(office: Office, claimed: Claim, answer: Answer, now_ms: int) -> None:
    with office.books.change("sender", now_ms) as session:
        settle(session, office.settings.outbox, claimed, answer, now_ms)


def message(office: Office, number: int = 1) -> Message:
    with office.books.read() as session:
        return session.get_one(Message, number)


def test_a_claim_is_nobody_else_s_until_its_lease_is_over(office: Office) -> None:
    see(office, NOW_MS, wanted())
    claimed = took(office, NOW_MS)
    assert (claimed.account, claimed.address, claimed.messages) == ("li", "153-li", (1,))
    assert take(office, NOW_MS + 119_999) is None
    again = took(office, NOW_MS + 120_000)
    assert again.messages == claimed.messages
    assert again.told.id == claimed.told.id
    give(office, again, Answer(True, "ok"), NOW_MS + 120_001)
    give(office, claimed, Answer(False, "late"), NOW_MS + 120_002)
    one = message(office)
    assert (one.state, one.sent_ms, one.attempts) == ("sent", NOW_MS + 120_001, 2)
    with office.books.read() as session:
        assert [(a.ok, a.answer) for a in session.scalars(select(Attempt).order_by(Attempt.id))] == [
            (True, "ok"), (False, "late"),
        ]  # fmt: skip


def test_a_failure_is_tried_again_later_and_later_and_then_given_up(office: Office) -> None:
    office = replace(office, settings=replace(office.settings, outbox=OutboxSettings(attempts=3, first_s=10)))
    see(office, NOW_MS, wanted())
    for at, due in ((NOW_MS, NOW_MS + 10_000), (NOW_MS + 10_000, NOW_MS + 30_000)):
        give(office, took(office, at), Answer(False, "errcode 93000"), at)
        assert (message(office).state, message(office).due_ms) == ("waiting", due)
        assert take(office, due - 1) is None
    give(office, took(office, NOW_MS + 30_000), Answer(False, "errcode 93000"), NOW_MS + 30_000)
    assert message(office).state == "dead"
    assert take(office, NOW_MS + DAY_MS) is None
    with office.books.change("qian", NOW_MS + DAY_MS) as session:
        [(one, alert, last)] = dead(session)
        assert (one.account, alert.key, last.answer if last else "") == ("li", "class:R01", "errcode 93000")
        assert requeue(session, [999], NOW_MS + DAY_MS) == 0
        assert requeue(session, None, NOW_MS + DAY_MS) == 1
    assert took(office, NOW_MS + DAY_MS).messages == (1,)


def test_too_often_is_not_the_message_s_fault(office: Office) -> None:
    see(office, NOW_MS, wanted())
    for number in range(25):
        now_ms = NOW_MS + number * 60_000
        give(office, took(office, now_ms), Answer(False, "45009", 60.0), now_ms)
    assert (message(office).state, message(office).attempts) == ("waiting", 0)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 10), (2, 20), (5, 160), (9, 1800), (5000, 1800)])
def test_pauses_double_up_to_the_longest(attempts: int, seconds: float) -> None:
    assert backoff_s(OutboxSettings(), attempts) == seconds


def test_what_waits_for_one_person_is_one_message_the_worst_first(office: Office) -> None:
    many = [wanted(f"class:{river}", river=river) for river in list(office.desk.site.rivers)[:25]]
    see(office, NOW_MS, *many[:24], replace(many[24], severity="serious"))
    claimed = took(office, NOW_MS)
    assert len(claimed.messages) == office.settings.outbox.digest == 20
    assert claimed.told.severity == "serious"
    assert claimed.told.title == "［Xietang Sub-district］ Serious: 20 alerts"
    assert claimed.told.lines[0] == f"1. title of {many[24].key}"
    # The chief and the grid's offices hear of the serious one as well.
    assert {took(office, NOW_MS).account, took(office, NOW_MS).account} == {"li", "zhao"}
    assert take(office, NOW_MS) is None


def test_a_message_says_what_is_so_when_it_is_sent(office: Office) -> None:
    night = NOW_MS + 15 * HOUR_MS
    office = with_raising(office, clear_min=0)
    see(office, night, wanted(title="R01: class IV"))
    see(office, night + HOUR_MS)
    told = took(office, night + 10 * HOUR_MS).told
    assert told.title.endswith("Warning: R01: class IV (over)")
    assert told.link == "", "there is nothing to acknowledge any more"


def test_a_call_to_the_next_level_is_dropped_when_somebody_has_taken_it_on(office: Office) -> None:
    office = with_telling(office, warning_min=60)
    see(office, NOW_MS, wanted())
    escalate(office, NOW_MS + HOUR_MS)
    with office.books.change("li", NOW_MS + HOUR_MS) as session:
        acknowledge(session, session.get_one(Alert, 1), "li", NOW_MS + HOUR_MS)
    assert took(office, NOW_MS + HOUR_MS).account == "li"
    assert take(office, NOW_MS + HOUR_MS) is None
    assert ("wu", "chat", "escalated-2", "dropped") in messages(office)


def test_whoever_has_no_contact_any_more_ends_among_the_dead(office: Office) -> None:
    see(office, NOW_MS, wanted())
    with office.books.change("t", NOW_MS) as session:
        session.get_one(Account, "li").contacts = {}
    claimed = took(office, NOW_MS)
    assert claimed.address == ""
    give(office, claimed, Answer(False, "no contact"), NOW_MS)
    assert message(office).state == "dead"


def test_messages_of_a_channel_that_was_taken_away_are_not_lost_from_sight(office: Office) -> None:
    see(office, NOW_MS, wanted())
    with office.books.change("t", NOW_MS) as session:
        assert bury(session, ["chat"], NOW_MS) == 1
        assert bury(session, ["chat"], NOW_MS) == 0
        [(one, _, last)] = dead(session)
        assert (one.channel, last.answer if last else "") == ("mail", "there is no such channel")


def test_two_senders_never_claim_the_same(books_url: str, office: Office) -> None:
    """On PostgreSQL two claims may be under way at once; the second one skips what the first has locked."""
    if not books_url.startswith("postgresql"):
        pytest.skip("SQLite has one writer at a time")
    see(office, NOW_MS, wanted(), wanted("event:1", kind="event.overflow", department="maintainer"))
    with office.books.change("one", NOW_MS) as first, office.books.change("two", NOW_MS) as second:
        directory = Directory.of(first, office.desk.site, office.settings, office.outside, NOW_MS)
        claims = [claim(session, office.desk, directory, "chat", NOW_MS) for session in (first, second)]
    assert sorted(one.account for one in claims if one) == ["li", "sun"]

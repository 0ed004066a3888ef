"""What the page of administration shows, from real books."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from dashboard.accounts import people
from dashboard.accounts.people import Details
from dashboard.accounts.refusals import Refused
from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.signin import change_password, sign_in
from dashboard.alerts.contacts import Outside, read_outside
from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.tables.accounts import Account
from dashboard.casework.tables.alerts import Alert, Attempt, Message
from dashboard.viewdata import admin as admin_page
from sensors.errors import UsageError
from sensors.site import Site

NOW = 1_778_464_800_000
HOUR = 3_600_000


@pytest.fixture
def told(books: Books) -> Books:
    """Two messages that were given up, one that waits, one that was sent, one that was sent long ago."""
    with books.change("t", NOW) as session:
        alert = Alert(key="k", kind="event", severity="serious", title="=1+1 <b>", raised_ms=NOW, updated_ms=NOW)
        session.add(alert)
        session.flush()
        for account, channel, state, sent in (
            ("li", "sms", "dead", None), ("sun", "sms", "dead", None), ("li", "wecom", "waiting", None),
            ("li", "email", "sent", NOW - HOUR), ("sun", "email", "sent", NOW - 48 * HOUR),
        ):  # fmt: skip
            row = Message(alert_id=alert.id, account=account, channel=channel, reason="raised", state=state, due_ms=NOW,
                          attempts=3, sent_ms=sent)  # fmt: skip
            session.add(row)
            session.flush()
            if state != "waiting":
                session.add(
                    Attempt(message_id=row.id, time_ms=NOW - HOUR, ok=state == "sent", answer=f"answer {state}")
                )
    return books


def test_accounts_and_how_they_stand(books: Books, xietang: Site) -> None:
    once = people.add(books, xietang, "t", NOW, "boss", Details("王主任", "admin"))
    people.add(books, xietang, "t", NOW, "once", Details("一", "office"))
    people.add(books, xietang, "t", NOW, "oidc", Details("二", "office", oidc_subject="s"), password=False)
    people.add(books, xietang, "t", NOW, "none", Details("三", "office"), password=False)
    people.add(books, xietang, "t", NOW, "off", Details("四", "office"))
    people.add(books, xietang, "t", NOW, "closed", Details("五", "office"))
    assert change_password(books, "boss", once, "willow-weir-heron", NOW, AccessSettings()).account is not None
    people.set_disabled(books, "boss", NOW, "off", True)
    for _ in range(5):
        sign_in(books, "closed", "wrong", NOW, AccessSettings())
    with books.read() as session:
        found = {one.account: one for one in admin_page.persons(session, NOW)}
    states = {name: one.state for name, one in found.items()}
    assert states == {
        "boss": "on", "once": "once", "oidc": "single", "none": "none", "off": "off", "closed": "closed",
    }  # fmt: skip
    assert found["closed"].closed_ms == NOW + 15 * 60_000
    with books.read() as session:
        later = {one.account: one.state for one in admin_page.persons(session, NOW + 15 * 60_000)}
    assert later["closed"] == "once"


def test_contacts_as_they_are_typed() -> None:
    assert admin_page.contacts_of(" wecom = 1 \n\nemail=a=b\n") == {"wecom": "1", "email": "a=b"}
    for text in ("wecom", "= 1", "wecom ="):
        with pytest.raises(Refused, match="CHANNEL = ADDRESS"):
            admin_page.contacts_of(text)


def test_channels(told: Books) -> None:
    with told.read() as session:
        found = {one.name: one for one in admin_page.channels(session, {"sms", "log"}, NOW)}
        unknown = admin_page.channels(session, None, NOW)
    assert list(found) == ["email", "log", "sms", "wecom"]
    sms, email = found["sms"], found["email"]
    assert (sms.known, sms.waiting, sms.sent, sms.dead, sms.last_ok, sms.answer) == (
        True, 0, 0, 2, False, "answer dead",
    )  # fmt: skip
    assert (email.known, email.sent, email.last_ok) == (False, 1, True)
    assert (found["log"].last_ms, found["wecom"].waiting) == (None, 1)
    assert {one.known for one in unknown} == {None}


def test_dead_letters_go_again_or_are_let_go(told: Books) -> None:
    with told.read() as session:
        found = admin_page.letters(session)
    assert [(one.account, one.channel, one.answer, one.attempts) for one in found] == [
        ("sun", "sms", "answer dead", 3), ("li", "sms", "answer dead", 3),
    ]  # fmt: skip
    people_ids = [found[0].id], [found[1].id]
    with told.change("t", NOW) as session:
        session.add(Account(id="boss", name="王", role="admin", created_ms=NOW))
    assert admin_page.send_again(told, "boss", people_ids[0], NOW) == 1
    assert admin_page.dismiss(told, "boss", people_ids[1], NOW) == 1
    assert admin_page.dismiss(told, "boss", people_ids[0], NOW) == 0, "it waits now"
    assert admin_page.send_again(told, "boss", [999], NOW) == 0
    with told.read() as session:
        assert admin_page.letters(session) == []
        states = {one.id: one.state for one in session.scalars(select(Message))}
        assert (states[people_ids[0][0]], states[people_ids[1][0]]) == ("waiting", "dropped")
        assert verify(session).problems == ()
        told_of = session.execute(select(AuditEntry.action, AuditEntry.actor, AuditEntry.reason)).all()
    assert ("requeue", "boss", f"messages {people_ids[0][0]}") in [tuple(one) for one in told_of]
    assert ("dismiss", "boss", f"messages {people_ids[1][0]}") in [tuple(one) for one in told_of]


def test_a_test_over_a_channel(books: Books, xietang: Site, tmp_path: Path) -> None:
    people.add(books, xietang, "t", NOW, "boss", Details("王主任", "admin"))
    path = tmp_path / "told.jsonl"
    outside = read_outside(f'[channel.log]\nkind = "file"\npath = "{path}"\n'.encode(), "channels.toml")
    answer = admin_page.try_channel(books, Desk.of(xietang), outside, "boss", "log", "li", NOW)
    assert answer.ok
    sent = json.loads(path.read_text())
    assert "测试" in json.dumps(sent, ensure_ascii=False)
    with pytest.raises(UsageError, match="accepted: log"):
        admin_page.try_channel(books, Desk.of(xietang), outside, "boss", "sms", "li", NOW)
    with pytest.raises(Refused, match="address"):
        admin_page.try_channel(books, Desk.of(xietang), outside, "boss", "log", " ", NOW)
    with pytest.raises(UsageError, match="there are none"):
        admin_page.try_channel(books, Desk.of(xietang), Outside(), "boss", "log", "li", NOW)
    with books.read() as session:
        assert verify(session).problems == ()
        tests = session.scalars(select(AuditEntry.reason).where(AuditEntry.action == "test")).all()
    assert tests == ["a test over log to li", "a test over log to li: delivered"]


def test_the_channels_file_of_nobody(xietang: Site) -> None:
    assert admin_page.outside(None, xietang) is None


def test_the_trail_is_searched_and_tells_no_secret(books: Books, xietang: Site) -> None:
    people.add(books, xietang, "cli:root", NOW, "boss", Details("王主任", "admin"))
    people.add(books, xietang, "boss", NOW + HOUR, "li", Details("李工", "office"))
    with books.read() as session:
        everything = admin_page.trail(session)
        assert [one.seq for one in everything] == sorted((one.seq for one in everything), reverse=True)
        assert {one.actor for one in admin_page.trail(session, actor="cli")} == {"cli:root"}
        assert admin_page.trail(session, actor="%") == [], "no wildcard of the database"
        assert {one.subject_id for one in admin_page.trail(session, since_ms=NOW + 1)} == {"li"}
        assert {one.subject_id for one in admin_page.trail(session, text="BOS")} == {"boss"}
        assert admin_page.trail(session, text="NEW ACC") == everything
        assert admin_page.trail(session, subject="shop") == []
        assert admin_page.trail(session, before=everything[0].seq) == everything[1:]
        assert admin_page.subjects(session) == ["account"]
        kept = [row.password_hash.decode() for row in people.accounts(session) if row.password_hash]
    text = " ".join(one.before + one.after for one in everything)
    assert admin_page.HIDDEN in text
    assert len(kept) == 2
    assert not any(one in text for one in kept)
    assert "李工" in text


def test_long_values_are_cut(books: Books) -> None:
    with books.change("t", NOW) as session:
        session.add(Alert(key="k", kind="event", severity="info", title="t", text="长" * 5000, raised_ms=NOW,
                          updated_ms=NOW))  # fmt: skip
    with books.read() as session:
        (entry,) = admin_page.trail(session)
    assert len(entry.after) == admin_page.LONGEST + 1
    assert entry.after.endswith("…")

from __future__ import annotations

from sqlalchemy import select

from dashboard.alerts.sender import Office
from dashboard.alerts.tokens import find_token, hash_of, new_token, use_token
from dashboard.casework.tables.alerts import Token
from tests.dashboard.alerts.staged import NOW_MS, alerts, see, wanted


def make(office: Office, expires_ms: int = NOW_MS + 1000) -> str:
    see(office, NOW_MS, wanted(), wanted("class:R02"))
    with office.books.change("t", NOW_MS) as session:
        return new_token(session, [1, 2], "li", expires_ms)


def use(office: Office, raw: str, now_ms: int) -> bool:
    with office.books.change("link", now_ms) as session:
        return use_token(session, raw, now_ms)


def test_a_token_works_once_and_for_whom_it_was_made(office: Office) -> None:
    raw = make(office)
    assert use(office, raw, NOW_MS + 5)
    assert not use(office, raw, NOW_MS + 6)
    assert [(one.acknowledged_by, one.acknowledged_ms) for one in alerts(office)] == [("li", NOW_MS + 5)] * 2


def test_an_expired_or_invented_token_does_nothing(office: Office) -> None:
    raw = make(office)
    assert not use(office, raw, NOW_MS + 1000)
    assert not use(office, "x" * 43, NOW_MS)
    assert [one.acknowledged_by for one in alerts(office)] == [None, None]


def test_only_its_hash_is_kept(office: Office) -> None:
    raw = make(office)
    assert len(raw) >= 43
    with office.books.read() as session:
        [kept] = session.scalars(select(Token))
        assert kept.hash == hash_of(raw) != raw
        assert find_token(session, raw) is kept

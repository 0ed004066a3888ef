"""What the alert service's metrics say of the outbox, and when it is ready."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dashboard.alerts.channels.base import Answer
from dashboard.casework.database import Books
from dashboard.casework.tables.alerts import Alert, Message
from deploy.health import answer
from deploy.metrics.alerts import AlertFace
from tests.dashboard.conftest import books, books_url, migrated, postgres  # noqa: F401  (fixtures)

NOW_MS = 1_790_000_000_000


def fill(opened: Books) -> None:
    with opened.change("drill", NOW_MS) as session:
        for number, (severity, cleared_ms, acknowledged_ms) in enumerate(
            [("critical", None, None), ("serious", None, NOW_MS), ("serious", NOW_MS, None)]
        ):
            session.add(
                Alert(id=number + 1, key=f"k{number}", kind="event", severity=severity, title="t", raised_ms=NOW_MS,
                      updated_ms=NOW_MS, cleared_ms=cleared_ms, acknowledged_ms=acknowledged_ms)
            )  # fmt: skip
        session.flush()
        for number, (channel, state) in enumerate(
            [("bot", "waiting"), ("bot", "sent"), ("bot", "sent"), ("sms", "dead"), ("sms", "dropped")]
        ):
            session.add(
                Message(alert_id=1, account=f"a{number}", channel=channel, reason="raised", state=state,
                        due_ms=NOW_MS - 30_000)
            )  # fmt: skip


def face(opened: Books, last: dict[str, Answer] | None = None, now_ms: int = NOW_MS) -> AlertFace:
    made = AlertFace(opened, ["bot", "sms"], last or {}, lambda: now_ms)
    made.round_ms = now_ms - 3_000
    return made


def asked(one: AlertFace, path: str) -> tuple[int, str]:
    reply = asyncio.run(answer(one.face, path))
    return reply.status, reply.body.decode()


def test_the_outbox_is_measured(books: Books) -> None:  # noqa: F811
    fill(books)
    one = face(books, {"bot": Answer(True, "ok"), "sms": Answer(False, "no")})
    one.failures["cases"] += 1
    status, text = asked(one, "/metrics")
    assert status == 200
    for line in (
        "alert_outbox_messages 1.0",
        "alert_outbox_overdue_seconds 30.0",
        "alert_delivered_messages 2.0",
        "alert_dead_letters 1.0",
        'alert_channel_messages{channel="bot",state="sent"} 2.0',
        'alert_open_alerts{severity="critical"} 1.0',
        'alert_open_alerts{severity="serious"} 1.0',
        'alert_open_alerts{severity="info"} 0.0',
        "alert_unacknowledged_alerts 1.0",
        'alert_channel_ok{channel="sms"} 0.0',
        'alert_errors_total{what="cases"} 1.0',
        "alert_books_error 0.0",
    ):
        assert f"\nriverchief_{line}\n" in text, line


def test_ready_and_not(books: Books) -> None:  # noqa: F811
    fill(books)
    assert asked(face(books), "/readyz")[0] == 200
    late = face(books, now_ms=NOW_MS + 900_000)
    assert "930 s overdue" in asked(late, "/readyz")[1]
    assert asked(face(books, {"sms": Answer(False, "no")}), "/readyz")[0] == 503
    fresh = AlertFace(books, [], {}, lambda: NOW_MS)
    assert "none yet" in asked(fresh, "/readyz")[1]


def test_books_that_are_gone_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard.casework.database import open_books

    opened = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    try:
        opened.engine.dispose()
        (tmp_path / "books.sqlite").write_bytes(b"no database at all, and longer than a header" * 50)
        for beside in tmp_path.glob("books.sqlite-*"):
            beside.unlink()
        status, text = asked(face(opened), "/readyz")
        assert (status, "books" in text) == (503, True)
        assert "riverchief_alert_books_error 1.0" in asked(face(opened), "/metrics")[1]
    finally:
        opened.close()

"""Whoever asks why nobody was told gets the reason that holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.alerts.channels.base import Answer
from dashboard.alerts.contacts import Outside
from dashboard.alerts.outbox import claim, settle
from dashboard.alerts.routing import Directory
from dashboard.alerts.sender import Office
from dashboard.alerts.settings import OutboxSettings, Route
from dashboard.alerts.why import why
from dashboard.casework.tables.alerts import Alert
from tests.dashboard.alerts.staged import HOUR_MS, MINUTE_MS, NOW_MS, see, wanted


def lines(office: Office, now_ms: int = NOW_MS) -> list[str]:
    with office.books.read() as session:
        return why(session, office, session.get_one(Alert, 1), now_ms)


def tried(office: Office, answer: Answer, *, settings: OutboxSettings | None = None) -> None:
    """One try over the channel ``chat``, and what it answered."""
    with office.books.change("riverchief", NOW_MS) as session:
        directory = Directory.of(session, office.desk.site, office.settings, office.outside, NOW_MS)
        claimed = claim(session, office.desk, directory, "chat", NOW_MS)
        assert claimed is not None
        settle(session, settings or office.settings.outbox, claimed, answer, NOW_MS)


def test_who_it_is_for_and_that_it_arrived(sqlite_office: Office) -> None:
    see(sqlite_office, NOW_MS, wanted())
    assert "due, not tried yet" in "\n".join(lines(sqlite_office))
    tried(sqlite_office, Answer(True, "taken"))
    told = lines(sqlite_office)
    assert told[0] == "level 1 was told; the next level is called at 2026-11-23 12:00"
    assert "route 3, water_class to department, level 1: li" in told
    assert "so it is for: li" in told
    assert "gone is switched off" in told
    assert "li over chat, raised-1: accepted by the channel at 2026-11-23 08:00" in told


def test_quiet_hours_hold_it_back(sqlite_office: Office) -> None:
    night = NOW_MS - 3 * HOUR_MS
    see(sqlite_office, night, wanted())
    told = lines(sqlite_office, night + MINUTE_MS)
    assert "quiet hours: what is raised now as warning waits until 2026-11-23 07:00" in told
    assert "li over chat, raised-1: waits until 2026-11-23 07:00" in told


def test_a_channel_that_refuses_is_quoted(sqlite_office: Office) -> None:
    see(sqlite_office, NOW_MS, wanted())
    refusal = Answer(False, "errcode 93000: invalid webhook")
    tried(sqlite_office, refusal)
    [told] = [line for line in lines(sqlite_office) if line.startswith("li over chat")]
    assert told == f"li over chat, raised-1: 1 tries, next at 2026-11-23 08:00; last answer: {refusal.text}"


def test_what_was_given_up_says_how_to_try_again(sqlite_office: Office) -> None:
    see(sqlite_office, NOW_MS, wanted())
    tried(sqlite_office, Answer(False, "gone"), settings=OutboxSettings(attempts=1))
    [told] = [line for line in lines(sqlite_office) if line.startswith("li over chat")]
    assert told.endswith("given up after 1 tries; last answer: gone; `riverchief alert dead --requeue 1` tries again")


def test_nobody_can_be_reached(sqlite_office: Office) -> None:
    nobody = replace(sqlite_office, outside=Outside())
    see(nobody, NOW_MS, wanted(department="ecology"))
    told = lines(nobody)
    assert "there is no channel: is the channels file given?" in told
    assert "mute has no contact over a channel that there is (has none)" in told
    assert "so it is for: nobody, and nobody of the office can be reached" in told
    assert "no message was written" in told


@pytest.mark.parametrize(("least", "said"), [("serious", True), ("info", False)])
def test_a_channel_may_be_for_worse_only(sqlite_office: Office, least: str, said: bool) -> None:
    settings = replace(sqlite_office.settings, channels={"mail": least}, routes=(Route(("event",), ("department",)),))
    office = replace(sqlite_office, settings=settings)
    see(office, NOW_MS, wanted())
    told = lines(office)
    assert ("mail is for serious and worse only: not for this one, which is warning" in told) is said
    assert "no route fits water_class of severity warning" in told

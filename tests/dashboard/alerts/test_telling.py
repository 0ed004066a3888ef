from __future__ import annotations

import pytest

from dashboard.alerts.telling import compose, trial
from dashboard.casework.desk import Desk
from dashboard.casework.settings import OfficeSettings
from dashboard.casework.tables.alerts import Alert, Message
from sensors.site import Site
from tests.dashboard.alerts.staged import HOUR_MS, NOW_MS


@pytest.fixture
def desk(xietang: Site) -> Desk:
    return Desk.of(xietang, OfficeSettings(), "en")


def alert(number: int = 1, **values: object) -> Alert:
    given = {"severity": "serious", "title": f"title {number}", "text": "one\n\ntwo", "raised_ms": NOW_MS}
    return Alert(id=number, **{**given, **values})


def test_one_alert_is_told_whole(desk: Desk) -> None:
    one = alert(order="2026-000001", acknowledged_by="li")
    told = compose(desk, [(Message(id=7, reason="worse-2"), one)], "https://b.example/alert/t")
    assert told.title == "［Xietang Sub-district］ Serious: title 1 (worse than before)"
    assert told.lines == ("one", "two", "Since 2026-11-23 08:00", "Work order 2026-000001", "Acknowledged by li")
    assert (told.severity, told.link, told.prompt) == ("serious", "https://b.example/alert/t", "Acknowledge:")


def test_several_are_a_list_each_once_with_the_newest_word(desk: Desk) -> None:
    first, second = alert(1, severity="warning"), alert(2, severity="critical", cleared_ms=NOW_MS + HOUR_MS)
    rows = [
        (Message(id=1, reason="raised-1"), first), (Message(id=2, reason="raised-1"), second),
        (Message(id=3, reason="escalated-2"), first),
    ]  # fmt: skip
    told = compose(desk, rows, "")
    assert told.title == "［Xietang Sub-district］ Critical: 2 alerts"
    assert told.lines == ("1. title 1 (nobody has acknowledged yet)", "2. title 2 (over)")
    assert told.id == compose(desk, rows, "https://other.example").id != compose(desk, rows[:2], "").id


def test_a_trial_cannot_be_mistaken(desk: Desk) -> None:
    told = trial(desk, NOW_MS)
    assert told.title == "［Xietang Sub-district］ This is only a test of the alerts"
    assert told.severity == "info"

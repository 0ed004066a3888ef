from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from dashboard.alerts.quiet import due_ms
from dashboard.alerts.settings import TellSettings

ZONE = ZoneInfo("Asia/Shanghai")


def at(text: str) -> int:
    return round(datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("23T21:59", "23T21:59"), ("23T22:00", "24T07:00"), ("24T00:00", "24T07:00"), ("24T06:59", "24T07:00"),
        ("24T07:00", "24T07:00"), ("24T12:00", "24T12:00"),
    ],
)  # fmt: skip
def test_what_can_wait_waits_for_the_morning(now: str, due: str) -> None:
    assert due_ms(TellSettings(), "serious", at(now), ZONE) == at(due)
    assert due_ms(TellSettings(), "critical", at(now), ZONE) == at(now)


def test_quiet_hours_within_a_day_and_none() -> None:
    noon = TellSettings(quiet_from=time(12), quiet_to=time(13), quiet_passes="serious")
    assert due_ms(noon, "warning", at("23T12:30"), ZONE) == at("23T13:00")
    assert due_ms(noon, "serious", at("23T12:30"), ZONE) == at("23T12:30")
    assert due_ms(noon, "warning", at("23T13:00"), ZONE) == at("23T13:00")
    never = TellSettings(quiet_from=time(0), quiet_to=time(0))
    assert due_ms(never, "info", at("23T00:00"), ZONE) == at("23T00:00")

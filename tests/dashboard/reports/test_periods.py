"""Periods by the labels that people write."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from dashboard.reports.periods import period_of
from sensors.errors import UsageError

CST = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("label", "kind"), [("2026-10-05", "day"), ("2026-10", "month"), ("2026-Q4", "quarter"), ("2026", "year")]
)
def test_every_kind(label: str, kind: str) -> None:
    period = period_of(label, CST)
    assert (period.label, period.kind) == (label, kind)


@pytest.mark.parametrize("label", ["2026-13", "2026-02-30", "2026-Q5", "26-10", "", "2026-10 ", "0000", "九月"])
def test_what_is_none(label: str) -> None:
    with pytest.raises(UsageError, match="accepted: 2026-10-05, 2026-10, 2026-Q4, 2026"):
        period_of(label, CST)

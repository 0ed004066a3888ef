"""Periods of reports by the labels that people write: 2026-10-05, 2026-10, 2026-Q4, 2026."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import cast

from analytics.periods import Period, PeriodKind
from sensors.errors import UsageError

#: Kinds of report.
KINDS: tuple[PeriodKind, ...] = ("day", "month", "quarter", "year")

_FORMS = {
    "day": re.compile(r"(\d{4})-(\d{2})-(\d{2})"),
    "month": re.compile(r"(\d{4})-(\d{2})"),
    "quarter": re.compile(r"(\d{4})-Q([1-4])"),
    "year": re.compile(r"(\d{4})"),
}


def period_of(label: str, zone: tzinfo) -> Period:
    """The period of a label.

    Parameters
    ----------
    label : str
    zone : tzinfo
        Of the site.

    Raises
    ------
    UsageError
        If it is none.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> period_of("2026-10", ZoneInfo("Asia/Shanghai")).label
    '2026-10'
    """
    for kind, form in _FORMS.items():
        found = form.fullmatch(label)
        if found is None:
            continue
        numbers = [int(number) for number in found.groups()]
        if kind == "quarter":
            numbers[1] = 3 * numbers[1] - 2
        try:
            noon = datetime(*[*numbers, 1, 1][:3], 12, tzinfo=zone)  # type: ignore[arg-type,misc]
            return Period.at(cast(PeriodKind, kind), round(noon.timestamp() * 1000), zone)
        except (ValueError, OverflowError):
            break
    raise UsageError(f"period {label!r:.40}; accepted: 2026-10-05, 2026-10, 2026-Q4, 2026")

"""Values of a period as records that JSON can carry, and back: what was evaluated once is kept, not averaged again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from analytics.below_detection import BelowDetection, parse_amount
from analytics.section import PeriodValue, Source


class ValueRecord(TypedDict):
    """A `PeriodValue`; ``amount`` is a number, or the text of what is below detection, as in ``0.05L``."""

    amount: float | str
    source: Source
    count: int
    possible: int | None
    provisional: bool


def records_of(values: Mapping[str, PeriodValue]) -> dict[str, ValueRecord]:
    """Values of a section over a period as records, by determinand."""
    return {
        key: {
            "amount": str(value.amount) if isinstance(value.amount, BelowDetection) else value.amount,
            "source": value.source,
            "count": value.count,
            "possible": value.possible,
            "provisional": value.provisional,
        }
        for key, value in values.items()
    }


def values_of(records: Mapping[str, ValueRecord]) -> dict[str, PeriodValue]:
    """The values that were kept.

    Raises
    ------
    ValueError
        If an amount is none.
    """
    values = {}
    for key, record in records.items():
        amount = parse_amount(record["amount"]) if isinstance(record["amount"], str) else record["amount"]
        if amount is None:
            raise ValueError(f"{key}: {record['amount']!r} is no amount")
        values[key] = PeriodValue(amount, record["source"], record["count"], record["possible"], record["provisional"])
    return values

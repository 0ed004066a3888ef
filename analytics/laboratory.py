"""Results of a laboratory or of a test in the field (实验室结果, 现场结果): what was found in a sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.below_detection import Amount
from analytics.periods import Period


@dataclass(frozen=True, slots=True)
class LaboratoryResult:
    """One determinand of one sample.

    Attributes
    ----------
    station : str
        Section where the sample was taken, by the id of its station.
    determinand : str
    time_ms : int
        When it was taken, milliseconds since the epoch, UTC.
    amount : float or BelowDetection
        [unit of the determinand]
    """

    station: str
    determinand: str
    time_ms: int
    amount: Amount


def amounts_in(results: Iterable[LaboratoryResult], period: Period) -> list[Amount]:
    """Amounts of a period, in the order in which they come.

    Parameters
    ----------
    results : iterable of LaboratoryResult
    period : Period
        A sample belongs to it if it was taken from its start (inclusive) to its end (exclusive).
    """
    return [result.amount for result in results if period.start_ms <= result.time_ms < period.end_ms]

"""How long a store keeps readings, hours and days: settings at the end of its URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from sensors.durations import DAY_MS
from sensors.errors import StoreError

#: Judging and late deliveries reach back a month; less would take readings away from under them [d].
LEAST_RAW_D = 35

_LENGTH = re.compile(r"([1-9]\d{0,4})([dy])")


@dataclass(frozen=True, slots=True)
class Retention:
    """How long something is kept, by its age [ms]; None is for ever.

    Attributes
    ----------
    raw : int or None
        Readings, with their flags and revisions.
    hour, day : int or None
        Roll-ups.
    """

    raw: int | None = None
    hour: int | None = None
    day: int | None = None

    def ages(self) -> list[tuple[str, int]]:
        """What has an end, finest first, with its age [ms]."""
        found = (("raw", self.raw), ("hour", self.hour), ("day", self.day))
        return [(kind, age_ms) for kind, age_ms in found if age_ms is not None]


#: Nothing is ever let go.
FOR_EVER = Retention()


def split_url(url: str) -> tuple[str, Retention]:
    """Separate a store's URL from the settings behind it, as in ``?raw=3y&hour=10y``.

    Parameters
    ----------
    url : str
        Lengths are whole days (``90d``) or years of 366 days (``3y``); what is not named is kept for ever.

    Returns
    -------
    str
        The URL without settings.
    Retention

    Raises
    ------
    StoreError
        Not retryable; it says what is accepted.
    """
    where, _, query = url.partition("?")
    found: dict[str, int] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        length = _LENGTH.fullmatch(text)
        if name not in ("raw", "hour", "day") or name in found or length is None:
            raise _error(where, f"{name}={text}")
        found[name] = int(length[1]) * (366 if length[2] == "y" else 1) * DAY_MS
    if query and not found:
        raise _error(where, query)
    retention = Retention(**found)
    ages = [retention.raw, retention.hour, retention.day]
    kept = [float("inf") if age is None else age for age in ages]
    if kept[0] < LEAST_RAW_D * DAY_MS or kept != sorted(kept):
        raise _error(where, query)
    return where, retention


def _error(where: str, found: str) -> StoreError:
    return StoreError(
        f"store {where}: found retention {found!r}; accepted: raw, hour and day once each, as 90d or 3y, "
        f"raw at least {LEAST_RAW_D}d, raw no longer than hour, hour no longer than day",
        retryable=False,
    )

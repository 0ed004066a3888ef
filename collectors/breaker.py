"""Leaves what does not answer alone, longer each time, and lets one attempt through to find it again."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: A pause of one period must let the poll one period later through, even where it starts a little early.
_EARLY = 0.95


@dataclass(frozen=True, slots=True)
class Settings:
    """How patient a poller is.

    Attributes
    ----------
    absent_s : float
        A unit that stays absent is published again after this time [s].
    failures : int
        Failed polls in a row after which a unit is left alone for a while; a single lost frame is not one.
    most_wait_s : float
        Longest pause between two attempts at an absent unit [s].
    """

    absent_s: float = 300.0
    failures: int = 2
    most_wait_s: float = 600.0


class Breaker:
    """Twice as long a pause after each failure.

    Parameters
    ----------
    settings : Settings
    first_s : float
        Length of the first pause [s].

    Attributes
    ----------
    first_s : float
    failures : int
        Failed attempts in a row.
    """

    __slots__ = ("_closed_until", "_settings", "failures", "first_s")

    def __init__(self, settings: Settings, first_s: float) -> None:
        self._settings, self.first_s = settings, first_s
        self.failures = 0
        self._closed_until = -math.inf

    def may_try(self, now_s: float) -> bool:
        """Whether an attempt is due."""
        return now_s >= self._closed_until

    def worked(self) -> None:
        """The attempt got an answer."""
        if self.failures:
            self.failures = 0
            self._closed_until = -math.inf

    def failed(self, now_s: float, *, costs: bool = True) -> None:
        """The attempt that began at `now_s` got none; no pause follows where trying costs nothing."""
        self.failures += 1
        beyond = self.failures - self._settings.failures
        if beyond >= 0 and costs:
            # 2**20 pauses are past any limit; a float would overflow after a few months.
            pause_s = min(self.first_s * 2.0 ** min(beyond, 20), self._settings.most_wait_s)
            self._closed_until = now_s + _EARLY * pause_s

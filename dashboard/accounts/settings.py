"""How strict the board is with those who sign in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Limits of signing in.

    Attributes
    ----------
    failures : int
        Failures in a row after which an account is closed for a while.
    lock_s, longest_lock_s : float
        How long it is closed then; each further failure doubles it, up to the longest [s].
    forget_s : float
        Failures are forgotten after this long without another [s].
    idle_s, absolute_s : float
        A session ends after so long without use, and after so long in any case [s].
    display_s : float
        One that shows nothing but the page for a wall, and is never without use, goes on there so long [s].
    least_chars, most_chars : int
        Length of a password.
    attempts_per_minute : int
        Attempts from one address, and how many may come at once.
    """

    failures: int = 5
    lock_s: float = 15 * 60
    longest_lock_s: float = 4 * 3600
    forget_s: float = 24 * 3600
    idle_s: float = 2 * 3600
    absolute_s: float = 12 * 3600
    display_s: float = 90 * 24 * 3600
    least_chars: int = 10
    most_chars: int = 200
    attempts_per_minute: int = 20

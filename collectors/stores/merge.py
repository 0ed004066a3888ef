"""What becomes of a reading that meets one that is stored, the same in every backend; pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sensors.reading import Quality


@dataclass(frozen=True, slots=True)
class Stored:
    """A reading as a store holds it.

    Attributes
    ----------
    value : float or None
    quality : int
        The worst of its flags and of `said`.
    state : str
    said : int or None
        Quality with which it was written, where flags stand; None where that is `quality`.
    """

    value: float | None
    quality: int
    state: str
    said: int | None = None

    @property
    def base(self) -> int:
        """Quality without flags."""
        return self.quality if self.said is None else self.said

    def unflagged(self) -> Stored:
        """The same without flags."""
        return Stored(self.value, self.base, self.state)


@dataclass(frozen=True, slots=True)
class Merged:
    """What is to be stored.

    Attributes
    ----------
    stored : Stored
    revision : bool
        Whether what stood there is to be kept as a revision.
    another : bool
        Whether it is another reading, so that flags of the one before mean nothing any more.
    """

    stored: Stored
    revision: bool
    another: bool


def merge(
    old: Stored, value: float | None, quality: int, state: str, flags: Collection[int], *, delivered: bool
) -> Merged | None:
    """Put a reading where one stands already.

    Parameters
    ----------
    old : Stored
    value, quality, state
        What comes.
    flags : collection of int
        Flags that stand.
    delivered : bool
        Whether a gateway sent it, which does not undo a verdict.

    Returns
    -------
    Merged or None
        None where everything stays as it is.
    """
    if old.value != value or old.state != state:
        return Merged(Stored(value, quality, state), revision=True, another=True)
    if delivered and old.quality != Quality.NOT_EVALUATED:
        return None
    new = flagged(Stored(value, quality, state), flags)
    if new == old:
        return None
    # A verdict on a reading that had none is quality control at work, not a revision.
    revision = new.quality != old.quality and old.quality != Quality.NOT_EVALUATED
    return Merged(new, revision=revision, another=False)


def flagged(stored: Stored, flags: Collection[int]) -> Stored:
    """The reading with exactly these flags."""
    base = stored.base
    if not flags:
        return stored.unflagged()
    return Stored(stored.value, max(base, *flags), stored.state, base)


def withdraws(flag: int) -> bool:
    """Whether a flag takes back what its test said."""
    return flag < Quality.SUSPECT

"""The project's errors.

::

    RiverChiefError
    ├── ConfigError       a mistake in a file that a person wrote: lists every problem, stops the program at load
    │   ├── SiteError
    │   └── ProfileError
    ├── AnswerError       an answer of another length than was asked for (`sensors.decode`): a bus let it through
    ├── UsageError        a command was asked for something that cannot be had; the message is the whole answer
    ├── LinkError         a bus or a broker could not be reached (retryable)
    └── StoreError        a store refused or could not be reached (``retryable`` says which)
        └── BooksError    the same of the books: who can do without a store can do without them

A fault in the field (a timeout, a bad CRC, an absurd value) is data, not an exception: see `sensors.reading.Quality`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


class RiverChiefError(Exception):
    """Root of the project's errors.

    Attributes
    ----------
    retryable : bool
        True where the same call may succeed later without anyone changing anything.
    """

    retryable = False


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file that a person wrote.

    Attributes
    ----------
    file : str
        Name of the file, as its author knows it.
    where : str
        Line (``line 7``) or key (``site.timezone``) of the mistake.
    found : str
        What stands there.
    accepted : str
        What would be accepted.
    """

    file: str
    where: str
    found: str
    accepted: str

    def __str__(self) -> str:
        return f"{self.file}: {self.where}: found {self.found}; accepted: {self.accepted}"


class ConfigError(RiverChiefError):
    """Mistakes in files that a person wrote, all of them at once.

    Attributes
    ----------
    problems : tuple of Problem
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...]]]:
        """Rebuild from the problems: an error crosses process boundaries, and its message would not do."""
        return type(self), (self.problems,)


class SiteError(ConfigError):
    """A site folder that cannot be used as it stands."""


class ProfileError(ConfigError):
    """An instrument profile that contradicts itself or names something unknown."""


class UsageError(RiverChiefError):
    """A request that cannot be met; the message is one clear sentence for the person who asked."""


class LinkError(RiverChiefError):
    """A bus or a broker that could not be reached."""

    retryable = True


class StoreError(RiverChiefError):
    """A store that refused rows (not retryable) or could not be reached (retryable)."""

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable

    def __reduce__(self) -> tuple[Callable[[str, bool], StoreError], tuple[str, bool]]:
        """Rebuild with ``retryable``, which is by keyword only: an error crosses process boundaries."""
        return _store_error, (str(self), self.retryable)


def _store_error(message: str, retryable: bool) -> StoreError:
    return StoreError(message, retryable=retryable)


class BooksError(StoreError):
    """Books (`dashboard.casework`) that refused a change (not retryable) or could not be reached (retryable)."""

    def __init__(self, message: str, *, retryable: bool = False) -> None:
        super().__init__(message, retryable=retryable)

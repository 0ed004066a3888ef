"""The seam between readings and where they are kept: what every store must do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sensors.reading import Block, Quality, StationState

#: Width of a roll-up window [ms].
HOUR_MS = 3_600_000

#: Decimals to which a mean is rounded. Sums of binary fractions carry noise around the 14th digit; a mean of 0.2s
#: must be 0.2, because the limits of GB 3838 are inclusive.
MEAN_DECIMALS = 10

Scope = Literal["station", "river"]
Basis = Literal["latest", "window"]


@dataclass(frozen=True, slots=True)
class Assessment:
    """How one station or river was judged at one instant.

    Attributes
    ----------
    scope : {'station', 'river'}
    subject : str
        Id of the station or river.
    basis : {'latest', 'window'}
        Judged on the newest readings, or on the mean of a window.
    time_ms : int
        Milliseconds since the epoch, UTC. For ``latest`` the reading's time; for ``window`` the start of the hour in
        which it was judged, so that judging again within the hour overwrites and one row an hour stays as history.
    water_class : str or None
        I, II, III, IV, V or INFERIOR_V; None where it cannot be graded.
    partial : bool
        Whether required determinands were missing.
    provisional : bool
        Whether suspect readings took part.
    deciding : tuple of str
        Determinands that decided the class.
    detail : dict
        Whatever else the judge wants to keep; only what JSON can carry.
    """

    scope: Scope
    subject: str
    basis: Basis
    time_ms: int
    water_class: str | None
    partial: bool = False
    provisional: bool = False
    deciding: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One window of one determinand at one station; see `Summary` for the fields."""

    station: str
    determinand: str
    start_ms: int
    minimum: float
    maximum: float
    mean: float
    count: int
    provisional: int


@dataclass(slots=True)
class Summary:
    """Windows over usable readings, as columns of length n, ordered by station, determinand and start.

    A reading is usable when it has a value, its quality is in `sensors.reading.USABLE_QUALITIES` and the station's
    state is normal. A window without any is absent: a gap stays a gap.

    Attributes
    ----------
    station, determinand : list of str, (n,)
    start_ms : list of int, (n,)
        Start of the window, milliseconds since the epoch, UTC.
    minimum, maximum, mean : list of float, (n,)
        In the determinand's unit.
    count : list of int, (n,)
        Usable readings.
    provisional : list of int, (n,)
        How many of them were suspect.
    """

    station: list[str] = field(default_factory=list)
    determinand: list[str] = field(default_factory=list)
    start_ms: list[int] = field(default_factory=list)
    minimum: list[float] = field(default_factory=list)
    maximum: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    provisional: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.start_ms)

    def append(self, row: SummaryRow) -> None:
        """Add one window at the end."""
        self.station.append(row.station)
        self.determinand.append(row.determinand)
        self.start_ms.append(row.start_ms)
        self.minimum.append(row.minimum)
        self.maximum.append(row.maximum)
        self.mean.append(row.mean)
        self.count.append(row.count)
        self.provisional.append(row.provisional)

    def __iter__(self) -> Iterator[SummaryRow]:
        columns = zip(
            self.station, self.determinand, self.start_ms,
            self.minimum, self.maximum, self.mean, self.count, self.provisional,
            strict=True,
        )  # fmt: skip
        for row in columns:
            yield SummaryRow(*row)


@dataclass(frozen=True, slots=True)
class Revision:
    """A reading as it stood before another one took its place.

    Attributes
    ----------
    station, determinand : str
    time_ms : int
        Instant of the reading, milliseconds since the epoch, UTC.
    value : float or None
    quality : Quality
    state : StationState
        What the store held.
    replaced_ms : int
        When it was replaced, milliseconds since the epoch, UTC.
    """

    station: str
    determinand: str
    time_ms: int
    value: float | None
    quality: Quality
    state: StationState
    replaced_ms: int


class ReadingStore(Protocol):
    """Where readings and judgements are kept.

    Every method may be called from any thread. All raise `sensors.errors.StoreError`; where it is ``retryable`` the
    same call may be made again, because each is idempotent.
    """

    def write(self, block: Block) -> None:
        """Keep readings; idempotent on (station, determinand, time), and a later write wins.

        A replaced reading whose value or state was another stays visible in `revisions`.
        """
        ...

    def commit(self, block: Block, gateway: str, epoch: str, seq: int) -> None:
        """Keep readings and move the gateway's watermark to (epoch, seq), atomically where the backend can.

        When it returns, both survive a crash of this process and of the store's machine.

        What a gateway delivers it may deliver again, long after quality control has judged it. Where value and state
        are those that are stored, a stored verdict (a quality other than NOT_EVALUATED) stays as it is; `write`, which
        is how verdicts come, replaces it. Another value or state replaces the reading with its verdict, as a revision.
        """
        ...

    def watermarks(self) -> dict[str, tuple[str, int]]:
        """Epoch and highest stored sequence number of each gateway's spool."""
        ...

    def latest(self) -> Block:
        """Newest reading of each (station, determinand), missing ones included."""
        ...

    def range(self, station: str, determinands: Sequence[str], start_ms: int, end_ms: int) -> Block:
        """Readings of one station, start inclusive, end exclusive, ordered by time, then determinand as asked."""
        ...

    def summary(
        self, stations: Sequence[str], determinands: Sequence[str], start_ms: int, end_ms: int, step_ms: int
    ) -> Summary:
        """Minimum, maximum and mean per window of `step_ms`, the first one starting at `start_ms`.

        The last window ends at `end_ms` (exclusive). Whole hours are answered from a roll-up kept on write.

        Raises
        ------
        ValueError
            If `step_ms` is not positive.
        """
        ...

    def put_assessments(self, rows: Sequence[Assessment]) -> None:
        """Keep judgements; idempotent on (scope, subject, basis, time)."""
        ...

    def assessments(self, scope: Scope, basis: Basis) -> list[Assessment]:
        """Newest judgement of each subject, ordered by subject."""
        ...

    def assessment_history(
        self, scope: Scope, subject: str, basis: Basis, start_ms: int, end_ms: int
    ) -> list[Assessment]:
        """Judgements of one subject, start inclusive, end exclusive, ordered by time."""
        ...

    def revisions(self, start_ms: int, end_ms: int) -> list[Revision]:
        """Readings that were replaced, by the time of the reading; start inclusive, end exclusive."""
        ...

    def close(self) -> None:
        """Let go of files and connections; harmless when called again."""
        ...

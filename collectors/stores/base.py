"""The seam between readings and where they are kept: what every store must do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from collectors.stores.detail import Detail
from sensors.durations import DAY_MS, HOUR_MS
from sensors.reading import Block, Quality, StationState

#: Widths of roll-up windows [ms].

#: Days of the daily roll-up begin at midnight of UTC+8, as every day in China does [ms]. Days of other zones are
#: answered from hours.
DAY_OFFSET_MS = 8 * HOUR_MS

#: Decimals to which a mean is rounded. Sums of binary fractions carry noise around the 14th digit; a mean of 0.2s
#: must be 0.2, because the limits of GB 3838 are inclusive.
MEAN_DECIMALS = 10

Level = Literal["hour", "day"]
Scope = Literal["station", "river", "subdistrict"]
Basis = Literal["latest", "window", "day", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class Assessment:
    """How one station or river was judged at one instant.

    Attributes
    ----------
    scope : {'station', 'river', 'subdistrict'}
    subject : str
        Id of the station, river or site.
    basis : {'latest', 'window', 'day', 'month', 'quarter', 'year'}
        Judged on the newest readings, on the mean of a window, or on a calendar period.
    time_ms : int
        Milliseconds since the epoch, UTC. For ``latest`` the reading's time; for ``window`` the start of the hour in
        which it was judged, so that judging again within the hour overwrites and one row an hour stays as history; for
        periods their start.
    water_class : str or None
        I, II, III, IV, V or INFERIOR_V; None where it cannot be graded.
    partial : bool
        Whether required determinands were missing.
    provisional : bool
        Whether suspect readings took part.
    deciding : tuple of str
        Determinands that decided the class.
    detail : Detail
        Why; only what JSON can carry.
    """

    scope: Scope
    subject: str
    basis: Basis
    time_ms: int
    water_class: str | None
    partial: bool = False
    provisional: bool = False
    deciding: tuple[str, ...] = ()
    detail: Detail = field(default_factory=Detail)


class Judged(NamedTuple):
    """What a judgement came to, without why: as in `Assessment`; a quality word (`Detail`) only where no class is."""

    time_ms: int
    water_class: str | None
    descriptor: str | None = None


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
    certain_mean: float | None
    certain_count: int


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
    certain_mean : list of (float or None), (n,)
        Mean without the suspect ones, in the determinand's unit; None where all were.
    certain_count : list of int, (n,)
        Usable readings that were not suspect.
    """

    station: list[str] = field(default_factory=list)
    determinand: list[str] = field(default_factory=list)
    start_ms: list[int] = field(default_factory=list)
    minimum: list[float] = field(default_factory=list)
    maximum: list[float] = field(default_factory=list)
    mean: list[float] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    provisional: list[int] = field(default_factory=list)
    certain_mean: list[float | None] = field(default_factory=list)
    certain_count: list[int] = field(default_factory=list)

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
        self.certain_mean.append(row.certain_mean)
        self.certain_count.append(row.certain_count)

    def __iter__(self) -> Iterator[SummaryRow]:
        columns = zip(
            self.station, self.determinand, self.start_ms,
            self.minimum, self.maximum, self.mean, self.count, self.provisional, self.certain_mean, self.certain_count,
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


@dataclass(frozen=True, slots=True)
class Flag:
    """What one test of quality control says of one reading.

    Attributes
    ----------
    station, determinand : str
    time_ms : int
        Instant of the reading, milliseconds since the epoch, UTC.
    test : str
        Name of the test.
    flag : Quality
        SUSPECT, FAIL or MISSING. GOOD and NOT_EVALUATED withdraw what the test said before.
    evidence : dict
        Why; only what JSON can carry.
    """

    station: str
    determinand: str
    time_ms: int
    test: str
    flag: Quality
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on the water or to an instrument.

    Attributes
    ----------
    id : str
    kind : str
    start_ms, detected_ms, updated_ms : int
        When it began, when it was seen, when this was last changed; milliseconds since the epoch, UTC.
    end_ms : int or None
        When it ended, exclusive; None while it lasts.
    stations : tuple of str
    detail : dict
        Whatever else is known; only what JSON can carry.
    """

    id: str
    kind: str
    start_ms: int
    end_ms: int | None
    detected_ms: int
    updated_ms: int
    stations: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rolled:
    """A window of a roll-up whose readings have been let go.

    Attributes
    ----------
    level : {'hour', 'day'}
    station, determinand : str
    start_ms : int
        Milliseconds since the epoch, UTC.
    minimum, maximum, total, certain_total : float
        In the determinand's unit; sums of all usable readings, and of those that were not suspect.
    count, certain_count : int
        How many.
    """

    level: Level
    station: str
    determinand: str
    start_ms: int
    minimum: float
    maximum: float
    total: float
    count: int
    certain_total: float
    certain_count: int

    @property
    def end_ms(self) -> int:
        """End of the window, exclusive [ms since the epoch, UTC]."""
        return self.start_ms + (DAY_MS if self.level == "day" else HOUR_MS)


@dataclass(slots=True)
class Chunk:
    """Everything that is kept about the readings of one station in some span of time.

    Attributes
    ----------
    block : Block
        Ordered by determinand, then time. Its qualities are what was said of the readings before any flag.
    flags : list of Flag
        Ordered by time, determinand and test.
    revisions : list of Revision
        Ordered by time and determinand, then as they happened.
    rolled : list of Rolled
        What is left where readings have been let go; in no order.
    """

    block: Block = field(default_factory=Block)
    flags: list[Flag] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    rolled: list[Rolled] = field(default_factory=list)


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

        The last window ends at `end_ms` (exclusive). Whole hours, and whole days that begin at `DAY_OFFSET_MS`, are
        answered from roll-ups, and from the readings where those have changed since.

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

    def conditions(
        self, scope: Scope, subjects: Sequence[str], basis: Basis, start_ms: int, end_ms: int
    ) -> dict[str, list[Judged]]:
        """What the judgements of some subjects came to, start inclusive, end exclusive, each one's ordered by time.

        Much quicker than their history where it is long; subjects without any are left out.
        """
        ...

    def revisions(self, start_ms: int, end_ms: int) -> list[Revision]:
        """Readings that were replaced, by the time of the reading; start inclusive, end exclusive."""
        ...

    def put_flags(self, flags: Sequence[Flag]) -> None:
        """Keep what tests say; idempotent on (station, determinand, time, test), and a later one wins.

        The quality of a reading is the worst of its flags and of what was said when it was written. A flag may come
        before its reading. Where a reading gets another value or state, its flags are gone: they were about another
        one.
        """
        ...

    def flags(self, station: str, start_ms: int, end_ms: int) -> list[Flag]:
        """Flags of one station that stand, start inclusive, end exclusive, ordered by time, determinand and test."""
        ...

    def changes(self, cursor: str) -> tuple[dict[str, tuple[int, int]], str]:
        """Stations whose readings have changed since a cursor, whichever process changed them.

        What is old in the log is folded together: a cursor from before that is told more than it has missed, never
        less.

        Parameters
        ----------
        cursor : str
            From an earlier call; empty for the beginning. One that is of another store means the beginning as well.

        Returns
        -------
        dict of str to (int, int)
            Station, and the times of its oldest and newest reading that changed [ms since the epoch, UTC].
        str
            The next cursor.
        """
        ...

    def mark(self, name: str) -> str | None:
        """Text that was kept under a name."""
        ...

    def put_mark(self, name: str, text: str) -> None:
        """Keep a small text under a name; a later one wins."""
        ...

    def put_events(self, rows: Sequence[Event]) -> None:
        """Keep events; idempotent on id, and a later one wins."""
        ...

    def events(self, start_ms: int, end_ms: int) -> list[Event]:
        """Events that lasted at some time of a span (start inclusive, end exclusive), ordered by start and id."""
        ...

    def series(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Times of the oldest and the newest reading of each (station, determinand) [ms since the epoch, UTC].

        Where readings have been let go, the days that are left of them count as well.
        """
        ...

    def dump(self, station: str, start_ms: int, end_ms: int) -> Chunk:
        """Everything kept about one station's readings, start inclusive, end exclusive; to be loaded elsewhere."""
        ...

    def load(self, chunk: Chunk) -> None:
        """Take what another store has dumped; idempotent."""
        ...

    def tidy(self) -> bool:
        """Do a piece of upkeep, a second's work or so: roll-ups that are due, and what is past its retention.

        Whoever runs the store calls it again and again, one process at a time. Answers are right without it, only
        slower, and nothing is ever deleted.

        Returns
        -------
        bool
            Whether more is to be done now.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; harmless when called again."""
        ...

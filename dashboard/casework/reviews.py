"""The review of suspect readings: runs of them wait for a person, who accepts or rejects them and says why.

What was measured is never changed or deleted. Rejected readings get a flag of the test ``review`` that fails them.
For accepted ones the flags that made them suspect are withdrawn; should quality control run again and raise them anew,
the next `queue` withdraws them again, because the decision stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.stores.base import Flag, ReadingStore
from dashboard.casework.exchange.said import Said, _
from dashboard.casework.survey import RefusedError
from dashboard.casework.tables.stations import DECISIONS, Review
from sensors.determinand import DETERMINANDS
from sensors.reading import Quality, StationState

#: Name under which a person's decision stands among the tests.
TEST = "review"

#: Suspect readings that are no further apart belong to one run [ms].
GAP_MS = 3_600_000

_DoubtsOf = dict[tuple[str, int], list[Flag]]


@dataclass(frozen=True, slots=True)
class Queued:
    """What became of the queue: runs that are new, that grew, and decisions that were carried out again."""

    new: int = 0
    grown: int = 0
    kept: int = 0


def queue(session: Session, store: ReadingStore, changed: Mapping[str, tuple[int, int]]) -> Queued:
    """Look for suspect readings and queue those that no run has yet.

    Parameters
    ----------
    session : Session
        Of `Books.change`.
    store : ReadingStore
    changed : mapping of str to (int, int)
        By station: times of the oldest and newest reading to look at [ms since the epoch, UTC]; what
        `ReadingStore.changes` tells.
    """
    new = grown = kept = 0
    for station, (oldest_ms, newest_ms) in changed.items():
        start_ms, end_ms = oldest_ms - GAP_MS, newest_ms + GAP_MS + 1
        flags = _by_reading(store.flags(station, start_ms, end_ms))
        for determinand, times in _suspect(store, station, start_ms, end_ms).items():
            for run in _runs(times):
                known = _touching(session, station, determinand, run)
                decided = [review for review in known if review.decision is not None]
                for review in decided:
                    inside = [t for t in run if review.start_ms <= t <= review.end_ms]
                    kept += bool(inside) and _carry_out(store, review, inside, flags)
                for part in _undecided(run, decided):
                    there = [review for review in known if review.decision is None and _joins(review, part, decided)]
                    if there:
                        grown += _grow(session, there, part, flags)
                    else:
                        session.add(_new(station, determinand, part, flags))
                        new += 1
                    session.flush()
    return Queued(new, grown, kept)


def waiting(session: Session, limit: int = 200) -> list[Review]:
    """Runs that wait for a decision, oldest first."""
    return list(
        session.scalars(
            select(Review).where(Review.decision.is_(None)).order_by(Review.start_ms, Review.id).limit(limit)
        )
    )


def decide(
    session: Session, store: ReadingStore, review_id: int, decision: str, reason: str, actor: str, now_ms: int
) -> Review:
    """Accept or reject a run of readings; deciding again replaces the earlier decision.

    Parameters
    ----------
    session : Session
        Of `Books.change`. If the store cannot be written, nothing is decided.
    store : ReadingStore
    review_id : int
    decision : {'accepted', 'rejected'}
    reason : str
        In the person's words; not blank.
    actor : str
    now_ms : int
        Milliseconds since the epoch, UTC.

    Raises
    ------
    RefusedError
        If there is no such run, or no reason.
    StoreError
        If the store cannot be read or written.
    """
    if decision not in DECISIONS:
        raise ValueError(f"decision {decision!r}; one of {', '.join(DECISIONS)}")
    review = session.get(Review, review_id, with_for_update=True)
    if review is None:
        raise RefusedError(Said(_("{subject} is no run of readings"), subject=review_id))
    if not reason.strip():
        raise RefusedError(Said(_("a decision needs a reason")))
    review.decision, review.reason = decision, reason.strip()
    review.decided_by, review.decided_ms = actor, now_ms
    flags = _by_reading(store.flags(review.station, review.start_ms, review.end_ms + 1))
    block = store.range(review.station, [review.determinand], review.start_ms, review.end_ms + 1)
    times = [
        time_ms
        for time_ms, quality in zip(block.time_ms, block.quality, strict=True)
        # Suspect, or failed by an earlier decision on this run.
        if quality == Quality.SUSPECT or any(_ours(f, review) for f in flags.get((review.determinand, time_ms), ()))
    ]
    _carry_out(store, review, times, flags)
    return review


def _carry_out(store: ReadingStore, review: Review, times: Iterable[int], flags: _DoubtsOf) -> bool:
    """Put the flags that a decision means; False where they stand already."""
    put: list[Flag] = []
    for time_ms in times:
        there = flags.get((review.determinand, time_ms), [])
        if review.decision == "rejected":
            if not any(flag.test == TEST for flag in there):
                put.append(_flag(review, time_ms, TEST, Quality.FAIL))
        else:
            put += [
                _flag(review, time_ms, flag.test, Quality.GOOD)
                for flag in there
                if flag.flag == Quality.SUSPECT or _ours(flag, review)
            ]
    if put:
        store.put_flags(put)
    return bool(put)


def _ours(flag: Flag, review: Review) -> bool:
    return flag.test == TEST and flag.evidence.get("review") == review.id


def _flag(review: Review, time_ms: int, test: str, quality: Quality) -> Flag:
    evidence = {"review": review.id, "by": review.decided_by, "reason": review.reason}
    return Flag(review.station, review.determinand, time_ms, test, quality, evidence)


def _suspect(store: ReadingStore, station: str, start_ms: int, end_ms: int) -> dict[str, list[int]]:
    """Times of suspect readings that would be graded, by determinand."""
    block = store.range(station, list(DETERMINANDS), start_ms, end_ms)
    found: dict[str, list[int]] = {}
    columns = zip(block.determinand, block.time_ms, block.quality, block.state, strict=True)
    for determinand, time_ms, quality, state in columns:
        if quality == Quality.SUSPECT and state == StationState.NORMAL:
            found.setdefault(determinand, []).append(time_ms)
    return found


def _runs(times: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for time_ms in times:
        if runs and time_ms - runs[-1][-1] <= GAP_MS:
            runs[-1].append(time_ms)
        else:
            runs.append([time_ms])
    return runs


def _touching(session: Session, station: str, determinand: str, run: Sequence[int]) -> list[Review]:
    return list(
        session.scalars(
            select(Review)
            .where(
                Review.station == station, Review.determinand == determinand,
                Review.start_ms <= run[-1] + GAP_MS, Review.end_ms >= run[0] - GAP_MS,
            )
            .order_by(Review.start_ms)
        )
    )  # fmt: skip


def _new(station: str, determinand: str, times: Sequence[int], flags: _DoubtsOf) -> Review:
    return Review(
        station=station, determinand=determinand, start_ms=times[0], end_ms=times[-1], readings=len(times),
        evidence=_evidence(determinand, times, flags),
    )  # fmt: skip


def _undecided(run: Iterable[int], decided: Sequence[Review]) -> list[list[int]]:
    """Parts of a run about which nobody has decided."""
    parts: list[list[int]] = []
    fresh = True
    for time_ms in run:
        if any(review.start_ms <= time_ms <= review.end_ms for review in decided):
            fresh = True
        elif fresh:
            parts.append([time_ms])
            fresh = False
        else:
            parts[-1].append(time_ms)
    return parts


def _joins(review: Review, times: Sequence[int], decided: Iterable[Review]) -> bool:
    """Whether readings belong to a run that waits: near enough, and no decision stands between them."""
    low = [times[0] - GAP_MS, *(other.end_ms + 1 for other in decided if other.end_ms < times[0])]
    high = [times[-1] + GAP_MS, *(other.start_ms - 1 for other in decided if other.start_ms > times[-1])]
    return review.start_ms <= min(high) and review.end_ms >= max(low)


def _grow(session: Session, reviews: Sequence[Review], times: Sequence[int], flags: _DoubtsOf) -> bool:
    """Take readings into the run that waits; runs that they join become one."""
    outside = [t for t in times if not any(review.start_ms <= t <= review.end_ms for review in reviews)]
    if not outside:
        return False
    first, others = reviews[0], reviews[1:]
    told = [_evidence(first.determinand, outside, flags), *(review.evidence for review in others)]
    tests = Counter(_counts(first.evidence))
    for evidence in told:
        tests.update(_counts(evidence))
    first.readings += len(outside) + sum(review.readings for review in others)
    first.end_ms = max(times[-1], *(review.end_ms for review in reviews))
    first.start_ms = min(times[0], first.start_ms)
    first.evidence = {"tests": dict(tests), "first": first.evidence.get("first") or told[0]["first"]}
    for review in others:
        session.delete(review)
    return True


def _counts(evidence: Mapping[str, Any]) -> dict[str, int]:
    return dict(evidence.get("tests", {}))


def _evidence(determinand: str, times: Iterable[int], flags: _DoubtsOf) -> dict[str, Any]:
    """Which tests doubt the readings, how many each, and the numbers of each test's first."""
    tests: Counter[str] = Counter()
    first: dict[str, Any] = {}
    for time_ms in times:
        for flag in flags.get((determinand, time_ms), []):
            tests[flag.test] += 1
            first.setdefault(flag.test, {"time_ms": time_ms, **flag.evidence})
    return {"tests": dict(tests), "first": first}


def _by_reading(flags: Iterable[Flag]) -> _DoubtsOf:
    found: _DoubtsOf = {}
    for flag in flags:
        found.setdefault((flag.determinand, flag.time_ms), []).append(flag)
    return found

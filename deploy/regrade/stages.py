"""The tasks of a regrading, kind by kind: what they are, in which order, and what each needs of those before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from analytics.periods import Period
from collectors.stores import BACKENDS
from deploy.regrade.grades import Done, GradesJob, Part, regrade_part
from deploy.regrade.months import MonthJob, evaluate_month
from deploy.regrade.part import Ground, digest
from deploy.regrade.run import Progress
from deploy.regrade.trends import DIRECTIONS, TrendJob, judge_trends
from deploy.regrade.workers import Crew
from sensors.errors import UsageError


class _Job(Protocol):
    @property
    def key(self) -> str: ...


J = TypeVar("J", bound=_Job)


def plan_parts(source: str, out: Path, ground: Ground) -> Sequence[Part]:
    """Parts of a history.

    Parameters
    ----------
    source : str
        See `deploy.regrade.regrade`.
    out : Path
        Must not lie in the source, nor the other way round.
    ground : Ground

    Raises
    ------
    ConfigError
        Listing what is wrong in the files.
    StoreError
        If the store cannot be read.
    UsageError
        If there is nothing to read.
    """
    scheme, is_url, _ = source.partition("://")
    plan: Sequence[Part]
    if is_url:
        if scheme not in BACKENDS:
            accepted = ", ".join(f"{name}://" for name in BACKENDS)
            raise UsageError(f"{source}: no such kind of store; accepted: {accepted}, a Parquet file or a folder")
        from deploy.regrade.store import plan_store

        plan = plan_store(source, ground)
    else:
        from deploy.regrade.parquet import plan_parquet

        plan = plan_parquet(_apart(source, out), ground)
    if not plan:
        raise UsageError(f"{source}: no readings in it")
    return plan


def _apart(source: str, out: Path) -> Path:
    """Path of a source that has nothing to do with the output folder."""
    path, folder = Path(source).resolve(), out.resolve()
    if not path.exists():
        raise UsageError(f"{source}: no such file or folder")
    if folder == path or path in folder.parents:
        raise UsageError(f"{out}: lies in the history that is read; give another folder")
    if folder in path.parents:
        raise UsageError(f"{source}: lies in the output folder; give another folder")
    return path


class Stages:
    """The tasks of a run.

    Parameters
    ----------
    plan : sequence of Part
    ground : Ground
    out : Path
        Output folder.
    crew : Crew
    progress : callable
        See `deploy.regrade.run.Progress`.
    """

    def __init__(self, plan: Sequence[Part], ground: Ground, out: Path, crew: Crew, progress: Progress) -> None:
        self._plan, self._ground, self._out = plan, ground, str(out)
        self._crew, self._progress = crew, progress
        self._chunks = ground.chunks()

    def keys(self, *, evaluations: bool = True) -> set[str]:
        """Names of all tasks that the parts lead to, those of evaluations and trends included or not."""
        keys = {job.key for job in self._parts(hours=True)}
        if evaluations:
            keys |= {job.key for job in self._months({part.month: () for part in self._plan}, {})}
            keys |= {job.key for job in self._trends([], [])}
        return keys

    def grade(self, *, hours: bool) -> list[Done]:
        """Grade the parts; with hourly means where evaluations are to follow."""
        return self._done("grading", regrade_part, self._parts(hours=hours))

    def evaluate(self, graded: Sequence[Done]) -> dict[str, int]:
        """Evaluate the months and judge the trends; returns how many series do what."""
        files: dict[str, tuple[str, ...]] = {}
        tokens: dict[str, tuple[str, ...]] = {}
        for part, each in zip(self._plan, graded, strict=True):
            hours = tuple(name for name in each.manifest.files if name.startswith("hours/"))
            files[part.month] = (*files.get(part.month, ()), *hours)
            tokens[part.month] = (*tokens.get(part.month, ()), each.manifest.fingerprint)
        months = self._months(files, tokens)
        evaluated = self._done("evaluating", evaluate_month, months)
        total = dict.fromkeys(DIRECTIONS, 0)
        for done in self._done("trends", judge_trends, self._trends(months, evaluated)):
            for name, count in done.manifest.counts["trends"].items():
                total[name] += count
        return total

    def _done(self, name: str, function: Callable[[J], Done], jobs: Sequence[J]) -> list[Done]:
        """Do tasks of one kind; results in their order."""
        results: dict[int, Done] = {}
        self._progress(name, 0, len(jobs))
        for index, result in self._crew(function, jobs):
            results[index] = result
            self._progress(name, len(results), len(jobs))
        return [results[index] for index in range(len(jobs))]

    def _parts(self, *, hours: bool) -> list[GradesJob]:
        return [GradesJob(part, self._ground, self._out, hours) for part in self._plan]

    def _months(self, files: dict[str, tuple[str, ...]], tokens: dict[str, tuple[str, ...]]) -> list[MonthJob]:
        jobs = []
        for month in sorted(files):
            period = _month(month, self._ground)
            token = digest(*tokens.get(month, ()))
            for number, stations in enumerate(self._chunks):
                span = (period.start_ms, period.end_ms)
                jobs.append(MonthJob(month, number, stations, *span, files[month], token, self._ground, self._out))
        return jobs

    def _trends(self, months: Sequence[MonthJob], evaluated: Sequence[Done]) -> list[TrendJob]:
        jobs = []
        for number, stations in enumerate(self._chunks):
            mine = [(job, each) for job, each in zip(months, evaluated, strict=True) if job.number == number]
            means = tuple(
                (job.month, name) for job, each in mine for name in each.manifest.files if name.startswith("means/")
            )
            token = digest(*(each.manifest.fingerprint for _, each in mine))
            jobs.append(TrendJob(number, stations, means, token, self._out))
        return jobs


def _month(label: str, ground: Ground) -> Period:
    year, month = (int(part) for part in label.split("-"))
    middle = datetime(year, month, 15, tzinfo=ground.zone)
    return Period.at("month", round(middle.timestamp() * 1000), ground.zone)

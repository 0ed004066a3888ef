"""History regraded: the body of ``riverchief regrade``.

Three kinds of task, one after the other: parts of the history become classes and hourly means; months become
evaluations and monthly means; monthly means become trends. Each task writes files of its own and remembers that it
did, so that a run that was cut short goes on where it was, and who does the work changes nothing. See
``docs/regrade.md``.

This module loads fast: the processes that do the work start before anything else is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from os import sched_getaffinity
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.regrade.workers import crew
from sensors.errors import UsageError

if TYPE_CHECKING:
    from deploy.regrade.part import Counts

#: Told after every task: what is being done, how many tasks of it are finished, and how many there are.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class RegradeSummary:
    """What a run did; its text is what the person at the command sees.

    Attributes
    ----------
    first, last : str
        First and last month, as in 2026-04.
    parts, reused : int
        Parts of the history, and how many of them had been done before.
    counts : Counts
    trends : mapping of str to int or None
        Series that rise, fall, do neither, or are too short; None where no trends were asked for.
    """

    first: str
    last: str
    parts: int
    reused: int
    counts: Counts
    trends: Mapping[str, int] | None

    def __str__(self) -> str:
        counts = self.counts
        lines = [f"{counts.records} records with {counts.values} values, {self.first} to {self.last}"]
        lines[0] += f", in {self.parts} parts" + (f" ({self.reused} of them done before)" if self.reused else "")
        lines.append("  ".join(f"{name} {count}" for name, count in counts.classes.items() if name))
        lines.append(f"partial (a required determinand is missing) {counts.partial}; no class {counts.classes['']}")
        if self.trends is not None:
            lines.append("trends: " + ", ".join(f"{name} {count}" for name, count in self.trends.items()))
        if counts.repeated:
            lines.append(f"{counts.repeated} values replaced by later rows of the same station, time and determinand")
        if counts.unusable:
            lines.append(f"{counts.unusable} values of failed quality or abnormal station state counted as missing")
        if counts.implausible:
            lines.append(f"{counts.implausible} implausible values counted as missing")
        if counts.below:
            lines.append(f"{counts.below} values below detection")
        if counts.unknown:
            names = ", ".join(f"{name} ({rows} rows)" for name, rows in sorted(counts.unknown.items()))
            lines.append(f"determinands not known, left out: {names}")
        return "\n".join(lines)


def regrade(
    source: str,
    site: Path,
    out: Path,
    *,
    cluster: str | None = None,
    workers: int | None = None,
    grades_only: bool = False,
    progress: Progress | None = None,
) -> RegradeSummary:
    """Grade, evaluate and judge the trends of a history.

    Parameters
    ----------
    source : str
        A Parquet file, a folder of them, or the URL of a store.
    site : Path
        Folder of the site whose stations they are.
    out : Path
        Folder for what is made: ``grades/``, ``hours/``, ``evaluations/``, ``means/``, ``trends/``. What an earlier
        run made of the same input is kept and not made again.
    cluster : str, optional
        Address of a Dask scheduler.
    workers : int, optional
        Processes on this machine; as many as it has cores by default.
    grades_only : bool
        Classes of the records, nothing else.
    progress : callable, optional

    Raises
    ------
    ConfigError
        Listing the mistakes in the site or in the files.
    StoreError
        If the store cannot be read.
    UsageError
        If something cannot be had or written.
    """
    if cluster is not None and workers is not None:
        raise UsageError("workers are for this machine; a cluster has its own")
    with crew(workers or len(sched_getaffinity(0)), cluster) as run:
        from deploy.regrade.manifest import prepare, tidy_up
        from deploy.regrade.part import Counts, Ground
        from deploy.regrade.stages import Stages, plan_parts
        from sensors.site import load_site

        ground = Ground.of(load_site(site))
        plan = plan_parts(source, out, ground)
        out = out.resolve()
        run.check(prepare(out))
        stages = Stages(plan, ground, out, run, progress or (lambda *_: None))
        tidy_up(out, stages.keys())
        graded = stages.grade(hours=not grades_only)
        trends = None if grades_only else stages.evaluate(graded)
    # Evaluations of classes that are no longer these would be worse than none.
    stale = grades_only and not all(each.reused for each in graded)
    tidy_up(out, stages.keys(evaluations=not stale))
    counts = Counts()
    for each in graded:
        counts.add(Counts(**each.manifest.counts))
    months = [part.month for part in plan]
    return RegradeSummary(min(months), max(months), len(plan), sum(each.reused for each in graded), counts, trends)

"""Who does the work: every job once, in whatever order, and again where a worker died."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from deploy.regrade.workers import MAX_DEATHS, crew
from sensors.errors import ConfigError, Problem, RiverChiefError, StoreError, UsageError


def square(number: int) -> int:
    return number * number


def die_once(job: tuple[str, int]) -> int:
    """The first worker that gets number 3 is killed over it."""
    marker, number = Path(job[0]), job[1]
    if number == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(number: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(kind: str) -> None:
    errors: dict[str, RiverChiefError] = {
        "config": ConfigError([Problem("a", "row 1", "x", "y"), Problem("b", "row 2", "x", "y")]),
        "store": StoreError("gone", retryable=True),
        "usage": UsageError("no"),
    }
    raise errors[kind]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_is_done_once(workers: int, tmp_path: Path) -> None:
    with crew(workers, None) as run:
        run.check(tmp_path)
        assert sorted(run(square, [3, 4, 5])) == [(0, 9), (1, 16), (2, 25)]
        assert list(run(square, [])) == []
        assert list(run(square, [7])) == [(0, 49)]


def test_jobs_of_a_killed_worker_are_done_again(tmp_path: Path) -> None:
    jobs = [(str(tmp_path / "died"), number) for number in range(8)]
    with crew(2, None) as run:
        assert sorted(run(die_once, jobs)) == [(number, number) for number in range(8)]
    assert (tmp_path / "died").exists()


def test_a_job_that_kills_every_worker_ends_the_run() -> None:
    with crew(2, None) as run, pytest.raises(UsageError, match=f"workers died {MAX_DEATHS} times"):
        list(run(die, [1]))


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_arrive_whole(workers: int) -> None:
    with crew(workers, None) as run:
        with pytest.raises(ConfigError) as config:
            list(run(fail, ["config"]))
        with pytest.raises(StoreError, match="gone") as store:
            list(run(fail, ["store"]))
        with pytest.raises(UsageError, match="no"):
            list(run(fail, ["usage"]))
    assert [problem.file for problem in config.value.problems] == ["a", "b"]
    assert store.value.retryable


def test_a_cluster_does_every_job_once_and_tells_of_errors_and_of_foreign_folders(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    (tmp_path / "probe").touch()
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, protocol="inproc://", dashboard_address=":0"
        ) as cluster,
        crew(1, cluster.scheduler_address) as run,
    ):
        run.check(tmp_path / "probe")
        with pytest.raises(UsageError, match="must be on a shared disk"):
            run.check(tmp_path / "none")
        assert sorted(run(square, range(20))) == [(number, number * number) for number in range(20)]
        assert list(run(square, [])) == []
        with pytest.raises(ConfigError) as config:
            list(run(fail, ["config"]))
    assert [problem.file for problem in config.value.problems] == ["a", "b"]

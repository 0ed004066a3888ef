"""Who does the work: this process, processes on this machine, or a Dask cluster.

A task is a function of one argument that writes its result to files and can be done again without harm. So a worker
that dies, killed or out of memory, costs only the tasks that it had in hand: they are done again.
"""

from __future__ import annotations

import ctypes
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.metadata import version
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast

from sensors.errors import ConfigError, Problem, RiverChiefError, StoreError, UsageError

J = TypeVar("J")
R = TypeVar("R")

#: How often a task may be in the hands of a worker that dies before the run gives up.
MAX_DEATHS = 3

#: Longest wait for a scheduler to answer, and for its first worker [s].
CLUSTER_TIMEOUT_S = 30.0

# Jobs that a cluster has in hand for each thread of a worker.
_PER_THREAD = 8

# Processes that are started before it is known how many are needed.
_EARLY = 4

# Of Linux and its C library.
_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


class Crew(Protocol):
    """Whoever does the work."""

    def check(self, probe: Path) -> None:
        """Make sure that a file in the output folder is seen by everyone.

        Raises
        ------
        UsageError
            If a worker of a cluster does not see it, or has another version of the program.
        """
        ...

    def __call__(self, function: Callable[[J], R], jobs: Sequence[J]) -> Iterator[tuple[int, R]]:
        """Yield the position of each job and its result, as they come.

        Raises
        ------
        RiverChiefError
            The first one that a task raised.
        """
        ...


@contextmanager
def crew(workers: int, cluster: str | None) -> Iterator[Crew]:
    """Whoever does the work, until the block ends.

    Parameters
    ----------
    workers : int
        Processes; with one the work is done in this process.
    cluster : str or None
        Address of a Dask scheduler, e.g. ``tcp://scheduler:8786``, instead.

    Raises
    ------
    UsageError
        If the cluster cannot be used.
    """
    if cluster is not None:
        with _connected(cluster) as client:
            yield _Cluster(client)
    elif workers == 1:
        yield _Alone()
    else:
        pool = _Pool(workers)
        try:
            yield pool
        finally:
            pool.close()


@dataclass(frozen=True, slots=True)
class _Failure:
    """An error of ours on its way between processes: not all of them survive pickling."""

    kind: str
    text: str
    problems: tuple[Problem, ...] = ()
    retryable: bool = False

    @classmethod
    def of(cls, error: RiverChiefError) -> _Failure:
        problems = error.problems if isinstance(error, ConfigError) else ()
        return cls(type(error).__name__, str(error), problems, error.retryable)

    def error(self) -> RiverChiefError:
        if self.problems:
            return ConfigError(self.problems)
        if self.kind == "StoreError":
            return StoreError(self.text, retryable=self.retryable)
        return UsageError(self.text)


def _guarded(function: Callable[[Any], Any], job: Any) -> Any:
    try:
        return function(job)
    except RiverChiefError as error:
        return _Failure.of(error)


def _opened(result: Any) -> Any:
    if isinstance(result, _Failure):
        raise result.error()
    return result


class _Alone:
    """The process that we are in."""

    def check(self, probe: Path) -> None:
        """Nothing to check."""

    def __call__(self, function: Callable[[J], R], jobs: Sequence[J]) -> Iterator[tuple[int, R]]:
        for index, job in enumerate(jobs):
            yield index, function(job)


class _Pool:
    """Processes on this machine; a new set of them where one has died."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None
        # They load their modules while the caller still finds out what there is to do.
        for _ in range(min(workers, _EARLY)):
            self._submit(_load, None)

    def check(self, probe: Path) -> None:
        """Nothing to check."""

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def __call__(self, function: Callable[[J], R], jobs: Sequence[J]) -> Iterator[tuple[int, R]]:
        waiting = deque(range(len(jobs)))
        deaths: Counter[int] = Counter()
        running: dict[Future[R], int] = {}
        call = partial(_guarded, function)
        while waiting or running:
            try:
                while waiting and len(running) < 2 * self._workers:
                    running[self._submit(call, jobs[waiting[0]])] = waiting[0]
                    waiting.popleft()
                done = wait(running, return_when=FIRST_COMPLETED).done
                for future in done:
                    result = _opened(future.result())
                    yield running.pop(future), result
            except BrokenProcessPool as death:
                self.close()
                # Which of them had the dead worker cannot be told.
                lost = sorted(running.values())
                running.clear()
                deaths.update(lost)
                waiting.extendleft(reversed(lost))
                if lost and max(deaths[index] for index in lost) >= MAX_DEATHS:
                    raise UsageError(
                        f"workers died {MAX_DEATHS} times, killed or out of memory; what is finished stays finished. "
                        "Run the same command again with fewer --workers"
                    ) from death

    def _submit(self, call: Callable[[J], R], job: J) -> Future[R]:
        if self._pool is None:
            # Not forked: a copy of a process with threads can hang.
            self._pool = ProcessPoolExecutor(self._workers, mp_context=get_context("spawn"), initializer=_begin)
        return self._pool.submit(call, job)


def _begin() -> None:
    """Begin a worker: one thread for its files, Ctrl-C for its parent only, an end when that one is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if hasattr(libc, "mallopt"):
        # Arrays of a part are given back and asked for again: from the kernel, page by page, that takes a third longer.
        libc.mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 512 << 20)
    import pyarrow as pa

    pa.set_cpu_count(1)


def _load(_: None) -> None:
    import_module("deploy.regrade.grades")


class _Cluster:
    """Workers of a Dask cluster."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def check(self, probe: Path) -> None:
        """Refuse workers that would write elsewhere, or with another program."""
        for worker, (their_version, sees) in self._client.run(_about, str(probe)).items():
            if their_version != version("riverchief"):
                raise UsageError(f"worker {worker} has riverchief {their_version}; here it is {version('riverchief')}")
            if not sees:
                raise UsageError(f"worker {worker} does not see {probe}: source and output must be on a shared disk")

    def __call__(self, function: Callable[[J], R], jobs: Sequence[J]) -> Iterator[tuple[int, R]]:
        from distributed import KilledWorker, as_completed

        if not jobs:
            return
        waiting = iter(enumerate(jobs))
        place: dict[Any, int] = {}

        def submit(count: int) -> list[Any]:
            futures = []
            for index, job in islice(waiting, count):
                futures.append(self._client.submit(_guarded, function, job, pure=False))
                place[futures[-1]] = index
            return futures

        # Not all at once: a job carries the list of stations, and a long history has many jobs.
        at_once = _PER_THREAD * sum(self._client.nthreads().values())
        running: Any = as_completed(submit(max(at_once, _PER_THREAD)), loop=self._client.loop)  # type: ignore[no-untyped-call]
        try:
            for future in running:
                result = cast(R, _opened(future.result()))
                yield place.pop(future), result
                running.update(submit(1))
        except KilledWorker as error:
            raise UsageError(f"workers of the cluster died over one task, killed or out of memory ({error})") from error
        finally:
            self._client.cancel(list(place))


def _about(probe: str) -> tuple[str, bool]:
    return version("riverchief"), Path(probe).is_file()


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Client of a Dask scheduler that has workers."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--cluster needs Dask: pip install 'riverchief[cluster]'") from error
    try:
        client: Any = Client(address, timeout=CLUSTER_TIMEOUT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(f"no Dask scheduler answers at {address} ({error})") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=CLUSTER_TIMEOUT_S)
        except TimeoutError as error:
            raise UsageError(f"the Dask scheduler at {address} has no workers") from error
        yield client

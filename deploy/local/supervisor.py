"""Starts services as processes, learns when each is ready, restarts what dies, and ends all of them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.notify import Listener
from sensors.errors import UsageError

#: Longest wait for a service to report that it is ready [s].
READY_TIMEOUT_S = 60.0

#: Longest wait for a service to end after SIGTERM before it is killed [s].
STOP_TIMEOUT_S = 10.0

#: A service that ran for less than this before it died will not be helped by another start [s].
SHORT_LIFE_S = 10.0

#: Restarts of short-lived services before the whole system gives up.
MAX_SHORT_LIVES = 3

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Service:
    """What to start.

    Attributes
    ----------
    name : str
    argv : sequence of str
    environ : mapping of str to str
        Added to the supervisor's own environment.
    probe : callable or None
        For programs that do not report readiness: returns True once the service answers.
    """

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    probe: Callable[[], bool] | None = None


@dataclass(slots=True)
class _Running:
    service: Service
    process: subprocess.Popen[bytes]
    since: float
    short_lives: int = 0


class Supervisor:
    """Runs services until told to stop.

    Parameters
    ----------
    log_folder : Path
        Each service writes what it prints to ``<name>.log`` there.
    say : callable
        Told one line at a time, for people.
    """

    def __init__(self, log_folder: Path, say: Callable[[str], None]) -> None:
        self._log_folder, self._say = log_folder, say
        self._listener = Listener()
        self._running: dict[str, _Running] = {}
        self._told: dict[str, dict[str, str]] = {}
        self.stopping = False

    def handle_signals(self) -> None:
        """Stop on SIGINT, SIGTERM and SIGHUP; set explicitly, because a background job inherits SIGINT ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: object) -> None:
        self.stopping = True

    def start(self, service: Service) -> None:
        """Start a service; `wait_ready` tells when it can be used."""
        self._running[service.name] = _Running(service, self._spawn(service), time.monotonic())

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        environ = {**os.environ, **service.environ, **self._listener.environ(service.name)}
        with (self._log_folder / f"{service.name}.log").open("ab") as log:
            return subprocess.Popen(
                list(service.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environ,
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which ends services in order
                preexec_fn=_end_with_parent,
            )

    def wait_ready(self, *names: str) -> dict[str, dict[str, str]]:
        """Wait until services are ready.

        Returns
        -------
        dict
            What each service said beside being ready, by service.

        Raises
        ------
        UsageError
            With the end of the service's log, if one died or did not become ready in time.
        """
        waiting = set(names)
        deadline = time.monotonic() + READY_TIMEOUT_S
        while waiting and not self.stopping:
            message = self._listener.receive(0.1)
            if message and message.get("READY") == "1":
                # Services start side by side: one may be ready while another is waited for.
                self._told[message.get("X_SERVICE", "")] = message
            waiting -= set(self._told)
            for name in sorted(waiting):
                running = self._running[name]
                if running.process.poll() is not None:
                    raise UsageError(f"{name} ended while starting: {self._last_words(name)}")
                if running.service.probe is not None and running.service.probe():
                    self._told[name] = {}
            if waiting and time.monotonic() > deadline:
                late = ", ".join(sorted(waiting))
                raise UsageError(f"{late} not ready after {READY_TIMEOUT_S:.0f} s; see {self._log_folder}")
        return {name: self._told.get(name, {}) for name in names}

    def forget(self, name: str) -> None:
        """End a service that has done its work; it is not watched any more."""
        _end(self._running.pop(name).process)

    def watch(self, on_status: Callable[[str, dict[str, str]], None], done: Callable[[], bool] = lambda: False) -> None:
        """Report what services say and restart what dies, until a signal asks to stop or `done` says so.

        Raises
        ------
        UsageError
            If a service keeps dying soon after its start.
        """
        while not self.stopping and not done():
            message = self._listener.receive(0.5)
            if message and "STATUS" in message:
                on_status(message.get("X_SERVICE", ""), message)
            for running in list(self._running.values()):
                if running.process.poll() is not None and not self.stopping:
                    self._restart(running)

    def _restart(self, running: _Running) -> None:
        name, code = running.service.name, running.process.returncode
        short = time.monotonic() - running.since < SHORT_LIFE_S
        running.short_lives = running.short_lives + 1 if short else 0
        if running.short_lives > MAX_SHORT_LIVES:
            raise UsageError(f"{name} keeps ending (exit {code}): {self._last_words(name)}")
        self._say(f"{name} ended (exit {code}); starting it again. Its log: {self._log_folder / name}.log")
        running.process, running.since = self._spawn(running.service), time.monotonic()

    def _last_words(self, name: str) -> str:
        path = self._log_folder / f"{name}.log"
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines() if path.exists() else []
        return (lines[-1] if lines else "it said nothing") + f" (all of it: {path})"

    def stop(self) -> None:
        """End every service, the one started last first, and leave none behind."""
        self.stopping = True
        for running in reversed(list(self._running.values())):
            _end(running.process)
        self._running.clear()
        self._listener.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    """In the child, before it becomes the service: ask the kernel for SIGTERM should the supervisor be killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

"""A service ends when it is told to, and tells systemd that it lives."""

from __future__ import annotations

import asyncio
import logging
import os
import signal

import pytest

from deploy.notify import Listener
from deploy.service import _run, _watchdog_s, pause, survives
from sensors.errors import StoreError


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch):
    made = Listener()
    for key, value in made.environ("hub").items():
        monkeypatch.setenv(key, value)
    yield made
    made.close()


def test_a_signal_ends_it(listener: Listener) -> None:
    async def serve(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await pause(stop, 30.0)
        assert stop.is_set()

    asyncio.run(_run(serve))
    assert listener.receive(1.0) == {"STOPPING": "1"}


def test_the_watchdog_is_told_while_the_loop_turns(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    heard = []

    async def serve(stop: asyncio.Event) -> None:
        while len(heard) < 3:
            message = await asyncio.to_thread(listener.receive, 1.0)
            heard.append(message)

    asyncio.run(_run(serve))
    assert heard == [{"WATCHDOG": "1"}] * 3


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [("30000000", "", 30.0), ("30000000", "1", None), ("", "", None), ("0", "", None), ("soon", "", None)],
)
def test_the_interval_is_systemd_s(usec: str, pid: str, seconds: float | None, monkeypatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    assert _watchdog_s() == seconds


def test_a_step_that_fails_is_told_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    def fail(error: Exception) -> None:
        raise error

    log = logging.getLogger("deploy.test")
    assert survives(log, "looking", lambda: 1)
    assert not survives(log, "writing", lambda: fail(StoreError("the disk is full", retryable=True)))
    assert not survives(log, "counting", lambda: fail(ZeroDivisionError("by nothing")))
    first, second = caplog.records
    assert (first.getMessage(), first.exc_info) == ("writing: the disk is full", None)
    assert second.getMessage() == "counting"
    assert second.exc_info is not None

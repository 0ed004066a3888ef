from __future__ import annotations

import asyncio

import pytest

from collectors.tasks import guarded
from tests.collectors.brokers import until


def test_what_fails_is_told_and_begun_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("collectors.tasks.RESTART_S", 0.001)
    begun: list[int] = []
    told: list[str] = []

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) < 3:
            raise KeyError("oops")

    async def run() -> None:
        await asyncio.wait_for(guarded(work, "delete gw1", told.append), 10)

    asyncio.run(run())
    assert begun == [0, 1, 2]
    assert told == ["delete gw1: KeyError: 'oops'"] * 2
    assert all(record.exc_info for record in caplog.records)


def test_it_can_be_cancelled_at_work_and_in_its_pause() -> None:
    told: list[str] = []

    async def failing() -> None:
        raise OSError("no")

    async def run() -> None:
        pausing, working = guarded(failing, "a", told.append), guarded(asyncio.Event().wait, "b", told.append)
        await until(lambda: told)
        for task in (pausing, working):
            task.cancel()
        assert all(
            isinstance(end, asyncio.CancelledError)
            for end in await asyncio.gather(pausing, working, return_exceptions=True)
        )

    asyncio.run(run())
    assert told == ["a: OSError: no"]

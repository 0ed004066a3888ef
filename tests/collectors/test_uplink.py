from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, cast

import pytest

from collectors import wire
from collectors.broker import Session
from collectors.spool import Spool
from collectors.uplink import Pace, Uplink
from sensors.reading import Observation, Quality
from tests.collectors.brokers import until
from tests.collectors.sessions import FakeSession

NOW = 1_790_000_000_000
PACE = Pace(resend_s=0.02, most_resend_s=0.02, delete_s=0.001, state_s=0.001)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


def sent(session: FakeSession, channel: str) -> list[dict[str, Any]]:
    return [json.loads(raw) for topic, raw in session.published if topic.endswith(channel)]


def broken(times: int, work: Callable[..., Any]) -> Callable[..., Any]:
    """`work` that fails unexpectedly so many times first."""
    left = times

    def run(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            raise ZeroDivisionError("a fault of ours")
        return work(*arguments, **named)

    return run


@pytest.mark.parametrize("part", ["read", "encode", "publish", "delete", "status"])
def test_a_fault_of_ours_delays_delivery_and_does_not_end_it(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.tasks.RESTART_S", 0.001)

    async def work() -> None:
        session = FakeSession()
        async with Spool(tmp_path / "gw1.spool", flush_s=0.001) as spool:
            status = broken(2, dict) if part == "status" else dict
            if part == "read":
                monkeypatch.setattr(spool, "read", broken(2, spool.read))
            if part == "delete":
                monkeypatch.setattr(spool, "delete_up_to", broken(2, spool.delete_up_to))
            if part == "encode":
                monkeypatch.setattr("collectors.uplink.wire.encode_batch", broken(2, wire.encode_batch))
            if part == "publish":
                publish, left = session.publish, 2

                async def failing(topic: str, payload: bytes, *, retain: bool = False) -> None:
                    nonlocal left
                    if left and topic.endswith("obs"):
                        left -= 1
                        raise ZeroDivisionError("a fault of ours")
                    await publish(topic, payload, retain=retain)

                monkeypatch.setattr(session, "publish", failing)
            async with Uplink(
                cast(Session, session), spool, site="x", shard=0, gateway="gw1", now_ms=lambda: NOW, pace=PACE,
                status=status,
            ):  # fmt: skip
                await spool.append(Observation("S1", NOW, {"ph": (7.0, Quality.GOOD)}))
                await until(lambda: sent(session, "obs"))
                mark = wire.Watermark(spool.epoch, 1)
                session.deliver("rc1/x/0/gw1/ack", wire.encode_watermark("gw1", mark))
                await until(lambda: spool.state.rows == 0)
                await until(
                    lambda: any("ZeroDivisionError" in state["uplink_error"] for state in sent(session, "state"))
                )

    run(work())


def uplink_of(session: FakeSession, spool: Spool, **more: Any) -> Uplink:
    pace = Pace(resend_s=0.02, most_resend_s=0.02, delete_s=0.001, state_s=3600.0)
    return Uplink(
        cast(Session, session), spool, site="x", shard=0, gateway="gw1", now_ms=lambda: NOW, pace=pace, **more
    )


def test_what_somebody_else_has_not_read_is_not_deleted(tmp_path: Path) -> None:
    async def work() -> None:
        session, read = FakeSession(), [1]
        async with Spool(tmp_path / "gw1.spool", flush_s=0.001) as spool:
            for n in range(3):
                await spool.append(Observation("S1", NOW + n, {}))
            await spool.flush()
            async with uplink_of(session, spool, holds=[lambda: read[0], lambda: 99]):
                session.deliver("rc1/x/0/gw1/ack", wire.encode_watermark("gw1", wire.Watermark(spool.epoch, 3)))
                await until(lambda: spool.state.base == 1)
                read[0] = 2
                await until(lambda: spool.state.base == 2)
            assert spool.state.base == 2
            read[0] = 3
            async with uplink_of(session, spool, holds=[lambda: read[0]]):
                session.deliver("rc1/x/0/gw1/ack", wire.encode_watermark("gw1", wire.Watermark(spool.epoch, 3)))
            assert spool.state.rows == 0

    run(work())


def test_a_hub_that_came_back_from_a_backup_gets_what_is_still_held(tmp_path: Path) -> None:
    async def work() -> None:
        session = FakeSession()
        async with Spool(tmp_path / "gw1.spool", flush_s=0.001) as spool:
            for n in range(6):
                await spool.append(Observation("S1", NOW + n, {"ph": (7.0, Quality.GOOD)}))
            await spool.flush()

            def tell(seq: int) -> None:
                mark = wire.Watermark(spool.epoch, seq)
                session.deliver("rc1/x/0/gw1/ack", wire.encode_watermark("gw1", mark))

            async with uplink_of(session, spool, holds=[lambda: 1]) as up:
                tell(6)
                await until(lambda: up.backlog == 0)
                tell(3)  # as a restored hub does
                await spool.append(Observation("S1", NOW + 6, {"ph": (7.0, Quality.GOOD)}))
                await until(lambda: any(batch["after"] == 3 and batch["last"] == 7 for batch in sent(session, "obs")))
                assert up.backlog == 4
                tell(7)
                await until(lambda: up.backlog == 0)

    run(work())


def test_news_about_itself_are_told_at_once(tmp_path: Path) -> None:
    async def work() -> None:
        session, config = FakeSession(), ["a"]
        async with (
            Spool(tmp_path / "gw1.spool", flush_s=0.001) as spool,
            uplink_of(session, spool, birth=lambda: {"config": config[0]}, status=lambda: {"config": config[0]}) as up,
        ):
            for callback in session.on_up:
                callback()
            await until(lambda: sent(session, "birth") and sent(session, "state"))
            config[0] = "b"
            session.fails = 1
            up.announce()
            await until(lambda: not session.fails)
            up.announce()
            await until(lambda: sent(session, "birth")[-1]["config"] == "b")
            await until(lambda: sent(session, "state")[-1]["config"] == "b")
            assert sent(session, "birth")[0]["config"] == "a"

    run(work())


def test_what_was_dropped_is_told_as_gaps(tmp_path: Path) -> None:
    async def work() -> None:
        session = FakeSession()
        async with Spool(tmp_path / "gw1.spool", flush_s=0.001, max_bytes=400) as spool:
            for n in range(50):
                await spool.append(Observation("S1", NOW + n, {"ph": (7.0, Quality.GOOD)}))
            await spool.flush()
            async with uplink_of(session, spool):
                await until(lambda: sent(session, "state"))
            state = sent(session, "state")[-1]
            [gap] = state["gaps"]
            assert gap["rows"] == state["dropped"] == 50 - spool.state.rows > 0
            assert (gap["first"], gap["first_ms"]) == (1, NOW)

    run(work())

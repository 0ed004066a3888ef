"""What a gateway's metrics say, and when it is ready."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from collectors.broker import SessionState
from collectors.clock_state import ClockState
from collectors.poller import UnitState
from collectors.spool import Spool, SpoolState
from deploy.health import answer
from deploy.metrics.gateway import GatewayFace, Measured, measured
from sensors.reading import Observation

NOW_MS = 1_790_000_000_000

SPOOL = SpoolState("e", 100, 130, 30, 4_000, 2, 1, "", "")
GOOD = Measured(
    "gw-01", 50, 400, SPOOL, 10, NOW_MS - 60_000, SessionState(True, 5, 3, "", False),
    [UnitState("S01", NOW_MS - 1_500, 0, ""), UnitState("S02", None, 4, "timeout")],
    ClockState(True, "kernel", 1, -2_500), "",
)  # fmt: skip


def asked(found: Sequence[Measured], path: str) -> tuple[int, str]:
    async def look() -> Sequence[Measured]:
        return found

    reply = asyncio.run(answer(GatewayFace(look, lambda: NOW_MS).face, path))
    return reply.status, reply.body.decode()


def test_everything_is_measured() -> None:
    status, text = asked([GOOD, replace(GOOD, gateway="gw-02", oldest_ms=None, backlog=0)], "/metrics")
    assert status == 200
    for line in (
        'gateway_polled_readings_total{gateway="gw-01"} 400.0',
        'gateway_spooled_observations_total{gateway="gw-01"} 130.0',
        'gateway_delivered_observations_total{gateway="gw-01"} 120.0',
        'gateway_spool_bytes{gateway="gw-01"} 4000.0',
        'gateway_backlog_observations{gateway="gw-01"} 10.0',
        'gateway_backlog_age_seconds{gateway="gw-01"} 60.0',
        'gateway_backlog_age_seconds{gateway="gw-02"} 0.0',
        'gateway_broker_connected{gateway="gw-01"} 1.0',
        'gateway_unit_failures{gateway="gw-01",station="S02"} 4.0',
        'gateway_unit_answered_timestamp_seconds{gateway="gw-01",station="S01"} 1.7899999985e+09',
        'gateway_silent_stations{gateway="gw-01"} 1.0',
        'gateway_clock_synchronised{gateway="gw-01"} 1.0',
        'gateway_clock_jump_seconds{gateway="gw-01"} -2.5',
    ):
        assert f"\nriverchief_{line}\n" in text, line
    # Never answered: no instant, rather than 1970.
    assert 'answered_timestamp_seconds{gateway="gw-01",station="S02"}' not in text


def test_ready_with_disk_broker_and_a_short_backlog() -> None:
    assert asked([GOOD], "/readyz")[0] == 200
    full = replace(GOOD, spool=replace(SPOOL, error="disk full"))
    away = replace(GOOD, session=SessionState(False, None, 0, "refused", False))
    behind = replace(GOOD, oldest_ms=NOW_MS - 900_000)
    for one, word in ((full, "disk full"), (away, "refused"), (behind, "the oldest 900 s old")):
        status, text = asked([GOOD, one], "/readyz")
        assert status == 503
        assert word in text


def test_the_oldest_that_waits_is_read_from_the_spool(tmp_path: Path) -> None:
    async def main() -> list[int | None]:
        async with Spool(tmp_path / "gw-01.spool", now_ms=lambda: NOW_MS) as spool:
            for n in range(4):
                await spool.append(Observation("S01", NOW_MS - (4 - n) * 60_000, {}))
            await spool.flush()
            return [
                (await measured("gw-01", (4, 0), spool, backlog, GOOD.session, [], GOOD.clock, "")).oldest_ms
                for backlog in (4, 1, 0)
            ]

    assert asyncio.run(main()) == [NOW_MS - 240_000, NOW_MS - 60_000, None]

"""What a gateway measures, and what it needs to be ready."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from collectors.broker import SessionState
from collectors.clock import Now
from collectors.clock_state import ClockState
from collectors.poller import UnitState
from collectors.spool import Spool, SpoolState
from deploy.health import Check, Face
from deploy.metrics.text import Samples, seconds
from sensors.errors import StoreError

#: An undelivered observation that is older than this is a backlog [s].
BACKLOG_S = 900.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One gateway as it is now.

    Attributes
    ----------
    gateway : str
    observations, readings : int
        Polled since the start.
    spool : SpoolState
    backlog : int
        Observations on disk that the hub has not stored, as far as is known here.
    oldest_ms : int or None
        Time of the oldest of them [ms since the epoch, UTC].
    session : SessionState
    units : sequence of UnitState
    clock : ClockState
    fault : str
        The last fault of this program that delivery has survived.
    """

    gateway: str
    observations: int
    readings: int
    spool: SpoolState
    backlog: int
    oldest_ms: int | None
    session: SessionState
    units: Sequence[UnitState]
    clock: ClockState
    fault: str


async def measured(
    gateway: str, polled: tuple[int, int], spool: Spool, backlog: int, session: SessionState,
    units: Sequence[UnitState], clock: ClockState, fault: str,
) -> Measured:  # fmt: skip
    """Look at a gateway; `polled` are observations and readings since the start, the rest is as `Measured` has it."""
    state = spool.state
    try:
        oldest = await spool.read(state.last - backlog, 1) if backlog else []
    except StoreError:
        oldest = []  # its state says why
    oldest_ms = oldest[0][1].time_ms if oldest else None
    return Measured(gateway, *polled, state, backlog, oldest_ms, session, units, clock, fault)


class GatewayFace:
    """Face of a process with one or more gateways.

    Parameters
    ----------
    look : coroutine function
        The gateways as they are now.
    now_ms : callable
        [ms since the epoch, UTC]
    """

    def __init__(self, look: Callable[[], Awaitable[Sequence[Measured]]], now_ms: Now) -> None:
        self._look, self._now_ms = look, now_ms
        self._measured: Sequence[Measured] = ()

    @property
    def face(self) -> Face:
        """For `deploy.health.shown`."""
        return Face("gateway", self.checks, self.measure, self._refresh)

    async def _refresh(self) -> None:
        self._measured = await self._look()

    def _waits_s(self, one: Measured) -> float:
        """How long the oldest undelivered observation has waited [s]."""
        return 0.0 if one.oldest_ms is None else max(0.0, (self._now_ms() - one.oldest_ms) / 1000)

    def checks(self) -> list[Check]:
        """Disk, broker and backlog of each gateway."""
        found = []
        for one in self._measured:
            waits_s = self._waits_s(one)
            name, spool, session = one.gateway, one.spool, one.session
            found += [
                Check(f"{name} spool", not spool.error, spool.error or f"{spool.rows} rows, {spool.bytes} bytes"),
                Check(f"{name} broker", session.connected, session.error or "connected"),
                Check(f"{name} backlog", waits_s < BACKLOG_S, f"{one.backlog} rows, the oldest {waits_s:.0f} s old"),
            ]
        return found

    def measure(self, samples: Samples) -> None:
        """Add what is known of each gateway."""
        for one in self._measured:
            self._delivery(samples, one)
            self._field(samples, one)

    def _delivery(self, samples: Samples, one: Measured) -> None:
        spool, session, label = one.spool, one.session, {"gateway": one.gateway}
        gauge, counter = samples.gauge, samples.counter
        counter("gateway_spooled_observations_total", "Observations ever on this spool's disk.", spool.last, **label)
        counter("gateway_delivered_observations_total", "Those that the hub has stored or that were dropped.",
                spool.last - one.backlog, **label)  # fmt: skip
        counter("gateway_dropped_observations_total", "Observations that were lost at the gateway.",
                spool.dropped, **label)  # fmt: skip
        gauge("gateway_spool_observations", "Rows on disk.", spool.rows, **label)
        gauge("gateway_spool_bytes", "Bytes of these rows.", spool.bytes, **label)
        gauge("gateway_spool_waiting_observations", "In memory, not on disk yet.", spool.waiting, **label)
        gauge("gateway_spool_error", "1 where the disk takes nothing.", bool(spool.error), **label)
        gauge("gateway_backlog_observations", "On disk and not stored at the hub.", one.backlog, **label)
        gauge("gateway_backlog_age_seconds", "Age of the oldest of them.", self._waits_s(one), **label)
        gauge("gateway_broker_connected", "1 while there is a session.", session.connected, **label)
        counter("gateway_broker_connections_total", "Sessions begun since the start.", session.connections, **label)
        gauge("gateway_broker_nobody_listens", "1 where the broker had nobody to give the last batch to.",
              session.nobody_listens, **label)  # fmt: skip
        gauge("gateway_uplink_fault", "1 after a fault of the program that delivery has survived.",
              bool(one.fault), **label)  # fmt: skip

    def _field(self, samples: Samples, one: Measured) -> None:
        gauge, counter, label = samples.gauge, samples.counter, {"gateway": one.gateway}
        counter("gateway_polled_observations_total", "Polls with an observation since the start.",
                one.observations, **label)  # fmt: skip
        counter("gateway_polled_readings_total", "Readings in them.", one.readings, **label)
        gauge("gateway_clock_synchronised", "1 where the clock can be believed.", one.clock.synchronised, **label)
        counter("gateway_clock_jumps_total", "Jumps of the clock since the start.", one.clock.jumps, **label)
        gauge("gateway_clock_jump_seconds", "The last of them.", one.clock.jump_ms / 1000, **label)
        silent = sum(unit.failures > 0 for unit in one.units)
        gauge("gateway_silent_stations", "Stations whose last poll failed.", silent, **label)
        for unit in one.units:
            gauge("gateway_unit_failures", "Failed polls in a row.", unit.failures, **label, station=unit.station)
            gauge("gateway_unit_answered_timestamp_seconds", "When it last answered.", seconds(unit.answered_ms),
                  **label, station=unit.station)  # fmt: skip

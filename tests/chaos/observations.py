"""The readings of a simulated gateway: what number n is, whoever asks, so that it is known what has to arrive."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sensors.reading import Observation, Quality

KEYS = ("ph", "dissolved_oxygen", "conductivity", "turbidity", "ammonia_nitrogen")

#: From one observation to the next [ms]; none of them lies in the future of a hub whose clock is right.
STEP_MS = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """One simulated gateway.

    Attributes
    ----------
    site, gateway : str
    shard, port : int
        Port of the broker, or of what stands before it.
    stations : tuple of str
    folder : str
        Spool, ledger, clock and the word to stop are here.
    begin_ms : int
        Time of observation 0 [ms since the epoch, UTC].
    per_second : float
        Observations made.
    trusting : bool
        Delete on the broker's word: the control, which must lose.
    """

    site: str
    gateway: str
    shard: int
    port: int
    stations: tuple[str, ...]
    folder: str
    begin_ms: int
    per_second: float
    trusting: bool = False

    def observation(self, n: int) -> Observation:
        """Observation number n; every thirteenth has a value that could not be read."""
        values: dict[str, tuple[float | None, Quality]] = {
            key: (float(n * len(KEYS) + index), Quality.NOT_EVALUATED) for index, key in enumerate(KEYS)
        }
        if n % 13 == 0:
            values["turbidity"] = (None, Quality.MISSING)
        return Observation(self.stations[n % len(self.stations)], self.begin_ms + n * STEP_MS, values)

    def readings(self, count: int) -> Iterator[tuple[tuple[str, str, int], float | None]]:
        """Key and value of every reading of the first observations."""
        for n in range(count):
            for reading in self.observation(n).readings():
                yield (reading.station, reading.determinand, reading.time_ms), reading.value

    def as_dict(self) -> dict[str, Any]:
        """For the command line of its process."""
        return asdict(self)

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Plan:
        """From `as_dict`."""
        stations: Sequence[str] = fields["stations"]
        return cls(**{**fields, "stations": tuple(stations)})

"""Somebody who hears everything: what every gateway published, and how far every one was told that it is stored."""

from __future__ import annotations

from collectors import wire
from collectors.broker import Address, Identity, Message, Session
from collectors.wire_columns import parse_columns

#: Names a reading: station, determinand, time [ms since the epoch, UTC].
Key = tuple[str, str, int]

#: Later than any reading, so that nothing is refused here [ms since the epoch, UTC].
_ANY_MS = 1 << 42


class Witness:
    """Listens at the broker; an async context manager.

    Parameters
    ----------
    port : int
    site : str

    Attributes
    ----------
    rows : dict of (gateway, epoch, sequence) to dict of Key to value
        Every row that was published.
    told : dict of (gateway, epoch) to int
        Highest watermark that was told.
    """

    def __init__(self, port: int, site: str) -> None:
        self.rows: dict[tuple[str, str, int], dict[Key, float | None]] = {}
        self.told: dict[tuple[str, str], int] = {}
        self._session = Session(Address("127.0.0.1", port), Identity("witness"))
        self._session.subscribe(wire.shard_filter(site, 0, "obs"), self._on_batch)
        self._session.subscribe(wire.shard_filter(site, 0, "ack"), self._on_mark)

    async def __aenter__(self) -> Witness:
        await self._session.__aenter__()
        await self._session.connected()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.__aexit__(None, None, None)

    def _on_batch(self, message: Message) -> None:
        gateway = wire.parse_topic(message.topic).gateway
        batch = parse_columns(message.payload, gateway, _ANY_MS)
        for run in batch.runs:
            for i, seq in enumerate(run.seq):
                row = self.rows.setdefault((gateway, batch.epoch, seq), {})
                row |= {(run.station, name, run.time_ms[i]): column[i] for name, column in run.values.items()}
        message.ack()

    def _on_mark(self, message: Message) -> None:
        gateway = wire.parse_topic(message.topic).gateway
        mark = wire.parse_watermark(message.payload, gateway)
        key = gateway, mark.epoch
        self.told[key] = max(self.told.get(key, 0), mark.seq)
        message.ack()

    def readings(self, chosen: dict[tuple[str, str], int], *, above: bool = False) -> dict[Key, float | None]:
        """Readings of rows up to a watermark of each spool, or above it."""
        found: dict[Key, float | None] = {}
        for (gateway, epoch, seq), row in self.rows.items():
            mark = chosen.get((gateway, epoch), 0)
            if (seq > mark) == above:
                found |= row
        return found

"""The gateway's side of delivery: sends the spool, and keeps every row until the hub says that it is stored.

A broker's acknowledgement proves nothing: of 1,000 acknowledged messages none survived its kill. Rows are deleted only
up to the watermark that the hub publishes after its commit; what stays behind it is sent again from there on.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Self

from collectors import wire
from collectors.broker import Identity, Message, Session, Will
from collectors.clock import Now
from collectors.spool import Spool
from collectors.tasks import guarded
from collectors.wire import Batch, WireError
from sensors.errors import LinkError, StoreError

log = logging.getLogger(__name__)

#: Newest records of what was dropped that the state tells.
MAX_GAPS = 20

#: Resends without any progress after which the connection itself is made anew.
FRUITLESS = 5


@dataclass(frozen=True, slots=True)
class Pace:
    """How an uplink sends.

    Attributes
    ----------
    batch_rows : int
        Most spool rows in one message.
    window : int
        Most messages that wait for the watermark.
    resend_s, most_resend_s : float
        Without progress of the watermark everything after it is sent again after this time [s], doubling up to the
        second.
    delete_s : float
        Rows behind the watermark are deleted together after this time [s].
    state_s : float
        The gateway tells how it is doing this often [s].
    """

    batch_rows: int = 400
    window: int = 20
    resend_s: float = 10.0
    most_resend_s: float = 120.0
    delete_s: float = 1.0
    state_s: float = 60.0


def identity(site: str, shard: int, gateway: str, epoch: str, **more: Any) -> Identity:
    """Who a gateway is to its broker, and what the broker says when it is gone.

    Parameters
    ----------
    site, gateway : str
    shard : int
    epoch : str
        Of the gateway's spool.
    **more
        Further fields of `collectors.mqtt.Identity`.
    """
    will = Will(wire.topic(site, shard, gateway, "birth"), wire.encode_status(gateway, online=False, epoch=epoch))
    return Identity(f"{site}-{gateway}", will=will, **more)


class Uplink:
    """Delivers a spool; an async context manager inside that of its session and its spool.

    Parameters
    ----------
    session : Session
        Not entered yet: this subscribes to the gateway's own ``ack``.
    spool : Spool
        Entered.
    site, gateway : str
    shard : int
    now_ms : callable
        Clock of what the gateway says about itself [ms since the epoch, UTC].
    birth : callable, optional
        What else the retained birth message tells, asked for each time: software, hash of the configuration, ...
    status : callable, optional
        What else the periodic state message tells, asked for each time.
    pace : Pace, optional
    holds : sequence of callable
        How far others have read the spool; what one of them has not read yet is not deleted.

    Attributes
    ----------
    error : str
        The last fault of this program that delivery has survived; empty where there was none.
    """

    def __init__(
        self,
        session: Session,
        spool: Spool,
        *,
        site: str,
        shard: int,
        gateway: str,
        now_ms: Now,
        birth: Callable[[], Mapping[str, Any]] | None = None,
        status: Callable[[], Mapping[str, Any]] | None = None,
        pace: Pace | None = None,
        holds: Sequence[Callable[[], int]] = (),
    ) -> None:
        self._session, self._spool, self._gateway, self._now_ms = session, spool, gateway, now_ms
        self._birth, self._status, self._holds = birth or dict, status or dict, tuple(holds)
        self._pace = pace or Pace()
        self.error = ""
        self._topics = {channel: wire.topic(site, shard, gateway, channel) for channel in wire.CHANNELS}
        #: Stored at the hub, as far as is known here.
        self._acked = spool.state.base
        #: What the hub has told last of this epoch: lower than before where it came back from a backup.
        self._heard: int | None = None
        #: Sent up to here, in this round.
        self._cursor = self._acked
        self._under_way: deque[int] = deque()
        self._progress: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._progress_s = 0.0
        self._wait_s = self._pace.resend_s
        self._fruitless = 0
        self._fresh = False
        self._announce = asyncio.Event()
        self._renew = False
        self._wake = asyncio.Event()
        self._publishing: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        session.subscribe(self._topics["ack"], self._on_ack)
        session.on_up.append(self._on_up)
        spool.listeners.append(self._wake.set)

    async def __aenter__(self) -> Self:
        work = {"send": self._send, "delete": self._delete, "state": self._tell, "birth": self._renew_birth}
        self._tasks = [guarded(run, f"{name} {self._gateway}", self._fault) for name, run in work.items()]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tasks = [*self._tasks, *self._publishing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._spool.listeners.remove(self._wake.set)
        if self._session.state.connected:
            with contextlib.suppress(LinkError, TimeoutError):
                async with asyncio.timeout(2.0):
                    await self._publish_birth(online=False)
        with contextlib.suppress(StoreError):
            await self._spool.delete_up_to(self._spool.epoch, self._deletable)

    def _fault(self, error: str) -> None:
        # A fault of ours. It stays in the state until somebody has restarted, and so looked at, this gateway.
        self.error = error
        self._wake.set()  # a round that broke off may have left something to do

    @property
    def backlog(self) -> int:
        """Rows on disk that the hub has not stored yet, as far as is known here."""
        return self._spool.state.last - max(self._acked, self._spool.state.base)

    @property
    def _deletable(self) -> int:
        """Rows up to here are stored at the hub, and read by everybody else who wants them."""
        return min((self._acked, *(hold() for hold in self._holds)))

    def announce(self) -> None:
        """Tell at once, in birth and state, what has changed about this gateway."""
        self._announce.set()

    async def delivered(self) -> None:
        """Wait until the hub has stored everything that is in the spool now."""
        await self._spool.flush()
        last = self._spool.state.last
        while self._acked < last:
            if self._progress.done():
                self._progress = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._progress)

    def _on_up(self) -> None:
        self._fresh = True
        self._wake.set()

    def _on_ack(self, message: Message) -> None:
        try:
            mark = wire.parse_watermark(message.payload, self._gateway)
        except WireError as error:
            log.error("%s: watermark refused: %s", self._gateway, error)
            return
        if mark.epoch != self._spool.epoch:
            return
        self._heard = mark.seq
        if mark.seq <= self._acked:
            return
        if mark.seq > self._spool.state.last:
            self._renew = True
        else:
            self._acked = mark.seq
            self._cursor = max(self._cursor, mark.seq)
            self._wait_s = self._pace.resend_s
            self._fruitless = 0
            self._progress_s = asyncio.get_running_loop().time()
            while self._under_way and self._under_way[0] <= mark.seq:
                self._under_way.popleft()
            if not self._progress.done():
                self._progress.set_result(None)
        self._wake.set()

    async def _send(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience_s()):
                    await self._wake.wait()
            self._wake.clear()
            if not self._session.state.connected:
                await self._session.connected()
            try:
                await self._round()
            except (LinkError, StoreError) as error:
                log.warning("%s: %s", self._gateway, error)
                await asyncio.sleep(1.0)
                self._wake.set()

    def _patience_s(self) -> float | None:
        """How long the watermark may still stand [s]; None while nothing is under way."""
        if not self._under_way:
            return None
        return max(0.0, self._progress_s + self._wait_s - asyncio.get_running_loop().time())

    async def _round(self) -> None:
        """Send what the window allows, after going back where that is due."""
        if self._renew:
            await self._begin_again()
        if self._fresh:
            self._go_back()
            await self._publish_birth(online=True)
            self._fresh = False
        elif self._under_way and self._patience_s() == 0:
            log.warning(
                "%s: watermark stands at %d for %.0f s; sending again", self._gateway, self._acked, self._wait_s
            )
            self._wait_s = min(2 * self._wait_s, self._pace.most_resend_s)
            self._go_back()
            self._fruitless += 1
            if self._fruitless % FRUITLESS == 0:
                # Or the hub speaks and this connection does not hear it: a broker may lose a subscription.
                self._session.reconnect()
                return
        while len(self._under_way) < self._pace.window and await self._send_batch():
            pass

    def _go_back(self) -> None:
        base = self._spool.state.base
        if self._heard is not None and max(self._heard, base) < self._acked:
            log.warning("%s: the hub has gone back to %d; sending again after it", self._gateway, self._heard)
            self._acked = self._heard
        self._acked = max(self._acked, base)
        self._cursor = self._acked
        self._under_way.clear()

    async def _begin_again(self) -> None:
        """The hub has stored more than there is: whatever it counts, it is not this spool."""
        log.error("%s: the hub knows rows that this spool never had; beginning a new epoch", self._gateway)
        await self._spool.renew()
        self._renew, self._fresh, self._heard = False, True, None
        self._acked = self._spool.state.base

    async def _send_batch(self) -> bool:
        after = self._cursor
        rows = await self._spool.read(after, self._pace.batch_rows)
        if not rows or after != self._cursor:
            # A watermark that overtook the read: look again from there.
            return bool(rows)
        state = self._spool.state
        self._cursor = rows[-1][0]
        # Rows that are dropped while they are being sent are no reason to contradict oneself.
        batch = Batch(self._gateway, state.epoch, min(state.base, after), after, self._cursor, tuple(rows))
        if not self._under_way:
            self._progress_s = asyncio.get_running_loop().time()
        self._under_way.append(self._cursor)
        task = asyncio.create_task(self._publish(wire.encode_batch(batch)), name=f"publish {self._gateway}")
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)
        return True

    async def _publish(self, payload: bytes) -> None:
        try:
            await self._session.publish(self._topics["obs"], payload)
        except LinkError as error:
            # Whether the broker had it or not: the watermark decides, and the next connection goes back to it.
            log.info("%s: %s", self._gateway, error)
        except Exception as error:
            log.exception("publish %s", self._gateway)
            self._fault(f"publish {self._gateway}: {type(error).__name__}: {error}")

    async def _publish_birth(self, *, online: bool) -> None:
        payload = wire.encode_status(
            self._gateway, online=online, epoch=self._spool.epoch, time_ms=self._now_ms(), **self._birth()
        )
        await self._session.publish(self._topics["birth"], payload, retain=True)

    async def _delete(self) -> None:
        deleted = self._spool.state.base
        while True:
            await asyncio.sleep(self._pace.delete_s)
            if self._deletable <= deleted:
                continue
            try:
                done = self._deletable
                await self._spool.delete_up_to(self._spool.epoch, done)
                deleted = done
            except StoreError as error:
                log.error("%s: %s", self._gateway, error)

    async def _renew_birth(self) -> None:
        while True:
            await self._announce.wait()
            await self._session.connected()
            self._announce.clear()
            with contextlib.suppress(LinkError):
                # Where it fails the next connection does both.
                await self._publish_birth(online=True)
                await self._publish_state()

    async def _tell(self) -> None:
        while True:
            await self._session.connected()
            with contextlib.suppress(LinkError):
                await self._publish_state()
            await asyncio.sleep(self._pace.state_s)

    async def _publish_state(self) -> None:
        payload = wire.encode_status(self._gateway, **await self.state())
        await self._session.publish(self._topics["state"], payload, retain=True)

    async def state(self) -> dict[str, Any]:
        """All that the state message says."""
        try:
            gaps = await self._spool.gaps()
        except StoreError:
            gaps = []  # `spool_error` says why
        spool, session = self._spool.state, self._session.state
        return {
            "time_ms": self._now_ms(), "epoch": spool.epoch, "backlog": self.backlog, "bytes": spool.bytes,
            "waiting": spool.waiting, "dropped": spool.dropped, "spool_error": spool.error,
            "damaged": spool.damaged, "connections": session.connections, "mqtt": session.version,
            "nobody_listens": session.nobody_listens, "uplink_error": self.error,
            "gaps": [asdict(gap) for gap in gaps[-MAX_GAPS:]], **self._status(),
        }  # fmt: skip

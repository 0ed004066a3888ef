"""A lasting session with an MQTT broker: connects for ever, speaks MQTT 5 where it can and 3.1.1 where it must."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import topic_matches_sub

from collectors.link import Link
from collectors.mqtt import (
    NOBODY_LISTENS,
    UNSUPPORTED_VERSION,
    Address,
    Identity,
    Message,
    Refused,
    Silent,
    Version,
    Will,
)
from sensors.errors import LinkError

__all__ = [
    "NOBODY_LISTENS", "Address", "Identity", "Message", "Refused", "Session", "SessionState", "Will", "parse_address",
]  # fmt: skip

log = logging.getLogger(__name__)

Handler = Callable[[Message], None]

#: Pauses between attempts to connect [s].
FIRST_RETRY_S, LAST_RETRY_S = 0.2, 30.0

#: A connection that held this long starts the pauses anew [s].
GOOD_S = 10.0


def parse_address(
    url: str, *, ca: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> Address:
    """Address of a broker from its URL.

    Parameters
    ----------
    url : str
        ``mqtt://[USER:PASSWORD@]HOST[:1883]`` or ``mqtts://[USER:PASSWORD@]HOST[:8883]``.
    ca, certificate, key : Path, optional
        For ``mqtts``: the authority that vouches for the broker (the system's where None), and the client's own
        certificate and key.

    Raises
    ------
    ValueError
        If the URL is none of these.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or port == 0 or parts.path.strip("/"):
        shown = url.rpartition("@")[2]  # never the password
        raise ValueError(f"broker: found {shown!r}; accepted: mqtt://HOST[:1883] or mqtts://HOST[:8883]")
    tls = None
    if parts.scheme == "mqtts":
        tls = ssl.create_default_context(cafile=str(ca) if ca else None)
        if certificate is not None:
            tls.load_cert_chain(certificate, key)
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return Address(parts.hostname, port or (8883 if tls else 1883), tls, username, password)


@dataclass(frozen=True, slots=True)
class SessionState:
    """How a session is doing.

    Attributes
    ----------
    connected : bool
    version : {5, 4} or None
        MQTT 5 or 3.1.1; None while not connected.
    connections : int
        How often a connection was made.
    error : str
        Why there is none, or why the last publish was refused; empty where all is well.
    nobody_listens : bool
        The broker took the last message and had nobody to give it to. Only MQTT 5 tells.
    """

    connected: bool
    version: Version | None
    connections: int
    error: str
    nobody_listens: bool


class Session:
    """A session with a broker; an async context manager that connects for as long as it lasts.

    Parameters
    ----------
    address : Address
    identity : Identity

    Attributes
    ----------
    on_up : list of callable
        Called in the event loop after each connection, subscriptions made.
    """

    def __init__(self, address: Address, identity: Identity) -> None:
        self.address, self.identity = address, identity
        self.on_up: list[Callable[[], None]] = []
        self._handlers: dict[str, list[Handler]] = {}
        self._window = asyncio.Semaphore(identity.window)
        self._link: Link | None = None
        self._version: Version = 5
        #: It has spoken MQTT 5 in this process: that it is slow to answer is then no sign that it does not.
        self._speaks_5 = False
        self._up = asyncio.Event()
        self._connections = 0
        self._error = ""
        self._refusal = ""
        self._nobody_listens = False
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name=f"mqtt {self.identity.client_id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    @property
    def state(self) -> SessionState:
        """How the session is doing now."""
        link = self._link
        return SessionState(
            link is not None, link.version if link else None, self._connections, self._error or self._refusal,
            self._nobody_listens,
        )  # fmt: skip

    def subscribe(self, topic_filter: str, handler: Handler) -> None:
        """Have messages handed to `handler`, from the next connection on; call it before entering.

        Several may listen to one filter, each gets every message of it; the first acknowledgement counts.

        With a persistent identity and MQTT 5 the handler must call ``message.ack()`` when it is done; what it does not
        acknowledge comes again after a break.
        """
        self._handlers.setdefault(topic_filter, []).append(handler)

    async def connected(self) -> None:
        """Wait until there is a connection."""
        await self._up.wait()

    def reconnect(self) -> None:
        """Give the connection up and make a new one, for whoever knows that this one is of no use."""
        if self._link is not None:
            self._link.abort("given up")

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish with QoS 1 and wait until the broker has taken it; that it is delivered is another matter.

        Raises
        ------
        Refused
            If the broker did not take it.
        LinkError
            If there is no connection, or it broke before the broker's word came.
        """
        async with self._window:
            link = self._link
            if link is None:
                raise LinkError(f"not connected: {self._error or self.address}")
            try:
                code = await link.publish(topic, payload, retain=retain)
            except Refused as error:
                self._refusal = str(error)
                raise
            self._refusal = ""
            if not retain:
                # Of a retained message the broker itself is a listener.
                self._nobody_listens = code == NOBODY_LISTENS

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        pause_s = FIRST_RETRY_S
        while True:
            start_s = loop.time()
            try:
                await self._connect_and_hold()
            except LinkError as error:
                if str(error) != self._error:
                    log.warning("%s: %s", self.identity.client_id, error)
                self._error = str(error)
            except Exception as error:
                log.exception("%s", self.identity.client_id)
                self._error = f"{type(error).__name__}: {error}"
            pause_s = FIRST_RETRY_S if loop.time() - start_s > GOOD_S else min(2 * pause_s, LAST_RETRY_S)
            # Spread, so that a thousand gateways do not come back in the same instant.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.0))

    async def _connect_and_hold(self) -> None:
        """One connection from beginning to end; raises `LinkError` when it is over."""
        link = await self._open()
        try:
            await link.subscribe(list(self._handlers))
            self._connections += 1
            self._error = ""
            self._link = link
            self._up.set()
            log.info("%s: connected to %s, MQTT %s", self.identity.client_id, self.address, link.version)
            for callback in self.on_up:
                self._guarded(callback)
            raise LinkError(await asyncio.shield(link.closed))
        finally:
            self._link = None
            self._up.clear()
            link.close()

    async def _open(self) -> Link:
        """The best connection that this broker gives: what worked last, else MQTT 5, else 3.1.1.

        3.1.1 comes at a price (a fresh client id, no lasting session), so a broker that spoke MQTT 5 before has to say
        that it does so no more.
        """
        version, self._version = self._version, 5  # if this fails the broker may have been replaced
        link = Link(self.address, self.identity, version, self._dispatch, patient=self._speaks_5)
        try:
            await link.open()
        except (Refused, Silent) as error:
            unspoken = error.reason_code == UNSUPPORTED_VERSION if isinstance(error, Refused) else not self._speaks_5
            if version == 4 or not unspoken:
                raise
            log.info("%s: %s; trying MQTT 3.1.1", self.identity.client_id, error)
            link = Link(self.address, self.identity, 4, self._dispatch)
            await link.open()
        self._version = link.version
        self._speaks_5 = link.version == 5
        return link

    def _dispatch(self, message: Message) -> None:
        found = (handlers for name, handlers in self._handlers.items() if topic_matches_sub(name, message.topic))
        handlers = next(found, None)
        if handlers is None:
            message.ack()  # of an earlier life of this client; nobody wants it now
            return
        for handler in handlers:
            self._guarded(partial(handler, message))

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:
            log.exception("%s: callback failed", self.identity.client_id)

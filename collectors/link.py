"""One connection to an MQTT broker: paho-mqtt on the event loop, from CONNECT until it breaks, never again after.

paho's own threads and reconnecting are not used: a connection that broke takes its half-sent messages with it, and what
must survive is in the spool. Everything here runs in the event loop's thread, except opening the socket.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collectors.link_words import hint_of_silence, words_of
from collectors.mqtt import REFUSED, Address, Identity, Message, Refused, Silent, Version
from sensors.errors import LinkError

__all__ = ["OPEN_S", "SESSION_S", "SILENT_S", "Identity", "Link", "Refused", "Version"]

#: Acknowledgements of MQTT 3.1.1 are not sent sooner than this [s]: amqtt begins to wait for one after it has sent the
#: message, misses one that was quicker, and then serves that client nothing for five seconds.
ACK_S = 0.02

#: How long a broker keeps the session of a persistent client that is away [s]: a week.
SESSION_S = 7 * 24 * 3600

#: Longest wait for the socket, and for the broker's answer to CONNECT or SUBSCRIBE [s].
OPEN_S = 10.0

#: Longest wait for the answer to a CONNECT of MQTT 5 [s]. A broker of 3.1.1 may take its properties for the beginning
#: of a long client id and wait for the rest (amqtt does; without properties it refuses at once).
SILENT_S = 3.0


#: Reason code of a connection that ended without one.
_UNSPECIFIED = 0x80


def _nothing() -> None:
    pass


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the other side cannot be trusted; paho leaves it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


class Link:
    """One connection.

    Parameters
    ----------
    address : Address
    identity : Identity
    version : {5, 4}
        MQTT 5 or 3.1.1.
    on_message : callable
        Gets every `Message`; called in the event loop.
    patient : bool
        Wait `OPEN_S` for the answer to CONNECT in any case: the broker is known to speak this version.

    Attributes
    ----------
    closed : asyncio.Future of str
        Done when the connection is gone, with the reason.
    """

    def __init__(
        self,
        address: Address,
        identity: Identity,
        version: Version,
        on_message: Callable[[Message], None],
        *,
        patient: bool = False,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._address, self._identity, self.version = address, identity, version
        self._on_message = on_message
        self._answer_s = SILENT_S if version == 5 and not patient else OPEN_S
        self.closed: asyncio.Future[str] = self._loop.create_future()
        self._connected: asyncio.Future[None] = self._loop.create_future()
        self._holds = identity.persistent and version == 5
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._misc: asyncio.TimerHandle | None = None
        self._tls = address.tls is not None
        self._client = self._make()

    def _make(self) -> Client:
        identity, address = self._identity, self._address
        # What speaks 3.1.1 only is amqtt: it never again delivers to a client that left in the middle and comes back
        # under the same name, be its session persistent or clean.
        name = identity.client_id if self.version == 5 else f"{identity.client_id}-{secrets.token_hex(4)}"
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=None if self.version == 5 else True,
            protocol=MQTTProtocolVersion.MQTTv5 if self.version == 5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.max_inflight_messages = identity.window
        client.connect_timeout = OPEN_S
        if address.tls is not None:
            address.tls.sslsocket_class = _TidySocket
            client.tls_set_context(address.tls)
        if address.username is not None:
            client.username_pw_set(address.username, address.password)
        if identity.will is not None:
            client.will_set(identity.will.topic, identity.will.payload, qos=1, retain=True)
        client.on_connect = self._connack
        client.on_disconnect = self._disconnected
        client.on_publish = self._published
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        client.on_socket_close = self._socket_closed
        client.on_socket_register_write = self._want_write
        client.on_socket_unregister_write = self._no_write
        return client

    async def open(self) -> None:
        """Connect and wait for the broker's word.

        Raises
        ------
        Refused
            If the broker will not have this client, or not this version of MQTT.
        Silent
            If it took the connection and said nothing.
        LinkError
            If there is no broker.
        """
        opening = self._loop.run_in_executor(None, self._connect)
        try:
            await self._opened(opening)
            sock = self._client.socket()
            if sock is None:
                raise LinkError(f"{self._address} closed the connection {hint_of_silence(tls=self._tls)}")
            self._loop.add_reader(sock, self._readable)
            self._loop_misc()
            if self._client.want_write():
                self._loop.add_writer(sock, self._writable)
            async with asyncio.timeout(self._answer_s):
                await self._connected
        except TimeoutError:
            self.abort("no answer to CONNECT")
            raise Silent(f"{self._address} does not answer MQTT {self.version}") from None
        except OSError as error:
            self.abort(str(error))
            raise LinkError(f"no connection to {self._address}: {words_of(error, tls=self._tls)}") from error
        except BaseException:
            # Whatever the thread still brings is to be closed, not leaked.
            opening.add_done_callback(self._given_up)
            raise

    async def _opened(self, opening: asyncio.Future[None]) -> None:
        try:
            await asyncio.shield(opening)
        except TimeoutError as error:
            # A way that is slow or cut says nothing about the version that the broker speaks.
            self.abort(str(error))
            raise LinkError(f"no connection to {self._address}: {words_of(error, tls=self._tls)}") from error

    def _given_up(self, opening: asyncio.Future[None]) -> None:
        if not opening.cancelled():
            opening.exception()
        self.abort("given up")

    def _connect(self) -> None:
        """Open the socket and queue CONNECT; blocks, so it runs in a thread."""
        identity = self._identity
        if self.version == 4:
            self._client.connect(self._address.host, self._address.port, identity.keepalive_s)
            return
        properties = None
        if identity.persistent:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_S
        self._client.connect(
            self._address.host, self._address.port, identity.keepalive_s,
            clean_start=not identity.persistent, properties=properties,
        )  # fmt: skip

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe with QoS 1.

        Raises
        ------
        Refused
            If the broker refuses one of them.
        LinkError
            If the connection breaks or no answer comes.
        """
        if not filters:
            return
        code, mid = self._client.subscribe([(name, 1) for name in filters])
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise LinkError(f"cannot subscribe: {code.name}")
        try:
            async with asyncio.timeout(OPEN_S):
                codes: list[ReasonCode] = await self._answer(mid)
        except TimeoutError:
            raise LinkError(f"{self._address} does not answer a subscription") from None
        for name, code_ in zip(filters, codes, strict=False):
            if code_.value >= REFUSED:
                raise Refused(f"subscription to {name}", code_.value, str(code_))

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Publish with QoS 1 and wait for the broker's word.

        Returns
        -------
        int
            Reason code below 0x80; `NOBODY_LISTENS` says that it went nowhere. Always 0 with MQTT 3.1.1.

        Raises
        ------
        Refused
            If the broker did not take it.
        LinkError
            If the connection broke before its word came: it may or may not have taken it.
        """
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise LinkError(f"cannot publish: {MQTTErrorCode(info.rc).name}")
        code: ReasonCode = await self._answer(info.mid)
        value: int = code.value
        if value >= REFUSED:
            raise Refused(f"publish to {topic}", value, str(code))
        return value

    async def _answer(self, mid: int) -> Any:
        if self.closed.done():
            raise LinkError(f"{self._address}: {self.closed.result()}")
        future = self._answers[mid] = self._loop.create_future()
        try:
            return await future
        finally:
            self._answers.pop(mid, None)

    def close(self) -> None:
        """Say goodbye and close: the broker does not publish the will."""
        if not self.closed.done():
            with contextlib.suppress(Exception):
                self._client.disconnect()
                self._client.loop_write()
        self.abort("closed")

    def abort(self, reason: str) -> None:
        """Close without a word; harmless when called again."""
        if self._misc is not None:
            self._misc.cancel()
            self._misc = None
        sock = self._client.socket()
        if sock is not None:
            self._socket_closed(self._client, None, sock)
            sock.close()
        self._lost(reason)

    def _lost(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)
        error = LinkError(f"{self._address}: {reason}")
        if not self._connected.done():
            self._connected.set_exception(error)
            self._connected.exception()  # nobody may be waiting for it
        for future in self._answers.values():
            if not future.done():
                future.set_exception(error)

    # Called by the event loop.

    def _readable(self) -> None:
        self._guarded(self._read)

    def _read(self) -> None:
        self._client.loop_read()
        # What TLS has decrypted already wakes no selector.
        while isinstance(sock := self._client.socket(), ssl.SSLSocket) and sock.pending():
            self._client.loop_read()

    def _writable(self) -> None:
        self._guarded(self._client.loop_write)

    def _loop_misc(self) -> None:
        self._guarded(self._client.loop_misc)
        if not self.closed.done():
            self._misc = self._loop.call_later(1.0, self._loop_misc)

    def _guarded(self, work: Callable[[], object]) -> None:
        """Whatever a broker sends must not stop the event loop's callback silently: the connection ends instead."""
        try:
            work()
        except Exception as error:
            self.abort(f"{type(error).__name__}: {error}")

    # Called by paho. None of these may call back into paho's reading or writing: it holds a lock while it calls.

    def _connack(self, client: Client, _: Any, flags: ConnectFlags, code: ReasonCode, properties: Any) -> None:
        if self._connected.done():
            return
        if code.is_failure:
            self._connected.set_exception(Refused(f"connection to {self._address}", code.value, str(code)))
        else:
            self._connected.set_result(None)

    def _disconnected(self, client: Client, _: Any, flags: DisconnectFlags, code: ReasonCode, properties: Any) -> None:
        told = "the broker closed the connection" if flags.is_disconnect_packet_from_server else "connection lost"
        # paho's "Unspecified error" says nothing.
        why = f": {code}" if code.value != _UNSPECIFIED else ""
        if not self._connected.done():
            why += f" {hint_of_silence(tls=self._tls)}"
        self._lost(told + why)

    def _published(self, client: Client, _: Any, mid: int, code: ReasonCode, properties: Any) -> None:
        self._resolve(mid, code)

    def _subscribed(self, client: Client, _: Any, mid: int, codes: list[ReasonCode], properties: Any) -> None:
        self._resolve(mid, codes)

    def _resolve(self, mid: int, value: Any) -> None:
        future = self._answers.get(mid)
        if future is not None and not future.done():
            future.set_result(value)

    def _received(self, client: Client, _: Any, message: MQTTMessage) -> None:
        owed = True

        def ack() -> None:
            nonlocal owed
            if owed and not self.closed.done():
                owed = False
                client.ack(message.mid, message.qos)

        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._loop.call_soon(ack)
            return
        if self._holds:
            told = ack
        else:
            # Nothing would bring it again, and amqtt lets every other client wait for one that holds back.
            told = _nothing
            self._loop.call_later(0.0 if self.version == 5 else ACK_S, ack)
        # Not from within paho: the handler may acknowledge or publish at once.
        heard = Message(topic, bytes(message.payload), message.retain, message.dup, told)
        self._loop.call_soon(self._on_message, heard)

    def _want_write(self, client: Client, _: Any, sock: Any) -> None:
        # CONNECT is queued in the thread that opens the socket.
        self._loop.call_soon_threadsafe(self._add_writer, sock)

    def _add_writer(self, sock: Any) -> None:
        current = sock is self._client.socket()
        if current and sock.fileno() >= 0:
            self._loop.add_writer(sock, self._writable)

    def _no_write(self, client: Client, _: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.call_soon_threadsafe(self._remove_writer, sock)

    def _remove_writer(self, sock: Any) -> None:
        if sock.fileno() >= 0 and not self._client.want_write():
            self._loop.remove_writer(sock)

    def _socket_closed(self, client: Client, _: Any, sock: Any) -> None:
        if sock.fileno() >= 0:
            self._loop.remove_reader(sock)
            self._loop.remove_writer(sock)

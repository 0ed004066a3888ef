"""A session without a broker: hands messages in, remembers what was published."""

from __future__ import annotations

from collections.abc import Callable

from paho.mqtt.client import topic_matches_sub

from collectors.broker import Message, SessionState
from sensors.errors import LinkError


class FakeSession:
    """What `collectors.broker.Session` looks like from inside."""

    def __init__(self) -> None:
        self.on_up: list[Callable[[], None]] = []
        self.handlers: dict[str, Callable[[Message], None]] = {}
        self.published: list[tuple[str, bytes]] = []
        self.acked: list[int] = []
        self.up = True
        self.fails = 0
        self._count = 0

    @property
    def state(self) -> SessionState:
        return SessionState(self.up, 5, 1, "", False)

    def subscribe(self, topic_filter: str, handler: Callable[[Message], None]) -> None:
        self.handlers[topic_filter] = handler

    async def connected(self) -> None:
        assert self.up

    async def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        if self.fails:
            self.fails -= 1
            raise LinkError("the broker is gone")
        self.published.append((topic, payload))

    def deliver(self, topic: str, payload: bytes) -> int:
        """Hand a message in; its number turns up in `acked`."""
        self._count += 1
        number = self._count
        message = Message(topic, payload, False, False, lambda: self.acked.append(number))
        for name, handler in self.handlers.items():
            if topic_matches_sub(name, topic):
                handler(message)
                return number
        raise AssertionError(f"nobody subscribed to {topic}")

"""What an MQTT session is made of: addresses, identities, messages, refusals; values only."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from sensors.errors import LinkError

Version = Literal[5, 4]

#: MQTT 5, 2.4: this and everything above is a refusal; 0x10 says that nobody has subscribed to the topic.
REFUSED, NOBODY_LISTENS = 0x80, 0x10

#: MQTT 5 reason code for a protocol version that the broker does not speak.
UNSUPPORTED_VERSION = 0x84


class Silent(LinkError):
    """The broker took the connection and said nothing to CONNECT."""


class Refused(LinkError):
    """The broker said no.

    Attributes
    ----------
    reason_code : int
        MQTT 5, 2.4; answers of MQTT 3.1.1 are given as the code that means the same.
    """

    def __init__(self, what: str, reason_code: int, reason: str) -> None:
        self.reason_code = reason_code
        super().__init__(f"{what}: {reason}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is and how it is spoken to.

    Attributes
    ----------
    host : str
    port : int
    tls : ssl.SSLContext or None
        With it the connection is encrypted and the broker's certificate checked.
    username, password : str or None
    """

    host: str
    port: int = 1883
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker publishes, retained, when a client is gone without saying so."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Identity:
    """Who connects.

    Attributes
    ----------
    client_id : str
    persistent : bool
        Whether the broker keeps subscriptions and messages while the client is away; with MQTT 5 only.
    will : Will or None
    keepalive_s : int
        The connection is taken for dead after one and a half of it [s].
    window : int
        Most messages under way in each direction.
    """

    client_id: str
    persistent: bool = False
    will: Will | None = None
    keepalive_s: int = 30
    window: int = 20


@dataclass(frozen=True, slots=True)
class Message:
    """A message that came.

    Attributes
    ----------
    topic : str
    payload : bytes
    retained, duplicate : bool
    ack : callable
        Tells the broker that the message is taken care of; it comes again after a break otherwise. Harmless when
        called again. Where the broker keeps nothing for this client it has been told already.
    """

    topic: str
    payload: bytes
    retained: bool
    duplicate: bool
    ack: Callable[[], None]

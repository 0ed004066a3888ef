"""A webhook of one's own: JSON, signed with HMAC-SHA256; success is any 2xx."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass

from collectors.clock import machine_ms
from dashboard.alerts.channels.base import Answer, Told, secrets_of
from dashboard.alerts.channels.web import Reply, post, read_pace, read_secret, read_url
from sensors.toml_table import Table

PER_MINUTE = 120


@dataclass(frozen=True, slots=True)
class Webhook:
    """One receiver; an address is handed on as ``recipient``.

    The receiver checks ``X-RiverChief-Signature: sha256=HEX`` over ``TIMESTAMP.BODY`` with the secret, where TIMESTAMP
    is ``X-RiverChief-Timestamp`` [s since the epoch], and refuses old ones. ``id`` is the same at every try.
    """

    url: str
    secret: str
    per_minute: int = PER_MINUTE
    now_ms: Callable[[], int] = machine_ms

    async def send(self, address: str, told: Told) -> Answer:
        """Post the message as a JSON object."""
        body = {
            "id": told.id, "severity": told.severity, "title": told.title, "lines": list(told.lines),
            "link": told.link, "recipient": address,
        }  # fmt: skip
        content = json.dumps(body, ensure_ascii=False).encode()
        time_s = self.now_ms() // 1000
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-RiverChief-Timestamp": str(time_s),
            "X-RiverChief-Signature": "sha256=" + sign(self.secret, time_s, content),
        }
        return await post(self.url, content, headers, [self.secret, *secrets_of(self.url)], _judge)


def _judge(reply: Reply) -> Answer:
    return Answer(True, f"HTTP {reply.status}")


def sign(secret: str, time_s: int, content: bytes) -> str:
    """Signature of a request, hexadecimal."""
    return hmac.new(secret.encode(), f"{time_s}.".encode() + content, hashlib.sha256).hexdigest()


def read(table: Table) -> Webhook:
    """From the channels file."""
    table.known({"kind", "url", "secret", "per_minute"})
    return Webhook(read_url(table), read_secret(table, "secret"), read_pace(table, PER_MINUTE))

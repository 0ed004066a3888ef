"""Feishu (飞书): a group's bot, signed. Success is ``code`` 0 (``StatusCode`` in older answers)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from collectors.clock import machine_ms
from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.channels.web import judge_code, post_json, read_pace, read_secret, read_url
from sensors.toml_table import Table

URL = "https://open.feishu.cn/open-apis/bot/v2/hook/"

#: A bot takes 100 messages in a minute and a body of 20 KB (open.feishu.cn, 自定义机器人使用指南).
PER_MINUTE = 60
MOST_BYTES = 16_000

#: 11232 and 9499 with that text: too often.
BUSY = {11232: 60.0}


@dataclass(frozen=True, slots=True)
class Feishu:
    """One bot. An address is the ``open_id`` of the member to be mentioned, ``all``, or ``-`` for nobody.

    Attributes
    ----------
    hook, secret : str
        Last part of the webhook's address; secret of 签名校验, empty where the bot is secured otherwise.
    """

    hook: str
    secret: str = ""
    url: str = URL
    per_minute: int = PER_MINUTE
    #: The signature is valid for an hour of the real clock, whatever time is being played.
    now_ms: Callable[[], int] = machine_ms

    async def send(self, address: str, told: Told) -> Answer:
        """Post plain text; our own mention is the only tag in it."""
        mention = "" if address == "-" else f'<at user_id="{address}"></at> '
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": mention + told.text(MOST_BYTES)}}
        if self.secret:
            time_s = self.now_ms() // 1000
            body |= {"timestamp": str(time_s), "sign": sign(self.secret, time_s)}
        hidden = [self.hook, self.secret, body.get("sign", "")]
        keys = ("code", "StatusCode")
        return await post_json(self.url + self.hook, body, hidden, lambda reply: judge_code(reply, keys, BUSY))


def sign(secret: str, time_s: int) -> str:
    """Signature of a request: HMAC-SHA256 of nothing, keyed with time and secret, base64."""
    mac = hmac.new(f"{time_s}\n{secret}".encode(), b"", hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def read(table: Table) -> Feishu:
    """From the channels file."""
    table.known({"kind", "hook", "secret", "url", "per_minute"})
    return Feishu(
        read_secret(table, "hook"), read_secret(table, "secret", ""), read_url(table, URL), read_pace(table, PER_MINUTE)
    )

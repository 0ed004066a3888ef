"""DingTalk (钉钉): a group's bot, signed. Success is ``errcode`` 0; HTTP 200 alone says nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from collectors.clock import machine_ms
from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.channels.web import judge_code, post_json, read_pace, read_secret, read_url
from sensors.toml_table import Table

URL = "https://oapi.dingtalk.com/robot/send"

#: A bot that is sent more in a minute is blocked for ten minutes (open.dingtalk.com, 自定义机器人).
PER_MINUTE = 20
MOST_BYTES = 16_000

#: 130101 and 410100: too often.
BUSY = {130101: 600.0, 410100: 600.0}


@dataclass(frozen=True, slots=True)
class Dingtalk:
    """One bot. An address is the mobile number of the member to be mentioned, ``all``, or ``-`` for nobody.

    Attributes
    ----------
    token, secret : str
        ``access_token`` of the webhook; secret of 加签, empty where the bot is secured otherwise.
    keyword : str
        Stands before every text, for bots that are secured by one.
    """

    token: str
    secret: str = ""
    keyword: str = ""
    url: str = URL
    per_minute: int = PER_MINUTE
    #: The signature is valid for an hour of the real clock, whatever time is being played.
    now_ms: Callable[[], int] = machine_ms

    async def send(self, address: str, told: Told) -> Answer:
        """Post plain text: markdown would make markup of names and notes."""
        query = {"access_token": self.token}
        if self.secret:
            time_ms = self.now_ms()
            query |= {"timestamp": str(time_ms), "sign": sign(self.secret, time_ms)}
        mention = {"all": {"isAtAll": True}, "-": {}}.get(address, {"atMobiles": [address]})
        content = f"{self.keyword} {told.text(MOST_BYTES)}".lstrip()
        body = {"msgtype": "text", "text": {"content": content}, "at": mention}
        hidden = [self.token, self.secret, query.get("sign", "")]
        return await post_json(
            f"{self.url}?{urlencode(query)}", body, hidden, lambda reply: judge_code(reply, ("errcode",), BUSY)
        )


def sign(secret: str, time_ms: int) -> str:
    """Signature of a request: HMAC-SHA256 of time and secret, keyed with the secret, base64."""
    mac = hmac.new(secret.encode(), f"{time_ms}\n{secret}".encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def read(table: Table) -> Dingtalk:
    """From the channels file."""
    table.known({"kind", "token", "secret", "keyword", "url", "per_minute"})
    return Dingtalk(
        read_secret(table, "token"), read_secret(table, "secret", ""), table.text("keyword", ""),
        read_url(table, URL), read_pace(table, PER_MINUTE),
    )  # fmt: skip

"""WeCom (企业微信): a group's bot. Success is ``errcode`` 0; HTTP 200 alone says nothing."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.channels.web import judge_code, post_json, read_pace, read_secret, read_url
from sensors.toml_table import Table

URL = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"

#: A bot takes so many messages in a minute, each text of so many bytes (developer.work.weixin.qq.com, 群机器人配置).
PER_MINUTE = 20
MOST_BYTES = 2048

#: 45009: too often.
BUSY = {45009: 60.0}


@dataclass(frozen=True, slots=True)
class Wecom:
    """One bot. An address is the mobile number of the member to be mentioned, ``all``, or ``-`` for nobody."""

    key: str
    url: str = URL
    per_minute: int = PER_MINUTE

    async def send(self, address: str, told: Told) -> Answer:
        """Post plain text: markdown would make markup of names and notes."""
        mentioned = {"all": ["@all"], "-": []}.get(address, [address])
        body = {"msgtype": "text", "text": {"content": told.text(MOST_BYTES), "mentioned_mobile_list": mentioned}}
        url = f"{self.url}?{urlencode({'key': self.key})}"
        return await post_json(url, body, [self.key], lambda reply: judge_code(reply, ("errcode",), BUSY))


def read(table: Table) -> Wecom:
    """From the channels file."""
    table.known({"kind", "key", "url", "per_minute"})
    return Wecom(read_secret(table, "key"), read_url(table, URL), read_pace(table, PER_MINUTE))

"""Text messages by Aliyun's SMS service, as an example of a provider. Success is ``Code`` OK."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from collectors.clock import machine_ms
from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.channels.web import Reply, post, read_pace, read_secret, read_url
from sensors.toml_table import Table

URL = "https://dysmsapi.aliyuncs.com/"
PER_MINUTE = 60

#: Longest value of a variable in a template [characters].
MOST_CHARS = 35

#: To one number too often.
BUSY = "isv.BUSINESS_LIMIT_CONTROL"
BUSY_S = 300.0


@dataclass(frozen=True, slots=True)
class AliyunSms:
    """One account; an address is a mobile number.

    Attributes
    ----------
    key_id, key_secret : str
        AccessKey of a RAM user that may send messages and nothing else.
    signature, template : str
        签名 and code of a template with one variable, ``${title}``, both approved by the provider.
    """

    key_id: str
    key_secret: str
    signature: str
    template: str
    url: str = URL
    per_minute: int = PER_MINUTE
    now_ms: Callable[[], int] = machine_ms

    async def send(self, address: str, told: Told) -> Answer:
        """Ask the provider to send the title; templates have no room for more."""
        time_ms = self.now_ms()
        values = {
            "AccessKeyId": self.key_id, "Action": "SendSms", "Format": "JSON", "PhoneNumbers": address,
            "SignName": self.signature, "SignatureMethod": "HMAC-SHA1", "SignatureNonce": f"{told.id}-{time_ms}",
            "SignatureVersion": "1.0", "TemplateCode": self.template,
            "TemplateParam": json.dumps({"title": told.title[:MOST_CHARS]}, ensure_ascii=False),
            "Timestamp": f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}", "Version": "2017-05-25",
        }  # fmt: skip
        values["Signature"] = sign(self.key_secret, "POST", values)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        hidden = [self.key_secret, self.key_id, values["Signature"]]
        return await post(self.url, canonical(values).encode(), headers, hidden, _judge)


def _judge(reply: Reply) -> Answer:
    code = reply.json().get("Code")
    return Answer(code == "OK", "", BUSY_S if code == BUSY else 0.0)


def canonical(values: Mapping[str, str]) -> str:
    """Parameters in order, escaped as RFC 3986 says."""
    return "&".join(f"{quote(key, safe='~')}={quote(values[key], safe='~')}" for key in sorted(values))


def sign(secret: str, method: str, values: Mapping[str, str]) -> str:
    """Signature of a request (help.aliyun.com, RPC 签名机制): HMAC-SHA1, base64."""
    text = f"{method}&%2F&{quote(canonical(values), safe='~')}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()).decode()


def read(table: Table) -> AliyunSms:
    """From the channels file."""
    table.known({"kind", "key_id", "key_secret", "signature", "template", "url", "per_minute"})
    return AliyunSms(
        read_secret(table, "key_id"), read_secret(table, "key_secret"), table.text("signature"),
        table.text("template"), read_url(table, URL), read_pace(table, PER_MINUTE),
    )  # fmt: skip

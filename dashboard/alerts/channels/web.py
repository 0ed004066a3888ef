"""What channels over HTTP share: one request, no redirects, no more of an answer than is needed, no secrets in logs."""

from __future__ import annotations

import json
import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from dashboard.alerts.channels.base import Answer, redact
from sensors.toml_table import Table

#: Most of an answer that is read [bytes].
MOST_BYTES = 65_536

#: Pause where a server asks for one and does not say how long [s].
PAUSE_S = 60.0

#: Longest pause that a server is granted [s].
LONGEST_PAUSE_S = 900.0

# It logs every address that is asked, and those of bots carry their keys.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered.

    Attributes
    ----------
    status : int
    body : bytes
    wait_s : float
        As ``Retry-After`` says, in seconds; 0 where it does not.
    """

    status: int
    body: bytes
    wait_s: float = 0.0

    def json(self) -> dict[str, Any]:
        """Body as a JSON object; empty where it is none."""
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


async def post(
    url: str, content: bytes, headers: Mapping[str, str], secrets: Sequence[str], judge: Callable[[Reply], Answer]
) -> Answer:
    """Send a request and judge its answer.

    Parameters
    ----------
    url : str
    content : bytes
    headers : mapping of str to str
    secrets : sequence of str
        Are taken out of what is told.
    judge : callable
        Says what an answer of status 200 means.
    """
    # However a secret is written in an address.
    hidden = [*secrets, *(quote(secret, safe="") for secret in secrets)]
    try:
        # Only the sender's time limit ends a server that dribbles; these end one that hangs.
        async with (
            httpx.AsyncClient(timeout=15.0, follow_redirects=False, verify=_trust()) as client,
            client.stream("POST", url, content=content, headers=dict(headers)) as response,
        ):
            body = b""
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    break
            reply = Reply(response.status_code, body[:MOST_BYTES], _seconds(response.headers.get("retry-after")))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return Answer(False, redact(f"{type(error).__name__}: {error}", hidden))
    told = f"HTTP {reply.status} {reply.body[:1000].decode(errors='replace')}"
    if reply.status == 429:
        return Answer(False, redact(told, hidden), reply.wait_s or PAUSE_S)
    if reply.status == 503 and reply.wait_s:
        return Answer(False, redact(told, hidden), reply.wait_s)
    if reply.status // 100 != 2:
        return Answer(False, redact(told, hidden))
    answer = judge(reply)
    return Answer(answer.ok, redact(answer.text or told, hidden), answer.wait_s)


async def post_json(
    url: str, body: Mapping[str, Any], secrets: Sequence[str], judge: Callable[[Reply], Answer]
) -> Answer:
    """`post` of a JSON object."""
    content = json.dumps(body, ensure_ascii=False).encode()
    return await post(url, content, {"Content-Type": "application/json; charset=utf-8"}, secrets, judge)


def judge_code(reply: Reply, keys: Sequence[str], busy: Mapping[int, float]) -> Answer:
    """Judge an answer whose body says in a number whether it worked: 0 alone is success.

    Parameters
    ----------
    reply : Reply
    keys : sequence of str
        Where the number may stand; the first that is there counts.
    busy : mapping of int to float
        Numbers that mean "too often", and how long to wait then [s].
    """
    body = reply.json()
    code = next((body[key] for key in keys if key in body), None)
    if type(code) is not int:
        return Answer(False, "")
    return Answer(code == 0, "", busy.get(code, 0.0))


def read_url(table: Table, default: str | None = None, key: str = "url") -> str:
    """Address of a server: https, or http on this machine, because what is sent there is secret."""
    text = table.text(key, default)
    try:
        parts = urlsplit(text)
        good = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1"))
        good = good and bool(parts.hostname) and parts.username is None and not parts.fragment
    except ValueError:
        good = False
    if text and not good:
        # The value itself may carry a key.
        table.checker.note(table.at + key, "another address", "https://HOST/PATH, or http on this machine (127.0.0.1)")
    return text


def read_pace(table: Table, default: int) -> int:
    """``per_minute`` of a channel."""
    return table.whole("per_minute", default, 1, 10_000)


def read_secret(table: Table, key: str, default: str | None = None) -> str:
    """A secret; what stands there is never told."""
    value = table.raw.get(key, default)
    if not isinstance(value, str) or (not value and default is None):
        table.checker.note(table.at + key, "nothing" if key not in table.raw else "no text", "a text")
        return ""
    return value


@cache
def _trust() -> ssl.SSLContext:
    """Whom to believe: made once, because reading all those certificates takes a while."""
    return httpx.create_ssl_context()


def _seconds(text: str | None) -> float:
    try:
        return min(max(float(text or 0), 0.0), LONGEST_PAUSE_S)
    except ValueError:
        return PAUSE_S  # a date

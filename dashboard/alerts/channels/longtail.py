"""Everything else that people use, by apprise: https://github.com/caronc/apprise/wiki lists the addresses.

Not for the bots that have a channel of their own: apprise says success where they answer HTTP 200 with an error code.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from dashboard.alerts.channels.base import Answer, Told, redact, secrets_of
from dashboard.alerts.channels.web import read_pace, read_secret
from sensors.toml_table import Table

PER_MINUTE = 30

#: Longest wait for a service [s].
TIMEOUT_S = 18.0

#: Schemas of services that have a channel here -> kind of it.
OWN = {"wecombot": "wecom", "dingtalk": "dingtalk", "feishu": "feishu", "lark": "feishu"}

# It logs for itself, addresses included; what it says about a message goes into the delivery log.
logging.getLogger("apprise").propagate = False
logging.getLogger("urllib3").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Longtail:
    """One service; ``{address}`` in its URL stands for the recipient's address."""

    url: str
    per_minute: int = PER_MINUTE

    async def send(self, address: str, told: Told) -> Answer:
        """Hand the message to apprise."""
        url = self.url.replace("{address}", quote(address, safe=""))
        return await notify(url, told, secrets_of(self.url))


async def notify(url: str, told: Told, secrets: Sequence[str]) -> Answer:
    """Send over one apprise URL, in a thread."""
    return await asyncio.to_thread(_notify, url, told, secrets)


def _notify(url: str, told: Told, secrets: Sequence[str]) -> Answer:
    from apprise import Apprise, NotifyFormat

    said: list[str] = []
    services = Apprise()
    if not services.add(url):
        return Answer(False, "apprise does not understand this address")
    result = services.notify(
        told.text(100_000).partition("\n")[2] or told.title, title=told.title, body_format=NotifyFormat.TEXT,
        timeout=TIMEOUT_S, log_callback=lambda entry, _service: said.append(str(entry.message)),
        log_level=logging.WARNING,
    )  # fmt: skip
    text = "; ".join(said) or ("taken" if result else "not taken")
    return Answer(bool(result), redact(text, secrets))


def read(table: Table) -> Longtail:
    """From the channels file."""
    from apprise import Apprise

    table.known({"kind", "url", "per_minute"})
    url = read_secret(table, "url")
    schema = url.partition("://")[0].lower()
    if schema in OWN:
        table.checker.note(f"{table.at}url", f"{schema}://", f'kind = "{OWN[schema]}", which looks at the error code')
    elif url and not Apprise().add(url.replace("{address}", "15300000001")):
        table.checker.note(f"{table.at}url", f"{schema}://…", "an address that apprise understands")
    return Longtail(url, read_pace(table, PER_MINUTE))

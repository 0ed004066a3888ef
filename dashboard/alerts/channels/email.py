"""E-mail over one's own SMTP server, by apprise; an address is the recipient's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from dashboard.alerts.channels.base import Answer, Told
from dashboard.alerts.channels.longtail import notify
from dashboard.alerts.channels.web import read_pace, read_secret
from sensors.toml_table import Table

PER_MINUTE = 30

#: How the connection is secured; ``none`` only for a server on this machine.
SECURITY = ("ssl", "starttls", "none")

_PORTS = {"ssl": 465, "starttls": 587, "none": 25}
_ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")


@dataclass(frozen=True, slots=True)
class Email:
    """One mailbox to send from."""

    host: str
    sender: str
    user: str = ""
    password: str = ""
    security: str = "ssl"
    port: int = 465
    per_minute: int = PER_MINUTE

    async def send(self, address: str, told: Told) -> Answer:
        """Send as plain text."""
        if not _ADDRESS.fullmatch(address):
            return Answer(False, "the contact is no e-mail address")
        return await notify(self._url(address), told, [self.password, quote(self.password, safe="")])

    def _url(self, address: str) -> str:
        schema = "mailto" if self.security == "none" else "mailtos"
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user else ""
        more = {
            "smtp": self.host, "from": self.sender, "to": address, "format": "text",
            "mode": {"none": "insecure"}.get(self.security, self.security),
        }  # fmt: skip
        return f"{schema}://{login}{self.host}:{self.port}?{urlencode(more)}"


def read(table: Table) -> Email:
    """From the channels file."""
    table.known({"kind", "host", "port", "from", "user", "password", "security", "per_minute"})
    security = table.choice("security", "ssl", SECURITY)
    host = table.text("host")
    if security == "none" and host not in ("127.0.0.1", "::1", "localhost"):
        table.bad("security", "ssl or starttls: passwords and people's names are not sent in clear")
    sender = table.text("from")
    if sender and not _ADDRESS.fullmatch(sender):
        table.bad("from", "an e-mail address")
    return Email(
        host, sender, table.text("user", ""), read_secret(table, "password", ""), security,
        table.whole("port", _PORTS[security], 1, 65535), read_pace(table, PER_MINUTE),
    )  # fmt: skip

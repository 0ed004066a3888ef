"""What every channel is: something that takes a text for an address and says what became of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import unquote, urlsplit

#: Longest answer that is kept [characters].
ANSWER_CHARS = 500

#: Shorter parts of an address are no secrets: hiding them would only garble what is told [characters].
SECRET_CHARS = 6

#: What a chat could take for markup, a mention or a link of its own, and what is shown instead.
_SHOWN = str.maketrans({"<": "＜", ">": "＞", "@": "＠", "`": "＇", "[": "［", "]": "］", "*": "＊"})


@dataclass(frozen=True, slots=True)
class Told:
    """What one message says.

    Attributes
    ----------
    id : str
        The same for every try to deliver the same message, so that a receiver may tell them apart.
    severity : str
    title : str
        One line.
    lines : tuple of str
    link : str
        Where it is acknowledged; empty where there is no such page.
    prompt : str
        What stands before the link.
    """

    id: str
    severity: str
    title: str
    lines: tuple[str, ...] = ()
    link: str = ""
    prompt: str = ""

    @classmethod
    def of(cls, id_: str, severity: str, title: str, lines: Iterable[str], link: str = "", prompt: str = "") -> Told:
        """A message whose title and lines are made harmless; the link is our own."""
        return cls(id_, severity, plain(title), tuple(plain(line) for line in lines), link, prompt)

    def text(self, most_bytes: int) -> str:
        """All of it as plain text of so many bytes of UTF-8 at most; title and link stay, lines are cut."""
        tail = f"\n{self.prompt} {self.link}".rstrip(" ") if self.link else ""
        room = most_bytes - len(tail.encode())
        head = _cut("\n".join((self.title, *self.lines)), room)
        return head + tail


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a try.

    Attributes
    ----------
    ok : bool
        The channel said that it took the message.
    text : str
        What it said, without secrets.
    wait_s : float
        It asks to be left in peace for so long; the try does not count then [s].
    """

    ok: bool
    text: str
    wait_s: float = 0.0


class Channel(Protocol):
    """A way to reach people. One for each bot, account or server, with its own limit and its own worker."""

    @property
    def per_minute(self) -> int:
        """Most messages in a minute."""
        ...

    async def send(self, address: str, told: Told) -> Answer:
        """Try once to deliver; a fault is an answer, not an exception.

        Parameters
        ----------
        address : str
            As the recipient's contacts have it for this channel; its form is the channel's own.
        told : Told
        """
        ...


def plain(text: str) -> str:
    """One line of text that no chat takes for more: no markup, mentions, links, control or direction characters."""
    kept = (" " if unicodedata.category(c) in ("Zl", "Zp") or c in "\n\r\t" else c for c in text)
    shown = "".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return shown.translate(_SHOWN).replace("://", "：//").strip()


def secrets_of(url: str) -> list[str]:
    """What of an URL must not be told: everything but schema and host, where it is long enough to be a secret."""
    parts = urlsplit(url)
    pieces = [parts.username, parts.password, *parts.path.split("/"), parts.query, *re.split("[&=]", parts.query)]
    told = [piece for piece in pieces if piece and len(piece) >= SECRET_CHARS and piece != "{address}"]
    return [url, *told, *map(unquote, told)]


def redact(text: str, secrets: Iterable[str]) -> str:
    """Text in which no secret stands, short enough to be kept."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "(secret)")
    return plain(text)[:ANSWER_CHARS]


def _cut(text: str, most_bytes: int) -> str:
    raw = text.encode()
    if len(raw) <= most_bytes:
        return text
    return raw[: max(most_bytes - len("…".encode()), 0)].decode(errors="ignore") + "…"

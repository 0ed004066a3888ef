"""Addresses of the board's own: where somebody goes after signing in, and nowhere else."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

#: Longest address that is kept [characters].
MOST_CHARS = 1000


def inside(address: str) -> str:
    r"""An address of the board's own; its first page where it is none.

    Examples
    --------
    >>> inside("/orders?order=3"), inside("//evil.example"), inside("/\\evil"), inside("https://evil.example")
    ('/orders?order=3', '/', '/', '/')
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    if not address.startswith("/") or address[1:2] in ("/", "\\") or parts.netloc or not address.isprintable():
        return "/"
    return "/" if parts.path in ("/signin", "/signout", "/password") else address[:MOST_CHARS]


def wanted(path: str, query: str) -> str:
    """Address of the sign-in page that leads to a page of the board afterwards."""
    after = inside(f"{path}?{query}" if query else path)
    lang = dict(parse_qsl(query)).get("lang")
    return f"/signin?{urlencode({'next': after} | ({'lang': lang} if lang else {}))}"

"""Where readings are kept: the table of backends and how one is opened.

A backend is one file with a class that does what `collectors.stores.base.ReadingStore` says, and one line in
`BACKENDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from collectors.stores.base import Assessment, ReadingStore, Revision, Summary, SummaryRow
from sensors.errors import StoreError

__all__ = ["BACKENDS", "Assessment", "ReadingStore", "Revision", "Summary", "SummaryRow", "open_store"]


def _sqlite(url: str, read_only: bool) -> ReadingStore:
    from collectors.stores.sqlite import SqliteStore

    return SqliteStore(url.removeprefix("sqlite:///"), read_only=read_only)


def _influx(url: str, read_only: bool) -> ReadingStore:
    from collectors.stores.influx import InfluxStore

    return InfluxStore(url, read_only=read_only)


#: How a store is opened, by the scheme of its URL. Imports are inside: a gateway or a board loads only what it uses.
BACKENDS: Mapping[str, Callable[[str, bool], ReadingStore]] = MappingProxyType(
    {
        "sqlite": _sqlite,
        "influx": _influx,
        "influxs": _influx,
    }
)


def check_url(url: str) -> str:
    """Scheme of a store's URL.

    Raises
    ------
    StoreError
        If it names no backend.
    """
    scheme, found, _ = url.partition("://")
    if scheme not in BACKENDS or not found:
        accepted = ", ".join(f"{name}://" for name in BACKENDS)
        raise StoreError(f"store {url!r}: found scheme {scheme!r}; accepted: {accepted}", retryable=False)
    return scheme


def open_store(url: str, *, read_only: bool = False) -> ReadingStore:
    """Open the store at a URL.

    Parameters
    ----------
    url : str
        ``sqlite:///relative/path`` or ``sqlite:////absolute/path``; ``influx://HOST[:8086]/ORG/BUCKET``, or
        ``influxs://`` with TLS, the token in the environment variable ``RIVERCHIEF_INFLUX_TOKEN``.
    read_only : bool
        Open without the right to change anything; the store must exist.

    Returns
    -------
    ReadingStore

    Raises
    ------
    StoreError
        Not retryable where the URL names no backend or the store's schema is newer than this program; retryable where
        the store cannot be reached, or is to be read and does not exist yet.
    """
    return BACKENDS[check_url(url)](url, read_only)

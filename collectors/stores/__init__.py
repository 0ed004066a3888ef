"""Where readings are kept: the table of backends and how one is opened.

A backend is one file with a class that does what `collectors.stores.base.ReadingStore` says, and one line in
`BACKENDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from collectors.stores.base import (
    Assessment,
    Chunk,
    Event,
    Flag,
    ReadingStore,
    Revision,
    Rolled,
    Summary,
    SummaryRow,
)
from collectors.stores.retention import Retention, split_url
from sensors.errors import StoreError

__all__ = [
    "BACKENDS",
    "Assessment",
    "Chunk",
    "Event",
    "Flag",
    "ReadingStore",
    "Revision",
    "Rolled",
    "Summary",
    "SummaryRow",
    "open_store",
    "prepare_store",
]


#: Gets a line that the store's server would not have, and why.
Refused = Callable[[str, str], None]


def _sqlite(url: str, read_only: bool, retention: Retention, on_refused: Refused | None) -> ReadingStore:
    from collectors.stores.sqlite import SqliteStore

    return SqliteStore(url.removeprefix("sqlite:///"), read_only=read_only, retention=retention)


def _influx(url: str, read_only: bool, retention: Retention, on_refused: Refused | None) -> ReadingStore:
    from collectors.stores.influx import InfluxStore

    return InfluxStore(url, read_only=read_only, retention=retention, on_refused=on_refused)


#: How a store is opened, by the scheme of its URL. Imports are inside: a gateway or a board loads only what it uses.
BACKENDS: Mapping[str, Callable[[str, bool, Retention, Refused | None], ReadingStore]] = MappingProxyType(
    {
        "sqlite": _sqlite,
        "influx": _influx,
        "influxs": _influx,
    }
)


def check_url(url: str) -> tuple[str, str, Retention]:
    """Scheme of a store's URL, the URL without settings, and the settings.

    Raises
    ------
    StoreError
        If it names no backend, or settings that there are not.
    """
    scheme, found, _ = url.partition("://")
    if scheme not in BACKENDS or not found:
        accepted = ", ".join(f"{name}://" for name in BACKENDS)
        raise StoreError(f"store {url!r}: found scheme {scheme!r}; accepted: {accepted}", retryable=False)
    return scheme, *split_url(url)


def open_store(url: str, *, read_only: bool = False, on_refused: Refused | None = None) -> ReadingStore:
    """Open the store at a URL.

    Parameters
    ----------
    url : str
        ``sqlite:///relative/path`` or ``sqlite:////absolute/path``; ``influx://HOST[:8086]/ORG/BUCKET``, or
        ``influxs://`` with TLS, the token in the environment variable ``RIVERCHIEF_INFLUX_TOKEN``. How long it keeps
        what may follow: ``?raw=3y&hour=10y``, see `collectors.stores.retention`.
    read_only : bool
        Open without the right to change anything; the store must exist.
    on_refused : callable, optional
        Gets what the store's server refuses because of what is in it, and why. It is not sent again.

    Returns
    -------
    ReadingStore

    Raises
    ------
    StoreError
        Not retryable where the URL names no backend or the store's schema is newer than this program; retryable where
        the store cannot be reached, or is to be read and does not exist yet.
    """
    scheme, where, retention = check_url(url)
    return BACKENDS[scheme](where, read_only, retention, on_refused)


def prepare_store(url: str) -> ReadingStore:
    """Open a store for writing, and make what it needs where that is missing.

    Raises
    ------
    StoreError
        As `open_store`; also where the right to make it is missing, or a database would forget by itself.
    """
    scheme, where, _ = check_url(url)
    if scheme != "sqlite":
        from collectors.stores.influx import prepare

        prepare(where)
    return open_store(url)

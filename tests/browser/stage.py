"""A morning at the office, prepared: a store with two days of water, books of half a year, people who can sign in.

The worst river, 墩头浜, has an event whose draft waits for the office, and the outfall that it points at was never
surveyed: what the walks find is laid here. Everything follows from the example site and a seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from collectors.stores import ReadingStore, open_store
from collectors.stores.base import Flag
from dashboard.accounts import people
from dashboard.accounts.people import Details
from dashboard.accounts.signin import set_password
from dashboard.casework.database import Books, open_books
from dashboard.casework.desk import Desk
from dashboard.casework.reviews import queue
from dashboard.casework.seed.demo_cases import demo_events, seed_demo_cases
from dashboard.casework.seed.seed import seed, seed_demo
from dashboard.casework.tables.accounts import Account
from dashboard.casework.tables.survey import OutfallRecord
from sensors.durations import HOUR_MS
from sensors.reading import Quality
from sensors.site import Site
from tests.dashboard import made

#: Of the demonstration: with it the newest event lies on the worst river.
SEED = 14

#: The worst river, its event, and the outfall that the event points at.
RIVER, STATION, OUTFALL, EVENT = "R20", "S45", "PK121", "DEMO-S45-ammonia_nitrogen-498715"

#: Station with readings that wait for an engineer.
DOUBTED, DOUBTED_KEY = "S45", "ammonia_nitrogen"

#: What everybody but the chief signs in with; the chief has a password for once and chooses this one.
PASSWORD = "willow-weir-heron"

#: Who can sign in, by account.
PEOPLE: Mapping[str, Details] = {
    "admin": Details("管理员老周", "admin"),
    "office": Details("河长办小王", "office"),
    "chief": Details("街道河长赵主任", "chief"),
    "engineer": Details("运维工程师孙工", "engineer"),
    "department": Details("社区李主任", "department", "community"),
    "grid": Details("墩头网格员老陈", "grid_officer", grids=("G147", "G148")),
    "leaver": Details("离职人员", "engineer"),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """What was prepared.

    Attributes
    ----------
    store, books : str
        URLs.
    once : str
        The chief's password for once.
    """

    store: str
    books: str
    once: str


def prepare(folder: Path, site: Site) -> Stage:
    """Fill a folder with a store and books."""
    store_url, books_url = f"sqlite:///{folder / 'store.sqlite'}", f"sqlite:///{folder / 'books.sqlite'}"
    store = open_store(store_url)
    books = open_books(books_url)
    try:
        made.fill(store, site, days=2)
        events = demo_events(site, made.NOW_MS, SEED)
        store.put_events(events)
        seed(books, site, made.NOW_MS)
        seed_demo(books, site, made.NOW_MS, SEED)
        seed_demo_cases(books, Desk.of(site), made.NOW_MS, SEED)
        _not_surveyed(books)
        _doubt(books, store)
        once = _people(books, site)
    finally:
        books.close()
        store.close()
    assert EVENT in [one.id for one in events], "the seed says where events lie"
    return Stage(store_url, books_url, once)


def _not_surveyed(books: Books) -> None:
    with books.change("test", made.NOW_MS) as session:
        row = session.get_one(OutfallRecord, OUTFALL)
        row.stage, row.note, row.source, row.surveyed_by = "unsurveyed", "", "", ""
        row.surveyed_on = row.sampled_on = row.rectified_on = row.closed_on = None
        row.flows_in_dry_weather, row.rectification = None, None


def _doubt(books: Books, store: ReadingStore) -> None:
    """An hour and a half in which a test doubts what the probe said."""
    start_ms = made.NOW_MS - 20_000 - 6 * HOUR_MS
    doubted = [start_ms + step * 1_800_000 for step in range(4)]
    store.put_flags([
        Flag(DOUBTED, DOUBTED_KEY, time_ms, "spike", Quality.SUSPECT, {"statistic": 3.0, "limit": 1.5})
        for time_ms in doubted
    ])  # fmt: skip
    with books.change("riverchief", made.NOW_MS) as session:
        queue(session, store, {DOUBTED: (doubted[0], doubted[-1])})


def _people(books: Books, site: Site) -> str:
    """Everybody with an account; the chief's password for once."""
    once = {name: people.add(books, site, "test", made.NOW_MS, name, details) for name, details in PEOPLE.items()}
    with books.change("test", made.NOW_MS) as session:
        first = session.get_one(Account, "office")
        set_password(first, PASSWORD, must_change=False)
        for name in PEOPLE.keys() - {"chief", "office"}:
            account = session.get_one(Account, name)
            account.must_change, account.password_hash = False, first.password_hash
    return once["chief"]

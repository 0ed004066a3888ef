"""The books and channels of a system on one machine: made at its first start."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from collectors.stores import open_store
from dashboard.casework.database import Books, open_books
from dashboard.casework.desk import Desk
from dashboard.casework.goals import seed_goals
from dashboard.casework.seed.accounts import seed_accounts
from dashboard.casework.seed.demo_cases import demo_events, seed_demo_cases
from dashboard.casework.seed.seed import seed, seed_demo
from deploy.notify import ready
from deploy.office.alerts import demo_channels
from sensors.site import Site, load_site

#: Who enters what comes with a site.
ACTOR = "riverchief"


def prepare_office(folder: Path, data: Path, *, demo_seed: int | None) -> None:
    """Open the books in a data folder, enter what the site folder has, and write the channels file.

    Parameters
    ----------
    folder : Path
        Of the site.
    data : Path
        Gets ``books.sqlite``, ``files`` and ``channels.toml``; what would be sent is written to ``told.jsonl`` there.
        New books of a demonstration put the events of their cases into ``store.sqlite`` there.
    demo_seed : int or None
        Fill new books for a demonstration: the seed of the virtual rivers. None for real ones.

    Raises
    ------
    BooksError
        If they cannot be opened.
    """
    site = load_site(folder)
    path = data / "books.sqlite"
    fresh = not path.exists()
    url = f"sqlite:///{path.absolute()}"
    books = open_books(url)
    try:
        now_ms = round(time.time() * 1000)
        seed(books, site, now_ms)
        if fresh and demo_seed is not None:
            seed_demo(books, site, now_ms, demo_seed)
        if demo_seed is not None:
            seed_accounts(books, site, now_ms)
        if fresh and demo_seed is not None:
            _demo_cases(books, site, data / "store.sqlite", now_ms, demo_seed)
        with books.change(ACTOR, now_ms, "goals that a site begins with") as session:
            seed_goals(session, datetime.now(ZoneInfo(site.timezone)).year)
    finally:
        books.close()
    demo_channels(site, data)
    ready()


def _demo_cases(books: Books, site: Site, path: Path, now_ms: int, seed: int) -> None:
    """Orders on their way, and their events in the store: the first minute of virtual rivers has measured none yet."""
    seed_demo_cases(books, Desk.of(site), now_ms, seed)
    store = open_store(f"sqlite:///{path.absolute()}")
    try:
        store.put_events(demo_events(site, now_ms, seed))
    finally:
        store.close()

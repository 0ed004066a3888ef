"""The books and channels of a system on one machine: made at its first start."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboard.casework.database import open_books
from dashboard.casework.goals import seed_goals
from dashboard.casework.seed import seed, seed_demo
from deploy.alerts import demo_channels
from deploy.notify import ready
from sensors.site import load_site

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
        with books.change(ACTOR, now_ms, "goals that a site begins with") as session:
            seed_goals(session, datetime.now(ZoneInfo(site.timezone)).year)
    finally:
        books.close()
    demo_channels(site, data)
    ready()

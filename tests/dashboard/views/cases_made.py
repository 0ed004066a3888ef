"""Books with the cases of the demonstration, a store with their events, and a board over both; made once, copied."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from collectors.stores import open_store
from dashboard.casework.database import Books, open_books
from dashboard.casework.desk import Desk
from dashboard.casework.seed.demo_cases import demo_events, seed_demo_cases
from dashboard.casework.settings import OfficeSettings
from sensors.durations import HOUR_MS
from sensors.reading import Block, Reading
from sensors.site import load_site
from tests.dashboard import made
from tests.dashboard.views.lived_in import board_over


@cache
def _template() -> TemporaryDirectory[str]:
    folder = TemporaryDirectory(prefix="riverchief-cases-")
    site = load_site(made.SITE_FOLDER)
    books = open_books(f"sqlite:///{folder.name}/books.sqlite")
    seed_demo_cases(books, Desk.of(site, OfficeSettings()), made.NOW_MS, 1)
    books.close()
    store = open_store(f"sqlite:///{folder.name}/store.sqlite")
    events = demo_events(site, made.NOW_MS, 1)
    store.put_events(events)
    newest = max(events, key=lambda event: event.start_ms)
    [station] = newest.stations
    [key] = newest.detail["determinands"]
    times = range(newest.start_ms - 6 * HOUR_MS, made.NOW_MS, 600_000)
    store.write(Block.of([Reading(station, key, time_ms, 1.0 + (time_ms > newest.start_ms) * 2) for time_ms in times]))
    store.close()
    return folder


def copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Books:
    """A copy of the books, and the environment of a board over it; whoever calls closes them."""
    folder = Path(_template().name)
    for name in ("books.sqlite", "store.sqlite"):
        shutil.copy(folder / name, tmp_path / name)
    shutil.copytree(folder / "files", tmp_path / "files")
    board_over(monkeypatch, tmp_path, f"sqlite:///{tmp_path / 'store.sqlite'}")
    return open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")


def of_state(books: Books, state: str) -> str:
    """Number of the newest order of a state."""
    from sqlalchemy import select

    from dashboard.casework.tables.orders import Order

    with books.read() as session:
        query = select(Order.number).where(Order.state == state).order_by(Order.created_ms.desc())
        return session.scalars(query).first() or ""

"""What a system on one machine begins with."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from collectors.stores import open_store
from dashboard.casework.audit import verify
from dashboard.casework.database import open_books
from dashboard.casework.tables.goals import Goal
from dashboard.casework.tables.orders import EventLink, Order
from dashboard.casework.tables.survey import OutfallRecord, Shop
from deploy.office.office import prepare_office
from sensors.site import Site


def counted(data: Path) -> tuple[int, int, int]:
    books = open_books(f"sqlite:///{data / 'books.sqlite'}")
    try:
        with books.read() as session:
            assert verify(session).problems == ()
            return tuple(session.scalar(select(func.count()).select_from(t)) for t in (OutfallRecord, Shop, Goal))  # type: ignore[return-value]
    finally:
        books.close()


def test_real_books_begin_with_what_the_site_has_and_nothing_invented(xietang: Site, tmp_path: Path) -> None:
    prepare_office(xietang.folder, tmp_path, demo_seed=None)
    outfalls, shops, goals = counted(tmp_path)
    assert (outfalls, shops) == (len(xietang.outfalls), 0)
    assert goals >= 5
    assert 'kind = "file"' in (tmp_path / "channels.toml").read_text()
    prepare_office(xietang.folder, tmp_path, demo_seed=1)
    assert counted(tmp_path) == (outfalls, 0, goals), "books that are there are never filled"


def test_virtual_rivers_have_something_to_show(xietang: Site, tmp_path: Path) -> None:
    prepare_office(xietang.folder, tmp_path, demo_seed=1)
    assert counted(tmp_path)[1] > 100
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}", read_only=True)
    events = store.events(0, 2**52)
    store.close()
    books = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}")
    with books.read() as session:
        orders = session.scalar(select(func.count()).select_from(Order))
        linked = set(session.scalars(select(EventLink.event)))
    books.close()
    assert orders == len(events) + 1
    assert linked == {event.id for event in events}
    assert all(event.detail["illustrative"] for event in events)
    assert "told.jsonl" in (tmp_path / "channels.toml").read_text()

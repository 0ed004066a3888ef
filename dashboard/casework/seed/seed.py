"""The first pages of the books: the outfalls of the site folder, and for a demonstration books that look lived in.

A new site begins with its outfalls, not surveyed, and nothing else: nobody has looked yet. The demonstration is for
virtual rivers only; every row of it says that it is illustrative.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.base import Base
from dashboard.casework.database import Books
from dashboard.casework.goals import seed_goals
from dashboard.casework.seed.demo import Demo
from dashboard.casework.seed.progress import illustrative_progress
from dashboard.casework.tables.survey import OutfallRecord, Shop
from sensors.errors import UsageError
from sensors.site import Site

#: Who makes the first entries.
ACTOR = "riverchief"


def seed(books: Books, site: Site, now_ms: int) -> int:
    """Enter the outfalls of a site that the books do not have yet; may be called again whenever the site changes.

    Returns
    -------
    int
        How many were entered.
    """
    with books.change(ACTOR, now_ms, "outfalls of the site folder") as session:
        return _outfalls(session, site)


def seed_demo(books: Books, site: Site, now_ms: int, seed: int = 1) -> dict[str, int]:
    """Fill empty books for a demonstration on virtual rivers.

    Parameters
    ----------
    books : Books
    site : Site
    now_ms : int
        Milliseconds since the epoch, UTC; the demonstration tells of the half year before it.
    seed : int
        Of the virtual rivers: samples are of their water. The same seed and day give the same books.

    Returns
    -------
    dict of str to int
        Rows by table.

    Raises
    ------
    UsageError
        If the books are not empty: illustrative rows never mix with what people entered.
    """
    with books.change(ACTOR, now_ms, "illustrative books of a demonstration") as session:
        surveyed = select(OutfallRecord.id).where(OutfallRecord.stage != "unsurveyed")
        if session.scalar(select(Shop.id).limit(1)) or session.scalar(surveyed.limit(1)):
            raise UsageError("these books have entries already; a demonstration begins with empty ones")
        _outfalls(session, site)
        session.flush()
        rows: list[Base] = Demo(site, now_ms, seed).rows(list(session.scalars(select(OutfallRecord))))
        session.add_all(rows)
        session.flush()
        # The days before this one have figures too, so that a pace can be shown.
        day = datetime.fromtimestamp(now_ms / 1000, ZoneInfo(site.timezone)).date()
        seed_goals(session, day.year)
        session.add_all(illustrative_progress(session, site, day))
        return dict(Counter(row.__tablename__ for row in rows))


def _outfalls(session: Session, site: Site) -> int:
    known = set(session.scalars(select(OutfallRecord.id)))
    new = [outfall for outfall in site.outfalls.values() if outfall.id not in known]
    for outfall in new:
        longitude, latitude = site.position(outfall.reach, outfall.chainage_m)
        session.add(
            OutfallRecord(
                id=outfall.id, river=outfall.river, reach=outfall.reach, chainage_m=outfall.chainage_m,
                bank=outfall.bank, kind=outfall.kind, department=outfall.department,
                longitude=round(longitude, 6), latitude=round(latitude, 6),
            )
        )  # fmt: skip
    return len(new)

"""Who is looking: a signed-in account, one that was picked in a demonstration, or the public."""

from __future__ import annotations

import streamlit as st
from sqlalchemy import select

from dashboard.access import PUBLIC, Viewer, engineer_of
from dashboard.casework.tables.accounts import Account
from dashboard.page import Context
from dashboard.sources import Sources


def viewer(sources: Sources) -> Viewer:
    """Who is looking at the board."""
    if sources.books_url is None:
        return engineer_of(sources.site)
    if sources.access == "demo":
        return _picked(sources)
    return PUBLIC


def _picked(sources: Sources) -> Viewer:
    with sources.books.read() as session:
        found = session.scalars(
            select(Account).where(Account.role == st.query_params.get("as", "office")).order_by(Account.id)
        ).first()
        return Viewer.of(found) if found else PUBLIC


def corner(context: Context) -> None:
    """Who is signed in, in the corner of the page."""

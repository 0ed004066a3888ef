"""Loads, before anybody asks, what the first page would otherwise wait for.

Programs that Streamlit loads only when a page uses them, catalogues, the site, the books' connections and the looks of
every part and of the first screen: together they take longer than the page itself. Nothing here is remembered that
grows old.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Mapping

from sqlalchemy.orm import configure_mappers

from dashboard import parts
from dashboard.casework.database import Books
from dashboard.i18n import LANGUAGES, translator
from dashboard.sources import Sources
from sensors.errors import RiverChiefError


def warm(environment: Mapping[str, str] | None = None) -> None:
    """Load it; what cannot be had yet is left for the page, which says so in its place.

    Parameters
    ----------
    environment : mapping of str to str, optional
        As `dashboard.sources` describes it; that of the process where absent.
    """
    _programs()
    for language in LANGUAGES:
        translator(language)
    for part in parts.PARTS:
        parts.source(part)
    with contextlib.suppress(RiverChiefError):
        sources = Sources.from_environment() if environment is None else Sources.from_environment(environment)
        _sources(sources)
    # What is loaded stays: later collections pass it by, that of the first page included (`dashboard.app`).
    gc.collect()
    gc.freeze()


def _programs() -> None:
    """What the first run of the first page loads: emojis for the icon, charts, tables; and its first screen."""
    import altair  # noqa: F401
    import streamlit.emojis
    import streamlit.env_util

    from dashboard.first_paint import screen

    screen.style()

    # Asks for the file of every frame, and Python then looks through all modules: once, whoever asks first.
    streamlit.env_util.is_repl()


def _sources(sources: Sources) -> None:
    _ = sources.ground
    with contextlib.suppress(RiverChiefError):
        _ = sources.store
    if sources.books_url is None:
        return
    for language in LANGUAGES:
        sources.desk(language)
    _read(sources.books)


def _read(books: Books) -> None:
    """Open a connection, which stays in the pool, and have the tables' classes know each other."""
    configure_mappers()
    with books.read() as session:
        session.connection()

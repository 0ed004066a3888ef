"""Where the board gets its site, store, clock and input from: the environment of its process.

==================== ==========================================================================================
RIVERCHIEF_SITE      folder of the site
RIVERCHIEF_STORE     URL of the store
RIVERCHIEF_BOOKS     URL of the books; the board shows only the water where absent
RIVERCHIEF_FILES     folder of photos and documents; beside books on SQLite where absent
RIVERCHIEF_ACCESS    ``login`` (people sign in), or ``demo`` (the reader picks an account); ``login`` where absent
RIVERCHIEF_KEY       file of the key by which sessions are signed; nobody can sign in where absent
RIVERCHIEF_OIDC      ``1`` where people may sign in at an identity provider
RIVERCHIEF_CHANNELS  channels file (`dashboard.alerts.contacts`), for the page of administration
RIVERCHIEF_CLOCK     a replay's clock as JSON (`collectors.clock`); the machine's where absent
RIVERCHIEF_INPUT     ``virtual``, ``replay:NAME`` or ``probes``: what the readings are, said on every page
==================== ==========================================================================================
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from analytics.periods import PeriodKind
from collectors.clock import Now, clock_from
from collectors.stores import ReadingStore, open_store
from dashboard.board import Today, today
from dashboard.casework.database import Books, open_books
from dashboard.casework.desk import Desk
from dashboard.course import Course, courses
from dashboard.evaluations import PeriodReport, period_report
from dashboard.ground import ground
from sensors.errors import UsageError
from sensors.site import Site, load_site

#: How people come to be known.
ACCESS = ("login", "demo")

#: How long one answer serves every viewer [s of the machine's clock].
TODAY_KEPT_S = 4
COURSES_KEPT_S = 120


@dataclass(frozen=True, slots=True)
class Sources:
    """What a page draws from.

    Attributes
    ----------
    folder : str
        Folder of the site.
    url : str
        URL of the store.
    input : str
        ``virtual``, ``replay:NAME`` or ``probes``.
    now : callable
        The time, milliseconds since the epoch, UTC.
    books_url : str or None
        URL of the books; None where the board shows only the water.
    files : str or None
        Folder of photos and documents; None for the one beside books on SQLite.
    access : str
        ``login`` or ``demo``; see `dashboard.accounts`.
    key : str or None
        File of the key by which sessions are signed.
    single : bool
        Whether people may sign in at an identity provider.
    channels : str or None
        Channels file, where the board knows it.
    """

    folder: str
    url: str
    input: str
    now: Now
    books_url: str | None = None
    files: str | None = None
    access: str = "login"
    key: str | None = None
    single: bool = False
    channels: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Sources:
        """Read the environment.

        Raises
        ------
        UsageError
            If the site or the store is not named, the clock cannot be read, or there is no such access.
        """
        missing = [name for name in ("RIVERCHIEF_SITE", "RIVERCHIEF_STORE") if not environment.get(name)]
        if missing:
            raise UsageError(f"set {' and '.join(missing)}; `riverchief run` does so")
        try:
            now = clock_from(environment.get("RIVERCHIEF_CLOCK"))
        except UsageError as error:
            raise UsageError(f"RIVERCHIEF_CLOCK: {error}") from error
        access = environment.get("RIVERCHIEF_ACCESS", "login")
        if access not in ACCESS:
            raise UsageError(f"RIVERCHIEF_ACCESS {access!r:.40}; accepted: {', '.join(ACCESS)}")
        return cls(
            environment["RIVERCHIEF_SITE"], environment["RIVERCHIEF_STORE"],
            environment.get("RIVERCHIEF_INPUT", "probes"), now,
            environment.get("RIVERCHIEF_BOOKS") or None, environment.get("RIVERCHIEF_FILES") or None, access,
            environment.get("RIVERCHIEF_KEY") or None, environment.get("RIVERCHIEF_OIDC") == "1",
            environment.get("RIVERCHIEF_CHANNELS") or None,
        )  # fmt: skip

    @property
    def site(self) -> Site:
        """The site, loaded once a process."""
        return _site(self.folder)

    @property
    def ground(self) -> dict[str, Any]:
        """What does not change on the map."""
        return _ground(self.folder)

    @property
    def store(self) -> ReadingStore:
        """The store, opened once a process, for reading only.

        Raises
        ------
        StoreError
            Retryable while it does not exist yet.
        """
        return _store(self.url)

    @property
    def books(self) -> Books:
        """The books, opened once a process.

        Raises
        ------
        BooksError
            If they cannot be opened.
        UsageError
            If the board has none.
        """
        if self.books_url is None:
            raise UsageError("this board has no books: start it with --books URL")
        return _books(self.books_url, self.files)

    def desk(self, language: str) -> Desk:
        """Site, settings and calendar of the office, in a language.

        Raises
        ------
        ConfigError
            With every mistake in ``casework.toml``.
        """
        return _desk(self.folder, language)

    def today(self) -> Today:
        """The first page; one answer serves every viewer for `TODAY_KEPT_S`.

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        return _today(self.folder, self.url, self.now)

    def period_report(self, kind: PeriodKind, time_ms: int) -> PeriodReport | None:
        """Evaluation of a period; one answer serves every viewer for `COURSES_KEPT_S`.

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        return _period_report(self.folder, self.url, kind, time_ms)


@st.cache_resource(show_spinner=False)
def _site(folder: str) -> Site:
    return load_site(Path(folder))


@st.cache_resource(show_spinner=False)
def _ground(folder: str) -> dict[str, Any]:
    return ground(_site(folder))


@st.cache_resource(show_spinner=False, on_release=lambda store: store.close())
def _store(url: str) -> ReadingStore:
    return open_store(url, read_only=True)


@st.cache_resource(show_spinner=False, on_release=lambda books: books.close())
def _books(url: str, files: str | None) -> Books:
    return open_books(url, Path(files) if files else None)


@st.cache_resource(show_spinner=False)
def _desk(folder: str, language: str) -> Desk:
    return Desk.of(_site(folder), language=language)


@st.cache_resource(show_spinner=False, ttl=COURSES_KEPT_S, max_entries=2)
def _courses(folder: str, url: str, _now: Now) -> dict[str, Course]:
    return courses(_store(url), _site(folder), _now())


@st.cache_resource(show_spinner=False, ttl=TODAY_KEPT_S, max_entries=2)
def _today(folder: str, url: str, _now: Now) -> Today:
    return today(_store(url), _site(folder), _now(), _courses(folder, url, _now))


@st.cache_resource(show_spinner=False, ttl=COURSES_KEPT_S, max_entries=64)
def _period_report(folder: str, url: str, kind: PeriodKind, time_ms: int) -> PeriodReport | None:
    return period_report(_store(url), _site(folder), kind, time_ms)

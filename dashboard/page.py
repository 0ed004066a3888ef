"""What a page of the board is, and what it is given when it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.access import Viewer
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.i18n import DEFAULT_LANGUAGE, Translator
from dashboard.rights import roles_with
from dashboard.sources import Sources
from dashboard.wording import Wording
from sensors.errors import RiverChiefError
from sensors.site import Site

if TYPE_CHECKING:
    from streamlit.navigation.page import Page as StreamlitPage

#: Sections of the navigation, in order; what each is called stands in `dashboard.app`.
SECTIONS = ("", "water", "books", "admin")


class Denied(RiverChiefError):
    """Somebody asked for what their role does not have."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a page draws from.

    Attributes
    ----------
    sources : Sources
    viewer : Viewer
    words : Wording
    links : mapping of str to StreamlitPage
        The pages that the viewer may open, by path.
    ask : callable or None
        Who the viewer is now: a page may have been open for hours. None where nobody can be anybody else.
    """

    sources: Sources
    viewer: Viewer
    words: Wording
    links: Mapping[str, StreamlitPage] = field(default_factory=dict)
    ask: Callable[[], Viewer] | None = None

    @property
    def site(self) -> Site:
        """The site."""
        return self.sources.site

    @property
    def translate(self) -> Translator:
        """The viewer's language."""
        return self.words._

    @property
    def books(self) -> Books:
        """The books; pages that need them say so in their `Page`.

        Raises
        ------
        BooksError
            If they cannot be opened.
        """
        return self.sources.books

    @property
    def desk(self) -> Desk:
        """Site, settings and calendar of the office, in the viewer's language."""
        return self.sources.desk(self.translate.code)

    def now(self) -> int:
        """The time, milliseconds since the epoch, UTC."""
        return self.sources.now()

    def require(self, right: str) -> None:
        """Refuse whoever does not have a right of `dashboard.rights`, or is not who opened the page any more.

        Asked at the beginning of every callback that changes something.

        Raises
        ------
        Denied
        BooksError
            If it cannot be found out.
        """
        viewer = self.ask() if self.ask is not None else self.viewer
        if viewer != self.viewer:
            raise Denied("the session has ended, or the account has other rights now")
        if not viewer.may(right):
            raise Denied(f"this is not for the role {viewer.role}")

    def link(self, path: str, label: str, *, icon: str | None = None, help: str | None = None, **query: str) -> None:
        """Put a link to another page; plain words where the viewer may not open it."""
        if path in self.links:
            st.page_link(self.links[path], label=label, icon=icon, help=help, query_params=self._query(query))
        else:
            st.text(label)

    def go(self, path: str, **query: str) -> None:
        """Open another page, in the viewer's language; stays where the viewer may not open it. Not for callbacks."""
        if path in self.links:
            st.switch_page(self.links[path], query_params=self._query(query))

    def _query(self, query: Mapping[str, str]) -> dict[str, str]:
        kept = {} if self.translate.code == DEFAULT_LANGUAGE else {"lang": self.translate.code}
        kept |= {key: st.query_params[key] for key in ("as",) if key in st.query_params}
        return kept | dict(query)


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it is, who may open it, and what draws it.

    Attributes
    ----------
    path : str
        In the address.
    title, heading : callable
        Word in the navigation and headline, for a translator.
    draw : callable
    section : str
        One of `SECTIONS`.
    needs_books : bool
        Not shown where the board has no books.
    """

    path: str
    title: Callable[[Translator], str]
    heading: Callable[[Translator], str]
    draw: Callable[[Context], None]
    section: str = ""
    needs_books: bool = False

    @property
    def roles(self) -> frozenset[str]:
        """Who may open it, as `dashboard.rights` says under ``page.PATH``; asked before every run."""
        return roles_with(f"page.{self.path}")

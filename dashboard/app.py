"""The frame of the board: language, masthead, pages. Served by `deploy.board.board`."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import parts
from dashboard.accounts import known
from dashboard.frame import banner, open_to
from dashboard.i18n import DEFAULT_LANGUAGE, LANGUAGES, Translator, translator
from dashboard.page import SECTIONS, Context, Denied, Page
from dashboard.sources import Sources
from dashboard.views import PAGES
from dashboard.views.text import plain
from dashboard.wording import Wording
from sensors.errors import BooksError, RiverChiefError, StoreError

if TYPE_CHECKING:
    from streamlit.navigation.page import Page as StreamlitPage

log = logging.getLogger(__name__)

#: What Streamlit calls the page at the root.
ROOT = "first"


@st.cache_resource(show_spinner=False)
def _settle() -> None:
    """Keep what is loaded for good out of every later collection: Streamlit collects after each run."""
    gc.collect()
    gc.freeze()


def _language() -> Translator:
    """The reader's language: as the address says, Chinese where it says nothing."""
    return translator(st.query_params.get("lang", DEFAULT_LANGUAGE))


def _switch(current: Translator) -> None:
    """The language switch; the choice stays in the address, so that it can be sent and bookmarked."""

    def remember() -> None:
        chosen = st.session_state["language"]
        if chosen == DEFAULT_LANGUAGE:
            st.query_params.pop("lang", None)
        else:
            st.query_params["lang"] = chosen

    st.segmented_control(
        "语言 Language", list(LANGUAGES), default=current.code, format_func=LANGUAGES.__getitem__, key="language",
        on_change=remember, label_visibility="collapsed", required=True,
    )  # fmt: skip


def _masthead(context: Context, title: str, who: known.Known) -> None:
    sources, _ = context.sources, context.translate
    said = banner(sources.input, _)
    words = {"lang": _.code, "site": context.words.site(context.site), "page": title, "banner": said}
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        parts.mount("masthead", words, key="masthead")
        known.corner(context, who)
        _switch(_)


def _pages(context: Context, *, shown: bool = False) -> Mapping[str, tuple[Page, StreamlitPage]]:
    """The pages that the viewer may open, by path: what stands here is all that can be run.

    Where a session is only `shown` on a wall, that is the page there and the public one.
    """
    _ = context.translate
    allowed = open_to(context.viewer, PAGES, books=context.sources.books_url is not None)
    if shown:
        allowed = [page for page in allowed if page.path == "wall" or "public" in page.roles]
    # The first one stands at the root, and would block its own path there: see `_unlisted`.
    return {
        page.path: (page, st.Page(_guarded(page, context), title=page.title(_), url_path=page.path if number else ROOT,
                                  default=not number))
        for number, page in enumerate(allowed)
    }  # fmt: skip


def _unlisted(context: Context, pages: Mapping[str, tuple[Page, StreamlitPage]]) -> list[tuple[Page, StreamlitPage]]:
    """Addresses that stand in no menu and are sent all the same; Streamlit would say, in English, that there is none.

    The first page has no path of its own, and its name leads to it; what is not for the viewer says so.
    """
    _ = context.translate
    first = next(iter(pages))

    def opened() -> None:
        st.switch_page(pages[first][1], query_params=dict(st.query_params))

    def refused() -> None:
        st.error(_("Your role may not open this page."))

    others = [page for page in PAGES if page.path not in pages or page.path == first]
    return [
        (page, st.Page(opened if page.path == first else refused, title=page.title(_), url_path=page.path,
                       visibility="hidden"))
        for page in others
    ]  # fmt: skip


def _guarded(page: Page, context: Context) -> Callable[[], None]:
    """What draws a page; a failure of store or books is said in its place, and the frame stays."""

    def draw() -> None:
        _ = context.translate
        try:
            page.draw(context)
        except BooksError as error:  # one of the store's errors: first
            st.info(_("The books cannot be read: {error}", error=plain(str(error))))
        except StoreError as error:
            st.info(_("The store cannot be read: {error}", error=plain(str(error))))
        except Denied:
            st.error(_("This is not for your role."))

    return draw


def _welcome(context: Context, who: known.Known) -> tuple[Page, StreamlitPage]:
    """The only page of somebody for whom there is none."""
    _ = context.translate
    page = Page("", lambda _: _("Welcome"), lambda _: _("Welcome"), lambda shown: known.welcome(shown, who))
    return page, st.Page(_guarded(page, context), title=page.title(_), url_path="", default=True)


def main() -> None:
    """One run of the page."""
    _ = _language()
    st.set_page_config(_("River board"), "🌊", layout="wide", initial_sidebar_state="collapsed")
    try:
        sources = Sources.from_environment()
        site = sources.site
    except RiverChiefError as error:
        st.error(_("The board cannot start."))
        st.code(str(error), language=None)
        return
    try:
        who = known.known(sources)
    except RiverChiefError as error:
        # Who asks is not known: what is wrong with the books is for whoever reads the log.
        log.error("%s", error)
        st.error(_("The books cannot be reached. Please try again."))
        return
    _settle()
    parts.style()
    if not who.viewer.account and known.asks_for_single(sources):
        del st.query_params["signin"]
        st.login()
        return
    if who.how == "oidc" and known.asks_to_leave(sources):
        try:
            known.leave(sources)
        except BooksError as error:
            log.error("signing out could not be written down: %s", error)
        st.logout()
        return
    known.keep_apart(who)
    links: dict[str, StreamlitPage] = {}
    context = Context(sources, who.viewer, Wording.of(site, _), links, partial(known.ask, sources))
    pages = _pages(context, shown=who.shown)
    if not pages:
        pages = {"": _welcome(context, who)}
    links.update({path: link for path, (_page, link) in pages.items()})
    names = {"": "", "water": _("Water"), "books": _("Records"), "admin": _("Administration")}
    sections = {names[s]: [link for page, link in pages.values() if page.section == s] for s in SECTIONS}
    unlisted = _unlisted(context, pages)
    sections[""] = [*sections[""], *(link for _page, link in unlisted)]
    chosen = st.navigation({name: found for name, found in sections.items() if found}, position="top")
    current = next(page for page, link in [*pages.values(), *unlisted] if link is chosen)
    _masthead(context, current.heading(_), who)
    if who.problem and current.path:
        known.tell(context, who)
    chosen.run()
    if who.how in ("local", "oidc") and who.viewer.account:
        known.watch(sources, who.viewer)


main()

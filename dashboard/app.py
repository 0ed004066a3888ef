"""The frame of the board: language, masthead, pages. Run by ``streamlit run dashboard/app.py``."""

from __future__ import annotations

import gc
from functools import partial

import streamlit as st

from dashboard import parts
from dashboard.i18n import DEFAULT_LANGUAGE, LANGUAGES, Translator, translator
from dashboard.sources import Sources
from dashboard.views import VIEWS
from dashboard.wording import Wording
from sensors.errors import RiverChiefError
from sensors.site import Site


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


def _masthead(sources: Sources, site: Site, translate: Translator, title: str) -> None:
    _ = translate
    banner = ""
    if sources.input == "virtual":
        banner = _("Virtual rivers: simulated water, not measurements of these rivers")
    elif sources.input.startswith("replay:"):
        name = sources.input.removeprefix("replay:")
        banner = _("Replay of {name}: a record, not measurements of these rivers now", name=name)
    words = {"lang": _.code, "site": Wording.of(site, _).site(site), "page": title, "banner": banner}
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        parts.mount("masthead", words, key="masthead")
        _switch(_)


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
    _settle()
    parts.style()
    titles = {"today": _("Today"), "evaluation": _("Evaluation")}
    headings = {"": _("Rivers today"), "today": _("Rivers today"), "evaluation": _("Evaluation of periods")}
    pages = [
        st.Page(partial(view, sources, _), title=titles[path], url_path=path, default=number == 0)
        for number, (path, view) in enumerate(VIEWS.items())
    ]
    page = st.navigation(pages, position="top")
    _masthead(sources, site, _, headings[page.url_path])
    page.run()


main()

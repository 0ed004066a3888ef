"""The parts of a page that are drawn by our own code in the browser: text files here, mounted by Streamlit.

A part gets its data as JSON and puts them on the page as text nodes; it asks no other host for anything. The files are
read once. Registering the same definition again is cheap and harmless, which a fresh runtime (a test's) needs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

FOLDER = Path(__file__).resolve().parent

#: Script and sheet files of each part, in the order in which they are joined.
PARTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "masthead": (("dom.js", "masthead.js"), ("tokens.css", "masthead.css")),
    "account": (("dom.js", "account.js"), ("tokens.css", "account.css")),
    "figures": (("dom.js", "figures.js"), ("tokens.css", "figures.css")),
    "rivers": (("dom.js", "labels.js", "map.js", "rivers.js"), ("tokens.css", "rivers.css")),
    "panel": (("dom.js", "panel.js"), ("tokens.css", "panel.css")),
    "table": (("dom.js", "table.js"), ("tokens.css", "table.css")),
    "cards": (("dom.js", "cards.js"), ("tokens.css", "cards.css")),
    "grid": (("dom.js", "grid.js"), ("tokens.css", "grid.css", "stack.css")),
    "heat": (("dom.js", "heat.js"), ("tokens.css", "heat.css")),
    "profile": (("dom.js", "profile.js"), ("tokens.css", "profile.css")),
    "orderboard": (("dom.js", "orderboard.js"), ("tokens.css", "orderboard.css")),
    "eventlist": (("dom.js", "eventlist.js"), ("tokens.css", "eventlist.css")),
    "multiples": (("dom.js", "multiples.js"), ("tokens.css", "multiples.css")),
    "sources": (("dom.js", "sources.js"), ("tokens.css", "sources.css")),
    "timeline": (("dom.js", "timeline.js"), ("tokens.css", "timeline.css")),
    "ledger": (("dom.js", "ledger.js"), ("tokens.css", "ledger.css", "stack.css")),
    "public": (("dom.js", "labels.js", "map.js", "public.js"), ("tokens.css", "rivers.css", "public.css")),
    "wall": (("dom.js", "labels.js", "map.js", "wall.js"), ("tokens.css", "rivers.css", "wall.css")),
}


@cache
def source(part: str) -> tuple[str, str]:
    """Script and sheet of a part."""
    scripts, sheets = PARTS[part]
    return _joined(scripts), _joined(sheets)


def _joined(names: tuple[str, ...]) -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def style() -> None:
    """Put the page's own margins in place."""
    st.html(f"<style>{(FOLDER / 'page.css').read_text(encoding='utf-8')}</style>")


def mount(part: str, data: Mapping[str, Any], *, key: str, on_pick: Callable[[], None] | None = None) -> None:
    """Put a part on the page.

    Parameters
    ----------
    part : str
        A key of `PARTS`.
    data : mapping
        What it draws; only what JSON can carry.
    key : str
        Identity on the page, and where the session state keeps what was picked.
    on_pick : callable, optional
        Called before the next run when something was picked.
    """
    script, sheet = source(part)
    component = st.components.v2.component(f"riverchief_{part}", html='<div class="rc"></div>', css=sheet, js=script)
    if on_pick is None:
        component(key=key, data=dict(data))
    else:
        component(key=key, data=dict(data), on_picked_change=on_pick)

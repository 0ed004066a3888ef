"""Choices that stand in the address: what is chosen can be sent, and an address that was sent is what is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import streamlit as st

from dashboard.i18n import Translator
from dashboard.views.chosen import unknown

#: What a new choice ends: the page of a list, and the row that is open.
ENDED = ("page", "record", "add")


def _remember(name: str, key: str, default: str) -> Callable[[], None]:
    def remember() -> None:
        chosen = st.session_state[key]
        if chosen in (None, "", default):
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = str(chosen)
        for other in ENDED:
            st.query_params.pop(other, None)

    return remember


def choose(
    name: str, label: str, words: Mapping[str, str], key: str, *, default: str = "",
    translate: Translator | None = None, width: int | Literal["stretch"] = "stretch",
) -> str:  # fmt: skip
    """A box of choices; `default` is what the address need not say. With a translator, what is unknown is told of."""
    if translate is not None:
        unknown(name, words, translate)
    current = st.query_params.get(name, default)
    if current not in words:
        # Left from another list, or nobody's: it would narrow the list without being seen.
        st.query_params.pop(name, None)
        current = default
    st.session_state[key] = current
    st.selectbox(label, list(words), format_func=words.__getitem__, key=key, width=width,
                 on_change=_remember(name, key, default))  # fmt: skip
    return str(st.session_state[key])


def switch(
    name: str, label: str, words: Mapping[str, str], key: str, *, default: str, translate: Translator | None = None
) -> str:
    """A row of choices, one of them taken. With a translator, what is unknown is told of."""
    if translate is not None:
        unknown(name, words, translate)
    current = st.query_params.get(name, default)
    st.session_state[key] = current if current in words else default
    st.segmented_control(
        label, list(words), format_func=words.__getitem__, key=key, required=True, label_visibility="collapsed",
        on_change=_remember(name, key, default),
    )  # fmt: skip
    return str(st.session_state[key])


def search(name: str, label: str, key: str) -> str:
    """A text to look for."""
    st.session_state[key] = st.query_params.get(name, "")
    st.text_input(label, key=key, on_change=_remember(name, key, ""), max_chars=80)
    return str(st.session_state[key])


def turn(offset: int, shown: int, total: int, rows: int, words: Sequence[str], key: str) -> None:
    """Buttons to the page before and after; `words` are those of both and of what is shown."""
    if total <= rows:
        return

    def to(page: int) -> Callable[[], None]:
        return lambda: st.query_params.__setitem__("page", str(page))

    page = offset // rows + 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(words[0], disabled=page <= 1, on_click=to(page - 1), key=f"{key}-before")
        st.button(words[1], disabled=offset + shown >= total, on_click=to(page + 1), key=f"{key}-after")
        st.text(words[2])


def page_number() -> int:
    """Page of a list that stands in the address, 1 first."""
    text = st.query_params.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 7 else 1

"""What is chosen on a page stands in its address: it can be sent, and a link from elsewhere arrives at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

import streamlit as st

_T = TypeVar("_T", bound=str)


def chosen(name: str, options: Sequence[_T], default: _T) -> _T:
    """What the address says of a name, where that is one of the options."""
    told = st.query_params.get(name)
    return next((one for one in options if one == told), default)


def keep(name: str, value: str, default: str = "") -> None:
    """Put a choice into the address; the default stands in none."""
    if value == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value


def _settle(name: str, key: str, options: Sequence[str], default: str) -> Callable[[], None]:
    """Bring a widget to what the address says, and return what brings the address to the widget."""
    wanted = chosen(name, options, default)
    if st.session_state.get(key) != wanted:
        st.session_state[key] = wanted

    def remember() -> None:
        keep(name, str(st.session_state[key]), default)

    return remember


#: Width of a box [px]: as wide as a name needs, not as the page.
BOX_PX = 380


def box(
    name: str, label: str, options: Mapping[str, str], default: str, language: str, *, shown: bool = False,
    width: int | Literal["stretch"] = BOX_PX,
) -> str:  # fmt: skip
    """A box of choices whose value stands in the address; options are shown as plain text."""
    key = f"{name}-box-{language}"
    remember = _settle(name, key, list(options), default)
    return str(
        st.selectbox(
            label, list(options), format_func=options.__getitem__, key=key, on_change=remember,
            label_visibility="visible" if shown else "collapsed", width=width,
        )
    )  # fmt: skip


def segments(name: str, label: str, options: Mapping[str, str], default: str, language: str) -> str:
    """Choices side by side whose value stands in the address."""
    key = f"{name}-segments-{language}"
    remember = _settle(name, key, list(options), default)
    picked = st.segmented_control(
        label, list(options), format_func=options.__getitem__, key=key, on_change=remember, required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    return str(picked or default)

"""What is chosen on a page stands in its address: it can be sent, and a link from elsewhere arrives at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeVar

import streamlit as st

from dashboard.i18n import Translator, translator
from dashboard.views.text import plain

_T = TypeVar("_T", bound=str)


def chosen(name: str, options: Sequence[_T], default: _T) -> _T:
    """What the address says of a name, where that is one of the options."""
    told = st.query_params.get(name)
    return next((one for one in options if one == told), default)


def unknown(name: str, options: Iterable[str], translate: Translator) -> None:
    """Say that the address names something that is not to be had here; the page shows its default then.

    What was an option before on this visit is not told of: another choice has taken it away, not who wrote the address.
    """
    _, told, options = translate, st.query_params.get(name), set(options)
    had: set[tuple[str, str]] = st.session_state.setdefault("chosen-had", set())
    if not told or (name, told) in had:
        return
    if told in options:
        had.add((name, told))
        return
    st.info(_("The address names {name} = {value}, which is not known here: the page is shown without it.",
              name=name, value=plain(told[:60])))  # fmt: skip


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
    width: int | Literal["stretch"] = BOX_PX, told: bool = True,
) -> str:  # fmt: skip
    """A box of choices whose value stands in the address; options are shown as plain text.

    With `told`, an address that names none of them is told of.
    """
    key = f"{name}-box-{language}"
    if told:
        unknown(name, options, translator(language))
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
    unknown(name, options, translator(language))
    remember = _settle(name, key, list(options), default)
    picked = st.segmented_control(
        label, list(options), format_func=options.__getitem__, key=key, on_change=remember, required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    return str(picked or default)

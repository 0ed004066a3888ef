"""What became of an action, said once in the run after it; and a one-time password, shown once and kept nowhere."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboard.accounts.refusals import refusal
from dashboard.i18n import Translator
from dashboard.page import Context
from dashboard.views.text import plain
from sensors.errors import BooksError, ConfigError, UsageError

_SAID, _ONCE = "admin-said", "admin-once"


def act(context: Context, work: Callable[[], str], once: Callable[[], tuple[str, str]] | None = None) -> None:
    """Do something that only an admin may do, say what became of it, and draw the page anew.

    Parameters
    ----------
    context : Context
    work : callable
        Does it; what is to be said then. A mistake of the person who asked is said in its place.
    once : callable, optional
        Afterwards: the account and its one-time password.

    Raises
    ------
    Denied
        If it is not for the viewer.
    """
    context.require("admin.change")
    try:
        st.session_state[_SAID] = ("good", work())
        if once is not None:
            st.session_state[_ONCE] = once()
    except (UsageError, ConfigError) as error:
        said = refusal(context.translate, error) if isinstance(error, UsageError) else str(error)
        st.session_state[_SAID] = ("bad", said)
    except BooksError as error:
        st.session_state[_SAID] = ("bad", context.translate("The books cannot be read: {error}", error=error))
    st.rerun()


def hear() -> None:
    """Show what is to be said, in a place that is always there: see `dashboard.views.orders_one`."""
    place = st.empty()
    kind, text = st.session_state.pop(_SAID, ("", ""))
    if text:
        (place.success if kind == "good" else place.error)(plain(text))


def show_once(translate: Translator) -> None:
    """Show a one-time password, where one was made in the run before."""
    _ = translate
    account, password = st.session_state.pop(_ONCE, ("", ""))
    if password:
        st.warning(
            _("One-time password of {account}. It is shown now and never again; give it to the person only.",
              account=plain(account))
        )  # fmt: skip
        st.code(password, language=None)

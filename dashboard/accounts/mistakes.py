"""What is said where a page, or an action on it, failed for a reason that is known."""

from __future__ import annotations

import streamlit as st

from dashboard.i18n import DEFAULT_LANGUAGE, translator
from dashboard.page import Denied
from sensors.errors import BooksError, StoreError


def tell_mistake(error: Exception) -> bool:
    """Say what went wrong, in place of Streamlit's own words; True where it was said.

    Parameters
    ----------
    error : Exception
        What a page or a callback raised.
    """
    _ = translator(st.query_params.get("lang", DEFAULT_LANGUAGE))
    if isinstance(error, Denied):
        st.error(_("This is not for your role, or your session has ended."))
        return True
    if isinstance(error, BooksError):
        st.error(_("The books cannot be reached. Please try again."))
        return True
    if isinstance(error, StoreError):
        st.error(_("The readings cannot be reached. Please try again."))
        return True
    return False

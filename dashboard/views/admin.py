"""Administration: accounts, rosters, channels, dead letters, the audit trail, and whether the system does its work."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from dashboard.page import Context, Page
from dashboard.views import admin_accounts, admin_channels, admin_duty, admin_health, admin_letters, admin_trail
from dashboard.views.admin_said import hear
from dashboard.views.chosen import unknown

#: What draws each tab.
TABS: Mapping[str, Callable[[Context], None]] = {
    "accounts": admin_accounts.draw,
    "duty": admin_duty.draw,
    "channels": admin_channels.draw,
    "letters": admin_letters.draw,
    "trail": admin_trail.draw,
    "health": admin_health.draw,
}


def draw(context: Context) -> None:
    """Draw the page."""
    _ = context.translate
    names = {
        "accounts": _("Accounts"), "duty": _("Duty roster"), "channels": _("Channels"),
        "letters": _("Not delivered"), "trail": _("Audit trail"), "health": _("System"),
    }  # fmt: skip
    asked = st.query_params.get("tab", "")
    unknown("tab", TABS, _)
    key = f"admin-tab-{_.code}"

    def remember() -> None:
        st.query_params["tab"] = st.session_state[key]

    tab = st.segmented_control(
        _("What to look after"), list(TABS), default=asked if asked in TABS else "accounts",
        format_func=names.__getitem__, key=key, on_change=remember, required=True, label_visibility="collapsed",
    )  # fmt: skip
    hear()
    TABS[tab or "accounts"](context)


PAGE = Page(
    "admin", lambda _: _("Administration"), lambda _: _("Administration"), draw, section="admin",
    needs_books=True,
)  # fmt: skip

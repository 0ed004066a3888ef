"""Dead letters: messages that no channel would take, to be sent again or to be let go."""

from __future__ import annotations

import streamlit as st

from dashboard.page import Context
from dashboard.viewdata.admin import MOST, dismiss, letters, send_again
from dashboard.views.admin_said import act
from dashboard.views.listed import listed
from dashboard.wording import NOTHING


def draw(context: Context) -> None:
    """Draw the tab."""
    _, w, now_ms = context.translate, context.words, context.now()
    with context.books.read() as session:
        found = {one.id: one for one in letters(session)}
    if not found:
        st.success(_("Every message was delivered, or still waits for its turn."))
        return
    if len(found) == MOST:
        st.caption(_("The newest {count}.", count=MOST))
    rows: list[dict[str, object]] = [
        {
            _("Number"): one.id, _("To"): one.account, _("Channel"): one.channel, _("What about"): one.title,
            _("Tries"): one.attempts, _("Last try"): w.age(one.last_ms, now_ms) if one.last_ms else NOTHING,
            _("Answer"): one.answer,
        }
        for one in found.values()
    ]  # fmt: skip
    listed(rows, w, "admin-letters", _("Not delivered"))
    chosen = st.multiselect(
        _("Which; none for all"), list(found), key=f"letters-{_.code}",
        placeholder=_("all"),
        format_func=lambda one: f"{one} · {found[one].account} · {found[one].title}",
    )  # fmt: skip
    ids = chosen or list(found)
    books, actor = context.books, context.viewer.account
    with st.container(horizontal=True, gap="small"):
        if st.button(_("Send again"), key=f"letters-again-{_.code}", type="primary"):
            act(context, lambda: _("To be sent again: {count}.", count=send_again(books, actor, ids, now_ms)))
        if st.button(_("Let go"), key=f"letters-go-{_.code}", help=_("Nobody need be told any more.")):
            act(context, lambda: _("Let go: {count}.", count=dismiss(books, actor, ids, now_ms)))

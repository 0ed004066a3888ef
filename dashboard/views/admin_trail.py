"""The audit trail: who changed what, and whether anybody has tampered with it."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard.casework.audit import verify
from dashboard.casework.reasons import reason_word
from dashboard.i18n import Translator
from dashboard.page import Context
from dashboard.viewdata.admin import MOST, subjects, trail
from dashboard.views.listed import listed
from dashboard.views.text import plain
from sensors.durations import DAY_MS

#: Spans that can be looked at [days]; 0 for all.
SPANS = (1, 7, 30, 365, 0)


def draw(context: Context) -> None:
    """Draw the tab."""
    _, now_ms = context.translate, context.now()
    with context.books.read() as session:
        tables = subjects(session)
    first, second, third, fourth = st.columns([1, 1, 1, 2])
    days = first.selectbox(
        _("Span"), SPANS, index=1, key=f"trail-days-{_.code}",
        format_func=lambda one: _.plural("{count} day", "{count} days", one) if one else _("all"),
    )  # fmt: skip
    actor = second.text_input(_("Who (begins with)"), key=f"trail-actor-{_.code}", max_chars=80)
    subject = third.selectbox(
        _("Book"), ["", *tables], key=f"trail-subject-{_.code}", format_func=lambda one: one or _("all")
    )  # fmt: skip
    text = fourth.text_input(_("Row or reason contains"), key=f"trail-text-{_.code}", max_chars=120)
    before, actions = _before(), action_words(_)
    since_ms = now_ms - days * DAY_MS if days else 0
    with context.books.read() as session:
        found = trail(
            session, since_ms=since_ms, actor=actor.strip(), subject=subject, text=text.strip(), before=before
        )  # fmt: skip
    if found:
        zone = context.words.zone
        rows: list[dict[str, object]] = [
            {
                _("Number"): one.seq,
                _("Time"): f"{datetime.fromtimestamp(one.time_ms / 1000, zone):%Y-%m-%d %H:%M:%S}",
                _("Who"): one.actor, _("What"): actions.get(one.action, one.action), _("Book"): one.subject,
                _("Row"): one.subject_id, _("Reason"): reason_word(one.reason, _), _("Before"): one.before,
                _("After"): one.after,
            }
            for one in found
        ]  # fmt: skip
        listed(rows, context.words, "admin-trail", _("Audit trail"))
    else:
        st.info(_("Nothing was changed that fits."))
    with st.container(horizontal=True, gap="small"):
        if before is not None and st.button(_("The newest"), key=f"trail-newest-{_.code}"):
            st.query_params.pop("before", None)
            st.rerun()
        if len(found) == MOST and st.button(_("Older ones"), key=f"trail-older-{_.code}"):
            st.query_params["before"] = str(found[-1].seq)
            st.rerun()
        if st.button(_("Check the trail"), key=f"trail-check-{_.code}", help=_("Follows it from its first entry.")):
            _check(context)


def action_words(translate: Translator) -> dict[str, str]:
    """What entries say happened."""
    _ = translate
    return {
        "insert": _("entered"), "update": _("changed"), "delete": _("removed"), "signin": _("signed in"),
        "signout": _("signed out"), "refused": _("sign-in refused"), "closed": _("closed after failures"),
        "opened": _("opened again"), "export": _("taken out"),
        "test": _("channel tested"), "requeue": _("sent again"), "dismiss": _("let go"),
    }  # fmt: skip


def _before() -> int | None:
    text = st.query_params.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 18 else None


def _check(context: Context) -> None:
    _ = context.translate
    context.require("admin.trail")
    with st.spinner(_("The trail is being checked …")), context.books.read() as session:
        verdict = verify(session)
    if verdict.problems:
        st.error(
            _("The trail was tampered with, or the books were changed past it: {count}.", count=len(verdict.problems))
        )
        for problem in verdict.problems[:50]:
            st.text(problem)
    else:
        st.success(_("{count} entries, none was tampered with.", count=verdict.entries))
    st.text(_("Keep this seal of the last entry somewhere else:"))
    st.code(plain(verdict.head), language=None)

"""The duty roster: who is called for a department, from when to when."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import streamlit as st
from sqlalchemy import select

from dashboard.accounts import duties
from dashboard.casework.tables.accounts import Account, Duty
from dashboard.page import Context
from dashboard.views.admin_said import act
from dashboard.views.listed import listed

#: Duties that are over are still listed for so long [ms].
SHOWN_MS = 7 * 86_400_000

#: When a duty begins and ends, where nobody says otherwise.
HOUR = time(9)


def draw(context: Context) -> None:
    """Draw the tab."""
    _ = context.translate
    now_ms = context.now()
    with context.books.read() as session:
        found = duties.duties(session, now_ms - SHOWN_MS)
        names = {
            one.id: one.name
            for one in session.scalars(select(Account).where(Account.disabled.is_(False)).order_by(Account.id))
        }
    st.caption(_("Who is on duty for a department is told first. Without a duty, all of the department are."))
    _table(context, found, names)
    _form(context, names)
    _remove(context, found, names)


def _table(context: Context, found: list[Duty], names: dict[str, str]) -> None:
    _, now_ms = context.translate, context.now()
    rows = [
        {
            _("Department"): _department(context, one.department),
            _("Called"): _level(context, one.level),
            _("Name"): names.get(one.account, one.account),
            _("From"): _instant(context, one.start_ms),
            _("Until"): _instant(context, one.end_ms),
            _("Now"): "●" if one.start_ms <= now_ms < one.end_ms else "",
        }
        for one in found
    ]
    if rows:
        listed(rows, context.words, "admin-duties", _("Duty roster"))
    else:
        st.info(_("Nobody stands in the roster."))


def _form(context: Context, names: dict[str, str]) -> None:
    _, site = context.translate, context.site
    zone = context.words.zone
    today = datetime.fromtimestamp(context.now() / 1000, zone).date()
    if not names:
        st.info(_("There is no account yet."))
        return
    with st.form(f"admin-duty-{_.code}", enter_to_submit=False):
        first, second, third = st.columns(3)
        department = first.selectbox(
            _("Department"), list(site.departments), key=f"duty-department-{_.code}",
            format_func=lambda one: _department(context, one),
        )  # fmt: skip
        account = second.selectbox(
            _("Account"), list(names), key=f"duty-account-{_.code}",
            format_func=lambda one: f"{names[one]} ({one})",
        )  # fmt: skip
        level = third.selectbox(
            _("Called"), duties.LEVELS, key=f"duty-level-{_.code}", format_func=lambda one: _level(context, one)
        )  # fmt: skip
        first, second, third, fourth = st.columns(4)
        start = first.date_input(_("From"), today, key=f"duty-from-{_.code}", format="YYYY-MM-DD")
        start_at = second.time_input(_("From, time of day"), HOUR, key=f"duty-from-at-{_.code}")
        end = third.date_input(_("Until"), today + timedelta(days=1), key=f"duty-until-{_.code}", format="YYYY-MM-DD")
        end_at = fourth.time_input(_("Until, time of day"), HOUR, key=f"duty-until-at-{_.code}")
        if not st.form_submit_button(_("Put into the roster"), type="primary"):
            return

    def put() -> str:
        begun, over = (
            round(datetime.combine(day, at, zone).timestamp() * 1000) for day, at in ((start, start_at), (end, end_at))
        )
        watch = duties.Watch(department, account, level, begun, over)
        duties.add(context.books, site, context.viewer.account, context.now(), watch)
        return _("{name} stands in the roster.", name=names[account])

    act(context, put)


def _remove(context: Context, found: list[Duty], names: dict[str, str]) -> None:
    _ = context.translate
    coming = {one.id: one for one in found if one.end_ms > context.now()}
    if not coming:
        return

    def label(number: int) -> str:
        one = coming[number]
        return (
            f"{_department(context, one.department)} · {names.get(one.account, one.account)} · "
            f"{_instant(context, one.start_ms)} – {_instant(context, one.end_ms)}"
        )

    with st.expander(_("Take a duty out of the roster")):
        number = st.selectbox(_("Duty"), list(coming), format_func=label, key=f"duty-which-{_.code}")
        if st.button(_("Take it out"), key=f"duty-out-{_.code}"):

            def out() -> str:
                duties.remove(context.books, context.viewer.account, context.now(), number)
                return _("The duty is taken out.")

            act(context, out)


def _level(context: Context, level: int) -> str:
    _ = context.translate
    return {1: _("first"), 2: _("second"), 3: _("third")}.get(level, str(level))


def _department(context: Context, name: str) -> str:
    department = context.site.departments.get(name)
    if department is None:
        return name
    return department.name if context.words.chinese else department.name_en


def _instant(context: Context, time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, context.words.zone):%Y-%m-%d %H:%M}"

"""Accounts: who may sign in, as what, for which rivers and grids."""

from __future__ import annotations

import streamlit as st

from dashboard.accounts import people
from dashboard.accounts.refusals import Refused
from dashboard.accounts.words import role_words
from dashboard.page import Context
from dashboard.rights import STAFF
from dashboard.viewdata.admin import Person, contacts_of, persons
from dashboard.views.admin_said import act, show_once
from dashboard.views.listed import listed

#: Stands for an account that is not there yet.
NEW = ""

#: Where the session keeps what its form was shown, and how many forms there were.
_SHOWN, _FORMS = "admin-shown", "admin-forms"


def draw(context: Context) -> None:
    """Draw the tab."""
    _ = context.translate
    show_once(_)
    with context.books.read() as session:
        found = {one.account: one for one in persons(session, context.now())}
    _table(context, list(found.values()))
    chosen = _chosen(context, found)
    person = found.get(chosen)
    _form(context, person)
    if person is not None:
        _buttons(context, person)


def state_words(context: Context) -> dict[str, str]:
    """What the states of an account are called."""
    _ = context.translate
    return {
        "on": _("active"), "off": _("switched off"), "once": _("one-time password"), "single": _("single sign-on"),
        "none": _("cannot sign in"), "closed": _("closed after failures"),
    }  # fmt: skip


def _table(context: Context, found: list[Person]) -> None:
    _, w = context.translate, context.words
    roles, states = role_words(_), state_words(context)
    rows = []
    for one in found:
        state = states[one.state]
        if one.closed_ms:
            state += f" ({w.instant(one.closed_ms, context.now())})"
        rows.append({
            _("Account"): one.account, _("Name"): one.name, _("Role"): roles[one.role],
            _("Department"): _department(context, one.department), _("Area"): _area(context, one),
            _("Contacts"): w.join(sorted(one.contacts)), _("State"): state,
        })  # fmt: skip
    if rows:
        listed(rows, w, "admin-accounts", _("Accounts"))
    else:
        st.info(_("There is no account yet."))


def _chosen(context: Context, found: dict[str, Person]) -> str:
    _ = context.translate
    key = f"admin-account-{_.code}"

    def remember() -> None:
        st.query_params["account"] = st.session_state[key]

    asked = st.query_params.get("account", NEW)
    options = [NEW, *found]
    return st.selectbox(
        _("Account"), options, index=options.index(asked) if asked in found else 0, key=key, on_change=remember,
        format_func=lambda one: f"{one} · {found[one].name}" if one else _("a new account"),
    )  # fmt: skip


def _form(context: Context, person: Person | None) -> None:
    _, site, w = context.translate, context.site, context.words
    roles = role_words(_)
    suffix = f"{person.account if person else NEW}-{_.code}"
    shown: people.Details | None = None
    if person is not None:
        shown, number = _shown(person)
        suffix += f"-{number}" if number else ""
    # What the site has no more stays where nobody takes it away: an area that lost all its names would be everything.
    departments: list[str | None] = [None, *site.departments]
    if shown is not None and shown.department not in departments:
        departments.append(shown.department)
    rivers_shown, grids_shown = (list(shown.rivers), list(shown.grids)) if shown else ([], [])
    rivers_known = {river: w.place(site.rivers[river]) for river in site.rivers}
    rivers_known |= {river: _("{name} (not in the site any more)", name=river) for river in rivers_shown
                     if river not in rivers_known}  # fmt: skip
    grids = {grid.id: f"{grid.id} {grid.name}" for grid in site.grids.values()}
    grids |= {grid: _("{name} (not in the site any more)", name=grid) for grid in grids_shown if grid not in grids}
    with st.form(f"admin-form-{suffix}", enter_to_submit=False):
        left, right = st.columns(2)
        if person is None:
            account = left.text_input(
                _("Account"), key=f"admin-id-{suffix}", max_chars=40,
                help=_("What is typed to sign in: a to z, 0 to 9, . _ -"),
            )  # fmt: skip
        else:
            account = person.account
        name = left.text_input(_("Name"), shown.name if shown else "", key=f"admin-name-{suffix}", max_chars=100)
        role = left.selectbox(
            _("Role"), STAFF, index=STAFF.index(shown.role) if shown else 0,
            format_func=roles.__getitem__, key=f"admin-role-{suffix}",
        )  # fmt: skip
        department = left.selectbox(
            _("Department"), departments, key=f"admin-department-{suffix}",
            index=departments.index(shown.department) if shown else 0,
            format_func=lambda one: _department(context, one),
        )  # fmt: skip
        rivers = right.multiselect(
            _("Rivers; none for all"), list(rivers_known), rivers_shown, placeholder=_("all"),
            format_func=rivers_known.__getitem__, key=f"admin-rivers-{suffix}",
        )  # fmt: skip
        area = right.multiselect(
            _("Grids; none for all"), list(grids), grids_shown, placeholder=_("all"),
            format_func=grids.__getitem__, key=f"admin-grids-{suffix}",
        )  # fmt: skip
        contacts = right.text_area(
            _("Contacts: channel = address, a line each"),
            "\n".join(f"{channel} = {address}" for channel, address in (shown.contacts if shown else {}).items()),
            key=f"admin-contacts-{suffix}", height=90, max_chars=2000,
        )  # fmt: skip
        subject = right.text_input(
            _("Identifier at single sign-on"), (shown.oidc_subject or "") if shown else "",
            key=f"admin-subject-{suffix}", max_chars=200,
        )  # fmt: skip
        label = _("Save") if person else _("Make the account")
        if not st.form_submit_button(label, type="primary"):
            return

    def details() -> people.Details:
        return people.Details(name, role, department, rivers, area, contacts_of(contacts), subject.strip() or None)

    books, actor, now_ms = context.books, context.viewer.account, context.now()
    if person is not None:

        def save() -> str:
            try:
                people.change(books, site, actor, now_ms, account, details(), shown=shown)
            except Refused as error:
                if error.code == "meanwhile":
                    st.session_state.pop(_SHOWN, None)
                raise
            st.session_state.pop(_SHOWN, None)
            return _("{account} is saved.", account=account)

        act(context, save)
        return
    once: list[str] = []

    def make() -> str:
        once.append(people.add(books, site, actor, now_ms, account.strip(), details()))
        return _("The account {account} is made.", account=account.strip())

    act(context, make, lambda: (account.strip(), once[0]))


def _shown(person: Person) -> tuple[people.Details, int]:
    """What the form was shown, until it is saved or another account is chosen; and which form of this visit it is."""
    kept = st.session_state.get(_SHOWN)
    if kept is None or kept[0] != person.account:
        number = st.session_state.get(_FORMS, -1) + 1
        st.session_state[_FORMS] = number
        shown = people.Details(
            person.name, person.role, person.department, person.rivers, person.grids, person.contacts,
            person.oidc_subject,
        )  # fmt: skip
        kept = (person.account, shown, number)
        st.session_state[_SHOWN] = kept
    return kept[1], kept[2]


def _buttons(context: Context, person: Person) -> None:
    _, books, actor, now_ms = context.translate, context.books, context.viewer.account, context.now()
    account, suffix = person.account, f"{person.account}-{_.code}"
    with st.container(horizontal=True, gap="small"):
        with st.popover(_("One-time password"), key=f"admin-ask-once-{suffix}"):
            st.text(_("The password up to now is good no more, and the person's sessions end."))
            if st.button(_("Give a one-time password"), key=f"admin-once-{suffix}"):
                once: list[str] = []

                def reset() -> str:
                    once.append(people.reset_password(books, actor, now_ms, account))
                    return _("{account} has a one-time password.", account=account)

                act(context, reset, lambda: (account, once[0]))
        shut = person.state in ("off", "closed")
        if shut and st.button(_("Open the account again"), key=f"admin-on-{suffix}"):

            def on() -> str:
                people.set_disabled(books, actor, now_ms, account, False)
                return _("{account} may sign in again.", account=account)

            act(context, on)
        if person.state != "off":
            with st.popover(_("Switch off"), key=f"admin-ask-off-{suffix}"):
                st.text(_("The person's sessions end within seconds. Nothing that they did is lost."))
                if st.button(_("Switch the account off"), key=f"admin-off-{suffix}"):

                    def off() -> str:
                        people.set_disabled(books, actor, now_ms, account, True)
                        return _("{account} is switched off.", account=account)

                    act(context, off)


def _department(context: Context, name: str | None) -> str:
    department = context.site.departments.get(name or "")
    if department is None:
        return name or "—"
    return department.name if context.words.chinese else department.name_en


def _area(context: Context, one: Person) -> str:
    _, site, w = context.translate, context.site, context.words
    rivers = [w.place(site.rivers[name]) if name in site.rivers else name for name in one.rivers]
    if len(one.grids) > 3:
        return w.join([*rivers, _("{count} grids", count=len(one.grids))])
    return w.join([*rivers, *one.grids]) or _("all")

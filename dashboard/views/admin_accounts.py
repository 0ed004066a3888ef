"""Accounts: who may sign in, as what, for which rivers and grids."""

from __future__ import annotations

import streamlit as st

from dashboard.accounts import people
from dashboard.accounts.words import role_words
from dashboard.admin_page import Person, contacts_of, persons
from dashboard.page import Context
from dashboard.views.admin_said import act, show_once

#: Stands for an account that is not there yet.
NEW = ""


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
        st.dataframe(rows, hide_index=True, key=f"admin-accounts-{_.code}", height="content")
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
    departments = [None, *site.departments]
    grids = {grid.id: f"{grid.id} {grid.name}" for grid in site.grids.values()}
    with st.form(f"admin-form-{suffix}"):
        left, right = st.columns(2)
        if person is None:
            account = left.text_input(
                _("Account"), key=f"admin-id-{suffix}", max_chars=40,
                help=_("What is typed to sign in: a to z, 0 to 9, . _ -"),
            )  # fmt: skip
        else:
            account = person.account
        name = left.text_input(_("Name"), person.name if person else "", key=f"admin-name-{suffix}", max_chars=100)
        role = left.selectbox(
            _("Role"), people.ROLES, index=people.ROLES.index(person.role) if person else 0,
            format_func=roles.__getitem__, key=f"admin-role-{suffix}",
        )  # fmt: skip
        department = left.selectbox(
            _("Department"), departments, key=f"admin-department-{suffix}",
            index=departments.index(person.department) if person and person.department in departments else 0,
            format_func=lambda one: _department(context, one),
        )  # fmt: skip
        rivers = right.multiselect(
            _("Rivers; none for all"), list(site.rivers),
            [river for river in person.rivers if river in site.rivers] if person else [],
            placeholder=_("all"),
            format_func=lambda one: w.place(site.rivers[one]), key=f"admin-rivers-{suffix}",
        )  # fmt: skip
        area = right.multiselect(
            _("Grids; none for all"), list(grids), [g for g in person.grids if g in grids] if person else [],
            placeholder=_("all"),
            format_func=grids.__getitem__, key=f"admin-grids-{suffix}",
        )  # fmt: skip
        contacts = right.text_area(
            _("Contacts: channel = address, a line each"),
            "\n".join(f"{channel} = {address}" for channel, address in (person.contacts if person else {}).items()),
            key=f"admin-contacts-{suffix}", height=90,
        )  # fmt: skip
        subject = right.text_input(
            _("Identifier at single sign-on"), (person.oidc_subject or "") if person else "",
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
            people.change(books, site, actor, now_ms, account, details())
            return _("{account} is saved.", account=account)

        act(context, save)
        return
    once: list[str] = []

    def make() -> str:
        once.append(people.add(books, site, actor, now_ms, account.strip(), details()))
        return _("The account {account} is made.", account=account.strip())

    act(context, make, lambda: (account.strip(), once[0]))


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

"""Accounts as the office keeps them: make, change, switch off, give a one-time password.

An account is never deleted: the audit trail names it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.accounts import lockout, passwords
from dashboard.accounts.refusals import Refused
from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.signin import set_password
from dashboard.accounts.trail import note, queue
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account
from dashboard.rights import STAFF
from sensors.errors import UsageError
from sensors.site import Site

#: Form of an account's name: what is typed to sign in.
ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?")

#: Longest name of a person, and of an address on a channel [characters].
MOST_CHARS = 100

#: The first admin, where a system on one machine has no account yet.
FIRST = "admin"

#: Who makes it.
ACTOR = "riverchief"


@dataclass(frozen=True, slots=True)
class Details:
    """What the office says of a person.

    Attributes
    ----------
    name : str
    role : str
        One of `dashboard.rights.STAFF`.
    department : str or None
        Needed for the role ``department``.
    rivers, grids : sequence of str
        The person's area; empty is all of the role's.
    contacts : mapping of str to str
        Channel -> address.
    oidc_subject : str or None
        Subject at the identity provider.
    """

    name: str
    role: str
    department: str | None = None
    rivers: Sequence[str] = ()
    grids: Sequence[str] = ()
    contacts: Mapping[str, str] = field(default_factory=dict)
    oidc_subject: str | None = None


def accounts(session: Session) -> list[Account]:
    """All accounts, those that may sign in first."""
    return list(session.scalars(select(Account).order_by(Account.disabled, Account.id)))


def add(
    books: Books, site: Site, actor: str, now_ms: int, account: str, details: Details, *, password: bool = True
) -> str:
    """Make an account; its one-time password, which is nowhere kept. Empty where it gets none.

    Raises
    ------
    UsageError
        In one sentence: a name that is taken or has another form, a role, department, river or grid that is not there.
    BooksError
        If the books cannot be changed.
    """
    if not ID.fullmatch(account):
        raise Refused(
            "account", f"account {account!r:.60}: accepted: 1 to 40 of a-z 0-9 . _ -, the first and last no sign"
        )
    check(site, details)
    once = passwords.one_time() if password else ""
    with books.change(actor, now_ms, "new account") as session:
        queue(session)
        if session.get(Account, account) is not None:
            raise Refused("taken", f"there is an account {account} already", account=account)
        _subject_is_free(session, account, details)
        row = Account(id=account, created_ms=now_ms, must_change=password, disabled=False, session_epoch=0)
        _fill(row, details)
        session.add(row)
        session.flush()
        if password:
            set_password(row, once, must_change=True)
    return once


def change(
    books: Books, site: Site, actor: str, now_ms: int, account: str, details: Details, reason: str = "account changed",
    *, shown: Details | None = None,
) -> None:  # fmt: skip
    """Change what is said of a person. Sessions go on: role and area are looked up whenever somebody acts.

    Rivers, grids and a department that the account has and the site has no more may stay: without them its area would
    be all of the site.

    Parameters
    ----------
    books : Books
    site : Site
    actor : str
    now_ms : int
        Milliseconds since the epoch, UTC.
    account : str
    details : Details
    reason : str
        For the audit trail.
    shown : Details, optional
        What whoever changes it saw: only what differs from it is written, and nothing over what others changed since.

    Raises
    ------
    UsageError
        As `add`, where nobody could be admin any more, and where somebody else has changed the same meanwhile.
    BooksError
    """
    with books.change(actor, now_ms, reason) as session:
        row = _row(session, account)
        held = details_of(row)
        details = details if shown is None else _merged(account, held, shown, details)
        check(site, details, held)
        _subject_is_free(session, account, details)
        if details.role != "admin":
            _keep_an_admin(session, row)
        _fill(row, details)


def details_of(row: Account) -> Details:
    """What the office has said of a person."""
    return Details(
        row.name, row.role, row.department, tuple(row.rivers), tuple(row.grids), dict(row.contacts), row.oidc_subject
    )  # fmt: skip


def _merged(account: str, held: Details, shown: Details, wanted: Details) -> Details:
    """What is held now, with what is wanted other than it was shown."""
    changed = {}
    for field_ in fields(Details):
        now, was, new = (_plain(getattr(one, field_.name)) for one in (held, shown, wanted))
        if new in (was, now):
            continue
        if now != was:
            raise Refused(
                "meanwhile", f"somebody has changed {field_.name} of {account} meanwhile", account=account,
                field=field_.name,
            )  # fmt: skip
        changed[field_.name] = getattr(wanted, field_.name)
    return replace(held, **changed)


def _plain(value: Any) -> Any:
    """A value as it compares: the order of rivers and grids means nothing."""
    if isinstance(value, str) or value is None:
        return value or ""
    return dict(value) if isinstance(value, Mapping) else sorted(value)


def set_disabled(books: Books, actor: str, now_ms: int, account: str, disabled: bool) -> None:
    """Switch an account off, which ends its sessions, or on again, which opens it where failures have closed it.

    Raises
    ------
    UsageError
        If there is no such account, or nobody could be admin any more.
    BooksError
    """
    with books.change(actor, now_ms, "account switched off" if disabled else "account switched on") as session:
        row = _row(session, account)
        if disabled:
            _keep_an_admin(session, row)
            row.session_epoch += 1
        else:
            if lockout.is_closed(session, account, now_ms, AccessSettings()):
                note(session, now_ms, actor, "opened", account, "after failures")
            lockout.forgive(session, account)
        row.disabled = disabled


def reset_password(books: Books, actor: str, now_ms: int, account: str) -> str:
    """Give an account a one-time password, which is nowhere kept; its sessions end, and it is open again.

    Raises
    ------
    UsageError
        If there is no such account.
    BooksError
    """
    once = passwords.one_time()
    with books.change(actor, now_ms, "one-time password") as session:
        row = _row(session, account)
        lockout.forgive(session, account)
        set_password(row, once, must_change=True)
    return once


def first_admin(books: Books, now_ms: int, name: str = "管理员") -> str | None:
    """The one-time password of a first admin, who is made where there is no account at all; None where there is one.

    Raises
    ------
    BooksError
    """
    once = passwords.one_time()
    with books.change(ACTOR, now_ms, "the first account") as session:
        queue(session)
        if session.scalars(select(Account.id).limit(1)).first() is not None:
            return None
        row = Account(id=FIRST, created_ms=now_ms, must_change=True, disabled=False, session_epoch=0)
        _fill(row, Details(name, "admin"))
        session.add(row)
        set_password(row, once, must_change=True)
    return once


def closed_until(session: Session, names: Collection[str], settings: AccessSettings) -> dict[str, int]:
    """Until when accounts are closed after failures, those that are or were [ms since the epoch, UTC]."""
    from dashboard.casework.tables.accounts import LoginFailure

    rows = session.scalars(select(LoginFailure).where(LoginFailure.account.in_(list(names))))
    found = {row.account: lockout.closed_until_ms(row.count, row.last_ms, settings) for row in rows}
    return {name: until for name, until in found.items() if until}


def check(site: Site, details: Details, held: Details | None = None) -> None:
    """Whether everything that is said of a person is there, or is `held` already.

    Raises
    ------
    UsageError
    """
    if not details.name.strip() or len(details.name) > MOST_CHARS:
        raise Refused(
            "name", f"name {details.name!r:.60}: accepted: 1 to {MOST_CHARS} characters", most=str(MOST_CHARS)
        )
    if details.role not in STAFF:
        raise UsageError(f"role {details.role!r:.60}: accepted: {', '.join(STAFF)}")
    if details.role == "department" and details.department is None:
        raise Refused("department", "somebody of the role department needs a department")
    before = held or Details("", "")
    _known("department", {details.department or ""} - {before.department or "", ""}, site.departments)
    _known("river", set(details.rivers) - set(before.rivers), site.rivers)
    _known("grid", set(details.grids) - set(before.grids), site.grids)
    for channel, address in details.contacts.items():
        if not channel or not address.strip() or len(channel) > MOST_CHARS or len(address) > MOST_CHARS:
            raise Refused("contacts", f"contact {channel!r:.60}: accepted: a channel and an address on it")


def _known(what: str, found: Collection[str], accepted: Collection[str]) -> None:
    for one in sorted(found):
        if one not in accepted:
            raise UsageError(f"{what} {one!r:.60}: accepted: {', '.join(list(accepted)[:40])}")


def _fill(row: Account, details: Details) -> None:
    row.name, row.role, row.department = details.name.strip(), details.role, details.department
    row.rivers, row.grids = list(details.rivers), list(details.grids)
    row.contacts = dict(details.contacts)
    row.oidc_subject = details.oidc_subject or None


def _row(session: Session, account: str) -> Account:
    queue(session)
    row = session.get(Account, account)
    if row is None:
        raise Refused("missing", f"there is no account {account!r:.60}", account=account)
    return row


def _keep_an_admin(session: Session, row: Account) -> None:
    """Refuse what would take the last admin away."""
    if row.role != "admin" or row.disabled:
        return
    others = select(Account.id).where(Account.role == "admin", Account.disabled.is_(False), Account.id != row.id)
    if session.scalars(others.limit(1)).first() is None:
        raise Refused("last", f"{row.id} is the last admin: make another one first", account=row.id)


def _subject_is_free(session: Session, account: str, details: Details) -> None:
    if details.oidc_subject:
        held = select(Account.id).where(Account.oidc_subject == details.oidc_subject, Account.id != account)
        if (other := session.scalars(held).first()) is not None:
            raise Refused("subject", f"that subject belongs to the account {other}", account=other)

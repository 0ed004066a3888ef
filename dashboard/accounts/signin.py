"""One attempt to sign in with a password, and changing one. Never says whether it was the name that was wrong."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from dashboard.accounts import lockout, passwords
from dashboard.accounts.settings import AccessSettings
from dashboard.accounts.trail import note, queue
from dashboard.casework.database import Books
from dashboard.casework.tables.accounts import Account

log = logging.getLogger(__name__)

#: Longest name that is looked for [characters].
MOST_CHARS = 64

#: Who writes down an attempt of somebody who is nobody yet.
ACTOR = "signin"


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of the wish for another password.

    Attributes
    ----------
    account : Account or None
        As it is now; None where the password stays.
    faults : sequence of str
        ``refused`` (the old one is wrong, or the account is closed), ``same``, or those of `passwords.faults`.
    """

    account: Account | None = None
    faults: Sequence[str] = ()


def sign_in(
    books: Books, name: str, password: str, now_ms: int, settings: AccessSettings, where: str = ""
) -> Account | None:
    """The account whose name and password these are; None where they are not, or it is closed or switched off.

    Parameters
    ----------
    books : Books
    name, password : str
        As they were typed; case and blanks around the name do not matter.
    now_ms : int
        Milliseconds since the epoch, UTC.
    settings : AccessSettings
    where : str, optional
        Address of whoever tries, for the audit trail.

    Raises
    ------
    BooksError
        If they cannot be reached.
    """
    found, right = _compare(books, name, password, settings)
    key = lockout.key_of(found, name)
    with books.change(ACTOR, now_ms) as session:
        queue(session)
        if lockout.is_closed(session, key, now_ms, settings):
            _still_closed(key, where)
            return None
        account = session.get(Account, found.id, populate_existing=True) if found is not None else None
        # What was compared may have been changed while it was.
        same = account is not None and found is not None and account.password_hash == found.password_hash
        if account is None or not right or not same or account.disabled:
            _failed(session, key, now_ms, settings, where)
            return None
        lockout.forgive(session, key)
        if account.password_hash and passwords.outdated(account.password_hash):
            account.password_hash = passwords.hashed(password)
        note(session, now_ms, account.id, "signin", account.id, _from(where))
        session.expunge(account)
        return account


def change_password(
    books: Books, account: str, old: str, new: str, now_ms: int, settings: AccessSettings, where: str = ""
) -> Changed:
    """Give an account another password; every session of it ends.

    Raises
    ------
    BooksError
        If the books cannot be reached.
    """
    found, right = _compare(books, account, old, settings)
    if found is None:
        return Changed(faults=("refused",))
    with books.change(found.id, now_ms, "another password") as session:
        queue(session)
        row = session.get(Account, found.id, populate_existing=True)
        if row is None or row.disabled:
            return Changed(faults=("refused",))
        if lockout.is_closed(session, found.id, now_ms, settings):
            _still_closed(found.id, where)
            return Changed(faults=("refused",))
        if not right or row.password_hash != found.password_hash:
            _failed(session, found.id, now_ms, settings, where)
            return Changed(faults=("refused",))
        faults = passwords.faults(new, row.id, row.name, settings)
        if new == old:
            faults = ["same", *faults]
        if faults:
            return Changed(faults=faults)
        lockout.forgive(session, row.id)
        set_password(row, new, must_change=False)
        session.flush()
        session.expunge(row)
        return Changed(row)


def set_password(account: Account, password: str, *, must_change: bool) -> None:
    """Give an account another password; every session of it ends. The trail has a digest of the hash, not the hash."""
    account.must_change = must_change
    account.session_epoch += 1
    account.password_hash = passwords.hashed(password)


def _compare(books: Books, name: str, password: str, settings: AccessSettings) -> tuple[Account | None, bool]:
    """The account of a name, and whether the password is its: outside any change, for it takes a while."""
    wanted = name.strip().casefold()
    found = None
    if wanted.isprintable() and 0 < len(wanted) <= MOST_CHARS:
        with books.read() as session:
            found = session.get(Account, wanted)
    usable = found is not None and not found.disabled
    kept = found.password_hash if found is not None and usable else None
    return found, passwords.fits(kept, password[: settings.most_chars])


def _failed(session: Session, key: str, now_ms: int, settings: AccessSettings, where: str) -> None:
    count = lockout.failed(session, key, now_ms, settings)
    if key.startswith("?"):
        # Never the name: people type passwords into the wrong field.
        log.warning("sign-in refused: no such account%s", _from(where, " "))
        return
    action = "closed" if count >= settings.failures else "refused"
    note(session, now_ms, ACTOR, action, key, f"failure {count}{_from(where, ' ')}")


def _still_closed(key: str, where: str) -> None:
    """Log an attempt on what is closed; the trail has the closing, and whoever tries on fills nothing."""
    who = "no such account" if key.startswith("?") else f"{key} is closed"
    log.warning("sign-in refused: %s%s", who, _from(where, " "))


def _from(where: str, before: str = "") -> str:
    return f"{before}from {where}" if where else ""

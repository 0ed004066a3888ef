"""Who asks for a page, from the request alone: what `dashboard.accounts.known` finds out when the page draws itself.

It is asked again by the page; here a doubt means that nothing is shown.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from dashboard.access import PUBLIC, Viewer, engineer_of
from dashboard.accounts.known import DEFAULT
from dashboard.accounts.sessions import COOKIE, sessions_of
from dashboard.casework.tables.accounts import Account
from dashboard.sources import Sources

#: Cookie by which Streamlit knows whom an identity provider has let in.
SINGLE_COOKIE = "_streamlit_user"


def viewer_of(sources: Sources, cookies: Mapping[str, str], query: Mapping[str, str], machine_ms: int) -> Viewer | None:
    """Whoever asks; None where the page has to find out, or has something to tell them.

    Parameters
    ----------
    sources : Sources
    cookies, query : mapping of str to str
        Of the request.
    machine_ms : int
        The machine's clock, for sessions [ms since the epoch, UTC].

    Raises
    ------
    BooksError
        If the books cannot be read.
    UsageError
        If the board's key cannot be read.
    """
    if sources.books_url is None:
        return engineer_of(sources.site)
    if sources.access == "demo":
        return _picked(sources, query.get("as", DEFAULT))
    if sources.single and (SINGLE_COOKIE in cookies or "signin" in query or "signout" in query):
        return None
    if sources.key is None:
        return PUBLIC
    # A page that is only looked at keeps no session alive; the page itself says what is a use.
    ticket = sessions_of(sources.key).read(cookies.get(COOKIE, ""), machine_ms, use=False)
    if ticket is None:
        return PUBLIC
    with sources.books.read() as session:
        account = session.get(Account, ticket.account)
    if account is None or account.disabled or account.session_epoch != ticket.epoch:
        return PUBLIC
    return None if account.must_change else Viewer.of(account, sources.site)


def _picked(sources: Sources, wanted: str) -> Viewer:
    with sources.books.read() as session:
        people = session.scalars(select(Account).where(Account.disabled.is_(False)).order_by(Account.id)).all()
    found = next((one for one in people if one.id == wanted), None)
    found = found or next((one for one in people if one.role == wanted), None)
    return Viewer.of(found, sources.site) if found else PUBLIC

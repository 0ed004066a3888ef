"""Who looks at the page: a signed-in account, one that was picked in a demonstration, or the public.

Streamlit tells a script the cookies of the handshake of its web socket, which may be hours old: whether the session is
still there is asked of `Sessions` and of the books in every run, in every change, and every few seconds besides.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import streamlit as st
from sqlalchemy import select

from dashboard import parts
from dashboard.access import PUBLIC, Viewer, engineer_of
from dashboard.accounts.sessions import COOKIE, Sessions, sessions_of
from dashboard.accounts.trail import note, queue
from dashboard.accounts.words import role_words
from dashboard.casework.audit import AuditEntry
from dashboard.casework.tables.accounts import Account
from dashboard.i18n import Translator
from dashboard.page import Context
from dashboard.sources import Sources

log = logging.getLogger(__name__)

#: How long what the books say of an account is good for a run; a change asks anew [s].
KEPT_S = 4

#: How often a page that nobody touches looks whether its session is still there [s].
WATCH_S = 15

#: Path of the page for a screen on a wall, as `dashboard.views.wall` has it.
WALL = "/wall"

#: Who somebody is in a demonstration where the address does not say.
DEFAULT = "office"


@dataclass(frozen=True, slots=True)
class Known:
    """Who looks at the page.

    Attributes
    ----------
    viewer : Viewer
    how : str
        ``none`` (the board has no books), ``demo``, ``local``, ``oidc``, or ``public``.
    problem : str
        Why somebody who has signed in is the public: ``must_change``, ``unknown``, ``disabled``, ``expired``; empty
        where they are not.
    subject : str
        At the identity provider.
    shown : bool
        Whether the session is over but for being shown on a wall: the page there is all that may be drawn.
    """

    viewer: Viewer
    how: str
    problem: str = ""
    subject: str = ""
    shown: bool = False


def known(sources: Sources, *, fresh: bool = False, use: bool = True, display: bool = True) -> Known:
    """Who looks at the page.

    Parameters
    ----------
    sources : Sources
    fresh : bool
        Ask the books, whatever they said a moment ago.
    use : bool
        Whether a person does something now; a page that only looks does not keep a session alive.
    display : bool
        Whether a session that is over everywhere else is good for the page on a wall (`on_wall`): for looking, and for
        no change.

    Raises
    ------
    BooksError
        If the books cannot be read.
    UsageError
        If the board's key cannot be read.
    """
    if sources.books_url is None:
        return Known(engineer_of(sources.site), "none")
    if sources.access == "demo":
        return Known(_picked(sources), "demo")
    if sources.key is None:
        return Known(PUBLIC, "public")
    sessions = sessions_of(sources.key)
    display = display and on_wall()
    found = _signed_in(sources, sessions, fresh=fresh, use=use, display=display)
    if display and found.viewer.account:
        # Where the page says it is, the browser told: nothing else may be drawn for it.
        elsewhere = _signed_in(sources, sessions, fresh=fresh, use=False, display=False)
        found = replace(found, shown=not elsewhere.viewer.account)
    return found


def _signed_in(sources: Sources, sessions: Sessions, *, fresh: bool, use: bool, display: bool) -> Known:
    found = _local(sources, sessions, fresh=fresh, use=use, display=display)
    if found is None and sources.single:
        found = _single(sources, sessions, fresh=fresh, use=use, display=display)
    return found or Known(PUBLIC, "public")


def on_wall() -> bool:
    """Whether the page is the one for a screen on a wall, with nothing else on it: nobody sits at it."""
    if st.query_params.get("kiosk") != "1":
        return False
    return urlsplit(st.context.url or "").path.rstrip("/").endswith(WALL)


def ask(sources: Sources) -> Viewer:
    """Who wants to change something now."""
    return known(sources, fresh=True, display=False).viewer


def now_ms() -> int:
    """The machine's clock, for sessions; what the board shows may have another [ms since the epoch, UTC]."""
    return round(time.time() * 1000)


def _local(sources: Sources, sessions: Sessions, *, fresh: bool, use: bool, display: bool) -> Known | None:
    ticket = sessions.read(st.context.cookies.get(COOKIE, ""), now_ms(), use=use, display=display)
    account = _account(sources, ticket.account, fresh=fresh) if ticket is not None else None
    if ticket is None or account is None or account.disabled or account.session_epoch != ticket.epoch:
        return None
    if account.must_change:
        return Known(PUBLIC, "local", "must_change")
    return Known(Viewer.of(account, sources.site), "local")


def _single(sources: Sources, sessions: Sessions, *, fresh: bool, use: bool, display: bool) -> Known | None:
    user = st.user.to_dict()
    subject = user.get("sub")
    if not user.get("is_logged_in") or not isinstance(subject, str):
        return None
    begun = user.get("iat")
    if not isinstance(begun, int | float):
        return Known(PUBLIC, "oidc", "expired", subject)
    account = _account_of(sources, subject, fresh=fresh)
    session = foreign(subject, begun)
    if account is None:
        if sessions.is_first(session):
            log.warning("single sign-on refused: no account has the subject %.80r", subject)
        return Known(PUBLIC, "oidc", "unknown", subject)
    if account.disabled:
        if sessions.is_first(session):
            _tell_trail(sources, account.id, "refused", f"single sign-on {session[:12]}, switched off")
        return Known(PUBLIC, "oidc", "disabled", subject)
    new = sessions.is_new(session)
    problem = sessions.problem(session, account.session_epoch, round(begun * 1000), now_ms(), use=use, display=display)
    if problem:
        return Known(PUBLIC, "oidc", problem, subject)
    if new:
        _tell_trail(sources, account.id, "signin", f"single sign-on {session[:12]}")
    return Known(Viewer.of(account, sources.site), "oidc")


def foreign(subject: str, begun_s: float) -> str:
    """Name of a session of an identity provider: two sign-ins of a person were given at different times."""
    return hashlib.sha256(f"{subject} {begun_s}".encode()).hexdigest()


def leave(sources: Sources) -> None:
    """End the session of an identity provider here, and write it down; the provider's own goes on.

    Raises
    ------
    BooksError
        If it cannot be written down; the session has ended all the same.
    """
    user = st.user.to_dict()
    subject, begun = user.get("sub"), user.get("iat")
    if sources.key is None or not isinstance(subject, str) or not isinstance(begun, int | float):
        return
    session = foreign(subject, begun)
    if sessions_of(sources.key).end_foreign(session, now_ms()):
        account = _look_for(sources, subject)
        if account is not None:
            _tell_trail(sources, account.id, "signout", f"single sign-on {session[:12]}")


def _tell_trail(sources: Sources, account: str, action: str, reason: str) -> None:
    """Write an entry that stands in the trail once for each session, however often the board starts."""
    told = select(AuditEntry.seq).where(
        AuditEntry.subject_id == account, AuditEntry.subject == "account", AuditEntry.action == action,
        AuditEntry.reason == reason,
    )  # fmt: skip
    with sources.books.change(account, now_ms()) as change:
        queue(change)
        if change.scalars(told.limit(1)).first() is None:
            note(change, now_ms(), account, action, account, reason)


def _account(sources: Sources, name: str, *, fresh: bool) -> Account | None:
    return _look(sources, name) if fresh else _kept(sources.books_url or "", name, sources)


def _account_of(sources: Sources, subject: str, *, fresh: bool) -> Account | None:
    found = None if fresh else _kept_of(sources.books_url or "", subject, sources)
    # Whoever is unknown may have been entered a moment ago, and waits for it.
    return found or _look_for(sources, subject)


@st.cache_resource(show_spinner=False, ttl=KEPT_S, max_entries=1000)
def _kept(url: str, name: str, _sources: Sources) -> Account | None:
    return _look(_sources, name)


@st.cache_resource(show_spinner=False, ttl=KEPT_S, max_entries=1000)
def _kept_of(url: str, subject: str, _sources: Sources) -> Account | None:
    return _look_for(_sources, subject)


def _look(sources: Sources, name: str) -> Account | None:
    with sources.books.read() as session:
        return session.get(Account, name)


def _look_for(sources: Sources, subject: str) -> Account | None:
    with sources.books.read() as session:
        return session.scalars(select(Account).where(Account.oidc_subject == subject)).first()


def _people(sources: Sources) -> list[Account]:
    return _kept_people(sources.books_url or "", sources)


@st.cache_resource(show_spinner=False, ttl=KEPT_S, max_entries=4)
def _kept_people(url: str, _sources: Sources) -> list[Account]:
    with _sources.books.read() as session:
        return list(session.scalars(select(Account).where(Account.disabled.is_(False)).order_by(Account.id)))


def _picked(sources: Sources) -> Viewer:
    """Whoever the address names, by account or by role."""
    wanted = st.query_params.get("as", DEFAULT)
    people = _people(sources)
    found = next((one for one in people if one.id == wanted), None)
    found = found or next((one for one in people if one.role == wanted), None)
    return Viewer.of(found, sources.site) if found else PUBLIC


def keep_apart(found: Known) -> None:
    """Forget what a page remembers of somebody else: two people may follow each other at one screen."""
    if found.how != "demo" and st.session_state.setdefault("known", found.viewer.account) != found.viewer.account:
        st.session_state.clear()
        st.session_state["known"] = found.viewer.account


def corner(context: Context, found: Known) -> None:
    """Who it is, in the corner of the page, and the way to be somebody else."""
    if found.how == "demo":
        _choice(context)
    elif found.how != "none":
        _ = context.translate
        viewer = context.viewer
        words = {
            "lang": _.code, "name": viewer.name if viewer.account else "",
            "role": role_words(_)[viewer.role] if viewer.account else "",
            "how": found.how if found.problem or viewer.account else "",
            "signin": _("Sign in"), "signout": _("Sign out"), "password": _("Another password"),
        }  # fmt: skip
        parts.mount("account", words, key="account")


def _choice(context: Context) -> None:
    _ = context.translate
    people = _people(context.sources)
    seen_as = _("as {who}")
    labels = {one.id: _label(context, one) for one in people} | {"public": role_words(_)["public"]}
    current = context.viewer.account or "public"

    def remember() -> None:
        st.query_params["as"] = st.session_state[f"as-{_.code}-{current}"]

    names = list(labels)
    st.selectbox(
        _("See the board as"), names, index=names.index(current), label_visibility="collapsed",
        format_func=lambda one: seen_as.format(who=labels[one]), key=f"as-{_.code}-{current}",
        on_change=remember, width=190,
    )  # fmt: skip


def _label(context: Context, account: Account) -> str:
    _ = context.translate
    label = role_words(_)[account.role]
    department = context.site.departments.get(account.department or "")
    if account.role == "department" and department is not None:
        label += f" · {department.name if context.words.chinese else department.name_en}"
    return label


@st.fragment(run_every=WATCH_S)
def watch(sources: Sources, viewer: Viewer) -> None:
    """Draw the page anew when whoever opened it has signed out, or has another role or area now.

    A page on a screen outlives neither session nor right.
    """
    if known(sources, fresh=True, use=False).viewer != viewer:
        st.rerun()


def asks_for_single(sources: Sources) -> bool:
    """Whether the reader came from the sign-in page to go on to the identity provider."""
    return sources.single and st.query_params.get("signin") == "oidc"


def asks_to_leave(sources: Sources) -> bool:
    """Whether somebody whom the identity provider has let in signs out."""
    return sources.single and st.query_params.get("signout") == "oidc"


def said(translate: Translator, found: Known) -> str:
    """Why somebody who has signed in does not see more; empty where nothing is to be said."""
    _ = translate
    return {
        "unknown": _("You have signed in, but no account of the board belongs to you. Give the river office this "
                     "identifier:"),
        "disabled": _("Your account is switched off, or its sessions were ended. Sign in again, or ask the river "
                      "office."),
        "expired": _("Your session has ended. Sign in again."),
        "must_change": _("The password was for once. Choose your own one now."),
    }.get(found.problem, "")  # fmt: skip


def tell(context: Context, found: Known) -> None:
    """Say why somebody who has signed in does not see more."""
    if text := said(context.translate, found):
        st.warning(text)
    if found.problem == "unknown":
        st.code(found.subject, language=None)


def welcome(context: Context, found: Known) -> None:
    """What somebody sees for whom the board has no page: who they have to be, and the way there."""
    _ = context.translate
    tell(context, found)
    if not found.problem:
        st.text(_("This board is for the people who look after the rivers. Sign in to see it."))

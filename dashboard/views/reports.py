"""Reports: of which period, as PDF, Word and Excel, and those that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import streamlit as st

from analytics.periods import Period, PeriodKind
from dashboard import parts
from dashboard.accounts.trail import note
from dashboard.casework.files import read
from dashboard.i18n import LANGUAGES
from dashboard.page import Context, Page
from dashboard.reports.content import content, stamp
from dashboard.reports.keep import Kept, file_name, keep, kept, printed
from dashboard.reports.model import Report
from dashboard.viewdata.books_ledger import Line, ledger
from dashboard.viewdata.orders_words import minute
from dashboard.views import chosen, going
from dashboard.views.text import plain
from dashboard.wording import Wording
from sensors.errors import BooksError, StoreError, UsageError

#: How many periods of each kind can be chosen.
CHOICES: dict[PeriodKind, int] = {"day": 31, "month": 24, "quarter": 12, "year": 5}

#: Media types of what is downloaded.
_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

#: Where a session keeps what it has made: at most one report.
_MADE = "report-made"


def draw(context: Context) -> None:
    """Draw the page; what is chosen stands in the address as ``kind`` and ``period``."""
    if context.viewer.may("report.make"):
        _make(context)
    _kept(context)


def _make(context: Context) -> None:
    w = context.words
    _ = w._
    st.header(_("Make a report"), anchor=False)
    kinds = {"month": _("Month"), "day": _("Day"), "quarter": _("Quarter"), "year": _("Year")}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        kind = cast(PeriodKind, chosen.segments("kind", _("Period"), kinds, "month", _.code))
        period = _period(context, kind)
        language = str(
            st.selectbox(
                _("Language of the report"), list(LANGUAGES), index=list(LANGUAGES).index(_.code),
                format_func=LANGUAGES.__getitem__, key=f"report-language-{_.code}", width=160,
            )
        )  # fmt: skip
        st.button(_("Make it"), on_click=_print, args=(context, period, language), key=f"report-make-{_.code}")
    said = st.session_state.pop("report-said", None)
    if said is not None:
        getattr(st, said[0])(said[1])
    made = st.session_state.get(_MADE)
    if made is not None and made["of"] == (context.viewer.account, period.label, language):
        _offer(context, made)


def _period(context: Context, kind: PeriodKind) -> Period:
    """The period of the address, where it can be chosen; what has ended is told first."""
    _ = context.translate
    period = Period.at(kind, context.now(), context.words.zone)
    periods = [period]
    while len(periods) < CHOICES[kind]:
        period = period.previous()
        periods.append(period)
    labels = {one.label: one for one in periods}
    names = dict(zip(labels, labels, strict=True))
    return labels[chosen.box("period", _("Which"), names, periods[1].label, _.code, width=200)]


def _print(context: Context, period: Period, language: str) -> None:
    """Make a report in all forms and keep it in the session until another one is made."""
    context.require("report.make")
    _, viewer, sources = context.translate, context.viewer, context.sources
    st.session_state.pop(_MADE, None)
    books = None if sources.books_url is None else context.books
    try:
        report = content(
            sources.store, books, context.desk, period, language, context.now(), rivers=viewer.rivers,
            source=sources.input,
        )  # fmt: skip
        if report is None:
            _say("info", _("Nothing was evaluated for {period}.", period=period.label))
            return
        made = stamp(viewer.name or viewer.account, context.now(), context.desk, language)
        files = printed(report, made)
    except StoreError as error:
        _say("info", _("The store cannot be read: {error}", error=plain(str(error))))
    except BooksError as error:
        _say("info", _("The books cannot be read: {error}", error=plain(str(error))))
    except UsageError as error:
        _say("error", plain(str(error)))
    else:
        of = (viewer.account, period.label, language)
        st.session_state[_MADE] = {"of": of, "report": report, "files": files, "kept": False}


def _say(how: str, text: str) -> None:
    st.session_state["report-said"] = (how, text)


def _offer(context: Context, made: Mapping[str, Any]) -> None:
    """The report's files, and the way to keep them."""
    w, report = context.words, cast(Report, made["report"])
    _ = w._
    st.text(f"{report.heading} · {report.period}")
    st.caption(_("Content {digest}", digest=report.digest))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        for form, data in made["files"].items():
            st.download_button(
                _form_word(form), data, file_name(report, form), _TYPES[form], key=f"report-{form}-{_.code}",
                on_click="ignore", icon=":material/download:",
            )  # fmt: skip
        if context.sources.books_url is None or context.viewer.rivers is not None:
            return
        if made["kept"]:
            st.text(_("Kept."))
        else:
            st.button(_("Keep it with the books"), on_click=_keep, args=(context,), key=f"report-keep-{_.code}")


def _keep(context: Context) -> None:
    context.require("report.make")
    made = st.session_state.get(_MADE)
    if made is None or made["of"][0] != context.viewer.account or made["kept"]:
        return
    keep(context.books, made["report"], made["files"], context.viewer.account, context.now())
    made["kept"] = True


def _kept(context: Context) -> None:
    """Reports that are kept, with hash and maker, each to be downloaded."""
    w = context.words
    _ = w._
    st.header(_("Reports that are kept"), anchor=False)
    with context.books.read() as session:
        rows = kept(session)
    if not rows:
        chosen.unknown("report", (), _)
        st.text(_("None yet: the service of the office makes them when a period has ended."))
        return
    names = {str(row.id): f"{row.name} · {_minute(row, w)}" for row in rows}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        picked = chosen.box("report", _("Which report"), names, str(rows[0].id), _.code, shown=True, width=520)
        _download(context, next(row for row in rows if str(row.id) == picked))
    head = (_("Period"), _("Language"), _("Form"), _("Made by"), _("Made on"), "KB", "SHA-256")
    lines = [
        Line((row.label, LANGUAGES.get(row.language, row.language), _form_word(row.form), _maker(row, w),
              _minute(row, w), str(round(row.size / 1000)), row.sha256),
             "reports", {"report": str(row.id)}, str(row.id) == picked)
        for row in rows
    ]  # fmt: skip
    going.follow(context)
    table = ledger(head, lines, w, going.linker(context), label=_("Reports that are kept"), numbers=(5,), stack=True)
    parts.mount("ledger", table, key="reports-kept", on_pick=going.on_pick("reports-kept"))


def _download(context: Context, row: Kept) -> None:
    """The way to take a kept report out; the trail has who did."""
    _ = context.translate
    try:
        read(context.books.files, row.sha256)
    except BooksError as error:
        st.info(_("The books cannot be read: {error}", error=plain(str(error))))
        return
    st.download_button(
        _("Download"), lambda: taken_out(context, row), row.name, _TYPES.get(row.form, "application/octet-stream"),
        key=f"report-get-{row.id}-{_.code}", on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def taken_out(context: Context, row: Kept) -> bytes:
    """A kept report as a file; who took it out is written into the trail first.

    Raises
    ------
    BooksError
        If it is gone or was tampered with, or if the trail cannot be written: then nothing is handed out.
    """
    actor, now_ms = context.viewer.account, context.now()
    data = read(context.books.files, row.sha256)
    with context.books.change(actor, now_ms) as session:
        note(session, now_ms, actor, "export", actor, f"{row.name} {row.sha256[:12]}")
    return data


def _form_word(form: str) -> str:
    """What people call a form."""
    return {"pdf": "PDF", "docx": "Word", "xlsx": "Excel"}.get(form, form)


def _maker(row: Kept, w: Wording) -> str:
    _ = w._
    return _("the service of the office") if row.made_by == "riverchief" else row.made_by


def _minute(row: Kept, w: Wording) -> str:
    return minute(row.made_ms, w)


PAGE = Page(
    "reports", lambda _: _("Reports"), lambda _: _("Reports"), draw, section="books",
    needs_books=True,
)  # fmt: skip

"""Reports as files beside the books: printed, kept under their hash, listed, and made when a period has ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from analytics.periods import Period, PeriodKind
from collectors.stores.base import ReadingStore
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.files import attach
from dashboard.casework.lifecycle import SERVICE
from dashboard.casework.settings import ReportSettings
from dashboard.casework.tables.files import Attachment
from dashboard.i18n import translator
from dashboard.reports.content import content, stamp
from dashboard.reports.excel import excel
from dashboard.reports.model import Report, Stamp
from dashboard.reports.pdf import pdf
from dashboard.reports.word import word
from sensors.durations import HOUR_MS

#: What a report's files belong to in the list of attachments: no table, a report is no row of the books.
SUBJECT = "report"

#: Printers by the ending of what they print.
FORMATS: Mapping[str, Callable[[Report, Stamp], bytes]] = MappingProxyType({"pdf": pdf, "docx": word, "xlsx": excel})

#: Kinds of report with the setting that switches each on.
_SCHEDULED: tuple[tuple[PeriodKind, str], ...] = (
    ("day", "daily"), ("month", "monthly"), ("quarter", "quarterly"), ("year", "yearly"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """A report's file.

    Attributes
    ----------
    id : int
        Of the attachment.
    label, language, form : str
        Period, language and ending.
    name, sha256, made_by : str
    size : int
        [bytes]
    made_ms : int
        Milliseconds since the epoch, UTC.
    """

    id: int
    label: str
    language: str
    form: str
    name: str
    sha256: str
    made_by: str
    size: int
    made_ms: int


def file_name(report: Report, form: str) -> str:
    """Name of a report's file: what it is, of which period."""
    return f"{report.heading.replace(': ', ' ').replace('：', '')} {report.label}.{form}"


def keep(
    books: Books, report: Report, files: Mapping[str, bytes], actor: str, now_ms: int, reason: str = "report"
) -> list[str]:
    """Keep the files of a report; their hashes.

    Parameters
    ----------
    books : Books
    report : Report
    files : mapping of str to bytes
        By ending.
    actor : str
        Account.
    now_ms : int
        Milliseconds since the epoch, UTC.
    reason : str
        For the trail.

    Raises
    ------
    BooksError
        If they cannot be written.
    """
    with books.change(actor, now_ms, reason) as session:
        return [
            attach(
                session, books.files, SUBJECT, _subject(report.label, report.language, form),
                file_name(report, form), data, actor, now_ms,
            ).sha256
            for form, data in files.items()
        ]  # fmt: skip


def kept(session: Session, most: int = 200) -> list[Kept]:
    """Files of reports, newest first."""
    query = select(Attachment).where(Attachment.subject == SUBJECT).order_by(Attachment.id.desc()).limit(most)
    found = []
    for row in session.scalars(query):
        label, language, form = (*row.subject_id.split("/"), "", "")[:3]
        found.append(
            Kept(row.id, label, language, form, row.name, row.sha256, row.added_by, row.size, row.added_ms)
        )  # fmt: skip
    return found


def scheduled(settings: ReportSettings, zone: tzinfo, now_ms: int) -> list[tuple[Period, str, str]]:
    """Last period of each kind that a site wants, over for long enough, in each language and form."""
    languages = [code for code in ("zh", "en") if getattr(settings, code)]
    forms = [form for form in FORMATS if getattr(settings, form)]
    then_ms = now_ms - round(settings.after_hours * HOUR_MS)
    periods = [Period.at(kind, then_ms, zone).previous() for kind, flag in _SCHEDULED if getattr(settings, flag)]
    return [(period, language, form) for period in periods for language in languages for form in forms]


def due(session: Session, settings: ReportSettings, zone: tzinfo, now_ms: int) -> list[tuple[Period, str, str]]:
    """What of `scheduled` the service has not made yet."""
    wanted = scheduled(settings, zone, now_ms)
    ids = [_subject(period.label, language, form) for period, language, form in wanted]
    query = select(Attachment.subject_id).where(
        Attachment.subject == SUBJECT, Attachment.added_by == SERVICE.account, Attachment.subject_id.in_(ids)
    )
    made = set(session.scalars(query))
    return [one for one, id_ in zip(wanted, ids, strict=True) if id_ not in made]


def make_due(books: Books, desk: Desk, store: ReadingStore, now_ms: int, source: str = "") -> int:
    """Make the reports of one period in one language that are due; how many files it made.

    Called again until it makes none: whoever asks it to stop waits for one report only. A period of which nothing was
    evaluated has none.

    Parameters
    ----------
    books : Books
    desk : Desk
    store : ReadingStore
    now_ms : int
        Milliseconds since the epoch, UTC.
    source : str
        What the readings are, as `dashboard.sources.Sources.input`.

    Raises
    ------
    BooksError, StoreError, UsageError
        If books or store cannot be had, or there is no font.
    """
    with books.read() as session:
        open_ = due(session, desk.settings.reports, desk.calendar.zone, now_ms)
    for period, language in dict.fromkeys((period, language) for period, language, _form in open_):
        report = content(store, books, desk, period, language, now_ms, source=source)
        if report is None:
            continue
        forms = [form for one, code, form in open_ if (one, code) == (period, language)]
        who = translator(language)("the service of the office")
        files = printed(report, stamp(who, now_ms, desk, language), forms)
        keep(books, report, files, SERVICE.account, now_ms, "scheduled report")
        return len(files)
    return 0


def printed(report: Report, made: Stamp, forms: Collection[str] = tuple(FORMATS)) -> dict[str, bytes]:
    """A report in some forms.

    Raises
    ------
    UsageError
        If the machine has no font with Chinese characters.
    """
    return {form: FORMATS[form](report, made) for form in forms}


def _subject(label: str, language: str, form: str) -> str:
    return f"{label}/{language}/{form}"

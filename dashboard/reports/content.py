"""The content of a report: everything that it says of a period, in one language, before anything is printed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from analytics.periods import Period
from analytics.standards import GB3838_2002
from collectors.stores.base import ReadingStore
from dashboard.access import Viewer
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.grades import month_grades
from dashboard.ground import ground
from dashboard.i18n import translator
from dashboard.reports import water as wet
from dashboard.reports import work
from dashboard.reports.model import Report, Section, Stamp
from dashboard.viewdata.events import seen
from dashboard.wording import Wording

#: Who may read everything: what a report of the whole site is made for.
WHOLE = Viewer("", "", "office")


def content(
    store: ReadingStore, books: Books | None, desk: Desk, period: Period, language: str, now_ms: int, *,
    rivers: Collection[str] | None = None, source: str = "",
) -> Report | None:  # fmt: skip
    """A report of a period; None where nothing was evaluated in it.

    Parameters
    ----------
    store : ReadingStore
    books : Books or None
        Without them, the report says only what the water says.
    desk : Desk
    period : Period
        A day, month, quarter or year.
    language : {'zh', 'en'}
    now_ms : int
        Of a period that has not ended, what there is up to here; milliseconds since the epoch, UTC.
    rivers : collection of str, optional
        Only these, for somebody who looks after them; all where absent.
    source : str
        What the readings are, as `dashboard.sources.Sources.input`.

    Raises
    ------
    StoreError, BooksError
        If store or books cannot be read.
    """
    site = desk.site
    w = Wording.of(site, translator(language))
    found = wet.water(store, site, period)
    if found is None:
        return None
    wanted = frozenset(site.rivers if rivers is None else rivers)
    viewer = WHOLE if rivers is None else Viewer("", "", "chief", rivers=wanted)
    end_ms = min(period.end_ms, max(now_ms, period.start_ms + 1))
    parts = [
        wet.overview(found, site, w, ground(site), wanted),
        wet.rivers(found, site, w, wanted),
        wet.sections(found, site, w, wanted),
        wet.course(found, site, w, wanted),
    ]
    if books is None:
        parts.append(wet.events(seen(store, None, desk, period.start_ms, end_ms, viewer), site, w))
    else:
        with books.read() as session:
            of_water = seen(store, session, desk, period.start_ms, end_ms, viewer)
            parts.append(wet.events(of_water, site, w))
            between = work.orders_between(session, period.start_ms, end_ms)
            own = [one for one in between if viewer.sees_river(one[0].river)]
            parts.append(work.orders(own, period.start_ms, end_ms, site, w))
            parts.append(work.goals(session, desk.calendar.day(period.start_ms), desk.calendar.day(end_ms - 1), w))
            if period.kind != "day":
                months = [month for month in period.parts("month") if month.start_ms < end_ms]
                graded = [(month, month_grades(store, site, month)) for month in months]
                parts.append(work.red_black(session, desk, graded, w, wanted))
    parts.append(_notes(desk, w))
    return Report(
        language, period.kind, period.label, _heading(desk, period, w), _spoken(period, w), _issuer(desk, w),
        _banner(found, source, rivers, desk, w), tuple(parts),
    )  # fmt: skip


def stamp(made_by: str, now_ms: int, desk: Desk, language: str) -> Stamp:
    """When a report is made and by whom."""
    _ = translator(language)
    when = datetime.fromtimestamp(now_ms / 1000, desk.calendar.zone).strftime("%Y-%m-%d %H:%M")
    return Stamp(now_ms, _("Made on {when} by {who}", when=when, who=made_by))


def _heading(desk: Desk, period: Period, w: Wording) -> str:
    _, site = w._, w.site(desk.site)
    words = {
        "day": _("{site}: daily report on the rivers", site=site),
        "month": _("{site}: monthly report on the rivers", site=site),
        "quarter": _("{site}: quarterly report on the rivers", site=site),
        "year": _("{site}: yearly report on the rivers", site=site),
    }
    return words[period.kind]


def _spoken(period: Period, w: Wording) -> str:
    """The period as people call it: 2026年10月, October as 2026-10."""
    if not w.chinese:
        return period.label
    year, _dash, rest = period.label.partition("-")
    if period.kind == "quarter":
        return f"{year}年第{'一二三四'[int(rest[1]) - 1]}季度"
    forms = ["年", "月", "日"]
    return "".join(f"{int(part)}{form}" for part, form in zip(period.label.split("-"), forms, strict=False))


def _issuer(desk: Desk, w: Wording) -> str:
    _ = w._
    return _("River chief's office of {site}", site=w.site(desk.site))


def _banner(found: wet.Water, source: str, rivers: Collection[str] | None, desk: Desk, w: Wording) -> str:
    _ = w._
    told = []
    if source == "virtual":
        told.append(_("Virtual rivers: simulated water, not measurements of these rivers"))
    elif source.startswith("replay:"):
        name = source.removeprefix("replay:")
        told.append(_("Replay of {name}: a record, not measurements of these rivers now", name=name))
    if found.now.running:
        told.append(_("{period} has not ended: evaluated on what there is of it.", period=found.now.period.label))
    if rivers is not None:
        names = [w.place(river) for name, river in desk.site.rivers.items() if name in rivers]
        told.append(_("Only {rivers}; figures of all waters are those of the whole site.", rivers=w.join(names)))
    return " · ".join(told)


def _notes(desk: Desk, w: Wording) -> Section:
    _ = w._
    title = GB3838_2002.title if w.chinese else GB3838_2002.title_en
    return Section(
        _("Notes"),
        (
            _("Standard: {standard}, {title}, limits of table 1, single-factor method of clause 5.1.",
              standard=GB3838_2002.number, title=title),
            _("Rivers of five sections or more, states in words and changes after MEP notice No. 22 of 2011."),
            _("Means of the valid parts: hours, four hours, days, months; a laboratory result takes the place of the "
              "probe's mean in its month. Partial: a required determinand was not measured. Provisional: suspect "
              "readings took part."),
        ),
    )  # fmt: skip

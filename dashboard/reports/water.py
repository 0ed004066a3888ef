"""What a report says of the water: the whole, each river, each section, the course over the periods before, events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from analytics.periods import Period
from collectors.stores.base import Basis, ReadingStore
from dashboard.casework.explained import kind_word
from dashboard.classes import CLASSES, Condition
from dashboard.evaluation_table import Line, river_lines, section_lines
from dashboard.evaluations import PeriodReport, period_report
from dashboard.reports.figures import river_map, stacked
from dashboard.reports.model import Cell, Figure, Section, Table, cells, number, table
from dashboard.viewdata.events import Seen, shown, source, standing_word
from dashboard.viewdata.orders_words import minute, river_name
from dashboard.wording import NOTHING, Wording
from sensors.site import Site

#: Periods of each kind on the chart, this one included, and in the table of rivers.
COURSE = {"day": 31, "month": 13, "quarter": 9, "year": 5}
TABLED = 6


@dataclass(frozen=True, slots=True)
class Water:
    """What is asked of the store once.

    Attributes
    ----------
    now : PeriodReport
    before, year : PeriodReport or None
        The period before and that of the year before; None where nothing is kept of them.
    course : tuple of (Period, mapping of str to Condition)
        The periods up to this one, with what each river was.
    """

    now: PeriodReport
    before: PeriodReport | None
    year: PeriodReport | None
    course: tuple[tuple[Period, Mapping[str, Condition]], ...]


def water(store: ReadingStore, site: Site, period: Period) -> Water | None:
    """What is kept of a period; None where nothing was evaluated.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    now = period_report(store, site, period.kind, period.start_ms)
    if now is None:
        return None
    before, year = (
        period_report(store, site, period.kind, one.start_ms) for one in (period.previous(), period.year_before())
    )
    periods = [period]
    while len(periods) < COURSE[period.kind]:
        periods.append(periods[-1].previous())
    periods.reverse()
    found: dict[int, dict[str, Condition]] = {one.start_ms: {} for one in periods}
    basis = cast(Basis, period.kind)
    for river in site.rivers:
        for row in store.assessment_history("river", river, basis, periods[0].start_ms, period.end_ms):
            if row.time_ms in found:
                found[row.time_ms][river] = Condition.of(row)
    for one in periods:
        if not found[one.start_ms]:
            # Older stores have the sections of a period and not its rivers.
            found[one.start_ms] = _evaluated(period_report(store, site, one.kind, one.start_ms))
    return Water(now, before, year, tuple((one, found[one.start_ms]) for one in periods))


def _evaluated(report: PeriodReport | None) -> dict[str, Condition]:
    """What each river was, from the sections of a period."""
    rivers = report.evaluation.with_suspect.rivers if report is not None else {}
    return {
        name: Condition(
            one.water_class.name if one.water_class else None, one.descriptor.key if one.descriptor else None
        )
        for name, one in rivers.items()
    }


def overview(found: Water, site: Site, w: Wording, ground: Mapping[str, Any], rivers: Collection[str]) -> Section:
    """The state of all waters, in a sentence, in figures, on the map."""
    _ = w._
    whole = found.now.evaluation.with_suspect.subdistrict
    state = _in_sentence(w.descriptor(whole.descriptor), w) if whole.descriptor else NOTHING
    told = _(
        "{period}: {sections} sections were evaluated, {state} as a whole. Classes I to III: {fair}; inferior V: "
        "{inferior}. {attaining} rivers reached their target, {failing} did not, of {open} it cannot be said.",
        period=found.now.period.label, sections=sum(whole.sections.values()), state=state,
        fair=_percent(whole.fair_share), inferior=_percent(whole.inferior_share), attaining=len(whole.attaining),
        failing=len(whole.failing), open=len(whole.open_rivers),
    )  # fmt: skip
    change = _(
        "Against the period before: {before}; against last year: {year}.",
        before=_change(found.now.on_previous, w), year=_change(found.now.on_year, w),
    )  # fmt: skip
    marks = _marks(found.course[-1][1], site, w, rivers)
    map_ = Figure(_("Map of the rivers"), river_map(ground, marks), _("Map of the rivers"))
    return Section(_("Overview"), (told, change), (map_,), (_figures(found, w),))


def _figures(found: Water, w: Wording) -> Table:
    """The figures of this period beside those of the period before and of last year."""
    _ = w._
    reports = [found.now, found.before, found.year]
    wholes = [one.evaluation.with_suspect.subdistrict if one else None for one in reports]

    def row(name: str, of: Any) -> tuple[Cell, ...]:
        return cells(name, *(Cell(NOTHING) if one is None else of(one) for one in wholes))

    rows = [
        row(_("All waters"), lambda one: Cell(w.descriptor(one.descriptor) if one.descriptor else NOTHING)),
        row(_("Sections of class I to III"), lambda one: _share(one.fair_share)),
        row(_("Sections of inferior V"), lambda one: _share(one.inferior_share)),
        row(_("Sections on target"), lambda one: _share(one.attaining_share)),
        row(_("Rivers on target"), lambda one: number(len(one.attaining))),
        row(_("Rivers short of target"), lambda one: number(len(one.failing))),
    ]
    head = (_("Figure"), _("This period"), _("Period before"), _("Last year"))
    return table(_("Key figures"), head, rows)


def rivers(found: Water, site: Site, w: Wording, wanted: Collection[str]) -> Section:
    """Each river: class, target, reason, change."""
    _ = w._
    lines = [line for line in river_lines(found.now, site, w) if line.river in wanted]
    note = _("* other sections or determinands than in the period that it is compared with.")
    return Section(_("Rivers"), (), (), (table(_("Evaluation of the rivers"), _head(w), _rows(lines, w), note=note),))


def sections(found: Water, site: Site, w: Wording, wanted: Collection[str]) -> Section:
    """Each section: class, target, reason, change."""
    _ = w._
    lines = [line for line in section_lines(found.now, site, w) if line.river in wanted]
    graded = sum(line.shade is not None for line in lines)
    listed = table(_("Evaluation of the sections"), _head(w), _rows(lines, w), most=graded or len(lines),
                   more=_("{count} sections without a class stand in the Excel file of this report."))  # fmt: skip
    return Section(_("Sections"), (), (), (listed,))


def course(found: Water, site: Site, w: Wording, wanted: Collection[str]) -> Section:
    """Rivers of each class over the periods, and what each river was in the last of them."""
    _ = w._
    names = {name: w.short_class(name) for name in CLASSES} | {"none": _("no class")}
    columns, known = [], 0
    for period, of in found.course:
        counts = Counter(of[river].shade or "none" for river in wanted if river in of)
        known += bool(counts)
        columns.append((_short(period), dict(counts)))
    latest = found.course[-TABLED:]
    rows = [
        cells(w.place(site.rivers[river]),
              *(Cell(w.mark(of[river]), of[river].shade) if river in of else Cell(NOTHING) for _period, of in latest))
        for river in site.rivers if river in wanted
    ]  # fmt: skip
    title = _("Rivers of each class")
    figure = Figure(title, stacked(columns, names), _("{title} in {count} periods", title=title, count=known))
    head = (_("River"), *(period.label for period, _of in latest))
    return Section(_("Course"), (), (figure,), (table(_("Classes of the last periods"), head, rows),))


def events(seen: Collection[Seen], site: Site, w: Wording) -> Section:
    """What the water showed in the period, and what became of it."""
    _ = w._
    kinds = Counter(one.event.kind for one in seen)
    told = w.join([f"{kind_word(_, kind)} {count}" for kind, count in sorted(kinds.items())])
    rows = [
        cells(
            _time(one.event.start_ms, w), _time(one.event.end_ms, w), river_name(site, one.place.river, w),
            w.join([w.place(site.stations[name]) for name in one.place.stations if name in site.stations]) or NOTHING,
            kind_word(_, one.event.kind), shown(one.told, w), source(one.told, w), standing_word(_, one.standing),
        )
        for one in seen
    ]  # fmt: skip
    head = (_("Begin"), _("End"), _("River"), _("At stations"), _("Kind"), _("What it shows"), _("Likely source"),
            _("Outcome"))  # fmt: skip
    listed = table(_("Events"), head, rows, empty=_("No event in this period."), most=40, more=_more(w))
    return Section(_("Events"), (told,) if told else (), (), (listed,))


def _time(time_ms: int | None, w: Wording) -> str:
    """Day and time of a period that is named above: 11-24 08:30."""
    return NOTHING if time_ms is None else minute(time_ms, w)[5:]


def _more(w: Wording) -> str:
    _ = w._
    return _("{count} more stand in the Excel file of this report.")


def _head(w: Wording) -> tuple[str, ...]:
    _ = w._
    return (_("Name"), _("State"), _("Target"), _("On target"), _("Deciding or main pollutants"),
            _("On the period before"), _("On last year"), _("Valid hours"))  # fmt: skip


def _rows(lines: list[Line], w: Wording) -> list[tuple[Cell, ...]]:
    _ = w._
    rows = []
    for line in lines:
        marks = [word for told, word in ((line.partial, _("partial")), (line.provisional, _("provisional"))) if told]
        state = line.state + (f" ({w.join(marks)})" if marks and line.shade else "")
        rows.append(
            cells(line.name, Cell(state, line.shade), line.target, line.attained, line.reason or NOTHING,
                  line.on_previous, line.on_year, line.hours)
        )  # fmt: skip
    return rows


def _marks(
    of: Mapping[str, Condition], site: Site, w: Wording, wanted: Collection[str]
) -> dict[str, tuple[str, str, str | None]]:
    none = Condition()
    found = {river: of.get(river, none) for river in site.rivers if river in wanted}
    return {river: (w.place(site.rivers[river]), w.mark(one), one.shade) for river, one in found.items()}


def _short(period: Period) -> str:
    """Label of a period where room is short: 10-05, 2026-10, 26-Q4, 2026."""
    return {"day": period.label[5:], "quarter": period.label[2:]}.get(period.kind, period.label)


def _change(change: Any, w: Wording) -> str:
    one = change.subdistrict if change is not None else None
    if one is None:
        return w._("not known")
    return _in_sentence(one.text(english=not w.chinese), w) + ("" if one.comparable else " *")


def _in_sentence(words: str, w: Wording) -> str:
    """Words that begin with a capital where they stand alone."""
    return words if w.chinese else words[:1].lower() + words[1:]


def _percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.1f} %"


def _share(share: float | None) -> Cell:
    return Cell(NOTHING) if share is None else number(round(share, 1), f"{share:.1f} %")

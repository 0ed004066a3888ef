"""The station page in words: what its parts draw, ready for JSON, in one language. Plain text only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from analytics.below_detection import Amount, BelowDetection
from dashboard.board import StationToday, Today
from dashboard.casework.laboratory import Pair
from dashboard.casework.vocabulary import DECISIONS, VISIT_KINDS
from dashboard.freshness import station_age
from dashboard.links import Linker, river_link, station_link
from dashboard.viewdata.station import Coverage, Fault, GatewayNow, Head, Verdict
from dashboard.viewdata.station_care import Care, Checked, Run
from dashboard.viewdata.station_words import fault_name, means, name_of_test, quality_name, state_name
from dashboard.wording import NOTHING, Wording
from sensors.durations import HOUR_MS
from sensors.reading import Quality
from sensors.site import Site

Data = dict[str, Any]

#: Valid hours of a day from which on each shade is taken.
LEVELS = (1, 6, 18, 24)


def head(
    one: StationToday, today: Today, site: Site, gateway: GatewayNow | None, care: Care | None, w: Wording, link: Linker
) -> Data:
    """The head of the page: state, instrument, gateway with its clock, people there."""
    _ = w._
    station = one.station
    river = site.rivers[station.river]
    facts = [
        (_("State"), w.status(one.status)),
        (_("Newest data"), station_age(one, today, w)),
        (_("River"), w.place(river)),
        (_("Location"), _("reach {reach}, {chainage} from its beginning", reach=station.reach,
                       chainage=w.measure(station.chainage_m, "m"))),
        (_("Instrument"), station.profile),
        (_("Polled"), _("by {gateway} every {span}", gateway=station.gateway, span=w.span(station.period_s))),
        (_("Clock"), clock(gateway, today.now_ms, w)),
    ]  # fmt: skip
    remarks = []
    if gateway is not None and gateway.silent:
        remarks.append(_("The gateway gets no answer: {why}", why=gateway.silent))
    if gateway is not None and gateway.online is False:
        remarks.append(_("The gateway is not connected"))
    if care is not None and care.present is not None:
        since = w.instant(care.present.start_ms, today.now_ms)
        person = care.present.person or _("somebody")
        remarks.append(_("{person} is there since {instant}", person=person, instant=since))
    others = [other for other in site.stations_of(river.id) if other.id != station.id]
    return {
        "lang": _.code,
        "name": f"{w.place(station)} ({station.id})",
        "cls": one.water_class,
        "mark": w.water_class(one.water_class),
        "stale": one.status == "silent",
        "trend": None,
        "verdict": {"tone": "bad", "text": _("worse than its river")} if one.worse else {"tone": "", "text": ""},
        "facts": facts,
        "remarks": remarks,
        "stations": [],
        "around": {
            "label": _("On this river"),
            "links": [link(river_link(w.place(river), river.id)),
                      *(link(station_link(w.place(other), other.id)) for other in others)],
        },
    }  # fmt: skip


def clock(gateway: GatewayNow | None, now_ms: int, w: Wording) -> str:
    """State of the clock by which readings get their time."""
    _ = w._
    if gateway is None or gateway.synchronised is None:
        return _("The hub has not reported on this gateway")
    sources = {
        "kernel": _("kept by NTP"), "none": _("NTP has not set it yet"), "unknown": _("nobody can tell"),
        "hub": _("the hub has the same clock"), "simulated": _("simulated"),
    }  # fmt: skip
    told = [
        _("can be believed") if gateway.synchronised else _("cannot be believed"),
        sources.get(gateway.source, gateway.source),
    ]
    if gateway.jumps:
        jump = w.span(abs(gateway.jump_ms) / 1000)
        told.append(_("jumped {count} times, last by {span}", count=gateway.jumps, span=jump))
    if gateway.backlog:
        told.append(_("{count} rows wait in the gateway", count=gateway.backlog))
    if gateway.heard_ms is not None:
        told.append(_("heard {age}", age=w.age(gateway.heard_ms, now_ms)))
    return " · ".join(told)


def health(heads: Sequence[Head], care: Care | None, today: date, now_ms: int, w: Wording) -> Data:
    """Probe health: newest value and flag, share of doubted readings, calibration."""
    _ = w._
    checked = {one.determinand: one for one in care.checked} if care else {}
    return {
        "lang": _.code,
        "caption": _("Probe health"),
        "note": _("shares of the readings of the last 24 h"),
        "head": [
            {"text": _("Determinand")}, {"text": _("Newest"), "number": True}, {"text": _("Flag")},
            {"text": _("State")}, {"text": _("Age")}, {"text": _("Doubted"), "number": True},
            {"text": _("Failed"), "number": True}, {"text": _("Tests that spoke")},
            *([{"text": _("Calibration")}] if care else []),
        ],
        "rows": [
            {
                "key": one.determinand,
                "cells": [
                    {"text": w.determinand(one.determinand)},
                    {"text": with_unit(one.determinand, one.value, w)},
                    {"text": quality_name(one.quality, w), "tone": "bad" if one.quality in (3, 4) else ""},
                    {"text": state_name(one.state, w), "tone": "" if one.state == "N" else "bad"},
                    {"text": w.age(one.time_ms, now_ms)},
                    {"text": share(one.flagged), "tone": "bad" if one.flagged >= 0.2 else ""},
                    {"text": share(one.failed), "tone": "bad" if one.failed >= 0.05 else ""},
                    {"text": w.join([name_of_test(test, w) for test in one.tests]) or NOTHING, "wide": True},
                    *([due(checked.get(one.determinand), today, w)] if care else []),
                ],
            }
            for one in heads
        ],
        "empty": _("Nothing has been read from this station yet."),
    }  # fmt: skip


def with_unit(key: str, value: float | None, w: Wording) -> str:
    """A value with its unit."""
    unit = w.unit(key)
    return w.number(key, value) + (f" {unit}" if unit and value is not None else "")


def share(part: float) -> str:
    """A share, 0 to 1, as people read it."""
    return "0" if not part else f"{part * 100:.1f} %"


def due(one: Checked | None, today: date, w: Wording) -> Data:
    """When a head is to be calibrated again."""
    _ = w._
    if one is None:
        return {"text": _("none on record"), "tone": "dim"}
    left = one.days_left(today)
    if left is None:
        return {"text": NOTHING}
    if left < 0:
        return {"text": _.plural("{count} day late", "{count} days late", -left), "tone": "bad"}
    return {"text": _.plural("due in {count} day", "due in {count} days", left)}


def verdict_table(found: Sequence[Verdict], now_ms: int, w: Wording) -> Data:
    """Flags of the span with test and numbers."""
    _ = w._
    return {
        "lang": _.code,
        "caption": _("Flags of quality control"),
        "note": _("the numbers are those of the reading that is farthest beyond its limit"),
        "head": [
            {"text": _("Determinand")}, {"text": _("Test")}, {"text": _("Flag")},
            {"text": _("Readings"), "number": True}, {"text": _("When")}, {"text": _("Found by the test")},
            {"text": _("Limit")},
        ],
        "rows": [
            {
                "key": f"{one.determinand}/{one.test}",
                "cells": [
                    {"text": w.determinand(one.determinand)}, {"text": name_of_test(one.test, w)},
                    {"text": quality_name(one.flag, w), "tone": "bad" if one.flag == Quality.FAIL else ""},
                    {"text": str(one.readings)}, {"text": w.from_until(one.first_ms, one.last_ms, now_ms)},
                    _number(one.statistic, one.means[0], w), _number(one.limit, one.means[1], w),
                ],
            }
            for one in found
        ],
        "empty": _("No test doubts a reading of this span."),
    }  # fmt: skip


def _number(value: float | None, what: str, w: Wording) -> Data:
    return {"text": NOTHING if value is None else f"{value:.4g}", "note": means(what, w) if what else "", "wide": True}


def doubt_text(tests: Mapping[str, tuple[float | None, float | None]], w: Wording) -> str:
    """What the tests say of one reading: each with what was found and the limit that it passed."""
    told = []
    for test, (statistic, limit) in tests.items():
        numbers = "" if statistic is None or limit is None else f" {statistic:.4g} / {limit:.4g}"
        told.append(name_of_test(test, w) + numbers)
    return w.join(told)


def fault_table(found: Sequence[Fault], now_ms: int, w: Wording) -> Data:
    """Faults that lasted; one of several determinands at the same time is one line."""
    _ = w._
    together: dict[tuple[str, int, int], list[Fault]] = {}
    for one in found:
        together.setdefault((one.kind, one.start_ms, one.end_ms), []).append(one)
    return {
        "lang": _.code,
        "caption": _("Faults that lasted"),
        "note": _("folded from the flags by the rules of quality control"),
        "head": [{"text": _("Fault")}, {"text": _("Determinand")}, {"text": _("When")},
                 {"text": _("Lasted"), "number": True}, {"text": _("Readings"), "number": True}],
        "rows": [
            {
                "key": f"{kind}/{start_ms}/{end_ms}",
                "cells": [
                    {"text": fault_name(kind, w)},
                    {"text": w.names([fault.determinand for fault in these]), "wide": True},
                    {"text": w.from_until(start_ms, end_ms, now_ms)}, {"text": w.span((end_ms - start_ms) / 1000)},
                    {"text": str(max(fault.readings for fault in these))},
                ],
            }
            for (kind, start_ms, end_ms), these in together.items()
        ],
        "empty": _("No fault lasted in this span."),
    }  # fmt: skip


def coverage_heat(found: Coverage, w: Wording) -> Data:
    """Valid hours per day of each determinand."""
    _ = w._
    return {
        "lang": _.code,
        "caption": _("Valid hours of each day"),
        "note": _("an hour counts with one usable reading; today is not over"),
        "corner": _("Determinand"),
        "newest": True,
        "head": [f"{day.month}-{day.day}" for day in found.days],
        "rows": [
            {
                "label": w.short_determinand(key),
                "cells": [
                    {"level": level(hours), "text": str(hours), "title": f"{w.date(day)}: {hours} h"}
                    for day, hours in zip(found.days, all_hours, strict=True)
                ],
            }
            for key, all_hours in found.hours.items()
        ],
        "empty": _("Nothing has been read from this station yet."),
        "legend": [
            {"level": 0, "sample": "0", "text": _("none")}, {"level": 1, "sample": "1–5", "text": "h"},
            {"level": 2, "sample": "6–17", "text": "h"}, {"level": 3, "sample": "18–23", "text": "h"},
            {"level": 4, "sample": "24", "text": "h"},
        ],
    }  # fmt: skip


def level(hours: int) -> int:
    """Shade of a number of valid hours."""
    return sum(hours >= least for least in LEVELS)


def calibration_table(care: Care, today: date, now_ms: int, w: Wording) -> Data:
    """The newest calibration of every head."""
    _ = w._
    return {
        "lang": _.code,
        "caption": _("Calibrations"),
        "head": [{"text": _("Determinand")}, {"text": _("Done")}, {"text": _("Standard"), "number": True},
                 {"text": _("Before setting"), "number": True}, {"text": _("After setting"), "number": True},
                 {"text": _("Tolerance"), "number": True}, {"text": _("Result")}, {"text": _("Next")}],
        "rows": [
            {
                "key": one.determinand,
                "cells": [
                    {"text": w.determinand(one.determinand)}, {"text": w.instant(one.day_ms, now_ms)},
                    *({"text": NOTHING if value is None else f"{value:g}"}
                      for value in (one.standard, one.before, one.after, one.tolerance)),
                    {"text": _passed(one.passed, w),
                     "tone": "" if one.passed is None else "good" if one.passed else "bad"},
                    due(one, today, w),
                ],
            }
            for one in care.checked
        ],
        "empty": _("No calibration is on record."),
    }  # fmt: skip


def _passed(passed: bool | None, w: Wording) -> str:
    _ = w._
    return NOTHING if passed is None else _("passed") if passed else _("not passed")


def visit_table(care: Care, now_ms: int, w: Wording) -> Data:
    """Visits of the last months."""
    _ = w._
    return {
        "lang": _.code,
        "caption": _("Visits"),
        "head": [{"text": _("When")}, {"text": _("Kind")}, {"text": _("Who")}, {"text": _("Note")}],
        "rows": [
            {
                "key": one.id,
                "cells": [
                    {"text": w.from_until(one.start_ms, one.end_ms, now_ms)}, {"text": w.word(VISIT_KINDS, one.kind)},
                    {"text": one.person or NOTHING}, {"text": one.note or NOTHING, "wide": True},
                ],
            }
            for one in care.visits
        ],
        "empty": _("No visit is on record."),
    }  # fmt: skip


def sample_table(found: Sequence[Pair], now_ms: int, w: Wording) -> Data:
    """Laboratory beside probe."""
    _ = w._
    return {
        "lang": _.code,
        "caption": _("Comparison with laboratory samples"),
        "note": _("the probe is the mean of its usable readings half an hour before and after"),
        "head": [{"text": _("Sample")}, {"text": _("Taken")}, {"text": _("Determinand")},
                 {"text": _("Laboratory"), "number": True}, {"text": _("Probe"), "number": True},
                 {"text": _("Difference"), "number": True}, {"text": _("Agrees")}],
        "rows": [
            {
                "key": f"{one.sample}/{one.determinand}",
                "cells": [
                    {"text": one.sample}, {"text": w.instant(one.time_ms, now_ms)},
                    {"text": w.determinand(one.determinand)},
                    {"text": amount(one.laboratory, one.determinand, w)},
                    {"text": with_unit(one.determinand, one.probe, w)},
                    {"text": NOTHING if one.relative is None else f"{one.relative * 100:+.0f} %".replace("-", "−")},
                    {"text": _agrees(one.agrees, w),
                     "tone": "" if one.agrees is None else "good" if one.agrees else "bad"},
                ],
            }
            for one in found
        ],
        "empty": _("No sample is on record."),
    }  # fmt: skip


def _agrees(agrees: bool | None, w: Wording) -> str:
    _ = w._
    return _("cannot be said") if agrees is None else _("agrees") if agrees else _("differs")


def amount(value: Amount, key: str, w: Wording) -> str:
    """What a laboratory found."""
    if isinstance(value, BelowDetection):
        return "ND" if value.limit is None else f"< {value.limit:g}"
    return with_unit(key, value, w)


def run_title(run: Run, now_ms: int, w: Wording) -> str:
    """A run of suspect readings in one line."""
    _ = w._
    tests = w.join([f"{name_of_test(test, w)} {count}" for test, count in run.tests.items()])
    return _(
        "{determinand}, {when}: {count} readings ({tests})", determinand=w.determinand(run.determinand),
        when=w.from_until(run.start_ms, run.end_ms, now_ms), count=run.readings, tests=tests or NOTHING,
    )  # fmt: skip


def run_numbers(run: Run, w: Wording) -> list[str]:
    """The numbers behind the first reading that each test doubts."""
    _ = w._
    told = []
    for test, numbers in run.first.items():
        statistic, limit = numbers.get("statistic"), numbers.get("limit")
        if isinstance(statistic, int | float) and isinstance(limit, int | float):
            told.append(
                _("{test}: found {found}, limit {limit}", test=name_of_test(test, w), found=f"{statistic:.4g}",
                  limit=f"{limit:.4g}")
            )  # fmt: skip
    return told


def decided_table(care: Care, now_ms: int, w: Wording) -> Data:
    """Decisions on suspect readings."""
    _ = w._
    return {
        "lang": _.code,
        "caption": _("Decided"),
        "head": [{"text": _("Determinand")}, {"text": _("When")}, {"text": _("Readings"), "number": True},
                 {"text": _("Decision")}, {"text": _("Reason")}, {"text": _("By")}],
        "rows": [
            {
                "key": str(run.id),
                "cells": [
                    {"text": w.determinand(run.determinand)},
                    {"text": w.from_until(run.start_ms, run.end_ms, now_ms)}, {"text": str(run.readings)},
                    {"text": w.word(DECISIONS, run.decision or "")}, {"text": run.reason, "wide": True},
                    {"text": run.decided_by, "note": w.age(run.decided_ms, now_ms)},
                ],
            }
            for run in care.decided
        ],
        "empty": _("Nothing has been decided yet."),
    }  # fmt: skip


def hours_of(run: Run) -> float:
    """Length of a run and what lies around it, for its chart [h]."""
    return max(24.0, 3 * (run.end_ms - run.start_ms) / HOUR_MS)

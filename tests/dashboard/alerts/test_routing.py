from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.alerts.contacts import Outside
from dashboard.alerts.kinds import MAINTENANCE
from dashboard.alerts.routing import Directory, fits
from dashboard.alerts.sender import Office
from dashboard.alerts.settings import AlertSettings, Route
from dashboard.casework.tables.alerts import Alert
from tests.dashboard.alerts.staged import DAY_MS, NOW_MS


def directory(staged: Office, now_ms: int = NOW_MS, **settings: object) -> Directory:
    given = replace(staged.settings, **settings)
    with staged.books.read() as session:
        return Directory.of(session, staged.desk.site, given, staged.outside, now_ms)


def alert(kind: str = "water_class", severity: str = "warning", **values: object) -> Alert:
    given = {"river": "R01", "department": "water", "detail": {}, "grid": None}
    return Alert(kind=kind, severity=severity, **{**given, **values})


def told(found: Directory, one: Alert, level: int = 1) -> list[str]:
    return [person.id for person in found.told(one, level)]


def test_whoever_is_on_duty_is_told_at_each_level(sqlite_office: Office) -> None:
    found = directory(sqlite_office)
    assert told(found, alert()) == ["li"]
    assert told(found, alert(), 2) == ["wu"]
    assert told(found, alert(), 3) == ["qian"], "after the last level the office"


def test_without_duty_the_settings_then_everybody_of_the_department(sqlite_office: Office) -> None:
    later = NOW_MS + 20 * DAY_MS
    assert told(directory(sqlite_office, later), alert()) == ["li", "wu"]
    assert told(directory(sqlite_office, later, duty={"water": (("wu",), ("li",))}), alert()) == ["wu"]
    assert told(directory(sqlite_office, later, duty={"water": (("wu",), ("li",))}), alert(), 2) == ["li"]


def test_where_nobody_can_be_reached_the_office_is_told(sqlite_office: Office) -> None:
    assert told(directory(sqlite_office), alert(department="ecology")) == ["qian"]
    assert told(directory(sqlite_office), alert(department=None)) == ["qian"]
    nobody = replace(sqlite_office, outside=Outside())
    assert told(directory(nobody), alert()) == []


def test_offices_of_people_csv_are_reached_by_their_contact_keys(sqlite_office: Office) -> None:
    contacts = {"chief-general": {"chat": "c"}, "grid-beipu": {"chat": "g"}, "duty-river-office": {"chat": "o"}}
    office = replace(sqlite_office, outside=replace(sqlite_office.outside, contacts=contacts))
    with office.books.change("t", NOW_MS) as session:
        from dashboard.casework.tables.accounts import Account

        for name in ("zhao", "qian"):
            session.get_one(Account, name).disabled = True
    found = directory(office, office=("duty-river-office",))
    serious = alert(severity="serious", detail={"water_class": "V"})
    assert told(found, serious) == ["li", "chief-general"]
    assert told(found, alert(severity="serious", river="R10"))[:1] == ["li"]
    assert "grid-beipu" in told(found, alert(severity="serious", river="R10"))
    assert told(found, alert(), 3) == ["duty-river-office"]


@pytest.mark.parametrize("kind", sorted(MAINTENANCE))
def test_faults_go_to_the_maintainer_and_to_nobody_who_answers_for_the_water(sqlite_office: Office, kind: str) -> None:
    everything = Route(("event", "water_class", "order", "goal"), ("department", "chief", "grid"))
    routes = (*AlertSettings().routes, everything)
    assert told(directory(sqlite_office, routes=routes), alert(kind, "critical")) == ["sun"]
    sneaky = (Route((kind,), ("department",)),)
    assert told(directory(sqlite_office, routes=sneaky), alert(kind, "critical")) == ["qian"]


def test_overdue_orders_go_where_the_escalation_has_got_to(sqlite_office: Office) -> None:
    found = directory(sqlite_office)
    assert told(found, alert("order", detail={"hears": "department"})) == ["li"]
    assert told(found, alert("order", detail={"hears": "office"})) == ["qian"]
    assert told(found, alert("order", detail={"hears": "chief"})) == ["zhao"]


def test_routes_look_at_kind_class_river_and_severity() -> None:
    route = Route(("event.discharge", "water_class"), ("office",), ("V",), ("R01",), "serious")
    good = alert(severity="serious", detail={"water_class": "V"})
    assert fits(route, good)
    assert not fits(route, alert(severity="warning", detail={"water_class": "V"}))
    assert not fits(route, alert(severity="serious", detail={"water_class": "IV"}))
    assert not fits(route, alert(severity="serious", detail={"water_class": "V"}, river="R02"))
    assert not fits(route, alert("event.overflow", "serious", detail={"water_class": "V"}))
    assert fits(Route(("event",), ("office",)), alert("event.overflow"))
    assert not fits(Route(("event",), ("office",)), alert("event.fault"))

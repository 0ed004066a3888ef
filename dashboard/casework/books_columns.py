"""Columns that many books have, under the headers that people give them."""

from __future__ import annotations

from dashboard.casework.exchange.book import Column
from dashboard.casework.exchange.kinds import Day, Kind, Number, Reference, Text

#: An id; a long text.
ID = Text(64, one_line=True)
LONG = Text(8000)
LINE = Text(200)

CHAINAGE = Number(0, 100_000)
LONGITUDE = Number(-180, 180)
LATITUDE = Number(-90, 90)


def ident(*also: str, required: bool = False) -> Column:
    """The id of a row."""
    return Column("id", "编号", "Number", ID, required, ("id", *also))


def river(required: bool = True) -> Column:
    """The river it is on."""
    return Column("river", "河道", "River", Reference("river"), required, ("河流", "河道名称", "所属河道", "所在河道"))


def reach(required: bool = False) -> Column:
    """The reach it is on."""
    return Column("reach", "河段", "Reach", Reference("reach"), required, ("河段编号",))


def chainage() -> Column:
    """Where on the reach [m]."""
    return Column("chainage_m", "桩号(m)", "Chainage (m)", CHAINAGE, also=("桩号",))


def position() -> tuple[Column, Column]:
    """Longitude and latitude [degrees, WGS 84]."""
    return (
        Column("longitude", "经度", "Longitude", LONGITUDE, also=("lon", "lng", "经度E")),
        Column("latitude", "纬度", "Latitude", LATITUDE, also=("lat", "纬度N")),
    )


def grid() -> Column:
    """The grid it lies in."""
    return Column("grid", "网格", "Grid", Reference("grid"), also=("所属网格", "网格编号"))


def department(*also: str) -> Column:
    """Who answers for it."""
    names = ("部门", "责任单位", *also)
    return Column("department", "责任部门", "Department", Reference("department"), also=names)


def day(attribute: str, zh: str, en: str, *also: str, required: bool = False, ahead: bool = False) -> Column:
    """A calendar day; one that may lie in the future where it is planned."""
    return Column(attribute, zh, en, Day(), required, also, ahead)


def line(attribute: str, zh: str, en: str, *also: str, required: bool = False) -> Column:
    """A short text."""
    return Column(attribute, zh, en, LINE, required, also)


def of(attribute: str, zh: str, en: str, kind: Kind, *also: str, required: bool = False) -> Column:
    """A column of another kind."""
    return Column(attribute, zh, en, kind, required, also)


def note() -> Column:
    """Whatever else there is to say."""
    return Column("note", "备注", "Note", LONG, also=("说明", "remark", "remarks"))

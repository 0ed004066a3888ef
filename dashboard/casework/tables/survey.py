"""Surveyed things that may foul a river: outfalls (排口), riverside shops (沿河商户), leak points (渗漏点)."""

from __future__ import annotations

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Day, Key, Long, Short

#: Stages of an outfall, in order: unknown until surveyed, surveyed, monitored, traced, rectified, written off.
OUTFALL_STAGES = ("unsurveyed", "surveyed", "monitored", "traced", "rectified", "closed")

#: Kinds of rectification: banned (依法取缔), merged (清理合并), regulated (规范整治).
RECTIFICATIONS = ("banned", "merged", "regulated")

#: Of a shop: not visited yet, in order, to be rectified, rectified, closed down.
SHOP_STATES = ("unsurveyed", "in_order", "to_rectify", "rectified", "closed")

#: Of a leak point: found, rectified, and confirmed by the water or a second visit.
LEAK_STATES = ("found", "rectified", "confirmed")


class OutfallRecord(Base):
    """An outfall; those of the site folder and those that were found later."""

    __tablename__ = "outfall"

    id: Mapped[Key] = mapped_column(primary_key=True)
    #: Official code as printed: free text, unique where given.
    code: Mapped[Key | None] = mapped_column(unique=True)
    name: Mapped[Short] = mapped_column(default="")
    river: Mapped[Key] = mapped_column(index=True)
    reach: Mapped[Key | None]
    chainage_m: Mapped[float | None]
    bank: Mapped[Key | None]
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    #: As in the site folder: `sensors.place.OutfallKind`.
    kind: Mapped[Key] = mapped_column(default="unknown")
    #: One of the official kinds: a key of `dashboard.casework.vocabulary.OUTFALL_CATEGORIES`.
    category: Mapped[Short] = mapped_column(default="")
    department: Mapped[Key | None] = mapped_column(index=True)
    stage: Mapped[Key] = mapped_column(default="unsurveyed", index=True)
    surveyed_on: Mapped[Day | None]
    surveyed_by: Mapped[Short] = mapped_column(default="")
    flows_in_dry_weather: Mapped[bool | None]
    sampled_on: Mapped[Day | None]
    source: Mapped[Long] = mapped_column(default="")
    rectification: Mapped[Key | None]
    rectified_on: Mapped[Day | None]
    closed_on: Mapped[Day | None]
    note: Mapped[Long] = mapped_column(default="")


class Shop(Base):
    """A riverside shop, workshop, market or canteen."""

    __tablename__ = "shop"

    id: Mapped[Key] = mapped_column(primary_key=True)
    name: Mapped[Short]
    trade: Mapped[Short] = mapped_column(default="")
    address: Mapped[Short] = mapped_column(default="")
    river: Mapped[Key] = mapped_column(index=True)
    grid: Mapped[Key | None] = mapped_column(index=True)
    longitude: Mapped[float | None]
    latitude: Mapped[float | None]
    outfall: Mapped[Key | None]
    state: Mapped[Key] = mapped_column(default="unsurveyed", index=True)
    surveyed_on: Mapped[Day | None]
    surveyed_by: Mapped[Short] = mapped_column(default="")
    #: Whether its waste water goes into a sewer, and whether it has a grease trap where it needs one.
    sewer_connected: Mapped[bool | None]
    grease_trap: Mapped[bool | None]
    permit: Mapped[Short] = mapped_column(default="")
    note: Mapped[Long] = mapped_column(default="")


class LeakPoint(Base):
    """Where waste water gets out of the system: a broken pipe, a wrong connection, a spilling shop."""

    __tablename__ = "leak_point"

    id: Mapped[Key] = mapped_column(primary_key=True)
    river: Mapped[Key] = mapped_column(index=True)
    reach: Mapped[Key | None]
    chainage_m: Mapped[float | None]
    shop: Mapped[Key | None] = mapped_column(index=True)
    outfall: Mapped[Key | None] = mapped_column(index=True)
    pipe: Mapped[Key | None]
    kind: Mapped[Short] = mapped_column(default="")
    department: Mapped[Key | None] = mapped_column(index=True)
    state: Mapped[Key] = mapped_column(default="found", index=True)
    found_on: Mapped[Day]
    found_by: Mapped[Short] = mapped_column(default="")
    rectified_on: Mapped[Day | None]
    confirmed_on: Mapped[Day | None]
    note: Mapped[Long] = mapped_column(default="")


class RiverPolicy(Base):
    """One list of a river's policy (一河一策): problems, goals, tasks, measures, responsibilities."""

    __tablename__ = "river_policy"
    __table_args__ = (UniqueConstraint("river", "list", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    river: Mapped[Key] = mapped_column(index=True)
    #: problem, goal, task, measure, responsibility.
    list: Mapped[Key]
    position: Mapped[int]
    text: Mapped[Long]
    department: Mapped[Key | None]
    due_on: Mapped[Day | None]
    done_on: Mapped[Day | None]

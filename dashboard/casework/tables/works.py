"""What is built, dredged, cleared or in the way: pipes, sediment, works in the river, structures, boats."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Day, Key, Long, Short

#: Of a pipe: not inspected yet, sound, to be dredged, to be repaired, done.
PIPE_STATES = ("uninspected", "sound", "to_dredge", "to_repair", "done")

#: Works in the river (涉水工程) and blockages of the flow (阻断点).
WORK_KINDS = ("work", "blockage")
WORK_STATES = ("planned", "present", "removed")

STRUCTURE_STATES = ("found", "ordered", "removed", "tolerated")
BOAT_KINDS = ("sunken", "stray")


class Pipe(Base):
    """A segment of sewer or storm drain."""

    __tablename__ = "pipe"

    id: Mapped[Key] = mapped_column(primary_key=True)
    kind: Mapped[Key] = mapped_column(default="sewage")
    road: Mapped[Short] = mapped_column(default="")
    from_node: Mapped[Short] = mapped_column(default="")
    to_node: Mapped[Short] = mapped_column(default="")
    river: Mapped[Key | None] = mapped_column(index=True)
    department: Mapped[Key | None]
    length_m: Mapped[float]
    diameter_mm: Mapped[float | None]
    state: Mapped[Key] = mapped_column(default="uninspected", index=True)
    inspected_on: Mapped[Day | None]
    defects: Mapped[Long] = mapped_column(default="")
    dredged_on: Mapped[Day | None]
    repaired_on: Mapped[Day | None]
    note: Mapped[Long] = mapped_column(default="")


class SedimentClearing(Base):
    """One clearing of sediment (清淤) of a reach or a part of it."""

    __tablename__ = "sediment_clearing"

    id: Mapped[Key] = mapped_column(primary_key=True)
    river: Mapped[Key] = mapped_column(index=True)
    reach: Mapped[Key]
    from_m: Mapped[float]
    to_m: Mapped[float]
    planned_on: Mapped[Day | None]
    begun_on: Mapped[Day | None]
    done_on: Mapped[Day | None]
    volume_m3: Mapped[float | None]
    thickness_cm: Mapped[float | None]
    contractor: Mapped[Short] = mapped_column(default="")
    disposal: Mapped[Short] = mapped_column(default="")
    note: Mapped[Long] = mapped_column(default="")


class RiverWork(Base):
    """A work in the river or a blockage: it stops the flow and fouls the water."""

    __tablename__ = "river_work"

    id: Mapped[Key] = mapped_column(primary_key=True)
    kind: Mapped[Key] = mapped_column(default="work")
    name: Mapped[Short]
    river: Mapped[Key] = mapped_column(index=True)
    reach: Mapped[Key | None]
    chainage_m: Mapped[float | None]
    department: Mapped[Key | None]
    state: Mapped[Key] = mapped_column(default="present", index=True)
    blocks_flow: Mapped[bool | None]
    permit: Mapped[Short] = mapped_column(default="")
    from_on: Mapped[Day | None]
    due_on: Mapped[Day | None]
    removed_on: Mapped[Day | None]
    note: Mapped[Long] = mapped_column(default="")


class Structure(Base):
    """An illegal structure on a bank (违建)."""

    __tablename__ = "structure"

    id: Mapped[Key] = mapped_column(primary_key=True)
    name: Mapped[Short] = mapped_column(default="")
    river: Mapped[Key] = mapped_column(index=True)
    grid: Mapped[Key | None]
    address: Mapped[Short] = mapped_column(default="")
    area_m2: Mapped[float | None]
    owner: Mapped[Short] = mapped_column(default="")
    state: Mapped[Key] = mapped_column(default="found", index=True)
    found_on: Mapped[Day]
    removed_on: Mapped[Day | None]
    note: Mapped[Long] = mapped_column(default="")


class Boat(Base):
    """A sunken or stray boat."""

    __tablename__ = "boat"

    id: Mapped[Key] = mapped_column(primary_key=True)
    kind: Mapped[Key] = mapped_column(default="stray")
    river: Mapped[Key] = mapped_column(index=True)
    place: Mapped[Short] = mapped_column(default="")
    owner: Mapped[Short] = mapped_column(default="")
    found_on: Mapped[Day]
    removed_on: Mapped[Day | None]
    note: Mapped[Long] = mapped_column(default="")

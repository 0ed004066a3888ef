"""Goals (目标) and how far they were each day; the red and black list (红黑榜) as it was published."""

from __future__ import annotations

from sqlalchemy import JSON, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from dashboard.casework.base import Base
from dashboard.casework.tables.columns import Day, Instant, Key, Long, Short

#: What is measured: see `dashboard.casework.measures.MEASURES`.


class Goal(Base):
    """A promise with a measure, a target and a date."""

    __tablename__ = "goal"

    id: Mapped[Key] = mapped_column(primary_key=True)
    name: Mapped[Short]
    name_en: Mapped[Short] = mapped_column(default="")
    #: near, mid, long, year_end, years.
    term: Mapped[Key]
    measure: Mapped[Key]
    target: Mapped[float]
    begins_on: Mapped[Day]
    due_on: Mapped[Day]
    note: Mapped[Long] = mapped_column(default="")


class GoalProgress(Base):
    """How far a goal was at the end of a day."""

    __tablename__ = "goal_progress"
    __audited__ = False

    goal: Mapped[Key] = mapped_column(primary_key=True)
    day: Mapped[Day] = mapped_column(primary_key=True)
    value: Mapped[float]
    total: Mapped[float]


class ListEntry(Base):
    """A line of a month's red and black list, with the points and the records that they come from."""

    __tablename__ = "list_entry"
    __table_args__ = (UniqueConstraint("month", "scope", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[Key] = mapped_column(index=True)
    scope: Mapped[Key]
    subject: Mapped[Key]
    points: Mapped[float]
    colour: Mapped[Key | None]
    parts: Mapped[list[dict[str, object]]] = mapped_column(JSON)
    published_ms: Mapped[Instant | None]

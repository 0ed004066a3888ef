"""Steps of what was surveyed, as the board takes them: the rules of `casework.survey`, the actor's area, days.

An outfall goes 排查 → 监测 → 溯源 → 整治 → 销号 one stage at a time; a shop and a leak point have lives of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from dashboard.access import Viewer
from dashboard.casework.books import BOOKS
from dashboard.casework.database import Books
from dashboard.casework.exchange.book import Book, Merged
from dashboard.casework.exchange.edit import EditRefusedError, Trouble, find_row, name_of
from dashboard.casework.exchange.said import Said, _
from dashboard.casework.sequences import take_turn
from dashboard.casework.survey import (
    SHOP_STEPS,
    STAGE_NEEDS,
    advance_leak,
    advance_outfall,
    find_again,
    set_back_outfall,
    stage_index,
    survey_shop,
)
from dashboard.casework.tables.survey import LEAK_STATES, OUTFALL_STAGES
from dashboard.viewdata.books import today
from dashboard.viewdata.books_rights import editor
from sensors.site import Site

#: Books whose rows have steps.
STEPPING = ("outfalls", "shops", "leak_points")

#: What a visit of a shop enters besides its result.
SHOP_FIELDS = ("surveyed_on", "surveyed_by", "sewer_connected", "grease_trap", "permit", "note")


@dataclass(frozen=True, slots=True)
class Step:
    """A step that a row may take now.

    Attributes
    ----------
    target : str
        State that follows.
    fields : tuple of str
        Attributes that it asks for.
    back : bool
        Whether it takes back what was reached: it needs a reason.
    """

    target: str
    fields: tuple[str, ...] = ()
    back: bool = False


def steps_of(book: str, row: Any) -> list[Step]:
    """Steps that a row may take now, the usual one first."""
    if book == "outfalls":
        at = stage_index(row.stage)
        following = OUTFALL_STAGES[at + 1 : at + 2]
        found = [Step(stage, _fields(stage, row)) for stage in following]
        return found + [Step(stage, (), back=True) for stage in reversed(OUTFALL_STAGES[:at])]
    if book == "shops":
        return [Step(state, SHOP_FIELDS) for state in SHOP_STEPS[row.state]]
    if book == "leak_points":
        at = LEAK_STATES.index(row.state)
        day = {"rectified": ("rectified_on",), "confirmed": ("confirmed_on",)}
        found = [Step(state, day[state]) for state in LEAK_STATES[at + 1 : at + 2]]
        return found + ([Step("found", (), back=True)] if at else [])
    return []


def _fields(stage: str, row: Any) -> tuple[str, ...]:
    """What a stage asks for; an outfall that is dry in dry weather has nothing to sample."""
    dry = row.flows_in_dry_weather is False
    return tuple(name for name in STAGE_NEEDS[stage] if not (dry and name == "sampled_on"))


def take_step(
    books: Books, site: Site, viewer: Viewer, book: str, key: Sequence[Any], step: Step, values: Mapping[str, Any],
    now_ms: int, *, seen: str, reason: str = "",
) -> None:  # fmt: skip
    """Take a step of a row.

    Parameters
    ----------
    books : Books
    site : Site
    viewer : Viewer
    book : str
        One of `STEPPING`.
    key : sequence
    step : Step
    values : mapping of str to object
        Of its fields.
    now_ms : int
        Milliseconds since the epoch, UTC.
    seen : str
        State in which the viewer saw it.
    reason : str, optional
        Of the change; a step back must have one.

    Raises
    ------
    EditRefusedError, dashboard.casework.survey.RefusedError
        If it cannot be taken now; nothing was changed.
    BooksError
        If the books cannot be written.
    """
    known = BOOKS[book]
    if step.back and not reason.strip():
        raise EditRefusedError([Trouble("", None, "", Said(_("a reason: something is taken back")))])
    with books.change(viewer.account, now_ms, reason.strip()) as session:
        take_turn(session)
        row = find_row(session, known, key)
        if row is None or not editor(viewer, site, known)(row):
            raise EditRefusedError([Trouble("", None, "", Said(_("a row of your own area and books")))])
        state = row.stage if book == "outfalls" else row.state
        if state != seen:
            raise EditRefusedError(
                [Trouble(name_of(known, row), None, "", Said(_("the row has changed: look at it again")))]
            )
        last = today(site, now_ms)
        late = [
            Trouble(name_of(known, row), known.column(name), value.isoformat(),
                    Said(_("a day that is not in the future: {last} at the latest"), last=last.isoformat()))
            for name, value in values.items()
            if isinstance(value, date) and value > last
        ]  # fmt: skip
        if late:
            raise EditRefusedError(late)
        _take(session, book, row, step, dict(values), last)
        session.flush()
        if wrong := _checked(known, row, site):
            raise EditRefusedError(wrong)


def _take(session: Session, book: str, row: Any, step: Step, values: dict[str, Any], day: date) -> None:
    if book == "outfalls":
        if step.back:
            set_back_outfall(row, step.target)
        else:
            advance_outfall(session, row, step.target, **values)
    elif book == "shops":
        on, person = values.pop("surveyed_on", None) or day, values.pop("surveyed_by", "") or ""
        survey_shop(row, step.target, on, person, **values)
    elif step.back:
        find_again(row)
    else:
        on = values.get("rectified_on" if step.target == "rectified" else "confirmed_on") or day
        advance_leak(row, step.target, on)


def _checked(book: Book, row: Any, site: Site) -> list[Trouble]:
    """What must hold of a row after the step, orders of days included."""
    values = {column.attribute: getattr(row, column.attribute) for column in book.columns}
    return [
        Trouble(name_of(book, row), book.column(attribute), "" if found is None else str(found), said)
        for check in book.checks
        for attribute, found, said in check(Merged(values, None, site))
    ]

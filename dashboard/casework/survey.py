"""The life of what was surveyed: an outfall from 排查 over 监测, 溯源 and 整治 to 销号; shops; leak points.

Every step has what it needs, and none is skipped: who asks for another gets the reason. The functions change rows of a
session that the caller got from `Books.change`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NoReturn

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard.casework import vocabulary as words
from dashboard.casework.exchange.said import Said, _
from dashboard.casework.tables.files import Attachment
from dashboard.casework.tables.survey import LEAK_STATES, OUTFALL_STAGES, LeakPoint, OutfallRecord, Shop
from dashboard.casework.vocabulary import Words
from sensors.errors import UsageError

#: What each stage adds to what those before it need.
STAGE_NEEDS: Mapping[str, tuple[str, ...]] = {
    "surveyed": ("surveyed_on", "surveyed_by", "flows_in_dry_weather"),
    "monitored": ("sampled_on",),
    "traced": ("source",),
    "rectified": ("rectification", "rectified_on"),
    "closed": ("closed_on",),
}

#: Where a shop may go from each state.
SHOP_STEPS: Mapping[str, tuple[str, ...]] = {
    "unsurveyed": ("in_order", "to_rectify", "closed"),
    "in_order": ("in_order", "to_rectify", "closed"),
    "to_rectify": ("rectified", "closed"),
    "rectified": ("in_order", "to_rectify", "closed"),
    "closed": ("in_order", "to_rectify"),
}


class RefusedError(UsageError):
    """A step that cannot be taken now; `said` is the reason."""

    def __init__(self, said: Said) -> None:
        super().__init__(str(said))
        self.said = said

    def __reduce__(self) -> tuple[Callable[[Said], RefusedError], tuple[Said]]:
        """Rebuild from the reason."""
        return type(self), (self.said,)


def stage_index(stage: str) -> int:
    """Place of a stage in the life of an outfall, 0 for the first."""
    return OUTFALL_STAGES.index(stage)


def needs_of(stage: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Said]]:
    """What is missing of what a stage needs: attribute and what is wanted.

    An outfall that does not flow in dry weather has nothing to sample: monitored and traced, it needs no sample.
    """
    for reached in OUTFALL_STAGES[1 : stage_index(stage) + 1]:
        for attribute in STAGE_NEEDS[reached]:
            if attribute == "sampled_on" and values.get("flows_in_dry_weather") is False:
                continue
            if values.get(attribute) in (None, ""):
                yield attribute, Said(_("something that is not blank in this state"))


def advance_outfall(session: Session, outfall: OutfallRecord, stage: str, **values: Any) -> None:
    """Take an outfall to its next stage.

    Parameters
    ----------
    session : Session
    outfall : OutfallRecord
    stage : str
        The next one of `OUTFALL_STAGES`.
    **values : object
        What the stage needs, by attribute; see `STAGE_NEEDS`. Surveying needs a photo of the outfall besides.

    Raises
    ------
    RefusedError
        If it is not the next one or something is missing; nothing was changed then.
    """
    _must_follow(outfall.id, words.OUTFALL_STAGES, OUTFALL_STAGES, outfall.stage, stage)
    merged = {column: getattr(outfall, column) for needed in STAGE_NEEDS.values() for column in needed} | values
    missing = [attribute for attribute, _said in needs_of(stage, merged)]
    if stage == "surveyed" and not photos(session, "outfall", outfall.id):
        missing.append("photo")
    if missing:
        _needs(outfall.id, words.OUTFALL_STAGES.both(stage), missing)
    for attribute, value in values.items():
        setattr(outfall, attribute, value)
    outfall.stage = stage


def set_back_outfall(outfall: OutfallRecord, stage: str) -> None:
    """Take an outfall back to an earlier stage, because it was found not to have reached a later one.

    What was entered stays; the reason is that of the change.

    Raises
    ------
    RefusedError
        If the stage is not an earlier one.
    """
    if stage not in OUTFALL_STAGES or stage_index(stage) >= stage_index(outfall.stage):
        state = words.OUTFALL_STAGES.both(outfall.stage)
        message = _("{subject} is {state}; it can be taken back to an earlier stage only")
        raise RefusedError(Said(message, subject=outfall.id, state=state))
    outfall.stage = stage


def survey_shop(shop: Shop, state: str, day: date, person: str, **values: Any) -> None:
    """Enter what a visit of a shop found.

    Raises
    ------
    RefusedError
        If a shop cannot come to that state from where it is, or nobody is named.
    """
    if state not in SHOP_STEPS[shop.state]:
        _refuse_step(shop.id, words.SHOP_STATES, shop.state, SHOP_STEPS[shop.state])
    if not person:
        _needs(shop.id, words.SHOP_STATES.both(state), ["surveyed_by"])
    for attribute, value in values.items():
        setattr(shop, attribute, value)
    shop.state, shop.surveyed_on, shop.surveyed_by = state, day, person


def advance_leak(leak: LeakPoint, state: str, day: date) -> None:
    """Say that a leak point was rectified, or that a second look or the water has confirmed it.

    Raises
    ------
    RefusedError
        If it is not the next state, or the day lies before the step before.
    """
    _must_follow(leak.id, words.LEAK_STATES, LEAK_STATES, leak.state, state)
    before = leak.found_on if state == "rectified" else leak.rectified_on
    if before is not None and day < before:
        raise RefusedError(Said(_("not before {first}"), first=before.isoformat()))
    leak.state = state
    if state == "rectified":
        leak.rectified_on = day
    else:
        leak.confirmed_on = day


def find_again(leak: LeakPoint) -> None:
    """Say that a leak point leaks again: it is open as on the first day, and the trail keeps what was said before."""
    leak.state, leak.rectified_on, leak.confirmed_on = "found", None, None


def _must_follow(subject: str, shown: Words, order: tuple[str, ...], state: str, asked: str) -> None:
    """Refuse anything but the next of an order of states."""
    following = order[order.index(state) + 1 :][:1]
    if asked not in following:
        _refuse_step(subject, shown, state, following)


def _refuse_step(subject: str, shown: Words, state: str, following: Iterable[str]) -> NoReturn:
    after = ", ".join(map(shown.both, following)) or "—"
    message = _("{subject} is {state}; next comes {next}")
    raise RefusedError(Said(message, subject=subject, state=shown.both(state), next=after))


def _needs(subject: str, state: str, missing: Iterable[str]) -> NoReturn:
    told = ", ".join(map(words.SURVEY_NEEDS.both, missing))
    raise RefusedError(Said(_("{subject}: {state} needs {missing}"), subject=subject, state=state, missing=told))


def photos(session: Session, subject: str, subject_id: str) -> int:
    """How many photos a row has."""
    found = select(func.count(Attachment.id)).where(
        Attachment.subject == subject, Attachment.subject_id == subject_id, Attachment.media_type.startswith("image/")
    )
    return session.scalar(found) or 0

from __future__ import annotations

import pickle
from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from dashboard.casework.database import Books
from dashboard.casework.survey import (
    RefusedError,
    advance_leak,
    advance_outfall,
    find_again,
    needs_of,
    set_back_outfall,
    survey_shop,
)
from dashboard.casework.tables.files import Attachment
from dashboard.casework.tables.survey import LeakPoint, OutfallRecord, Shop

DAY = date(2026, 5, 4)
STEPS: list[tuple[str, dict[str, Any]]] = [
    ("surveyed", {"surveyed_on": DAY, "surveyed_by": "李", "flows_in_dry_weather": True}),
    ("monitored", {"sampled_on": DAY}), ("traced", {"source": "混接"}),
    ("rectified", {"rectification": "merged", "rectified_on": DAY}), ("closed", {"closed_on": DAY}),
]  # fmt: skip


def photo(session: Session) -> None:
    session.add(Attachment(subject="outfall", subject_id="P1", name="a.jpg", media_type="image/jpeg", size=1,
                           sha256="0" * 64, added_by="li", added_ms=1))  # fmt: skip


def refused(books: Books, stage: str, **values: Any) -> str:
    with pytest.raises(RefusedError) as caught, books.change("li", 2) as session:
        advance_outfall(session, session.get_one(OutfallRecord, "P1"), stage, **values)
    return str(caught.value)


def test_an_outfall_goes_its_way_step_by_step(books: Books) -> None:
    with books.change("li", 1) as session:
        session.add(OutfallRecord(id="P1", river="R01", stage="unsurveyed"))
    assert refused(books, "surveyed", **STEPS[0][1]) == "P1: 已排查 (Surveyed) needs 照片 (photo)"
    with books.change("li", 1) as session:
        photo(session)
    assert refused(books, "surveyed", surveyed_on=DAY).endswith(
        "needs 排查人 (who surveyed it), 旱天是否出流 (flow in dry weather)"
    )
    for number, (stage, values) in enumerate(STEPS):
        for jump in [stage for stage, _ in STEPS[number + 1 :]] + ["unsurveyed", "gone"]:
            assert f"next comes {'已' if number else '已排查'}" in refused(books, jump, **values)
        with books.change("li", 2) as session:
            advance_outfall(session, session.get_one(OutfallRecord, "P1"), stage, **values)
    assert refused(books, "closed") == "P1 is 已销号 (Written off); next comes —"


@pytest.mark.parametrize(("stage", "values"), STEPS[1:])
def test_a_stage_without_what_it_needs_is_refused(books: Books, stage: str, values: dict[str, Any]) -> None:
    reached = [step for step, _ in STEPS].index(stage)
    done = {name: value for _, step in STEPS[:reached] for name, value in step.items()}
    with books.change("li", 1) as session:
        session.add(OutfallRecord(id="P1", river="R01", stage=STEPS[reached - 1][0], **done))
    for name in values:
        assert "needs" in refused(books, stage, **(values | {name: None}))


def test_what_does_not_flow_in_dry_weather_has_nothing_to_sample() -> None:
    values = {"surveyed_on": DAY, "surveyed_by": "李", "flows_in_dry_weather": False}
    assert list(needs_of("monitored", values)) == []
    assert [name for name, _ in needs_of("monitored", values | {"flows_in_dry_weather": True})] == ["sampled_on"]
    assert list(needs_of("unsurveyed", {})) == []


def test_an_outfall_may_be_taken_back(books: Books) -> None:
    outfall = OutfallRecord(id="P1", river="R01", stage="rectified", rectified_on=DAY)
    with pytest.raises(RefusedError, match="to an earlier stage only"):
        set_back_outfall(outfall, "rectified")
    set_back_outfall(outfall, "monitored")
    assert (outfall.stage, outfall.rectified_on) == ("monitored", DAY)


def test_shops() -> None:
    shop = Shop(id="S1", name="店", river="R01", state="unsurveyed")
    with pytest.raises(RefusedError, match=r"S1 is 未排查 \(Not surveyed\); next comes 正常 \(In order\), 待整改"):
        survey_shop(shop, "rectified", DAY, "李")
    with pytest.raises(RefusedError, match="needs 排查人"):
        survey_shop(shop, "to_rectify", DAY, "")
    survey_shop(shop, "to_rectify", DAY, "李", grease_trap=False)
    assert (shop.state, shop.surveyed_on, shop.surveyed_by, shop.grease_trap) == ("to_rectify", DAY, "李", False)
    with pytest.raises(RefusedError, match="next comes 已整改"):
        survey_shop(shop, "in_order", DAY, "李")
    survey_shop(shop, "rectified", DAY, "李")
    survey_shop(shop, "in_order", DAY, "李")


def test_leak_points_are_rectified_then_confirmed_and_may_leak_again() -> None:
    leak = LeakPoint(id="L1", river="R01", state="found", found_on=DAY)
    with pytest.raises(RefusedError, match="next comes 已整改"):
        advance_leak(leak, "confirmed", DAY)
    with pytest.raises(RefusedError, match="not before 2026-05-04"):
        advance_leak(leak, "rectified", date(2026, 5, 3))
    advance_leak(leak, "rectified", date(2026, 5, 6))
    with pytest.raises(RefusedError, match="not before 2026-05-06"):
        advance_leak(leak, "confirmed", DAY)
    advance_leak(leak, "confirmed", date(2026, 5, 6))
    assert (leak.state, leak.rectified_on, leak.confirmed_on) == ("confirmed", date(2026, 5, 6), date(2026, 5, 6))
    with pytest.raises(RefusedError, match="next comes —"):
        advance_leak(leak, "found", DAY)
    find_again(leak)
    assert (leak.state, leak.rectified_on, leak.confirmed_on) == ("found", None, None)


def test_a_refusal_crosses_processes() -> None:
    with pytest.raises(RefusedError) as caught:
        set_back_outfall(OutfallRecord(id="P1", river="R01", stage="surveyed"), "closed")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)

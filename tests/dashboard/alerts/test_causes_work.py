from __future__ import annotations

from datetime import date

import pytest

from dashboard.alerts.causes_work import of_goals, of_orders
from dashboard.casework.deadlines import Overdue
from dashboard.casework.desk import Desk
from dashboard.casework.goals import Forecast, GoalState
from dashboard.casework.measures import Measured
from dashboard.casework.settings import OfficeSettings
from dashboard.casework.tables.goals import Goal
from dashboard.casework.tables.orders import Order
from sensors.site import Site


@pytest.fixture
def desk(xietang: Site) -> Desk:
    return Desk.of(xietang, OfficeSettings(), "en")


def test_each_late_department_is_an_alert_that_goes_further(desk: Desk) -> None:
    order = Order(number="2026-000001", code="斜塘督办1", title="Outfall", river="R01", grid="G001", event="E1")
    late = [
        Overdue("2026-000001", "water", 1, "department", 5), Overdue("2026-000001", "community", 3, "chief", 5),
        Overdue("2026-000002", None, 2, "office", 5),
    ]  # fmt: skip
    first, second = of_orders(desk, late, {order.number: order})
    assert (first.key, first.severity, first.stage, first.department) == (
        "order:2026-000001:water", "warning", 1, "water",
    )  # fmt: skip
    assert (second.severity, second.stage, second.detail["hears"]) == ("serious", 3, "chief")
    assert first.text.splitlines() == ["Outfall", "Late: Water affairs"]


@pytest.mark.parametrize(
    ("standing", "told"),
    [("at_risk", ("warning", 0)), ("missed", ("serious", 1)), ("on_track", None), ("reached", None), ("unknown", None)],
)
def test_goals_at_risk_are_told(desk: Desk, standing: str, told: tuple[str, int] | None) -> None:
    goal = Goal(id="g", name="目标", name_en="Goal", due_on=date(2026, 12, 31))
    forecast = Forecast(date(2027, 3, 1), 0.1, date(2026, 9, 1), "pace")
    measured = Measured.__new__(Measured)
    found = list(of_goals(desk, [GoalState(goal, measured, 1.0, forecast, standing)]))
    assert [(one.severity, one.stage) for one in found] == ([told] if told else [])
    if found:
        assert found[0].text.splitlines() == ["Due 2026-12-31", "At this pace: 2027-03-01"]

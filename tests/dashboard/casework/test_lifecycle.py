"""The life of an order against a model of it: nothing happens that may not, nothing gets lost, every trace stays.

The model is written here from what the office promised, apart from the table that the program follows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from dashboard.casework.audit import AuditEntry, verify
from dashboard.casework.database import Books
from dashboard.casework.desk import Desk
from dashboard.casework.lifecycle import LABELS, RULES, SERVICE, STATES, Actor, StepRefusedError, check_rule
from dashboard.casework.orders import apply, open_order
from dashboard.casework.tables.orders import ORDER_STATES, Order, OrderStep
from dashboard.i18n import translator
from tests.dashboard.casework.made import CHIEF, HOUR_MS, NOW, OFFICE, given, order_of, photo

DEPARTMENTS = ("water", "city_management", "market")
ACTORS = (OFFICE, OFFICE, CHIEF, SERVICE, Actor("root", "admin"), Actor("x", "public"),
          *(Actor(name, "department", name) for name in DEPARTMENTS))  # fmt: skip

#: (state, step) -> next state, for steps that move an order on.
MOVES = {
    ("draft", "register"): "registered",
    ("draft", "dismiss"): "dismissed",
    ("registered", "assign"): "assigned",
    ("returned", "assign"): "assigned",
    ("assigned", "return"): "returned",
    ("assigned", "accept"): "accepted",
    ("redo", "accept"): "accepted",
    ("accepted", "close"): "done",
    ("done", "redo"): "redo",
    ("done", "archive"): "archived",
    ("done", "reopen"): "redo",
    ("archived", "reopen"): "redo",
}
OFFICE_MOVES = {"register", "dismiss", "assign", "redo", "archive", "reopen"}
STEPS = sorted({step for _, step in MOVES} | {"urge", "feedback", "reply", "answer", "hand_back", "replace", "extend"})


@dataclass
class Model:
    """What an order should be."""

    state: str
    steps: int = 1
    assigned_ms: int = 0
    parts: dict[str, str] = field(default_factory=dict)
    lead: str = ""
    #: Id of the step -> who must answer.
    open: dict[int, str] = field(default_factory=dict)


def may(model: Model, step: str, actor: Actor, now_ms: int, text: bool, picture: bool, to: tuple[str, ...]) -> bool:
    """Whether the office's rules allow a step."""
    own = model.parts.get(actor.department or "")
    is_lead = actor.role == "department" and actor.department == model.lead and own != "returned"
    has_part = actor.role == "department" and own not in (None, "returned")
    working = model.state in ("assigned", "accepted", "redo")
    in_time = now_ms - model.assigned_ms <= 24 * HOUR_MS
    if step in OFFICE_MOVES:
        allowed = actor.role == "office" or (step == "reopen" and actor.role == "service")
        needs_text = step in ("dismiss", "redo", "reopen")
        if step == "assign" and not to:
            return False
        if step == "archive" and "office" in model.open.values():
            return False
        return allowed and (model.state, step) in MOVES and (text or not needs_text)
    if (model.state, step) in MOVES:
        if step == "return":
            return is_lead and text and in_time
        if step == "close" and (
            "department" in model.open.values()
            or any(state != "answered" for name, state in model.parts.items() if name != model.lead)
        ):
            return False
        return is_lead and text and picture
    if not text:
        return False
    if step == "urge":
        return actor.role == "office" and model.state == "accepted"
    if step == "feedback":
        return has_part and model.state == "accepted"
    if step == "extend":
        return actor.role == "office" and working
    if step == "answer":
        return has_part and not is_lead and working and own != "answered"
    if step == "hand_back":
        return has_part and not is_lead and model.state in ("assigned", "accepted") and own == "assigned" and in_time
    if step == "reply":
        asked = next(iter(model.open.values()), None)
        fits = (asked == "office" and actor.role == "office") or (asked == "department" and has_part)
        return fits and (working or model.state == "done")
    return False


def machine(books: Books, desk: Desk) -> type[RuleBasedStateMachine]:
    """A machine over books that are there already: each run adds orders to those of the runs before."""

    class OrderMachine(RuleBasedStateMachine):
        orders = Bundle("orders")

        def __init__(self) -> None:
            super().__init__()
            self.now_ms = NOW
            self.models: dict[str, Model] = {}
            with books.read() as session:
                self.before = session.scalar(select(func.count()).select_from(Order)) or 0

        @precondition(lambda self: len(self.models) < 3)
        @rule(target=orders, drafted=st.booleans())
        def open(self, drafted: bool):
            state, actor = ("draft", SERVICE) if drafted else ("registered", OFFICE)
            with books.change(actor.account, self.now_ms) as session:
                number = open_order(session, desk, actor, self.now_ms, title="x", origin="public", state=state).number
            self.models[number] = Model(state)
            return number

        @rule(hours=st.sampled_from([1, 12, 25]))
        def time_passes(self, hours: int) -> None:
            self.now_ms += hours * HOUR_MS

        @rule(number=orders, step=st.sampled_from(STEPS), actor=st.sampled_from(ACTORS), text=st.booleans(),
              picture=st.booleans(), to=st.lists(st.sampled_from(DEPARTMENTS), unique=True, max_size=3))  # fmt: skip
        def anybody_tries(self, number: str, step: str, actor: Actor, text: bool, picture: bool, to: list) -> None:
            self._try(number, step, actor, text, picture, tuple(to))

        @rule(number=orders, pick=st.sampled_from(range(24)), to=st.permutations(DEPARTMENTS), many=st.integers(1, 3))
        def somebody_goes_on(self, number: str, pick: int, to: list, many: int) -> None:
            """Whoever may, does: random tries alone would seldom come far."""
            chosen, model = tuple(to[:many]), self.models[number]
            able = [
                (step, actor)
                for step in STEPS
                for actor in dict.fromkeys(ACTORS)
                if may(model, step, actor, self.now_ms, True, True, chosen)
            ]
            moves = [each for each in able if (model.state, each[0]) in MOVES]
            # Every other time the order itself moves on, where it can.
            pool = moves if moves and pick % 2 else able
            if pool:
                step, actor = pool[pick // 2 % len(pool)]
                self._try(number, step, actor, True, True, chosen)

        def _try(self, number: str, step: str, actor: Actor, text: bool, picture: bool, to: tuple[str, ...]) -> None:
            model = self.models[number]
            allowed = may(model, step, actor, self.now_ms, text, picture, to)
            question = next(iter(model.open), None)
            try:
                with books.change(actor.account, self.now_ms) as session:
                    done = apply(
                        session, desk, number, step, actor, self.now_ms,
                        text="words" if text else " ",
                        files=[photo(session, number)] if picture else [],
                        assignment=given(*to, due_ms=self.now_ms + 1) if step == "assign" and to else None,
                        due_ms=self.now_ms + HOUR_MS if step == "extend" else None,
                        answers=question if step == "reply" else None,
                    )  # fmt: skip
                    id_ = done.id
            except StepRefusedError:
                assert not allowed, f"{step} by {actor} was refused in {model}"
            else:
                assert allowed, f"{step} by {actor} was done in {model}"
                self._follow(model, step, actor, id_, to)
            assert order_of(books, number).state == model.state

        def _follow(self, model: Model, step: str, actor: Actor, id_: int, to: tuple[str, ...]) -> None:
            model.steps += 1
            model.state = MOVES.get((model.state, step), model.state)
            if step == "assign":
                model.parts, model.lead, model.assigned_ms = dict.fromkeys(to, "assigned"), to[0], self.now_ms
            elif step in ("redo", "reopen"):
                model.parts = dict.fromkeys(model.parts, "redo")
            elif step == "return":
                model.parts = dict.fromkeys(model.parts, "returned")
            elif step in ("answer", "close"):
                model.parts[actor.department or ""] = "answered"
            elif step == "hand_back":
                model.parts[actor.department or ""] = "returned"
            elif step == "urge":
                model.open[id_] = "department"
            elif step == "feedback":
                model.open[id_] = "office"
            elif step == "reply":
                model.open.pop(next(iter(model.open)))

        @invariant()
        def no_case_is_lost(self) -> None:
            with books.read() as session:
                assert session.scalar(select(func.count()).select_from(Order)) == self.before + len(self.models)

        def teardown(self) -> None:
            for number, model in self.models.items():
                order = order_of(books, number)
                assert order.state == model.state
                assert {part.department: part.state for part in order.parts} == model.parts
                assert len(order.steps) == model.steps
                states = [(step.from_state, step.to_state) for step in order.steps]
                assert states[0][0] is None
                assert all(left[1] == right[0] for left, right in pairwise(states))
                assert states[-1][1] == order.state

    return OrderMachine


def test_the_life_of_orders_is_that_of_the_model(books: Books, desk: Desk) -> None:
    run_state_machine_as_test(
        lambda: machine(books, desk)(),
        settings=settings(
            max_examples=15, stateful_step_count=50, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    with books.read() as session:
        assert verify(session).problems == ()
        moved = set(session.execute(select(OrderStep.from_state, OrderStep.action, OrderStep.to_state)).all())
        audited = select(func.count()).where(AuditEntry.subject == "order_step", AuditEntry.action == "insert")
        assert session.scalar(audited) == session.scalar(select(func.count()).select_from(OrderStep))
    done = {(before, step) for before, step, after in moved if before != after and before is not None}
    # The runs have come through the whole life.
    assert done == set(MOVES)


def test_every_state_and_step_has_words() -> None:
    assert tuple(STATES) == ORDER_STATES
    assert set(LABELS) == {"open", "notice", *RULES}
    for each in RULES.values():
        assert set(each.sources) <= set(ORDER_STATES)
        assert each.target is None or each.target in ORDER_STATES


def test_a_refusal_is_told_in_words() -> None:
    with pytest.raises(StepRefusedError) as caught:
        check_rule("close", "assigned", OFFICE)
    assert str(caught.value) == "close is not possible while the order is assigned"
    assert caught.value.told(translator("en")) == "Report done is not possible while the order is Assigned"

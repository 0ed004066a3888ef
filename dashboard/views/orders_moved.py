"""An order that somebody else moved on while it stood open here: who did what is said, and what was typed is kept.

What this page showed last is kept in the session: a form is only sent for the order as its reader saw it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from dashboard.casework.order_lists import Story
from dashboard.casework.tables.orders import OrderStep
from dashboard.page import Context
from dashboard.viewdata import orders as orders_page
from dashboard.viewdata.orders_words import action_word, minute, role_word, state_word
from dashboard.views.text import plain


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the page showed: its newest step, the step that was chosen, and the widget by which one sees that it did."""

    newest: int
    action: str | None
    widget: str


def turn(number: str) -> int:
    """How many steps of this order were taken from this page: fields of the next one have keys of their own."""
    return int(st.session_state.get(f"orders-turn-{number}", 0))


def taken(number: str) -> None:
    """A step was taken from here: what follows is no surprise."""
    st.session_state[f"orders-turn-{number}"] = turn(number) + 1
    noticed(number)


def noticed(number: str) -> None:
    """What was done from here is known here."""
    for name in ("shown", "moved"):
        st.session_state.pop(f"orders-{name}-{number}", None)


def chosen(number: str) -> str | None:
    """The step that was chosen when the page was drawn before."""
    shown = st.session_state.get(f"orders-shown-{number}")
    return shown.action if isinstance(shown, _Shown) else None


def seen(found: Story, action: str | None, widget: str) -> None:
    """Keep what the page shows now."""
    newest = max((step.id for step in found.steps), default=0)
    st.session_state[f"orders-shown-{found.order.number}"] = _Shown(newest, action, widget)


def look(context: Context, found: Story, names: Mapping[str, str], actions: Sequence[str]) -> bool:
    """Say what happened since the page was drawn; whether that is new, so that nothing may be sent in this run."""
    number = found.order.number
    shown = st.session_state.get(f"orders-shown-{number}")
    if isinstance(shown, _Shown) and shown.widget not in st.session_state:
        # Another page stood here in between: nothing is left that could be out of date.
        noticed(number)
        shown = None
    fresh = [step for step in found.steps if isinstance(shown, _Shown) and step.id > shown.newest and _matters(step)]
    told = st.session_state.get(f"orders-moved-{number}")
    if fresh and isinstance(shown, _Shown):
        lines = [_line(context, found, names, step) for step in fresh]
        before: tuple[list[str], str, str | None] = told or ([], "", None)
        left = _left(number, shown, context.translate.code) if shown.action not in actions else ""
        told = ([*before[0], *lines], left or before[1], shown.action if left else before[2])
        st.session_state[f"orders-moved-{number}"] = told
    if told:
        _tell(context, *told)
    return bool(fresh)


def _matters(step: OrderStep) -> bool:
    """Steps of people, and those by which the order came into another state: a reminder changes no form."""
    return step.role != "service" or step.to_state != step.from_state


def _line(context: Context, found: Story, names: Mapping[str, str], step: OrderStep) -> str:
    _, w = context.translate, context.words
    service = step.role == "service"
    who = role_word(_, step.role) if service else orders_page.person(step.actor, names, context.site, w)
    values = {"time": minute(step.time_ms, w), "who": who, "action": action_word(_, step.action)}
    if step.to_state is not None and step.to_state != step.from_state:
        return _("{time} {who}: {action}, now {state}", **values, state=state_word(_, step.to_state))
    return _("{time} {who}: {action}", **values)


def _left(number: str, shown: _Shown, code: str) -> str:
    """What was typed into a form that is not offered any more."""
    end = f"-{number}-{turn(number)}-{shown.action}-{code}"
    texts = [
        value
        for key, value in st.session_state.items()
        if isinstance(key, str) and key.endswith(end) and key.startswith(("text-", "requirement-"))
        if isinstance(value, str) and value.strip()
    ]
    return "\n\n".join(texts)


def _tell(context: Context, lines: Sequence[str], left: str, action: str | None) -> None:
    _ = context.translate
    said = [_("Meanwhile this order was moved on. Nothing was sent from this page."), *lines]
    if not left:
        said.append(_("What you typed still stands below: look at it again before you send it."))
    st.warning("  \n".join(map(plain, said)))
    if left and action is not None:
        st.text(_("What you had typed for “{action}”, to be copied:", action=action_word(_, action)))
        st.code(left, language=None, wrap_lines=True)

"""What can be done with an order now: exactly the steps that its life offers the viewer, each with what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import streamlit as st

from dashboard.casework.files import FileSettings, attach
from dashboard.casework.lifecycle import ANSWERED_BY, LABELS, RULES, StepRefusedError
from dashboard.casework.order_effects import Assignment, Part, unanswered
from dashboard.casework.order_lists import Story
from dashboard.casework.orders import apply, possible
from dashboard.casework.survey import RefusedError
from dashboard.casework.tables.orders import Order
from dashboard.page import Context
from dashboard.viewdata.orders_words import action_word, department_names, minute, urgency_words
from dashboard.views import orders_moved
from dashboard.views.text import plain
from dashboard.views.typed import fits

#: Most files that go with one step.
FILES = 9

#: Endings that the chooser of files offers; what a file is is decided by its content.
ENDINGS = ["jpg", "jpeg", "png", "webp", "pdf", "docx", "xlsx"]

#: Steps that lead on: one of them is proposed. What goes back or aside is nothing to press by mistake: it is chosen.
ONWARD = ("register", "assign", "accept", "close", "archive", "answer")

#: Longest text of a step [characters].
TEXT_LENGTH = 4000


@dataclass
class Given:
    """What was filled in for a step: arguments of `orders.apply`, and what is to be looked at before.

    Attributes
    ----------
    text, files, more
    typed : dict of str to (str, int)
        Every text by the name of its field, and how long it may be [characters].
    missing : str
        What has to be filled in first, in the reader's language; empty where nothing is missing.
    """

    text: str = ""
    files: Sequence[Any] = ()
    typed: dict[str, tuple[str, int]] = field(default_factory=dict)
    missing: str = ""
    more: dict[str, Any] = field(default_factory=dict)


def draw(context: Context, found: Story, names: Mapping[str, str]) -> None:
    """Draw the steps that the viewer may take, and take the one that is sent; `names` are those of the accounts."""
    _, order, viewer = context.translate, found.order, context.viewer
    given_back = any(part.state == "returned" for part in order.parts)
    actions = [one for one in possible(order, viewer.actor) if one != "replace" or given_back]
    turn = orders_moved.turn(order.number)
    # Others' steps leave the fields as they are; a step of one's own begins with empty ones.
    radio = f"step-{order.number}-{turn}-{'-'.join(actions)}-{_.code}"
    moved = orders_moved.look(context, found, names, actions)
    if not actions:
        orders_moved.seen(found, None, radio)
        return
    st.subheader(_("What to do"), anchor=False)
    earlier = orders_moved.chosen(order.number)
    proposed = next((at for at, one in enumerate(actions) if one == earlier), None)
    if proposed is None:
        proposed = next((at for at, one in enumerate(actions) if one in ONWARD), None)
    action = st.radio(
        _("Step"), actions, index=proposed, format_func=lambda one: action_word(_, one), horizontal=True,
        key=radio, label_visibility="collapsed",
    )  # fmt: skip
    orders_moved.seen(found, action, radio)
    if action is None:
        return
    with st.container(border=True):
        key = f"{order.number}-{turn}-{action}-{_.code}"
        given = _form(context, found, action, key)
        sent = st.button(action_word(_, action), type="primary", key=f"take-{key}")
        if sent and not moved:
            _take(context, order.number, action, given)


def _form(context: Context, found: Story, action: str, key: str) -> Given:
    """The fields of a step."""
    _ = context.translate
    given = Given()
    if (ask := _FORMS.get(action)) is not None:
        ask(context, found, given, key)
    if action not in ("register", "assign", "archive"):
        needed = "text" in RULES[action].needs
        label = _("What to say") if needed else _("What to say (may stay empty)")
        given.text = st.text_area(label, key=f"text-{key}")
        given.typed[label] = (given.text, TEXT_LENGTH)
    if context.viewer.actor.role == "department":
        settings = FileSettings()
        label = _("Photos and files")
        if "photo" in RULES[action].needs:
            label = _("Photos and files (at least one photo)")
        uploaded = st.file_uploader(
            label, type=ENDINGS, accept_multiple_files=True, key=f"files-{key}",
            max_upload_size=settings.document_bytes >> 20,
            help=_(
                "JPEG, PNG or WebP up to {photo} MB; PDF, Word or Excel up to {document} MB; at most {count} files. "
                "Where a photo was taken is removed from it.",
                photo=settings.photo_bytes >> 20, document=settings.document_bytes >> 20, count=FILES,
            ),
        )  # fmt: skip
        given.files = uploaded or ()
    return given


def _take(context: Context, number: str, action: str, given: Given) -> None:
    """Take a step: files and step are one change, so that a refused step leaves nothing behind."""
    _, viewer, now_ms = context.translate, context.viewer, context.now()
    context.require(f"order.{action}")
    if not fits(_, given.typed):
        return
    if given.missing:
        st.error(given.missing)
        return
    if len(given.files) > FILES:
        st.error(_("At most {count} files go with one step.", count=FILES))
        return
    try:
        with context.books.change(viewer.account, now_ms, action) as session:
            ids = []
            for file in given.files:
                added = attach(
                    session, context.books.files, Order.__tablename__, number, file.name, file.getvalue(),
                    viewer.account, now_ms,
                )  # fmt: skip
                session.flush()
                ids.append(added.id)
            apply(session, context.desk, number, action, viewer.actor, now_ms, text=given.text, files=ids, **given.more)
    except StepRefusedError as refused:
        st.error(plain(refused.told(_, department_names(context.site, context.words))))
        return
    except RefusedError as refused:
        st.error(plain(refused.said.text(_)))
        return
    st.session_state["orders-told"] = _("{action}: done", action=_(LABELS[action]))
    orders_moved.taken(number)
    st.rerun()


def _assign(context: Context, found: Story, given: Given, key: str) -> None:
    """To whom, until when, how urgently; the deadline is what the settings propose until somebody chooses another."""
    _, order, desk = context.translate, found.order, context.desk
    names = department_names(context.site, context.words)
    groups = desk.settings.groups
    joint: str | None = None
    if groups:
        joint = st.selectbox(
            _("Joint on-site office"), list(groups), index=None, placeholder=_("none"), key=f"joint-{key}",
            format_func=lambda one: plain(f"{one}: {context.words.join([names[each] for each in groups[one]])}"),
        )  # fmt: skip
    group = groups[joint] if joint else ()
    proposed = group[0] if group else _proposed(context, found)
    if proposed not in names:
        proposed = None
    lead = st.selectbox(
        _("Lead department"), list(names), index=list(names).index(proposed) if proposed else None,
        format_func=lambda one: plain(names[one]), key=f"lead-{joint}-{key}", placeholder=_("none"),
    )  # fmt: skip
    others = st.multiselect(
        _("Co-handling departments"), [name for name in names if name != lead],
        default=[name for name in group[1:] if name != lead], format_func=lambda one: plain(names[one]),
        key=f"others-{joint}-{lead}-{key}", placeholder=_("none"),
    )  # fmt: skip
    urgencies = urgency_words(_)
    urgency = st.radio(
        _("Urgency"), list(urgencies), index=list(urgencies).index(order.urgency), format_func=urgencies.__getitem__,
        horizontal=True, key=f"urgency-{key}",
    )  # fmt: skip
    due_ms = _deadline(context, _("Deadline"), desk.proposed_due(urgency, context.now()), f"due-{urgency}-{key}")
    requirement = st.text_area(_("Requirement"), key=f"requirement-{key}")
    given.typed[_("Requirement")] = (requirement, TEXT_LENGTH)
    parts = [Part(lead, requirement.strip())] if lead else []
    for name in others:
        own = st.text_input(
            _("Requirement for {department} (empty: the same)", department=plain(names[name])),
            key=f"requirement-{name}-{key}",
        )  # fmt: skip
        given.typed[_("Requirement for {department} (empty: the same)", department=names[name])] = (own, TEXT_LENGTH)
        parts.append(Part(name, own.strip() or requirement.strip()))
    if parts and not all(part.requirement for part in parts):
        given.missing = _("Fill in the requirement: what the departments are to do.")
    if parts and due_ms is not None:
        given.more["assignment"] = Assignment(tuple(parts), due_ms, urgency)


def _proposed(context: Context, found: Story) -> str | None:
    """Who answers there: the outfall's department, else the one that the case names, else the river's."""
    order, site = found.order, context.site
    outfall = site.outfalls.get(order.outfall or "")
    if outfall is not None:
        return outfall.department
    named = order.evidence.get("department")
    if isinstance(named, str):
        return named
    river = site.rivers.get(order.river or "")
    return None if river is None else river.department


def _deadline(context: Context, label: str, proposed_ms: int, key: str) -> int | None:
    """Deadline in the site's time zone [ms since the epoch, UTC]."""
    zone = context.words.zone
    first = datetime.fromtimestamp(proposed_ms / 1000, zone).replace(tzinfo=None, second=0, microsecond=0)
    chosen = st.datetime_input(label, value=first, key=key)
    return None if chosen is None else round(chosen.replace(tzinfo=zone).timestamp() * 1000)


def _again(context: Context, found: Story, given: Given, key: str) -> None:
    """Whose parts are to be done again, and until when."""
    _, order = context.translate, found.order
    names = department_names(context.site, context.words)
    given.more["departments"] = st.multiselect(
        _("Whose part (none: all)"), [part.department for part in order.parts],
        format_func=lambda one: plain(names.get(one, one)), key=f"whose-{key}", placeholder=_("all"),
    )  # fmt: skip
    proposed = context.desk.proposed_due(order.urgency, context.now())
    given.more["due_ms"] = _deadline(context, _("Deadline"), proposed, f"due-{key}")


def _extend(context: Context, found: Story, given: Given, key: str) -> None:
    _, order = context.translate, found.order
    names = department_names(context.site, context.words)
    given.more["department"] = st.selectbox(
        _("Whose part"), [part.department for part in order.parts], index=None, placeholder=_("all of them"),
        format_func=lambda one: plain(names.get(one, one)), key=f"whose-{key}",
    )  # fmt: skip
    late_ms = max(order.due_ms or 0, context.now())
    given.more["due_ms"] = _deadline(
        context, _("New deadline"), context.desk.calendar.add_days(late_ms, 1), f"due-{key}"
    )


def _replace(context: Context, found: Story, given: Given, key: str) -> None:
    _, order = context.translate, found.order
    names = department_names(context.site, context.words)
    returned = [part.department for part in order.parts if part.state == "returned"]
    given.more["department"] = st.selectbox(
        _("Part that was given back"), returned, format_func=lambda one: plain(names.get(one, one)), key=f"back-{key}"
    )
    taken = {part.department for part in order.parts}
    new = st.selectbox(
        _("Who gets it"), [name for name in names if name not in taken], index=None, placeholder=_("nobody"),
        format_func=lambda one: plain(names[one]), key=f"new-{key}",
    )  # fmt: skip
    given.more["departments"] = [new] if new else []


def _reply(context: Context, found: Story, given: Given, key: str) -> None:
    """Which question is answered."""
    _ = context.translate
    asked = [
        step
        for kind, role in ANSWERED_BY.items()
        if role == context.viewer.actor.role
        for step in unanswered(found.order, kind)
    ]
    words = {
        step.id: f"{action_word(_, step.action)} {minute(step.time_ms, context.words)}: {step.text[:80]}"
        for step in asked
    }
    given.more["answers"] = st.selectbox(
        _("Answer to"), list(words), format_func=lambda one: plain(words[one]), key=f"asked-{key}"
    )


#: Fields besides text and files.
_FORMS: Mapping[str, Callable[[Context, Story, Given, str], None]] = {
    "assign": _assign, "redo": _again, "reopen": _again, "extend": _extend, "replace": _replace, "reply": _reply,
}  # fmt: skip

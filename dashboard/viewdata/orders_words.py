"""How orders are spoken of on the board: states, urgencies, origins, steps, people and departments."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from dashboard.casework.lifecycle import LABELS, STATES
from dashboard.i18n import Translator
from dashboard.rights import ROLE_WORDS
from dashboard.wording import NOTHING, Wording
from sensors.site import Site


def state_word(_: Translator, state: str) -> str:
    """State of an order."""
    return _(STATES[state])


def action_word(_: Translator, action: str) -> str:
    """Step of an order."""
    return _(LABELS[action])


def role_word(_: Translator, role: str) -> str:
    """Who somebody is."""
    return _(ROLE_WORDS[role]) if role in ROLE_WORDS else role


def urgency_words(_: Translator) -> dict[str, str]:
    """Urgencies, the least first."""
    return {"normal": _("Normal"), "urgent": _("Urgent"), "critical": _("Very urgent")}


def origin_words(_: Translator) -> dict[str, str]:
    """Where an order comes from."""
    return {
        "event": _("Measured event"), "superior": _("Handed down"), "media": _("Media"),
        "public": _("Public complaint"), "patrol": _("Patrol record"), "chief": _("Task of a river chief"),
        "inspection": _("Inspection finding"),
    }  # fmt: skip


def part_state_words(_: Translator) -> dict[str, str]:
    """State of a department's part."""
    return {
        "assigned": _("Being worked on"), "answered": _("Answered"), "returned": _("Given back"),
        "redo": _("To be done again"),
    }  # fmt: skip


def notice_words(_: Translator) -> dict[str, str]:
    """Kinds of notice."""
    return {"supervision": _("Supervision notice"), "rectification": _("Rectification notice")}


def department_names(site: Site, w: Wording) -> Mapping[str, str]:
    """Names of the departments by id."""
    return {
        one.id: one.name if w.chinese else one.name_en or one.name for one in site.departments.values()
    }  # fmt: skip


def river_name(site: Site, river: str | None, w: Wording) -> str:
    """Name of a river; a dash where there is none."""
    known = site.rivers.get(river or "")
    return w.place(known) if known is not None else river or NOTHING


def minute(time_ms: int | None, w: Wording) -> str:
    """Instant with its day, in the site's time zone: 2026-11-24 08:30."""
    if time_ms is None:
        return NOTHING
    return f"{datetime.fromtimestamp(time_ms / 1000, w.zone):%Y-%m-%d %H:%M}"

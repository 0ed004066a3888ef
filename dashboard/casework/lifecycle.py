"""The life of a work order (工单) as data: who may take which step, from which state, and what it needs.

States, transitions and side actions are those of the county platform that the project follows (登记 交办 责任退回 承办
重办 办结 归档, 催办, 反馈); the steps of the service, and those of single departments, are this project's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dashboard.casework.marked import _
from dashboard.i18n import Translator
from dashboard.rights import PROGRAM, ROLE_WORDS, may
from sensors.errors import UsageError

#: States, and source strings for people.
STATES: Mapping[str, str] = MappingProxyType(
    {
        "draft": _("Draft"),
        "registered": _("Registered"),
        "assigned": _("Assigned"),
        "returned": _("Given back"),
        "accepted": _("Taken on"),
        "redo": _("To be done again"),
        "done": _("Reported done"),
        "archived": _("Archived"),
        "dismissed": _("Dismissed"),
    }
)

#: Who waits: the office has the next step, the departments have it, nobody has.
OFFICE_STATES = ("draft", "registered", "returned", "done")
DEPARTMENT_STATES = ("assigned", "accepted", "redo")
FINAL_STATES = ("archived", "dismissed")

#: Of an order that is not settled.
OPEN_STATES = ("draft", "registered", "returned", *DEPARTMENT_STATES)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who takes a step.

    Attributes
    ----------
    account : str
        Account, or the name of the service.
    role : str
        One of `dashboard.casework.tables.accounts.ROLES`, or ``service``.
    department : str or None
    """

    account: str
    role: str
    department: str | None = None

    def may(self, right: str) -> bool:
        """Whether somebody of the role may; an administrator acts as the office (`dashboard.access.Viewer.actor`)."""
        return self.role != "admin" and may(self.role, right)


#: The program itself.
SERVICE = Actor("riverchief", PROGRAM)


class StepRefusedError(UsageError):
    """A step that the order's life does not have; nothing was changed.

    Attributes
    ----------
    message : str
        Source string for the translator; `values` fill its placeholders.
    values : dict of str to object
    """

    def __init__(self, message: str, **values: object) -> None:
        self.message, self.values = message, values
        super().__init__(message.format(**values))

    def told(self, words: Translator, names: Mapping[str, str] | None = None) -> str:
        """The reason in a language, the names of steps and states included.

        Parameters
        ----------
        words : Translator
        names : mapping of str to str, optional
            Names of departments by id.
        """
        values = dict(self.values)
        comma = "、" if words.code == "zh" else ", "
        for key in ("department", "departments"):
            if names and key in values:
                values[key] = comma.join(names.get(one, one) for one in str(values[key]).split(", "))
        if "needs" in values:
            values["needs"] = comma.join(words(NEEDS.get(one, one)) for one in str(values["needs"]).split(", "))
        if "role" in values:
            values["role"] = words(ROLE_WORDS.get(str(values["role"]), str(values["role"])))
        if (rule := RULES.get(str(values.get("action")))) is not None:
            values["action"] = words(rule.label)
        elif values.get("action") in LABELS:
            values["action"] = words(LABELS[str(values["action"])])
        if "state" in values:
            values["state"] = words(STATES.get(str(values["state"]), str(values["state"])))
        return words(self.message, **values)


@dataclass(frozen=True, slots=True)
class Rule:
    """One step: what it is, and when it may be taken.

    Attributes
    ----------
    action : str
    label : str
        Source string for people.
    sources : tuple of str
        States in which it may be taken.
    target : str or None
        State that follows; None where the order stays where it is.
    lead : bool or None
        Of the departments, only the lead may take it (True), only the others (False), or any (None).
    needs : tuple of str
        ``text``, ``photo``, ``assignment``, ``due``, ``department``, ``question``.
    """

    action: str
    label: str
    sources: tuple[str, ...]
    target: str | None
    lead: bool | None = None
    needs: tuple[str, ...] = ()


#: What a step may need, for people.
NEEDS: Mapping[str, str] = MappingProxyType(
    {
        "text": _("a text"), "photo": _("a photo"), "assignment": _("departments and a deadline"),
        "due": _("a deadline"), "department": _("a department"), "question": _("a question"),
    }
)  # fmt: skip

_WORKING = DEPARTMENT_STATES

_RULES = (
    # The order itself.
    Rule("register", _("Register"), ("draft",), "registered"),
    Rule("dismiss", _("Dismiss"), ("draft",), "dismissed", needs=("text",)),
    Rule("assign", _("Assign"), ("registered", "returned"), "assigned", needs=("assignment",)),
    Rule("return", _("Give back"), ("assigned",), "returned", lead=True, needs=("text",)),
    Rule("accept", _("Accept"), ("assigned", "redo"), "accepted", lead=True, needs=("text", "photo")),
    Rule("close", _("Report done"), ("accepted",), "done", lead=True, needs=("text", "photo")),
    Rule("redo", _("Send back"), ("done",), "redo", needs=("text",)),
    Rule("archive", _("Archive"), ("done",), "archived"),
    Rule("reopen", _("Reopen"), ("done", "archived"), "redo", needs=("text",)),
    # Beside it.
    Rule("answer", _("Answer for own part"), _WORKING, None, lead=False, needs=("text",)),
    Rule(
        "hand_back",
        _("Give back own part"),
        ("assigned", "accepted"),
        None,
        lead=False,
        needs=("text",),
    ),
    Rule("replace", _("Give part to another"), _WORKING, None, needs=("text", "department")),
    Rule("extend", _("Extend"), _WORKING, None, needs=("text", "due")),
    Rule("urge", _("Urge"), ("accepted",), None, needs=("text",)),
    Rule("feedback", _("Ask the office"), ("accepted",), None, needs=("text",)),
    Rule("reply", _("Reply"), (*_WORKING, "done"), None, needs=("text", "question")),
    # What the service writes down.
    Rule("join", _("Joined by an event"), (*OPEN_STATES, "done", "archived"), None),
    Rule("remind", _("Reminded"), (*OPEN_STATES, "done"), None),
    Rule("supervise", _("Supervised"), (*OPEN_STATES, "done"), None),
    Rule("report", _("Reported upward"), (*OPEN_STATES, "done"), None),
    Rule("watch", _("Watched longer"), ("done", "archived"), None, needs=("text",)),
    Rule("confirm", _("Verified by water"), ("done", "archived"), None, needs=("text",)),
)

RULES: Mapping[str, Rule] = MappingProxyType({rule.action: rule for rule in _RULES})

#: What people read of a step that was taken; the first and the notice are no steps of a rule.
LABELS: Mapping[str, str] = MappingProxyType(
    {"open": _("Opened"), "notice": _("Notice issued"), **{rule.action: rule.label for rule in _RULES}}
)

#: How an order begins, and the right that it takes: 登记, or a draft.
BEGINNINGS: Mapping[str, str] = MappingProxyType({"registered": "order.open", "draft": "order.draft"})

#: Who must answer a side action.
ANSWERED_BY: Mapping[str, str] = MappingProxyType({"urge": "department", "feedback": "office"})


def check_rule(action: str, state: str, actor: Actor) -> Rule:
    """The rule of a step, if it may be taken in a state by somebody of a role.

    Raises
    ------
    StepRefusedError
        If there is no such step, not in this state, or not for this role.
    """
    rule = RULES.get(action)
    if rule is None:
        raise StepRefusedError(_("there is no step {action}"), action=action)
    if state not in rule.sources:
        raise StepRefusedError(_("{action} is not possible while the order is {state}"), action=action, state=state)
    if not actor.may(f"order.{action}"):
        raise StepRefusedError(_("{action} is not for the role {role}"), action=action, role=actor.role)
    return rule

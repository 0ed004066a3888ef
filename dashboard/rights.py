"""Who may do what: the one table of roles and rights. Pages ask it before they draw, services before they write.

Area is a second question (`dashboard.access.Viewer`): a right holds for the rivers and grids of whoever has it. Whoever
takes a step of an order needs the right and, where the step is a department's, a part in the order
(`dashboard.casework.lifecycle`). An administrator may do whatever the office may; the table need not say it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dashboard.casework.marked import _
from dashboard.casework.tables.accounts import ROLES

#: Roles of whoever has signed in, from the fewest rights to the most.
STAFF = tuple(role for role in ROLES if role != "public")

#: The program itself, where it takes a step in the books.
PROGRAM = "service"

#: What roles are called; source strings for people.
ROLE_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "public": _("Public"), "engineer": _("Engineer"), "department": _("Department"),
        "grid_officer": _("Grid officer"), "chief": _("River chief"), "office": _("River chief's office"),
        "admin": _("Administrator"), PROGRAM: _("RiverChief (automatic)"),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Right:
    """Something that not everybody may do.

    Attributes
    ----------
    name : str
        Group and name, as code asks for it: ``page.admin``, ``book.shops``, ``order.assign``.
    said : str
        What it lets somebody do, in the docs' words.
    roles : frozenset of str
        Roles that have it; `PROGRAM` among them where the program does it too.
    """

    name: str
    said: str
    roles: frozenset[str]


_ALL = " ".join(ROLES)
_SIGNED_IN = "engineer department grid_officer chief office"

#: Name, who has it, what it is.
_TABLE = (
    # Pages.
    ("page.today", _SIGNED_IN, "Today"),
    ("page.events", "engineer chief office", "Events"),
    ("page.orders", _SIGNED_IN, "Orders; a department sees those in which it has a part"),
    ("page.goals", _SIGNED_IN, "Goals"),
    ("page.river", _SIGNED_IN, "River"),
    ("page.station", _SIGNED_IN, "Station"),
    ("page.probes", _SIGNED_IN, "Probes"),
    ("page.evaluation", _SIGNED_IN, "Evaluation"),
    ("page.books", _SIGNED_IN, "Books"),
    ("page.inspections", _SIGNED_IN, "Inspections"),
    ("page.reports", "department chief office", "Reports"),
    ("page.public", _ALL, "Public page"),
    ("page.wall", _SIGNED_IN, "Wall"),
    ("page.admin", "admin", "Administration"),
    # Orders. A chief's own are tasks, patrols and what comes from above.
    ("order.open", "chief office", "register a new order"),
    ("order.draft", "service office", "open a draft"),
    ("order.register", "office", "register a draft"),
    ("order.dismiss", "office", "dismiss a draft, or merge it with another case"),
    ("order.assign", "office", "assign to departments"),
    ("order.return", "department", "give back, as the lead"),
    ("order.accept", "department", "accept, as the lead"),
    ("order.close", "department", "report done, as the lead"),
    ("order.redo", "office", "send back"),
    ("order.archive", "office", "archive"),
    ("order.reopen", "service office", "reopen"),
    ("order.answer", "department", "answer for the own part"),
    ("order.hand_back", "department", "give back the own part"),
    ("order.replace", "office", "give a part to another department"),
    ("order.extend", "office", "extend the deadline"),
    ("order.urge", "office", "urge"),
    ("order.feedback", "department", "ask the office"),
    ("order.reply", "department office", "reply to what was asked"),
    ("order.join", "service", "join an event to a case"),
    ("order.remind", "service", "remind of a deadline"),
    ("order.supervise", "service", "supervise"),
    ("order.report", "service", "report upward"),
    ("order.watch", "service", "wait longer for the water"),
    ("order.confirm", "service", "confirm by the water"),
    ("order.notice", "office", "issue a notice"),
    # Books.
    ("book.outfalls", "department grid_officer office", "outfalls"),
    ("book.shops", "department grid_officer office", "shops"),
    ("book.leak_points", "department grid_officer office", "leak points"),
    ("book.pipes", "department office", "pipes"),
    ("book.clearings", "office", "clearings"),
    ("book.river_works", "department office", "river works"),
    ("book.structures", "grid_officer office", "structures"),
    ("book.boats", "grid_officer office", "boats"),
    ("book.inspections", "office", "inspections"),
    ("book.patrols", "grid_officer chief office", "patrols"),
    ("book.public_reports", "office", "what the public reports"),
    ("book.visits", "engineer office", "visits"),
    ("book.samples", "engineer office", "samples"),
    ("book.river_policy", "office", "the five lists of a river"),
    ("books.everywhere", "office", "change rows of any area and department"),
    ("books.import", "office", "bring in whole lists"),
    ("books.contacts", "office", "see how to reach people who reported something"),
    # The rest.
    ("event.decide", "office", "accept, reject or merge an event"),
    ("review.decide", "engineer office", "decide on suspect readings"),
    ("goal.change", "office", "set and change goals"),
    ("list.publish", "office", "publish the red and black list"),
    ("report.make", "chief office", "make and keep reports"),
    ("admin.change", "admin", "accounts, duty, channels, dead letters"),
    ("admin.trail", "admin", "check the audit trail"),
)


def _rights() -> Iterator[tuple[str, Right]]:
    for name, who, said in _TABLE:
        roles = set(who.split())
        yield name, Right(name, said, frozenset(roles | {"admin"} if "office" in roles else roles))


#: Every right by its name.
RIGHTS: Mapping[str, Right] = MappingProxyType(dict(_rights()))


def roles_with(right: str) -> frozenset[str]:
    """Roles that have a right.

    Raises
    ------
    KeyError
        If the table has no such right: a mistake of the program, not of whoever asks.
    """
    return RIGHTS[right].roles


def may(role: str, right: str) -> bool:
    """Whether somebody of a role has a right; see `roles_with`.

    Examples
    --------
    >>> may("chief", "order.open"), may("chief", "order.assign")
    (True, False)
    """
    return role in roles_with(right)

"""One table says who may do what: code asks it by names that it has, all of it is asked for, and the docs print it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboard.access import Viewer
from dashboard.casework.books import BOOKS
from dashboard.casework.lifecycle import BEGINNINGS, RULES
from dashboard.casework.tables.accounts import ROLES
from dashboard.i18n import translator
from dashboard.page import Context, Denied
from dashboard.rights import PROGRAM, RIGHTS, ROLE_WORDS, STAFF, may, roles_with
from dashboard.sources import Sources
from dashboard.views import PAGES
from dashboard.wording import Wording
from sensors.site import Site

ROOT = Path(__file__).resolve().parents[2]
ASKING = {"may", "require", "roles_with"}

#: Rights whose names are put together where they are asked for.
MADE = (
    {f"page.{page.path}" for page in PAGES} | {f"book.{book}" for book in BOOKS} | {f"order.{name}" for name in RULES}
    | set(BEGINNINGS.values())
)  # fmt: skip


def asked() -> Iterator[tuple[str, str]]:
    """Place and name of every right that code asks for in plain letters."""
    for path in sorted(ROOT.glob("d[ae]*/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ASKING:
                for one in (arg for arg in node.args if isinstance(arg, ast.Constant)):
                    yield f"{path.relative_to(ROOT)}:{one.lineno}", str(one.value)


def test_code_asks_for_rights_that_the_table_has() -> None:
    found = list(asked())
    assert len(found) > 20
    assert [(place, name) for place, name in found if name not in RIGHTS] == []


def test_every_right_is_asked_for() -> None:
    assert {name for _, name in asked()} | MADE == set(RIGHTS)


def test_roles_are_known_and_an_administrator_may_what_the_office_may() -> None:
    for right in RIGHTS.values():
        assert right.roles, right.name
        assert right.roles <= {*ROLES, PROGRAM}, right.name
        assert right.said, right.name
        assert "office" not in right.roles or "admin" in right.roles, right.name
    assert set(ROLE_WORDS) == {*ROLES, PROGRAM}
    assert set(ROLES) - set(STAFF) == {"public"}


def test_the_public_opens_one_page_and_changes_nothing() -> None:
    assert {name for name in RIGHTS if may("public", name)} == {"page.public"}


def test_a_right_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        roles_with("page.nowhere")


@pytest.mark.parametrize("role", ROLES)
def test_a_page_refuses_whoever_lacks_the_right(role: str, xietang: Site) -> None:
    sources = Sources("", "", "virtual", lambda: 0)
    context = Context(sources, Viewer("x", "X", role), Wording.of(xietang, translator("en")))
    if role in ("office", "admin"):
        context.require("goal.change")
    else:
        with pytest.raises(Denied, match=f"not for the role {role}"):
            context.require("goal.change")


def test_the_docs_print_the_table() -> None:
    text = (ROOT / "docs/accounts.md").read_text(encoding="utf-8")
    section = text.partition("## Who may do what\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    made = [
        f"| `{right.name}` | {right.said} | " + " | ".join("●" if role in right.roles else "" for role in ROLES) + " |"
        for right in RIGHTS.values()
    ]
    assert rows == made, "\n".join(["the rows should be:", *made])

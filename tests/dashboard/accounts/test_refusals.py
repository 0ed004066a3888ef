"""Every refusal can be said in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from dashboard.accounts.refusals import Refused, refusal
from dashboard.i18n import translator
from sensors.errors import UsageError

ROOT = Path(__file__).resolve().parents[3] / "dashboard"


def codes() -> set[str]:
    """Codes with which the program refuses anything."""
    found = set()
    for path in [*(ROOT / "accounts").glob("*.py"), ROOT / "viewdata" / "admin.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                assert isinstance(node.args[0], ast.Constant)
                found.add(str(node.args[0].value))
    return found


@pytest.mark.parametrize("code", sorted(codes()))
def test_it_has_words(code: str) -> None:
    error = Refused(code, "english", account="li", most="100")
    said = {lang: refusal(translator(lang), error) for lang in ("zh", "en")}
    assert said["zh"] != said["en"]
    assert "{" not in said["zh"] + said["en"]


def test_others_keep_their_sentence() -> None:
    assert refusal(translator("zh"), UsageError("river 'R99'")) == "river 'R99'"

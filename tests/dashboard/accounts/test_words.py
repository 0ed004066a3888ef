"""Every role has a name."""

from __future__ import annotations

from dashboard.accounts.words import role_words
from dashboard.casework.tables.accounts import ROLES
from dashboard.i18n import translator


def test_roles() -> None:
    for lang in ("zh", "en"):
        assert set(role_words(translator(lang))) == set(ROLES)
    assert role_words(translator("zh"))["office"] == "河长办"

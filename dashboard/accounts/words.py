"""What roles are called."""

from __future__ import annotations

from dashboard.casework.tables.accounts import ROLES
from dashboard.i18n import Translator
from dashboard.rights import ROLE_WORDS


def role_words(translate: Translator) -> dict[str, str]:
    """Name of every role that an account or a visitor has, in a reader's language."""
    return {role: translate(ROLE_WORDS[role]) for role in ROLES}

"""What roles are called."""

from __future__ import annotations

from dashboard.i18n import Translator


def role_words(translate: Translator) -> dict[str, str]:
    """Name of every role, in a reader's language."""
    _ = translate
    return {
        "public": _("Public"), "engineer": _("Engineer"), "department": _("Department"),
        "grid_officer": _("Grid officer"), "chief": _("River chief"), "office": _("River office"),
        "admin": _("Administrator"),
    }  # fmt: skip

"""Why the program itself changed the books: sentences of the trail, put into words where they are read."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.casework.marked import _

#: As they stand in the trail, which is in English.
REASONS = frozenset(
    {
        _("outfalls of the site folder"),
        _("illustrative books of a demonstration"),
        _("people of a demonstration"),
        _("the first account"),
        _("goals that a site begins with"),
        _("goals of the site"),
        _("deadlines"),
        _("watch"),
        _("progress"),
        _("outbox"),
        _("alerts"),
        _("escalation"),
    }
)


def reason_word(reason: str, translate: Callable[[str], str]) -> str:
    """A reason of the trail for a reader: the program's own in their language, a person's as it was written.

    Examples
    --------
    >>> reason_word("asked by the street", str.upper)
    'asked by the street'
    """
    return translate(reason) if reason in REASONS else reason

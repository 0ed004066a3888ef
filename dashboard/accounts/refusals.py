"""Why a wish about accounts or rosters is refused: one English sentence, and a word by which others find theirs."""

from __future__ import annotations

from dashboard.i18n import Translator
from sensors.errors import UsageError


class Refused(UsageError):
    """A wish that cannot be granted.

    Parameters
    ----------
    code : str
        One of those that `refusal` knows.
    text : str
        The sentence, in English.
    **values : str
        What fills the sentence of another language.
    """

    def __init__(self, code: str, text: str, **values: str) -> None:
        super().__init__(text)
        self.code, self.values = code, values


def refusal(translate: Translator, error: UsageError) -> str:
    """The sentence in a reader's language; in English where it is about a setting that no form lets through."""
    _ = translate
    if not isinstance(error, Refused):
        return str(error)
    told = {
        "account": _("An account's name has 1 to 40 of a-z 0-9 . _ -, and begins and ends with none of the signs."),
        "taken": _("There is an account {account} already."),
        "name": _("A name has 1 to {most} characters."),
        "department": _("Somebody of the role department needs a department."),
        "missing": _("There is no account {account}, or it is switched off."),
        "last": _("{account} is the last administrator: make another one first."),
        "subject": _("That identifier belongs to the account {account}."),
        "contacts": _("Contacts are lines such as: wecom = 13800000000"),
        "order": _("A duty ends after it has begun, and within a year."),
        "twice": _("{account} has that duty at that time already."),
        "meanwhile": _("Somebody has changed {account} meanwhile. Look at it as it is now, then change it again."),
        "gone": _("That duty is not there any more."),
        "address": _("An address on the channel is needed; - for nobody, where a group hears it."),
    }
    return told[error.code].format(**error.values)

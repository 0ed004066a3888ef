"""What an import says of a file, in no language yet: sentences with their values, put into words where read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sensors.errors import Problem


def _(message: str) -> str:
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return message


class Said:
    """A sentence of the catalogues and what fills it.

    Parameters
    ----------
    message : str
        In English, with {placeholders}.
    **values : object
        What fills them.
    """

    __slots__ = ("message", "values")

    def __init__(self, message: str, **values: object) -> None:
        self.message, self.values = message, values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Said) and (self.message, self.values) == (other.message, other.values)

    __hash__ = None  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.message.format(**self.values)

    def __repr__(self) -> str:
        return f"Said({self!s})"

    def text(self, translate: Callable[..., str]) -> str:
        """In the reader's language; `translate` is a `dashboard.i18n.Translator`."""
        return translate(self.message, **self.values)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One mistake in a list.

    Attributes
    ----------
    row : int
        As a spreadsheet counts them, the header included; 0 where the whole file is meant.
    column : str
        Header of the file's column; empty where the whole row is meant.
    found : str
        What stands there.
    accepted : Said
        What would be accepted.
    """

    row: int
    column: str
    found: str
    accepted: Said

    def told(self, translate: Callable[..., str]) -> str:
        """One line in the reader's language; `translate` is a `dashboard.i18n.Translator`."""
        found, accepted = self.found or translate(_("nothing")), self.accepted.text(translate)
        if self.column:
            return translate(
                _("row {row}, column {column}: found {found}; accepted: {accepted}"), row=self.row or 1,
                column=self.column, found=found, accepted=accepted,
            )  # fmt: skip
        if self.row:
            return translate(
                _("row {row}: found {found}; accepted: {accepted}"), row=self.row, found=found, accepted=accepted
            )
        return translate(_("file: found {found}; accepted: {accepted}"), found=found, accepted=accepted)

    def problem(self, file: str) -> Problem:
        """The same in English, as every command of the project tells it."""
        column = f"column {self.column}" if self.column else ""
        where = ", ".join(filter(None, [f"row {self.row}" if self.row else "", column])) or "file"
        return Problem(file, where, repr(self.found) if self.found else "nothing", str(self.accepted))

"""What the frame of the board is, whoever draws it: which pages somebody may open, and what the readings are."""

from __future__ import annotations

from collections.abc import Iterable

from dashboard.access import Viewer
from dashboard.i18n import Translator
from dashboard.page import Page


def open_to(viewer: Viewer, pages: Iterable[Page], *, books: bool) -> list[Page]:
    """Pages that somebody may open, in the order of the navigation; the first one stands at the root.

    Parameters
    ----------
    viewer : Viewer
    pages : iterable of Page
    books : bool
        Whether the board has books.
    """
    return [page for page in pages if viewer.role in page.roles and (books or not page.needs_books)]


def banner(source: str, translate: Translator) -> str:
    """What is said on every page where the readings are no measurements of now; empty where they are.

    Parameters
    ----------
    source : str
        `dashboard.sources.Sources.input`.
    translate : Translator
    """
    _ = translate
    if source == "virtual":
        return _("Virtual rivers: simulated water, not measurements of these rivers")
    if source.startswith("replay:"):
        name = source.removeprefix("replay:")
        return _("Replay of {name}: a record, not measurements of these rivers now", name=name)
    return ""

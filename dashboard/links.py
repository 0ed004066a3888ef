"""Where a line of a page leads: another page of the board, with what is selected there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another page.

    Attributes
    ----------
    text : str
        As it is shown; plain text.
    path : str
        Of the page.
    query : mapping of str to str
        What is selected there.
    """

    text: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)


#: Makes of a link what a part of the page draws: text and, where the viewer may open the page, its address.
Linker = Callable[[Link], Data]


def words_only(link: Link) -> Data:
    """A link of which only the words are shown."""
    return {"text": link.text}


def river_link(text: str, river: str, **query: str) -> Link:
    """To a river's page."""
    return Link(text, "river", {"river": river, **query})


def station_link(text: str, station: str, **query: str) -> Link:
    """To a station's page."""
    return Link(text, "station", {"station": station, **query})


def event_link(text: str, event: str) -> Link:
    """To an event."""
    return Link(text, "events", {"event": event})


def order_link(text: str, number: str) -> Link:
    """To an order."""
    return Link(text, "orders", {"order": number})

"""Elements and text of a document: the counterpart of ``parts/dom.js``, where everything that is text is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

#: Names that elements and attributes may have: they stand in the code and never come from data.
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")

#: Elements that have no end.
_VOID = frozenset({"meta", "link", "img", "br"})


class Html(str):
    """Text of a document that has been escaped already."""

    __slots__ = ()


Child = str | int | None | Iterable["Child"]


def element(tag: str, attributes: dict[str, object] | None = None, *children: Child) -> Html:
    """An element; what is none of `Html` is text.

    Attributes that are None or False are left out, and those that are True have no value.

    Examples
    --------
    >>> print(element("b", {"title": '"', "hidden": True, "id": None}, "a < b", element("i", {}, "c"), [None, 3]))
    <b title="&quot;" hidden>a &lt; b<i>c</i>3</b>
    """
    begun = [_name(tag)]
    for name, value in (attributes or {}).items():
        if value is None or value is False:
            continue
        begun.append(_name(name) if value is True else f'{_name(name)}="{escape(str(value))}"')
    head = f"<{' '.join(begun)}>"
    return Html(head if tag in _VOID else f"{head}{''.join(_texts(children))}</{tag}>")


def joined(children: Iterable[Child]) -> Html:
    """Elements and text in a row."""
    return Html("".join(_texts(children)))


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"no name of an element or attribute: {name!r:.40}")
    return name


def _texts(children: Iterable[Child]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            yield child
        elif isinstance(child, str | int):
            yield escape(str(child))
        else:
            yield from _texts(child)

"""Fields of a row on the page: one for each column, by what it holds; each gives back a cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import streamlit as st

from dashboard.casework.exchange.book import Column
from dashboard.casework.exchange.edit import Cells
from dashboard.casework.exchange.kinds import Cell, Choice, Context, text_of
from dashboard.i18n import Translator
from dashboard.viewdata.books import is_day, is_instant, is_number, long_text, options
from dashboard.views.text import plain
from dashboard.wording import NOTHING
from sensors.site import Site

#: Days that a field takes.
FIRST, LAST = date(1950, 1, 1), date(2119, 12, 31)


def fields(
    columns: Sequence[Column], shown: Cells, site: Site, context: Context, key: str, translate: Translator, *,
    river: str | None = None,
) -> dict[str, Cell]:  # fmt: skip
    """Draw fields in two columns, long ones below; the cells that are other than what was shown."""
    short = [column for column in columns if not long_text(column)]
    found: dict[str, Cell] = {}
    places = st.columns(2)
    for number, column in enumerate(short):
        with places[number * 2 // max(1, len(short))]:
            found |= _field(column, shown.get(column.attribute), site, context, key, translate, river)
    for column in columns:
        if long_text(column):
            found |= _field(column, shown.get(column.attribute), site, context, key, translate, river)
    return found


def _field(
    column: Column, cell: Cell, site: Site, context: Context, key: str, translate: Translator, river: str | None
) -> dict[str, Cell]:
    key = f"{key}-{column.attribute}-{translate.code}"
    label = plain(column.header(translate.code)) + (" \\*" if column.required else "")
    words = options(column, site, context, translate.code, river)
    if words is not None:
        value = _picked(label, words, cell, key, free=isinstance(column.kind, Choice) and column.kind.open)
    elif is_day(column):
        value = _day(label, cell, key)
    elif is_number(column):
        value = _number(label, column.kind, cell, key)
    elif is_instant(column):
        value = _text(label, _moment(cell), key, placeholder="2026-05-04 13:05")
        return {} if value == (_moment(cell) or None) else {column.attribute: value}
    elif long_text(column):
        value = st.text_area(label, value=text_of(cell), key=key, height=96) or None
    else:
        value = _text(label, text_of(cell), key)
    return {} if value == (None if cell == "" else cell) else {column.attribute: value}


def _picked(label: str, words: Sequence[str], cell: Cell, key: str, *, free: bool) -> Cell:
    current = "" if cell is None else str(cell)
    offered = ["", *words, *([current] if current and current not in words else [])]
    value = st.selectbox(label, offered, index=offered.index(current), key=key, accept_new_options=free,
                         format_func=lambda word: word or NOTHING)  # fmt: skip
    return value or None


def _day(label: str, cell: Cell, key: str) -> Cell:
    value = cell if isinstance(cell, date) else None
    found: Any = st.date_input(label, value=value, min_value=FIRST, max_value=LAST, key=key, format="YYYY-MM-DD")
    return found if isinstance(found, date) else None


def _number(label: str, kind: Any, cell: Cell, key: str) -> Cell:
    if kind.whole:
        whole = int(cell) if isinstance(cell, int | float) else None
        return st.number_input(label, value=whole, min_value=int(kind.low), max_value=int(kind.high), step=1, key=key)
    value = float(cell) if isinstance(cell, int | float) else None
    return st.number_input(label, value=value, min_value=float(kind.low), max_value=float(kind.high), format="%.10g",
                           step=1.0, key=key)  # fmt: skip


def _text(label: str, text: str, key: str, placeholder: str | None = None) -> Cell:
    return st.text_input(label, value=text, key=key, placeholder=placeholder) or None


def _moment(cell: Cell) -> str:
    if isinstance(cell, datetime):
        text = cell.isoformat(" ", "milliseconds" if cell.microsecond else "seconds")
        return text.removesuffix(":00") if text.count(":") == 2 else text
    return text_of(cell)


def column_config(columns: Sequence[Column], site: Site, context: Context, language: str) -> Mapping[str, Any]:
    """How an editor of many rows shows and takes each column."""
    found: dict[str, Any] = {}
    for column in columns:
        head = column.header(language) + (" *" if column.required else "")
        words = options(column, site, context, language)
        if words is not None and not (isinstance(column.kind, Choice) and column.kind.open):
            found[column.attribute] = st.column_config.SelectboxColumn(head, options=words)
        elif is_day(column):
            found[column.attribute] = st.column_config.DateColumn(
                head, min_value=FIRST, max_value=LAST, format="YYYY-MM-DD"
            )
        elif is_instant(column):
            found[column.attribute] = st.column_config.DatetimeColumn(head, format="YYYY-MM-DD HH:mm")
        elif is_number(column):
            found[column.attribute] = st.column_config.NumberColumn(head)
        else:
            found[column.attribute] = st.column_config.TextColumn(head)
    return found

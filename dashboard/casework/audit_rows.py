"""Holding the rows of the books against what the audit trail says they are.

The trail may have millions of entries, so no row is kept whole: each is one number, the exclusive or of a hash of each
of its columns, which a change carries on by taking its old values out and its new ones in. The hash has a salt that
nobody knows beforehand, so nobody can make two rows meet.
"""

from __future__ import annotations

import hashlib
import json
import math
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.casework.base import Base

#: What a row's columns should be, as its own part of the trail tells: table and id of the row.
Recall = Callable[[str, str], Mapping[str, Any]]


class Rows:
    """Rows as the trail tells them, entry by entry."""

    def __init__(self) -> None:
        self._salt = secrets.token_hex(16)
        self._told: dict[str, dict[str, int]] = {}

    def take(self, action: str, subject: str, subject_id: str, before: Any, after: Any) -> None:
        """Take in an entry of the trail; entries come in order."""
        rows = self._told.setdefault(subject, {})
        if action == "delete":
            rows.pop(subject_id, None)
        elif action == "insert":
            rows[subject_id] = self._hash(after or {})
        else:
            rows[subject_id] = rows.get(subject_id, 0) ^ self._hash(before or {}) ^ self._hash(after or {})

    def strayed(self, session: Session, recall: Recall) -> Iterator[str]:
        """What is not as the trail says: changed, removed or put in past it, a sentence each.

        Parameters
        ----------
        session : Session
        recall : callable
            Asked only about rows that differ.
        """
        for mapper in sorted(Base.registry.mappers, key=lambda one: str(one.local_table)):
            if not mapper.class_.__audited__:
                continue
            name, table = mapper.class_.__tablename__, mapper.local_table
            told = self._told.pop(name, {})
            names: dict[Any, str] = {column: mapper.get_property_by_column(column).key for column in table.columns}
            keys = [names[column] for column in mapper.primary_key]
            query = select(*table.columns).execution_options(yield_per=2000)
            for values in session.execute(query):
                row = dict(zip(names.values(), map(plain_value, values), strict=True))
                subject_id = "/".join(str(row[key]) for key in keys)
                expected = told.pop(subject_id, None)
                if expected is None:
                    yield f"{name} {subject_id} is in the books and not in the trail"
                elif expected != self._hash(row) and (changed := _changed(recall(name, subject_id), row)):
                    yield f"{name} {subject_id} was changed past the trail: {', '.join(changed)}"
            for subject_id in sorted(told):
                yield f"{name} {subject_id} is in the trail and not in the books"
        for name, rows in sorted(self._told.items()):
            if rows:
                yield f"{name} is in the trail, and there is no such table that is audited"

    def _hash(self, values: Mapping[str, Any]) -> int:
        salt, total = self._salt, 0
        for name, value in values.items():
            total ^= hash((salt, name, _canonical(value)))
        return total


def plain_value(value: Any) -> Any:
    """A column's value as JSON can carry it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return value


def _canonical(value: Any) -> Any:
    """The same for values that a database gives back in another form: 5 and 5.0, a list and a tuple."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | int | float):
        # Equal numbers have equal hashes, but -1 and -2 do too: as text they have not.
        return f"#{int(value)}" if math.isfinite(value) and value == int(value) else f"#{value!r}"
    return "#" + json.dumps(value, sort_keys=True)


def _changed(expected: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """Columns that differ; one that came with a later version is in no older entry, and says nothing."""
    return sorted(name for name, value in expected.items() if _canonical(row.get(name)) != _canonical(value))

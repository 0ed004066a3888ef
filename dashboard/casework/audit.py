"""The audit trail: every change of the books, who made it and when, each entry sealed by the one before.

A seal is the SHA-256 of the seal before and the entry as canonical JSON, so that an entry that was altered, removed or
put in between breaks the chain from there on; the head, kept in a row of its own, shows a tail that was cut off. Rows
that are changed past the program are not found by it yet. Who can rewrite the whole database can rewrite the chain:
keep its head elsewhere too (`verify` tells it, backups carry it).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String, Text, event, insert, inspect, select, update
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from dashboard.casework.base import Base

#: What the first entry follows.
GENESIS = "0" * 64

_Values = dict[str, Any]


class AuditEntry(Base):
    """One change of one row."""

    __tablename__ = "audit_entry"
    __audited__ = False

    seq: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    )
    time_ms: Mapped[int] = mapped_column(BigInteger, index=True)
    actor: Mapped[str] = mapped_column(String(80), index=True)
    action: Mapped[str] = mapped_column(String(8))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(120), index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text, default="")
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """Where the chain ends; the row that writers queue for."""

    __tablename__ = "audit_head"
    __audited__ = False

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    hash: Mapped[str] = mapped_column(String(64), default=GENESIS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the chain.

    Attributes
    ----------
    entries : int
    head : str
        Seal of the last entry: the value to keep elsewhere.
    problems : tuple of str
        Empty where nothing was tampered with.
    """

    entries: int
    head: str
    problems: tuple[str, ...]


def seal(previous: str, entry: Mapping[str, Any]) -> str:
    """Seal of an entry that follows `previous`."""
    kept = {key: value for key, value in entry.items() if key != "hash"}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}{text}".encode()).hexdigest()


def verify(session: Session) -> Verdict:
    """Follow the chain from its first entry to its head."""
    problems: list[str] = []
    previous, count = GENESIS, 0
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.seq).execution_options(yield_per=1000)):
        count += 1
        if entry.seq != count:
            problems.append(f"entry {count} is missing; the next one is {entry.seq}")
            count = entry.seq
        found = seal(previous, {column.key: getattr(entry, column.key) for column in _columns(AuditEntry)})
        if found != entry.hash:
            problems.append(f"entry {entry.seq} ({entry.action} {entry.subject} {entry.subject_id}) was altered")
        previous = entry.hash
    head = session.get(AuditHead, 1)
    if head is None or (head.seq, head.hash) != (count, previous):
        said = "nothing" if head is None else f"entry {head.seq}"
        problems.append(f"the chain ends at entry {count}; its head says {said}")
    return Verdict(count, previous, tuple(problems))


def holds(session: Session, head: str) -> bool:
    """Whether an entry has this seal: a head that was noted earlier."""
    return head == GENESIS or session.scalar(select(AuditEntry.seq).where(AuditEntry.hash == head)) is not None


@contextmanager
def audited(session: Session, actor: str, now_ms: int, reason: str = "") -> Iterator[None]:
    """Write what the session changes into the trail, in its own transaction.

    Parameters
    ----------
    session : Session
    actor : str
        Account, or the name of the service, that makes the change.
    now_ms : int
        Milliseconds since the epoch, UTC.
    reason : str, optional
    """
    changes: list[tuple[str, Any, _Values | None]] = []

    def before_flush(_session: Session, _context: UOWTransaction, _instances: Any) -> None:
        for row in session.dirty:
            if row.__audited__ and session.is_modified(row):
                changes.append(("update", row, _values(row, before=True)))
        for row in session.deleted:
            if row.__audited__:
                changes.append(("delete", row, _values(row, before=True)))
        changes.extend(("insert", row, None) for row in session.new if row.__audited__)

    def after_flush(_session: Session, _context: UOWTransaction) -> None:
        if not changes:
            return
        head = session.execute(select(AuditHead.seq, AuditHead.hash).with_for_update()).one()
        seq, previous = head.seq, head.hash
        entries = []
        for action, row, before in changes:
            after = None if action == "delete" else _values(row)
            if action == "update" and before == after:
                continue
            seq += 1
            entry: _Values = {
                "seq": seq, "time_ms": now_ms, "actor": actor, "action": action, "subject": row.__tablename__,
                "subject_id": "/".join(map(str, inspect(row).mapper.primary_key_from_instance(row))),
                "before": _changed(before, after), "after": _changed(after, before), "reason": reason,
            }  # fmt: skip
            previous = entry["hash"] = seal(previous, entry)
            entries.append(entry)
        changes.clear()
        if entries:
            session.execute(insert(AuditEntry), entries)
            session.execute(update(AuditHead).values(seq=seq, hash=previous))

    event.listen(session, "before_flush", before_flush)
    event.listen(session, "after_flush", after_flush)
    try:
        yield
    finally:
        event.remove(session, "before_flush", before_flush)
        event.remove(session, "after_flush", after_flush)


def _columns(model: Any) -> Any:
    return inspect(model).column_attrs


def _values(row: Any, *, before: bool = False) -> _Values:
    """Columns of a row as JSON can carry them; with `before`, as they were when it was loaded."""
    state = inspect(row)
    values = {}
    for column in state.mapper.column_attrs:
        history = state.attrs[column.key].history if before else None
        if history is not None and history.added and not history.deleted:
            # It was set without having been loaded: what it was has to be asked for.
            history = state.attrs[column.key].load_history()
        if history is not None and history.deleted:
            values[column.key] = _plain(history.deleted[0])
        else:
            values[column.key] = _plain(getattr(row, column.key))
    return values


def _changed(values: _Values | None, other: _Values | None) -> _Values | None:
    """Only what differs, where there is something to differ from."""
    if values is None or other is None:
        return values
    return {key: value for key, value in values.items() if value != other[key]}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    return value

"""The audit trail: every change of the books, who made it and when, each entry sealed by the one before.

A seal is the SHA-256 of the seal before and the entry as canonical JSON, so that an entry that was altered, removed or
put in between breaks the chain from there on; the head, kept in a row of its own, shows a tail that was cut off. The
rows of the books are held against what the trail says they are. Who can rewrite the whole database can rewrite the
chain: keep its head elsewhere too (`verify` tells it, backups carry it).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, BigInteger, Integer, String, Text, event, insert, inspect, select, update
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from dashboard.casework.audit_rows import Rows, plain_value
from dashboard.casework.base import Base
from sensors.errors import UsageError

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
    """Follow the chain from its first entry to its head, and hold the books against what it says they are."""
    problems: list[str] = []
    previous, count, rows = GENESIS, 0, Rows()
    columns = list(AuditEntry.__table__.columns)
    names = [column.name for column in columns]
    for row in session.execute(select(*columns).order_by(AuditEntry.seq).execution_options(yield_per=2000)):
        entry = dict(zip(names, row, strict=True))
        about = entry["action"], entry["subject"], entry["subject_id"]
        count += 1
        if entry["seq"] != count:
            problems.append(f"entry {count} is missing; the next one is {entry['seq']}")
            count = entry["seq"]
        if seal(previous, entry) != entry["hash"]:
            problems.append(f"entry {count} ({' '.join(about)}) was altered")
        previous = entry["hash"]
        rows.take(*about, entry["before"], entry["after"])
    head = session.execute(select(AuditHead.seq, AuditHead.hash).where(AuditHead.id == 1)).one_or_none()
    if head is None or tuple(head) != (count, previous):
        said = "nothing" if head is None else f"entry {head.seq}"
        problems.append(f"the chain ends at entry {count}; its head says {said}")
    problems += rows.strayed(session, lambda subject, subject_id: _told(session, subject, subject_id))
    return Verdict(count, previous, tuple(problems))


def _told(session: Session, subject: str, subject_id: str) -> _Values:
    """What the trail says of one row: everything that was ever written into it, the newest last."""
    query = select(AuditEntry.action, AuditEntry.after).where(
        AuditEntry.subject == subject, AuditEntry.subject_id == subject_id
    )
    told: _Values = {}
    for action, after in session.execute(query.order_by(AuditEntry.seq)):
        told = {} if action == "delete" else told | (after or {})
    return told


#: Fewest hex digits of a head that was noted in short.
SHORTEST = 12


def holds(session: Session, head: str) -> bool:
    """Whether exactly one entry has this seal: a head that was noted earlier, whole or its first digits.

    Raises
    ------
    UsageError
        If it is no seal: hex digits, at least `SHORTEST` of them.
    """
    digits = head.strip().lower()
    if not re.fullmatch(rf"[0-9a-f]{{{SHORTEST},{len(GENESIS)}}}", digits):
        raise UsageError(f"head {head!r:.80}: accepted: {SHORTEST} to {len(GENESIS)} hex digits, from the first on")
    if GENESIS.startswith(digits):
        return True
    found = session.scalars(select(AuditEntry.seq).where(AuditEntry.hash.startswith(digits)).limit(2)).all()
    return len(found) == 1


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
                changes.append(("update", row, _before(session, row)))
        for row in session.deleted:
            if row.__audited__:
                changes.append(("delete", row, _before(session, row)))
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


def _values(row: Any) -> _Values:
    """Columns of a row as JSON can carry them."""
    return {column.key: plain_value(getattr(row, column.key)) for column in inspect(row).mapper.column_attrs}


def _before(session: Session, row: Any) -> _Values:
    """Columns as they were before the change that is about to be written.

    What was set without having been loaded (a column that was left empty when the row was made, one that had expired)
    is not known to the session: the database is asked.
    """
    state = inspect(row)
    values = {}
    unknown = []
    for column in state.mapper.column_attrs:
        history = state.attrs[column.key].history
        if history.deleted:
            values[column.key] = plain_value(history.deleted[0])
        elif history.added:
            unknown.append(column)
        else:
            values[column.key] = plain_value(getattr(row, column.key))
    if unknown:
        mapper = state.mapper
        query = select(*(column.columns[0] for column in unknown))
        for column, value in zip(mapper.primary_key, state.identity, strict=True):
            query = query.where(column == value)
        found = session.execute(query).one()
        values |= {column.key: plain_value(value) for column, value in zip(unknown, found, strict=True)}
    return values


def _changed(values: _Values | None, other: _Values | None) -> _Values | None:
    """Only what differs, where there is something to differ from."""
    if values is None or other is None:
        return values
    return {key: value for key, value in values.items() if value != other[key]}

"""How readings and flags get into the SQLite store, within one transaction, and what follows from them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import isfinite

from collectors.stores import sqlite_schema as sql
from collectors.stores.base import Flag, Revision, Rolled
from collectors.stores.fold import day_of
from collectors.stores.merge import Stored, flagged, merge, withdraws
from sensors.durations import HOUR_MS
from sensors.reading import Block

Row = tuple[int, int, float | None, int, str]

#: Transactions that the log of changes folds into one when as many have come again; and so many of those once more.
FOLDED = 1000


class Names(dict[tuple[str, str], int]):
    """Numbers of the series (station, determinand), remembered."""

    def __init__(self) -> None:
        self.db: sqlite3.Connection | None = None

    def __missing__(self, key: tuple[str, str]) -> int:
        """Number of a series that is not remembered; a new one gets one."""
        assert self.db is not None
        self.db.execute("INSERT OR IGNORE INTO series (station, determinand) VALUES (?, ?)", key)
        row = self.db.execute("SELECT id FROM series WHERE station = ? AND determinand = ?", key).fetchone()
        self[key] = int(row[0])
        return int(row[0])


class Write:
    """One transaction's readings and flags; `finish` keeps the roll-ups and the log of changes true to them."""

    def __init__(self, db: sqlite3.Connection, names: Names, now_ms: int) -> None:
        self._db, self._names, self._now_ms = db, names, now_ms
        names.db = db
        self._hours: set[tuple[int, int]] = set()
        self._spans: dict[str, tuple[int, int]] = {}

    def put(self, block: Block, *, delivered: bool) -> None:
        """Keep readings."""
        if not len(block):
            return
        db = self._db
        names = map(self._names.__getitem__, zip(block.station, block.determinand, strict=True))
        rows: list[Row] = [
            (series, time_ms, value if value is None or isfinite(value) else None, quality, state)
            for series, time_ms, value, quality, state in zip(
                names, block.time_ms, block.value, block.quality, block.state, strict=True
            )
        ]
        before = db.total_changes
        db.executemany(sql.ADD, rows)
        added = db.total_changes - before
        if added:
            # Where some are known and some are not, all are taken for changed: to tell more than needed does no harm.
            self._hours |= {(row[0], row[1] - row[1] % HOUR_MS) for row in rows}
            self._note(block.station, block.time_ms)
        if added < len(rows):
            for row, station in zip(rows, block.station, strict=True):
                self._meet(row, station, delivered)
        if added:
            self._apply_waiting(block)

    def _meet(self, row: Row, station: str, delivered: bool) -> None:
        """Put a reading where one stands."""
        series, time_ms, value, quality, state = row
        old = self._stored(series, time_ms)
        if old is None or (old.value, old.quality, old.state) == (value, quality, state):
            return
        new = merge(old, value, quality, state, self._standing(series, time_ms), delivered=delivered)
        if new is None:
            return
        if new.revision:
            self._db.execute(
                "INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?)",
                (series, time_ms, old.value, old.quality, old.state, self._now_ms),
            )
        if new.another and old.said is not None:
            self._db.execute("DELETE FROM flag WHERE series = ? AND time_ms = ?", (series, time_ms))
        self._replace(series, time_ms, new.stored, station)

    def _stored(self, series: int, time_ms: int) -> Stored | None:
        row = self._db.execute(
            "SELECT value, quality, state, said FROM reading WHERE series = ? AND time_ms = ?", (series, time_ms)
        ).fetchone()
        return None if row is None else Stored(*row)

    def _standing(self, series: int, time_ms: int) -> list[int]:
        rows = self._db.execute("SELECT flag FROM flag WHERE series = ? AND time_ms = ?", (series, time_ms))
        return [flag for (flag,) in rows]

    def _replace(self, series: int, time_ms: int, new: Stored, station: str) -> None:
        self._db.execute(
            "UPDATE reading SET value = ?, quality = ?, state = ?, said = ? WHERE series = ? AND time_ms = ?",
            (new.value, new.quality, new.state, new.said, series, time_ms),
        )
        self._hours.add((series, time_ms - time_ms % HOUR_MS))
        self._note([station], [time_ms])

    def _note(self, stations: Sequence[str], times_ms: Sequence[int]) -> None:
        spans = self._spans
        for station, time_ms in set(zip(stations, times_ms, strict=True)):
            span = spans.get(station)
            if span is None:
                spans[station] = time_ms, time_ms
            elif time_ms < span[0] or time_ms > span[1]:
                spans[station] = min(span[0], time_ms), max(span[1], time_ms)

    def _apply_waiting(self, block: Block) -> None:
        rows = self._db.execute(
            """SELECT DISTINCT f.series, f.time_ms, s.station FROM flag f JOIN series s ON s.id = f.series
               WHERE f.waiting AND f.time_ms BETWEEN ? AND ?""",
            (min(block.time_ms), max(block.time_ms)),
        ).fetchall()
        for series, time_ms, station in rows:
            self._apply(series, time_ms, station)

    def flag(self, flags: Iterable[Flag]) -> None:
        """Keep flags, and give their readings the quality that follows."""
        touched: dict[tuple[int, int], str] = {}
        for one in flags:
            series = self._names[one.station, one.determinand]
            key = series, one.time_ms, one.test
            touched[series, one.time_ms] = one.station
            if withdraws(one.flag):
                self._db.execute("DELETE FROM flag WHERE series = ? AND time_ms = ? AND test = ?", key)
                continue
            evidence = json.dumps(one.evidence, ensure_ascii=False, allow_nan=False)
            self._db.execute(
                """INSERT INTO flag VALUES (?, ?, ?, ?, 1, ?) ON CONFLICT DO UPDATE
                   SET flag = excluded.flag, evidence = excluded.evidence""",
                (*key, int(one.flag), evidence),
            )
        for (series, time_ms), station in touched.items():
            self._apply(series, time_ms, station)

    def _apply(self, series: int, time_ms: int, station: str) -> None:
        old = self._stored(series, time_ms)
        if old is None:
            return
        self._db.execute("UPDATE flag SET waiting = 0 WHERE series = ? AND time_ms = ? AND waiting", (series, time_ms))
        new = flagged(old, self._standing(series, time_ms))
        if new != old:
            self._replace(series, time_ms, new, station)

    def revisions(self, rows: Sequence[Revision]) -> None:
        """Keep revisions of another store; those that are there already are not doubled."""

        def key(row: Revision) -> tuple[str, str, int]:
            return row.station, row.determinand, row.time_ms

        for (station, determinand, time_ms), group in groupby(sorted(rows, key=key), key):
            series = self._names[station, determinand]
            there = self._db.execute(
                "SELECT value, quality, state, replaced_ms FROM revision WHERE series = ? AND time_ms = ?",
                (series, time_ms),
            ).fetchall()
            for row in group:
                held = row.value, int(row.quality), str(row.state), row.replaced_ms
                if held in there:
                    there.remove(held)
                else:
                    self._db.execute("INSERT INTO revision VALUES (?, ?, ?, ?, ?, ?)", (series, time_ms, *held))

    def rolled(self, rows: Sequence[Rolled]) -> None:
        """Keep roll-ups of another store whose readings there are not any more, and never sum them again."""
        for row in rows:
            self._db.execute(
                sql.PUT_ROLLED[row.level],
                (
                    self._names[row.station, row.determinand], row.start_ms, row.minimum, row.maximum, row.total,
                    row.count, row.count - row.certain_count, row.certain_total, row.certain_count,
                ),
            )  # fmt: skip
        since_ms = max((row.end_ms for row in rows), default=0)
        if since_ms > kept_since(self._db)["raw"]:
            self._db.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (sql.KEPT_SINCE["raw"], str(since_ms)))

    def finish(self) -> None:
        """Mark and settle roll-ups, and write the log of changes."""
        if self._hours:
            self._roll_up()
        if self._spans:
            self._log()

    def _roll_up(self) -> None:
        db, since = self._db, kept_since(self._db)
        # What was let go cannot be summed again.
        hours = [(series, hour_ms) for series, hour_ms in self._hours if hour_ms >= since["raw"]]
        days = {(series, day_of(hour_ms)) for series, hour_ms in hours}
        db.executemany("INSERT OR IGNORE INTO dirty VALUES (?, ?)", hours)
        db.executemany("INSERT OR IGNORE INTO dirty_day VALUES (?, ?)", [d for d in days if d[1] >= since["hour"]])
        settle(db, max(hour_ms for _, hour_ms in self._hours))

    def _log(self) -> None:
        (newest,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM change").fetchone()
        seq = newest + 1
        self._db.executemany(
            "INSERT INTO change VALUES (?, ?, ?, ?)",
            [(seq, station, oldest_ms, newest_ms) for station, (oldest_ms, newest_ms) in self._spans.items()],
        )
        if seq % FOLDED == 0:
            self._fold(seq - 2 * FOLDED, seq - FOLDED)
        if seq % FOLDED**2 == 0:
            self._fold(0, seq - FOLDED**2)

    def _fold(self, after: int, seq: int) -> None:
        """Fold transactions into the last of them, which no cursor from before that has seen."""
        rows = self._db.execute(
            """SELECT station, min(oldest_ms), max(newest_ms) FROM change WHERE seq > ? AND seq <= ?
               GROUP BY station""",
            (after, seq),
        ).fetchall()
        self._db.execute("DELETE FROM change WHERE seq > ? AND seq <= ?", (after, seq))
        self._db.executemany("INSERT INTO change VALUES (?, ?, ?, ?)", [(seq, *row) for row in rows])


def kept_since(db: sqlite3.Connection) -> dict[str, int]:
    """Time from which on readings, hours and days are all there [ms since the epoch, UTC]."""
    found: dict[str, str] = dict(db.execute("SELECT name, body FROM mark WHERE name LIKE '.%_since'"))
    return {kind: int(found.get(name, 0)) for kind, name in sql.KEPT_SINCE.items()}


def settle(db: sqlite3.Connection, before_ms: int) -> None:
    """Sum dirty hours before a time, and dirty days before its day."""
    for statement in sql.SETTLE_HOURS:
        db.execute(statement, {"before_ms": before_ms})
    for statement in sql.SETTLE_DAYS:
        db.execute(statement, {"before_ms": day_of(before_ms)})

"""The tables of the SQLite store, and the statements over them.

A write marks the hours and days it touched as dirty; those older than the newest one of a write are summed again in
the same transaction, once, however many readings came. A reader sums dirty hours from the readings themselves and
dirty days from hours, so a read-only reader in another process is right as well and the hour that is filling costs a
write nothing.
"""

from __future__ import annotations

from collectors.stores.base import DAY_OFFSET_MS
from sensors.durations import DAY_MS, HOUR_MS

#: Start of the day of a time; see `collectors.stores.base.DAY_OFFSET_MS`.
_DAY_OF = f"{{0}} - ({{0}} + {DAY_OFFSET_MS}) % {DAY_MS}"

_FIGURES = """minimum REAL NOT NULL, maximum REAL NOT NULL, total REAL NOT NULL, count INTEGER NOT NULL,
        provisional INTEGER NOT NULL, certain_total REAL NOT NULL, certain_count INTEGER NOT NULL"""

_DAY = f"""CREATE TABLE day (
        series INTEGER NOT NULL, start_ms INTEGER NOT NULL, {_FIGURES},
        PRIMARY KEY (series, start_ms)) WITHOUT ROWID"""
_DIRTY_DAY = """CREATE TABLE dirty_day (
        series INTEGER NOT NULL, start_ms INTEGER NOT NULL,
        PRIMARY KEY (series, start_ms)) WITHOUT ROWID"""
#: `waiting` where the reading has not come.
_FLAG = """CREATE TABLE flag (
        series INTEGER NOT NULL, time_ms INTEGER NOT NULL, test TEXT NOT NULL, flag INTEGER NOT NULL,
        waiting INTEGER NOT NULL, evidence TEXT NOT NULL,
        PRIMARY KEY (series, time_ms, test)) WITHOUT ROWID"""
_WAITING = "CREATE INDEX flag_waiting ON flag (time_ms) WHERE waiting"
#: `seq` is one for each transaction.
_CHANGE = """CREATE TABLE change (
        seq INTEGER NOT NULL, station TEXT NOT NULL, oldest_ms INTEGER NOT NULL, newest_ms INTEGER NOT NULL,
        PRIMARY KEY (seq, station)) WITHOUT ROWID"""
_MARK = "CREATE TABLE mark (name TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID"
_EVENT = """CREATE TABLE event (
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER,
        detected_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, stations TEXT NOT NULL,
        detail TEXT NOT NULL)"""
_EVENT_TIME = "CREATE INDEX event_time ON event (start_ms)"
#: Those that began before a span and reach into it, or have not ended, are few of many years'.
_EVENT_END = "CREATE INDEX event_end ON event (end_ms, start_ms)"

#: Who this store is, so that a cursor of another one is known as such.
STORE_ID = ".id"
#: Version since which stores have it.
STORE_ID_SINCE = 2
_MAKE_ID = f"INSERT INTO mark VALUES ('{STORE_ID}', lower(hex(randomblob(6))))"

#: Before this time readings and hours have been let go, so that roll-ups of older ones stay as they are.
KEPT_SINCE = {"raw": ".raw_since", "hour": ".hour_since", "day": ".day_since"}

_TO_2 = (
    "ALTER TABLE reading ADD COLUMN said INTEGER",
    "ALTER TABLE hour ADD COLUMN certain_total REAL NOT NULL DEFAULT 0",
    "ALTER TABLE hour ADD COLUMN certain_count INTEGER NOT NULL DEFAULT 0",
    "UPDATE hour SET certain_total = total, certain_count = count WHERE provisional = 0",
    f"""UPDATE hour SET certain_count = count - provisional, certain_total = (
            SELECT coalesce(sum(r.value), 0.0) FROM reading r
            WHERE r.series = hour.series AND r.time_ms >= hour.start_ms AND r.time_ms < hour.start_ms + {HOUR_MS}
                AND r.value IS NOT NULL AND r.quality IN (1, 2) AND r.state = 'N')
        WHERE provisional > 0""",
    _DAY, _DIRTY_DAY, _FLAG, _WAITING, _CHANGE, _MARK, _EVENT, _EVENT_TIME, _MAKE_ID,
    f"INSERT OR IGNORE INTO dirty_day SELECT series, {_DAY_OF.format('start_ms')} FROM dirty",
    f"""INSERT INTO day SELECT series, {_DAY_OF.format('start_ms')} AS day_ms, min(minimum), max(maximum), sum(total),
            sum(count), sum(provisional), sum(certain_total), sum(certain_count)
        FROM hour GROUP BY series, day_ms""",
    # Whoever follows the log begins with everything.
    """INSERT INTO change SELECT 1, s.station, min(r.time_ms), max(r.time_ms)
        FROM series s CROSS JOIN reading r ON r.series = s.id AND r.time_ms IN (
            (SELECT min(time_ms) FROM reading WHERE series = s.id),
            (SELECT max(time_ms) FROM reading WHERE series = s.id))
        GROUP BY s.station""",
)  # fmt: skip

#: What brings an older store up, one entry for each version since the first; whoever changes `SCHEMA` adds one.
MIGRATIONS: tuple[tuple[str, ...], ...] = (_TO_2, (_EVENT_END,))

#: Kept in ``PRAGMA user_version``. A store with a higher one was written by a newer program.
SCHEMA_VERSION = 1 + len(MIGRATIONS)

#: Whoever only reads takes a store of this version and later: what came since makes answers faster, not other ones.
READABLE_SINCE = 2

SCHEMA = (
    """CREATE TABLE series (
        id INTEGER PRIMARY KEY, station TEXT NOT NULL, determinand TEXT NOT NULL,
        UNIQUE (station, determinand))""",
    # `said` is the quality before its flags, where there are flags.
    """CREATE TABLE reading (
        series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL, quality INTEGER NOT NULL, state TEXT NOT NULL,
        said INTEGER, PRIMARY KEY (series, time_ms)) WITHOUT ROWID""",
    """CREATE TABLE revision (
        series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL, quality INTEGER NOT NULL, state TEXT NOT NULL,
        replaced_ms INTEGER NOT NULL)""",
    "CREATE INDEX revision_time ON revision (time_ms)",
    f"""CREATE TABLE hour (
        series INTEGER NOT NULL, start_ms INTEGER NOT NULL, {_FIGURES},
        PRIMARY KEY (series, start_ms)) WITHOUT ROWID""",
    """CREATE TABLE dirty (
        series INTEGER NOT NULL, start_ms INTEGER NOT NULL,
        PRIMARY KEY (series, start_ms)) WITHOUT ROWID""",
    "CREATE TABLE watermark (gateway TEXT PRIMARY KEY, epoch TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE assessment (
        scope TEXT NOT NULL, subject TEXT NOT NULL, basis TEXT NOT NULL, time_ms INTEGER NOT NULL,
        water_class TEXT, partial INTEGER NOT NULL, provisional INTEGER NOT NULL, deciding TEXT NOT NULL,
        detail TEXT NOT NULL,
        PRIMARY KEY (scope, basis, subject, time_ms)) WITHOUT ROWID""",
    _DAY, _DIRTY_DAY, _FLAG, _WAITING, _CHANGE, _MARK, _EVENT, _EVENT_TIME, _EVENT_END, _MAKE_ID,
)  # fmt: skip

ADD = """INSERT INTO reading (series, time_ms, value, quality, state) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (series, time_ms) DO NOTHING"""

#: Same rule as `sensors.reading.USABLE_QUALITIES` and a normal state.
USABLE = "r.value IS NOT NULL AND r.quality IN (1, 2, 3) AND r.state = 'N'"

#: Figures of one reading, as a window of its own.
_ONE = "r.value, r.value, r.value, 1, r.quality = 3, CASE r.quality WHEN 3 THEN 0.0 ELSE r.value END, r.quality <> 3"

SETTLE_HOURS = (
    "DELETE FROM hour WHERE (series, start_ms) IN (SELECT series, start_ms FROM dirty WHERE start_ms < :before_ms)",
    f"""INSERT INTO hour
        SELECT d.series, d.start_ms, min(r.value), max(r.value), sum(r.value), count(*), sum(r.quality = 3),
            sum(CASE r.quality WHEN 3 THEN 0.0 ELSE r.value END), sum(r.quality <> 3)
        FROM dirty d CROSS JOIN reading r
            ON r.series = d.series AND r.time_ms >= d.start_ms AND r.time_ms < d.start_ms + {HOUR_MS}
        WHERE d.start_ms < :before_ms AND {USABLE}
        GROUP BY d.series, d.start_ms""",
    "DELETE FROM dirty WHERE start_ms < :before_ms",
)

#: After `SETTLE_HOURS`, so that no hour of these days is dirty.
SETTLE_DAYS = (
    "DELETE FROM day WHERE (series, start_ms) IN (SELECT series, start_ms FROM dirty_day WHERE start_ms < :before_ms)",
    f"""INSERT INTO day
        SELECT d.series, d.start_ms, min(h.minimum), max(h.maximum), sum(h.total), sum(h.count), sum(h.provisional),
            sum(h.certain_total), sum(h.certain_count)
        FROM dirty_day d CROSS JOIN hour h
            ON h.series = d.series AND h.start_ms >= d.start_ms AND h.start_ms < d.start_ms + {DAY_MS}
        WHERE d.start_ms < :before_ms
        GROUP BY d.series, d.start_ms""",
    "DELETE FROM dirty_day WHERE start_ms < :before_ms",
)

_HOUR = "h.minimum, h.maximum, h.total, h.count, h.provisional, h.certain_total, h.certain_count"
_CLEAN = "NOT EXISTS (SELECT 1 FROM dirty x WHERE x.series = h.series AND x.start_ms = h.start_ms)"

#: Days before :day_ms come from the daily roll-up, hours before :hour_ms from the hourly one, the rest from readings;
#: and what is dirty from the next finer. A dirty hour lies in a dirty day.
SUMMARY = f"""WITH wanted (series) AS (SELECT value FROM json_each(:series)),
    part (series, time_ms, minimum, maximum, total, count, provisional, certain_total, certain_count) AS (
        SELECT h.series, h.start_ms, {_HOUR}
        FROM wanted w CROSS JOIN day h
            ON h.series = w.series AND h.start_ms >= :start_ms AND h.start_ms < :day_ms
        WHERE NOT EXISTS (SELECT 1 FROM dirty_day x WHERE x.series = h.series AND x.start_ms = h.start_ms)
        UNION ALL
        SELECT h.series, h.start_ms, {_HOUR}
        FROM wanted w CROSS JOIN dirty_day d
            ON d.series = w.series AND d.start_ms >= :start_ms AND d.start_ms < :day_ms
        CROSS JOIN hour h
            ON h.series = d.series AND h.start_ms >= d.start_ms AND h.start_ms < d.start_ms + {DAY_MS}
        WHERE {_CLEAN}
        UNION ALL
        SELECT h.series, h.start_ms, {_HOUR}
        FROM wanted w CROSS JOIN hour h
            ON h.series = w.series AND h.start_ms >= :day_ms AND h.start_ms < :hour_ms
        WHERE {_CLEAN}
        UNION ALL
        SELECT r.series, r.time_ms, {_ONE}
        FROM wanted w CROSS JOIN dirty d
            ON d.series = w.series AND d.start_ms >= :start_ms AND d.start_ms < :hour_ms
        CROSS JOIN reading r
            ON r.series = d.series AND r.time_ms >= d.start_ms AND r.time_ms < d.start_ms + {HOUR_MS}
        WHERE {USABLE}
        UNION ALL
        SELECT r.series, r.time_ms, {_ONE}
        FROM wanted w CROSS JOIN reading r
            ON r.series = w.series AND r.time_ms >= :hour_ms AND r.time_ms < :end_ms
        WHERE {USABLE})
    SELECT series, (time_ms - :start_ms) / :step_ms AS slot,
        min(minimum), max(maximum), sum(total), sum(count), sum(provisional), sum(certain_total), sum(certain_count)
    FROM part GROUP BY series, slot"""

LATEST = """SELECT s.station, s.determinand, r.time_ms, r.value, r.quality, r.state
    FROM series s CROSS JOIN reading r
        ON r.series = s.id AND r.time_ms = (SELECT max(time_ms) FROM reading WHERE series = s.id)
    ORDER BY s.station, s.determinand"""

_LEFT = "FROM day WHERE series = s.id AND start_ms < :since_ms"
SERIES = f"""SELECT * FROM (SELECT s.station, s.determinand,
        coalesce((SELECT min(start_ms) {_LEFT}), (SELECT min(time_ms) FROM reading WHERE series = s.id)) AS oldest_ms,
        coalesce((SELECT max(time_ms) FROM reading WHERE series = s.id), (SELECT max(start_ms) {_LEFT}))
    FROM series s) WHERE oldest_ms IS NOT NULL"""

#: What is left of readings that were let go.
ROLLED = {
    level: f"""SELECT '{level}', s.station, s.determinand, h.start_ms, h.minimum, h.maximum, h.total, h.count,
        h.certain_total, h.certain_count
    FROM series s CROSS JOIN {level} h ON h.series = s.id AND h.start_ms >= ? AND h.start_ms < ?
    WHERE s.station = ?"""
    for level in ("hour", "day")
}

PUT_ROLLED = {level: f"INSERT OR REPLACE INTO {level} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)" for level in ("hour", "day")}

WANTED = """SELECT s.id, s.station, s.determinand FROM json_each(?) a, json_each(?) b
    CROSS JOIN series s ON s.station = a.value AND s.determinand = b.value ORDER BY a.key, b.key"""

RANGE = """SELECT r.series, r.time_ms, r.value, r.quality, r.state
    FROM json_each(:series) w CROSS JOIN reading r
        ON r.series = w.value AND r.time_ms >= :start_ms AND r.time_ms < :end_ms
    ORDER BY r.time_ms, w.key"""

DUMP = """SELECT s.station, s.determinand, r.time_ms, r.value, coalesce(r.said, r.quality), r.state
    FROM series s CROSS JOIN reading r ON r.series = s.id AND r.time_ms >= ? AND r.time_ms < ?
    WHERE s.station = ? ORDER BY s.determinand, r.time_ms"""

REVISIONS = """SELECT s.station, s.determinand, r.time_ms, r.value, r.quality, r.state, r.replaced_ms
    FROM revision r JOIN series s ON s.id = r.series
    WHERE r.time_ms >= ? AND r.time_ms < ? ORDER BY r.time_ms, s.station, s.determinand, r.rowid"""

FLAGS = """SELECT s.station, s.determinand, f.time_ms, f.test, f.flag, f.evidence
    FROM series s CROSS JOIN flag f ON f.series = s.id AND f.time_ms >= ? AND f.time_ms < ?
    WHERE s.station = ? ORDER BY f.time_ms, s.determinand, f.test"""

CHANGES = "SELECT station, min(oldest_ms), max(newest_ms) FROM change WHERE seq > ? GROUP BY station"

_EVENT_ROWS = "SELECT id, kind, start_ms, end_ms, detected_ms, updated_ms, stations, detail FROM event"

#: Began within the span; began before it and ended within or after it; began before it and lasts. The plus and the
#: sorting at the end keep the latter two from walking through everything that ever began before.
EVENTS = f"""WITH found AS MATERIALIZED (
        {_EVENT_ROWS} WHERE start_ms >= :start_ms AND start_ms < :end_ms
        UNION ALL {_EVENT_ROWS} WHERE end_ms > :start_ms AND +start_ms < min(:start_ms, :end_ms)
        UNION ALL {_EVENT_ROWS} WHERE end_ms IS NULL AND +start_ms < min(:start_ms, :end_ms))
    SELECT * FROM found ORDER BY start_ms, id"""

PUT_ASSESSMENT = """INSERT OR REPLACE INTO assessment
    (scope, subject, basis, time_ms, water_class, partial, provisional, deciding, detail)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""

_ASSESSMENT = "scope, subject, basis, time_ms, water_class, partial, provisional, deciding, detail"

#: Walks from subject to subject through the primary key: history may be long, subjects are few.
ASSESSMENTS = f"""WITH RECURSIVE subjects (subject) AS (
        SELECT min(subject) FROM assessment WHERE scope = :scope AND basis = :basis
        UNION ALL
        SELECT (SELECT min(a.subject) FROM assessment a
                WHERE a.scope = :scope AND a.basis = :basis AND a.subject > subjects.subject)
        FROM subjects WHERE subjects.subject IS NOT NULL)
    SELECT {", ".join(f"a.{column.strip()}" for column in _ASSESSMENT.split(","))}
    FROM subjects s CROSS JOIN assessment a
        ON a.scope = :scope AND a.basis = :basis AND a.subject = s.subject
        AND a.time_ms = (SELECT max(time_ms) FROM assessment
                         WHERE scope = :scope AND basis = :basis AND subject = s.subject)
    ORDER BY a.subject"""

ASSESSMENT_HISTORY = f"""SELECT {_ASSESSMENT} FROM assessment
    WHERE scope = ? AND subject = ? AND basis = ? AND time_ms >= ? AND time_ms < ? ORDER BY time_ms"""

#: Without a word of why, which is most of a row and stands at its end; the quality word only where there is no class.
CONDITIONS = """SELECT a.subject, a.time_ms, a.water_class,
        CASE WHEN a.water_class IS NULL THEN json_extract(a.detail, '$.descriptor') END
    FROM json_each(:subjects) w CROSS JOIN assessment a
        ON a.scope = :scope AND a.basis = :basis AND a.subject = w.value
        AND a.time_ms >= :start_ms AND a.time_ms < :end_ms
    ORDER BY w.key, a.time_ms"""

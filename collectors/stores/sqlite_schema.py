"""The tables of the SQLite store and the statements that keep its hourly roll-up true.

A write marks the hours it touched as dirty; hours older than the newest one of that write are summed again in the same
transaction, once, however many readings came. A reader sums dirty hours from the readings themselves, so a read-only
reader in another process is right as well and the hour that is filling costs a write nothing.
"""

from __future__ import annotations

#: What brings an older store up, one entry for each version since the first; whoever changes `SCHEMA` adds one.
MIGRATIONS: tuple[tuple[str, ...], ...] = ()

#: Kept in ``PRAGMA user_version``. A store with a higher one was written by a newer program.
SCHEMA_VERSION = 1 + len(MIGRATIONS)

SCHEMA = (
    """CREATE TABLE series (
        id INTEGER PRIMARY KEY, station TEXT NOT NULL, determinand TEXT NOT NULL,
        UNIQUE (station, determinand))""",
    """CREATE TABLE reading (
        series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL, quality INTEGER NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (series, time_ms)) WITHOUT ROWID""",
    """CREATE TABLE revision (
        series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL, quality INTEGER NOT NULL, state TEXT NOT NULL,
        replaced_ms INTEGER NOT NULL)""",
    "CREATE INDEX revision_time ON revision (time_ms)",
    """CREATE TABLE hour (
        series INTEGER NOT NULL, start_ms INTEGER NOT NULL, minimum REAL NOT NULL, maximum REAL NOT NULL,
        total REAL NOT NULL, count INTEGER NOT NULL, provisional INTEGER NOT NULL,
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
)

#: What a write brings, for as long as its transaction lasts.
INCOMING = """CREATE TEMP TABLE incoming (
    series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL, quality INTEGER NOT NULL, state TEXT NOT NULL,
    PRIMARY KEY (series, time_ms)) WITHOUT ROWID"""

#: A new quality flag on an unflagged reading is quality control at work, not a revision.
KEEP_REVISIONS = """INSERT INTO revision
    SELECT r.series, r.time_ms, r.value, r.quality, r.state, :now_ms
    FROM incoming i CROSS JOIN reading r ON r.series = i.series AND r.time_ms = i.time_ms
    WHERE r.value IS NOT i.value OR r.state <> i.state OR (r.quality <> i.quality AND r.quality <> 2)"""

#: A delivery that comes again does not undo quality control: with value and state as stored, a stored verdict stays.
KEEP_VERDICTS = """UPDATE incoming
    SET quality = (SELECT r.quality FROM reading r
        WHERE r.series = incoming.series AND r.time_ms = incoming.time_ms)
    WHERE EXISTS (SELECT 1 FROM reading r
        WHERE r.series = incoming.series AND r.time_ms = incoming.time_ms
            AND r.value IS incoming.value AND r.state = incoming.state AND r.quality <> 2)"""

TAKE = "INSERT OR REPLACE INTO reading SELECT series, time_ms, value, quality, state FROM incoming"

MARK = "INSERT OR IGNORE INTO dirty SELECT DISTINCT series, time_ms - time_ms % 3600000 FROM incoming"

NEWEST_HOUR = "SELECT max(time_ms) - max(time_ms) % 3600000 FROM incoming"

#: Same rule as `sensors.reading.USABLE_QUALITIES` and a normal state.
USABLE = "r.value IS NOT NULL AND r.quality IN (1, 2, 3) AND r.state = 'N'"

SETTLE = (
    """DELETE FROM hour WHERE (series, start_ms) IN (SELECT series, start_ms FROM dirty WHERE start_ms < :before_ms)""",
    f"""INSERT INTO hour
        SELECT d.series, d.start_ms, min(r.value), max(r.value), sum(r.value), count(*), sum(r.quality = 3)
        FROM dirty d CROSS JOIN reading r
            ON r.series = d.series AND r.time_ms >= d.start_ms AND r.time_ms < d.start_ms + 3600000
        WHERE d.start_ms < :before_ms AND {USABLE}
        GROUP BY d.series, d.start_ms""",
    "DELETE FROM dirty WHERE start_ms < :before_ms",
)

#: Hours before :whole_ms come from the roll-up, or from the readings where they are dirty; the rest from the readings.
SUMMARY = f"""WITH wanted (series) AS (SELECT value FROM json_each(:series)),
    part (series, time_ms, minimum, maximum, total, count, provisional) AS (
        SELECT h.series, h.start_ms, h.minimum, h.maximum, h.total, h.count, h.provisional
        FROM wanted w CROSS JOIN hour h
            ON h.series = w.series AND h.start_ms >= :start_ms AND h.start_ms < :whole_ms
        WHERE NOT EXISTS (SELECT 1 FROM dirty d WHERE d.series = h.series AND d.start_ms = h.start_ms)
        UNION ALL
        SELECT r.series, r.time_ms, r.value, r.value, r.value, 1, r.quality = 3
        FROM wanted w CROSS JOIN dirty d
            ON d.series = w.series AND d.start_ms >= :start_ms AND d.start_ms < :whole_ms
        CROSS JOIN reading r
            ON r.series = d.series AND r.time_ms >= d.start_ms AND r.time_ms < d.start_ms + 3600000
        WHERE {USABLE}
        UNION ALL
        SELECT r.series, r.time_ms, r.value, r.value, r.value, 1, r.quality = 3
        FROM wanted w CROSS JOIN reading r
            ON r.series = w.series AND r.time_ms >= :whole_ms AND r.time_ms < :end_ms
        WHERE {USABLE})
    SELECT series, (time_ms - :start_ms) / :step_ms AS slot,
        min(minimum), max(maximum), sum(total), sum(count), sum(provisional)
    FROM part GROUP BY series, slot"""

LATEST = """SELECT s.station, s.determinand, r.time_ms, r.value, r.quality, r.state
    FROM series s CROSS JOIN reading r
        ON r.series = s.id AND r.time_ms = (SELECT max(time_ms) FROM reading WHERE series = s.id)
    ORDER BY s.station, s.determinand"""

RANGE = """SELECT r.series, r.time_ms, r.value, r.quality, r.state
    FROM json_each(:series) w CROSS JOIN reading r
        ON r.series = w.value AND r.time_ms >= :start_ms AND r.time_ms < :end_ms
    ORDER BY r.time_ms, w.key"""

REVISIONS = """SELECT s.station, s.determinand, r.time_ms, r.value, r.quality, r.state, r.replaced_ms
    FROM revision r JOIN series s ON s.id = r.series
    WHERE r.time_ms >= ? AND r.time_ms < ? ORDER BY r.time_ms, s.station, s.determinand, r.rowid"""

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

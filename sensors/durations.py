"""Lengths of time: times are milliseconds since the epoch everywhere in the program."""

from __future__ import annotations

#: [ms]
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

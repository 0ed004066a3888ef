"""Scenarios small enough for tests."""

from __future__ import annotations

from benchmarks.scenarios.plan import Plan

#: A ladder of six confluences, nine days, six discharges.
TINY = Plan("tiny", 5, "ladder", (2, 3), 700, 1, 9, 20, 0.4, 0.3, 0.06, 1, "summer", "2025-07-05", 9, 6)

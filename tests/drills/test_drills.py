"""Restore and upgrade with real processes: the short versions of ``make drill``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.collectors.brokers import find_mosquitto
from tests.drills import restoring, upgrading
from tests.drills.make_dump import MOST_BYTES, commits, dump_of
from tests.drills.restoring import missing
from tests.drills.witness import Witness

real = [
    pytest.mark.system,
    pytest.mark.mosquitto,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)"),
]


class TestRestore:
    pytestmark = real

    def test_a_wiped_hub_comes_back(self, tmp_path: Path) -> None:
        outcome = asyncio.run(restoring.run(tmp_path, restoring.SHORT))
        assert outcome.promised > 1_000
        assert outcome.restore_lost == 0
        assert outcome.refilled > 100
        assert outcome.refill_lost == 0
        assert outcome.books_changes > 0
        assert (outcome.books_lost, outcome.trail) == (0, "")
        assert outcome.restore_s < 900
        # What was stored after the backup is still in the spools, because gateways keep it for a day.
        assert outcome.between > 0
        assert (outcome.between_lost, outcome.told_lost_rows) == (0, 0)
        assert outcome.doctor == ""


class TestUpgrade:
    pytestmark = real

    @pytest.mark.parametrize("commit", commits())
    def test_what_an_earlier_version_wrote_opens(self, commit: str, tmp_path: Path) -> None:
        outcome = asyncio.run(upgrading.run(tmp_path, commit, live_s=2.0))
        assert min(outcome.stored, outcome.waiting, outcome.live) > 100
        assert (outcome.upgrade_lost, outcome.kept_lost, outcome.trail) == (0, 0, "")
        assert outcome.check in (0, 1)


def test_dumps_are_small_and_there() -> None:
    assert commits()
    assert all(dump_of(commit).stat().st_size <= MOST_BYTES for commit in commits())


def test_what_is_missing_is_counted() -> None:
    expected = {("S", "ph", 1): 7.0, ("S", "ph", 2): None, ("S", "ph", 3): 7.2}
    assert missing(expected, dict(expected)) == 0
    assert missing(expected, {("S", "ph", 1): 7.1, ("S", "ph", 2): None}) == 2


def test_the_witness_knows_which_rows_are_promised() -> None:
    async def main() -> Witness:
        return Witness(1, "site")

    witness = asyncio.run(main())
    for seq in (1, 2, 3):
        witness.rows["gw", "e", seq] = {("S", "ph", seq): float(seq)}
    assert len(witness.readings({("gw", "e"): 2})) == 2
    assert list(witness.readings({("gw", "e"): 2}, above=True).values()) == [3.0]
    # Numbers of another opening of the spool say nothing of these rows.
    assert witness.readings({("gw", "other"): 9}) == {}

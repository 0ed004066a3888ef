"""Everything fails at random, and nothing is lost: the short version of ``make chaos``."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.chaos.rig import Outcome, run
from tests.collectors.brokers import find_mosquitto
from tests.collectors.influxes import find_influxd

pytestmark = [
    pytest.mark.system,
    pytest.mark.mosquitto,
    pytest.mark.timeout(300),
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed (Debian package mosquitto)"),
]

#: Of each run [s]; with its start, its end and the comparison a minute and a half.
SECONDS = 65.0


def check(outcome: Outcome) -> None:
    """What has to be true of every run, whatever has failed in it."""
    assert outcome.undelivered == []
    assert outcome.readings >= 20_000
    assert outcome.kills >= 5
    assert len(outcome.faults) >= 10
    assert (outcome.lost, outcome.duplicated) == (0, 0)
    assert outcome.backwards == []
    for name, (most_mb, ceiling_mb) in outcome.memory_mb.items():
        assert 1 < most_mb < ceiling_mb, name


def test_into_the_embedded_store(tmp_path: Path) -> None:
    check(asyncio.run(run(tmp_path, SECONDS, seed=1)))


@pytest.mark.influxdb
@pytest.mark.skipif(find_influxd() is None, reason="no influxd in $RIVERCHIEF_SERVERS")
def test_into_influxdb(tmp_path: Path) -> None:
    check(asyncio.run(run(tmp_path, SECONDS, seed=2, influxd=find_influxd())))


def test_the_control_loses(tmp_path: Path) -> None:
    """Deleting on the broker's word: if nothing were lost there, the runs above would prove nothing."""
    outcome = asyncio.run(run(tmp_path, 15.0, seed=4, trusting=True))
    assert outcome.readings > 1_000
    assert outcome.lost > 0

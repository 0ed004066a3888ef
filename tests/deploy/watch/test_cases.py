"""What the cases remember comes back from JSON as it was."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from analytics.attribution.ranking import Candidate, Ranking
from analytics.qc import Channel
from analytics.qc.trust import Trusted
from deploy.site.importing import import_site
from deploy.watch.cases import Cases
from deploy.watch.grid import SLOT_MS, Slots
from sensors.site import Site
from tests.deploy.site.topologies import small_topology

CHANNELS = [Channel("S01", "ammonia_nitrogen"), Channel("S01", "conductivity"), Channel("S02", "ammonia_nitrogen")]
DAY = 86_400_000


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    (folder / "topology.json").write_text(json.dumps(small_topology()), encoding="utf-8")
    return import_site(folder / "topology.json", folder / "site")


def slots(first: int, last: int) -> Slots:
    """Quiet water, in which sewage passes the first station on the fifth day."""
    rng = np.random.default_rng(5)
    hours = np.arange(1, 5 * 288 + 1) / 12
    noise = rng.normal(0, 1, (hours.size, 3)) * [0.03, 2.0, 0.03]
    pulse = np.exp(-(((hours - 108) / 2.0) ** 2))[:, None] * [2.0, 120.0, 0.0]
    values = np.round(np.array([1.0, 500.0, 1.0]) + noise + pulse, 3)
    time_ms = 20_000 * DAY + np.arange(1, hours.size + 1, dtype=np.int64) * SLOT_MS
    part = slice(first, last)
    n = time_ms[part].size
    return Slots(time_ms[part], values[part], np.zeros((n, 2), bool), np.full(n, np.nan))


def step(cases: Cases, first: int, last: int) -> list[object]:
    block = slots(first, last)
    there = np.ones(block.values.shape, bool)
    return list(cases.step(block, Trusted(there, ~there)))


def test_a_restart_in_the_middle_of_an_event_changes_nothing(site) -> None:
    whole, other = Cases(site, CHANNELS), Cases(site, CHANNELS)
    before = step(whole, 0, 1290)
    assert before
    other.detector.load(whole.detector.save())
    other.load(json.loads(json.dumps(whole.save())))
    assert other.save() == whole.save()
    after = step(whole, 1290, 1440)
    assert after, "it ends"
    assert step(other, 1290, 1440) == after


def test_how_rows_are_cut_changes_nothing(site) -> None:
    whole, other = Cases(site, CHANNELS), Cases(site, CHANNELS)
    step(whole, 0, 1440)
    for first in range(0, 1440, 7):
        step(other, first, min(first + 7, 1440))
    assert json.dumps(other.save()) == json.dumps(whole.save())


def test_a_ranking_comes_back_from_json(site) -> None:
    cases = Cases(site, CHANNELS)
    ranking = Ranking((Candidate("PK1", 0.75, 1.5), Candidate("PK2", 0.25, None)), 1.75, True, ("S02",))
    saved = {**cases.save(), "rankings": {"e": [[7, asdict(ranking)]]}}
    cases.load(json.loads(json.dumps(saved)))
    assert cases.save() == saved
    assert cases._rankings["e"] == [(7, ranking)]

"""Who saw it first and who has not seen it says where it came from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analytics.attribution.passage import passages
from analytics.attribution.ranking import Attribution
from analytics.attribution.transport import Transport
from tests.analytics.attribution.rivers import network, outfall, reach, station

#: a and b meet in c; stations stand on each, outfalls between and around them.
RIVERS = network(
    reach("a", "n1", "n3", 2000.0), reach("b", "n2", "n3", 2000.0), reach("c", "n3", "n4", 3000.0),
)  # fmt: skip
STATIONS = {s.id: s for s in (station("SA", "a", 1000.0), station("SB", "b", 1000.0), station("SC", "c", 2000.0))}
OUTFALLS = {
    o.id: o
    for o in (
        outfall("a1", "a", 500.0), outfall("a2", "a", 1500.0), outfall("b1", "b", 500.0), outfall("b2", "b", 1500.0),
        outfall("c1", "c", 1000.0), outfall("c2", "c", 2500.0),
    )
}  # fmt: skip


def attribution() -> Attribution:
    return Attribution(Transport(RIVERS), STATIONS, OUTFALLS)


def probabilities(first: str, silent: list[str], **weights: float) -> dict[str, float]:
    ranking = attribution().rank([(first, silent)], weights)
    assert sum(candidate.probability for candidate in ranking.candidates) == pytest.approx(1)
    return {candidate.outfall: candidate.probability for candidate in ranking.candidates}


def test_above_the_station_that_saw_it() -> None:
    found = probabilities("SA", ["SB", "SC"])
    assert max(found, key=found.get) == "a1"
    assert found["a1"] > 0.9


def test_stations_that_kept_silent_rule_out_what_they_would_have_seen() -> None:
    blind, seeing = probabilities("SC", []), probabilities("SC", ["SA", "SB"])
    assert blind["a1"] > 2 * seeing["a1"]
    assert min(seeing[name] for name in ("a2", "b2", "c1")) > max(seeing[name] for name in ("a1", "b1", "c2"))


def test_prior_knowledge_and_kinds_count() -> None:
    even = probabilities("SC", ["SA", "SB"])
    closed = probabilities("SC", ["SA", "SB"], c1=0.1)
    assert closed["c1"] < 0.3 * even["c1"]
    works = {**OUTFALLS, "c1": outfall("c1", "c", 1000.0, "treatment")}
    ranking = Attribution(Transport(RIVERS), STATIONS, works).rank([("SC", ["SA", "SB"])])
    by_name = {candidate.outfall: candidate.probability for candidate in ranking.candidates}
    assert by_name["c1"] < even["c1"]


def test_nights_of_a_campaign_multiply() -> None:
    once = attribution().rank([("SC", ["SA", "SB"])])
    weighted = attribution().rank([("SC", ["SA", "SB"])], {"c1": 1.5})
    thrice = attribution().rank([("SC", ["SA", "SB"])] * 3)
    assert thrice.effective < once.effective
    assert thrice.candidates[0].probability > once.candidates[0].probability
    assert weighted.candidates[0].outfall == "c1"


def test_a_station_above_everything_cannot_tell() -> None:
    stations = {"S0": station("S0", "a", 10.0), **STATIONS}
    only_below = {name: one for name, one in OUTFALLS.items() if name != "a1"}
    ranking = Attribution(Transport(RIVERS), stations, only_below).rank([("S0", ["SA"])])
    assert (ranking.told, ranking.candidates) == (False, ())


def test_an_event_needs_an_episode() -> None:
    with pytest.raises(ValueError, match="without an episode"):
        attribution().rank([])


def test_probabilities_are_what_they_say() -> None:
    """Discharges drawn from the model itself, with velocities that the survey has wrong by 15 %."""
    rng = np.random.default_rng(5)
    said, true = [], []
    for _ in range(25):
        wrong = network(
            *(
                reach(r.id, r.from_node, r.to_node, r.length_m, r.mean_velocity_m_s * rng.lognormal(0, 0.15))
                for r in RIVERS.reaches.values()
            )
        )
        spots = [(one.reach, one.chainage_m) for one in OUTFALLS.values()]
        happened = passages(Transport(RIVERS), [(s.reach, s.chainage_m) for s in STATIONS.values()], spots)
        judge = Attribution(Transport(wrong), STATIONS, OUTFALLS)
        for index, name in enumerate(OUTFALLS):
            hours = happened.hours[rng.choice(len(happened.weight), p=happened.weight), :, index]
            if not np.isfinite(hours).any():
                continue
            first = list(STATIONS)[int(hours.argmin())]
            silent = [s for s, h in zip(STATIONS, hours, strict=True) if h > hours.min() + 1]
            for candidate in judge.rank([(first, silent)]).candidates:
                said.append(candidate.probability)
                true.append(candidate.outfall == name)
    probability, right = np.array(said), np.array(true)
    for low, high in ((0.0, 0.1), (0.2, 0.5), (0.5, 1.01)):
        among = (probability >= low) & (probability < high)
        assert among.sum() >= 30
        assert right[among].mean() == pytest.approx(probability[among].mean(), abs=0.12)


def test_networks_with_known_answers(shared: Path) -> None:
    """Of discharges whose first station is known: the truth is among the first three in 3 of 4, the first ten in 9."""
    pytest.importorskip("deploy.replay.scenario")
    import pandas as pd

    from deploy.replay.scenario import load_scenario

    ranks = []
    for folder in sorted((shared / "cases" / "outfalls").glob("A10[123]")):
        scenario = load_scenario(folder)
        transport = Transport(scenario.network, scenario.topology.steadiness, scenario.topology.mean_flow_m3_s)
        judge = Attribution(transport, scenario.stations, scenario.outfalls)
        events = pd.read_parquet(folder / "truth" / "events.parquet")
        series = pd.read_parquet(folder / "truth" / "footprint_series.parquet").query("snr >= 3")
        for event in events[events.snr >= 3].itertuples():
            seen = series[series.event == event.event]
            if seen.empty:
                continue
            begin = seen.hour.min()
            first = seen[seen.hour == begin].sort_values("snr").station.iloc[-1]
            shown = set(seen[seen.hour <= begin + pd.Timedelta(hours=1)].station)
            ranking = judge.rank([(first, [name for name in scenario.stations if name not in shown])])
            place = {name: (one.reach, one.chainage_m) for name, one in scenario.outfalls.items()}
            order = list(dict.fromkeys(place[candidate.outfall] for candidate in ranking.candidates))
            ranks.append(order.index(place[event.outfall]) if place[event.outfall] in order else 999)
    assert len(ranks) >= 50
    assert np.mean(np.array(ranks) < 3) >= 0.70
    assert np.mean(np.array(ranks) < 10) >= 0.90

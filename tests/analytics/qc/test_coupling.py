from __future__ import annotations

import numpy as np

from analytics.qc.coupling import Coupling

#: Of three channels the first asks the two others, the second the first, the third nobody.
NEAR = np.array([[1, 2], [0, -1], [-1, -1]])
ALL = np.ones(3, bool)


def taught(hours: int = 200, share: float = 0.7, *, odd: float = 0.0) -> Coupling:
    """Coupling of a channel that shows a share of what the second shows; every tenth hour something else as well."""
    kept, rng = Coupling(NEAR), np.random.default_rng(7)
    for hour in range(hours):
        second, third = rng.normal(size=2)
        first = share * second + 0.1 * rng.normal() + (odd if hour % 10 == 0 else 0.0)
        seen = np.array([first, second, third], np.float32)
        kept.learn(kept.shown(seen, ALL), seen, np.ones(3, np.float32), ALL)
    return kept


def test_what_a_neighbour_explains_is_learned() -> None:
    kept = taught()
    assert abs(kept.weight[0, 0] - 0.7) < 0.15
    assert abs(kept.weight[1, 0]) < 0.1
    expected = kept.explained(kept.shown(np.array([0.0, 2.0, 0.0], np.float32), ALL))
    assert 1.1 < expected[0] < 1.5


def test_who_has_no_neighbour_is_explained_by_nothing() -> None:
    kept = taught()
    assert not kept.weight[:, 2].any()
    assert kept.explained(kept.shown(np.ones(3, np.float32), ALL))[2] == 0


def test_channels_without_coupling_learn_none() -> None:
    assert abs(taught(share=0.0).weight[0, 0]) < 0.1


def test_a_great_departure_teaches_no_more_than_an_ordinary_one() -> None:
    assert abs(taught(odd=40.0).weight[0, 0] - 0.7) < 0.3


def test_a_neighbour_that_lies_explains_nothing() -> None:
    kept = taught()
    sound = np.array([True, False, True])
    seen = np.array([0.0, 5.0, np.nan], np.float32)
    assert kept.explained(kept.shown(seen, sound & ~np.isnan(seen)))[0] == 0


def test_hours_that_are_none_to_learn_from_change_nothing() -> None:
    kept = taught()
    before = kept.cross.copy()
    seen = np.array([9.0, -9.0, 9.0], np.float32)
    kept.learn(kept.shown(seen, ALL), seen, np.ones(3, np.float32), ~ALL)
    np.testing.assert_array_equal(kept.cross, before)


def test_nobody_asks_where_the_network_is_not_known() -> None:
    kept = Coupling(np.empty((3, 0), np.intp))
    seen = np.ones(3, np.float32)
    kept.learn(kept.shown(seen, ALL), seen, seen, ALL)
    np.testing.assert_array_equal(kept.explained(kept.shown(seen, ALL)), 0)

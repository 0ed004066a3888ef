from __future__ import annotations

import numpy as np

from sensors.simulate.chance import hashed, key, keys, normals, uniforms


def test_a_name_has_the_same_number_on_every_machine() -> None:
    assert key("S01") == 9573088479536454540
    assert len(set(keys(f"S{n}" for n in range(1000)).tolist())) == 1000


def test_uniforms_fill_the_unit_interval_evenly() -> None:
    drawn = uniforms(1, 2, np.arange(40_000))
    assert drawn.min() >= 0.0
    assert drawn.max() < 1.0
    counts = np.histogram(drawn, 20, (0, 1))[0]
    assert np.abs(counts - 2000).max() < 200  # 4.6 standard deviations


def test_normals_are_standard_normal_and_uncorrelated_with_their_neighbours() -> None:
    drawn = normals(7, np.arange(40_000))
    assert abs(drawn.mean()) < 0.02
    assert abs(drawn.std() - 1) < 0.02
    assert abs((np.abs(drawn) < 1.96).mean() - 0.95) < 0.005
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.02


def test_every_part_of_a_key_matters_and_so_does_its_place() -> None:
    seen = {int(hashed(*parts)[0]) for parts in ((1, 2), (2, 1), (1, 2, 0), (1, 3), (-1, 2), (1,))}
    assert len(seen) == 6


def test_keys_broadcast_and_a_cell_does_not_depend_on_its_company() -> None:
    table = uniforms(5, np.arange(3)[:, None], np.arange(4))
    assert table.shape == (3, 4)
    assert table[2, 1] == uniforms(5, 2, 1)[0]

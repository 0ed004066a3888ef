"""Water keeps its mass, arrives when its velocity says, and goes where the flow goes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, identity
from scipy.sparse.linalg import spsolve

from analytics.attribution.transport import Transport
from tests.analytics.attribution.rivers import network, reach

STEP_S = 300.0


def arrival_h(transport: Transport, station: tuple[str, float], spot: tuple[str, float], hours: float = 24.0) -> float:
    """When the peak of an instant discharge passes."""
    kernel = transport.response([station], [spot], STEP_S, round(hours * 3600 / STEP_S)).kernel[:, 0, 0]
    return (int(kernel.argmax()) + 1) * STEP_S / 3600


@pytest.mark.parametrize("velocity", [0.05, 0.2, -0.1])
def test_the_peak_arrives_with_the_water(velocity: float) -> None:
    """Whichever way the reach was drawn."""
    transport = Transport(network(reach("a", "n1", "n2", 4000.0, velocity)))
    start, end = (("a", 200.0), ("a", 3800.0)) if velocity > 0 else (("a", 3800.0), ("a", 200.0))
    assert arrival_h(transport, end, start) == pytest.approx(3600 / abs(velocity) / 3600, rel=0.1)
    assert transport.response([start], [end], STEP_S, 50).kernel.max() < 1e-6, "and does not go back"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.01, 0.4), min_size=5, max_size=5), st.floats(0.55, 1.0))
def test_mass_is_kept(velocities: list[float], steadiness: float) -> None:
    """What leaves one cell enters another, at confluences and forks too; only the outlet loses any."""
    a, b, c, d, e = velocities
    reaches = [
        reach("a", "n1", "n3", 500, a), reach("b", "n2", "n3", 700, b), reach("c", "n3", "n4", 400, c),
        reach("d", "n4", "n5", 600, d), reach("e", "n6", "n4", 600, -e),
    ]  # fmt: skip
    transport = Transport(network(*reaches), dict.fromkeys("abcde", steadiness))
    rates = transport.rates.toarray()
    assert (rates - np.diag(np.diag(rates)) >= 0).all()
    lost = -rates.sum(axis=0)
    outlets = {transport.cell(("d", 600.0)), transport.cell(("e", 0.0))}
    assert set(np.flatnonzero(lost > 1e-12)) == outlets
    assert lost.min() > -1e-12


def test_backward_is_forward_the_other_way_round() -> None:
    """The kernel of the backward solve is what a forward solve of the same discharge shows."""
    transport = Transport(
        network(reach("a", "n1", "n2"), reach("b", "n2", "n3", 800.0, 0.06), reach("c", "n2", "n4", 900.0, 0.2)),
        {"b": 0.7},
    )
    stations, spot = [("b", 500.0), ("c", 700.0), ("a", 900.0)], ("a", 300.0)
    kernel = transport.response(stations, [spot], STEP_S, 40).kernel[:, :, 0]
    mass = np.zeros(transport.cells)
    mass[transport.cell(spot)] = 1.0
    step = csc_matrix(identity(transport.cells) - STEP_S * transport.rates)
    for expected in kernel:
        mass = spsolve(step, mass)
        seen = [mass[transport.cell(one)] / transport._volume[transport.cell(one)] for one in stations]
        assert seen == pytest.approx(expected.tolist(), rel=1e-4, abs=1e-9)


def test_a_fork_shares_by_flow() -> None:
    reaches = network(reach("a", "n1", "n2"), reach("b", "n2", "n3"), reach("c", "n2", "n4"))
    transport = Transport(reaches, None, {"a": 4.0, "b": 3.0, "c": 1.0})
    seen = transport.response([("b", 900.0), ("c", 900.0)], [("a", 500.0)], STEP_S, 200).kernel.sum(axis=0)[:, 0]
    passed = seen * np.array([3.0, 1.0])
    assert passed / passed.sum() == pytest.approx([0.75, 0.25], abs=0.02)


def test_water_that_goes_back_and_forth_mixes_upstream() -> None:
    reaches = network(reach("a", "n1", "n2", 2000.0, 0.01))
    steady, swinging = Transport(reaches), Transport(reaches, {"a": 0.6})
    (one,) = reaches.reaches.values()
    assert swinging.dispersion_m2_s(one) > 10 * steady.dispersion_m2_s(one)
    back = [t.response([("a", 700.0)], [("a", 1000.0)], 900.0, 200).kernel.max() for t in (steady, swinging)]
    assert back[1] > 5 * back[0]

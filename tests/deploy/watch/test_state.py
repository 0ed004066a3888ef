"""What the watch remembers: nothing is lost by writing it down, and nothing foreign is believed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analytics.qc.control import QualityControl
from deploy.watch.state import Saved, carried, put_back

CHANNELS = [(f"S{n}", key) for n in range(7) for key in ("ph", "turbidity", "water_temperature", "conductivity")]
TIMES = np.arange(1, 700, dtype=np.int64) * 300_000


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    found = np.random.default_rng(0).normal(7, 0.1, (TIMES.size, len(CHANNELS)))
    found[380:430, 3] = 9999
    found[450:, 8] += 2
    found[500:560, 5] = np.nan
    return found


@pytest.mark.parametrize("cut", [1, 400, 451])
def test_quality_control_goes_on_as_if_nothing_had_happened(values, cut) -> None:
    whole, other = QualityControl(CHANNELS), QualityControl(CHANNELS)
    whole.step(TIMES[:cut], values[:cut])
    put_back(other, carried(whole))
    one, two = whole.step(TIMES[cut:], values[cut:]), other.step(TIMES[cut:], values[cut:])
    assert one.final == two.final
    assert one.tests.any()
    np.testing.assert_array_equal(one.tests, two.tests)
    assert {name: array.tobytes() for name, array in carried(whole).items()} == {
        name: array.tobytes() for name, array in carried(other).items()
    }


def test_what_was_carried_does_not_move_with_its_source(values) -> None:
    control = QualityControl(CHANNELS)
    control.step(TIMES[:50], values[:50])
    before = {name: array.tobytes() for name, array in carried(control).items()}
    held = carried(control)
    control.step(TIMES[50:200], values[50:200])
    assert {name: array.tobytes() for name, array in held.items()} == before


def test_state_of_other_series_is_refused(values) -> None:
    control = QualityControl(CHANNELS)
    control.step(TIMES[:50], values[:50])
    with pytest.raises(ValueError, match="does not fit"):
        put_back(QualityControl(CHANNELS[:-1]), carried(control))
    arrays = carried(control)
    del arrays["judge.hour"]
    with pytest.raises(ValueError, match=r"judge\.hour"):
        put_back(QualityControl(CHANNELS), arrays)


def saved(key: str = "k") -> Saved:
    return Saved(key, {"a": np.arange(3, dtype=np.int16)}, b"detector", {"judged_ms": 5, "text": "河"})


def test_the_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.npz"
    saved().write(path)
    held = Saved.read(path, "k")
    assert held is not None
    assert (held.detector, held.plain) == (b"detector", {"judged_ms": 5, "text": "河"})
    assert held.quality["a"].dtype == np.int16
    assert held.quality["a"].tolist() == [0, 1, 2]
    assert [file.name for file in path.parent.iterdir()] == ["state.npz"], "no draft is left"


def test_without_a_usable_file_there_is_no_state(tmp_path: Path, caplog) -> None:
    path = tmp_path / "state.npz"
    assert Saved.read(path, "k") is None
    assert not caplog.messages
    saved().write(path)
    assert Saved.read(path, "other") is None
    assert "another configuration" in caplog.messages[-1]
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"not an archive"):
        path.write_bytes(broken)
        assert Saved.read(path, "k") is None
        assert "cannot be read" in caplog.messages[-1]

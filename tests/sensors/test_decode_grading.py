"""The class of a record must not depend on whether it came through float32 registers: limits are inclusive."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analytics.grading import grade_columns
from sensors.decode import Decoder
from sensors.determinand import DETERMINANDS
from sensors.profile import load_profiles
from sensors.reading import USABLE_QUALITIES
from sensors.simulate.encode import encode
from tests.sensors.instruments import answers

pytestmark = pytest.mark.shared

CABINET = load_profiles()["station_cabinet"]


def records(folder: Path) -> tuple[pl.DataFrame, np.ndarray]:
    """One row per station and instant with a column per determinand, the later row winning; and which are lakes."""
    readings = pl.read_parquet(folder / "readings.parquet")
    stations = pl.read_csv(folder / "stations.csv")
    wide = readings.pivot("determinand", index=["station", "time"], values="value", aggregate_function="last")
    wide = wide.join(stations.select("station", "water_body"), on="station", how="left", maintain_order="left")
    return wide, (wide["water_body"] == "lake").to_numpy()


def columns(wide: pl.DataFrame) -> dict[str, np.ndarray]:
    """Plausible values, NaN elsewhere: what `riverchief grade` gives to the kernel."""
    told = {}
    for name in CABINET.determinands:
        if name in wide.columns:
            values = wide[name].cast(pl.Float64).fill_null(math.nan).to_numpy()
            low, high = DETERMINANDS[name].low, DETERMINANDS[name].high
            told[name] = np.where((values >= low) & (values <= high), values, math.nan)
    return told


def through_registers(told: dict[str, np.ndarray], n: int) -> dict[str, np.ndarray]:
    decoder = Decoder(CABINET)
    heard = {name: np.full(n, math.nan) for name in told}
    lists = {name: values.tolist() for name, values in told.items()}
    for i in range(n):
        image = encode(CABINET, {name: values[i] for name, values in lists.items()})
        for name, (value, quality) in decoder.decode(answers(CABINET, image, decoder.blocks))[0].items():
            if name in heard and value is not None and quality in USABLE_QUALITIES:
                heard[name][i] = value
    return heard


def as_float32(told: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: values.astype(np.float32).astype(np.float64) for name, values in told.items()}


@pytest.mark.parametrize(("case", "count", "changed"), [("grading_daily", 14579, 46), ("grading_4h", 13983, 1)])
def test_registers_change_no_class(shared: Path, case: str, count: int, changed: int) -> None:
    wide, lake = records(shared / "cases" / case)
    told = columns(wide)
    assert len(wide) >= count
    expected = grade_columns(told, lake)
    heard = grade_columns(through_registers(told, len(wide)), lake)
    assert np.array_equal(heard.water_class, expected.water_class)
    assert np.array_equal(heard.partial, expected.partial)
    assert np.array_equal(heard.classes, expected.classes)
    # The control: a decoder that widens the float32 changes classes.
    widened = grade_columns(as_float32(told), lake)
    assert int((widened.water_class != expected.water_class).sum()) >= changed

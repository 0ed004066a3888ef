from __future__ import annotations

import numpy as np
import pytest

from analytics.qc import Channel, default_configuration
from analytics.qc.config import QualityConfigError

PH = Channel("S1", "ph")
DEFAULT = default_configuration()


def test_a_channel_s_own_word_beats_its_station_s_and_its_determinand_s() -> None:
    limits = DEFAULT.overridden(
        {
            "all": {"flat_hours": 1.0},
            "determinand": {"ph": {"span": [6.0, 9.0]}},
            "station": {"S1": {"span": [6.5, 8.5], "flat_hours": 2.0}},
            "channel": {"S1/ph": {"span": [7.0, 8.0]}},
        },
        "site.toml",
    )
    assert limits.value(PH, "span") == [7.0, 8.0]
    assert limits.value(Channel("S1", "turbidity"), "span") == [6.5, 8.5]
    assert limits.value(Channel("S2", "ph"), "span") == [6.0, 9.0]
    assert limits.value(PH, "flat_hours") == 2.0
    assert limits.value(Channel("S2", "ph"), "flat_hours") == 1.0
    assert limits.column([PH, Channel("S2", "ph")], "span", 0).tolist() == [7.0, 6.0]


def test_what_is_not_said_stays_the_default() -> None:
    limits = DEFAULT.overridden({"determinand": {"ph": {"jump": 0.5}}}, "site.toml")
    assert limits.value(PH, "gross") == DEFAULT.value(PH, "gross")
    assert DEFAULT.value(PH, "jump") != 0.5


def test_every_mistake_is_told_with_its_place() -> None:
    raw = {
        "every": {},
        "all": {"flat": 1.0, "flat_hours": "long"},
        "determinand": {"vibes": {"span": [0.0, 1.0]}, "ph": {"span": [9.0, 6.0], "gross": [1.0]}},
        "channel": {"S1/vibes": {"jump": 1.0}},
        "station": {"S1": 3},
    }
    with pytest.raises(QualityConfigError) as caught:
        DEFAULT.overridden(raw, "site.toml")
    assert [problem.where for problem in caught.value.problems] == [
        "every", "all.flat", "all.flat_hours", "determinand.vibes", "determinand.ph.span", "determinand.ph.gross",
        "channel.S1/vibes", "station.S1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "rule",
    [
        {"months": [0, 3], "hours": [0, 23], "low": 1.0, "high": 2.0},
        {"months": [1, 3], "hours": [0, 24], "low": 1.0, "high": 2.0},
        {"months": [1, 3], "hours": [0, 23], "low": 3.0, "high": 2.0},
        {"months": [1, 3], "low": 1.0, "high": 2.0},
        {"months": 3, "hours": [0, 23], "low": 1.0, "high": 2.0},
    ],
)
def test_a_season_that_cannot_be_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(QualityConfigError, match="climatology"):
        DEFAULT.overridden({"channel": {"S1/ph": {"climatology": [rule]}}}, "site.toml")


def test_the_defaults_hold_for_every_determinand() -> None:
    low, high = (DEFAULT.column([PH, Channel("S1", "vanadium")], "gross", part) for part in (0, 1))
    assert (low < high).all()
    assert np.isfinite(low).all()

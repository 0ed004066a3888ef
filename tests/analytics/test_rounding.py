from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from analytics.rounding import display, round_half_even
from sensors.determinand import determinand_key


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (0.125, 2, "0.12"),
        (0.135, 2, "0.14"),
        (0.285, 2, "0.28"),  # stored as 0.28499..., and still a tie
        (2.675, 2, "2.68"),  # stored as 2.67499...
        (1.0049999, 2, "1.00"),
        (1.0050001, 2, "1.01"),
        (2.5, 0, "2"),
        (3.5, 0, "4"),
        (-0.125, 2, "-0.12"),
        (-0.001, 2, "0.00"),
        (8.0, 2, "8.00"),
        (1e22, 1, "10000000000000000000000.0"),
        (1e-9, 3, "0.000"),
        (7, 2, "7.00"),
        ("0.0065", 3, "0.006"),
        (Decimal("0.0075"), 3, "0.008"),
        (np.float64(0.145), 2, "0.14"),
    ],
)
def test_half_goes_to_even_on_the_decimal_text(value: float | str | Decimal, decimals: int, shown: str) -> None:
    assert round_half_even(value, decimals) == shown


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_not_shown_as_one(value: float) -> None:
    with pytest.raises(ValueError, match="cannot be shown"):
        round_half_even(value, 2)


def test_a_determinand_brings_its_decimals() -> None:
    assert display("total_phosphorus", 0.2) == "0.200"
    assert display("conductivity", 861.95) == "862.0"


@pytest.mark.shared
def test_every_tie_of_the_national_board(shared: Path) -> None:
    rows = _rows(shared / "facts" / "rounding_ties.csv")
    assert len(rows) > 500
    wrong = [row for row in rows if round_half_even(float(row["raw"]), int(row["decimals"])) != row["half_even"]]
    assert wrong == []
    assert all(row["published_display"] == row["half_even"] for row in rows)
    by_text = [row for row in rows if round_half_even(row["raw"], int(row["decimals"])) != row["half_even"]]
    assert by_text == []


@pytest.mark.shared
def test_decimals_are_those_of_the_national_board(shared: Path) -> None:
    names = {"t": "water_temperature", "tu": "turbidity"}
    for row in _rows(shared / "facts" / "rounding_ties.csv"):
        short = row["param"].lower()
        key = names.get(short) or determinand_key(short)
        assert key is not None
        assert display(key, float(row["raw"])) == row["published_display"]


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))

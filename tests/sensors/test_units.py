"""Units become the determinand's own, or nobody pretends that they do."""

from __future__ import annotations

import pytest

from sensors.determinand import DETERMINANDS
from sensors.units import CONVERSIONS, conversion, units_of


@pytest.mark.parametrize(
    ("key", "told", "unit", "meant"),
    [
        ("conductivity", 0.5, "mS/cm", 500.0), ("conductivity", 50.0, "mS/m", 500.0),
        ("chlorophyll_a", 12.0, "ug/L", 0.012), ("dissolved_solids", 0.3, "ppt", 300.0),
        ("water_temperature", 68.0, "degF", 20.0), ("water_temperature", 293.15, "K", 20.0),
        ("dissolved_oxygen_saturation", 0.97, "fraction", 97.0), ("water_level", 10.0, "ft", 3.048),
        ("phycocyanin", 0.002, "mg/L", 2.0), ("turbidity", 7.0, "FNU", 7.0), ("ph", 7.0, "pH", 7.0),
    ],
)  # fmt: skip
def test_a_unit_is_converted(key, told, unit, meant) -> None:
    factor, constant = conversion(unit, key)
    assert told * factor + constant == pytest.approx(meant, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "key"), [("mV", "ph"), ("RFU", "chlorophyll_a"), ("%", "dissolved_oxygen"), ("", "orp")]
)
def test_what_nobody_can_convert_is_none(unit, key) -> None:
    assert conversion(unit, key) is None


def test_every_conversion_serves_a_determinand() -> None:
    assert {to for _, to in CONVERSIONS} <= {determinand.unit for determinand in DETERMINANDS.values()}
    assert units_of("conductivity")[0] == "uS/cm"
    assert "mS/cm" in units_of("conductivity")

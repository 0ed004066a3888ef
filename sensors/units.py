"""Units in which instruments tell values, converted to the one unit of a determinand."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sensors.determinand import DETERMINANDS

#: (from, to) -> (factor, constant): a value in the second unit is ``value * factor + constant``.
CONVERSIONS: Mapping[tuple[str, str], tuple[float, float]] = MappingProxyType(
    {
        ("mS/cm", "uS/cm"): (1000.0, 0.0), ("mS/m", "uS/cm"): (10.0, 0.0), ("S/m", "uS/cm"): (10000.0, 0.0),
        ("ug/L", "mg/L"): (0.001, 0.0), ("g/L", "mg/L"): (1000.0, 0.0), ("mg/L", "ug/L"): (1000.0, 0.0),
        # Parts per mass of water: a litre of river water weighs a kilogram within 0.5 %.
        ("ppm", "mg/L"): (1.0, 0.0), ("ppb", "mg/L"): (0.001, 0.0), ("ppt", "mg/L"): (1000.0, 0.0),
        ("m", "cm"): (100.0, 0.0), ("cm", "m"): (0.01, 0.0), ("mm", "m"): (0.001, 0.0), ("ft", "m"): (0.3048, 0.0),
        # Nephelometric units differ in the light they use; both are formazin at calibration.
        ("FNU", "NTU"): (1.0, 0.0), ("FTU", "NTU"): (1.0, 0.0),
        ("degF", "degC"): (5 / 9, -160 / 9), ("K", "degC"): (1.0, -273.15),
        ("V", "mV"): (1000.0, 0.0), ("fraction", "%"): (100.0, 0.0),
    }
)  # fmt: skip


def conversion(unit: str, key: str) -> tuple[float, float] | None:
    """Factor and constant from an instrument's unit to that of a determinand.

    Parameters
    ----------
    unit : str
        What the instrument tells.
    key : str
        Of `sensors.determinand.DETERMINANDS`.

    Returns
    -------
    (factor, constant) or None
        None where nobody knows how to convert.

    Examples
    --------
    >>> conversion("mS/cm", "conductivity"), conversion("pH", "ph"), conversion("mV", "ph")
    ((1000.0, 0.0), (1.0, 0.0), None)
    """
    own = DETERMINANDS[key].unit
    return (1.0, 0.0) if unit == own else CONVERSIONS.get((unit, own))


def units_of(key: str) -> tuple[str, ...]:
    """Every unit that can become a determinand's own, its own first."""
    own = DETERMINANDS[key].unit
    return (own, *(unit for unit, to in CONVERSIONS if to == own))

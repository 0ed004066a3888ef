"""How long a series remembers: the one number by which trend tests allow for autocorrelation.

The residuals from a line are taken as an Ornstein-Uhlenbeck process, whose correlation over a gap d is
``exp(-d / memory)``: AR(1) on even time stamps, and as well defined on uneven ones and across gaps.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar

from analytics.trend_kendall import Floats

_GRID = 25
_SHORTEST = 1 / 8  # of the median step: a correlation of 0.0003 from one value to the next is none


def memory_of(time: Floats, value: Floats) -> float:
    """Time in which the correlation of the residuals falls to 1/e [unit of `time`]; 0 where there is none.

    Parameters
    ----------
    time : ndarray, (n,)
        Strictly rising, any unit.
    value : ndarray, (n,)

    Notes
    -----
    Restricted maximum likelihood: it allows for the level and the slope that are taken from the same values. The usual
    lag-1 coefficient is too small by about (2 + 4 phi) / n, which is enough to double the rate of false trends in a
    series of twenty.
    """
    step = np.diff(time)
    columns = np.column_stack([np.ones(time.size), (time - time.mean()) / np.ptp(time), value - value.mean()])
    if _is_line(columns):
        return 0.0

    def misfit(log_memory: float) -> float:
        kept = np.exp(-step / np.exp(log_memory))
        fresh = np.sqrt(1 - kept**2)
        white = np.concatenate([columns[:1], (columns[1:] - kept[:, None] * columns[:-1]) / fresh[:, None]])
        level, slope, rest = np.diagonal(np.linalg.cholesky(white.T @ white))
        return float(2 * ((time.size - 2) * np.log(rest) + np.log(fresh).sum() + np.log(level * slope)))

    shortest = np.log(np.median(step) * _SHORTEST)
    grid = np.linspace(shortest, max(np.log(np.ptp(time)), shortest + 1), _GRID)
    best = int(np.argmin([misfit(point) for point in grid]))
    around = (grid[max(best - 1, 0)], grid[min(best + 1, _GRID - 1)])
    found = float(minimize_scalar(misfit, bounds=around, method="bounded", options={"xatol": 1e-4}).x)
    return 0.0 if best == 0 else float(np.exp(found))


def _is_line(columns: Floats) -> bool:
    """Whether the values stand on a line, within what doubles can tell: nothing is left to correlate."""
    line, value = columns[:, :2], columns[:, 2]
    rest = value - line @ np.linalg.lstsq(line, value, rcond=None)[0]
    return bool(np.abs(rest).max() <= 1e-9 * max(float(np.abs(value).max()), 1e-300))


def carry_over(memory: float, step: float, seasons: int, cycles: int) -> float:
    """Factor by which the variance of a seasonal score grows because a cycle remembers the one before.

    Parameters
    ----------
    memory, step : float
        Memory, and time from one season to the next, same unit.
    seasons, cycles : int

    Notes
    -----
    The covariance of Hirsch and Slack is that between seasons of one cycle; December and the January after it count as
    strangers. Correlation of the sums over adjacent cycles under the memory, put into the factor of Hamed and Rao
    (1998), A modified Mann-Kendall trend test for autocorrelated data, Journal of Hydrology 204, at lag 1.
    """
    if memory <= 0 or cycles <= 3:
        return 1.0
    kept = float(np.exp(-step / memory))
    apart = np.arange(1 - seasons, seasons)
    weight = seasons - np.abs(apart)
    adjacent = (weight * kept ** (seasons + apart)).sum() / (weight * kept ** np.abs(apart)).sum()
    return float(1 + 2 * (cycles - 3) / cycles * adjacent)

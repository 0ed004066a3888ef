"""Random numbers without a state: each is a function of a seed and of what it is for, in any order.

A 64-bit hash (the output function of SplitMix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
generators", OOPSLA 2014) of the parts of a key; no generator is ever advanced, so no draw depends on another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def key(text: str) -> int:
    """Number that stands for a name in a hash, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def keys(texts: Iterable[str]) -> NDArray[np.uint64]:
    """`key` of several names, (n,)."""
    return np.array([key(text) for text in texts], dtype=np.uint64)


def hashed(*parts: ArrayLike) -> NDArray[np.uint64]:
    """Hash of the parts of a key, broadcast against each other; at least one dimension.

    Parameters
    ----------
    parts : int or array of int
        Each taken modulo 2**64.
    """
    state = np.full(1, _GOLDEN)
    for part in parts:
        number = np.asarray(part)
        state = _mix(state ^ number.astype(np.uint64))
    return state


def uniforms(*parts: ArrayLike) -> NDArray[np.float64]:
    """Numbers in [0, 1), one per key."""
    return _unit(hashed(*parts))


def normals(*parts: ArrayLike) -> NDArray[np.float64]:
    """Standard normal numbers, one per key (Box and Muller, 1958)."""
    first = hashed(*parts)
    return np.asarray(np.sqrt(-2.0 * np.log1p(-_unit(first))) * np.cos(2.0 * np.pi * _unit(_mix(first))))


def _unit(state: NDArray[np.uint64]) -> NDArray[np.float64]:
    return (state >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + _GOLDEN
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return np.asarray(state ^ (state >> np.uint64(31)))

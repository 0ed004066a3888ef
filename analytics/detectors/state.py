"""Carry state as named arrays: what a stage of detection must remember, and how it is saved for a restart."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


class Stage(Protocol):
    """A dataclass whose fields are arrays."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def arrays_of(stages: Mapping[str, Stage]) -> Arrays:
    """Copies of every array of some stages under ``stage.field``."""
    return {f"{name}.{f.name}": getattr(stage, f.name).copy() for name, stage in stages.items() for f in fields(stage)}


def put_back(stages: Mapping[str, Stage], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Overwrite the arrays of some stages with saved ones.

    Raises
    ------
    ValueError
        If they are those of other series or of another layout.
    """
    for name, stage in stages.items():
        for f in fields(stage):
            mine, saved = getattr(stage, f.name), arrays.get(f"{name}.{f.name}")
            if saved is None or saved.shape != mine.shape:
                raise ValueError(f"saved state does not fit: {name}.{f.name}")
            mine[...] = saved


def to_bytes(arrays: Arrays) -> bytes:
    """Named arrays as one NPZ file."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def from_bytes(data: bytes) -> Arrays:
    """Named arrays of an NPZ file."""
    with np.load(io.BytesIO(data), allow_pickle=False) as saved:
        return {name: saved[name] for name in saved.files}

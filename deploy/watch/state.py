"""What the watch must remember over a restart, in one file that is written whole or not at all."""

from __future__ import annotations

import io
import json
import logging
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.qc.adaptive import Judge
from analytics.qc.biases import Biases
from analytics.qc.control import QualityControl
from analytics.qc.coupling import Coupling
from analytics.qc.levels import Levels
from analytics.qc.scale import Scale

log = logging.getLogger(__name__)

Arrays = dict[str, NDArray[Any]]

#: Name of the file, beside an embedded store.
FILE = "watch-state.npz"

#: Parts of quality control that change with what they see; everything else in it follows from the configuration.
CARRIERS = (QualityControl, Judge, Scale, Levels, Coupling, Biases)

#: Arrays with a row for each row of the buffer.
GROWING = ("times_ms", "values")


@dataclass(frozen=True, slots=True)
class Saved:
    """State as it is kept.

    Attributes
    ----------
    key : str
        Of the configuration that it belongs to: with another one it says nothing.
    quality : dict of str to ndarray
        From `carried`.
    detector : bytes
        From `analytics.detectors.Detector.save`.
    plain : dict
        Everything else; only what JSON can carry.
    """

    key: str
    quality: Arrays
    detector: bytes
    plain: dict[str, Any]

    def pack(self) -> bytes:
        """Everything as bytes, for `unpack`."""
        buffer = io.BytesIO()
        plain = json.dumps({"key": self.key, **self.plain}, ensure_ascii=False).encode()
        parts = {"plain": plain, "detector": self.detector}
        raw = {name: np.frombuffer(part, np.uint8) for name, part in parts.items()}
        np.savez(buffer, allow_pickle=False, **raw, **{f"quality.{name}": a for name, a in self.quality.items()})
        return buffer.getvalue()

    @classmethod
    def unpack(cls, packed: bytes) -> Saved:
        """What `pack` gave.

        Raises
        ------
        ValueError, KeyError, EOFError, zipfile.BadZipFile
            If it is something else.
        """
        with np.load(io.BytesIO(packed), allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        plain = json.loads(arrays.pop("plain").tobytes())
        detector = arrays.pop("detector").tobytes()
        quality = {name.partition(".")[2]: array for name, array in arrays.items()}
        return cls(str(plain.pop("key", "")), quality, detector, plain)

    def write(self, path: Path) -> None:
        """Write the file; after a crash either the old one or the new one is there.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with draft.open("wb") as file:
                file.write(self.pack())
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    @classmethod
    def read(cls, path: Path, key: str) -> Saved | None:
        """The file's content; None where there is none, or it cannot be used."""
        try:
            saved = cls.unpack(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            log.error("%s cannot be read, so the watch warms up from the store: %s", path, error)
            return None
        if saved.key != key:
            log.warning("%s is of another configuration, so the watch warms up from the store", path)
            return None
        return saved


def carried(part: Any, prefix: str = "") -> Arrays:
    """Every number and array that quality control carries from row to row, by its place in it."""
    found: Arrays = {}
    for name, value in _attributes(part):
        if isinstance(value, CARRIERS):
            found |= carried(value, f"{prefix}{name}.")
        elif isinstance(value, np.ndarray | int | float):
            found[prefix + name] = np.asarray(value).copy()
    return found


def put_back(part: Any, arrays: Arrays, prefix: str = "") -> None:
    """Overwrite what quality control carries with what `carried` gave.

    Raises
    ------
    ValueError
        If it is that of other series, or of another version of the tests; the part is of no use then.
    """
    for name, value in _attributes(part):
        if isinstance(value, CARRIERS):
            put_back(value, arrays, f"{prefix}{name}.")
        elif isinstance(value, np.ndarray | int | float):
            held, mine = arrays.get(prefix + name), np.asarray(value)
            growing = not prefix and name in GROWING
            if held is None or held.dtype.kind != mine.dtype.kind:
                raise ValueError(f"saved state does not fit: {prefix}{name}")
            if held.shape[1:] != mine.shape[1:] or (not growing and held.shape != mine.shape):
                raise ValueError(f"saved state does not fit: {prefix}{name}")
            setattr(part, name, held.copy() if isinstance(value, np.ndarray) else type(value)(held.item()))


def _attributes(part: Any) -> Iterator[tuple[str, Any]]:
    if is_dataclass(part):
        yield from ((one.name, getattr(part, one.name)) for one in fields(part))
    else:
        yield from list(vars(part).items())

"""Memory of this process."""

from __future__ import annotations

from pathlib import Path


def memory_mb(field: str) -> float:
    """``VmHWM`` (the most so far) or ``VmRSS`` (now) [MB]; a child's rusage begins at its parent's."""
    with Path("/proc/self/status").open(encoding="utf-8") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1024

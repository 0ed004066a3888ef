"""What every benchmark shares: the machine it ran on, and how it ends."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


def machine() -> str:
    """One line about the machine: figures of two machines are not compared."""
    with Path("/proc/cpuinfo").open(encoding="utf-8") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown CPU")
    return f"{os.cpu_count()} cores, {model}, Linux {platform.release()}, Python {platform.python_version()}"


def table(rows: list[tuple[str, str, str]]) -> None:
    """Print figures for people: name, figure, remark."""
    print(f"machine: {machine()}; load before: {os.getloadavg()[0]:.2f}")
    width = max(len(name) for name, _, _ in rows)
    for name, figure, remark in rows:
        print(f"{name:{width}}  {figure:>10}  {remark}")


def finish(figures: dict[str, Any]) -> None:
    """Print the figures as the last line, for programs."""
    print(json.dumps(figures), flush=True)

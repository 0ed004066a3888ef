"""Detectors: residuals against causal baselines, weighed against what explains them otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.detectors.detector import Detection, Detector
from analytics.detectors.layout import Layout
from analytics.detectors.options import Options

#: Detectors by name; a new one is a class with ``step``, ``state``, ``save`` and ``load`` and one line here.
DETECTORS: Mapping[str, type[Any]] = {"rise": Detector}

__all__ = ["DETECTORS", "Detection", "Detector", "Layout", "Options"]

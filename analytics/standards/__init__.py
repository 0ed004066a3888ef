"""Published standards as data, one edition per module. A new edition is one file and one line in `STANDARDS`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from analytics.standards.gb3838_2002 import GB3838_2002
from analytics.standards.standard import Direction, Item, Limit, Standard, Supplement

#: Every standard the program knows, by key.
STANDARDS: Mapping[str, Standard] = MappingProxyType({GB3838_2002.key: GB3838_2002})

__all__ = ["GB3838_2002", "STANDARDS", "Direction", "Item", "Limit", "Standard", "Supplement"]

"""Marking sentences for the catalogues where they are written; they are translated where they are shown."""

from __future__ import annotations


def _(message: str) -> str:
    """Mark a sentence for the catalogues, and leave it as it is."""
    return message

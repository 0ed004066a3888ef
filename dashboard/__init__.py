"""Facing people: the board, the books, the alerts."""

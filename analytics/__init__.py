"""Judging readings: classes, evaluation, quality control, events. Pure: no I/O, no clock."""

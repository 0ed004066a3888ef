"""Backup of a running installation, and its restore."""

"""Alembic's entry: runs within the connection that it is given."""

from __future__ import annotations

from alembic import context

import dashboard.casework.tables  # noqa: F401  (makes the tables known)
from dashboard.casework.base import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True)
with context.begin_transaction():
    context.run_migrations()

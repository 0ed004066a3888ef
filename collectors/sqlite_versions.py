"""Schema versions of our SQLite files: made where the file is new, brought up step by step where it is older."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

#: Statements that bring a file from one version to the next.
Step = Sequence[str]


def bring_up(db: sqlite3.Connection, schema: Step, steps: Sequence[Step]) -> int:
    """Make or bring up the tables of a file; call it within a transaction, so that a file never stands between two.

    Parameters
    ----------
    db : sqlite3.Connection
    schema : sequence of str
        Makes the newest version in an empty file.
    steps : sequence of sequence of str
        From version 1 to 2, from 2 to 3, ...; the newest version is one more than there are steps.

    Returns
    -------
    int
        Version of the file now (``PRAGMA user_version``). Above the newest where a newer program wrote it: such a file
        is not touched.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    newest = len(steps) + 1
    if version >= newest:
        return version
    for step in [schema] if version == 0 else steps[version - 1 :]:
        for statement in step:
            db.execute(statement)
    db.execute(f"PRAGMA user_version = {newest}")
    return newest

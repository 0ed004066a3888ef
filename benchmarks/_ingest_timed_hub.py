"""A hub whose store notes, for every reading, how long it was from the register to the commit [ms].

python benchmarks/_ingest_timed_hub.py SITE BROKER STORE_URL OUT
"""

from __future__ import annotations

import array
import sys
import time
from pathlib import Path

import _common  # noqa: F401  (puts the project on the path)

from collectors.stores import sqlite
from deploy.hub.hub import serve
from sensors.reading import Block

site, broker, store_url, out = sys.argv[1:]
commit = sqlite.SqliteStore.commit


def timed(store: sqlite.SqliteStore, block: Block, *mark: object) -> None:
    commit(store, block, *mark)  # type: ignore[arg-type]
    now_ms = time.time() * 1000
    with Path(out).open("ab") as file:
        array.array("d", [now_ms - time_ms for time_ms in block.time_ms]).tofile(file)


sqlite.SqliteStore.commit = timed  # type: ignore[assignment, method-assign]
serve(Path(site), broker, store_url)

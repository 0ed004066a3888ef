"""Restore and upgrade, tried on real processes: `python -m tests.drills [--short] [--keep]` (`make drill`).

Prints what each came to, and as its last line one JSON object: ``restore_lost``, ``restore_s``, ``upgrade_lost``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.drills import restoring, upgrading
from tests.drills.make_dump import commits

#: Longest that a restore may take, from the loss until the spools are empty [s].
MOST_S = 900.0


def main() -> int:
    """Run both, print, and say whether anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="as CI runs them")
    parser.add_argument("--keep", action="store_true", help="leave the folder with every log where it is")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="riverchief-drill-"))
    load, live_s = (restoring.SHORT, 3.0) if options.short else (restoring.Load(), 20.0)
    try:
        restored = asyncio.run(restoring.run(folder / "restore", load))
        _tell("backup under load, hub wiped, restore", restored.as_dict())
        upgraded = [
            asyncio.run(upgrading.run(folder / f"upgrade-{commit}", commit, live_s=live_s)) for commit in commits()
        ]
        for one in upgraded:
            _tell(f"data of {one.commit} opened while a gateway publishes", one.as_dict())
    finally:
        if options.keep:
            print(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    result = {
        "restore_lost": restored.restore_lost, "restore_s": round(restored.restore_s, 1),
        "upgrade_lost": sum(one.upgrade_lost for one in upgraded),
        "refill_lost": restored.refill_lost, "between_lost": restored.between_lost, "books_lost": restored.books_lost,
    }  # fmt: skip
    bad: object = result["restore_lost"] or result["upgrade_lost"] or restored.refill_lost or restored.books_lost
    bad = bad or restored.trail or any(one.trail or one.kept_lost for one in upgraded) or restored.restore_s > MOST_S
    print(json.dumps(result), flush=True)
    return 1 if bad else 0


def _tell(what: str, told: dict[str, object]) -> None:
    print(what)
    for name, value in told.items():
        print(f"  {name:16} {value}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""Everything fails at random for some minutes, with each store that is here; then it is compared with what was made.

    python -m tests.chaos [--minutes M] [--seed N] [--keep]

Prints a table, and as its last line one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.chaos.rig import Outcome, run
from tests.collectors.influxes import find_influxd


def main() -> int:
    """Run, print, and say whether anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the folder with every log where it is")
    options = parser.parse_args()
    influxd = find_influxd()
    programs = [None] if influxd is None else [None, influxd]
    seconds = options.minutes * 60 / (len(programs) + 0.25)
    folder = Path(tempfile.mkdtemp(prefix="riverchief-chaos-"))
    try:
        outcomes = [
            asyncio.run(run(folder / f"run-{number}", seconds, options.seed + number, influxd=program))
            for number, program in enumerate(programs)
        ]
        control = asyncio.run(run(folder / "control", seconds / 4, options.seed, trusting=True))
    finally:
        if not options.keep:
            import shutil

            shutil.rmtree(folder, ignore_errors=True)
    return _tell(outcomes, control, "" if influxd else "no influxd here: the embedded store only")


def _tell(outcomes: list[Outcome], control: Outcome, note: str) -> int:
    print(f"{'store':10} {'minutes':>7} {'readings':>9} {'lost':>6} {'duplicated':>10} {'kills':>6} {'faults':>6}")
    for outcome, name in [*((each, each.store) for each in outcomes), (control, "control")]:
        print(
            f"{name:10} {outcome.seconds / 60:7.1f} {outcome.readings:9} {outcome.lost:6} {outcome.duplicated:10} "
            f"{outcome.kills:6} {outcome.faults.total():6}"
        )
    faults = sum((outcome.faults for outcome in outcomes), Counter[str]())
    print("\n" + "\n".join(f"{count:5} x {name}" for name, count in sorted(faults.items())))
    for outcome in outcomes:
        memory = ", ".join(f"{name} {most:.0f} MB" for name, (most, _) in outcome.memory_mb.items())
        print(f"{outcome.store}: most memory {memory}")
        for line in outcome.backwards + [f"{name} has not delivered everything" for name in outcome.undelivered]:
            print(f"{outcome.store}: {line}")
    result = {
        "readings": sum(outcome.readings for outcome in outcomes),
        "lost": sum(outcome.lost for outcome in outcomes),
        "duplicated": sum(outcome.duplicated for outcome in outcomes),
        "kills": sum(outcome.kills for outcome in outcomes),
        "watermarks_backwards": sum(len(outcome.backwards) for outcome in outcomes),
        "control_readings": control.readings, "control_lost": control.lost,
    }  # fmt: skip
    if note:
        result["note"] = note
    print(json.dumps(result), flush=True)
    bad = result["lost"] or result["duplicated"] or result["watermarks_backwards"] or not control.lost
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

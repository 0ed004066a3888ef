"""How fast the board is with five years of 5-minute data, and what many viewers and all of its pages take.

    .venv/bin/python benchmarks/board.py [--quick] [--prepare]

The data (1e8 readings, their roll-ups, judgements of every hour, day, month, quarter and year, events, and the books of
`benchmarks/casework.py`) are made once and kept in ~/.cache/riverchief/board, or in $RIVERCHIEF_BENCH_CACHE.

First useful paint: the class of the worst river and the number of open and overdue orders are on the screen, inside a
window of 1440 x 900, from data as fresh as those that the page itself shows a moment later (the two are compared).

cold_s: until then, with a fresh server process that has loaded its programs and has drawn nothing for anybody, the
store and the books not in the kernel's memory, and a browser that has never been here.
warm_s: the same of a new tab of a browser that has been here, at a server that has answered.
interactive_s, interactive_warm_s: until the page that Streamlit draws has taken the place of the first screen and its
first run is over; whole_cold_s, whole_warm_s: until the table at its end is there.
streamlit_floor_s, streamlit_floor_warm_s: what the same browser takes in the same run to show a page of plain Streamlit
with one line on it, cold and warm.
growth_per_doubling: by what factor the cold time grows where the history is twice as long, over all lengths.
viewers50_p95_ms, cpu_cores_50: 50 viewers over Streamlit's web socket, each refreshing every 5 s.
rss_mb, rss_growth_percent: of the server's process after 1,000 refreshes more by 10 open pages, and how much more than
before them; rss_again_percent: how much more after as many again.
page_s_max: the slowest page, drawn without a browser, of every page in both languages for every role.

With --quick (below 50 s where nothing else runs): 6 and 12 months, fewer repetitions, and one role a page in one
language. With --prepare: only make the data.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import statistics
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import Any

from _board_browser import Opened, chromium, cold, floor, warm
from _board_data import Prepared, prepare
from _board_server import Served, environment, forget, greeting, serving
from _board_viewers import watched
from _common import ROOT, finish, table

VIEWERS, EVERY_S = 50, 5.0

#: Who the viewers are, and what they look at: half of them the whole, half of them their own or one river.
QUERIES = ("", "lang=en", "river=R25", "river=R03&lang=en")


@dataclass(frozen=True, slots=True)
class Plan:
    """Lengths of history [months], and how often things are done; `thousands` of refreshes, each as many."""

    months: tuple[int, ...]
    colds: int
    warms: int
    floors: int
    turns: int
    refreshes: int
    thousands: int


WHOLE = Plan((6, 12, 60), colds=5, warms=7, floors=3, turns=12, refreshes=1000, thousands=2)
QUICK = Plan((6, 12), colds=1, warms=2, floors=1, turns=1, refreshes=60, thousands=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="6 and 12 months, fewer repetitions")
    parser.add_argument("--prepare", action="store_true", help="make the data and end")
    parser.add_argument("--months", type=int, nargs="+", help="other lengths of history")
    given = parser.parse_args()
    plan = QUICK if given.quick else WHOLE
    lengths = tuple(given.months or plan.months)
    load = os.getloadavg()[0]
    histories = [prepare(months) for months in lengths]
    for one in histories:
        took = "was there" if one.took_s is None else f"made in {one.took_s:.0f} s"
        print(f"{one.months} months: {one.readings:,} readings, {one.gigabytes:.2f} GB, {took}")
    if given.prepare:
        return
    figures = measure(histories, plan)
    rows = [
        ("cold_s", f"{figures['cold_s']:.2f} s", f"first useful paint, {lengths[-1]} months, median; limit 1.5"),
        ("warm_s", f"{figures['warm_s']:.2f} s", "the same, warm; limit 0.5"),
        (
            "interactive_s",
            f"{figures['interactive_s']:.2f} s",
            f"until Streamlit's page has replaced it; warm {figures['interactive_warm_s']:.2f}",
        ),
        (
            "streamlit_floor_s",
            f"{figures['streamlit_floor_s']:.2f} s",
            f"plain Streamlit with one line; warm {figures['streamlit_floor_warm_s']:.2f}",
        ),
        ("growth_per_doubling", f"{figures['growth_per_doubling']:.2f}", f"cold, over {lengths} months; limit 1.1"),
        (
            "viewers50_p95_ms",
            f"{figures['viewers50_p95_ms']:.0f} ms",
            f"median {figures['viewers50_ms']:.0f}; limit 300",
        ),
        ("cpu_cores_50", f"{figures['cpu_cores_50']:.2f}", "of the server's process; limit 1"),
        ("rss_mb", f"{figures['rss_mb']:.0f} MB", f"after {figures['refreshes']} refreshes more; limit 400"),
        (
            "rss_growth_percent",
            f"{figures['rss_growth_percent']:.1f} %",
            "over these; " + f"over as many again {figures['rss_again_percent']:.1f} %; aim 0"
            if "rss_again_percent" in figures
            else "over these; aim 0",
        ),
        ("page_s_max", f"{figures['page_s_max']:.2f} s", f"{figures['page_slowest']}; aim 0.5"),
    ]
    table(rows)
    for name, took_s in figures.pop("pages_s").items():
        print(f"  {name:12} {took_s:.2f} s at the slowest")
    finish(figures | {"load": round(load, 1), "months": list(lengths), "readings": histories[-1].readings})


def measure(histories: list[Prepared], plan: Plan) -> dict[str, Any]:
    """All figures; those that are not about growth with the longest history."""
    longest = histories[-1]
    colds: dict[int, list[Opened]] = {one.months: [] for one in histories}
    floors: list[tuple[float, list[float]]] = []
    figures: dict[str, Any] = {}
    with ExitStack() as running:
        with chromium() as window:
            # In turns, so that a busy minute of the machine falls on all of them.
            for turn in range(plan.colds):
                for history in histories:
                    forget(history.store)
                    forget(history.books)
                    with ExitStack() as this:
                        served = this.enter_context(serving(history))
                        colds[history.months].append(cold(window, served.address))
                        if history is longest and turn == plan.colds - 1:
                            # The last one stays, for all that is not about a cold start.
                            running.enter_context(this.pop_all())
                if turn < plan.floors:
                    with greeting() as plain:
                        floors.append(floor(window, plain.address, plan.warms))
            warms = warm(window, served.address, plan.warms)
        figures |= crowd(served, plan)
    last = colds[longest.months]
    medians = {months: statistics.median(one.useful_s for one in found) for months, found in colds.items()}
    times = {
        "cold_s": medians[longest.months],
        "warm_s": statistics.median(one.useful_s for one in warms),
        "interactive_s": statistics.median(one.interactive_s for one in last),
        "interactive_warm_s": statistics.median(one.interactive_s for one in warms),
        "streamlit_floor_s": statistics.median(first for first, _ in floors),
        "streamlit_floor_warm_s": statistics.median(each for _, others in floors for each in others),
        "growth_per_doubling": growth(medians),
        "whole_cold_s": statistics.median(one.whole_s for one in last),
        "whole_warm_s": statistics.median(one.whole_s for one in warms),
    }
    figures = {name: round(value, 3) for name, value in times.items()} | figures
    figures["cold_s_by_months"] = {months: round(found, 3) for months, found in medians.items()}
    return figures | pages(longest, few=plan is QUICK)


def growth(medians: dict[int, float]) -> float:
    """Factor for each doubling of the history, from the shortest to the longest; 1 where there is only one.

    Examples
    --------
    >>> growth({6: 1.0, 12: 5.0, 24: 4.0})
    2.0
    """
    short, long = min(medians), max(medians)
    return 1.0 if short == long else float((medians[long] / medians[short]) ** (1 / math.log2(long / short)))


def crowd(served: Served, plan: Plan) -> dict[str, Any]:
    """Fifty viewers at their pace, then refreshes without a pause."""
    # Whoever comes first fills the caches of all.
    asyncio.run(watched(served.address, len(QUERIES), QUERIES, 1, 0.0))
    begun: list[tuple[float, float]] = []
    opened = asyncio.run(
        watched(
            served.address, VIEWERS, QUERIES, plan.turns, EVERY_S, lambda: begun.append((served.cpu_s(), monotonic()))
        )
    )
    cpu_s, took_s = served.cpu_s() - begun[0][0], monotonic() - begun[0][1]
    times = [each for viewer in opened for each in viewer.times_s]
    before: list[float] = []
    after: list[float] = []
    for _ in range(plan.thousands):
        asyncio.run(
            watched(served.address, 10, QUERIES, plan.refreshes // 10, 0.0, lambda: before.append(served.rss_mb()))
        )
        after.append(served.rss_mb())
    again = {} if len(after) == 1 else {"rss_again_percent": round(100 * (after[1] / after[0] - 1), 2)}
    return again | {
        "viewers50_p95_ms": round(1000 * statistics.quantiles(times, n=20)[-1], 1),
        "viewers50_ms": round(1000 * statistics.median(times), 1),
        "cpu_cores_50": round(cpu_s / took_s, 3),
        "refresh_cpu_ms": round(1000 * cpu_s / len(times), 1),
        "rss_mb": round(after[-1], 1),
        "rss_growth_percent": round(100 * (after[0] / before[0] - 1), 2),
        "refreshes": plan.refreshes,
        "refresh_kb": round(statistics.mean(viewer.received / plan.turns for viewer in opened) / 1000, 1),
        "start_s": round(served.start_s, 2),
    }


def pages(prepared: Prepared, *, few: bool = False) -> dict[str, Any]:
    """The slowest page, and the slowest of each page."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "_board_pages.py"), *["--few"] * few],
        cwd=ROOT, env=environment(prepared), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"a page failed:\n{done.stderr[-4000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    slowest = max(found, key=lambda name: found[name])
    by_page: dict[str, float] = {}
    for name, took_s in found.items():
        page = name.partition("/")[0]
        by_page[page] = max(by_page.get(page, 0.0), took_s)
    return {"page_s_max": round(found[slowest], 3), "page_slowest": slowest, "pages_s": by_page}


if __name__ == "__main__":
    main()

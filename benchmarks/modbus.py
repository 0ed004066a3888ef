"""What polling costs: requests, decoding, CPU and memory, against pymodbus and beside Telegraf on one virtual fleet.

    .venv/bin/python benchmarks/modbus.py [--quick]

Telegraf is looked for at $RIVERCHIEF_SERVERS/telegraf/telegraf (default ~/.cache/riverchief/servers). Both sides keep
what they read on the local disk; the broker is away, so that neither sends anything.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from _common import ROOT, finish, table
from _modbus_roles import DEAD, PROFILE, stations

BUSES, UNITS = 20, 10

ROLES = str(ROOT / "benchmarks" / "_modbus_roles.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for a shorter time, under 50 s in all")
    quick = parser.parse_args().quick
    elements, tags = requests_ratios()
    figures: dict[str, Any] = {"requests_ratio": elements, "decode_ratio": decode_ratio(quick)}
    plain_us, ours_us = cpu_per_poll(1.0 if quick else 5.0, 3 if quick else 5)
    figures["cpu_per_poll_ratio"] = ours_us / plain_us
    warm_s, measure_s = (4.0, 8.0) if quick else (10.0, 60.0)
    sound = side_by_side(warm_s, measure_s, dead=False)
    dead = side_by_side(warm_s, measure_s, dead=True)
    figures["cpu_200_units_percent"] = sound["ours"]["cpu_percent"]
    figures["gateway_rss_mb"] = sound["ours"]["rss_mb"]
    if "telegraf" in sound:
        figures["telegraf_ratio"] = _per_reading(sound["ours"]) / _per_reading(sound["telegraf"])
        figures["telegraf_ratio_one_dead"] = dead["ours"]["kept"] / dead["telegraf"]["kept"]
    else:
        figures |= {"telegraf_ratio": None, "telegraf_ratio_one_dead": None, "reason": "no Telegraf here"}
    rows = [
        ("requests_ratio", _x(figures["requests_ratio"]),
         "fewer requests than one for each value, each element of self-describing tables being one; at least 5; "
         f"{_x(tags)} where a table, one [[register]] in its profile, is one"),
        ("decode_ratio", _x(figures["decode_ratio"]), "cheaper than convert_from_registers; at least 10"),
        ("cpu_per_poll_ratio", _x(figures["cpu_per_poll_ratio"]),
         f"{ours_us:.0f} us, decoded, to {plain_us:.0f} us of plain pymodbus, not decoded; at most 1.15"),
        ("cpu_200_units_percent", f"{figures['cpu_200_units_percent']:.1f} %",
         "of a core: the gateway, 200 units at 1 s on 20 connections; below 8, aim 4"),
        ("gateway_rss_mb", f"{figures['gateway_rss_mb']:.0f} MB", "the same gateway; below 50, aim 40"),
    ]  # fmt: skip
    for name, found in (("all well", sound), ("one of ten dead", dead)):
        for who, seen in found.items():
            told = f"{seen['cpu_percent']:.1f} % of a core, {seen['rss_mb']:.0f} MB, {seen['readings']} readings kept"
            rows.append((f"{who}, {name}", f"{100 * seen['kept']:.1f} %", f"of the neighbours' polls kept; {told}"))
    for name, remark in (
        ("telegraf_ratio", "CPU per reading on disk, ours to Telegraf's"),
        ("telegraf_ratio_one_dead", "neighbours' polls kept, ours to Telegraf's; at least 1.7"),
    ):
        rows.append((name, "not had" if figures[name] is None else _x(figures[name]), remark))
    table(rows)
    finish({key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()})


def _x(value: float) -> str:
    return f"{value:.2f}x"


def _per_reading(seen: Mapping[str, float]) -> float:
    return seen["cpu_percent"] / seen["readings"]


def requests_ratios() -> tuple[float, float]:
    """Tags per request over the shipped profiles, by two ways of counting what other gateways would be told to read.

    First (``requests_ratio``): every element of a self-describing instrument's tables is a tag, as the tag lists of
    other gateways have it, which know no tables. Second: one tag for each ``[[register]]`` of a profile.
    """
    from sensors.profile import load_profiles, plan

    profiles = load_profiles().values()
    requests = sum(len(plan(p)) for p in profiles)
    elements = sum(r.count for p in profiles for r in p.registers)
    return elements / requests, sum(len(p.registers) for p in profiles) / requests


def decode_ratio(quick: bool) -> float:
    """Cost of all registers of all profiles with a fixed map, one `convert_from_registers` each, to ours.

    Ours gives values in the determinand's unit, with quality and state. pymodbus knows neither DCBA nor BADC: there it
    converts the words as they stand.
    """
    from sensors.decode import Decoder
    from sensors.profile import load_profiles
    from sensors.simulate.encode import encode
    from sensors.simulate.steady import Steady

    spent = [0.0, 0.0]
    for profile in load_profiles().values():
        if profile.slots is not None:
            continue
        decoder, steady = Decoder(profile), Steady(profile)
        images = [encode(profile, *steady.measure(minute * 60_000)) for minute in range(200)]
        answers = [[_answer(image, block) for block in decoder.blocks] for image in images]
        by_pymodbus = _pymodbus(profile.registers, decoder.blocks)
        for i, work in enumerate((by_pymodbus, decoder.decode)):
            spent[i] += min(_cpu_of(work, answers) for _ in range(7 if quick else 50))
    return spent[0] / spent[1]


def _pymodbus(registers: Sequence[Any], blocks: Sequence[Any]) -> Callable[[list[list[int]]], object]:
    from pymodbus.client import AsyncModbusTcpClient

    convert, kinds = AsyncModbusTcpClient.convert_from_registers, AsyncModbusTcpClient.DATATYPE
    tags = []
    for r in registers:
        [(i, b)] = [(i, b) for i, b in enumerate(blocks) if b.address <= r.address and r.end <= b.end]
        kind = getattr(kinds, r.type.upper(), kinds.UINT16)
        tags.append((i, r.address - b.address, r.end - b.address, kind, "little" if r.order == "CDAB" else "big"))

    def work(answer: list[list[int]]) -> object:
        return [convert(answer[i][at:end], kind, word_order=order) for i, at, end, kind, order in tags]

    return work


def _cpu_of(work: Callable[[list[list[int]]], object], answers: list[list[list[int]]]) -> float:
    begin = time.process_time()
    for answer in answers:
        work(answer)
    return time.process_time() - begin


def _answer(image: Mapping[tuple[int, int], int], block: Any) -> list[int]:
    return [image.get((block.function, at), 0) for at in range(block.address, block.end)]


def cpu_per_poll(seconds: float, rounds: int) -> tuple[float, float]:
    """CPU of a poll by plain pymodbus and by ours [us], taken in turns; the median of the rounds."""
    found: dict[str, list[float]] = {"plain": [], "ours": []}
    with fleet(1, UNITS, dead=False) as endpoints:
        [address] = endpoints.values()
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        for _ in range(rounds):
            for role, used in found.items():
                out = subprocess.run(
                    [sys.executable, ROLES, role, host, port, str(seconds)], capture_output=True, text=True, check=True
                )
                cpu_s, polls = json.loads(out.stdout)
                used.append(cpu_s / polls * 1e6)
    return statistics.median(found["plain"]), statistics.median(found["ours"])


@contextlib.contextmanager
def fleet(buses: int, units: int, *, dead: bool) -> Iterator[dict[str, str]]:
    """The virtual fleet in a process of its own; gives endpoints as named in `stations` and as served."""
    command = [sys.executable, ROLES, "fleet", str(buses), str(units), *(["--dead"] if dead else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def side_by_side(warm_s: float, measure_s: float, *, dead: bool) -> dict[str, dict[str, Any]]:
    """The gateway and Telegraf on one fleet at the same time: CPU, memory, and what both kept."""
    telegraf = _telegraf()
    with tempfile.TemporaryDirectory(prefix="riverchief-bench-") as text, fleet(BUSES, UNITS, dead=dead) as endpoints:
        folder = Path(text)
        commands = {"ours": _gateway(folder, endpoints)}
        if telegraf is not None:
            commands["telegraf"] = _telegraf_on(telegraf, folder, endpoints)
        processes = {
            who: subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for who, command in commands.items()
        }
        try:
            time.sleep(warm_s)
            watched = {who: psutil.Process(process.pid) for who, process in processes.items()}
            begin = {who: _cpu_s(process) for who, process in watched.items()}
            begin_ms = time.time_ns() // 1_000_000
            time.sleep(measure_s)
            end_ms = time.time_ns() // 1_000_000
            found: dict[str, dict[str, Any]] = {
                who: {
                    "cpu_percent": 100_000 * (_cpu_s(process) - begin[who]) / (end_ms - begin_ms),
                    "rss_mb": process.memory_info().rss / 1e6,
                }
                for who, process in watched.items()
            }
        finally:
            for process in processes.values():
                process.terminate()
            for process in processes.values():
                process.wait(20)
        kept = {"ours": asyncio.run(_ours_kept(folder, begin_ms, end_ms))}
        if telegraf is not None:
            kept["telegraf"] = _telegraf_kept(folder, begin_ms, end_ms)
    due = measure_s * BUSES * (UNITS - 1)
    for who, (polls, readings) in kept.items():
        found[who] |= {"kept": polls / due, "readings": readings}
    return found


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _gateway(folder: Path, endpoints: Mapping[str, str]) -> list[str]:
    """Command of a gateway whose site has the fleet's stations."""
    site = folder / "site"
    shutil.copytree(ROOT / "deploy" / "sites" / "xietang", site)
    head = "id,river,reach,chainage_m,water_body,profile,endpoint,unit,gateway,period_s\n"
    rows = [
        f"{s.id},{s.river},{s.reach},{s.chainage_m:g},{s.water_body},{s.profile},{endpoints[s.endpoint]},"
        f"{s.unit},{s.gateway},{s.period_s:g}\n"
        for s in stations(BUSES, UNITS)
    ]
    (site / "stations.csv").write_text(head + "".join(rows), encoding="utf-8")
    return [
        sys.executable, "-m", "deploy.cli", "gateway", str(site), "--gateway", "gw-01",
        "--broker", "mqtt://127.0.0.1:9", "--data", str(folder / "data"),
    ]  # fmt: skip


async def _ours_kept(folder: Path, begin_ms: int, end_ms: int) -> tuple[int, int]:
    """Neighbours' polls and readings with a value in the gateway's spool."""
    from collectors.clock import machine_ms
    from collectors.spool import Spool

    polls = readings = 0
    async with Spool(folder / "data" / "gw-01.spool", now_ms=machine_ms) as spool:
        after = 0
        while rows := await spool.read(after, 10_000):
            after = rows[-1][0]
            for _, observation in rows:
                values = sum(value is not None for value, _ in observation.values.values())
                if begin_ms <= observation.time_ms < end_ms and values:
                    readings += values
                    polls += not observation.station.endswith(f"U{DEAD}")
    return polls, readings


def _telegraf() -> Path | None:
    servers = os.environ.get("RIVERCHIEF_SERVERS", "~/.cache/riverchief/servers")
    found = Path(servers).expanduser() / "telegraf" / "telegraf"
    return found if found.exists() else None


def _telegraf_on(program: Path, folder: Path, endpoints: Mapping[str, str]) -> list[str]:
    """Command of a Telegraf that reads the same registers at the same pace, one connection for each bus."""
    from sensors.profile import load_profiles

    registers = load_profiles()[PROFILE].registers
    fields = "\n".join(
        f'      {{ address = {r.address}, name = "{r.name}", type = "FLOAT32" }},' for r in registers if r.width == 2
    )
    text = [
        '[agent]\n  interval = "1s"\n  flush_interval = "1s"\n  omit_hostname = true\n'
        f'[[outputs.file]]\n  files = ["{folder / "telegraf.lines"}"]\n'
    ]
    for name, address in endpoints.items():
        text.append(
            f'[[inputs.modbus]]\n  name = "{name}"\n  controller = "{address}"\n  timeout = "1s"\n'
            '  configuration_type = "request"\n'
        )
        for unit in range(1, UNITS + 1):
            text.append(
                f'  [[inputs.modbus.request]]\n    slave_id = {unit}\n    byte_order = "DCBA"\n'
                f'    register = "holding"\n    fields = [\n{fields}\n    ]\n'
            )
    (folder / "telegraf.conf").write_text("".join(text), encoding="utf-8")
    return [str(program), "--config", str(folder / "telegraf.conf")]


def _telegraf_kept(folder: Path, begin_ms: int, end_ms: int) -> tuple[int, int]:
    """Neighbours' polls and readings in what Telegraf wrote."""
    polls = readings = 0
    for line in (folder / "telegraf.lines").read_text(encoding="utf-8").splitlines():
        tags, fields, time_ns = line.rsplit(" ", 2)
        if begin_ms <= int(time_ns) // 1_000_000 < end_ms:
            readings += fields.count("=")
            polls += f"slave_id={DEAD}," not in tags + ","
    return polls, readings


if __name__ == "__main__":
    main()

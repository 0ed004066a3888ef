"""`riverchief replay`: what the hub would have said about a scenario's readings, and when."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Where they go: JSON.")
def replay(folder: Path, out: Path) -> None:
    """Run quality control, detection and attribution over FOLDER, in the order in which its readings came.

    FOLDER is a scenario's public/ folder or the one above it, with topology.json, readings.parquet and, if there, rain,
    inlet flow and visits; truth/ is never opened. docs/scenarios.md describes the files.
    """
    from deploy.replay.detections_file import write_document
    from deploy.replay.folder import replay as run
    from deploy.replay.scenario import load_scenario

    scenario = load_scenario(folder)
    with click.progressbar(length=scenario.time_ms.size, label=scenario.topology.id, show_pos=False) as bar:
        found = run(scenario, bar.update)
    write_document(found, out)
    illicit = sum(detection["kind"] == "illicit" for detection in found["detections"])
    click.echo(
        f"{out}: {illicit} discharges and {len(found['detections']) - illicit} other events, "
        f"{len(found['faults'])} faults, {scenario.local(int(scenario.time_ms[0]))} "
        f"to {scenario.local(int(scenario.time_ms[-1]))}."
    )

"""`riverchief site gains`: where one more station would help most to tell which outfall an event came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from analytics.attribution.siting import SiteGain
    from sensors.site import Site

#: Places that are tried along a reach are at most this far apart [m].
APART_M = 500.0


def gains_of(site: Site) -> list[SiteGain]:
    """Rank places on every reach of a site, the most helpful first.

    Parameters
    ----------
    site : Site

    Raises
    ------
    UsageError
        If it has no station or no outfall.
    """
    from analytics.attribution.ranking import KIND_PRIOR
    from analytics.attribution.siting import site_gains
    from analytics.attribution.transport import Transport
    from sensors.errors import UsageError

    if not site.stations or not site.outfalls:
        raise UsageError(f"{site.folder}: found no station or no outfall; accepted: a site with both")
    steadiness = {reach.id: reach.steadiness for reach in site.reaches.values()}
    flow = {reach.id: reach.flow_m3_s for reach in site.reaches.values() if reach.flow_m3_s is not None}
    stations = [(one.reach, one.chainage_m) for one in site.stations.values()]
    outfalls = [(one.reach, one.chainage_m) for one in site.outfalls.values()]
    prior = [KIND_PRIOR[one.kind] for one in site.outfalls.values()]
    places = [
        (reach.id, reach.length_m * (part + 0.5) / parts)
        for reach in site.reaches.values()
        for parts in (max(1, round(reach.length_m / APART_M + 0.5)),)
        for part in range(parts)
    ]
    transport = Transport(site.network, steadiness, flow)
    return site_gains(transport, stations, outfalls, places, prior)


@click.command("gains")
@click.argument("site", type=click.Path(path_type=Path, file_okay=False))
@click.option("--most", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many places.")
def command(site: Path, most: int) -> None:
    """Rank places in SITE for one more station.

    A place is worth what it adds to telling which outfall a discharge came from, by travel times and by which outfalls
    discharge how often, as far as their kinds say. Everything else (power, access, bank) is for people to judge.
    It takes about a minute for a sub-district.
    """
    from sensors.site import load_site

    loaded = load_site(site)
    click.echo(f"{'river':24} {'reach':10} {'metres':>7} {'bits':>6} {'seen':>6} {'three':>6}")
    for gain in gains_of(loaded)[:most]:
        reach, chainage_m = gain.spot
        river = loaded.rivers[loaded.reaches[reach].river]
        click.echo(
            f"{(river.name_en or river.name)[:24]:24} {reach:10} {chainage_m:7.0f} {gain.bits:6.3f} "
            f"{_share(gain.seen):>6} {_share(gain.top3):>6}"
        )


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"

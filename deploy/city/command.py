"""`riverchief city`: detection past one machine, over Kafka."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sensors.errors import UsageError

if TYPE_CHECKING:
    from deploy.city.kafka import City

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


def _kafka(command: Callable[..., None]) -> Callable[..., None]:
    """Options that bridges and workers share."""
    for option in (
        click.option("--metrics", metavar="HOST:PORT", envvar="RIVERCHIEF_METRICS",
                     help="Serve /metrics, /healthz and /readyz there."),
        click.option("--replication", type=click.IntRange(1), default=1, show_default=True,
                     help="Copies of topics that are not there yet; 3 where Kafka has three machines."),
        click.option("--partitions", type=click.IntRange(1, 1024), default=16, show_default=True,
                     help="Of topics that are not there yet: most workers there can ever be."),
        click.option("--topics", default="riverchief", show_default=True, help="Beginning of the topics' names."),
        click.option("--kafka-config", "options", type=_FILE, envvar="RIVERCHIEF_KAFKA_CONFIG",
                     help="File of librdkafka's options, NAME=VALUE: encryption and login."),
        click.option("--kafka", required=True, envvar="RIVERCHIEF_KAFKA", metavar="HOST:PORT",
                     help="Servers of Kafka; several with commas."),
    ):  # fmt: skip
        command = option(command)
    return command


def _city(kafka: str, options: Path | None, topics: str, partitions: int, replication: int) -> City:
    from deploy.city.kafka import City, read_options

    missing = [name for name in ("confluent_kafka", "quixstreams") if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f"{' and '.join(missing)} missing: pip install '.[hub,city]' in the project's folder")
    return City(kafka, read_options(options) if options is not None else {}, topics, partitions, replication)


@click.group()
def command() -> None:
    """Detect past one machine: a bridge for each site, and workers that share all sites over Kafka."""


@command.command()
@click.argument("site", type=_FOLDER)
@click.option("--store", required=True, help="Where the hub keeps readings, e.g. influx:///etc/riverchief/store.toml.")
@click.option("--books", envvar="RIVERCHIEF_BOOKS", help="sqlite:///PATH or postgresql://USER@HOST/NAME: visits.")
@click.option("--files", type=_FOLDER, help="Folder of photos and documents, where the books are on a server.")
@click.option("--again", is_flag=True, help="Have workers begin anew with this site, from its last two weeks.")
@_kafka
def bridge(
    site: Path, store: str, books: str | None, files: Path | None, again: bool,
    kafka: str, options: Path | None, topics: str, partitions: int, replication: int, metrics: str | None,
) -> None:  # fmt: skip
    """Send what the store of SITE takes in to Kafka, and put what workers find into it. One for each site."""
    city = _city(kafka, options, topics, partitions, replication)
    from deploy.city.bridge import serve

    serve(site, store, city, books_url=books, files=files, metrics=metrics, again=again)


@command.command()
@click.option("--state", type=_FOLDER, required=True,
              help="Folder of its own; what is missing in it comes from Kafka.")  # fmt: skip
@click.option("--name", default=socket.gethostname, metavar="NAME",
              help="The same after each start, and no other worker's.  [default: this host's]")  # fmt: skip
@click.option("--commit", type=click.FloatRange(0.05, 30), default=5.0, show_default=True,
              help="Pause between two commits [s].")  # fmt: skip
@_kafka
def watch(
    state: Path, name: str, commit: float,
    kafka: str, options: Path | None, topics: str, partitions: int, replication: int, metrics: str | None,
) -> None:  # fmt: skip
    """Watch the sites whose bridges send to Kafka: quality control, detection, attribution. As many as it takes."""
    city = _city(kafka, options, topics, partitions, replication)
    from deploy.city.worker import serve

    serve(city, name, state, metrics=metrics, commit_s=commit)

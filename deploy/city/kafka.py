"""How the processes of a city reach Kafka: address, options of its client, topics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sensors.errors import LinkError, UsageError

#: Longest wait for an answer of Kafka [s].
ANSWER_S = 30.0

#: What decides whether readings are lost: it is not for the file of options.
OURS = frozenset({
    "bootstrap.servers", "group.id", "group.instance.id", "transactional.id", "enable.auto.commit",
    "enable.auto.offset.store", "enable.idempotence", "acks", "isolation.level", "auto.offset.reset",
    "partition.assignment.strategy", "partitioner",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class City:
    """Where a city's processes meet.

    Attributes
    ----------
    servers : str
        HOST:PORT, or several with commas.
    options : dict of str to str
        Of librdkafka: encryption and login.
    topics : str
        Beginning of the topics' names, and of the consumer groups'.
    partitions, replication : int
        Of topics that are not there yet.
    """

    servers: str
    options: Mapping[str, str] = field(default_factory=dict)
    topics: str = "riverchief"
    partitions: int = 16
    replication: int = 1

    @property
    def readings(self) -> str:
        """Topic from bridges to workers; key: the site's id."""
        return f"{self.topics}.readings"

    @property
    def findings(self) -> str:
        """Topic from workers to bridges; key: the site's id."""
        return f"{self.topics}.findings"

    def client(self, **options: Any) -> dict[str, Any]:
        """Options for a client; dots of names are written as underscores."""
        own = {name.replace("_", "."): value for name, value in options.items()}
        return {**self.options, "bootstrap.servers": self.servers, **own}


def read_options(path: Path) -> dict[str, str]:
    """Options of librdkafka from a file with lines ``name=value``; ``#`` begins a comment.

    Raises
    ------
    UsageError
        If it cannot be read, a line is none, or it names what is not the operator's to set.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from None
    options: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not (text := line.strip()) or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{path}:{number}: accepted: NAME=VALUE, e.g. security.protocol=SASL_SSL")
        if name.strip() in OURS:
            raise UsageError(f"{path}:{number}: {name.strip()} is set by the program")
        options[name.strip()] = value.strip()
    return options


def make_topics(city: City) -> int:
    """Make the two topics where they are not there yet.

    Returns
    -------
    int
        Partitions of the topic of readings, whoever made it.

    Raises
    ------
    LinkError
        If Kafka cannot be reached, or does not make them.
    """
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient, NewTopic

    try:
        admin = AdminClient(city.client())
        there = admin.list_topics(timeout=ANSWER_S).topics
        new = [
            NewTopic(name, city.partitions, city.replication)
            for name in (city.readings, city.findings)
            if name not in there
        ]
        for name, made in (admin.create_topics(new, request_timeout=ANSWER_S) if new else {}).items():
            try:
                made.result(ANSWER_S)
            except KafkaException as error:
                if error.args[0].name() != "TOPIC_ALREADY_EXISTS":
                    raise LinkError(f"topic {name}: {error.args[0].str()}") from None
        held = admin.list_topics(city.readings, timeout=ANSWER_S).topics[city.readings]
        return len(held.partitions) or city.partitions
    except KafkaException as error:
        raise LinkError(f"Kafka at {city.servers}: {error.args[0].str()}") from None

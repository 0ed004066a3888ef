"""How the processes of a city reach Kafka."""

from __future__ import annotations

import pytest

from deploy.city.kafka import City, make_topics, read_options
from sensors.errors import LinkError, UsageError


def test_options_of_a_file_go_to_every_client_and_none_of_ours_can_be_changed(tmp_path) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text("# login\n\nsecurity.protocol = SASL_SSL\nsasl.password=a=b\n", encoding="utf-8")
    options = read_options(file)
    assert options == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
    client = City("k:9092", options).client(group_id="g")
    assert client == {**options, "bootstrap.servers": "k:9092", "group.id": "g"}


@pytest.mark.parametrize(("line", "said"), [
    ("acks=0", ":1: acks is set by the program"), ("isolation.level=read_uncommitted", "set by the program"),
    ("hello", ":1: accepted: NAME=VALUE"), ("=x", "accepted: NAME=VALUE"),
])  # fmt: skip
def test_what_cannot_be_set_is_refused_with_its_line(tmp_path, line, said) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text(line, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_options(file)


def test_a_file_that_is_not_there_is_named(tmp_path) -> None:
    with pytest.raises(UsageError, match=r"nowhere.*cannot be read"):
        read_options(tmp_path / "nowhere")


def test_names_of_topics() -> None:
    city = City("k:9092", topics="suzhou")
    assert (city.readings, city.findings) == ("suzhou.readings", "suzhou.findings")


@pytest.mark.kafka
@pytest.mark.system
def test_topics_are_made_once(kafka) -> None:
    city = City(kafka, topics="once", partitions=3)
    assert make_topics(city) == 3
    assert make_topics(City(kafka, topics="once", partitions=5)) == 3


def test_a_kafka_that_is_not_there_is_told(monkeypatch) -> None:
    pytest.importorskip("confluent_kafka")
    monkeypatch.setattr("deploy.city.kafka.ANSWER_S", 0.3)
    with pytest.raises(LinkError, match=r"Kafka at 127\.0\.0\.1:9"):
        make_topics(City("127.0.0.1:9", {"log_level": "0"}))

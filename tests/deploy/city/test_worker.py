"""Sites in a worker: what is in memory counts only while it is what is kept."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

pytest.importorskip("quixstreams", reason="no quixstreams: uv sync --group city")

from quixstreams.models.topics.exceptions import TopicNotFoundError

from deploy.city import worker
from deploy.city.face import CityFace
from deploy.city.feed import Feed
from deploy.city.kafka import City
from deploy.city.message import Findings, Message
from deploy.city.worker import Sites
from sensors.errors import LinkError
from sensors.reading import Block, Reading
from tests.deploy.city.streams import HOUR, START, Heard, site_of
from tests.deploy.city.test_basin import Pieces


@pytest.fixture
def messages(tmp_path: Path) -> list[bytes]:
    """Three hours of a site."""
    store, sent = Heard(tmp_path / "s.sqlite"), []
    feed = Feed(site_of("east", tmp_path / "a"), store, sent.append, lambda: None)
    for hour in range(1, 4):
        store.write(Block.of(Reading(name, "ph", START + hour * HOUR - i * 300_000, 7.0 + i)
                             for name in ("S01", "S02") for i in range(12)))  # fmt: skip
        feed.tick(START + hour * HOUR + 60_000)
    store.close()
    return sent


def test_a_commit_that_failed_is_not_built_on(messages) -> None:
    face = CityFace("city_watch", lambda: 0)
    straight, keep = Pieces(), Pieces()
    expected = [Sites(face).messages("east", payload, b"%d" % i, straight) for i, payload in enumerate(messages)]
    sites, found = Sites(face), []
    for i, payload in enumerate(messages):
        before = copy.copy(keep)
        sites.messages("east", payload, b"%d" % i, keep)
        keep.clear()
        keep.update(before)  # the transaction was given up, and the message comes again
        found.append(sites.messages("east", payload, b"%d" % i, keep))
    assert found == expected
    assert keep == straight
    report = Findings.decode(found[-1][-1]).report
    assert report["judged_ms"] == START + 3 * HOUR
    assert face.checks()[0].ok


def test_a_message_that_cannot_be_used_holds_nobody_up(messages) -> None:
    face, keep = CityFace("city_watch", lambda: 0), Pieces()
    sites = Sites(face)
    assert sites.messages("east", b"?", b"0", keep) == []
    assert sites.messages("east", Message(now_ms=START).encode(), b"1", keep) == []
    assert any("--again" in check.detail for check in face.checks())
    assert keep == {}
    sites.messages("east", messages[0], b"2", keep)
    assert keep["at"] == b"2"
    assert [check.name for check in face.checks()] == ["moves"]


def test_a_topic_that_kafka_has_just_made_is_asked_for_again(monkeypatch) -> None:
    asked = []

    def prepare(app, city, partitions, sites) -> None:
        asked.append(app)
        if len(asked) < 3:
            raise TopicNotFoundError("not found on the broker")

    monkeypatch.setattr(worker, "prepare", prepare)
    monkeypatch.setattr(worker, "AGAIN_S", 0)
    made = iter(range(9))
    sites = Sites(CityFace("city_watch", lambda: 0))
    assert worker._prepared(lambda: next(made), City("k:9092"), 1, sites) == 2
    monkeypatch.setattr(worker, "ANSWER_S", -1)
    asked.clear()
    with pytest.raises(LinkError, match=r"k:9092.*not found"):
        worker._prepared(lambda: next(made), City("k:9092"), 1, sites)

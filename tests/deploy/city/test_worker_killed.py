"""Workers on a real Kafka that are killed at random tell what the watch of one process tells: all of it, once."""

from __future__ import annotations

import os
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.city.kafka import City, make_topics
from tests.deploy.city.streams import Stream, Told

pytestmark = [pytest.mark.kafka, pytest.mark.system, pytest.mark.timeout(900)]

#: Sites, and when sewage passes their first station [h after the start].
SITES = {"east": (3, (102.0, 114.5)), "west": (5, (99.0, 112.0))}


#: How often a worker is killed while there is something to do, and when.
KILLS, SEED = int(os.environ.get("RIVERCHIEF_TEST_KILLS", "6")), int(os.environ.get("RIVERCHIEF_TEST_SEED", "11"))


class Scenario:
    """Two sites whose readings go to Kafka while workers take them."""

    def __init__(self, city: City, folder: Path) -> None:
        from deploy.city.bridge import Outlet

        self.streams: dict[str, Stream] = {}
        for name, (seed, hours) in SITES.items():
            outlet = Outlet(city, name)
            self.streams[name] = Stream(name, folder / name, seed, hours, outlet.send)
            self.streams[name].feed._flush = outlet.flush
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            for _ in zip(*(stream.ticks() for stream in self.streams.values()), strict=True):
                pass
        except BaseException as error:
            self.error = error

    def done(self) -> bool:
        """Whether everything was sent."""
        assert self.error is None, self.error
        return not self._thread.is_alive()

    def told(self) -> dict[str, Told]:
        """What the watch of one process told of each site."""
        return {name: stream.store.told for name, stream in self.streams.items()}

    def close(self) -> None:
        self._thread.join()
        for stream in self.streams.values():
            stream.close()


@pytest.fixture
def city(kafka: str, tmp_path: Path) -> City:
    city = City(kafka, topics=f"t{uuid.uuid4().hex[:8]}", partitions=2)
    assert make_topics(city) == 2
    return city


@pytest.fixture
def scenario(city: City, tmp_path: Path) -> Iterator[Scenario]:
    scenario = Scenario(city, tmp_path)
    yield scenario
    scenario.close()


def test_nothing_is_lost_and_nothing_told_twice(city: City, scenario: Scenario, tmp_path: Path) -> None:
    from tests.deploy.city.workers import CITY, Progress, findings, killed_again_and_again

    command = [*CITY, "watch", "--kafka", city.servers, "--topics", city.topics, "--state", str(tmp_path / "state"),
               "--name", "one", "--commit", "0.2"]  # fmt: skip
    progress = Progress(city, f"{city.topics}.watch")
    kills = killed_again_and_again(command, progress, scenario.done, tmp_path / "log", SEED, kills=KILLS)
    progress.close()
    told, expected = findings(city), scenario.told()
    assert kills == KILLS
    assert told.keys() == expected.keys() == set(SITES)
    for site, one in expected.items():
        assert any(event.kind == "discharge" for event in one.events)
        assert told[site].plain() == one.plain()


def test_a_worker_that_commits_its_place_before_its_state_is_found_out(city, scenario, tmp_path: Path) -> None:
    from tests.deploy.city.workers import Progress, findings, killed_again_and_again

    command = [sys.executable, "-W", "ignore", "-m", "tests.deploy.city.careless", city.servers, city.topics,
               str(tmp_path / "careless.pickle")]  # fmt: skip
    progress = Progress(city, "careless")
    killed_again_and_again(command, progress, scenario.done, tmp_path / "log", SEED, kills=3)
    progress.close()
    told, expected = findings(city), scenario.told()
    assert {site: one.plain() for site, one in told.items()} != {site: one.plain() for site, one in expected.items()}

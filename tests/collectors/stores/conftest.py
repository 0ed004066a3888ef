from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.stores import BACKENDS, open_store
from collectors.stores.base import ReadingStore

#: What a backend's tests need beside Python.
MARKS = {"influx": pytest.mark.influxdb}


def backends() -> list[object]:
    """One parameter per line of the table of backends."""
    return [pytest.param(name, marks=MARKS.get(name, ())) for name in BACKENDS if name not in ALSO]


#: Other spellings of a backend that is tested under its own name.
ALSO = {"influxs"}


@pytest.fixture(params=backends())
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty store of each backend."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/readings.sqlite"
    url: Callable[[], str] = request.getfixturevalue(f"{request.param}_url")
    return url()


@pytest.fixture
def open_again(store_url: str) -> Iterator[Callable[..., ReadingStore]]:
    """Open the store, as often as wanted; all are closed at the end."""
    opened: list[ReadingStore] = []

    def open_(*, read_only: bool = False) -> ReadingStore:
        opened.append(open_store(store_url, read_only=read_only))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_again: Callable[..., ReadingStore]) -> ReadingStore:
    return open_again()

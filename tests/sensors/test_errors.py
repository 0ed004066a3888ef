from __future__ import annotations

import pickle

import pytest

from sensors.errors import ConfigError, Problem, ProfileError, RiverChiefError, SiteError, StoreError, UsageError

PROBLEMS = (Problem("site.toml", "line 7", "'x'", "a number"), Problem("rivers.csv", "line 2", "nothing", "an id"))


@pytest.mark.parametrize("kind", [ConfigError, SiteError, ProfileError])
def test_mistakes_in_files_cross_process_boundaries(kind: type[ConfigError]) -> None:
    error = kind(iter(PROBLEMS))
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), back.problems, str(back)) == (kind, PROBLEMS, str(error))


@pytest.mark.parametrize("retryable", [True, False])
def test_errors_of_a_store_cross_process_boundaries(retryable: bool) -> None:
    back = pickle.loads(pickle.dumps(StoreError("store x: full", retryable=retryable)))
    assert (type(back), str(back), back.retryable) == (StoreError, "store x: full", retryable)


def test_the_others_do_as_well() -> None:
    back = pickle.loads(pickle.dumps(UsageError("no such station")))
    assert (type(back), str(back)) == (UsageError, "no such station")
    assert isinstance(back, RiverChiefError)

"""How long what does not answer is left alone."""

import pytest

from collectors.breaker import Breaker, Settings


@pytest.mark.parametrize("failures", [1, 2, 5])
def test_breaker_doubles_up_to_its_limit(failures: int) -> None:
    breaker = Breaker(Settings(failures=failures, most_wait_s=600), first_s=60)
    now, waits = 0.0, []
    for _ in range(failures + 2000):
        breaker.failed(now)
        start = now
        while not breaker.may_try(now):
            now += 1
        waits.append(now - start)
    assert waits[: failures - 1] == [0.0] * (failures - 1)
    assert waits[failures - 1 : failures + 4] == [57, 114, 228, 456, 570]
    assert set(waits[failures + 4 :]) == {570}
    breaker.failed(now)
    breaker.worked()
    assert breaker.may_try(now)


def test_where_trying_costs_nothing_there_is_no_pause() -> None:
    breaker = Breaker(Settings(failures=1), first_s=60)
    breaker.failed(0, costs=False)
    assert (breaker.failures, breaker.may_try(0.1)) == (1, True)
    breaker.failed(1)
    assert not breaker.may_try(2)

import pytest

from deploy.fleet.faults import ALL, Faults, InjectedFault, Mishap


def test_a_fault_is_on_from_its_beginning_until_before_its_end() -> None:
    fault = InjectedFault(Mishap.SILENT, "a", start_ms=100, end_ms=200)
    assert [fault.on("a", at) for at in (99, 100, 199, 200)] == [False, True, True, False]
    assert not fault.on("b", 150)
    assert InjectedFault(Mishap.SILENT).on("b", 150), "of every station, always"


def test_flapping_has_power_and_then_none() -> None:
    fault = InjectedFault(Mishap.FLAPPING, start_ms=10_000, up_s=2, down_s=3)
    assert [fault.on("a", 10_000 + at) for at in (0, 1999, 2000, 4999, 5000, 7000)] == [
        False, False, True, True, False, True,
    ]  # fmt: skip


def test_the_first_of_two_counts_and_values_are_apart() -> None:
    late, silent = InjectedFault(Mishap.LATE, "a"), InjectedFault(Mishap.SILENT)
    drift, nan = InjectedFault(Mishap.DRIFT, "a", "ph"), InjectedFault(Mishap.NAN)
    faults = Faults([drift, late, silent, nan])
    assert (faults.wire("a", 0), faults.wire("b", 0)) == (late, silent)
    assert (faults.values("a", 0), faults.values("b", 0)) == ([drift, nan], [nan])
    faults.replace([])
    assert (faults.wire("a", 0), list(faults)) == (None, [])


def test_a_probability_is_a_share_and_the_seed_fixes_which() -> None:
    def draws(seed: int) -> list[bool]:
        faults = Faults([InjectedFault(Mishap.LATE, probability=0.3)], seed)
        return [faults.wire("a", 0) is not None for _ in range(1000)]

    assert draws(1) == draws(1) != draws(2)
    assert 0.25 < sum(draws(1)) / 1000 < 0.35
    assert Faults([InjectedFault(Mishap.LATE, probability=0)]).wire("a", 0) is None


def test_a_fault_ends_with_its_block_whatever_happens_in_it() -> None:
    faults = Faults()

    def block() -> None:
        with faults.injected(Mishap.EXCEPTION, "a", code=6) as fault:
            assert faults.wire("a", 0) == fault == InjectedFault(Mishap.EXCEPTION, "a", ALL, code=6)
            raise KeyError

    with pytest.raises(KeyError):
        block()
    assert faults.wire("a", 0) is None

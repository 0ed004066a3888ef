"""Profiles: the plan of reads, splitting it, and what ships."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.determinand import DETERMINANDS
from sensors.errors import ProfileError
from sensors.profile import (
    Action,
    Command,
    Profile,
    ReadBlock,
    Register,
    Start,
    cover,
    load_profiles,
    plan,
    read_profiles,
    split,
)
from tests.sensors.instruments import profile_of

SHIPPED = list(load_profiles().values())


def blocks(*registers: Register, **limits: int) -> list[tuple[int, int]]:
    profile = Profile("p", "v", "m", "s", registers, **limits)
    return [(block.address, block.count) for block in plan(profile)]


def at(address: int, type_: str = "uint16", **more: object) -> Register:
    return Register(f"x_{address}_{type_}", 3, address, type_, **more)


@st.composite
def maps(draw: st.DrawFn) -> Profile:
    gaps = draw(st.lists(st.integers(0, 30), min_size=1, max_size=40))
    address, registers = 0, []
    for index, gap in enumerate(gaps):
        address += gap
        registers.append(Register(f"x_{index}", draw(st.sampled_from((3, 4))), address, "float32"))
        address += 2
    return Profile("p", "v", "m", "s", tuple(registers), draw(st.integers(2, 125)), draw(st.integers(0, 20)))


def holding(profile: Profile, register: Register, reads: tuple[ReadBlock, ...]) -> list[ReadBlock]:
    return [
        block
        for block in reads
        if block.function == register.function and block.address <= register.address and register.end <= block.end
    ]


@given(maps())
def test_a_plan_covers_every_register_once_within_the_limits(profile: Profile) -> None:
    reads = plan(profile)
    assert all(1 <= block.count <= profile.max_count for block in reads)
    for register in profile.registers:
        assert len(holding(profile, register, reads)) == 1


@given(maps())
def test_splitting_on_and_on_ends_with_each_register_alone_and_loses_none(profile: Profile) -> None:
    reads = plan(profile)
    for _ in range(50):
        parts = tuple(part for block in reads for part in split(profile, block))
        if parts == reads:
            break
        reads = parts
    assert sorted((b.function, b.address) for b in reads) == sorted((r.function, r.address) for r in profile.registers)
    assert all(block.count == 2 for block in reads)


def test_small_gaps_are_read_along_and_large_ones_are_not() -> None:
    assert blocks(at(0), at(9), max_gap=8) == [(0, 10)]
    assert blocks(at(0), at(10), max_gap=8) == [(0, 1), (10, 1)]


def test_values_that_share_a_register_are_read_once() -> None:
    parts = (at(5, "uint8_high"), at(5, "uint8_low"), at(6, "bits"), at(4, "float32", order="DCBA"))
    assert blocks(*parts) == [(4, 3)]


def test_a_hole_is_never_read_along() -> None:
    profile = Profile("p", "v", "m", "s", (at(0), at(4)), holes=(ReadBlock(3, 2, 1),))
    assert [block.address for block in plan(profile)] == [0, 4]
    elsewhere = Profile("p", "v", "m", "s", (at(0), at(4)), holes=(ReadBlock(4, 2, 1),))
    assert [block.count for block in plan(elsewhere)] == [5]


def test_what_acts_when_it_is_read_is_never_read_along() -> None:
    stop = Command("stop", 3, 2, count=1)
    profile = Profile("p", "v", "m", "s", (at(0), at(4)), commands=(stop,))
    assert [block.address for block in plan(profile)] == [0, 4]
    started = Profile("p", "v", "m", "s", (at(0), at(4)), start=Start(Action("start", 3, 1, count=2), "poll", 1.0))
    assert started.untouchable == (ReadBlock(3, 1, 2),)
    assert [block.address for block in plan(started)] == [0, 4]


def test_a_split_drops_the_gaps_first() -> None:
    profile = profile_of(at(0), at(1), at(5), at(6))
    assert split(profile, ReadBlock(3, 0, 7)) == (ReadBlock(3, 0, 2), ReadBlock(3, 5, 2))
    assert split(profile, ReadBlock(3, 0, 2)) == (ReadBlock(3, 0, 1), ReadBlock(3, 1, 1))
    assert split(profile, ReadBlock(3, 0, 1)) == (ReadBlock(3, 0, 1),)


def test_a_split_does_not_tear_a_value() -> None:
    profile = profile_of(at(0, "float64"), at(4), at(5, "uint8_high"), at(5, "uint8_low"))
    assert split(profile, ReadBlock(3, 0, 6)) == (ReadBlock(3, 0, 4), ReadBlock(3, 4, 2))
    assert split(profile, ReadBlock(3, 0, 4)) == (ReadBlock(3, 0, 4),)


def test_a_plan_without_gaps_for_an_instrument_that_answers_none() -> None:
    profile = profile_of(at(0), at(5))
    assert [len(plan(profile)), len(plan(profile, max_gap=0))] == [1, 2]
    assert cover(profile, [at(5)]) == (ReadBlock(3, 5, 1),)


@pytest.mark.parametrize(("told", "wait"), [(None, 0.5), (1.25, 1.26), (0.0, 0.01), (-1.0, 0.5), (65.535e3, 0.5)])
def test_a_start_waits_as_long_as_the_instrument_says(told, wait) -> None:
    start = Start(Action("start", 6, 1, (31,)), "poll", 0.5, "measuring_time", 0.01)
    assert start.wait(told) == pytest.approx(wait)


def test_shipped_profiles_say_where_they_come_from_and_how_sure_that_is() -> None:
    assert len(SHIPPED) == 27
    assert [profile.id for profile in SHIPPED if profile.illustrative] == ["station_cabinet"]
    for profile in SHIPPED:
        assert all((profile.source, profile.measures, profile.evidence)), profile.id
        assert profile.serial is not None or profile.vendor in ("Hach", "RiverChief"), profile.id


def test_a_shipped_register_that_nobody_verified_says_so() -> None:
    profiles = load_profiles()
    for name in ("bgt_wnh4", "s_rjy_01", "seeed_s_ec_01", "seeed_s_ph_01", "hach_3400_sc", "hach_nitratax_sc"):
        assert set(profiles[name].determinands) <= set(profiles[name].unverified), name
    assert profiles["remond_do"].unverified == ()
    assert "conductivity" in profiles["aqualabo_c4e"].unverified
    assert "water_temperature" not in profiles["aqualabo_c4e"].unverified


def test_the_full_station_carries_what_a_class_needs_and_no_probe_pretends_to() -> None:
    required = {"ph", "dissolved_oxygen", "permanganate_index", "ammonia_nitrogen", "total_phosphorus"}
    assert [profile.id for profile in SHIPPED if required <= set(profile.determinands)] == ["station_cabinet"]
    assert [profile.id for profile in SHIPPED if "permanganate_index" in profile.determinands] == ["station_cabinet"]
    assert not any("cod" in profile.determinands for profile in SHIPPED)


@pytest.mark.parametrize("profile", SHIPPED, ids=lambda profile: profile.id)
def test_a_shipped_profile_reads_little_and_touches_nothing_it_must_not(profile: Profile) -> None:
    reads = plan(profile)
    assert len(reads) <= 4
    assert set(profile.determinands) <= set(DETERMINANDS)
    actions = [*profile.commands, *([profile.start.action] if profile.start else [])]
    for action in actions:
        if action.reads:
            assert not any(b.address < action.end and action.address < b.end for b in reads), action


@pytest.mark.parametrize("profile", [p for p in SHIPPED if p.vendor == "Yosemitech"], ids=lambda profile: profile.id)
def test_a_probe_that_is_silent_on_unknown_registers_is_read_without_gaps(profile: Profile) -> None:
    known = {address for register in profile.registers for address in range(register.address, register.end)}
    assert all(set(range(block.address, block.end)) <= known for block in plan(profile))


def test_which_instruments_must_be_started_and_how() -> None:
    started = {profile.id: profile.start for profile in SHIPPED if profile.start is not None}
    each = {name: start.each for name, start in started.items() if start is not None}
    assert each == {
        "aqualabo_c4e": "poll", "aqualabo_optod": "poll", "aqualabo_pheht": "poll", "yosemitech_y504": "connect",
        "yosemitech_y511": "connect", "yosemitech_y514": "connect", "yosemitech_y520": "connect",
        "yosemitech_y551": "connect",
    }  # fmt: skip
    assert load_profiles()["yosemitech_y520"].start.action == Action("start", 16, 7168)


def test_a_folder_of_profiles_reports_the_mistakes_of_every_file(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("schema = 2\n", encoding="utf-8")
    (tmp_path / "b.toml").write_text("schema = ", encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        read_profiles(tmp_path)
    assert {problem.file for problem in caught.value.problems} == {"a.toml", "b.toml"}


def test_extras_are_found_by_name() -> None:
    profile = load_profiles()["aqualabo_optod"]
    assert profile.extra("measuring_time").address == 164
    with pytest.raises(KeyError):
        profile.extra("vibes")

"""Profiles: what is refused at load, and the plan of reads."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.errors import ProfileError
from sensors.profile import Profile, Register, load_profile, load_profiles, plan

HEAD = 'schema = 1\nid = "probe"\nvendor = "V"\nmodel = "M"\nsource = "manual, page 3"\n'
PH = '[[register]]\nname = "ph"\naddress = 0\ntype = "float32"\nunit = "pH"\n'


def write(folder: Path, text: str) -> Path:
    path = folder / "probe.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "where", "accepted"),
    [
        ("schema = ", "file", "TOML"),
        (HEAD.replace("schema = 1", "schema = 2") + PH, "schema", "1"),
        (HEAD.replace('"probe"', '"other"') + PH, "id", "'probe'"),
        (HEAD.replace('vendor = "V"\n', "") + PH, "vendor", "a text"),
        (HEAD, "register", "at least one"),
        (HEAD + "colour = 3\n" + PH, "colour", "one of"),
        (HEAD + PH + "colour = 3\n", "register[0] (ph).colour", "one of"),
        (HEAD + PH.replace('"ph"', '"vibes"'), "register[0] (vibes).name", "determinand"),
        (HEAD + PH.replace('"pH"', '"mV"'), "register[0] (ph).unit", "pH"),
        (HEAD + PH.replace("float32", "float31"), "register[0] (ph).type", "float32"),
        (HEAD + PH.replace("address = 0", "address = 65535"), "register[0] (ph).address", "0 to 65534"),
        (HEAD + PH + 'order = "ABDC"\n', "register[0] (ph).order", "CDAB"),
        (HEAD + PH + "function = 6\n", "register[0] (ph).function", "3, 4"),
        (HEAD + "max_count = 126\n" + PH, "max_count", "1 to 125"),
        (HEAD + PH + 'sentinels = ["x"]\n', "register[0] (ph).sentinels", "numbers"),
        (HEAD + PH + 'states = { "0" = "N" }\n', "register[0] (ph).states", "state"),
        (HEAD + PH + PH.replace("address = 0", "address = 2"), "register (ph).name", "once"),
        (HEAD + PH + PH.replace("0", "1").replace('"ph"', '"x_ph"'), "register (x_ph).address", "2 or more"),
        (HEAD + '[[register]]\nname = "state"\naddress = 0\ntype = "uint16"\nstates = { "0" = "Q" }\n',
         "register[0] (state).states", "letters N F M S D C T B"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_file_key_and_what_is_accepted(tmp_path, text, where, accepted) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, text))
    [problem] = caught.value.problems
    assert (problem.file, problem.where) == ("probe.toml", where)
    assert accepted in problem.accepted


def test_every_mistake_is_reported_at_once(tmp_path) -> None:
    text = HEAD.replace("schema = 1", "schema = 9") + PH.replace('"pH"', '"mV"') + PH.replace("float32", "text")
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, text))
    assert len(caught.value.problems) == 3


def test_units_are_converted_to_the_determinand_s_own(tmp_path) -> None:
    text = HEAD + '[[register]]\nname = "conductivity"\naddress = 4\ntype = "uint16"\nunit = "mS/cm"\nscale = 0.1\n'
    [register] = load_profile(write(tmp_path, text)).registers
    assert register.scale == 100.0


def test_shipped_profiles_load_and_say_where_they_come_from() -> None:
    profiles = load_profiles()
    assert {"station_cabinet", "yosemitech_y4000"} <= set(profiles)
    assert profiles["station_cabinet"].illustrative
    assert all(profile.source for profile in profiles.values())
    required = {"ph", "dissolved_oxygen", "permanganate_index", "ammonia_nitrogen", "total_phosphorus"}
    assert required <= set(profiles["station_cabinet"].determinands)


@st.composite
def maps(draw: st.DrawFn) -> Profile:
    gaps = draw(st.lists(st.integers(0, 30), min_size=1, max_size=40))
    address, registers = 0, []
    for index, gap in enumerate(gaps):
        address += gap
        registers.append(Register(f"x_{index}", draw(st.sampled_from((3, 4))), address, "float32"))
        address += 2
    return Profile("p", "v", "m", "s", tuple(registers), draw(st.integers(2, 125)), draw(st.integers(0, 20)))


@given(maps())
def test_a_plan_covers_every_register_once_within_the_limits(profile: Profile) -> None:
    blocks = plan(profile)
    assert all(1 <= block.count <= profile.max_count for block in blocks)
    for register in profile.registers:
        holding = [
            b
            for b in blocks
            if b.function == register.function and b.address <= register.address and register.end <= b.address + b.count
        ]
        assert len(holding) == 1


def test_small_gaps_are_read_along_and_large_ones_are_not() -> None:
    def blocks(gap: int) -> int:
        registers = (Register("x_a", 3, 0, "uint16"), Register("x_b", 3, 1 + gap, "uint16"))
        return len(plan(Profile("p", "v", "m", "s", registers, max_gap=8)))

    assert (blocks(8), blocks(9)) == (1, 2)

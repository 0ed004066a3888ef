"""The shipped maps against the collected facts: what was found in manuals and drivers is what we read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sensors.determinand import DETERMINANDS, determinand_key
from sensors.profile import Profile, Register, load_profiles, plan

pytestmark = pytest.mark.shared
yaml = pytest.importorskip("yaml")  # nothing but this page of facts needs it

PROFILES = {name: profile for name, profile in load_profiles().items() if not profile.illustrative}

#: Names in the facts that are not ours, or that mean something else than their alias; None: not to be a determinand.
NAMES: dict[tuple[str, str], str | None] = {
    ("hach_nitratax_sc", "value"): "nitrate_nitrogen", ("hach_3798_s_sc", "ec_ms"): None,
    ("yosemitech_y560", "nh4n"): "ammonia_nitrogen", ("remond_ec", "salinity"): None,
    ("seeed_s_ec_01", "salinity"): None, ("aqualabo_c4e", "salinity"): None, ("yosemitech_y4000", "bga"): None,
}  # fmt: skip
TYPES = {"uint8_high", "uint16", "int16", "float32"}


@pytest.fixture(params=sorted(PROFILES))
def pair(request: pytest.FixtureRequest, shared: Path) -> tuple[Profile, dict[str, Any]]:
    path = shared / "facts" / "modbus_profiles" / f"{request.param}.yaml"
    return PROFILES[request.param], yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_model_of_the_facts_ships(shared) -> None:
    assert {path.stem for path in (shared / "facts" / "modbus_profiles").glob("*.yaml")} == set(PROFILES)


def read_registers(profile: Profile) -> dict[int, Register]:
    return {register.address: register for register in (*profile.registers, *profile.extras)}


def test_every_field_stands_where_it_was_found(pair) -> None:
    profile, facts = pair
    ours = read_registers(profile)
    for block in facts.get("reads", []):
        for field in block["fields"]:
            register = ours[block["address"] + field["offset"]]
            key = NAMES.get((profile.id, field["key"]), determinand_key(field["key"]))
            assert (register.function, register.type) == (block["fc"], field["type"])
            assert (register.name if register.name in DETERMINANDS else None) == key, field
            if register.type == "float32" and facts["float_order"] in ("ABCD", "CDAB", "DCBA", "BADC"):
                assert register.order == facts["float_order"]
            if key is not None and not register.unit_by:
                told, own = field["unit"], DETERMINANDS[key].unit
                factor = field.get("scale", 1) * {("ug/L", "mg/L"): 0.001}.get((told, own), 1)
                assert (register.scale, register.offset) == (pytest.approx(factor), 0.0), field


def test_the_start_is_the_one_that_was_found(pair) -> None:
    profile, facts = pair
    assert (profile.start is not None) == facts["start"]["needed"]
    if profile.start is None:
        return
    action, told = profile.start.action, facts["start"]["action"]
    assert (action.function, action.address, action.count) == (told["fc"], told["address"], told.get("count", 0))
    assert action.values == tuple([told["value"]] if "value" in told else told.get("values", []))
    if "wait_register" in facts["start"]:
        assert profile.extra(profile.start.wait_by).address == facts["start"]["wait_register"]["address"]
        assert profile.start.each == "poll"
    if "settle_ms" in facts:
        assert profile.start.wait_s == facts["settle_ms"] / 1000


def test_times_line_and_identity_are_those_that_were_found(pair) -> None:
    profile, facts = pair
    for key, ours in (("warm_up_ms", profile.warm_up_s), ("settle_ms", profile.settle_s)):
        if key in facts:
            assert ours == facts[key] / 1000
    serial = facts["serial"]
    if "default_unit_id" in serial:
        assert profile.serial is not None
        line = profile.serial
        assert (line.unit, line.baud, line.parity) == (serial["default_unit_id"], serial["baud"], serial["parity"])
        assert (line.stopbits, line.bytesize) == (serial["stopbits"], serial["bytesize"])
    for name, told in facts.get("identity", {}).items():
        assert profile.extra(name).address == told["address"]
        assert profile.extra(name).width == told.get("count", 1)


def test_ranges_are_those_that_were_found_in_our_unit(pair) -> None:
    profile, facts = pair
    registers = {register.name: register for register in profile.registers}
    for key, (low, high) in facts.get("ranges", {}).items():
        name = NAMES.get((profile.id, key), determinand_key(key))
        assert name is not None
        factor = 0.001 if name == "chlorophyll_a" else 1
        assert registers[name].range == (pytest.approx(low * factor), pytest.approx(high * factor))


def test_settings_calibration_wiper_and_modes_are_declared_and_never_written_by_polling(pair) -> None:
    profile, facts = pair
    guarded = {address for item in profile.guarded for address in range(item.address, item.end)}
    for told in facts.get("settings", {}).values():
        assert told["address"] in guarded
    if "slope_offset" in facts.get("calibration", {}):
        assert facts["calibration"]["slope_offset"]["address"] in guarded
    if "mode_register" in facts:
        told = facts["mode_register"]
        [mode] = [register for register in profile.registers if register.address == told["address"]]
        assert told["address"] in guarded
        judges = [status for register in profile.registers for status in register.statuses if status.by == mode.name]
        assert [status.good for status in judges] == [{told["required"]}]
    if "wiper" in facts:
        [wipe] = [action for action in profile.commands if action.name == "wipe"]
        assert (wipe.function, wipe.address, wipe.values) == (16, facts["wiper"]["run"]["address"], ())
        assert facts["wiper"]["interval_min"]["address"] in guarded
    if profile.start is not None:
        assert profile.start.action.address not in guarded


def test_in_situ_blocks_stand_where_the_guide_and_the_formula_say(shared) -> None:
    folder = shared / "facts" / "modbus_profiles"
    facts = yaml.safe_load((folder / "insitu_aquatroll_400.yaml").read_text(encoding="utf-8"))
    ours = {register.name: register for register in PROFILES["insitu_aquatroll_400"].registers}
    numbers = facts["reads_manual_numbers"]
    for key, name in {
        "do": "dissolved_oxygen",
        "water_temp(RDO)": "water_temperature",
        "ph": "ph",
        "orp": "orp",
    }.items():
        assert ours[name].address == numbers[key] - 1
    units = {unit: code for code, unit in facts["unit_ids"].items()}
    assert set(ours["dissolved_oxygen"].units) == {units["mg/L"], units["ug/L"]}
    facts = yaml.safe_load((folder / "insitu_aquatroll_500_600.yaml").read_text(encoding="utf-8"))
    ids = {
        "temperature": "water_temperature", "specific conductivity": "conductivity", "pH": "ph", "ORP": "orp",
        "DO mg/L": "dissolved_oxygen", "DO %sat": "dissolved_oxygen_saturation", "turbidity": "turbidity",
    }  # fmt: skip
    ours = {register.name: register for register in PROFILES["insitu_aquatroll_500_600"].registers}
    for parameter, told in (facts["parameter_ids"] | facts["parameter_ids_memory"]).items():
        if told in ids:
            register = ours[ids[told]]
            assert register.address == (parameter - 1) * 7 + 5450
            assert register.statuses[0].good == {parameter}


def test_exo_tables_and_codes_are_those_that_two_programs_agree_on(shared) -> None:
    path = shared / "facts" / "modbus_profiles" / "ysi_exo_modbus.yaml"
    facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    profile = PROFILES["ysi_exo_modbus"]
    told = [(facts["tables"][name]["fc"], facts["tables"][name]["address"], facts["tables"][name]["count"])
            for name in ("parameter_codes", "parameter_status", "parameter_values")]  # fmt: skip
    assert [(block.function, block.address, block.count) for block in plan(profile)] == told
    assert profile.slots is not None
    for kind in profile.slots.kinds:
        meaning = facts["parameter_code_map"].get(kind.code)
        if meaning is None:
            assert not kind.verified or kind.code == 6
        elif kind.unit not in ("pH", "psu", "%"):
            assert meaning.endswith(kind.unit) or kind.unit in meaning, kind

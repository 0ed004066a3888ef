import json

import pytest

from deploy.commissioning.fit import Fit
from deploy.commissioning.probing import Timing
from deploy.commissioning.record import Record, make_record, ranking, rows, save, table, whoami
from sensors.decode import Decoder
from sensors.errors import UsageError
from sensors.profile import load_profiles
from sensors.reading import StationState
from sensors.simulate.encode import encode
from tests.sensors.instruments import answers

QUICK = Timing(5, 0, 0, 0, 1.25, 2.123456, 3.0)


def record(**more: object) -> Record:
    profile = load_profiles()["station_cabinet"]
    image = encode(profile, {"ph": 7.25, "turbidity": 9999.0}, StationState.MAINTENANCE)
    values, others, state = rows(Decoder(profile), answers(profile, image))
    made = {
        "profile": profile.id, "chosen": "likely", "values": values, "others": others, "state": state,
        "fits": (Fit(profile.id, "likely", 9.0, ("+ ph makes sense",)), Fit("x", "no", -float("inf"), ("- no",))),
        "identity": {"serial_number": "YL01"}, "advice": ("look",), "notes": ("a note",),
    }  # fmt: skip
    return make_record("tcp://h:502", 3, "answers", QUICK, QUICK, "Li Wei", **(made | more))


def test_values_stand_beside_their_registers() -> None:
    made = record()
    by_name = {row.determinand: row for row in made.values}
    ph = by_name["ph"]
    assert (ph.value, ph.unit, ph.quality, ph.registers, ph.raw) == (7.25, "pH", 2, "3:4-5", "40E8 0000")
    assert (by_name["turbidity"].quality, by_name["turbidity"].reason) == (4, "outside 0 to 4000 NTU")
    assert by_name["water_temperature"].value is None
    [state] = made.others
    assert (state.determinand, state.value, state.reason) == ("state", 1, "maintenance")
    assert made.state == "M"


def test_a_slot_has_no_registers_of_its_own() -> None:
    profile = load_profiles()["ysi_exo_modbus"]
    values, others, _ = rows(Decoder(profile), answers(profile, encode(profile, {"ph": 7.25})))
    [ph] = [row for row in values if row.determinand == "ph"]
    assert (ph.value, ph.registers, ph.raw) == (7.25, "", "")
    assert {row.determinand for row in others} == {"x_codes", "x_status", "x_values"}


def test_what_could_not_be_read_is_told() -> None:
    profile = load_profiles()["station_cabinet"]
    values, _, state = rows(Decoder(profile), [None])
    assert {(row.value, row.raw, row.reason) for row in values} == {(None, "", "not read")}
    assert state == "B"


def test_a_refusal_is_told_from_silence() -> None:
    profile = load_profiles()["station_cabinet"]
    values, _, state = rows(Decoder(profile), [None], ["exception 6"])
    assert {row.reason for row in values} == {"refused: exception 6"}
    assert table(values, state)[-1].endswith("the unit is there and refuses to be read")
    assert table(rows(Decoder(profile), [None])[0], "B")[-1] == "station state B: no communication"
    slots = load_profiles()["ysi_exo_modbus"]
    decoder = Decoder(slots)
    values, _, _ = rows(decoder, [None for _ in decoder.blocks], ["exception 4" for _ in decoder.blocks])
    assert {row.reason for row in values} == {"refused: exception 4"}


def test_json_is_plain_and_complete() -> None:
    plain = json.loads(json.dumps(record().as_json(), allow_nan=False))
    assert plain["schema"] == "riverchief.commissioning/1"
    assert (plain["endpoint"], plain["unit"], plain["profile"], plain["by"]) == (
        "tcp://h:502", 3, "station_cabinet", "Li Wei",
    )  # fmt: skip
    assert plain["time"].endswith("Z")
    assert plain["timing"]["median_ms"] == 2.123
    assert [fit["profile"] for fit in plain["fits"]] == ["station_cabinet"], "what was ruled out is left out"
    assert set(plain["versions"]) == {"riverchief", "pymodbus", "python"}
    assert next(row for row in plain["values"] if row["determinand"] == "ph")["raw"] == "40E8 0000"


def test_the_text_can_be_printed_and_signed() -> None:
    text = record().as_text()
    for part in ("Li Wei", "tcp://h:502", "station_cabinet (likely)", "7.25 pH", "YL01", "look", "signature", "2.1"):
        assert part in text
    assert max(map(len, text.splitlines())) <= 130
    assert "profile    - (none)" in record(profile=None, chosen="", values=()).as_text()


def test_a_table_marks_what_is_not_good_and_what_nobody_verified() -> None:
    lines = table(record().values, "M")
    assert any("fail" in line and "<- outside 0 to 4000 NTU" in line for line in lines)
    assert lines[-1] == "station state M: maintenance"
    assert "station state" not in "".join(table(record().values, "N"))


def test_rivals_are_shown_with_reasons_where_it_is_a_guess() -> None:
    fits = [Fit(str(i), "possible", float(-i), (f"+ {i}",)) for i in range(8)]
    lines = ranking(fits)
    assert sum("+" in line for line in lines) == 5
    assert lines[-1] == "and 3 more"
    assert sum("+" in line for line in ranking([Fit("a", "certain", 9.0, ("+ a",)), *fits])) == 1


def test_a_record_is_kept_twice(tmp_path) -> None:
    made = record()
    data, text = save(made, tmp_path / "first.json")
    assert json.loads(data.read_text("utf-8")) == json.loads(json.dumps(made.as_json()))
    assert text.read_text("utf-8") == made.as_text()
    assert (data.name, text.name) == ("first.json", "first.txt")
    with pytest.raises(UsageError, match="cannot write"):
        save(made, tmp_path / "no" / "folder")


def test_somebody_did_it() -> None:
    assert whoami()

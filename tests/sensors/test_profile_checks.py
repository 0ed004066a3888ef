"""What a profile may not say against itself."""

from __future__ import annotations

import pytest

from sensors.errors import ProfileError
from sensors.profile import load_profile
from tests.sensors.test_profile_file import HEAD, KIND, ORP, PH, START, STATE, write

CODE = STATE.replace("state", "x_q")
TABLES = "".join(
    f'[[register]]\nname = "x_{name}"\naddress = {address}\ntype = "{type_}"\ncount = 4\n'
    for name, address, type_ in (("codes", 20, "uint16"), ("status", 30, "uint16"), ("values", 40, "float32"))
)
SLOTS = '[slots]\ncodes = "x_codes"\nvalues = "x_values"\nunused = 0\n'


def extra(name: str = "time", type_: str = "uint16", address: int = 90) -> str:
    return f'[[extra]]\nname = "{name}"\naddress = {address}\ntype = "{type_}"\n'


@pytest.mark.parametrize(
    ("text", "where", "accepted"),
    [
        (PH + PH.replace("address = 0", "address = 2"), "register (ph).name", "used once"),
        (PH + extra() + extra(address=91), "extra (time).name", "used once"),
        (PH + PH.replace("0", "1").replace('"ph"', '"x_ph"'),
         "register (x_ph).address", "2 or more: ph occupies 0 to 1"),
        (PH + CODE.replace("uint16", "uint8_low") + CODE.replace("x_q", "x_r").replace("uint16", "bits"),
         "register (x_r).address", "x_q occupies 9 to 9"),
        (PH + CODE.replace("uint16", "bits") + "bit = 10\nbits = 7\n", "register (x_q).bits", "at most 6"),
        (PH + "sentinels = [nan]\n", "register (ph).sentinels", "finite"),
        (PH.replace("float32", "uint16") + "sentinels = [-1]\n", "register (ph).sentinels", "a uint16 can hold"),
        (PH + "sentinels = [1e39]\n", "register (ph).sentinels", "a float32 can hold"),
        (PH + STATE + 'states = { 70000 = "N" }\n', "register (state).states", "a uint16 can hold"),
        (PH + STATE.replace("uint16", "float32") + 'states = { 0 = "N" }\n', "register (state).type", "whole numbers"),
        (PH + CODE + 'meanings = { -1 = "x" }\n', "register (x_q).meanings", "a uint16 can hold"),
        (PH + "count = 2\n", "register (ph).count", "begins with 'x_'"),
        (PH.replace("float32", "string"), "register (ph).type", "carries numbers"),
        ("max_count = 3\n" + PH.replace("float32", "float64"), "register (ph).type", "max_count (3)"),
        (PH + "[[hole]]\naddress = 1\n", "register (ph).address", "none of 1 to 1"),
        (PH + '[[command]]\nname = "stop"\nfunction = 3\naddress = 0\ncount = 1\n', "register (ph).address", "0 to 0"),
        (PH + 'status = { by = "x_w", good = [0] }\n' + CODE, "register (ph).status.by", "one of ph, x_q"),
        (PH.replace("float32", "uint16") + 'status = { by = "ph", good = [0] }\n',
         "register (ph).status.by", "another"),
        (PH + 'status = { by = "x_q", good = [0] }\n' + CODE.replace("uint16", "float32"),
         "register (ph).status.by", "whole numbers"),
        (PH + 'status = { by = "x_q", good = [0] }\n' + CODE.replace("uint16", "string"),
         "register (ph).status.by", "carries numbers"),
        (PH + 'status = { by = "x_q", good = [0], fail = [300] }\n' + CODE.replace("uint16", "uint8_high"),
         "register (ph).status.by", "can hold 300"),
        (PH + 'status = { by = "x_q", good = [0] }\n' + CODE + "count = 2\n", "register (ph).status.by", "one number"),
        (PH + 'status = [{ by = "x_q", good = [0] }, { by = "x_q", good = [1] }]\n' + CODE,
         "register (ph).status", "judges once"),
        (PH + 'sentinel_by = "x_s"\n', "register (ph).sentinel_by", "one of ph"),
        (PH + 'zero_with = "ph"\n', "register (ph).zero_with", "another"),
        (ORP + 'unit_by = "x_q"\nunits = { "70000" = "mV" }\n' + CODE, "register (orp).unit_by", "can hold 70000"),
        (PH + 'order_by = "x_q"\n' + CODE, "register (ph).orders", "a table such as"),
        (PH + 'order_by = "x_q"\norders = { 0 = "ABCD" }\n' + CODE.replace("uint16", "uint32"),
         "register (ph).order_by", "one register wide"),
        (CODE, "register", "named like a determinand"),
        (PH + START + '[[setting]]\nname = "baud"\naddress = 50\n', "start.address", "50 to 50: setting baud"),
        (PH + START + '[[calibration]]\nname = "k"\naddress = 48\ntype = "float32"\ncount = 2\n',
         "start.address", "48 to 51: calibration k"),
        (PH + START.replace("= 6", "= 16").replace("[1]", "[]") + '[[calibration]]\nname = "k"\naddress = 50\n',
         "start.address", "50 to 50: calibration k"),
        (PH + START.replace("= 6", "= 3").replace("values = [1]", "count = 2")
         + '[[calibration]]\nname = "k"\naddress = 51\n', "start.address", "51 to 51: calibration k"),
        (PH + START.replace("= 6", "= 5") + '[[setting]]\nname = "relay"\nfunction = 1\naddress = 50\n',
         "start.address", "50 to 50: setting relay"),
        (PH + '[[command]]\nname = "wipe"\nfunction = 16\naddress = 10\nvalues = [1, 2]\n'
         '[[setting]]\nname = "baud"\naddress = 11\n', "command (wipe).address", "11 to 11: setting baud"),
        (PH + '[[command]]\nname = "gain"\nkind = "setting"\naddress = 50\nminimum = 1\nmaximum = 5\n'
         '[[calibration]]\nname = "gain"\naddress = 50\n', "command (gain).address", "[[setting]]"),
        (PH + '[[command]]\nname = "k"\nkind = "calibration"\naddress = 51\nminimum = 1\nmaximum = 5\n'
         'type = "float32"\n[[calibration]]\nname = "k"\naddress = 50\ncount = 2\n',
         "command (k).address", "[[calibration]]"),
        (PH + START + 'wait_by = "time"\n', "start.wait_by", "one of the extras"),
        (PH + START + 'wait_by = "time"\n' + extra("time", "string"), "start.wait_by", "one number"),
        (PH.replace("ph", "orp").replace("pH", "mV") + TABLES + SLOTS.replace("x_codes", "x_code") + KIND,
         "slots.codes", "one of"),
        (PH.replace("ph", "orp").replace("pH", "mV") + TABLES.replace("count = 4", "count = 3", 1) + SLOTS + KIND,
         "slots.values", "a table of 3 slots"),
        (TABLES + SLOTS + KIND + KIND, "slots.kind", "a code used once"),
        (TABLES + SLOTS + KIND.replace("code = 1", "code = 0"), "slots.kind", "another code than unused"),
        (PH + TABLES + SLOTS + KIND, "slots.kind (ph).name", "no register has"),
        (TABLES + SLOTS + 'status = { by = "x_values", good = [0] }\n' + KIND, "slots.status.by", "whole numbers"),
    ],
)  # fmt: skip
def test_a_contradiction_is_refused(tmp_path, text, where, accepted) -> None:
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, HEAD + text))
    [problem] = caught.value.problems
    assert problem.where == where
    assert accepted in problem.accepted


def test_what_only_looks_like_a_contradiction_is_taken(tmp_path) -> None:
    high, low = CODE.replace("uint16", "uint8_high"), CODE.replace("uint16", "uint8_low").replace("x_q", "x_r")
    beside = '[[setting]]\nname = "baud"\naddress = 51\n[[setting]]\nname = "id"\naddress = 49\n'
    other_space = '[[setting]]\nname = "relay"\nfunction = 1\naddress = 50\n'
    profile = load_profile(write(tmp_path, HEAD + PH + high + low + START + beside + other_space))
    assert len(profile.registers) == 3
    slots = load_profile(write(tmp_path, HEAD + TABLES + SLOTS + KIND))
    assert slots.determinands == ("ph",)


def test_contradictions_are_told_beside_other_mistakes(tmp_path) -> None:
    text = HEAD + "max_gap = 200\n" + PH + PH.replace('"ph"', '"orp"').replace("pH", "mV")
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, text))
    assert [problem.where for problem in caught.value.problems] == ["max_gap", "register (orp).address"]

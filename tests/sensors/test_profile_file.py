"""What is refused in a profile file, with its key and what is accepted."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from sensors import profile_file
from sensors.errors import ProfileError
from sensors.profile import Action, Command, Guarded, ReadBlock, Serial, load_profile
from sensors.reading import Quality, StationState
from sensors.register import Accuracy, Status

HEAD = 'schema = 1\nid = "probe"\nvendor = "V"\nmodel = "M"\nsource = "manual, page 3"\n'
PH = '[[register]]\nname = "ph"\naddress = 0\ntype = "float32"\nunit = "pH"\n'
STATE = '[[register]]\nname = "state"\naddress = 9\ntype = "uint16"\n'
ORP = '[[register]]\nname = "orp"\naddress = 4\ntype = "float32"\n'
START = '[start]\nfunction = 6\naddress = 50\nvalues = [1]\neach = "poll"\nwait_s = 1\n'
SET = (
    '[[setting]]\nname = "gain"\naddress = 50\ncount = 2\n'
    '[[command]]\nname = "gain"\nkind = "setting"\naddress = 50\nminimum = 1\nmaximum = 5\n'
)
KIND = '[[slots.kind]]\ncode = 1\nname = "ph"\nunit = "pH"\n'


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
        (HEAD + "measures = 3\n" + PH, "measures", "a text"),
        (HEAD + 'notes = "one"\n' + PH, "notes", "list of texts"),
        (HEAD, "register", "at least one"),
        (HEAD + "register = 3\n", "register", "[[register]]"),
        (HEAD + "register = [3]\n", "register[0]", "a table"),
        (HEAD + "colour = 3\n" + PH, "colour", "one of"),
        (HEAD + 'order = "ABDC"\n' + PH, "order", "CDAB"),
        (HEAD + "function = 6\n" + PH, "function", "3, 4"),
        (HEAD + "max_count = 126\n" + PH, "max_count", "1 to 125"),
        (HEAD + "max_gap = -1\n" + PH, "max_gap", "0 to 125"),
        (HEAD + "timeout_s = 0\n" + PH, "timeout_s", "0.05 to 60"),
        (HEAD + 'illustrative = "yes"\n' + PH, "illustrative", "true or false"),
        (HEAD + "settle_s = true\n" + PH, "settle_s", "0 to 3600"),
        (HEAD + PH + "colour = 3\n", "register[0] (ph).colour", "one of"),
        (HEAD + PH.replace('"ph"', '"vibes"'), "register[0] (vibes).name", "determinand"),
        (HEAD + PH + PH.replace('name = "ph"\n', ""), "register[1] (None).name", "determinand"),
        (HEAD + PH.replace('"pH"', '"mV"'), "register[0] (ph).unit", "pH"),
        (HEAD + PH.replace('unit = "pH"\n', ""), "register[0] (ph).unit", "pH"),
        (HEAD + PH.replace("float32", "float31"), "register[0] (ph).type", "float32"),
        (HEAD + PH.replace("address = 0", "address = 65535"), "register[0] (ph).address", "0 to 65534"),
        (HEAD + PH.replace("address = 0", "address = true"), "register[0] (ph).address", "0 to 65534"),
        (HEAD + PH + 'order = "ABDC"\n', "register[0] (ph).order", "CDAB"),
        (HEAD + PH + "function = 6\n", "register[0] (ph).function", "3, 4"),
        (HEAD + PH.replace("float32", "bit") + "function = 3\n", "register[0] (ph).function", "1, 2"),
        (HEAD + PH + "scale = 0\n", "register[0] (ph).scale", "other than 0"),
        (HEAD + PH + 'sentinels = ["x"]\n', "register[0] (ph).sentinels", "numbers"),
        (HEAD + PH + "range = [14, 0]\n", "register[0] (ph).range", "smaller one first"),
        (HEAD + PH + "accuracy = { relative = 5 }\n", "register[0] (ph).accuracy.relative", "0 to 1"),
        (HEAD + PH + "accuracy = {}\n", "register[0] (ph).accuracy.absolute", "above 0"),
        (HEAD + PH + 'verified = "no"\n', "register[0] (ph).verified", "true or false"),
        (HEAD + PH + 'states = { "0" = "N" }\n', "register[0] (ph).states", "state"),
        (HEAD + PH + STATE, "register[1] (state).states", "letters N F M S D C T B"),
        (HEAD + PH + STATE + 'states = { "0" = "Q" }\n', "register[1] (state).states", "letters N F M S D C T B"),
        (HEAD + PH + 'meanings = { "one" = "x" }\n', "register[0] (ph).meanings", "a table such as"),
        (HEAD + PH + "status = 3\n", "register[0] (ph).status", "a table"),
        (HEAD + PH + 'status = { by = "x_q" }\n' + STATE.replace("state", "x_q"),
         "register[0] (ph).status.good", "the value is good"),
        (HEAD + PH + 'status = { by = "x_q", good = [0], fail = [0] }\n' + STATE.replace("state", "x_q"),
         "register[0] (ph).status.fail", "one list only"),
        (HEAD + PH + 'status = [{ by = "x_q", good = ["0"] }]\n' + STATE.replace("state", "x_q"),
         "register[0] (ph).status[0] (x_q).good", "whole numbers"),
        (HEAD + PH + 'status = { by = "x_q", good = [0], otherwise = "fine" }\n' + STATE.replace("state", "x_q"),
         "register[0] (ph).status.otherwise", "fail, missing"),
        (HEAD + ORP + 'unit_by = "x_u"\nunits = { "1" = "pH" }\n' + STATE.replace("state", "x_u"),
         "register[0] (orp).units", "mV, V"),
        (HEAD + ORP + 'unit_by = "x_u"\n' + STATE.replace("state", "x_u"), "register[0] (orp).units", "mV, V"),
        (HEAD + PH + 'units = { "1" = "pH" }\n', "register[0] (ph).units", "only a determinand with unit_by"),
        (HEAD + 'orders = { "0" = "DBCA" }\n' + PH, "orders", "a table such as"),
        (HEAD + 'order_by = "x_q"\norders = { "0" = "DBCA" }\n' + PH + STATE.replace("state", "x_q"),
         "orders", "a table such as"),
        (HEAD + PH.replace('"pH"', "7"), "register[0] (ph).unit", "pH"),
        (HEAD + PH + 'status = { by = "x_q", good = [0], fail = ["0"] }\n' + STATE.replace("state", "x_q"),
         "register[0] (ph).status.fail", "whole numbers"),
        (HEAD + PH + "status = { good = [0] }\n", "register[0] (ph).status.by", "a text"),
        (HEAD + PH + '[[extra]]\nname = "sn"\naddress = 4\ntype = "string"\nunits = { "1" = "m" }\n',
         "extra[0] (sn).units", "one of"),
        (HEAD + PH + SET.replace("[[command]]\nname = \"gain\"\nkind = \"setting\"\naddress = 50",
                                 "[[command]]\nname = \"gain\"\nkind = \"setting\"\naddress = -2"),
         "command[0] (gain).address", "0 to 65535"),
        (HEAD + PH + SET.replace("address = 50", "address = 70000", 1), "setting[0] (gain).address", "0 to 65534"),
        (HEAD + PH + '[[extra]]\nname = "orp"\naddress = 4\ntype = "float32"\n',
         "extra[0] (orp).name", "no determinand"),
        (HEAD + PH + '[[extra]]\nname = "sn"\naddress = 4\ntype = "string"\nmatches = "("\n',
         "extra[0] (sn).matches", "regular expression"),
        (HEAD + PH + '[[extra]]\nname = "sn"\naddress = 4\ntype = "string"\nstates = {}\n',
         "extra[0] (sn).states", "one of"),
        (HEAD + PH + START.replace("values = [1]", "values = [1, 2]"), "start.values", "exactly one"),
        (HEAD + PH + START.replace("values = [1]", "values = [70000]").replace("= 6", "= 16"), "start.values", "65535"),
        (HEAD + PH + START.replace("function = 6", "function = 2"), "start.function", "one of 6, 16"),
        (HEAD + PH + START.replace("function = 6", "function = 3") + "count = 1\n", "start.values", "writes nothing"),
        (HEAD + PH + START.replace("= 6", "= 3").replace("values = [1]\n", ""), "start.count", "registers to read"),
        (HEAD + PH + START + "count = 2\n", "start.count", "what is written"),
        (HEAD + PH + START.replace('each = "poll"\n', ""), "start.each", "poll, connect"),
        (HEAD + PH + START.replace("wait_s = 1\n", ""), "start.wait_s", "0 to 3600"),
        (HEAD + PH + START.replace("= 6", "= 15").replace("[1]", "[]"), "start.values", "at least one"),
        (HEAD + PH + START.replace("= 6", "= 5").replace("[1]", "[2]"), "start.values", "0 to 1"),
        (HEAD + PH + SET[SET.index("[[command"):].replace("setting", "wish"),
         "command[0] (gain).kind", "action, setting"),
        (HEAD + PH + SET + "values = [1]\n", "command[0] (gain).values", "one of"),
        (HEAD + PH + SET.replace("maximum = 5\n", ""), "command[0] (gain).minimum", "minimum and maximum"),
        (HEAD + PH + SET.replace("maximum = 5", "maximum = 0"), "command[0] (gain).minimum", "smaller one first"),
        (HEAD + PH + SET + 'type = "float32"\nfunction = 6\n', "command[0] (gain).function", "16"),
        (HEAD + PH + SET + 'type = "string"\n', "command[0] (gain).type", "float32"),
        (HEAD + PH + "[[setting]]\nname = \"a\"\naddress = 4\nlow = 3\nhigh = 1\n", "setting[0] (a).low", "at most 1"),
        (HEAD + PH + "[[calibration]]\nname = \"a\"\n", "calibration[0] (a).address", "whole number"),
        (HEAD + PH + "[[hole]]\naddress = 4\ncount = 0\n", "hole[0] (4).count", "1 to"),
        (HEAD + PH + "[serial]\nunit = 248\n", "serial.unit", "1 to 247"),
        (HEAD + PH + "[serial]\nbaud = 9601\n", "serial.baud", "9600"),
        (HEAD + PH + '[serial]\nparity = "M"\n', "serial.parity", "N, E, O"),
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
        load_profile(write(tmp_path, text + START.replace("each", "every")))
    assert [problem.where for problem in caught.value.problems] == [
        "schema", "register[0] (ph).unit", "register[1] (ph).type", "start.every", "start.each", "register (ph).name",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", "name = 3\n", 'name = "vibes"\n'])
@pytest.mark.parametrize("kind", ["register", "extra"])
def test_a_bad_name_hides_no_other_mistake(tmp_path, name, kind) -> None:
    bad = f'[[{kind}]]\n{name}address = -1\ntype = "float31"\nstates = {{}}\n'
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, HEAD + PH + bad))
    keys = {problem.where.rsplit(".", 1)[-1] for problem in caught.value.problems}
    known = kind == "extra" and "vibes" in name  # a free name is right for an extra
    assert keys >= {"address", "type", *(() if known else ("name",))}
    assert len({problem.where for problem in caught.value.problems}) == len(caught.value.problems)


def test_a_mistake_hides_no_contradiction(tmp_path) -> None:
    """A bad unit, and beside it what only comparing keys and registers can find."""
    bad = PH.replace('"pH"', '"mV"') + 'sentinels = [nan]\nstatus = { by = "x_w", good = [0] }\n'
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, HEAD + bad + ORP.replace("address = 4", "address = 1") + 'unit = "pH"\n'))
    assert {problem.where for problem in caught.value.problems} == {
        "register[0] (ph).unit", "register[1] (orp).unit", "register (ph).sentinels", "register (ph).status.by",
        "register (orp).address",
    }  # fmt: skip


def test_nothing_is_concluded_from_what_could_not_be_read(tmp_path) -> None:
    """Whoever mends these four has not been told of a fifth that was none."""
    text = (
        HEAD + PH.replace("float32", "float31") + "sentinels = [-1]\n" + ORP.replace("= 4", "= 1") + 'unit = "mV"\n'
        + STATE.replace("uint16", "uint15") + 'states = { 0 = "N" }\n'
        + PH.replace('"ph"', '"x_p"').replace("address = 0", "address = -3").replace("float32", "bit")
        + PH.replace('"ph"', '"x_r"').replace("address = 0", "address = 70").replace("float32", "bool")
        + "function = 1\n"
    )  # fmt: skip
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, text))
    assert [problem.where for problem in caught.value.problems] == [
        "register[0] (ph).type", "register[2] (state).type", "register[3] (x_p).function", "register[3] (x_p).address",
        "register[4] (x_r).type",
    ]  # fmt: skip


def test_what_is_absent_is_told_as_nothing(tmp_path) -> None:
    with pytest.raises(ProfileError, match="vendor: found nothing; accepted: a text"):
        load_profile(write(tmp_path, HEAD.replace('vendor = "V"\n', "") + PH))


def test_a_register_that_could_not_be_read_is_no_second_mistake_where_it_is_named(tmp_path) -> None:
    broken = STATE.replace("state", "x_q").replace("uint16", "uint15")
    with pytest.raises(ProfileError) as caught:
        load_profile(write(tmp_path, HEAD + PH + 'status = { by = "x_q", good = [0] }\n' + broken))
    assert [problem.where for problem in caught.value.problems] == ["register[1] (x_q).type"]


def test_units_are_converted_to_the_determinand_s_own(tmp_path) -> None:
    text = HEAD + '[[register]]\nname = "conductivity"\naddress = 4\ntype = "uint16"\nunit = "mS/cm"\nscale = 0.1\n'
    [register] = load_profile(write(tmp_path, text)).registers
    assert (register.scale, register.unit) == (100.0, "mS/cm")


def test_everything_that_a_file_can_say_arrives(tmp_path) -> None:
    text = (
        HEAD
        + """
order = "CDAB"
order_by = "x_order"
orders = { 0 = "ABCD", 1 = "CDAB" }
settle_s = 8
notes = ["one", "two"]
[serial]
unit = 30
parity = "E"
stopbits = 2
[start]
function = 16
address = 7168
values = []
each = "connect"
wait_s = 10
[[command]]
name = "stop"
function = 3
address = 11776
count = 1
[[command]]
name = "slope"
kind = "calibration"
address = 20
type = "float32"
minimum = 0.5
maximum = 2
verified = false
[[hole]]
address = 40
count = 3
[[setting]]
name = "baud"
address = 18
low = 1200
high = 115200
[[calibration]]
name = "slope"
address = 20
type = "float32"
count = 2
[[register]]
name = "ph"
address = 0
type = "float32"
unit = "pH"
range = [2, 12]
accuracy = { absolute = 0.1, combine = "larger" }
status = [{ by = "x_q", good = [0], missing = [7] }, { by = "x_order", good = [0, 1], otherwise = "missing" }]
verified = false
note = "beware"
[[register]]
name = "state"
address = 5
type = "bits"
bit = 4
bits = 2
states = { 0 = "N", 1 = "M" }
[[register]]
name = "x_q"
address = 4
type = "uint8_low"
meanings = { 0 = "fine" }
[[register]]
name = "x_order"
address = 6
type = "uint16"
[[extra]]
name = "serial_number"
address = 100
type = "string"
count = 7
skip = 1
matches = "..09"
"""
    )
    profile = load_profile(write(tmp_path, text))
    ph, state, _, order = profile.registers
    assert (ph.range, ph.accuracy, ph.verified, ph.note) == ((2, 12), Accuracy(0.1, 0, "larger"), False, "beware")
    assert ph.statuses == (
        Status("x_q", frozenset({0}), missing=frozenset({7})),
        Status("x_order", frozenset({0, 1}), otherwise=Quality.MISSING),
    )
    assert (ph.order_by, dict(ph.orders), order.order_by) == ("x_order", {0: "ABCD", 1: "CDAB"}, "")
    assert (state.mask, dict(state.states)) == (0x30, {0: StationState.NORMAL, 1: StationState.MAINTENANCE})
    assert profile.serial == Serial(30, 9600, "E", 2)
    assert profile.start is not None
    assert profile.start.action == Action("start", 16, 7168)
    assert profile.commands == (
        Command("stop", 3, 11776, count=1),
        Command(
            "slope", 16, 20, kind="calibration", type="float32", order="CDAB", minimum=0.5, maximum=2, read_back=True,
            verified=False,
        ),
    )  # fmt: skip
    assert [profile.command("slope").accepts(value) for value in (0.5, 2, 2.1, math.nan)] == [True, True, False, False]
    assert profile.holes == (ReadBlock(3, 40, 3),)
    assert profile.guarded == (
        Guarded("setting", "baud", 3, 18, 1, order="CDAB", low=1200, high=115200),
        Guarded("calibration", "slope", 3, 20, 4, "float32", "CDAB"),
    )
    assert (profile.extras[0].width, profile.extras[0].matches) == (7, "..09")
    assert (profile.settle_s, profile.notes) == (8, ("one", "two"))


def test_the_documentation_s_example_loads_and_no_key_is_undocumented(tmp_path) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    assert load_profile(write(tmp_path, example)).determinands == ("ph",)
    groups = ("PROFILE", "REGISTER", "EXTRA", "START", "ACTION", "COMMAND", "GUARDED", "SLOTS", "STATUS", "SERIAL")
    keys = {key for group in groups for key in getattr(profile_file, f"_{group}_KEYS")}
    assert keys - set(re.findall(r"[a-z_]+", text)) == set()

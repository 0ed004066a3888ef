import json

import pytest
from click.testing import CliRunner, Result

from deploy.commissioning.scan_command import command
from sensors.errors import UsageError
from tests.fleets import SERIAL, TCP, fleet_beside


def scan(*words: str) -> Result:
    result = CliRunner().invoke(command, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize("endpoint", [TCP, SERIAL])
def test_units_are_listed_with_what_to_do_next(endpoint: str) -> None:
    with fleet_beside("station_cabinet", "yosemitech_y504", endpoint=endpoint, terminals=True) as (_, there):
        result = scan(there, "--units", "1-6", "--timeout", "0.1")
    assert result.exit_code == 0
    assert "unit   1  exception 2" in result.output
    assert "unit   2  register 3:1792" in result.output
    assert "2 of 6 units answer" in result.output
    assert "riverchief probe '" in result.output


def test_json_is_all_that_is_printed() -> None:
    with fleet_beside("station_cabinet") as (_, there):
        found = json.loads(scan(there, "--units", "1,9", "--timeout", "0.1", "--json").stdout)
    assert found["schema"] == "riverchief.scan/1"
    assert [unit["unit"] for unit in found["found"]] == [1]
    assert found["asked"] == 2


def test_nobody_ends_with_1() -> None:
    with fleet_beside("station_cabinet") as (_, there):
        result = scan(there, "--units", "7", "--timeout", "0.1", "--thorough")
    assert result.exit_code == 1
    assert "! nobody" in result.output


def test_mistakes() -> None:
    with pytest.raises(UsageError, match="nothing listens on port 1"):
        scan("tcp://127.0.0.1:1")
    with pytest.raises(UsageError, match="accepted: 1 to 247"):
        scan("tcp://127.0.0.1", "--units", "x")
    one = scan("tcp://127.0.0.1?unit=3")
    assert (one.exit_code, "--units 3" in one.output) == (2, True)

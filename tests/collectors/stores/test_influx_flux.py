from __future__ import annotations

from collectors.stores.influx_flux import spread


def test_names_become_parameters_and_never_text() -> None:
    text, parameters = spread(
        "a |> filter(fn: (r) => oneof(station, stations)) |> filter(fn: (r) => oneof(determinand, keys))",
        {"stations": ['x" or true', "S2"], "keys": ["ph"], "every": 5},
    )
    assert text == (
        "a |> filter(fn: (r) => r.station == stations_0 or r.station == stations_1)"
        " |> filter(fn: (r) => r.determinand == keys_0)"
    )
    assert parameters == {"stations_0": 'x" or true', "stations_1": "S2", "keys_0": "ph", "every": 5}

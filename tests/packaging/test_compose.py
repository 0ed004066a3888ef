"""The compose files: by their schema, the program's own options, and what a reviewer would ask."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.tools import DEPLOY, command, ran, tool

FILES = ("compose.yaml", "compose.demo.yaml")
BASE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
DEMO: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.demo.yaml").read_text("utf-8"))

#: Services of the demonstration that are not in the base file, and so are whole.
WHOLE: dict[str, Any] = {**BASE["services"], **{k: v for k, v in DEMO["services"].items() if k not in BASE["services"]}}

#: Whole services that stay; `books` ends when it has filled them.
LASTING = sorted(set(WHOLE) - {"books"})


@pytest.mark.parametrize("name", FILES)
def test_it_is_what_the_compose_specification_says(name: str) -> None:
    check = tool("check-jsonschema", "PyPI package check-jsonschema, in the dev group")
    ran(check, "--builtin-schema", "vendor.compose-spec", DEPLOY / name)


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_service_can_write_next_to_nothing(name: str) -> None:
    service = WHOLE[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "/tmp:mode=1777" in service["tmpfs"]
    for volume in service.get("volumes", []):
        if volume.startswith((".", "/", "$")):
            assert volume.endswith(":ro"), f"{name} could write to the host: {volume}"


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_a_service_is_pinned_and_not_root_s(name: str) -> None:
    image = WHOLE[name]["image"]
    ours = image.startswith("riverchief/")
    assert re.search(r":\$\{RIVERCHIEF_VERSION:-\d+\.\d+\.\d+\}$" if ours else r":v?\d+\.\d+(\.\d+)?$", image), image
    if ours:
        assert "user" not in WHOLE[name], "the image says who"
    else:
        assert re.fullmatch(r"[1-9]\d*:\d+", WHOLE[name]["user"])


@pytest.mark.parametrize("name", LASTING)
def test_a_service_has_limits_and_comes_back(name: str) -> None:
    service = WHOLE[name]
    assert service["restart"] == "unless-stopped"
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["cpus"] > 0
    assert service["pids_limit"] > 0


@pytest.mark.parametrize("name", sorted(set(LASTING) - {"prometheus", "grafana", "gateways"}))
def test_a_service_tells_whether_it_works(name: str) -> None:
    test = WHOLE[name]["healthcheck"]["test"]
    assert test[0] in ("CMD", "CMD-SHELL")


def test_health_checks_ask_a_port_that_the_service_opens() -> None:
    for name in ("hub", "alerts", "board"):
        service = WHOLE[name]
        url = service["healthcheck"]["test"][2]
        port = re.search(r":(\d+)/", url)
        assert port is not None
        assert any(word.endswith((f":{port[1]}", f"--port={port[1]}")) for word in service["command"]), (name, url)


@pytest.mark.parametrize("name", ["hub", "alerts", "board", "fleet", "books"])
def test_the_program_takes_what_the_service_says(name: str) -> None:
    program, *words = WHOLE[name]["command"]
    assert program == "riverchief"
    assert command(words).callback is not None


def test_what_is_named_is_defined() -> None:
    for one in (BASE, DEMO):
        volumes = {**BASE["volumes"], **one.get("volumes", {})}
        for name, service in one["services"].items():
            assert set(service.get("secrets", [])) <= set(BASE["secrets"]), name
            assert set(service.get("networks", [])) <= set(BASE["networks"]), name
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                assert source.startswith((".", "$")) or source in volumes, f"{name}: {volume}"
            for other in service.get("depends_on", {}):
                assert other in WHOLE, f"{name}: {other}"


def test_every_file_of_the_checkout_that_is_mounted_is_there() -> None:
    mounted = re.findall(r"(?:- |\[\")(\./[^:\"]+):", (DEPLOY / "compose.yaml").read_text("utf-8"))
    assert mounted
    assert [name for name in mounted if not (DEPLOY / name).exists()] == []


def test_databases_are_on_no_network_that_leads_out() -> None:
    for name in ("influxdb", "postgres"):
        assert WHOLE[name]["networks"] == ["data"]
        assert "ports" not in WHOLE[name]
    assert BASE["networks"]["data"] == {"internal": True}


def test_only_the_wire_and_the_pages_are_open_to_others() -> None:
    open_ = {name: port for name, service in WHOLE.items() for port in service.get("ports", [])
             if not port.startswith("127.0.0.1:")}  # fmt: skip
    assert set(open_) == {"broker", "board"}
    assert WHOLE["proxy"]["network_mode"] == "service:board"
    assert "--host=127.0.0.1" in WHOLE["board"]["command"]


def test_secrets_are_files_and_no_value_stands_in_the_open() -> None:
    for name, secret in BASE["secrets"].items():
        assert set(secret) == {"file"}, name
    text = "".join((DEPLOY / name).read_text("utf-8") for name in FILES)
    assert re.findall(r"(?i)(?:password|token|secret)\w*: (?!/run/secrets/|\{file)[\w\"']+", text) == []


def test_prepare_makes_every_secret() -> None:
    script = (DEPLOY / "containers" / "prepare.sh").read_text("utf-8")
    for name, secret in BASE["secrets"].items():
        file = Path(secret["file"]).name.rstrip('"}')
        assert file in script, f"nothing makes {name}"


def test_nobody_waits_until_the_hub_has_caught_up() -> None:
    """After a long outage it is not ready for a while, and board and alerts are needed then."""
    for one in (BASE, DEMO):
        for name, service in one["services"].items():
            waits = service.get("depends_on", {}).get("hub", {"condition": "service_started"})
            assert waits == {"condition": "service_started"}, name

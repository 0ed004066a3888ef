"""Installing without a line: archives are made from the lock, installed with the network off, upgraded, taken back."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.tools import DEPLOY, ROOT, ran, tool

SCRIPT = DEPLOY / "install" / "wheelhouse.sh"
DEBIAN = f"{sys.version_info.major}.{sys.version_info.minor}"

pytestmark = pytest.mark.skipif(not (ROOT / ".venv").is_dir(), reason="the archive is made with .venv (make install)")


def packed(role: str, folder: Path) -> Path:
    done = subprocess.run(
        ["bash", str(SCRIPT), role, str(folder), "--python", DEBIAN], capture_output=True, text=True, check=False
    )
    if "Could not find a version" in done.stderr or "Max retries" in done.stderr:
        pytest.skip("no package index: wheels cannot be had")
    assert done.returncode == 0, done.stderr
    [archive] = folder.glob(f"riverchief-*-{role}-*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked archive for a gateway."""
    archive = packed("gateway", tmp_path_factory.mktemp("made"))
    folder = tmp_path_factory.mktemp("stick")
    ran("tar", "-xzf", archive, "-C", folder)
    return next(folder.iterdir())


def install(folder: Path, root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installer with no network but an empty one."""
    unshare = tool("unshare", "Debian package util-linux")
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    path = os.pathsep.join([str(Path(sys.base_prefix) / "bin"), os.environ["PATH"]])
    return subprocess.run(
        [unshare, *user, "--net", "sh", str(folder / "install.sh"), *words, "--root", str(root)],
        env={**os.environ, "PATH": path, "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def resum(folder: Path) -> None:
    """Check sums of a folder that was changed."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines), "utf-8")


def test_what_is_in_a_gateway_s_archive(gateway: Path) -> None:
    wheels = sorted(path.name.split("-")[0] for path in (gateway / "wheels").iterdir())
    # No NumPy, no board: a box at the river is small.
    assert set(wheels) <= {"click", "paho_mqtt", "pymodbus", "pyserial", "riverchief", "prometheus_client"}
    assert {"riverchief", "pymodbus", "paho_mqtt", "pyserial"} <= set(wheels)
    lines = (gateway / "requirements.txt").read_text("utf-8")
    pins = re.findall(r"^[A-Za-z0-9._-]+==\S+", lines, re.MULTILINE)
    assert len(pins) == len(wheels)
    assert lines.count("--hash=sha256:") >= len(pins)
    ran("sha256sum", "--quiet", "-c", "SHA256SUMS", cwd=gateway)
    sbom = json.loads((gateway / "sbom.cdx.json").read_text("utf-8"))
    assert {part["name"].replace("-", "_") for part in sbom["components"]} == set(wheels) - {"riverchief"}


@pytest.mark.timeout(300)
def test_install_upgrade_back_and_away(gateway: Path, tmp_path: Path) -> None:
    root = tmp_path / "box"
    first = install(gateway, root)
    assert first.returncode == 0, first.stdout + first.stderr
    program = root / "opt/riverchief/bin/riverchief"
    assert "riverchief, version" in ran(program, "--version", cwd=tmp_path)
    ran(program, "profiles", cwd=tmp_path)
    assert (root / "etc/systemd/system/riverchief-gateway@.service").is_file()
    assert not (root / "etc/systemd/system/riverchief-hub.service").exists()
    edited = root / "etc/riverchief/gateway.env"
    edited.write_text("RIVERCHIEF_BROKER=mqtts://mine\n", "utf-8")
    kept = root / "var/lib/riverchief-gateway/gw-01/gw-01.spool"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"readings")

    before = (root / "opt/riverchief").readlink()
    newer = tmp_path / "newer"
    shutil.copytree(gateway, newer)
    unit = "systemd/riverchief-gateway@.service"
    (newer / unit).write_text("# of another version\n" + (newer / unit).read_text("utf-8"), "utf-8")
    resum(newer)
    assert install(newer, root).returncode == 0
    installed = root / "etc/systemd/system/riverchief-gateway@.service"
    assert installed.read_text("utf-8").startswith("# of another version\n")
    after = (root / "opt/riverchief").readlink()
    assert after != before
    assert edited.read_text("utf-8") == "RIVERCHIEF_BROKER=mqtts://mine\n"
    assert install(gateway, root, "--rollback").returncode == 0
    assert (root / "opt/riverchief").readlink() == before
    # Program and unit belong together.
    assert installed.read_text("utf-8") == (gateway / unit).read_text("utf-8")
    assert "riverchief, version" in ran(program, "--version", cwd=tmp_path)

    assert install(gateway, root, "--uninstall").returncode == 0
    assert not (root / "opt/riverchief").exists()
    assert list((root / "etc/systemd/system").iterdir()) == []
    assert kept.read_bytes() == b"readings"
    assert edited.is_file()


def test_an_archive_that_was_changed_is_not_installed(gateway: Path, tmp_path: Path) -> None:
    other = tmp_path / "stick"
    shutil.copytree(gateway, other)
    wheel = next((other / "wheels").glob("pymodbus-*.whl"))
    wheel.write_bytes(wheel.read_bytes() + b"x")
    done = install(other, tmp_path / "box")
    assert done.returncode == 1
    assert "the folder is not as it was packed" in done.stderr
    assert not (tmp_path / "box/opt/riverchief").exists()


def test_another_python_is_refused_in_one_sentence(gateway: Path, tmp_path: Path) -> None:
    other = tmp_path / "stick"
    shutil.copytree(gateway, other)
    (other / "PYTHON").write_text("3.99\n", "utf-8")
    resum(other)
    done = install(other, tmp_path / "box")
    assert done.returncode == 1
    assert re.search(r"the wheels are for Python 3\.99, \S+ is 3\.\d+: make them with --python 3\.\d+", done.stderr)


@pytest.mark.system
@pytest.mark.mosquitto
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.geteuid() != 0, reason="namespaces, users and mounts need root")
def test_a_hub_installed_without_a_line_delivers(tmp_path: Path) -> None:
    """All four units' commands, as their users, behind what can be had of their walls; see `offline_scene`."""
    for name, source in {"bwrap": "Debian package bubblewrap", "mosquitto": "Debian package mosquitto",
                         "setpriv": "Debian package util-linux"}.items():  # fmt: skip
        tool(name, source)
    python = Path("/usr/bin/python3")
    if not python.exists() or f"{DEBIAN}." not in ran(python, "--version"):
        pytest.skip(f"Debian's own Python is not {DEBIAN}, for which the wheels are")
    archive = packed("hub", tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    done = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", str(python),
         str(Path(__file__).with_name("offline_scene.py")), str(archive).removesuffix(".tar.gz"), str(scratch)],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["health"] == 200
    assert told["ready"] == {"hub": 200, "alerts": 200, "gateway": 200}
    assert told["stored"] > 0
    assert told["owners"] == ["riverchief"]
    assert told["ended"] == [0, 0, 0, 0]

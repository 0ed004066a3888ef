"""What the program stands on: locked by hash, listed, under licences that an office may use."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from deploy.licences import licences, named
from tests.packaging.tools import ROOT, ran

UV = Path(sys.executable).parent / "uv"

#: Licences under which libraries may be used, unchanged, by a program under Apache-2.0 that is handed out.
ACCEPTED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "EPL-2.0", "HPND", "ISC", "MIT",
    "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
    # Linked at run time and replaceable: psycopg.
    "LGPL-3.0-only", "LGPL-2.1-or-later", "LGPL-2.1-only",
}  # fmt: skip


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The lock as requirements: every extra, nothing for development."""
    if not UV.exists():
        pytest.skip("uv is not installed beside this Python (make install)")
    out = tmp_path_factory.mktemp("lock") / "requirements.txt"
    ran(UV, "export", "--quiet", "--frozen", "--no-default-groups", "--all-extras", "--no-emit-project", "-o", out)
    return out.read_text("utf-8")


def test_every_file_is_known_by_its_hash(locked: str) -> None:
    blocks = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^\s*#.*\n", "", locked, flags=re.MULTILINE))
    assert len(blocks) > 50
    assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_nothing_comes_from_anywhere_but_the_index() -> None:
    sources = set(re.findall(r"^source = \{ (\w+) =", (ROOT / "uv.lock").read_text("utf-8"), re.MULTILINE))
    assert sources == {"registry", "editable"}


def test_licences_are_ones_that_an_office_may_use(locked: str) -> None:
    found = licences(named(locked))
    assert len(found) > 50
    parts = {one.package: set(re.split(r"\s+(?:AND|OR|WITH)\s+|[()]", one.expression)) - {""} for one in found}
    assert {name: part for name, part in parts.items() if not part or not part <= ACCEPTED} == {}


def test_the_bill_of_materials_names_what_is_locked(locked: str, tmp_path: Path) -> None:
    out = tmp_path / "sbom.cdx.json"
    ran(UV, "export", "--quiet", "--frozen", "--no-default-groups", "--all-extras", "--format", "cyclonedx1.5",
        "--preview-features", "sbom-export", "-o", out)  # fmt: skip
    bill = json.loads(out.read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert bill["metadata"]["component"]["name"] == "riverchief"
    assert {part["name"] for part in bill["components"]} == set(named(locked))
    assert all(part["purl"].startswith("pkg:pypi/") for part in bill["components"])

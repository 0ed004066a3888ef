"""Are the installed packages those that were installed: where they are imported from, their files, their versions."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from deploy.doctor.checks import Finding, good

#: Our packages, and what they are distributed as.
OWN = ("sensors", "collectors", "analytics", "dashboard", "deploy")
NAME = "riverchief"

#: Files that are named in a finding.
_MOST = 3

_REINSTALL = "install it anew from the wheels that it came with: pip install --force-reinstall"


def origins() -> Iterator[Finding]:
    """Whether our packages come from one place: a foreign `sensors` in site-packages would win silently."""
    home = Path(__file__).resolve().parents[2]
    strange = []
    for name in OWN:
        found = importlib.util.find_spec(name)
        places = list(found.submodule_search_locations or ()) if found is not None else []
        if not places or any(Path(place).resolve() != home / name for place in places):
            strange.append(f"{name} from {', '.join(places) or 'nowhere'}")
    if strange:
        yield Finding("origin", "fault", f"{'; '.join(strange)}; the others from {home}",
                      f"uninstall what else has a package of that name, then {_REINSTALL} {NAME}")  # fmt: skip
        return
    editable = _editable(distribution(NAME))
    yield good("origin", f"all five packages from {home}" + (f", a checkout at {editable}" if editable else ""))


def files() -> Iterator[Finding]:
    """Whether every installed file is what its package brought (RECORD), ours and all that it needs."""
    count = packages = 0
    altered: list[str] = []
    for dist in needed():
        packages += 1
        for entry in dist.files or ():
            if entry.hash is None:
                continue  # compiled files and RECORD itself have none
            count += 1
            try:
                data = Path(str(entry.locate())).read_bytes()
            except OSError:
                altered.append(f"{entry} is gone")
                continue
            # hashlib knows the algorithms that a RECORD may name.
            digest = base64.urlsafe_b64encode(hashlib.new(entry.hash.mode, data).digest()).rstrip(b"=").decode()
            if digest != entry.hash.value:
                altered.append(f"{entry} was altered")
    told = f"{packages} packages, {count:,} files"
    if altered:
        more = f" and {len(altered) - _MOST} more" if len(altered) > _MOST else ""
        yield Finding("files", "fault", f"{told}: {', '.join(altered[:_MOST])}{more}", _REINSTALL)
    else:
        yield good("files", f"{told}, each as it was installed")


def locked(lock: Path | None) -> Iterator[Finding]:
    """Whether the versions are those of the lock.

    Parameters
    ----------
    lock : Path or None
        ``uv.lock``, or a requirements file with ``name==version``; the checkout's where None.
    """
    path = lock or Path(__file__).resolve().parents[2] / "uv.lock"
    if not path.is_file():
        advice = "give --lock FILE: uv.lock, or the requirements that came with the wheels"
        yield Finding("lock", "skipped" if lock is None else "fault", f"there is no {path}", advice)
        return
    wanted = read_lock(path)
    there = {_plain(dist.name): dist.version for dist in needed()}
    others = [
        f"{name} {found} instead of {' or '.join(sorted(wanted[name]))}"
        for name, found in sorted(there.items())
        if name in wanted and found not in wanted[name]
    ]
    unknown = sorted(set(there) - set(wanted) - {NAME})
    if others:
        yield Finding("lock", "fault", "; ".join(others[:_MOST]), f"install what {path} says (uv sync --frozen)")
    elif unknown:
        yield Finding("lock", "warning", f"not in {path.name}: {', '.join(unknown[:_MOST])}", "lock them, or uninstall")
    else:
        yield good("lock", f"{len(there)} packages have the versions of {path}")


def read_lock(path: Path) -> dict[str, set[str]]:
    """Versions by name, of a ``uv.lock`` or a requirements file."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    if path.suffix == ".lock":
        pairs = [(one["name"], one.get("version", "")) for one in tomllib.loads(text).get("package", ())]
    else:
        pairs = re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", text, flags=re.MULTILINE)
    for name, wanted in pairs:
        found.setdefault(_plain(name), set()).add(wanted)
    return found


def needed() -> list[Distribution]:
    """The program and all that it needs, as far as it is installed: an extra that is not is no fault."""
    found: dict[str, Distribution] = {}
    waiting = [NAME]
    while waiting:
        name = _plain(waiting.pop())
        if name in found:
            continue
        try:
            dist = distribution(name)
        except PackageNotFoundError:
            continue
        found[name] = dist
        for requirement in dist.requires or ():
            # Of other packages only what they need themselves, not their extras; of ours every part there is.
            if name == NAME or "extra ==" not in requirement:
                waiting.append(re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0])
    return list(found.values())


def _editable(dist: Distribution) -> str:
    """Checkout that an installation points to; empty where it is a copy."""
    text = dist.read_text("direct_url.json")
    told = json.loads(text) if text else {}
    return str(told.get("url", "")).removeprefix("file://") if told.get("dir_info", {}).get("editable") else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

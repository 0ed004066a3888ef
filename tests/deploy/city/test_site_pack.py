"""A site folder that goes over Kafka loads as the same site, without anybody's contact."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import pytest

from deploy.city import site_pack
from deploy.quality_limits import site_limits
from deploy.watch.watch import state_key
from sensors.errors import UsageError


def test_it_is_the_same_site_for_detection(xietang) -> None:
    site, limits = site_pack.unpack(site_pack.pack(xietang.folder))
    assert state_key(site, limits) == state_key(xietang, site_limits(xietang.folder))
    assert replace(site, folder=xietang.folder, people=xietang.people) == xietang


def test_the_same_folder_is_the_same_bytes_and_small(xietang) -> None:
    packed = site_pack.pack(xietang.folder)
    assert packed == site_pack.pack(xietang.folder)
    assert len(packed) < 40_000


def test_contacts_and_channels_stay_at_home(xietang) -> None:
    with zipfile.ZipFile(io.BytesIO(site_pack.pack(xietang.folder))) as file:
        assert "alerts.toml" not in file.namelist()
        assert file.read("people.csv").decode().splitlines() == ["role,department,contact_key"]


def test_one_that_is_too_large_is_refused(xietang, monkeypatch) -> None:
    monkeypatch.setattr(site_pack, "MOST_BYTES", 1_000)
    with pytest.raises(UsageError, match=r"bytes packed; a site on Kafka may have 1,000"):
        site_pack.pack(xietang.folder)


@pytest.mark.parametrize("packed", [b"", b"PK", b"x" * 100])
def test_what_is_none_is_refused(packed) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        site_pack.unpack(packed)

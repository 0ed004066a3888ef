"""A sealed stream comes back as it went in, or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from deploy.backup import seal as backup_seal
from deploy.backup.seal import PIECE, TAG, Opener, Sealer, read_passphrase
from sensors.errors import UsageError

PHRASE = b"correct horse battery"


@pytest.fixture(autouse=True, scope="module")
def _cheap():
    """A guess need not cost anything here."""
    before, backup_seal._N = backup_seal._N, 1 << 4
    yield
    backup_seal._N = before


def sealed(data: bytes) -> bytes:
    file = io.BytesIO()
    with Sealer(file, PHRASE) as sealer:
        for at in range(0, len(data), 50_000):
            sealer.write(data[at : at + 50_000])
    return file.getvalue()


def opened(data: bytes, phrase: bytes = PHRASE) -> bytes:
    return io.BufferedReader(Opener(io.BytesIO(data), phrase, "b.sealed")).read()


def header(data: bytes) -> int:
    return data.index(b"\n") + 1 + TAG


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 3 * PIECE + 7])
def test_what_goes_in_comes_out(size: int) -> None:
    data = bytes(i % 251 for i in range(size))
    made = sealed(data)
    assert opened(made) == data
    assert data[:40] not in made or size < 8
    assert sealed(data) != made  # another salt each time


def test_another_passphrase_is_told_at_once() -> None:
    with pytest.raises(UsageError, match="wrong passphrase"):
        opened(sealed(b"x"), b"another passphrase")


@pytest.mark.parametrize("at", [0, 5, PIECE + TAG - 1, PIECE + TAG, 2 * (PIECE + TAG) + 3, -1])
def test_a_bit_that_was_turned_is_found(at: int) -> None:
    made = bytearray(sealed(bytes(2 * PIECE + 50)))
    made[header(made) + at if at >= 0 else at] ^= 1
    with pytest.raises(UsageError, match="damaged or cut off"):
        opened(bytes(made))


@pytest.mark.parametrize("kept", [0, 1, PIECE + TAG, 2 * (PIECE + TAG), 2 * (PIECE + TAG) + 20])
def test_a_file_that_was_cut_is_found_even_between_two_pieces(kept: int) -> None:
    made = sealed(bytes(2 * PIECE + 50))
    with pytest.raises(UsageError, match="damaged or cut off"):
        opened(made[: header(made) + kept])


def test_pieces_that_changed_places_or_were_added_are_found() -> None:
    made = sealed(bytes(PIECE) + b"\1" * PIECE + b"end")
    at, step = header(made), PIECE + TAG
    swapped = made[:at] + made[at + step : at + 2 * step] + made[at : at + step] + made[at + 2 * step :]
    for data in (swapped, made + b"more", made + made[at : at + step]):
        with pytest.raises(UsageError, match="damaged or cut off"):
            opened(data)


def test_a_header_may_not_ask_for_all_the_memory() -> None:
    made = sealed(b"x")
    for old, new in ((b'"n": 16', b'"n": 4294967296'), (b'"r": 8', b'"r": 9'), (b'"salt": "', b'"salt": "zz')):
        with pytest.raises(UsageError, match="not encrypted as this version knows it"):
            opened(made.replace(old, new))
    with pytest.raises(UsageError, match="wrong passphrase"):
        opened(made.replace(b'"n": 16', b'"n": 32'))
    with pytest.raises(UsageError, match="not encrypted"):
        opened(b"")


def test_the_passphrase_is_the_first_line_of_a_file_of_one_s_own(tmp_path: Path) -> None:
    path = tmp_path / "phrase"
    with pytest.raises(UsageError, match="cannot read the passphrase"):
        read_passphrase(path)
    path.write_text("correct horse battery\nnothing of it\n")
    path.chmod(0o640)
    with pytest.raises(UsageError, match="chmod 600"):
        read_passphrase(path)
    path.chmod(0o600)
    assert read_passphrase(path) == PHRASE
    path.write_text("short\n")
    with pytest.raises(UsageError, match="at least 12"):
        read_passphrase(path)

"""The file that a backup is: a compressed tar, encrypted where that was asked for, that says itself what is in it.

::

    riverchief-backup.json    first: format, when, by which version, of which site, which parts
    store/ books/ files/ hub/ site/ config/ certs/
    manifest.json             last: size and SHA-256 of everything, and what was counted in it

Without encryption any `tar xzf` opens it. A file without its last member was cut off.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from deploy.backup.seal import MAGIC, Opener, Sealer
from deploy.broker.private_files import MODE
from sensors.errors import UsageError

#: Version of the layout.
FORMAT = 1

FIRST, LAST = "riverchief-backup.json", "manifest.json"

#: Folders of an archive.
PARTS = ("store", "books", "files", "hub", "site", "config", "certs")

#: Fast: a backup under load must not take the hub's core for long.
_LEVEL = 1

_GZIP = b"\x1f\x8b"

#: Largest description or manifest that is read [bytes].
_MOST_TEXT = 256 * 2**20

_STEP = 1 << 20

#: No name leads out of the folder that it is unpacked into, or hides a character.
_NAME = re.compile(r"[^/\x00-\x1f\\]+(?:/[^/\x00-\x1f\\]+)*")


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the archive: its size [bytes] and SHA-256."""

    size: int
    sha256: str


@dataclass(slots=True)
class Contents:
    """What an archive says of itself.

    Attributes
    ----------
    about : mapping
        ``format``, ``created_ms`` [ms since the epoch, UTC], ``software``, ``site``, ``parts``.
    entries : dict of str to Entry
        By name in the archive.
    counted : mapping
        What was counted, by part.
    """

    about: Mapping[str, Any] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    counted: Mapping[str, Any] = field(default_factory=dict)

    def names(self, part: str) -> list[str]:
        """Names of a part's files, without the part."""
        return [name.removeprefix(f"{part}/") for name in self.entries if name.startswith(f"{part}/")]

    @property
    def size(self) -> int:
        """Of everything in it, unpacked [bytes]."""
        return sum(entry.size for entry in self.entries.values())


def size_text(size: int) -> str:
    """A size for people: in kB below a megabyte, else in MB.

    Examples
    --------
    >>> size_text(1_200), size_text(3_456_000_000)
    ('1 kB', '3,456.0 MB')
    """
    return f"{size / 1e3:,.0f} kB" if size < 1e6 else f"{size / 1e6:,.1f} MB"


class Writer:
    """Writes an archive; use `writing`."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.contents = Contents()

    def put(self, name: str, path: Path) -> None:
        """Add a file under a name.

        Raises
        ------
        OSError
            If it cannot be read; one that changes its size meanwhile cannot.
        """
        _check_name(name, "backup")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            hashed = _Hashed(file)
            self._tar.addfile(_info(name, size), cast("IO[bytes]", hashed))
        self.contents.entries[name] = Entry(size, hashed.sha256.hexdigest())

    def put_bytes(self, name: str, data: bytes) -> None:
        """Add some bytes under a name."""
        _check_name(name, "backup")
        self._tar.addfile(_info(name, len(data)), io.BytesIO(data))
        self.contents.entries[name] = Entry(len(data), hashlib.sha256(data).hexdigest())

    def _text(self, name: str, told: Mapping[str, Any]) -> None:
        data = json.dumps(told, ensure_ascii=False, sort_keys=True, indent=1).encode()
        self._tar.addfile(_info(name, len(data)), io.BytesIO(data))

    def begin(self, about: Mapping[str, Any]) -> None:
        """Say what it is; before anything else."""
        self.contents.about = {"format": FORMAT, **about}
        self._text(FIRST, self.contents.about)

    def end(self, counted: Mapping[str, Any]) -> None:
        """Say what is in it; after everything else."""
        self.contents.counted = counted
        told = {name: [entry.size, entry.sha256] for name, entry in self.contents.entries.items()}
        self._text(LAST, {"entries": told, "counted": counted})


@contextmanager
def writing(path: Path, passphrase: bytes | None) -> Iterator[Writer]:
    """Write an archive into a new file, readable by its owner only.

    Raises
    ------
    OSError
        If it cannot be written; the file may be there in part.
    """
    with ExitStack() as stack:
        file = stack.enter_context(os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb"))
        inner: BinaryIO = file
        if passphrase is not None:
            inner = cast("BinaryIO", stack.enter_context(Sealer(file, passphrase)))
        packed = stack.enter_context(
            gzip.GzipFile(fileobj=inner, mode="wb", compresslevel=_LEVEL, mtime=0, filename="")
        )
        tar = stack.enter_context(tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT, bufsize=_STEP))
        yield Writer(tar)
    with path.open("rb") as written:
        os.fsync(written.fileno())


def read(path: Path, passphrase: bytes | None, into: Path | None = None) -> Contents:
    """Read an archive to its end and check everything in it.

    Parameters
    ----------
    path : Path
    passphrase : bytes or None
    into : Path, optional
        Folder into which it is unpacked; only read where None.

    Raises
    ------
    UsageError
        If it is none, is encrypted and no passphrase is given or another one, was cut off, was damaged, or is of a
        newer version; what was unpacked until then is of no use.
    """
    found, about, last = {}, {}, {}
    with _opened(path, passphrase) as tar:
        for number, member in enumerate(tar):
            _check_name(member.name, path.name)
            if not member.isreg():
                raise UsageError(f"{path.name}: {member.name} is no ordinary file; this is no backup of ours")
            body = tar.extractfile(member)
            assert body is not None
            if number == 0:
                about = _about(member.name, body, path.name)
            elif member.name == LAST:
                last = _told(body, path.name)
            elif member.name.partition("/")[0] not in PARTS or member.name in found:
                raise UsageError(f"{path.name}: found {member.name!r:.80}; accepted: {', '.join(PARTS)}, once each")
            else:
                found[member.name] = _take(body, None if into is None else into / member.name)
    if not about:
        raise UsageError(f"{path.name} is empty: it is no backup")
    return _compared(path.name, about, last, found)


def peek(path: Path, passphrase: bytes | None) -> Mapping[str, Any]:
    """What an archive says first, without reading the rest; raises as `read`."""
    with _opened(path, passphrase) as tar:
        member = tar.next()
        if member is None:
            raise UsageError(f"{path.name} is empty: it is no backup")
        body = tar.extractfile(member)
        if body is None:
            raise UsageError(f"{path.name} is no backup of ours: it begins with {member.name!r:.80}")
        return _about(member.name, body, path.name)


def _compared(name: str, about: dict[str, Any], last: dict[str, Any], found: dict[str, Entry]) -> Contents:
    if not last:
        raise UsageError(f"{name} was cut off: {LAST}, its last part, is missing; use another backup")
    try:
        entries = {key: Entry(int(size), str(sha256)) for key, (size, sha256) in last["entries"].items()}
        counted = dict(last["counted"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(f"{name}: {LAST} cannot be understood; use another backup") from None
    wrong = sorted(key for key in entries.keys() | found.keys() if entries.get(key) != found.get(key))
    if wrong:
        raise UsageError(
            f"{name}: {len(wrong)} files are not what was put in, the first is {wrong[0]}; use another backup"
        )
    return Contents(about, entries, counted)


@contextmanager
def _opened(path: Path, passphrase: bytes | None) -> Iterator[tarfile.TarFile]:
    name = path.name
    try:
        with ExitStack() as stack:
            file: BinaryIO = stack.enter_context(path.open("rb"))
            begins = file.read(len(MAGIC))
            file.seek(0)
            if begins == MAGIC:
                if passphrase is None:
                    raise UsageError(f"{name} is encrypted: give --passphrase-file")
                file = cast("BinaryIO", io.BufferedReader(Opener(file, passphrase, name), _STEP))
            elif not begins.startswith(_GZIP):
                raise UsageError(f"{name} is no backup: it begins with {begins[:8]!r}")
            packed = stack.enter_context(gzip.GzipFile(fileobj=file, mode="rb"))
            yield stack.enter_context(tarfile.open(fileobj=packed, mode="r|", bufsize=_STEP))
            # What stands behind the end of the tar is read too: the checksum of the compression comes last.
            while packed.read(_STEP):
                pass
    except FileNotFoundError:
        raise UsageError(f"there is no {path}") from None
    except (EOFError, tarfile.ReadError, gzip.BadGzipFile, zlib.error) as error:
        raise UsageError(f"{name} is damaged or cut off ({error}); use another backup") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}, or write what is in it: {error.strerror or error}") from None


def _about(name: str, body: IO[bytes], archive: str) -> dict[str, Any]:
    if name != FIRST:
        raise UsageError(f"{archive} is no backup of ours: it begins with {name!r:.80}")
    told = _told(body, archive)
    if told.get("format") != FORMAT:
        raise UsageError(
            f"{archive}: found format {told.get('format')!r:.40}; accepted: {FORMAT}. It was written by another "
            f"version of riverchief ({told.get('software')!r:.40})"
        )
    return told


def _told(body: IO[bytes], archive: str) -> dict[str, Any]:
    try:
        told = json.loads(body.read(_MOST_TEXT))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise UsageError(f"{archive}: what it says of itself cannot be understood; use another backup")
    return told


def _take(body: IO[bytes], target: Path | None) -> Entry:
    sha256, size = hashlib.sha256(), 0
    with ExitStack() as stack:
        file = None
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = stack.enter_context(os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb"))
        while data := body.read(_STEP):
            sha256.update(data)
            size += len(data)
            if file is not None:
                file.write(data)
    return Entry(size, sha256.hexdigest())


def _check_name(name: str, archive: str) -> None:
    if not _NAME.fullmatch(name) or {".", ".."} & set(name.split("/")):
        raise UsageError(f"{archive}: found the name {name!r:.80}, which leads out of the folder or cannot be shown")


def _info(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, MODE
    return info


class _Hashed:
    """A file whose hash is taken while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.sha256 = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sha256.update(data)
        return data

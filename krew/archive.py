"""Archives: a folder packed so that the same files are the same bytes, and what an archive holds.

krew unpacks tar.gz and zip, told by their first bytes. What it would make of each
entry is for `rules` to say.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from krew.manifest import PackagingError

Format = Literal["tar.gz", "zip"]

_MAGIC: tuple[tuple[bytes, Format], ...] = ((b"\x1f\x8b\x08", "tar.gz"), (b"PK\x03\x04", "zip"))
_EXECUTABLE = 0o755
_READABLE = 0o644


class Entry(msgspec.Struct, frozen=True):
    """One entry of an archive."""

    name: str
    kind: Literal["file", "folder", "other"]
    """`other` is a link, a device or a pipe."""
    mode: int
    """Permission bits; 0 where the archive has none, as a zip made on Windows."""

    @property
    def is_executable(self) -> bool:
        """By whoever unpacked it."""
        return bool(self.mode & stat.S_IXUSR)


class Archive(msgspec.Struct, frozen=True):
    """What is in an archive, without its content. `format` is None for what krew does not unpack."""

    sha256: str
    format: Format | None
    entries: tuple[Entry, ...]


def pack(folder: Path, archive: Path, *, epoch: int) -> None:
    """Packs what is in a folder as tar.gz. Symbolic links become what they lead to.

    The same files give the same bytes, whoever packs them, when and wherever: entries are sorted, belong to
    nobody, are either executable or not, and are all of one time (`epoch`: seconds since 1970).
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, path in sorted(_files(folder, folder.resolve())):
            content = path.read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mtime = epoch
            entry.mode = _EXECUTABLE if _is_executable(path) else _READABLE
            tar.addfile(entry, io.BytesIO(content))
    # Without a file name, and with the time that it is given.
    archive.write_bytes(gzip.compress(packed.getvalue(), compresslevel=9, mtime=epoch))


def _files(folder: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """Every file under its name in the archive, links followed."""
    for path in folder.iterdir():
        target = path.resolve()
        if not target.is_relative_to(root):
            raise PackagingError(f"{path} leads out of what is packed")
        if path.is_dir():
            yield from ((f"{path.name}/{name}", file) for name, file in _files(path, root))
        else:
            yield path.name, path


def _is_executable(path: Path) -> bool:
    # Windows has no such bit; krew there asks for none.
    return path.suffix == ".exe" if os.name == "nt" else bool(path.stat().st_mode & stat.S_IXUSR)


def sha256_of(archive: Path) -> str:
    """In lower case, as krew wants it."""
    return hashlib.sha256(archive.read_bytes()).hexdigest()


def read_archive(path: Path) -> Archive:
    """What is in an archive. Raises `PackagingError` for one that is damaged."""
    with _in_one_line(path):
        found = _format_of(path)
        entries = tuple(_tar_entries(path) if found == "tar.gz" else _zip_entries(path) if found == "zip" else ())
    return Archive(sha256_of(path), found, entries)


def read_contents(path: Path) -> Mapping[str, bytes]:
    """What is in each of an archive's files. Raises `PackagingError` for one that is damaged."""
    with _in_one_line(path):
        if _format_of(path) == "zip":
            with zipfile.ZipFile(path) as archive:
                return {member.filename: archive.read(member) for member in archive.infolist() if not member.is_dir()}
        with tarfile.open(path, "r:gz") as tar:
            files = ((member.name, tar.extractfile(member)) for member in tar if member.isreg())
            return {name: file.read() for name, file in files if file is not None}


@contextmanager
def _in_one_line(path: Path) -> Iterator[None]:
    """What the libraries say of a damaged archive, as ours."""
    try:
        yield
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise PackagingError(f"{path.name} cannot be unpacked: {error}") from error


def _format_of(path: Path) -> Format | None:
    # As krew tells it: a zip is known to others by its end, which a tar.gz may have as well.
    with path.open("rb") as stream:
        begin = stream.read(8)
    return next((name for magic, name in _MAGIC if begin.startswith(magic)), None)


def _tar_entries(path: Path) -> Iterator[Entry]:
    with tarfile.open(path, "r:gz") as tar:
        for member in tar:
            kind: Literal["file", "folder", "other"]
            kind = "file" if member.isreg() else "folder" if member.isdir() else "other"
            yield Entry(member.name, kind, member.mode)


def _zip_entries(path: Path) -> Iterator[Entry]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            is_file = stat.S_IFMT(mode) in (0, stat.S_IFREG)
            yield Entry(
                member.filename, "folder" if member.is_dir() else "file" if is_file else "other", stat.S_IMODE(mode)
            )

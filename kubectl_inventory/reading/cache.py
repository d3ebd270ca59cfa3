"""Discovery, remembered for some seconds, one file a server and user.

A door to the disk. What is read back is validated like a reply: a file that is
broken, of another format, or not ours to trust is as good as none, and is
written anew. Two runs at once each write a whole file of their own and rename
it. No credential is in the file or in its name.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from kubectl_inventory.clock import now_epoch
from kubectl_inventory.reading.discovery import Document

_FORMAT = 2
_MAX_BYTES = 64 << 20
"""A cluster with 10,000 custom kinds needs about 4 MB."""


class _File(msgspec.Struct, frozen=True, rename="camel"):
    format: int
    server: str
    user: str
    taken_at: float
    round_trip_s: Annotated[float, msgspec.Meta(ge=0, le=3600)]
    documents: tuple[Document, ...]


class Remembered(msgspec.Struct, frozen=True):
    """What the last run that asked was told, and how long ago: nothing, and infinitely long, without a usable file."""

    documents: tuple[Document, ...] = ()
    age_s: float = float("inf")
    round_trip_s: float = 0.0
    """To the server and back, then: how many requests in flight are worth starting with."""


class DiscoveryCache:
    """The file of one server and user below kubectl's cache directory."""

    def __init__(self, directory: Path, *, server: str, user: str) -> None:
        # What was typed may be no UTF-8: as it is for the name of the file, and readable within it.
        self._server, self._user = (text.encode("utf-8", "backslashreplace").decode() for text in (server, user))
        name = hashlib.sha256(f"{server}\n{user}".encode("utf-8", "surrogateescape")).hexdigest()[:32]
        self._path = directory / "inventory" / f"discovery-{name}.json"

    def load(self) -> Remembered:
        """What the file holds."""
        try:
            kept = self._read()
        except (OSError, msgspec.DecodeError, ValueError, RecursionError):
            kept = None
        if kept is None or (kept.format, kept.server, kept.user) != (_FORMAT, self._server, self._user):
            return Remembered()
        age_s = now_epoch() - kept.taken_at
        # A clock that was set back must not keep a file fresh for years.
        return Remembered(kept.documents, age_s if age_s >= 0 else float("inf"), kept.round_trip_s)

    def save(self, documents: Sequence[Document], round_trip_s: float) -> None:
        """Keeps them. A place that cannot be written to is not an error: the next run asks again."""
        import tempfile  # 4 ms, and most runs remember

        kept = _File(_FORMAT, self._server, self._user, now_epoch(), round_trip_s, tuple(documents))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(msgspec.json.encode(kept))
                os.replace(name, self._path)
            except BaseException:  # Ctrl-C, too, leaves nothing behind
                os.unlink(name)
                raise
        except OSError:
            return

    def _read(self) -> _File | None:
        """The file's content, unless somebody else could have written it."""
        # Without O_NONBLOCK whoever puts a FIFO there would have us wait for a writer.
        flags = [getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")]
        descriptor = os.open(self._path, os.O_RDONLY | sum(flags))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            others_write = bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)) and os.name == "posix"
            foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
            if others_write or foreign or not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
                return None
            return msgspec.json.decode(file.read(_MAX_BYTES), type=_File)

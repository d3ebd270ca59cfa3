"""stdout, stderr and the audit log: the door to the person who typed the command.

Data goes to stdout; everything else to stderr. On a terminal stderr also has one
line of progress, redrawn in place and erased before anything else is written.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import msgspec

from kubectl_inventory.clock import now_iso, ticks_s
from kubectl_inventory.errors import UsageError
from kubectl_inventory.render import escaped

_PATIENCE_S = 0.5
"""A run that is shorter shows no progress: a line that flashes by is noise."""
_RED = "\x1b[31m"
_PLAIN = "\x1b[0m"


class ReaderGone(Exception):
    """Whoever read stdout has stopped (`| head`). Of our own, as click ends the process at a `BrokenPipeError`."""


class Terminal:
    """Where a run's text goes."""

    def __init__(self, out: TextIO, err: TextIO, environ: Mapping[str, str], *, program: str) -> None:
        self._out, self._err = out, err
        self._err_is_tty = err.isatty()
        self._colours = self._err_is_tty and "NO_COLOR" not in environ and environ.get("TERM") != "dumb"
        self._columns = environ.get("COLUMNS", "")
        self._begun_s = ticks_s()
        self._drawn = False
        self.program = program
        """How the program was called: `kubectl inventory`, or the file's own name."""
        self.context = ""
        """Which cluster this is about, once that is known."""
        self.waiting_for = ""
        """The kind that has been asked for longest."""
        self.wrote = False
        """Whether any of the answer has been written."""

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return ticks_s() - self._begun_s

    def write(self, text: str) -> None:
        """A piece of the answer."""
        self.erase_progress()
        try:
            self._out.write(text)
        except BrokenPipeError as error:
            raise ReaderGone from error
        self.wrote = True

    def flush(self) -> None:
        """Hands everything to the reader. Raises `ReaderGone` when there is none."""
        try:
            self._out.flush()
        except BrokenPipeError as error:
            raise ReaderGone from error

    def say(self, line: str) -> None:
        """A line for the person, not for the next program."""
        self.erase_progress()
        self.flush()
        self._err.write(self._coloured(escaped(line)) + "\n")
        self._err.flush()

    def draw_progress(self, line: str) -> None:
        """Redraws the line of progress, cut to the terminal's width."""
        if self._err_is_tty and self.elapsed_s >= _PATIENCE_S:
            self._err.write("\r" + escaped(line)[: self._width() - 1] + "\x1b[K")
            self._err.flush()
            self._drawn = True

    def erase_progress(self) -> None:
        """Takes the line of progress away."""
        if self._drawn:
            self._err.write("\r\x1b[K")
            self._err.flush()
            self._drawn = False

    def _width(self) -> int:
        if self._columns.isdigit():
            return int(self._columns)
        try:
            return os.get_terminal_size(self._err.fileno()).columns or 80
        except OSError:
            return 80

    def _coloured(self, line: str) -> str:
        if not self._colours:
            return line
        for word in ("error:", "INCOMPLETE"):
            line = line.replace(word, f"{_RED}{word}{_PLAIN}", 1)
        return line


class AuditLog:
    """Appends a JSON line for each request sent and each thing withheld. No credential, no header, no body."""

    def __init__(self, path: Path, *, context: str) -> None:
        self._context = context
        self._lock = threading.Lock()
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write the audit log {path}: {(error.strerror or str(error)).lower()}") from error

    def append(self, event: str, details: object) -> None:
        """One line."""
        entry = {"at": now_iso(), "context": self._context, "event": event, "details": details}
        line = msgspec.json.encode(entry).decode() + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()

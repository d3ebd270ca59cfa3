"""stdout, stderr and the audit log: the door to the person who typed the command.

Data goes to stdout; everything else to stderr. On a terminal stderr also has one
line of progress, redrawn in place and erased before anything else is written.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

import msgspec

from kubectl_inventory.clock import now_iso, ticks_s
from kubectl_inventory.errors import OutputError, UsageError, reason_of
from kubectl_inventory.output.render import escaped
from kubectl_inventory.readiness import can_write

_PATIENCE_S = 0.5
"""A run that is shorter shows no progress: a line that flashes by is noise."""
_LAST_WORDS_S = 0.5
"""How long an interrupted run waits for a reader to take the lines that are ready."""
_GLANCE_MS = 100
_BUFFER_BYTES = 1 << 16
_PIECE_BYTES = 4096
"""What a pipe that is ready takes without blocking, all or nothing (POSIX `PIPE_BUF`, pipe(7))."""
_RED = "\x1b[31m"
_PLAIN = "\x1b[0m"
_STDERR = 2


class ReaderGone(Exception):
    """Whoever read stdout has stopped (`| head`). Of our own, as click ends the process at a `BrokenPipeError`."""


class Terminal:
    """Where a run's text goes. A stream is None where the process was started without it (`>&-`)."""

    def __init__(
        self,
        out: TextIO | None,
        err: TextIO | None,
        environ: Mapping[str, str],
        *,
        program: str,
        platform: str = sys.platform,
    ) -> None:
        self._out, self._err = out, err
        self._has_consoles = platform == "win32"
        obeys = obeys_escapes(environ, platform)
        self._draws = obeys and err is not None and err.isatty()
        may_colour = obeys and "NO_COLOR" not in environ
        self._colours = self._draws and may_colour
        self._is_shown, self._is_mid_line = out is not None and out.isatty(), False
        self.colours_answer = may_colour and self._is_shown
        """Whether the answer goes to somebody who sees colours."""
        self._columns = environ.get("COLUMNS", "")
        self._begun_s = ticks_s()
        self._drawn = False
        self._unsent = bytearray()
        self._lock = threading.RLock()
        self._sender: int | None = None
        self._interruption: BaseException | None = None
        self._gives_up_s = float("inf")
        self.program = program
        """How the program was called: `kubectl inventory`, or the file's own name."""
        self.context = ""
        """Which cluster this is about, once that is known."""
        self.waiting_for = ""
        """The kind that has been asked for longest; before any is asked, the server.

        Before that, who gives a credential: in words, so there is a space in it, as there is `://` in a server.
        """
        self.wrote = False
        """Whether any of the answer has been written."""
        self.at_end = contextlib.ExitStack()
        """What is shut when the run is over, however it ends."""

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return ticks_s() - self._begun_s

    def mute(self) -> None:
        """Says nothing any more, whatever happens: somebody is in the middle of typing."""
        self._err, self._draws = None, False
        # What is started from here, as a credential plugin, is as silent.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), _STDERR)

    def write(self, text: str) -> None:
        """A piece of the answer: UTF-8, whatever the locale, as kubectl writes."""
        with self._lock:
            self.erase_progress()
            self._unsent += text.encode("utf-8", "backslashreplace")
            self._is_mid_line = not text.endswith("\n") if text else self._is_mid_line
            self.wrote = True
            if len(self._unsent) >= _BUFFER_BYTES:
                self.flush()

    def flush(self) -> None:
        """Hands everything to the reader. Raises `ReaderGone` when there is none and `OutputError` when it fails.

        In the main thread also what interrupted it meanwhile.
        """
        with self._alone() as is_alone:
            if not self._unsent or not is_alone:
                return
            if self._out is None:
                self._unsent.clear()
                raise OutputError("cannot write the answer: stdout is closed")
            self._sender = threading.get_ident()
            try:
                self._send(self._out)
            except BrokenPipeError as error:
                raise ReaderGone from error
            except OSError as error:
                self._unsent.clear()
                raise OutputError(f"cannot write the answer to stdout: {reason_of(error)}") from error
            finally:
                self._sender = None
            cause, self._interruption = self._interruption, None
            if cause is not None:
                raise cause

    def interrupt(self, cause: BaseException) -> None:
        """Raises `cause` in the main thread, though not while that sends a line; from a signal's handler."""
        self._gives_up_s = ticks_s() + _LAST_WORDS_S
        if self._sender != threading.get_ident():
            raise cause
        self._interruption = cause

    def _send(self, out: TextIO) -> None:
        """Sends what there is, line by line.

        A write that an interruption breaks off would not tell how much it wrote, and one that a reader
        keeps waiting (`| less`) would hold the program: so it is only begun when it cannot block.
        """
        while self._unsent and ticks_s() < self._gives_up_s:
            if can_write(out.fileno(), within_ms=_GLANCE_MS):
                sent = 0
                line_end = self._unsent.rfind(b"\n", 0, _PIECE_BYTES) + 1
                with contextlib.suppress(BlockingIOError):
                    sent = self._put(out, bytes(self._unsent[: line_end or _PIECE_BYTES]))
                del self._unsent[:sent]
        self._unsent.clear()

    def _put(self, stream: TextIO, piece: bytes) -> int:
        """Writes a piece, and says how much of it. A console of Windows takes it through Python's own stream.

        That makes UTF-16 of it; what is written to the descriptor would be read in the console's code page.
        """
        if not self._has_consoles or not stream.isatty():
            return os.write(stream.fileno(), piece)
        whole = _without_part_of_a_character(piece)
        stream.buffer.write(whole)
        stream.buffer.flush()
        return len(whole)

    def say(self, line: str) -> None:
        """A line for the person, not for the next program. From any thread, as `-v 6` does."""
        with self._alone():
            self.erase_progress()
            self.flush()
            # A template may leave the answer within a line, which on a terminal would go on with this.
            break_ = "\n" if self._is_mid_line and self._is_shown else ""
            self._is_mid_line = False
            self._tell(f"{break_}{self._coloured(escaped(line))}\n")

    @contextlib.contextmanager
    def _alone(self) -> Iterator[bool]:
        """Keeps other threads out; after an interruption only if they let go in time, as the run has to end."""
        left_s = self._gives_up_s - ticks_s()
        is_alone = self._lock.acquire(timeout=max(left_s, 0) + _GLANCE_MS / 1000 if left_s < float("inf") else -1)
        try:
            yield is_alone
        finally:
            if is_alone:
                self._lock.release()

    def _tell(self, text: str) -> None:
        """To stderr; what cannot be said there cannot be said anywhere. Nobody who keeps it waiting holds the program.

        One try is made even when the time for last words is over: stdout's reader may have used it up.
        """
        if self._err is None:
            return
        unsaid = text.encode(self._err.encoding, "backslashreplace")
        with contextlib.suppress(OSError):
            descriptor = self._err.fileno()
            while unsaid:
                left_ms = (self._gives_up_s - ticks_s()) * 1000
                if can_write(descriptor, within_ms=min(max(left_ms, 0), _GLANCE_MS)):
                    with contextlib.suppress(BlockingIOError):
                        unsaid = unsaid[self._put(self._err, unsaid[:_PIECE_BYTES]) :]
                elif left_ms <= 0:
                    return

    def draw_progress(self, line: str) -> None:
        """Redraws the line of progress, cut to the terminal's width."""
        with self._lock:
            if self._draws and self.elapsed_s >= _PATIENCE_S:
                self._tell("\r" + escaped(line)[: self._width() - 1] + "\x1b[K")
                self._drawn = True

    def erase_progress(self) -> None:
        """Takes the line of progress away."""
        if self._drawn:
            self._tell("\r\x1b[K")
            self._drawn = False

    def _width(self) -> int:
        if self._columns.isdecimal() and int(self._columns):
            return int(self._columns)
        try:
            return (os.get_terminal_size(self._err.fileno()).columns if self._err is not None else 0) or 80
        except OSError:
            return 80

    def _coloured(self, line: str) -> str:
        if not self._colours:
            return line
        for word in ("error:", "INCOMPLETE"):
            line = line.replace(word, f"{_RED}{word}{_PLAIN}", 1)
        return line


def obeys_escapes(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a terminal does what escape sequences say: kubectl's own rule (cli-runtime, printers/terminal.go).

    On Windows it is the newer terminal alone that says who it is.
    """
    return environ.get("TERM") != "dumb" and (platform != "win32" or bool(environ.get("WT_SESSION")))


def _without_part_of_a_character(piece: bytes) -> bytes:
    """A piece of UTF-8 up to the last character that is whole."""
    begun = len(piece) - 1
    while begun > 0 and piece[begun] & 0xC0 == 0x80:
        begun -= 1
    try:
        piece[begun:].decode("utf-8")
    except UnicodeDecodeError:
        return piece[:begun] or piece
    return piece


class AuditLog:
    """Appends a JSON line for each request sent and each thing withheld. No credential, no header, no body."""

    def __init__(self, path: Path, *, context: str) -> None:
        self._context = context
        self._lock = threading.Lock()
        try:
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write the audit log {path}: {reason_of(error)}") from error

    def append(self, event: str, details: object) -> None:
        """One line."""
        entry = {"at": now_iso(), "context": self._context, "event": event, "details": details}
        line = msgspec.json.encode(entry).decode() + "\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()

"""One program of the control plane, from its start to its certain end.

Knows processes, logs and signals; the programs' flags are the caller's.
"""

import os
import signal
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.controlplane.errors import ControlPlaneError

TAIL_LINES = 12


class PortTakenError(ControlPlaneError):
    """Another program took a port between its choice and its use."""


class Process:
    """A running program, its log in a file."""

    def __init__(self, name: str, argv: Sequence[str], directory: Path) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        # A session of its own: a Ctrl-C in the terminal reaches the harness
        # alone, which ends the programs in its own time.
        try:
            with self.log.open("wb") as log:
                self._child = subprocess.Popen(
                    argv,
                    cwd=directory,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise ControlPlaneError(f"cannot start {name}: {error}") from error

    @property
    def pid(self) -> int:
        return self._child.pid

    def check(self) -> None:
        """Raise, with the end of its log, when the program is no longer running."""
        code = self._child.poll()
        if code is None:
            return
        tail = log_tail(self.log)
        kind = PortTakenError if "address already in use" in tail else ControlPlaneError
        raise kind(f"{self.name} ended with {code}; the end of its log:\n{tail}")

    def pause(self) -> None:
        """Let the program hang: its connections stay open and nothing answers."""
        os.kill(self._child.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused program go on."""
        os.kill(self._child.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End the program at once; harmless when it has ended already.

        Its data is thrown away, so a graceful end would only take longer; and a
        paused program would not hear any other signal.
        """
        self._child.kill()

    def wait(self) -> None:
        """Return when the program has ended, and leave no zombie."""
        self._child.wait()


def end_all(processes: Iterable[Process]) -> None:
    """End every one of them; all are killed before any is waited for."""
    ending = list(processes)
    for process in ending:
        process.kill()
    for process in ending:
        process.wait()


def log_tail(log: Path) -> str:
    """The last lines of a log, indented, for an error message."""
    lines = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"  {line}" for line in lines)

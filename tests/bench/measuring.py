"""One command as a whole process: how long, how much processor and memory, and what it printed."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from tests.controlplane.errors import ControlPlaneError

_MEASURE = """
import json, os, resource, subprocess, sys, time
with open(sys.argv[1], "wb") as out:
    began = time.monotonic()
    child = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, stdout=out)
    _, status, usage = os.wait4(child.pid, 0)
    elapsed_s = time.monotonic() - began
child.returncode = os.waitstatus_to_exitcode(status)
unit = 1 if sys.platform == "darwin" else 1024
cpu_s = usage.ru_utime + usage.ru_stime
peak_bytes = usage.ru_maxrss * unit
print(json.dumps({"code": child.returncode, "elapsed_s": elapsed_s, "cpu_s": cpu_s, "peak_bytes": peak_bytes}))
"""
# A child's peak counts the memory of the process that forked it, until it is
# another program: so a small one forks, not this one.


class Run(msgspec.Struct, frozen=True):
    """One command, measured from its start to its end."""

    code: int
    elapsed_s: float
    cpu_s: float
    peak_bytes: int


class Measured(msgspec.Struct, frozen=True):
    """All runs of a command in one group of turns."""

    command: str
    """As one would type it."""
    median_s: float
    """Of the time from start to end."""
    least_s: float
    most_s: float
    median_cpu_s: float
    """Of the processor time, the system's included."""
    median_peak_bytes: float
    """Of the most memory that was resident at once."""
    runs: tuple[Run, ...]


def summarize(command: str, runs: Sequence[Run]) -> Measured:
    """The medians of some runs, and the runs."""
    times = [run.elapsed_s for run in runs]
    return Measured(
        command,
        median_s=statistics.median(times),
        least_s=min(times),
        most_s=max(times),
        median_cpu_s=statistics.median(run.cpu_s for run in runs),
        median_peak_bytes=statistics.median(run.peak_bytes for run in runs),
        runs=tuple(runs),
    )


class Command(msgspec.Struct, frozen=True):
    """What is run, and where it is typed."""

    shown: str
    argv: tuple[str, ...]
    variables: Mapping[str, str]
    warm_up: tuple[str, ...] = ()
    """Run before it, and not measured: what it may find in a cache is there, and no older than a moment."""


def measure(command: Command, answer: Path) -> Run:
    """Run it once, its stdout into `answer`. Raises ControlPlaneError unless it ends with 0."""
    if command.warm_up:
        output(command.warm_up, command.variables)
    line = output((sys.executable, "-I", "-S", "-c", _MEASURE, str(answer), *command.argv), command.variables)
    run = msgspec.json.decode(line, type=Run)
    if run.code != 0:
        raise ControlPlaneError(f"{command.shown} ended with {run.code}")
    return run


def output(argv: Sequence[str], variables: Mapping[str, str]) -> str:
    """What a command prints. Raises ControlPlaneError unless it ends with 0."""
    done = subprocess.run(argv, env=dict(variables), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ControlPlaneError(f"{' '.join(argv)[:80]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout

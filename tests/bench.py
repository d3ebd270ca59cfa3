"""`make bench`: the program beside kubectl, at the same cluster, in the same run, the answers compared first.

Knows what is compared and how it is measured; a figure is never a test, but
answers that differ end it with exit code 1, and no figure is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from kubectl_inventory.version import VERSION
from tests.controlplane.__main__ import end_orderly, size
from tests.controlplane.binaries import kubernetes_version
from tests.controlplane.cluster import ControlPlane, start_control_plane
from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.populate import populate_scale
from tests.controlplane.screens import environment, programs

INVENTORY = str(programs() / "kubectl-inventory")
KUBECTL = "kubectl"

NOT_OBJECTS = "componentstatuses"
"""Listing it probes etcd, and nothing of it is stored: left out on both sides."""
EVENTS_AGAIN = "events.events.k8s.io"
"""The same events under another name: the program shows them once, so kubectl is asked once."""

_MEASURE = """
import json, os, resource, subprocess, sys, time
began = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
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


class Arguments(argparse.Namespace):
    """What was typed."""

    runs: int
    size: tuple[int, int]


def main() -> int:
    arguments = _parser().parse_args(namespace=Arguments())
    end_orderly()
    try:
        with start_control_plane() as plane:
            namespaces, pods = arguments.size
            print(f"filling a cluster with {namespaces} namespaces of {pods} pods ...", file=sys.stderr)
            populate_scale(plane, namespaces=namespaces, pods=pods)
            return _compare(plane, arguments.runs)
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _compare(plane: ControlPlane, runs: int) -> int:
    variables = environment(plane)
    kinds = _kinds(variables)
    print(f"comparing the answers for {len(kinds)} kinds ...", file=sys.stderr)
    differences = _differences(kinds, variables)
    for line in differences:
        print(f"error: {line}", file=sys.stderr)
    if differences:
        return 1
    commands: dict[str, Sequence[str]] = {
        "kubectl get KINDS -A": (KUBECTL, "get", ",".join(kinds), "--all-namespaces"),
        "kubectl inventory": (INVENTORY, "--quiet"),
        "kubectl inventory get": (INVENTORY, "get", "--quiet"),
    }
    measured: dict[str, list[Run]] = {name: [] for name in commands}
    # By turns, so that a busy moment of the machine is nobody's alone.
    for number in range(runs):
        for name, argv in commands.items():
            print(f"run {number + 1} of {runs}: {name}", file=sys.stderr)
            measured[name].append(_measured(argv, variables))
    print(_report(measured, kinds, variables), end="")
    return 0


def _kinds(variables: Mapping[str, str]) -> list[str]:
    """Every kind that kubectl finds and can list."""
    found = _output((KUBECTL, "api-resources", "--verbs=list", "--output=name"), variables).split()
    return sorted(set(found) - {NOT_OBJECTS, EVENTS_AGAIN})


def _differences(kinds: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """Where the program's counts and names are not kubectl's."""
    counted = {
        f"{item['resource']}.{item['group']}".rstrip("."): item["count"]
        for item in json.loads(_output((INVENTORY, "--output=json", "--quiet"), variables))["items"]
    }
    listed = {kind: len(_names((KUBECTL, "get", kind, "-A", "-o", "name"), variables)) for kind in kinds}
    found = [
        f"{kind}: kubectl lists {listed.get(kind)}, the program counts {counted.get(kind)}"
        for kind in sorted(listed.keys() | counted.keys())
        if listed.get(kind) != counted.get(kind)
    ]
    ours = Counter(_names((INVENTORY, "get", "--output=name", "--quiet"), variables))
    theirs = Counter(_names((KUBECTL, "get", ",".join(kinds), "-A", "-o", "name"), variables))
    for name, more in ((ours - theirs).items() | (theirs - ours).items()) if ours != theirs else ():
        found.append(f"{name}: in one answer {more} times more than in the other")
    return found[:20]


def _names(argv: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    return _output(argv, variables).splitlines()


def _output(argv: Sequence[str], variables: Mapping[str, str]) -> str:
    done = subprocess.run(argv, env=dict(variables), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ControlPlaneError(f"{' '.join(argv)[:80]} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _measured(argv: Sequence[str], variables: Mapping[str, str]) -> Run:
    line = _output((sys.executable, "-I", "-S", "-c", _MEASURE, *argv), variables)
    run = msgspec.json.decode(line, type=Run)
    if run.code != 0:
        raise ControlPlaneError(f"{' '.join(argv)[:80]} ended with {run.code}")
    return run


def _report(measured: Mapping[str, Sequence[Run]], kinds: Sequence[str], variables: Mapping[str, str]) -> str:
    """A table in Markdown: medians, and the least and most of all runs."""
    base, *_ = measured.values()
    base_s = statistics.median(run.elapsed_s for run in base)
    base_bytes = statistics.median(run.peak_bytes for run in base)
    lines = [
        f"{len(kinds)} kinds, {_objects(variables):,} objects; the same counts and names on both sides; "
        f"{len(base)} runs of each, by turns.",
        f"kubectl-inventory v{VERSION}, {_kubectl_version(variables)}, Kubernetes {kubernetes_version()} on loopback; "
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores.",
        "",
        "| command | median | least to most | CPU | peak memory | of kubectl's time | of its memory |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, runs in measured.items():
        times = [run.elapsed_s for run in runs]
        median_s, cpu_s = statistics.median(times), statistics.median(run.cpu_s for run in runs)
        peak = statistics.median(run.peak_bytes for run in runs)
        cells = [
            f"`{name}`",
            f"{median_s:.2f} s",
            f"{min(times):.2f} to {max(times):.2f} s",
            f"{cpu_s:.2f} s",
            f"{peak / 1e6:.0f} MB",
            *((f"1/{base_s / median_s:.1f}", f"1/{base_bytes / peak:.1f}") if runs is not base else ("1", "1")),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _objects(variables: Mapping[str, str]) -> int:
    return len(_names((INVENTORY, "get", "--output=name", "--quiet"), variables))


def _kubectl_version(variables: Mapping[str, str]) -> str:
    found = json.loads(_output((KUBECTL, "version", "--client", "--output=json"), variables))
    return f"kubectl {found['clientVersion']['gitVersion']}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of each command (5)")
    parser.add_argument("--size", type=size, default=(100, 50), metavar="NxM", help="namespaces x pods (100x50)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

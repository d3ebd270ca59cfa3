"""`make bench`: the program beside kubectl at one cluster, in one run, the answers compared before the times.

Knows the order: fill, run by turns, compare every answer of every turn, and only
then print. A target that is missed is said in the table; answers that differ end
it with exit code 1, and no figure is printed.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from kubectl_inventory.version import VERSION
from tests.bench import answers, fetching, groups
from tests.bench.answers import Kind
from tests.bench.groups import KUBECTL, Turns, Variables
from tests.bench.measuring import Run, measure, output, summarize
from tests.bench.reporting import report, splice
from tests.bench.results import Group, Machine, Results, Row
from tests.controlplane.__main__ import end_orderly, size
from tests.controlplane.binaries import kubernetes_version
from tests.controlplane.cluster import ControlPlane, start_control_plane
from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.populate import populate_kinds, populate_scale
from tests.controlplane.screens import environment
from tests.delay_proxy import delay_proxy, server_of, write_detour

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "results.json"
README = ROOT / "README.md"

NOT_OBJECTS = "componentstatuses"
"""Listing it probes etcd, and nothing of it is stored: left out on both sides."""
EVENTS_AGAIN = "events.events.k8s.io"
"""The same events under another name: the program shows them once, so kubectl is asked once."""

FAR_S = 0.1
NEARER_S = 0.02
NAMESPACES = 20
"""Whose pods the strategies read."""


class Arguments(argparse.Namespace):
    """What was typed."""

    what: str
    runs: int
    size: tuple[int, int]
    large: tuple[int, int] | None
    kinds: int
    write: bool
    typed: str


class DifferentAnswersError(Exception):
    """The sides did not say the same: no time of theirs means anything."""


class Bench:
    """Runs groups of commands by turns, and keeps what they took."""

    def __init__(self, runs: int, directory: Path) -> None:
        self._runs = runs
        self._directory = directory
        self.groups: dict[str, Group] = {}
        self.rows: list[Row] = []

    def run(self, turns: Turns, objects: int, kinds: int) -> None:
        """Measure a group. Raises DifferentAnswersError after the turn whose answers differ."""
        measured: dict[str, list[Run]] = {name: [] for name in turns.commands}
        for number in range(self._runs):
            say(f"{turns.title}, turn {number + 1} of {self._runs} ...")
            # By turns, so that a busy moment of the machine is nobody's alone.
            for name, command in turns.commands.items():
                measured[name].append(measure(command, self._answer(name)))
            self._compare(turns)
        name = turns.rows[0].group
        runs = {it: summarize(command.shown, measured[it]) for it, command in turns.commands.items()}
        self.groups[name] = Group(turns.title, objects, kinds, runs)
        self.rows.extend(turns.rows)

    def _compare(self, turns: Turns) -> None:
        said = {name: self._answer(name).read_text(encoding="utf-8") for name in turns.commands}
        differences = [line for check in turns.checks for line in check(said)]
        if differences:
            raise DifferentAnswersError("\n".join(differences))

    def _answer(self, name: str) -> Path:
        return self._directory / f"{name}.answer"


def main() -> int:
    arguments = _parser().parse_args(namespace=Arguments())
    if arguments.what == "readme":
        _write_readme(msgspec.json.decode(RESULTS.read_bytes(), type=Results))
        return 0
    end_orderly()
    try:
        results = _bench(arguments)
    except DifferentAnswersError as error:
        for line in str(error).splitlines():
            say(f"error: {line}")
        return 1
    except ControlPlaneError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    print(report(results), end="")
    if arguments.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
        _write_readme(results)
    return 0


def say(text: str) -> None:
    """Progress, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


def _bench(arguments: Arguments) -> Results:
    began, began_s = datetime.now(UTC), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kubectl-inventory-bench-") as name, ExitStack() as running:
        directory = Path(name)
        bench = Bench(arguments.runs, directory)
        plane, variables = running.enter_context(_cluster(arguments.size))
        kinds, objects = _kinds(variables), _objects(variables)
        at = (objects, len(kinds))
        fetched = None
        if fetching.is_curl_there():
            fetched = fetching.learn(plane, groups.ours(variables, "get", "--quiet"), directory)
        bench.run(groups.near(variables, kinds, fetched), *at)
        with _at_a_distance(variables, FAR_S, directory) as far:
            bench.run(groups.far(far, kinds), *at)
        with _at_a_distance(variables, NEARER_S, directory) as far:
            namespaces = [f"scale-{number:03}" for number in range(min(NAMESPACES, arguments.size[0]))]
            bench.run(groups.strategies(far, namespaces), *at)
            bench.run(groups.judgements(far, namespaces), *at)
        if arguments.large is not None:
            with _cluster(arguments.large) as (_, of_large):
                many = _objects(of_large)
                bench.run(groups.large(variables, of_large, f"{many:,} objects"), many, len(kinds))
        if arguments.kinds:
            say(f"adding {arguments.kinds} custom kinds ...")
            populate_kinds(plane, arguments.kinds)
            # What is remembered does not know them.
            variables = groups.without_memory(variables, directory / "home")
            with _at_a_distance(variables, FAR_S, directory) as far:
                turns = groups.many_kinds(variables, far, arguments.kinds)
                bench.run(turns, _objects(variables), len(_kinds(variables)))
        return Results(
            date=began.date().isoformat(),
            command=arguments.typed,
            runs=arguments.runs,
            took_s=round(time.monotonic() - began_s),
            machine=_machine(),
            versions=_versions(variables),
            groups=bench.groups,
            rows=tuple(bench.rows),
        )


@contextmanager
def _cluster(of_size: tuple[int, int]) -> Iterator[tuple[ControlPlane, Variables]]:
    """A control plane with so many namespaces and pods in each, and where to type at it."""
    namespaces, pods = of_size
    say(f"filling a cluster with {namespaces} namespaces of {pods} pods ...")
    with start_control_plane() as plane:
        populate_scale(plane, namespaces=namespaces, pods=pods)
        yield plane, environment(plane)


@contextmanager
def _at_a_distance(variables: Variables, round_trip_s: float, directory: Path) -> Iterator[Variables]:
    kubeconfig = Path(variables["KUBECONFIG"])
    with delay_proxy(server_of(kubeconfig), round_trip_s) as address:
        copy = directory / f"{address.port}.kubeconfig"
        write_detour(kubeconfig, address, copy)
        yield groups.elsewhere(variables, copy)


def _kinds(variables: Variables) -> list[Kind]:
    """Every kind that kubectl finds and can list."""
    found = output((KUBECTL, "api-resources", "--verbs=list", "--no-headers"), variables)
    return [kind for kind in answers.parse_kinds(found) if kind.name not in (NOT_OBJECTS, EVENTS_AGAIN)]


def _objects(variables: Variables) -> int:
    argv = groups.ours(variables, "--quiet").argv
    return sum(answers.our_counts(output(argv, variables)).values())


def _machine() -> Machine:
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        f"{platform.system()} {platform.release()} {platform.machine()}",
        _processor(),
        os.cpu_count() or 1,
        memory_bytes,
    )


def _processor() -> str:
    """Its name, where the system tells; macOS tells it by another way, in the same word."""
    known = Path("/proc/cpuinfo")
    if not known.exists():
        return platform.processor() or "unknown processor"
    lines = (line.partition(":") for line in known.read_text().splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == "model name"), "unknown processor")


def _versions(variables: Variables) -> Mapping[str, str]:
    client = msgspec.json.decode(output((KUBECTL, "version", "--client", "--output=json"), variables))
    found = {
        "kubectl-inventory": f"v{VERSION}",
        "kubectl": client["clientVersion"]["gitVersion"],
        "Kubernetes": kubernetes_version(),
        "Python": platform.python_version(),
    }
    if fetching.is_curl_there():
        found["curl"] = output((fetching.CURL, "--version"), variables).split()[1]
    return found


def _write_readme(results: Results) -> None:
    README.write_text(splice(README.read_text(encoding="utf-8"), results), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "what", nargs="?", choices=("run", "readme"), default="run", help="readme: of bench/results.json"
    )
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="of each command (5)")
    parser.add_argument("--size", type=size, default=(100, 50), metavar="NxM", help="namespaces x pods (100x50)")
    parser.add_argument("--large", type=size, metavar="NxM", help="a larger cluster beside it (none)")
    parser.add_argument("--kinds", type=int, default=0, metavar="N", help="custom kinds, added last (0)")
    parser.add_argument("--write", action="store_true", help="write bench/results.json, and README's figures")
    typed = " ".join(("python -m tests.bench", *sys.argv[1:]))
    parser.add_argument("--typed", default=typed, metavar="COMMAND", help="how to name this run (what was typed)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

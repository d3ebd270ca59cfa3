"""`make bench-bundle`: what krew installs beside the program in .venv, by turns, at a small cluster.

It is to start in at most twice the time, and to count no slower, give or take a twentieth. Nothing of it is a test: a
clock decides nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from krew.build import ROOT, version
from krew.manifest import PackagingError, archive_name, read_manifest, this_platform
from krew.root import KrewRoot
from tests.bench import answers
from tests.bench.__main__ import Bench, DifferentAnswersError, say
from tests.bench.groups import INVENTORY, Turns, Variables
from tests.bench.measuring import Command, Measured
from tests.bench.results import Row
from tests.controlplane.__main__ import end_orderly
from tests.controlplane.cluster import start_control_plane
from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.populate import populate_scale
from tests.controlplane.screens import environment

WORKS: Mapping[str, tuple[Sequence[str], float]] = {
    "version": (("version",), 2.0),
    "--help": (("--help",), 2.0),
    "counts": (("--quiet",), 1.05),
    "get pods": (("get", "pods", "--quiet"), 1.05),
}
"""What is typed, and how many times the time of .venv's it may take."""
_COUNTED = ("counts", "get pods")
LINK, VENV = "krew's link", ".venv"


def main() -> int:
    said = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bundle", description=said)
    parser.add_argument("--dist", type=Path, default=ROOT / "dist", help="where make dist and make manifest wrote to")
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="of each command (20)")
    typed = parser.parse_args()
    end_orderly()
    try:
        with tempfile.TemporaryDirectory(prefix="kubectl-inventory-bench-") as name, start_control_plane() as plane:
            say("filling a cluster ...")
            populate_scale(plane, namespaces=10, pods=10)
            bench = Bench(typed.runs, Path(name))
            bench.run(_turns(environment(plane), _installed(typed.dist, Path(name))), 0, 0)
    except (PackagingError, ControlPlaneError, DifferentAnswersError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    for line in table(bench.groups[LINK].measured, typed.runs):
        print(line)
    return 0


def _installed(dist: Path, base: Path) -> Path:
    """The link to the program that an archive installs."""
    manifest = dist / "plugin.yaml"
    if not manifest.exists():
        raise PackagingError(f"no {manifest}: make dist manifest VERSION={version()} writes it")
    text = manifest.read_text(encoding="utf-8")
    root = KrewRoot(base / "krew", on=this_platform())
    return root.install(read_manifest(text), text, dist / archive_name(version(), this_platform()))


def _turns(variables: Variables, link: Path) -> Turns:
    programs = {LINK: str(link), VENV: INVENTORY}
    commands = {
        f"{work}, {name}": Command(
            f"kubectl-inventory {' '.join(argv)}",
            (program, *argv),
            variables,
            (program, "kinds", "--quiet") if work in _COUNTED else (),
        )
        for work, (argv, _) in WORKS.items()
        for name, program in programs.items()
    }
    checks = [answers.text_is_the_same(f"{work}, {LINK}", f"{work}, {VENV}") for work in WORKS if work != "version"]
    return Turns(
        "krew's link beside .venv", commands, checks, [Row(work="bundle", against=VENV, group=LINK, ours=LINK)]
    )


def table(measured: Mapping[str, Measured], runs: int) -> Iterator[str]:
    """A line for each work: both medians with their ranges, and whether the one is within what it may take."""
    yield f"kubectl-inventory {version()}, {this_platform()}: medians of {runs} runs, by turns"
    for work, (_, at_most) in WORKS.items():
        ours, theirs = measured[f"{work}, {LINK}"], measured[f"{work}, {VENV}"]
        ratio = ours.median_s / theirs.median_s
        verdict = "reached" if ratio <= at_most else "missed"
        yield (
            f"{work:<10}{_span(LINK, ours)}   {_span(VENV, theirs)}   {ratio:.2f}x (at most {at_most:g}x: {verdict})"
        )


def _span(name: str, measured: Measured) -> str:
    return f"{name} {measured.median_s:.3f} s ({measured.least_s:.3f} to {measured.most_s:.3f})"


if __name__ == "__main__":
    sys.exit(main())

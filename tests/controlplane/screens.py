"""The demo's screens: commands typed with the real kubectl, each shown with what it printed.

A long table is cut, and the cut says how much it left out; nothing else is touched.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.controlplane.cluster import ControlPlane
from tests.controlplane.credentials import ADMIN

SCREENS = (
    "kubectl inventory",
    "kubectl inventory --by namespace",
    "kubectl inventory get deploy,sts,pods,pvc -n pay",
    "kubectl inventory health",
    "kubectl inventory health shop --explain",
    "kubectl inventory kinds",
    "kubectl inventory --as viewer",
    "kubectl inventory policy show",
)
"""What a newcomer would type, in that order."""

SHOWN_LINES = 12
"""Of a table longer than this, one line gives way to a mark that counts the rest."""


EXPECTED = (0, 3)
"""One API group of the demo has no server behind it, so most answers are incomplete, and say so."""


def show_screens(plane: ControlPlane) -> bool:
    """Type every command as the administrator and print the screens. Whether all ended as they should."""
    codes: list[int] = []
    for command in SCREENS:
        done = _type(command, environment(plane))
        codes.append(done.returncode)
        print(f"$ {command}" + (f"{'':10}# exit {done.returncode}" if done.returncode else ""))
        for line in [*_cut(done.stdout.splitlines()), *done.stderr.splitlines()]:
            print(line)
        print(flush=True)
    return all(code in EXPECTED for code in codes)


def environment(plane: ControlPlane) -> Mapping[str, str]:
    """Where a command is typed: a home of its own, so that nobody's policy or cache is touched."""
    home = plane.directory / "home"
    home.mkdir(exist_ok=True)
    path = f"{programs()}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "KUBECONFIG": str(plane.kubeconfigs[ADMIN]), "LANG": "C.UTF-8"}


def programs() -> Path:
    """Where kubectl and the program are installed."""
    return Path(sys.executable).parent


def _type(command: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        shlex.split(command),
        env=dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _cut(lines: Sequence[str]) -> Sequence[str]:
    if len(lines) <= SHOWN_LINES:
        return lines
    shown = lines[: SHOWN_LINES - 1]
    return [*shown, f":   {len(lines) - len(shown)} more rows"]

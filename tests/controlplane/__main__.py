"""`python -m tests.controlplane`: build the control plane, or keep one up to play with."""

import argparse
import re
import signal
import sys
import time
from types import FrameType

from tests.controlplane.binaries import build
from tests.controlplane.cluster import ControlPlane, start_control_plane
from tests.controlplane.credentials import ADMIN
from tests.controlplane.errors import ControlPlaneError

# Ended from outside, or its terminal closed: as orderly an end as Ctrl-C.
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Arguments(argparse.Namespace):
    """What was typed."""

    command: str
    demo: bool
    scale: tuple[int, int] | None


def main() -> int:
    arguments = _parser().parse_args(namespace=Arguments())
    for ending in ENDINGS:
        signal.signal(ending, _interrupt)
    try:
        if arguments.command == "build":
            print(build())
        else:
            _up(arguments)
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _up(arguments: Arguments) -> None:
    began = time.monotonic()
    with start_control_plane() as plane:
        plane.bind_users(_populate(plane, arguments))
        print(f"up after {time.monotonic() - began:.1f} s; Ctrl-C ends it", file=sys.stderr)
        for name, kubeconfig in plane.kubeconfigs.items():
            if name != ADMIN:
                print(f"# {name}: {kubeconfig}")
        print(f"export KUBECONFIG={plane.kubeconfigs[ADMIN]}", flush=True)
        signal.pause()


def _populate(plane: ControlPlane, arguments: Arguments) -> str:
    """Fill it as asked; the answer is a namespace that is there now."""
    # Imported here: an empty control plane, and a build, need no population.
    if arguments.demo:
        from tests.controlplane.populate import populate_demo

        populate_demo(plane)
        return "shop"
    if arguments.scale is not None:
        from tests.controlplane.populate import populate_scale

        namespaces, pods = arguments.scale
        populate_scale(plane, namespaces=namespaces, pods=pods)
        return "scale-000"
    return "default"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.controlplane", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build it, unless it is in the cache, and print its path")
    up = commands.add_parser("up", help="start one and keep it up until Ctrl-C")
    population = up.add_mutually_exclusive_group()
    population.add_argument("--demo", action="store_true", help="fill it with a believable company")
    population.add_argument(
        "--scale", type=_size, metavar="NxM", help="fill it with N namespaces of M pods each"
    )
    return parser


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"not NxM: {text!r}")
    return int(found[1]), int(found[2])


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # The end takes a moment, and an impatient second Ctrl-C must not cut it short.
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

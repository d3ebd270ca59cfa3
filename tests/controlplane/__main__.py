"""`python -m tests.controlplane`: build the control plane, show the program at it, or keep one up to play with."""

import argparse
import contextlib
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
    sick: bool
    keep: bool
    scale: tuple[int, int] | None
    kinds: int


def main() -> int:
    arguments = _parser().parse_args(namespace=Arguments())
    end_orderly()
    try:
        if arguments.command == "build":
            print(build())
        elif arguments.command == "demo":
            return _demo(keep=arguments.keep)
        else:
            _up(arguments)
    except ControlPlaneError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _demo(*, keep: bool) -> int:
    from tests.controlplane.populate import populate_demo
    from tests.controlplane.screens import programs, show_screens

    print("starting a Kubernetes control plane and filling it (half a minute) ...", file=sys.stderr)
    with start_control_plane() as plane:
        populate_demo(plane)
        plane.bind_users("shop")
        went_well = show_screens(plane)
        if keep:
            print("The cluster stays up until Ctrl-C. In another terminal:")
            print(f"  export KUBECONFIG={plane.kubeconfigs[ADMIN]}")
            print(f'  export PATH="{programs()}:$PATH"')
            print("  kubectl inventory")
            print("With fewer rights:")
            for name, kubeconfig in plane.kubeconfigs.items():
                if name != ADMIN:
                    print(f"  export KUBECONFIG={kubeconfig}")
            sys.stdout.flush()
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
    print("The cluster is gone again." + ("" if keep else ' "make demo KEEP=1" keeps it up, to type at it yourself.'))
    return 0 if went_well else 1


def _up(arguments: Arguments) -> None:
    began = time.monotonic()
    with start_control_plane() as plane:
        plane.bind_users(_populate(plane, arguments))
        if arguments.kinds:
            from tests.controlplane.populate import populate_kinds

            populate_kinds(plane, arguments.kinds)
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
    if arguments.sick:
        from tests.controlplane.populate import populate_sick

        populate_sick(plane)
        return "crash-loop"
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
    demo = commands.add_parser("demo", help="start one, fill it, and show what the program prints")
    demo.add_argument("--keep", action="store_true", help="keep it up until Ctrl-C")
    up = commands.add_parser("up", help="start one and keep it up until Ctrl-C")
    population = up.add_mutually_exclusive_group()
    population.add_argument("--demo", action="store_true", help="fill it with a believable company")
    population.add_argument("--sick", action="store_true", help="fill it with sick and well objects, a namespace each")
    population.add_argument(
        "--scale", type=size, metavar="NxM", help="fill it with N namespaces of M pods each"
    )
    up.add_argument("--kinds", type=int, default=0, metavar="N", help="add N custom kinds, as operators bring them")
    return parser


def size(text: str) -> tuple[int, int]:
    """`100x50`: namespaces, and pods in each."""
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"not NxM: {text!r}")
    return int(found[1]), int(found[2])


def end_orderly() -> None:
    """Let the process end as after Ctrl-C, whoever ends it."""
    for ending in ENDINGS:
        signal.signal(ending, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # The end takes a moment, and an impatient second Ctrl-C must not cut it short.
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

"""The way in: `kubectl-inventory`, and `python -m kubectl_inventory`.

So small because Ctrl-C may come while all the rest is still being imported.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from typing import cast

_OBJECTS_BETWEEN_COLLECTIONS = 200_000
"""Neither modules nor rows are garbage: looking for cycles every 700 allocations is a seventh of the time of
importing, and of a list of 23,000 objects."""


def main() -> None:
    """Runs the program; never returns."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    try:
        _import_msgspec()
        from kubectl_inventory.command.program import main as run
    except KeyboardInterrupt:
        os._exit(130)
    run()


def _import_msgspec() -> None:
    """Imports msgspec without typing_extensions, which costs as much again: it wants from there what `typing` has.

    A release of it that cannot do without is imported later, as anything else is.
    """
    modules = cast("dict[str, object]", sys.modules)
    if "typing_extensions" in modules:
        return  # paid for already, by whatever Python loads at its start
    modules["typing_extensions"] = None  # to the import system: not there
    with contextlib.suppress(ImportError):
        __import__("msgspec")
    del modules["typing_extensions"]


def complete() -> None:
    """Answers kubectl's completion, which calls it `kubectl_complete-inventory`; never returns."""
    sys.argv.insert(1, "__complete")
    main()


if __name__ == "__main__":
    main()

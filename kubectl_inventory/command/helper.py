"""The helper that kubectl's completion asks, for those whose installer brings one file alone.

krew links `kubectl-inventory` and nothing else (kubernetes-sigs/krew#812).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from kubectl_inventory.errors import UsageError, reason_of

_EXECUTABLE = 0o755


def install_helper(directory: Path, program: str, *, platform: str = sys.platform) -> Iterator[str]:
    """Writes it; yields what to tell the user. Raises `UsageError` where it cannot, or another file is in its place."""
    prefix, _, name = program.partition(" ")
    if prefix != "kubectl" or not name:
        raise UsageError(
            f"{program} is not called as a plugin of kubectl is, so kubectl would not ask for its helper",
            hint='"kubectl inventory completion install-helper DIRECTORY"',
        )
    if platform == "win32":
        # kubectl would find a .cmd; but Go hands a batch file its words as they are, and of `a&b` it would run b.
        raise UsageError(
            "on Windows the helper has to be a program, and this one writes scripts",
            hint="pip and pipx put kubectl_complete-inventory.exe beside the program",
        )
    # A shell leaves the tilde of a quoted word where it is.
    directory = Path(os.path.expanduser(directory))
    plugin = name.replace("-", "_")
    path = directory / f"kubectl_complete-{plugin}"
    text = f'#!/bin/sh\nexec kubectl-{plugin} __complete "$@"\n'
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_text(encoding="utf-8", errors="replace") != text:
            hint = "remove it, or name another directory"
            raise UsageError(f"{path} is there already and is not this helper", hint=hint)
        path.write_text(text, encoding="utf-8")
        path.chmod(_EXECUTABLE)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {reason_of(error)}") from error
    yield f"{path}: written"
    if str(directory.absolute()) not in os.environ.get("PATH", "").split(os.pathsep):
        yield f"hint: {directory} is not on PATH, where kubectl looks for it"

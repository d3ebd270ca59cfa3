"""What this program calls itself."""

from __future__ import annotations

import sys

VERSION = "0.1.0"
"""The same as in setup.cfg: a test holds them together. Reading the installed metadata would cost 20 ms a run."""

_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64"}


def platform_name() -> str:
    """`linux/amd64`, as Go and krew name platforms."""
    if sys.platform == "win32":
        import platform

        system, machine = "windows", platform.machine()
    else:
        import os

        system, machine = sys.platform, os.uname().machine
    return f"{system}/{_MACHINES.get(machine, machine)}"


def user_agent() -> str:
    """What the API server's audit log shows."""
    return f"kubectl-inventory/v{VERSION} ({platform_name()})"

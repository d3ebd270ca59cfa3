"""Nobody has run the program on Windows. What can be told without one: no room, and no run, needs what POSIX alone has.

The program is told that it is on Windows, and Python's POSIX names are taken away from it; the libraries, which have
their own ways round, were loaded before. What Windows itself does otherwise, such as consoles, is not seen here.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import Typist

ONLY_POSIX_HAS = {
    "os": (
        "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "MFD_CLOEXEC", "fchmod", "fchown", "fork", "geteuid", "getgid",
        "getgroups", "getpgid", "getuid", "killpg", "memfd_create", "mkfifo", "openpty", "set_blocking", "setpgid",
        "setsid", "sysconf", "uname",
    ),
    "select": ("epoll", "poll", "POLLERR", "POLLHUP", "POLLIN", "POLLNVAL", "POLLOUT"),
    "signal": ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGUSR1", "SIGWINCH", "alarm"),
    "socket": ("AF_UNIX", "SO_REUSEPORT"),
    "time": ("tzset",),
}  # fmt: skip
"""Names that Python's documentation marks as Unix only, of the modules that this program uses."""

MODULES_ONLY_POSIX_HAS = ("fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty")

PROGRAM = f"""
import importlib, pkgutil, sys
import kubectl_inventory

rooms = [room.name for room in pkgutil.iter_modules(kubectl_inventory.__path__, "kubectl_inventory.")]
for room in [*rooms, "platform", "tempfile", "yaml"]:
    importlib.import_module(room)
for room in rooms:
    del sys.modules[room]
for module, names in {ONLY_POSIX_HAS!r}.items():
    for name in names:
        vars(importlib.import_module(module)).pop(name, None)
for module in {MODULES_ONLY_POSIX_HAS!r}:
    sys.modules[module] = None
sys.platform = "win32"
for room in rooms:
    importlib.import_module(room)
sys.argv[0] = "kubectl-inventory.exe"
sys.modules["kubectl_inventory.__main__"].main()
"""


def ported(*argv: str) -> list[str]:
    """The program's words, as they are typed where only Windows' names are there."""
    return [sys.executable, "-c", PROGRAM, *argv]


def test_every_room_is_imported_without_what_only_posix_has() -> None:
    done = subprocess.run(ported("--version"), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
    assert "windows/" in done.stdout


@pytest.mark.parametrize(
    "argv",
    [
        ["get", "--help"],
        ["policy", "init"],
        ["policy", "show"],
        ["get", "namespaces", "-o", "name"],
        ["get", "deploy,sts", "-n", "shop", "-o", "yaml", "--server", "https://127.0.0.1:1"],
        ["kinds", "-o", "csv"],
        ["get", "nothing-like-it"],
    ],
    ids=" ".join,
)
def test_a_run_is_the_same_without_what_only_posix_has(admin: Typist, argv: list[str]) -> None:
    here, there = admin.inventory(*argv), admin.type(*ported(*argv))

    assert (there.code, there.out) == (here.code, here.out)

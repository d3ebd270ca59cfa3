"""Nobody has run the program on Windows. What can be told without one: no room, and no run, needs what POSIX alone has.

The program is told that it is on Windows, and Python's POSIX names are taken away from it; the libraries, which have
their own ways round, were loaded before. Rules that only hold there are asked by themselves. What Windows itself does
otherwise is not seen here.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from kubectl_inventory.command.helper import install_helper
from kubectl_inventory.command.opening import home_on_windows
from kubectl_inventory.command.terminal import Terminal
from kubectl_inventory.errors import UsageError
from tests.conftest import Typist
from tests.reference.readme import ROOT

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

rooms = [room.name for room in pkgutil.walk_packages(kubectl_inventory.__path__, "kubectl_inventory.")]
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


# --- consoles ---------------------------------------------------------------


class Console(io.RawIOBase):
    """Keeps each write, as Python's own stream of a console does: UTF-8, and no part of a character.

    Its descriptor leads elsewhere: what is written there would be read in the console's code page.
    """

    def __init__(self, elsewhere: int) -> None:
        self.written: list[str] = []
        self._elsewhere = elsewhere

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._elsewhere

    def write(self, piece: object) -> int:
        assert isinstance(piece, bytes | bytearray | memoryview)
        content = bytes(piece)
        self.written.append(content.decode("utf-8"))
        return len(content)


def at_console(elsewhere: Path, *, platform: str, answer: str, line: str) -> Console:
    """What a run writes to a console: its answer, and a line for the person."""
    with elsewhere.open("wb") as stream:
        console = Console(stream.fileno())
        text = io.TextIOWrapper(io.BufferedWriter(console), encoding="utf-8", write_through=True)
        terminal = Terminal(text, text, {}, program="test", platform=platform)
        terminal.write(answer)
        terminal.flush()
        terminal.say(line)
        text.detach()
    return console


def test_a_console_is_written_to_in_characters_and_not_in_its_code_page(tmp_path: Path) -> None:
    answer, line = "größer 東京\n", "warning: möglich"

    there = at_console(tmp_path / "there", platform="win32", answer=answer, line=line)
    here = at_console(tmp_path / "here", platform="linux", answer=answer, line=line)

    assert (there.written, (tmp_path / "there").read_text(encoding="utf-8")) == ([answer, f"{line}\n"], "")
    assert (here.written, (tmp_path / "here").read_text(encoding="utf-8")) == ([], f"{answer}{line}\n")


@pytest.mark.parametrize("shift", range(3))
def test_a_long_line_is_not_cut_within_a_character(tmp_path: Path, shift: int) -> None:
    answer = "x" * shift + "東" * 5000 + "\n"

    console = at_console(tmp_path / "there", platform="win32", answer=answer, line="")

    assert "".join(console.written) == f"{answer}\n"


@pytest.mark.parametrize(
    ("platform", "environ", "coloured"),
    [
        ("win32", {}, False),
        ("win32", {"WT_SESSION": ""}, False),
        ("win32", {"WT_SESSION": "1"}, True),
        ("win32", {"WT_SESSION": "1", "NO_COLOR": ""}, False),
        ("win32", {"WT_SESSION": "1", "TERM": "dumb"}, False),
        ("linux", {}, True),
    ],
)
def test_colours_are_for_the_terminals_that_kubectl_has_them_for(
    tmp_path: Path, platform: str, environ: Mapping[str, str], coloured: bool
) -> None:
    with (tmp_path / "out").open("wb") as stream:
        text = io.TextIOWrapper(io.BufferedWriter(Console(stream.fileno())), encoding="utf-8")
        terminal = Terminal(text, text, environ, program="test", platform=platform)

    assert terminal.colours_answer == coloured


# --- where `~` is -----------------------------------------------------------

PLACES = {"HOME": "own", "HOMEPATH": "drive", "USERPROFILE": "profile"}


@pytest.mark.parametrize(
    ("named", "there", "configured", "found"),
    [
        ("HOME HOMEPATH USERPROFILE", "own drive profile", "", "own"),
        ("HOME HOMEPATH USERPROFILE", "own drive profile", "drive profile", "drive"),
        ("HOME HOMEPATH USERPROFILE", "own drive profile", "profile", "profile"),
        ("HOMEPATH USERPROFILE", "drive profile", "", "profile"),
        ("HOME HOMEPATH USERPROFILE", "drive", "", "drive"),
        ("HOMEPATH USERPROFILE", "", "", "profile"),
        ("HOMEPATH", "", "", "drive"),
        ("", "", "", "/nonexistent"),
    ],
)
def test_home_is_where_kubectl_finds_it(tmp_path: Path, named: str, there: str, configured: str, found: str) -> None:
    for folder in there.split():
        (tmp_path / folder).mkdir()
    for folder in configured.split():
        (tmp_path / folder / ".kube").mkdir()
        (tmp_path / folder / ".kube" / "config").touch()
    environ = {name: str(tmp_path / PLACES[name]) for name in named.split()}
    if "HOMEPATH" in environ:
        environ |= {"HOMEDRIVE": str(tmp_path), "HOMEPATH": "/drive"}

    assert home_on_windows(environ) == tmp_path / found


def test_home_is_rather_one_that_can_be_written_to(tmp_path: Path) -> None:
    own, profile = tmp_path / "own", tmp_path / "profile"
    own.mkdir(mode=0o500)
    profile.mkdir()

    assert home_on_windows({"HOME": str(own), "USERPROFILE": str(profile)}) == profile
    assert home_on_windows({"HOME": str(own)}) == own


def test_half_a_home_is_none() -> None:
    assert home_on_windows({"HOMEPATH": "/Users/a"}) == Path("/nonexistent")


# --- completion -------------------------------------------------------------


def test_no_helper_is_written_that_would_run_what_is_typed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=re.escape("on Windows the helper has to be a program")):
        list(install_helper(tmp_path, "kubectl inventory", platform="win32"))

    assert list(tmp_path.iterdir()) == []


# --- what a process that we start inherits from the bundle -------------------

HOOK = """
import os, runpy, sys, types

asked = []
kernel32 = types.SimpleNamespace(SetDllDirectoryW=asked.append)
sys.modules["ctypes"] = types.SimpleNamespace(windll=types.SimpleNamespace(kernel32=kernel32))
sys.platform = sys.argv[2]
os.environ.update(_PYI_ARCHIVE_FILE="a", LD_LIBRARY_PATH="/bundle", LD_LIBRARY_PATH_ORIG="/own", LIBPATH="/bundle")
runpy.run_path(sys.argv[1])
left = [name for name in os.environ if name.startswith(("_PYI_", "LD_LIBRARY_PATH", "LIBPATH"))]
print(asked, {name: os.environ[name] for name in left})
"""


@pytest.mark.parametrize(("platform", "asked"), [("win32", "[None]"), ("linux", "[]")])
def test_the_bundle_leaves_its_libraries_to_nobody(platform: str, asked: str) -> None:
    hook = ROOT / "krew" / "environment_hook.py"
    command = [sys.executable, "-c", HOOK, str(hook), platform]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout == f"{asked} {{'LD_LIBRARY_PATH': '/own'}}\n"

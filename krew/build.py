"""From the source to the archive for this platform: PyInstaller makes the folder, `archive` packs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from configparser import ConfigParser
from pathlib import Path

from krew.archive import pack
from krew.manifest import PackagingError, archive_name, this_platform

ROOT = Path(__file__).parents[1]
SPEC = Path(__file__).with_name("bundle.spec")
PROGRAM = "kubectl-inventory"
_NO_DATE = 315_532_800
"""1980-01-01, the first that a zip can hold: the date of what comes without a history."""


def version() -> str:
    """`v0.1.0`: setup.cfg's, with the v that krew and tags have."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return f"v{setup['metadata']['version']}"


def build(into: Path) -> Path:
    """Builds the archive for the platform that we run on, and gives its path."""
    into.mkdir(parents=True, exist_ok=True)
    archive = into / archive_name(version(), this_platform())
    with tempfile.TemporaryDirectory() as scratch:
        epoch = _epoch()
        folder = _bundle(Path(scratch), epoch)
        shutil.copy(ROOT / "LICENSE", folder)
        pack(folder, archive, epoch=epoch)
    return archive


def _bundle(scratch: Path, epoch: int) -> Path:
    """The folder that PyInstaller makes."""
    command = [
        sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN",
        "--distpath", str(scratch / "dist"), "--workpath", str(scratch / "work"), str(SPEC),
    ]  # fmt: skip
    # Sets are written in the order of their hashes, and what PyInstaller keeps from run to run belongs to nobody else.
    fixed = {
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(epoch),
        "PYINSTALLER_CONFIG_DIR": str(scratch / "kept"),
    }
    environment = {**os.environ, **fixed}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=scratch)
    if done.returncode != 0:
        raise PackagingError(f"PyInstaller failed:\n{done.stderr}")
    folder = scratch / "dist" / PROGRAM
    _without_framework(folder / "_internal")
    return folder


def _without_framework(internal: Path) -> None:
    """macOS's Python is a framework, a folder of links to one library: the library alone is what runs."""
    library, framework = internal / "Python", internal / "Python.framework"
    if framework.is_dir():
        content = library.read_bytes()
        library.unlink()
        library.write_bytes(content)
        library.chmod(0o755)
        shutil.rmtree(framework)


def _epoch() -> int:
    """When the archive's files are from: SOURCE_DATE_EPOCH, else the last commit's time."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        if not given.isdecimal():
            raise PackagingError(f"SOURCE_DATE_EPOCH is {given!r}, not a number of seconds")
        return int(given)
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return _NO_DATE
    return int(said) if said else _NO_DATE

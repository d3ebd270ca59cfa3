"""`python -m krew`: build an archive, fill the manifest, check both."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from krew.archive import read_archive, sha256_of
from krew.build import ROOT, build, version
from krew.manifest import NO_SUM, PLATFORMS, Manifest, PackagingError, filled, read_manifest, this_platform
from krew.root import KrewRoot
from krew.rules import Named, Offered, archive_faults, manifest_faults

ARCHIVES = "kubectl-inventory_*.tar.gz"


def main(argv: Sequence[str]) -> int:
    """What was typed: 0 if it was done and nothing was found, 1 if not."""
    typed = _parser().parse_args(argv)
    try:
        match typed.command:
            case "build":
                return _build(typed.into)
            case "manifest":
                return _fill(typed.manifest, typed.version, typed.archives, is_release=typed.release)
            case _:
                return _check(typed.manifest, typed.archives, runs=typed.run)
    except PackagingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m krew", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="the archive for this platform")
    building.add_argument("--into", type=Path, default=ROOT / "dist", help="the folder that it is put into")
    filling = commands.add_parser("manifest", help="write version, uri and sha256 into the manifest")
    filling.add_argument("--version", required=True, help="vX.Y.Z, the one in setup.cfg")
    filling.add_argument("--release", action="store_true", help="fail unless there is an archive for each platform")
    checking = commands.add_parser("check", help="name every rule of krew's that is broken")
    checking.add_argument("--run", action="store_true", help="also install this platform's, run it, and remove it")
    for command in (filling, checking):
        command.add_argument("--manifest", type=Path, default=ROOT / "plugin.yaml")
        command.add_argument("--archives", type=Path, default=ROOT / "dist", help="the folder that they are in")
    return parser


def _build(into: Path) -> int:
    archive = build(into)
    print(f"{archive}: {archive.stat().st_size / 1e6:.1f} MB, sha256 {sha256_of(archive)}")
    return 0


def _fill(path: Path, wanted: str, folder: Path, *, is_release: bool) -> int:
    if wanted != version():
        raise PackagingError(f"the version is {version()} (setup.cfg), not {wanted}")
    sums = {archive.name: sha256_of(archive) for archive in sorted(folder.glob(ARCHIVES))}
    text = filled(path.read_text(encoding="utf-8"), wanted, sums)
    missing = [entry.archive_name for entry in read_manifest(text).spec.platforms if entry.sha256 == NO_SUM]
    if is_release and missing:
        raise PackagingError(f"not built: {', '.join(missing)}")
    if is_release and "/OWNER/" in text:
        raise PackagingError(f"{path.name} says OWNER where the publisher's name belongs (krew/README.md)")
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"{path}: {wanted}, {len(PLATFORMS) - len(missing)} of {len(PLATFORMS)} archives")
    for name in missing:
        print(f"  not built: {name}")
    return 0


def _check(path: Path, folder: Path, *, runs: bool) -> int:
    text = path.read_text(encoding="utf-8")
    manifest = read_manifest(text)
    found = [f"{path.name}: {fault}" for fault in manifest_faults(Named(path.name, manifest))]
    entries = {entry.archive_name: entry for entry in manifest.spec.platforms}
    archives = sorted(folder.glob(ARCHIVES))
    for archive in archives:
        if archive.name not in entries:
            found.append(f"{archive.name}: not in the manifest")
        else:
            offered = Offered(entries[archive.name], read_archive(archive))
            found += [f"{archive.name}: {fault}" for fault in archive_faults(offered)]
    for line in found:
        print(line)
    if not archives:
        raise PackagingError(f"no archive in {folder}: make dist builds one")
    if not found:
        print(f"no rule is broken by {path.name} and {len(archives)} of {len(PLATFORMS)} archives")
        if runs:
            _run(manifest, text, folder)
    return 1 if found else 0


def _run(manifest: Manifest, text: str, folder: Path) -> None:
    """Installs this platform's archive into a root that goes away, and runs it through the link."""
    with tempfile.TemporaryDirectory() as base:
        root = KrewRoot(Path(base), on=this_platform())
        name = next(
            entry.archive_name for entry in manifest.spec.platforms if this_platform() in entry.matching()
        )
        link = root.install(manifest, text, folder / name)
        environment = {name: os.environ[name] for name in ("SystemRoot", "HOME") if name in os.environ}
        said = subprocess.run([str(link), "version"], env=environment, capture_output=True, text=True, check=False)
        root.uninstall(manifest)
        if said.returncode != 0 or manifest.spec.version not in said.stdout or root.left():
            raise PackagingError(f"installed, it says {said.stdout}{said.stderr}; left behind: {root.left()}")
        print(f"installed and removed: {said.stdout.strip()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

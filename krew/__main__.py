"""`python -m krew`: build an archive, fill the manifest, check both."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from krew.archive import read_archive, sha256_of
from krew.build import ROOT, build, version
from krew.manifest import (
    NO_SUM,
    PLATFORMS,
    Manifest,
    OsArch,
    PackagingError,
    archive_name,
    filled,
    read_manifest,
    this_platform,
    without_comments,
)
from krew.root import KrewRoot, entry_for
from krew.rules import Named, Offered, archive_faults, manifest_faults
from krew.trial import tried

MANIFEST = ROOT / "plugin.yaml"
DIST = ROOT / "dist"


def main(argv: Sequence[str]) -> int:
    """What was typed: 0 if it was done and nothing was found, 1 if not."""
    typed = _parser().parse_args(argv)
    try:
        match typed.command:
            case "build":
                return _build(typed.dist)
            case "manifest":
                return _fill(typed.manifest, typed.version, typed.dist, is_release=typed.release)
            case _:
                return _check(typed.manifest or typed.dist / MANIFEST.name, typed.dist, runs=typed.run)
    except PackagingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m krew", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="the archive for this platform, into dist")
    filling = commands.add_parser(
        "manifest", help="put the version into plugin.yaml, and write dist/plugin.yaml with the sums of dist's archives"
    )
    filling.add_argument("--version", help="vX.Y.Z, the one in setup.cfg (default: that one)")
    filling.add_argument("--release", action="store_true", help="write what an index takes, with every archive's sum")
    filling.add_argument("--manifest", type=Path, default=MANIFEST, help="the repository's")
    checking = commands.add_parser("check", help="name every rule of krew's that is broken")
    checking.add_argument("--run", action="store_true", help="also install this platform's, run it, and remove it")
    checking.add_argument("--manifest", type=Path, help="one with sums (default: dist/plugin.yaml)")
    for command in (building, filling, checking):
        command.add_argument("--dist", type=Path, default=DIST, help="the folder of archives")
    return parser


def _build(dist: Path) -> int:
    archive = build(dist)
    print(f"{archive}: {archive.stat().st_size / 1e6:.1f} MB, sha256 {sha256_of(archive)}")
    return 0


def _fill(path: Path, wanted: str | None, dist: Path, *, is_release: bool) -> int:
    """The repository's manifest, which has no sums, is kept in step; what is written into dist has those of dist."""
    if wanted == "":
        raise PackagingError(f"which version? make manifest VERSION={version()} is that of setup.cfg")
    if wanted is not None and wanted != version():
        raise PackagingError(f"the version is {version()} (setup.cfg), not {wanted}")
    text = filled(path.read_text(encoding="utf-8"), version(), {})
    path.write_text(text, encoding="utf-8", newline="\n")
    print(f"{path}: {version()}")
    archives = _archives(dist, version())
    text = filled(text, version(), {archive.name: sha256_of(archive) for archive in archives})
    missing = [entry.archive_name for entry in read_manifest(text).spec.platforms if entry.sha256 == NO_SUM]
    if is_release and missing:
        raise PackagingError(f"not built: {', '.join(missing)}")
    if is_release and "/OWNER/" in text:
        raise PackagingError(f"{path.name} says OWNER where the publisher's name belongs (krew/README.md)")
    if not archives:
        print(f"no archive of {version()} in {dist}: make dist builds one")
        return 0
    name = read_manifest(text).metadata.name
    target = dist / (f"{name}.yaml" if is_release else MANIFEST.name)
    target.write_text(without_comments(text) if is_release else text, encoding="utf-8", newline="\n")
    print(f"{target}: {len(PLATFORMS) - len(missing)} of {len(PLATFORMS)} archives")
    return _check(target, dist, runs=False)


def _archives(dist: Path, of_version: str) -> Sequence[Path]:
    """The archives of a version; older ones may lie beside them."""
    return sorted(dist.glob(archive_name(of_version, OsArch("*", "*"))))


def _check(path: Path, dist: Path, *, runs: bool) -> int:
    if not path.exists():
        raise PackagingError(f"no {path}: make dist manifest VERSION={version()} writes it")
    text = path.read_text(encoding="utf-8")
    manifest = read_manifest(text)
    found = [f"{path.name}: {fault}" for fault in manifest_faults(Named(path.name, manifest))]
    entries = {entry.archive_name: entry for entry in manifest.spec.platforms}
    archives = _archives(dist, manifest.spec.version)
    for archive in archives:
        if archive.name not in entries:
            found.append(f"{archive.name}: not in the manifest")
        else:
            offered = Offered(entries[archive.name], read_archive(archive))
            found += [f"{archive.name}: {fault}" for fault in archive_faults(offered)]
    for line in found:
        print(line)
    if not archives:
        raise PackagingError(f"no archive of {manifest.spec.version} in {dist}: make dist builds one")
    if not found:
        print(f"no rule is broken by {path.name} and {len(archives)} of {len(PLATFORMS)} archives")
        if runs:
            _run(manifest, text, dist)
    return 1 if found else 0


def _run(manifest: Manifest, text: str, dist: Path) -> None:
    """Installs this platform's archive into a root that goes away, and runs it through the link."""
    with tempfile.TemporaryDirectory() as base:
        root = KrewRoot(Path(base), on=this_platform())
        link = root.install(manifest, text, dist / entry_for(manifest, this_platform()).archive_name)
        for said in tried(link, manifest.spec.version):
            print(said)
        root.uninstall(manifest)
        if root.left():
            raise PackagingError(f"left behind: {root.left()}")
        print("installed, tried and removed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

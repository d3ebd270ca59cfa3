"""A krew root: installs, upgrades and removes a plugin as krew does (internal/installation).

The same folders, the same link and the same order, without a download: what is in the
archive is unpacked, what `files` names is moved into the store, and `bin` is linked.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from krew.archive import read_archive, read_contents
from krew.manifest import Manifest, OsArch, PackagingError, Platform
from krew.rules import Named, Offered, archive_faults, installed, manifest_faults


class KrewRoot:
    """What `KREW_ROOT` names."""

    def __init__(self, base: Path, *, on: OsArch) -> None:
        self._on = on
        self.bin = base / "bin"
        """What krew asks people to put on PATH."""
        self._store = base / "store"
        self._receipts = base / "receipts"
        for folder in (self.bin, self._store, self._receipts):
            folder.mkdir(parents=True, exist_ok=True)

    def install(self, manifest: Manifest, text: str, archive: Path) -> Path:
        """Installs a plugin that is not there; gives the link that kubectl finds. `text` is the manifest's."""
        if self._receipt(manifest).exists():
            raise PackagingError(f"{manifest.metadata.name} is installed already")
        return self._put(manifest, text, archive)

    def upgrade(self, manifest: Manifest, text: str, archive: Path) -> Path:
        """Installs another version beside the one that is there, moves the link, and removes the old one."""
        if not self._receipt(manifest).exists():
            raise PackagingError(f"{manifest.metadata.name} is not installed")
        link = self._put(manifest, text, archive)
        for version in (self._store / manifest.metadata.name).iterdir():
            if version.name != manifest.spec.version:
                shutil.rmtree(version)
        return link

    def uninstall(self, manifest: Manifest) -> None:
        """Removes a plugin."""
        self._link(manifest).unlink()
        shutil.rmtree(self._store / manifest.metadata.name)
        self._receipt(manifest).unlink()

    def left(self) -> list[Path]:
        """All that is in it, but for the folders that it began with."""
        return sorted(path for folder in (self.bin, self._store, self._receipts) for path in folder.rglob("*"))

    def _put(self, manifest: Manifest, text: str, archive: Path) -> Path:
        faults = manifest_faults(Named(f"{manifest.metadata.name}.yaml", manifest))
        if faults:
            raise PackagingError(f"the manifest is not valid: {'; '.join(map(str, faults))}")
        platform = entry_for(manifest, self._on)
        offered = Offered(platform, read_archive(archive))
        faults = archive_faults(offered)
        if faults:
            raise PackagingError(f"{archive.name} cannot be installed: {'; '.join(map(str, faults))}")
        contents = read_contents(archive)
        folder = self._store / manifest.metadata.name / manifest.spec.version
        for path, entry in installed(offered).items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(contents[entry.name])
            target.chmod(entry.mode)
        link = self._link(manifest)
        link.unlink(missing_ok=True)
        link.symlink_to(folder / platform.bin)
        self._receipt(manifest).write_text(text, encoding="utf-8")
        return link

    def _link(self, manifest: Manifest) -> Path:
        # kubectl finds `a-b` as kubectl-a_b.
        suffix = ".exe" if self._on.os == "windows" else ""
        return self.bin / f"kubectl-{manifest.metadata.name.replace('-', '_')}{suffix}"

    def _receipt(self, manifest: Manifest) -> Path:
        return self._receipts / f"{manifest.metadata.name}.yaml"


def entry_for(manifest: Manifest, on: OsArch) -> Platform:
    """What krew takes on a platform. Raises `PackagingError` where there is nothing for it."""
    for entry in manifest.spec.platforms:
        if entry.selector is not None and entry.selector.matches(on):
            return entry
    raise PackagingError(f"{manifest.metadata.name} is not offered for {on}")


"""The manifest: what krew reads of it, which platforms there are, and how it is filled.

Knows the file's text as well as its meaning: filling it changes three fields and no
comment. Knows nothing of what is in an archive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from kubectl_inventory.version import platform_name


class PackagingError(Exception):
    """What stands in the way, in one line."""


class OsArch(msgspec.Struct, frozen=True, order=True):
    """A platform as Go and krew name it: `linux/amd64`."""

    os: str
    arch: str

    def __str__(self) -> str:
        return f"{self.os}/{self.arch}"


PLATFORMS = (
    OsArch("linux", "amd64"),
    OsArch("linux", "arm64"),
    OsArch("darwin", "amd64"),
    OsArch("darwin", "arm64"),
    OsArch("windows", "amd64"),
)
"""What is released."""

KNOWN_TO_KREW = (
    *(OsArch("windows", arch) for arch in ("386", "amd64", "arm64")),
    *(OsArch("linux", arch) for arch in ("386", "amd64", "arm", "arm64", "ppc64le")),
    *(OsArch("darwin", arch) for arch in ("386", "amd64", "arm64")),
)
"""krew, cmd/validate-krew-manifest."""

NO_SUM = "0" * 64
"""Stands for the sum of an archive that has not been built: no archive has it."""


class Requirement(msgspec.Struct, frozen=True):
    """One of a selector's `matchExpressions`."""

    key: str
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()

    def is_met_by(self, labels: Mapping[str, str]) -> bool:
        """As Kubernetes has it: a label that is not there is not in any list."""
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels


class Selector(msgspec.Struct, frozen=True, rename="camel"):
    """Which platforms an entry is for, by the labels `os` and `arch`. `None` is not the same as empty."""

    match_labels: dict[str, str] | None = None
    match_expressions: tuple[Requirement, ...] | None = None

    def matches(self, asked: OsArch) -> bool:
        """Whether krew on that platform takes this entry."""
        labels = {"os": asked.os, "arch": asked.arch}
        wanted = (self.match_labels or {}).items()
        return wanted <= labels.items() and all(
            requirement.is_met_by(labels) for requirement in self.match_expressions or ()
        )


class FileOperation(msgspec.Struct, frozen=True):
    """What of the archive is installed, and where to."""

    from_: str = msgspec.field(name="from", default="")
    to: str = ""


EVERYTHING = (FileOperation("*", "."),)
"""What krew assumes where an entry has no `files`."""


class Platform(msgspec.Struct, frozen=True):
    """One entry of `platforms`."""

    uri: str = ""
    sha256: str = ""
    selector: Selector | None = None
    files: tuple[FileOperation, ...] | None = None
    bin: str = ""

    @property
    def archive_name(self) -> str:
        """The last part of its address."""
        return self.uri.rpartition("/")[2]

    def matching(self) -> Sequence[OsArch]:
        """The platforms known to krew that take this entry."""
        return [known for known in KNOWN_TO_KREW if self.selector is not None and self.selector.matches(known)]


class Spec(msgspec.Struct, frozen=True, rename="camel"):
    """The `spec`."""

    version: str = ""
    homepage: str = ""
    short_description: str = ""
    description: str = ""
    caveats: str = ""
    platforms: tuple[Platform, ...] = ()


class Metadata(msgspec.Struct, frozen=True):
    """The `metadata`."""

    name: str = ""


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """A krew manifest. Fields that krew does not know it does not refuse, and neither do we."""

    api_version: str = ""
    kind: str = ""
    metadata: Metadata = Metadata()
    spec: Spec = Spec()


def read_manifest(text: str) -> Manifest:
    """Raises `PackagingError` for what krew could not decode."""
    try:
        return msgspec.yaml.decode(text, type=Manifest)
    except msgspec.DecodeError as error:
        raise PackagingError(f"the manifest cannot be read: {error}") from error


def this_platform() -> OsArch:
    """The one that we run on, which is the one that can be built for."""
    return OsArch(*platform_name().split("/"))


def archive_name(version: str, built: OsArch) -> str:
    """`kubectl-inventory_v0.1.0_linux_amd64.tar.gz`. krew-index's bot is told the same in .krew.yaml."""
    return f"kubectl-inventory_{version}_{built.os}_{built.arch}.tar.gz"


def filled(text: str, version: str, sums: Mapping[str, str]) -> str:
    """The manifest's text for a version: its addresses, and the sums of the archives by their names.

    An archive is found at the homepage's releases. One whose sum is not known gets `NO_SUM`.
    """
    manifest = read_manifest(text)
    addresses = [
        f"{manifest.spec.homepage}/releases/download/{version}/{archive_name(version, _only(entry))}"
        for entry in manifest.spec.platforms
    ]
    found = [sums.get(address.rpartition("/")[2], NO_SUM) for address in addresses]
    text = _with_values(text, "version", [version])
    text = _with_values(text, "uri", addresses)
    # In quotes: 64 digits alone would be a number.
    return _with_values(text, "sha256", [f'"{digest}"' for digest in found])


def without_comments(text: str) -> str:
    """The manifest's text for an index, where comments on how it was made are nobody's business."""
    return re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)


def _only(entry: Platform) -> OsArch:
    matching = entry.matching()
    if len(matching) != 1:
        raise PackagingError(f"an archive is for one platform, and {entry.bin} would be for {len(matching)}")
    return matching[0]


def _with_values(text: str, field: str, values: Sequence[str]) -> str:
    """The text with the field's values, one after another, and nothing else changed."""
    left = iter(values)
    written, count = re.subn(
        rf"^([ -]*{field}: *).*$", lambda found: found[1] + next(left, ""), text, flags=re.MULTILINE
    )
    if count != len(values):
        raise PackagingError(f"the manifest has {field} {count} times, not {len(values)}")
    return written

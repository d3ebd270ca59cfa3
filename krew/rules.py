"""What krew, and those who keep its index, ask of a manifest and an archive: one rule a function, with a name.

Read in krew's source (internal/index/validation, internal/installation, internal/download,
cmd/validate-krew-manifest) and its guide for developers, and tried with krew itself. Where
krew stops at the first fault, all are named here.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

import msgspec

from krew.archive import Archive, Entry
from krew.manifest import EVERYTHING, KNOWN_TO_KREW, NO_SUM, FileOperation, Manifest, Platform

API_VERSION = "krew.googlecontainertools.github.com/v1alpha2"
MOST_SHORT_CHARACTERS = 50
MOST_COLUMNS = 80

_NAME = re.compile(r"[\w-]+", re.ASCII)
_KEBAB_CASE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_REPEATED = ("kube-", "kubectl-", "kubernetes-")
_FORBIDDEN_ON_WINDOWS = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}
_SHA256 = re.compile(r"[a-f0-9]{64}")
_NUMBER = r"(?:0|[1-9]\d*)"
_WORDS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_WORDS})?(?:\+{_WORDS})?")
_LICENSES = {
    "license", "license.txt", "license.md", "licenses", "licenses.txt", "licenses.md", "copying", "copying.txt",
}  # fmt: skip
_OUR_FILE = "plugin.yaml"
"""What a manifest is called in a plugin's own repository; in an index it is called by the plugin's name."""


class Fault(msgspec.Struct, frozen=True):
    """A rule that is broken, and by what."""

    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


class Named(msgspec.Struct, frozen=True):
    """A manifest under the name of its file."""

    file_name: str
    manifest: Manifest


class Offered(msgspec.Struct, frozen=True):
    """An archive under the manifest's entry for it."""

    platform: Platform
    archive: Archive

    @property
    def is_for_windows(self) -> bool:
        """Where executables are told by their names."""
        return any(known.os == "windows" for known in self.platform.matching())


ManifestRule = Callable[[Named], Iterator[str]]
ArchiveRule = Callable[[Offered], Iterator[str]]


def manifest_faults(named: Named) -> list[Fault]:
    """What of a manifest breaks a rule, archives aside."""
    return [Fault(name, what) for name, rule in MANIFEST_RULES.items() for what in rule(named)]


def archive_faults(offered: Offered) -> list[Fault]:
    """What of an archive breaks a rule, or does not go with the manifest's entry for it."""
    return [Fault(name, what) for name, rule in ARCHIVE_RULES.items() for what in rule(offered)]


# --- the manifest ------------------------------------------------------------------------------


def _api_version(named: Named) -> Iterator[str]:
    if named.manifest.api_version != API_VERSION:
        yield f"apiVersion is {named.manifest.api_version!r}, and krew reads {API_VERSION} alone"


def _kind(named: Named) -> Iterator[str]:
    if named.manifest.kind != "Plugin":
        yield f"kind is {named.manifest.kind!r}, not Plugin"


def _name(named: Named) -> Iterator[str]:
    name = named.manifest.metadata.name
    if not _NAME.fullmatch(name) or name.lower() in _FORBIDDEN_ON_WINDOWS:
        yield f"{name!r} is no name for a plugin"


def _naming(named: Named) -> Iterator[str]:
    # What a program can tell of the naming guide; whether a name is specific and unique is for people.
    name = named.manifest.metadata.name
    if not _KEBAB_CASE.fullmatch(name):
        yield f"{name!r} is not in small letters, with hyphens between words"
    yield from (f"{name!r} begins with {begin}, as the command does" for begin in _REPEATED if name.startswith(begin))


def _file_name(named: Named) -> Iterator[str]:
    wanted = f"{named.manifest.metadata.name}.yaml"
    if named.file_name not in (wanted, _OUR_FILE):
        yield f"the file is called {named.file_name}, and an index wants {wanted}"


def _version(named: Named) -> Iterator[str]:
    if not _VERSION.fullmatch(named.manifest.spec.version):
        yield f"{named.manifest.spec.version!r} is no semantic version with a v, as v1.2.3"


def _short_description(named: Named) -> Iterator[str]:
    text = named.manifest.spec.short_description
    if not text or "\n" in text or "\r" in text or len(text) > MOST_SHORT_CHARACTERS:
        yield f"shortDescription has {len(text)} characters; it is to be one line of 1 to {MOST_SHORT_CHARACTERS}"


def _description(named: Named) -> Iterator[str]:
    lines = named.manifest.spec.description.splitlines()
    if not lines:
        yield "there is no description"
    yield from (f"{line[:20]}... is longer than {MOST_COLUMNS}" for line in lines if len(line) > MOST_COLUMNS)


def _homepage(named: Named) -> Iterator[str]:
    if not named.manifest.spec.homepage.startswith("https://"):
        yield f"homepage is {named.manifest.spec.homepage!r}, not an https address"


def _platforms(named: Named) -> Iterator[str]:
    if not named.manifest.spec.platforms:
        yield "there is no platform"


def _uri(named: Named) -> Iterator[str]:
    yield from (f"{where} has no uri" for where, entry in _entries(named) if not entry.uri)


def _sha256(named: Named) -> Iterator[str]:
    yield from (
        f"{where} has {entry.sha256!r}, not 64 digits in lower case"
        for where, entry in _entries(named)
        if not _SHA256.fullmatch(entry.sha256)
    )


def _bin(named: Named) -> Iterator[str]:
    yield from (f"{where} has no bin" for where, entry in _entries(named) if not entry.bin)


def _bin_exe(named: Named) -> Iterator[str]:
    for where, entry in _entries(named):
        if entry.bin and any(known.os == "windows" for known in entry.matching()) and not entry.bin.endswith(".exe"):
            yield f"{where} is for Windows, and {entry.bin} does not end in .exe"


def _files(named: Named) -> Iterator[str]:
    for where, entry in _entries(named):
        if entry.files == ():
            yield f"{where} has files: []; leave it out to install everything"
        if any(not operation.from_ or not operation.to for operation in entry.files or ()):
            yield f"{where} has an operation without from or to"


def _files_to(named: Named) -> Iterator[str]:
    for where, entry in _entries(named):
        for operation in entry.files or ():
            if operation.to and operation.to != posixpath.normpath(operation.to):
                yield f"{where} has to: {operation.to}, which is to be {posixpath.normpath(operation.to)}"


def _files_inside(named: Named) -> Iterator[str]:
    # krew looks where each file would go, and so would take an absolute path for one below the plugin's folder.
    for where, entry in _entries(named):
        for operation in entry.files or ():
            if operation.to.startswith(("..", "/")):
                yield f"{where} has to: {operation.to}, which leads out of the plugin's folder"


def _selector(named: Named) -> Iterator[str]:
    for where, entry in _entries(named):
        selector = entry.selector
        if selector is None or not (selector.match_labels or selector.match_expressions):
            yield f"{where} has no selector"
            continue
        keys = {*(selector.match_labels or {}), *(asked.key for asked in selector.match_expressions or ())}
        if selector.match_labels == {} or selector.match_expressions == () or keys - {"os", "arch"}:
            yield f"{where} has a selector that is not of os and arch alone"


def _selector_known(named: Named) -> Iterator[str]:
    for where, entry in _entries(named):
        if entry.selector is not None and not entry.matching():
            yield f"{where} is for no platform that krew knows"


def _selector_overlap(named: Named) -> Iterator[str]:
    for known in KNOWN_TO_KREW:
        entries = [where for where, entry in _entries(named) if known in entry.matching()]
        if len(entries) > 1:
            yield f"{' and '.join(entries)} are all for {known}"


def _entries(named: Named) -> Iterable[tuple[str, Platform]]:
    return ((f"platforms[{nth}]", entry) for nth, entry in enumerate(named.manifest.spec.platforms))


MANIFEST_RULES: Mapping[str, ManifestRule] = {
    "api-version": _api_version,
    "kind": _kind,
    "name": _name,
    "naming": _naming,
    "file-name": _file_name,
    "version": _version,
    "short-description": _short_description,
    "description": _description,
    "homepage": _homepage,
    "platforms": _platforms,
    "uri": _uri,
    "sha256": _sha256,
    "bin": _bin,
    "bin-exe": _bin_exe,
    "files": _files,
    "files-to": _files_to,
    "files-inside": _files_inside,
    "selector": _selector,
    "selector-known": _selector_known,
    "selector-overlap": _selector_overlap,
}


# --- an archive --------------------------------------------------------------------------------


def _format(offered: Offered) -> Iterator[str]:
    if offered.archive.format is None:
        yield "neither tar.gz nor zip"


def _sum(offered: Offered) -> Iterator[str]:
    wanted = offered.platform.sha256
    if wanted == NO_SUM:
        yield "the manifest does not know its sum"
    elif offered.archive.sha256 != wanted:
        yield f"its sum is {offered.archive.sha256[:12]}..., and the manifest says {wanted[:12]}..."


def _links(offered: Offered) -> Iterator[str]:
    # Of a tar krew refuses it; of a zip it becomes a text file.
    others = (entry for entry in offered.archive.entries if entry.kind == "other")
    yield from (f"{entry.name} is a link, or no file at all" for entry in others)


def _paths(offered: Offered) -> Iterator[str]:
    # Anywhere in it: `a..b` is suspicious, too.
    yield from (
        f"{entry.name} is a suspicious path"
        for entry in offered.archive.entries
        if ".." in entry.name or entry.name.startswith(("/", "\\"))
    )


def _twice(offered: Offered) -> Iterator[str]:
    # krew writes a file over another without cutting it, and macOS and Windows do not tell A from a.
    times = Counter(entry.name.lower() for entry in offered.archive.entries if entry.kind != "folder")
    yield from (f"{name} is there {count} times" for name, count in times.items() if count > 1)


def _files_match(offered: Offered) -> Iterator[str]:
    for operation, moved in _moves(offered):
        if not moved:
            yield f"nothing is left that matches from: {operation.from_}"


def _bin_there(offered: Offered) -> Iterator[str]:
    if offered.platform.bin not in installed(offered):
        yield f"{offered.platform.bin} is not installed"


def _bin_executable(offered: Offered) -> Iterator[str]:
    entry = installed(offered).get(offered.platform.bin)
    if entry is not None and not offered.is_for_windows and not entry.is_executable:
        yield f"{entry.name} has mode {entry.mode:04o}, so nobody can run it"


def _license(offered: Offered) -> Iterator[str]:
    if not any(posixpath.basename(name).lower() in _LICENSES for name in installed(offered)):
        yield "no LICENSE is installed"


def installed(offered: Offered) -> Mapping[str, Entry]:
    """The files that krew would install, by their paths below the plugin's folder."""
    return {path: entry for _, moved in _moves(offered) for path, entry in moved}


def _moves(offered: Offered) -> Iterator[tuple[FileOperation, Sequence[tuple[str, Entry]]]]:
    """Each of `files`, and what it takes. They are moved one after another: what one took is not there for the next."""
    left = list(offered.archive.entries)
    for operation in offered.platform.files or EVERYTHING:
        moved = list(_moved(operation, left))
        yield operation, moved
        taken = {entry for _, entry in moved}
        left = [entry for entry in left if entry not in taken]


def _moved(operation: FileOperation, entries: Sequence[Entry]) -> Iterator[tuple[str, Entry]]:
    """What one of `files` takes: what has that very name, else what matches it, with all that is below."""
    files = [(posixpath.normpath(entry.name), entry) for entry in entries if entry.kind == "file"]
    from_ = posixpath.normpath(operation.from_)
    exact = [(path, entry) for path, entry in files if path == from_ or path.startswith(f"{from_}/")]
    if exact:
        # A file or a folder by its name: `to` is what it is called from then on.
        name = posixpath.basename(from_) if posixpath.normpath(operation.to) == "." else operation.to
        yield from ((posixpath.normpath(name + path.removeprefix(from_)), entry) for path, entry in exact)
        return
    depth = from_.count("/") + 1
    for path, entry in files:
        parts = path.split("/")
        head = "/".join(parts[:depth])
        # Part by part, as no pattern of Go's matches across a slash.
        if len(parts) >= depth and all(map(fnmatchcase, head.split("/"), from_.split("/"))):
            yield posixpath.normpath(posixpath.join(operation.to, *parts[depth - 1 :])), entry


ARCHIVE_RULES: Mapping[str, ArchiveRule] = {
    "format": _format,
    "sum": _sum,
    "links": _links,
    "paths": _paths,
    "twice": _twice,
    "files-match": _files_match,
    "bin-there": _bin_there,
    "bin-executable": _bin_executable,
    "license": _license,
}

"""Installed through krew: its rules one by one, the archive that is built, and the program that comes out of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trustme
import yaml

from krew.archive import pack, read_archive, read_contents, sha256_of
from krew.build import ROOT, version
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
from krew.root import KrewRoot
from krew.rules import ARCHIVE_RULES, MANIFEST_RULES, Named, Offered, archive_faults, manifest_faults
from krew.trial import tried
from tests.conftest import BIN, Screen, Typist
from tests.controlplane.cluster import ControlPlane
from tests.live_api import Exchange, LiveApi
from tests.test_credentials import authority, id_token, provider_tls

__all__ = ["authority"]  # a fixture

PLUGIN = (ROOT / "plugin.yaml").read_text(encoding="utf-8")
MOST_BYTES = 20_000_000
HERE = this_platform()

# --- krew's rules --------------------------------------------------------------------------------


def a_manifest() -> dict[str, Any]:
    """One that breaks no rule, for one platform."""
    return {
        "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
        "kind": "Plugin",
        "metadata": {"name": "inventory"},
        "spec": {
            "version": "v1.2.3",
            "homepage": "https://example.com/kubectl-inventory",
            "shortDescription": "Say what there is",
            "description": "Says what there is.\n",
            "platforms": [a_platform()],
        },
    }


def a_platform(**fields: Any) -> dict[str, Any]:
    linux = {
        "selector": {"matchLabels": {"os": "linux", "arch": "amd64"}},
        "uri": "https://example.com/plugin.tar.gz",
        "sha256": "a" * 64,
        "bin": "kubectl-inventory",
    }
    return {**linux, **fields}


def faults_of(content: Mapping[str, Any], file_name: str = "inventory.yaml") -> set[str]:
    manifest = read_manifest(yaml.safe_dump(content))
    return {fault.rule for fault in manifest_faults(Named(file_name, manifest))}


def test_a_good_manifest_breaks_no_rule() -> None:
    assert faults_of(a_manifest()) == set()


BAD_MANIFESTS: list[tuple[str, dict[str, Any]]] = [
    ("api-version", {"apiVersion": "krew.googlecontainertools.github.com/v1alpha1"}),
    ("kind", {"kind": "Plugins"}),
    ("version", {"spec": {"version": "1.2.3"}}),
    ("version", {"spec": {"version": "v1.02.3"}}),
    ("version", {"spec": {"version": "v1.2"}}),
    ("short-description", {"spec": {"shortDescription": ""}}),
    ("short-description", {"spec": {"shortDescription": "two\nlines"}}),
    ("short-description", {"spec": {"shortDescription": "x" * 51}}),
    ("description", {"spec": {"description": ""}}),
    ("description", {"spec": {"description": "x" * 81}}),
    ("homepage", {"spec": {"homepage": ""}}),
    ("platforms", {"spec": {"platforms": []}}),
]
BAD_PLATFORMS: list[tuple[str, dict[str, Any]]] = [
    ("uri", {"uri": ""}),
    ("sha256", {"sha256": "A" * 64}),
    ("sha256", {"sha256": "a" * 63}),
    ("bin", {"bin": ""}),
    ("bin-exe", {"selector": {"matchLabels": {"os": "windows", "arch": "amd64"}}}),
    ("files", {"files": []}),
    ("files", {"files": [{"from": "*"}]}),
    ("files-to", {"files": [{"from": "*", "to": "./x"}]}),
    ("files-inside", {"files": [{"from": "lib/*", "to": "../../evil"}]}),
    ("files-inside", {"files": [{"from": "lib/*", "to": "/evil"}]}),
    ("selector", {"selector": None}),
    ("selector", {"selector": {"matchLabels": {"os": "linux", "libc": "glibc"}}}),
    ("selector-known", {"selector": {"matchLabels": {"os": "linux", "arch": "s390x"}}}),
]


@pytest.mark.parametrize(("rule", "changes"), BAD_MANIFESTS)
def test_a_manifest_that_breaks_a_rule_is_told_which(rule: str, changes: dict[str, Any]) -> None:
    good = a_manifest()

    assert rule in faults_of({**good, **changes, "spec": {**good["spec"], **changes.get("spec", {})}})


@pytest.mark.parametrize(("rule", "fields"), BAD_PLATFORMS)
def test_a_platform_that_breaks_a_rule_is_told_which(rule: str, fields: dict[str, Any]) -> None:
    good = a_manifest()
    bad = {**good, "spec": {**good["spec"], "platforms": [a_platform(**fields)]}}

    assert rule in faults_of(bad) <= {rule, "selector", "selector-known"}


def faults_of_name(name: str) -> set[str]:
    return faults_of({**a_manifest(), "metadata": {"name": name}}, f"{name}.yaml")


@pytest.mark.parametrize("name", ["a b", "", "ä", "con", "LPT1"])
def test_a_name_that_is_no_file_name_everywhere_is_refused(name: str) -> None:
    assert "name" in faults_of_name(name) <= {"name", "naming"}


@pytest.mark.parametrize("name", ["OpenSvc", "open_svc", "open--svc", "-open", "kube-inventory", "kubectl-inventory"])
def test_a_name_that_krews_index_would_not_take_is_told(name: str) -> None:
    assert faults_of_name(name) == {"naming"}


@pytest.mark.parametrize("name", ["inventory", "cluster-inventory", "kubescape", "k3s-x"])
def test_a_name_in_small_letters_and_hyphens_is_taken(name: str) -> None:
    assert faults_of_name(name) == set()


def test_a_manifest_is_called_by_the_plugins_name_or_lies_in_its_repository() -> None:
    found = {name: faults_of(a_manifest(), name) for name in ("inventory.yaml", "plugin.yaml", "other.yaml")}

    assert found == {"inventory.yaml": set(), "plugin.yaml": set(), "other.yaml": {"file-name"}}


def test_a_platform_is_offered_once() -> None:
    every = {"matchExpressions": [{"key": "os", "operator": "In", "values": ["linux", "darwin"]}]}
    good = a_manifest()
    bad = {**good, "spec": {**good["spec"], "platforms": [a_platform(), a_platform(selector=every)]}}

    assert faults_of(bad) == {"selector-overlap"}


def test_every_rule_of_a_manifest_has_a_test() -> None:
    tried = {rule for rule, _ in BAD_MANIFESTS + BAD_PLATFORMS} | {"name", "naming", "file-name", "selector-overlap"}

    assert tried == set(MANIFEST_RULES)


def a_tar(path: Path, *changes: tarfile.TarInfo, without: str = "", name: str = "kubectl-inventory") -> Path:
    """An archive that breaks no rule, but for what is added and left out."""
    members = [tarfile.TarInfo(name), tarfile.TarInfo("LICENSE"), tarfile.TarInfo("lib/a.so")]
    members[0].mode = 0o755
    with tarfile.open(path, "w:gz") as tar:
        for member in [*members, *changes]:
            if member.name != without:
                tar.addfile(member, io.BytesIO(b""))
    return path


def a_member(name: str, *, kind: bytes = tarfile.REGTYPE, mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.linkname = kind, mode, "LICENSE"
    return member


def a_zip(path: Path, *, mode: int = 0o100755) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        program = zipfile.ZipInfo("kubectl-inventory")
        program.external_attr = mode << 16
        archive.writestr(program, "")
        archive.writestr("LICENSE", "")
    return path


def rules_broken_by(path: Path, **fields: Any) -> set[str]:
    """Of an archive whose sum the manifest has right, unless another is given."""
    entry = a_platform(**{"sha256": sha256_of(path), **fields})
    content = {**a_manifest(), "spec": {**a_manifest()["spec"], "platforms": [entry]}}
    platform = read_manifest(yaml.safe_dump(content)).spec.platforms[0]
    return {fault.rule for fault in archive_faults(Offered(platform, read_archive(path)))}


def test_a_good_archive_breaks_no_rule(tmp_path: Path) -> None:
    found = [rules_broken_by(a_tar(tmp_path / "a.tar.gz")), rules_broken_by(a_zip(tmp_path / "a.zip"))]

    assert found == [set(), set()]


BAD_ARCHIVES: list[tuple[str, Callable[[Path], Path], dict[str, Any]]] = [
    ("sum", a_tar, {"sha256": "b" * 64}),
    ("sum", a_tar, {"sha256": NO_SUM}),
    ("links", lambda path: a_tar(path, a_member("link", kind=tarfile.SYMTYPE)), {}),
    ("links", lambda path: a_tar(path, a_member("hard", kind=tarfile.LNKTYPE)), {}),
    ("paths", lambda path: a_tar(path, a_member("../x")), {}),
    ("paths", lambda path: a_tar(path, a_member("a..b.txt")), {}),
    ("paths", lambda path: a_tar(path, a_member("/etc/x")), {}),
    ("twice", lambda path: a_tar(path, a_member("License")), {}),
    ("files-match", a_tar, {"files": [{"from": "*", "to": "."}, {"from": "docs/*", "to": "."}]}),
    ("files-match", a_tar, {"files": [{"from": "*", "to": "."}, {"from": "lib/*", "to": "."}]}),
    ("bin-there", a_tar, {"bin": "kubectl-other"}),
    ("bin-there", a_tar, {"files": [{"from": "LICENSE", "to": "."}]}),
    ("bin-executable", lambda path: a_tar(path, a_member("tool", mode=0o644)), {"bin": "tool"}),
    ("license", lambda path: a_tar(path, without="LICENSE"), {}),
    ("license", a_tar, {"files": [{"from": "kubectl-*", "to": "."}]}),
]


@pytest.mark.parametrize(("rule", "make", "fields"), BAD_ARCHIVES)
def test_an_archive_that_breaks_a_rule_is_told_which(
    tmp_path: Path, rule: str, make: Callable[[Path], Path], fields: dict[str, Any]
) -> None:
    assert rules_broken_by(make(tmp_path / "a.tar.gz"), **fields) == {rule}


def test_another_format_is_told_by_its_first_bytes_and_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:xz"):
        pass

    assert "format" in rules_broken_by(path)


@pytest.mark.parametrize(("mode", "rules"), [(0, {"bin-executable"}), (0o120755, {"links", "bin-there"})])
def test_a_zip_without_modes_or_with_links_is_told(tmp_path: Path, mode: int, rules: set[str]) -> None:
    assert rules_broken_by(a_zip(tmp_path / "a.zip", mode=mode)) == rules


@pytest.mark.parametrize("read", [read_archive, read_contents])
@pytest.mark.parametrize(
    "damaged",
    [lambda packed: packed[:40], lambda packed: packed[:10] + b"\xff" * 20 + packed[30:], lambda packed: b"PK\x03\x04"],
    ids=["cut off", "other bytes", "no zip"],
)
def test_a_damaged_archive_is_told_in_a_line(
    tmp_path: Path, damaged: Callable[[bytes], bytes], read: Callable[[Path], object]
) -> None:
    path = a_tar(tmp_path / "a.tar.gz")
    path.write_bytes(damaged(path.read_bytes()))

    with pytest.raises(PackagingError, match=r"^a\.tar\.gz cannot be unpacked: [^\n]+$"):
        read(path)


@pytest.mark.parametrize("read", [read_archive, read_contents])
def test_a_zip_of_no_known_version_is_told_in_a_line(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = a_zip(tmp_path / "a.zip")
    packed = bytearray(path.read_bytes())
    packed[packed.index(b"PK\x01\x02") + 6] = 255  # the version that is needed to extract, of the central directory
    path.write_bytes(packed)

    with pytest.raises(PackagingError, match=r"^a\.zip cannot be unpacked: [^\n]+$"):
        read(path)


@pytest.mark.parametrize("read", [read_archive, read_contents])
def test_an_archive_that_is_damaged_in_the_midst_of_a_file_is_told_in_a_line(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "numbers").write_text("\n".join(map(str, range(200_000))), encoding="utf-8")
    path = tmp_path / "a.tar.gz"
    pack(tmp_path / "files", path, epoch=1)
    packed, half = path.read_bytes(), path.stat().st_size // 2
    path.write_bytes(packed[:half] + b"\xff" * 99 + packed[half + 99 :])

    with pytest.raises(PackagingError, match=r"^a\.tar\.gz cannot be unpacked: [^\n]+$"):
        read(path)


def test_what_is_installed_is_what_was_judged_though_an_archive_ends_as_another(tmp_path: Path) -> None:
    path = a_tar(tmp_path / "a.tar.gz")
    path.write_bytes(path.read_bytes() + a_zip(tmp_path / "other.zip").read_bytes())

    assert zipfile.is_zipfile(path)
    assert set(read_contents(path)) == {entry.name for entry in read_archive(path).entries}


@pytest.mark.parametrize("to", ["../../evil", "/{}/evil"])
def test_nothing_is_installed_outside_of_the_root(tmp_path: Path, to: str) -> None:
    archive = a_tar(tmp_path / "a.tar.gz")
    files = [{"from": "*", "to": "."}, {"from": "lib/*", "to": to.format(tmp_path)}]
    entry = a_platform(sha256=sha256_of(archive), files=files)
    text = yaml.safe_dump({**a_manifest(), "spec": {**a_manifest()["spec"], "platforms": [entry]}})
    root = KrewRoot(tmp_path / "krew", on=OsArch("linux", "amd64"))

    with pytest.raises(PackagingError, match="files-inside"):
        root.install(read_manifest(text), text, archive)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "krew"]
    assert root.left() == []


def test_every_rule_of_an_archive_has_a_test() -> None:
    assert {rule for rule, _, _ in BAD_ARCHIVES} | {"format"} == set(ARCHIVE_RULES)


def test_the_same_files_are_packed_as_the_same_bytes(tmp_path: Path) -> None:
    packed = []
    for nth, names in enumerate((["b", "a", "run"], ["run", "a", "b"])):
        folder = tmp_path / str(nth)
        (folder / "lib").mkdir(parents=True, mode=0o700)
        for name in names:
            (folder / "lib" / name).write_text(name, encoding="utf-8")
            os.utime(folder / "lib" / name, (nth, nth))
        (folder / "lib" / "run").chmod(0o700 if nth else 0o755)
        (folder / "link").symlink_to("lib/a")
        pack(folder, tmp_path / f"{nth}.tar.gz", epoch=1)
        packed.append(tmp_path / f"{nth}.tar.gz")

    assert packed[0].read_bytes() == packed[1].read_bytes()
    assert [(entry.name, entry.kind, oct(entry.mode)) for entry in read_archive(packed[0]).entries] == [
        ("lib/a", "file", "0o644"),
        ("lib/b", "file", "0o644"),
        ("lib/run", "file", "0o755"),
        ("link", "file", "0o644"),
    ]


# --- the manifest --------------------------------------------------------------------------------


def test_the_manifest_is_in_step_with_the_version_and_offers_every_platform() -> None:
    manifest = read_manifest(PLUGIN)
    names = [entry.archive_name for entry in manifest.spec.platforms]

    assert filled(PLUGIN, version(), {}) == PLUGIN
    assert manifest_faults(Named("plugin.yaml", manifest)) == []
    assert [known for entry in manifest.spec.platforms for known in entry.matching()] == list(PLATFORMS)
    assert names == [archive_name(version(), built) for built in PLATFORMS]


def test_who_installs_it_is_told_how_to_complete_it() -> None:
    typed = re.findall(r"^ *(kubectl inventory .*)$", read_manifest(PLUGIN).spec.caveats, re.MULTILINE)

    assert typed == ["kubectl inventory completion install-helper ~/.local/bin"]


def test_the_readmes_type_the_version_that_there_is() -> None:
    typed = {
        found
        for page in (ROOT / "README.md", ROOT / "krew" / "README.md")
        for found in re.findall(r"(?:VERSION=|inventory_)(v\d+\.\d+\.\d+)", page.read_text(encoding="utf-8"))
    }

    assert typed == {version()}


def test_the_bot_would_make_the_same_manifest() -> None:
    def as_the_bot_does(found: re.Match[str]) -> str:
        return f'uri: {found[1]}\n    sha256: "{NO_SUM}"'

    template = (ROOT / ".krew.yaml").read_text(encoding="utf-8").replace("{{ .TagName }}", version())
    # Go's templates leave out what is between these, and the white space around.
    template = re.sub(r"\s*\{\{- /\*.*?\*/ -\}\}\s*", "", template, flags=re.DOTALL)
    made = re.sub(r'\{\{addURIAndSha "([^"]+)" \.TagName \}\}', as_the_bot_does, template)

    assert made == without_comments(PLUGIN)


def krew_py(*argv: str | Path) -> Screen:
    """Types `python -m krew ...`."""
    done = subprocess.run(
        [sys.executable, "-m", "krew", *argv], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return Screen(done.returncode, done.stdout, done.stderr)


class Desk:
    """A copy of the repository's manifest, and a folder of archives."""

    def __init__(self, base: Path) -> None:
        self.plugin, self.dist = base / "plugin.yaml", base / "dist"
        self.plugin.write_text(PLUGIN, encoding="utf-8")
        self.dist.mkdir()

    def fills(self, *argv: str) -> Screen:
        """What `make manifest` types."""
        return krew_py("manifest", *argv, "--manifest", self.plugin, "--dist", self.dist)

    def has_built(self, *platforms: OsArch, of: str = version()) -> list[Path]:
        """Archives that no rule is broken by, each of other bytes."""
        built = []
        for platform in platforms:
            name = "kubectl-inventory.exe" if platform.os == "windows" else "kubectl-inventory"
            path = a_tar(self.dist / archive_name(of, platform), a_member(f"{platform.os}-{platform.arch}"), name=name)
            built.append(path)
        return built

    def written(self, name: str) -> Manifest:
        """What it wrote beside the archives."""
        return read_manifest((self.dist / name).read_text(encoding="utf-8"))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_manifest_is_not_filled_for_another_version(desk: Desk) -> None:
    screen = desk.fills("--version", "v9.9.9")

    assert screen == Screen(1, "", f"error: the version is {version()} (setup.cfg), not v9.9.9\n")


def test_on_a_clean_clone_the_manifest_is_kept_in_step_and_nothing_else(desk: Desk) -> None:
    in_step = desk.plugin.read_text(encoding="utf-8")
    desk.plugin.write_text(in_step.replace(version(), "v0.0.1"), encoding="utf-8")

    screen = desk.fills("--version", version())

    said = f"{desk.plugin}: {version()}\nno archive of {version()} in {desk.dist}: make dist builds one\n"
    assert screen == Screen(0, said, "")
    assert desk.plugin.read_text(encoding="utf-8") == in_step
    assert list(desk.dist.iterdir()) == []


def test_sums_are_written_beside_the_archives_and_leave_the_repositorys_manifest_as_it_is(desk: Desk) -> None:
    linux, windows = desk.has_built(OsArch("linux", "amd64"), OsArch("windows", "amd64"))

    screen = desk.fills("--version", version())

    assert screen.code == 0, screen
    assert desk.plugin.read_text(encoding="utf-8") == PLUGIN
    sums = {entry.archive_name: entry.sha256 for entry in desk.written("plugin.yaml").spec.platforms}
    known = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (linux, windows)}
    assert sums == {archive_name(version(), platform): NO_SUM for platform in PLATFORMS} | known
    assert len(set(known.values())) == 2


def test_archives_of_another_version_are_in_nobodys_way(desk: Desk) -> None:
    desk.has_built(HERE, of="v0.0.1")
    (archive,) = desk.has_built(HERE)

    filled_in = desk.fills("--version", version())
    checked = krew_py("check", "--dist", desk.dist)

    assert (filled_in.code, checked.code) == (0, 0)
    assert archive.exists()
    assert checked.out == "no rule is broken by plugin.yaml and 1 of 5 archives\n"


def test_a_check_without_a_manifest_says_what_writes_it(desk: Desk) -> None:
    checked = krew_py("check", "--dist", desk.dist)

    hint = f"make dist manifest VERSION={version()} writes it"
    assert checked == Screen(1, "", f"error: no {desk.dist}/plugin.yaml: {hint}\n")


def test_a_platform_that_is_not_offered_has_nothing_to_be_tried(desk: Desk) -> None:
    desk.has_built(next(it for it in PLATFORMS if it != HERE))
    desk.fills()
    manifest = yaml.safe_load((desk.dist / "plugin.yaml").read_text(encoding="utf-8"))
    others = [it for it in manifest["spec"]["platforms"] if not it["uri"].endswith(archive_name(version(), HERE))]
    manifest["spec"]["platforms"] = others
    (desk.dist / "plugin.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")

    checked = krew_py("check", "--run", "--dist", desk.dist)

    assert (checked.code, checked.err) == (1, f"error: inventory is not offered for {HERE}\n")


def test_a_release_needs_every_archive(desk: Desk) -> None:
    desk.has_built(*PLATFORMS[1:])

    screen = desk.fills("--release")

    assert (screen.code, screen.err) == (1, f"error: not built: {archive_name(version(), PLATFORMS[0])}\n")


def test_a_release_needs_its_owner(desk: Desk) -> None:
    desk.has_built(*PLATFORMS)

    screen = desk.fills("--release")

    assert screen.code == 1
    assert screen.err == "error: plugin.yaml says OWNER where the publisher's name belongs (krew/README.md)\n"


def test_what_an_index_gets_has_every_sum_and_no_comment(desk: Desk) -> None:
    archives = desk.has_built(*PLATFORMS)
    desk.plugin.write_text(PLUGIN.replace("OWNER", "somebody"), encoding="utf-8")

    screen = desk.fills("--release")

    assert screen.code == 0, screen
    text = (desk.dist / "inventory.yaml").read_text(encoding="utf-8")
    sums = [entry.sha256 for entry in desk.written("inventory.yaml").spec.platforms]
    assert sums == [hashlib.sha256(path.read_bytes()).hexdigest() for path in archives]
    assert re.findall(r"^ *#.*|OWNER", text, re.MULTILINE) == []
    assert text.startswith("apiVersion: ")


# --- the release workflow ------------------------------------------------------------------------


def workflow_jobs() -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / "release.yaml").read_text(encoding="utf-8")
    jobs: dict[str, Any] = yaml.safe_load(text)["jobs"]
    return jobs


def actions_of(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [step for step in job["steps"] if "uses" in step]


def test_actions_are_pinned_by_commit_and_keep_no_token() -> None:
    actions = [step for job in workflow_jobs().values() for step in actions_of(job)]
    checkouts = [step for step in actions if step["uses"].startswith("actions/checkout@")]

    assert [step["uses"] for step in actions if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", step["uses"])] == []
    assert [step for step in checkouts if step.get("with") != {"persist-credentials": False}] == []


def test_who_may_publish_runs_no_code_but_the_publishing() -> None:
    writers = {name: job for name, job in workflow_jobs().items() if "write" in str(job.get("permissions"))}

    assert list(writers) == ["publish"]
    assert [step["uses"].partition("@")[0] for step in actions_of(writers["publish"])] == ["actions/download-artifact"]
    assert [step["run"].split()[:3] for step in writers["publish"]["steps"] if "run" in step] == [
        ["gh", "release", "create"]
    ]


def test_nothing_is_published_that_was_not_checked_and_the_tag_comes_first() -> None:
    jobs = workflow_jobs()

    def before(name: str) -> set[str]:
        needs = jobs[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else set(needs)
        return direct.union(*(before(other) for other in direct))

    first, *others = jobs
    assert [name for name in others if first not in before(name)] == []
    assert before("publish") == {"tag", "test", "archive", "bundle"}
    assert "publish" in before("index")
    assert [step["run"] for step in jobs["test"]["steps"] if "run" in step] == [".ci/run"]


def test_every_platform_is_built_on_a_machine_of_its_own() -> None:
    built = [entry["platform"] for entry in workflow_jobs()["archive"]["strategy"]["matrix"]["include"]]

    assert built == [str(platform) for platform in PLATFORMS]


# --- what is built -------------------------------------------------------------------------------


class Built(msgspec.Struct, frozen=True):
    """What `make dist` and `make manifest` leave."""

    archive: Path
    text: str

    @property
    def manifest(self) -> Manifest:
        return read_manifest(self.text)

    def called(self, name: str, newer: str = version()) -> Built:
        """The same archive under another name, or as another version."""
        text = re.sub(r"^  name: .*$", f"  name: {name}", self.text, flags=re.MULTILINE)
        return Built(self.archive, re.sub(r"^  version: .*$", f"  version: {newer}", text, flags=re.MULTILINE))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Built once for all tests, in about 20 s."""
    desk = Desk(tmp_path_factory.mktemp("built"))
    made = krew_py("build", "--dist", desk.dist)
    assert made.code == 0, made.err
    filled_in = desk.fills("--version", version())
    assert filled_in.code == 0, filled_in.err
    return Built(desk.dist / archive_name(version(), HERE), (desk.dist / "plugin.yaml").read_text(encoding="utf-8"))


def says_its_version() -> str:
    """What `kubectl inventory version` prints of what was built with the Python that runs the tests."""
    return f"kubectl-inventory {version()} (python {sys.version.split()[0]}, {HERE})\n"


@pytest.fixture(scope="session")
def plugins(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the link to the installed program, as krew has people put it on PATH."""
    root = KrewRoot(tmp_path_factory.mktemp("krew"), on=HERE)
    root.install(built.manifest, built.text, built.archive)
    return root.bin


class KrewUser(Typist):
    """Has kubectl and what krew installed, and no Python."""

    def __init__(self, home: Path, kubeconfig: Path | None, plugins: Path) -> None:
        super().__init__(home, kubeconfig)
        tools = home / "tools"
        tools.mkdir()
        (tools / "kubectl").symlink_to(BIN / "kubectl")
        self.path = f"{plugins}{os.pathsep}{tools}{os.pathsep}/usr/bin{os.pathsep}/bin"

    def environment(self, **more: str) -> dict[str, str]:
        return {**super().environment(), "PATH": self.path, **more}


@pytest.fixture
def krew_user(demo: ControlPlane, tmp_path: Path, plugins: Path) -> KrewUser:
    """May do everything."""
    return KrewUser(tmp_path, demo.kubeconfigs["admin"], plugins)


def test_the_archive_breaks_no_rule_is_small_and_runs(built: Built) -> None:
    checked = krew_py("check", "--run", "--dist", built.archive.parent)

    assert (checked.code, checked.err) == (0, "")
    assert checked.out.splitlines() == [
        "no rule is broken by plugin.yaml and 1 of 5 archives",
        f"version: 0, {says_its_version().rstrip()}",
        "policy check ~/policy.yaml: 0, ~/policy.yaml: no errors (kind names not checked: no cluster)",
        "get pods --server https://127.0.0.1:1: 1, error: cannot reach https://127.0.0.1:1 (context 127.0.0.1): "
        "connection refused",
        'get pods --kubeconfig ~/kubeconfig: 1, error: the login of user "expired" has expired, and could not be '
        "renewed (MaxRetryError)",
        "installed, tried and removed",
    ]
    assert built.archive.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize(
    ("missing", "typed"),
    [
        ("**/_ssl.*", "get pods --server"),
        ("**/_socket.*", "get pods --server"),
        ("http/*", "get pods --server"),
        ("yaml/*", "policy check"),
        ("kubernetes/**/*", "get pods --kubeconfig"),
        ("urllib3/**/*", "get pods --kubeconfig"),
    ],
)
def test_a_bundle_that_lacks_a_library_is_found_out(built: Built, tmp_path: Path, missing: str, typed: str) -> None:
    root = KrewRoot(tmp_path, on=HERE)
    link = root.install(built.manifest, built.text, built.archive)
    files = [path for path in (link.resolve().parent / "_internal").glob(missing) if path.is_file()]
    for path in files:
        path.unlink()

    assert files
    with pytest.raises(PackagingError, match=f"^{typed}"):
        list(tried(link, version()))


def test_the_same_source_is_built_as_the_same_bytes(built: Built, tmp_path: Path) -> None:
    again = krew_py("build", "--dist", tmp_path)

    assert again.code == 0, again.err
    assert (tmp_path / built.archive.name).read_bytes() == built.archive.read_bytes()


def test_the_filled_manifest_differs_from_the_repositorys_in_sums_alone(built: Built) -> None:
    assert filled(built.text, version(), {}) == PLUGIN
    digest = hashlib.sha256(built.archive.read_bytes()).hexdigest()
    assert [entry.sha256 for entry in built.manifest.spec.platforms if HERE in entry.matching()] == [digest]


def test_everything_of_the_program_is_in_the_bundle_and_no_model_of_kubernetes(built: Built) -> None:
    files = {entry.name for entry in read_archive(built.archive).entries}
    package = ROOT / "kubectl_inventory"
    ours = {f"_internal/{file.relative_to(ROOT).with_suffix('.pyc')}" for file in package.glob("**/[a-z]*.py")}
    unwanted = re.compile(r"_internal/kubernetes/(aio|client/(models|api))/(?!__init__)")

    assert ours - files == set()
    assert [name for name in files if unwanted.match(name)] == []


def test_kubectl_runs_it_through_the_link(krew_user: KrewUser) -> None:
    assert krew_user.inventory("version") == Screen(0, says_its_version(), "")


@pytest.mark.parametrize(
    "argv",
    [
        ["get", "namespaces", "-o", "name"],
        ["get", "namespaces", "-o", "yaml"],
        ["get", "namespaces", "-o", "markdown", "--show-labels"],
        ["kinds", "--exclude", "events"],
        ["policy", "show"],
        ["policy", "init"],
        ["health", "--help"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_it_answers_as_the_installed_program_does(admin: Typist, krew_user: KrewUser, argv: list[str]) -> None:
    def without_times(text: str) -> str:
        # The two are typed one after the other: ages, and when the answer was taken.
        return re.sub(r"\b(\d+[smh])+\b *|\b2\d{3}-\d\d-\d\dT[\d:]+Z", "", text)

    ours, theirs = krew_user.inventory(*argv), admin.inventory(*argv)

    assert (ours.code, without_times(ours.out)) == (theirs.code, without_times(theirs.out))


def test_it_runs_under_another_name_by_renaming_alone(built: Built, tmp_path: Path) -> None:
    root = KrewRoot(tmp_path / "krew", on=HERE)
    renamed = built.called("cluster-inventory")
    link = root.install(renamed.manifest, renamed.text, built.archive)
    user = KrewUser(tmp_path, None, root.bin)
    alone = link.with_name("cluster-inventory")
    alone.symlink_to(link.readlink())

    for typed in (["kubectl", "cluster-inventory"], [str(alone)]):
        name = " ".join([Path(word).name for word in typed])
        pages = [user.type(*typed, *words, "--help").out for words in ([], ["get"], ["policy", "check"])]
        wrong = user.type(*typed, "gett")
        assert [page.count("kubectl inventory") for page in pages] == [0, 0, 0]
        assert f"\n  {name} --by namespace" in pages[0]
        assert f"\n    {name} get -o name | wc -l" in pages[1]
        assert wrong.err.startswith(f'error: unknown command "gett" for "{name}"')


def test_an_upgrade_replaces_and_an_uninstall_leaves_nothing(built: Built, tmp_path: Path) -> None:
    root = KrewRoot(tmp_path / "krew", on=HERE)
    newer = built.called("inventory", "v9.0.0")
    root.install(built.manifest, built.text, built.archive)
    link = root.upgrade(newer.manifest, newer.text, built.archive)
    store = tmp_path / "krew" / "store" / "inventory"

    assert [folder.name for folder in store.iterdir()] == ["v9.0.0"]
    assert link.readlink() == store / "v9.0.0" / "kubectl-inventory"
    root.uninstall(newer.manifest)
    assert root.left() == []


# --- credentials, from the bundle ----------------------------------------------------------------


def logged_in_with(demo: ControlPlane, home: Path, **user: object) -> Path:
    """The administrator's kubeconfig, with other credentials."""
    config = yaml.safe_load(demo.kubeconfigs["admin"].read_text(encoding="utf-8"))
    for entry in config["users"]:
        entry["user"] = user
    path = home / "kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def admins_certificate(demo: ControlPlane) -> dict[str, str]:
    user = yaml.safe_load(demo.kubeconfigs["admin"].read_text(encoding="utf-8"))["users"][0]["user"]

    def content(name: str) -> str:
        inline = user.get(f"{name}-data")
        return base64.b64decode(inline).decode() if inline else Path(user[name]).read_text(encoding="utf-8")

    return {"clientCertificateData": content("client-certificate"), "clientKeyData": content("client-key")}


def test_an_exec_plugin_logs_in_and_finds_the_environment_that_kubectl_gives(
    demo: ControlPlane, tmp_path: Path, plugins: Path
) -> None:
    version = "client.authentication.k8s.io/v1"
    printed = {"apiVersion": version, "kind": "ExecCredential", "status": admins_certificate(demo)}
    (tmp_path / "credential.json").write_text(json.dumps(printed), encoding="utf-8")
    script = f"env -0 >{tmp_path}/$ENVIRONMENT; cat {tmp_path}/credential.json"
    login = {"apiVersion": version, "command": "sh", "args": ["-c", script], "interactiveMode": "Never"}
    user = KrewUser(tmp_path, logged_in_with(demo, tmp_path, exec=login), plugins)

    ours = user.inventory("get", "namespaces", "-o", "name", env={"ENVIRONMENT": "ours", "LD_LIBRARY_PATH": "/own"})
    theirs = user.type(
        "kubectl", "get", "namespaces", "-o", "name", env={"ENVIRONMENT": "theirs", "LD_LIBRARY_PATH": "/own"}
    )

    def environment(name: str) -> dict[str, str]:
        words = (tmp_path / name).read_text(encoding="utf-8").rstrip("\0").split("\0")
        found = dict(word.split("=", 1) for word in words)
        # What tells the two apart: which of them runs, what it was told to write, and kubectl's own path.
        return {key: found[key] for key in found.keys() - {"ENVIRONMENT", "KUBECTL_PATH", "KUBERNETES_EXEC_INFO", "_"}}

    assert (ours.code, sorted(ours.lines)) == (0, sorted(theirs.lines))
    assert environment("ours") == environment("theirs")


def test_an_expired_login_is_renewed(
    demo: ControlPlane, tmp_path: Path, plugins: Path, authority: trustme.CA
) -> None:
    renewed = id_token(3600)

    def answer(exchange: Exchange) -> None:
        if exchange.path == "/.well-known/openid-configuration":
            exchange.reply(body=json.dumps({"token_endpoint": f"{provider.url}/token"}).encode())
        else:
            reply = {"id_token": renewed, "refresh_token": "r1", "access_token": "a", "token_type": "Bearer"}
            exchange.reply(body=json.dumps(reply).encode())
            exchange.close()

    with LiveApi(answer, tls=provider_tls(authority)) as provider:
        config = {
            "client-id": "kubectl",
            "client-secret": "s",
            "id-token": id_token(-60),
            "refresh-token": "r1",
            "idp-issuer-url": provider.url,
            "idp-certificate-authority-data": base64.b64encode(authority.cert_pem.bytes()).decode(),
        }
        login = {"name": "oidc", "config": config}
        user = KrewUser(tmp_path, logged_in_with(demo, tmp_path, **{"auth-provider": login}), plugins)
        screen = user.inventory("get", "namespaces")
        asked = [exchange.path for exchange in provider.asked]

    assert asked == ["/.well-known/openid-configuration", "/token"]
    # The API server knows no such provider: that it refuses the new token is as far as this goes.
    assert (screen.code, screen.out) == (1, "")
    assert "expired" not in screen.err


# --- the real krew -------------------------------------------------------------------------------


@pytest.fixture
def krew() -> str:
    """krew itself, where KREW names it or PATH has it."""
    found = os.environ.get("KREW") or shutil.which("kubectl-krew") or shutil.which("krew")
    if not found:
        pytest.skip("no krew: KREW=path names one")
    return found


class KrewItself(KrewUser):
    """Types krew's own commands, at a root of its own with an index of its own, which krew will not do without."""

    def __init__(self, home: Path, krew: str, offered: str) -> None:
        self.base = home / "krew"
        self.krew = krew
        super().__init__(home, None, self.base / "bin")
        (home / "index" / "plugins").mkdir(parents=True)
        (home / "index" / "plugins" / "inventory.yaml").write_text(offered, encoding="utf-8")
        for argv in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
            subprocess.run(["git", "-C", str(home / "index"), *argv], check=True)
        self.does("index", "add", "local", str(home / "index"))

    def does(self, *argv: str) -> None:
        """A command of krew's that succeeds."""
        screen = self.type(self.krew, *argv, env={"KREW_ROOT": str(self.base), "KREW_NO_UPGRADE_CHECK": "1"})
        assert screen.code == 0, screen.err

    def is_offered(self, manifest: str) -> None:
        """The index has another version."""
        (self.base / "index" / "local" / "plugins" / "inventory.yaml").write_text(manifest, encoding="utf-8")

    def left(self) -> list[Path]:
        """What of plugins is in its root."""
        return [path for folder in ("bin", "store", "receipts") for path in (self.base / folder).rglob("*")]


def test_krew_itself_installs_and_removes_it(built: Built, krew: str, tmp_path: Path) -> None:
    user = KrewItself(tmp_path, krew, built.text)

    user.does("install", f"--manifest={built.archive.parent}/plugin.yaml", f"--archive={built.archive}")
    assert user.inventory("version") == Screen(0, says_its_version(), "")
    user.does("uninstall", "inventory")
    assert user.left() == []


def test_krew_itself_installs_it_by_what_the_readme_types(built: Built, krew: str, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(.*?)```", readme, re.DOTALL)
    (typed,) = [block.splitlines() for block in blocks if "krew install" in block]
    user = KrewItself(tmp_path, krew, built.text)
    (tmp_path / "tools" / "kubectl-krew").symlink_to(Path(krew).absolute())
    environment = {"KREW_ROOT": str(user.base), "KREW_NO_UPGRADE_CHECK": "1"}

    assert typed[0] == f"make dist manifest VERSION={version()}"
    (built.archive.parent / archive_name("v0.0.1", HERE)).touch()  # of another day
    clone = built.archive.parents[1]
    screen = user.type("sh", "-ec", "\n".join([f"cd {clone}", *typed[1:]]), env=environment)

    assert (screen.code, screen.out) == (0, says_its_version()), screen.err
    assert "kubectl inventory completion install-helper ~/.local/bin" in screen.err


def test_krew_itself_upgrades_it_from_an_index(built: Built, krew: str, tmp_path: Path) -> None:
    content = built.archive.read_bytes()

    with LiveApi(lambda exchange: exchange.reply(body=content)) as releases:
        here = Built(built.archive, built.text.replace("https://github.com/OWNER", releases.url))
        user = KrewItself(tmp_path, krew, here.text)
        user.does("install", "--no-update-index", "local/inventory")
        user.is_offered(here.called("inventory", "v9.0.0").text)
        user.does("upgrade", "--no-update-index", "inventory")

    assert [folder.name for folder in (user.base / "store" / "inventory").iterdir()] == ["v9.0.0"]
    assert user.inventory("version") == Screen(0, says_its_version(), "")
    user.does("uninstall", "inventory")
    assert user.left() == []


# --- wheel and sdist -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make wheel` builds, of a copy: a build leaves folders behind."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, source)
    for name in ("kubectl_inventory", "docs"):
        shutil.copytree(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_wheel_and_sdist_are_what_an_index_takes(distributions: Path) -> None:
    files = [f"kubectl_inventory-{version()[1:]}-py3-none-any.whl", f"kubectl_inventory-{version()[1:]}.tar.gz"]
    checked = subprocess.run(
        [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *files],
        capture_output=True,
        text=True,
        check=False,
        cwd=distributions,
    )

    assert checked.stdout.splitlines() == [f"Checking {file}: PASSED" for file in files]


def test_the_sdist_has_what_its_readme_leads_to(distributions: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#]+)", readme) if "://" not in link}
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}

    assert links
    assert links - names == set()
    assert not any(name.startswith("tests") for name in names)


def test_the_wheel_has_the_program_its_command_and_nothing_else(distributions: Path) -> None:
    with zipfile.ZipFile(next(distributions.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        commands = next(wheel.read(name).decode() for name in names if name.endswith("entry_points.txt"))

    files = [*(ROOT / "kubectl_inventory").glob("**/*.py"), ROOT / "kubectl_inventory" / "py.typed"]
    ours = {str(file.relative_to(ROOT)) for file in files}
    assert {name for name in names if ".dist-info/" not in name} == ours
    assert "kubectl-inventory = kubectl_inventory.__main__:main" in commands
    assert any(name.endswith("licenses/LICENSE") for name in names)

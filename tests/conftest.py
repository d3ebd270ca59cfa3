"""What every test shares: one control plane for the whole run, and a way to type commands at it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.controlplane.cluster import ControlPlane, start_control_plane
from tests.controlplane.populate import populate_demo, populate_scale

BIN = Path(sys.executable).parent
"""Where the program and the real kubectl are installed beside the running interpreter."""


class Screen(msgspec.Struct, frozen=True):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """stdout by lines."""
        return self.out.splitlines()


class Typist:
    """Types commands as one user of the cluster, with a home of its own and the real kubectl."""

    def __init__(self, home: Path, kubeconfig: Path | None) -> None:
        self.home = home
        self.kubeconfig = kubeconfig

    def environment(self, **more: str) -> dict[str, str]:
        """A clean environment: nothing of the machine's own kubeconfig or policy."""
        kubeconfig = {"KUBECONFIG": str(self.kubeconfig)} if self.kubeconfig is not None else {}
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8", **kubeconfig, **more}

    def type(self, *argv: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Screen:
        """Runs a command to its end: `type("kubectl", "inventory", "get", "pods")`."""
        done = subprocess.run(
            argv,
            env=self.environment(**(env or {})),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Screen(done.returncode, done.stdout, done.stderr)

    def inventory(self, *argv: str, env: Mapping[str, str] | None = None) -> Screen:
        """Types `kubectl inventory ...`, through the real kubectl."""
        return self.type("kubectl", "inventory", *argv, env=env)

    def kubectl(self, *argv: str) -> Screen:
        """Types another kubectl command."""
        return self.type("kubectl", *argv)


@contextmanager
def hanging(plane: ControlPlane) -> Iterator[None]:
    """Nothing answers, until the block is left."""
    plane.pause("kube-apiserver")
    try:
        yield
    finally:
        plane.resume("kube-apiserver")


@pytest.fixture(scope="session")
def demo() -> Iterator[ControlPlane]:
    """The control plane, filled with the demo cluster; context `demo`."""
    with start_control_plane() as plane:
        populate_demo(plane)
        plane.bind_users("shop")
        yield plane


@pytest.fixture(scope="session")
def scale(demo: ControlPlane) -> ControlPlane:
    """The same control plane with 100 namespaces of 50 pods more, about 22,000 objects. Tests that use it come last."""
    populate_scale(demo, namespaces=100, pods=50)
    return demo


@pytest.fixture
def admin(demo: ControlPlane, tmp_path: Path) -> Typist:
    """May do everything."""
    return Typist(tmp_path, demo.kubeconfigs["admin"])


@pytest.fixture
def viewer(demo: ControlPlane, tmp_path: Path) -> Typist:
    """Has the role `view` in the whole cluster: no Secrets, no nodes."""
    return Typist(tmp_path, demo.kubeconfigs["viewer"])


@pytest.fixture
def one_namespace(demo: ControlPlane, tmp_path: Path) -> Typist:
    """Has the role `view` in the namespace `shop` alone."""
    return Typist(tmp_path, demo.kubeconfigs["one-namespace"])


@pytest.fixture
def nobody(demo: ControlPlane, tmp_path: Path) -> Typist:
    """Has no rights at all."""
    return Typist(tmp_path, demo.kubeconfigs["nobody"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the large cluster comes last: it adds to the one that the others look at."""
    items.sort(key=lambda item: "scale" in getattr(item, "fixturenames", ()))

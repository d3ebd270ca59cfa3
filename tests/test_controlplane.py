"""The test control plane itself: real, with the rights it promises, and gone afterwards."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from tests.controlplane import cluster
from tests.controlplane.audit import AuditEvent, User, most_in_flight
from tests.controlplane.binaries import find_or_build, kubernetes_version
from tests.controlplane.client import AdminClient
from tests.controlplane.cluster import ControlPlane, start_control_plane
from tests.controlplane.errors import ControlPlaneError

REPOSITORY = Path(__file__).parents[1]
USER_AGENT = "kubectl-inventory/test"


class Version(msgspec.Struct, rename="camel"):
    git_version: str


class AccessStatus(msgspec.Struct):
    allowed: bool


class AccessReview(msgspec.Struct):
    status: AccessStatus


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with start_control_plane() as started:
        started.client.send("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
        started.bind_users("shop")
        yield started


@pytest.mark.skipif("KUBEBUILDER_ASSETS" in os.environ, reason="another version may be there")
def test_it_is_the_kubernetes_that_go_mod_names(plane: ControlPlane) -> None:
    version = msgspec.json.decode(plane.client.get("/version"), type=Version)
    assert version.git_version == kubernetes_version()


@pytest.mark.parametrize(
    ("user", "verb", "resource", "namespace", "allowed"),
    [
        ("viewer", "list", "pods", "", True),
        ("viewer", "list", "secrets", "", False),
        ("viewer", "delete", "pods", "shop", False),
        ("one-namespace", "list", "pods", "shop", True),
        ("one-namespace", "list", "pods", "", False),
        ("one-namespace", "list", "pods", "default", False),
        ("nobody", "list", "pods", "shop", False),
    ],
)
def test_each_user_has_the_promised_rights(
    plane: ControlPlane, user: str, verb: str, resource: str, namespace: str, allowed: bool
) -> None:
    asked = {"verb": verb, "resource": resource, "namespace": namespace}
    answer = plane.client.send(
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": asked},
        },
    )
    assert msgspec.json.decode(answer, type=AccessReview).status.allowed is allowed


def test_there_is_a_kubeconfig_for_each_user(plane: ControlPlane) -> None:
    assert set(plane.kubeconfigs) == {"admin", "viewer", "one-namespace", "nobody"}
    for kubeconfig in plane.kubeconfigs.values():
        text = kubeconfig.read_text()
        assert f"server: {plane.server}\n" in text
        assert "current-context: demo\n" in text


def test_the_audit_log_has_what_was_asked_after_the_mark_and_nothing_else(
    plane: ControlPlane,
) -> None:
    client = AdminClient(plane.server, plane.ca_file, plane.admin_token)
    client.get("/api/v1/pods", user_agent=USER_AGENT)
    mark = plane.audit.mark()
    client.get("/api/v1/namespaces/shop/secrets?limit=1", user_agent=USER_AGENT)
    client.get("/api/v1/services", user_agent="another program")
    client.get("/apis/example.invalid", user_agent=USER_AGENT, ok=(404,))

    secrets, unknown = plane.audit.since(mark)

    assert secrets.verb == "list"
    assert secrets.request_uri == "/api/v1/namespaces/shop/secrets?limit=1"
    assert secrets.user.username == "admin"
    assert secrets.object_ref is not None
    assert (secrets.object_ref.resource, secrets.object_ref.namespace) == ("secrets", "shop")
    assert secrets.object_ref.name == ""
    assert secrets.response_status is not None
    assert secrets.response_status.code == 200
    assert secrets.is_complete
    assert unknown.object_ref is None
    assert unknown.response_status is not None
    assert unknown.response_status.code == 404


def test_a_client_error_says_what_was_asked_and_what_was_answered(plane: ControlPlane) -> None:
    with pytest.raises(ControlPlaneError, match=r"GET /api/v1/nothing: 404 "):
        plane.client.get("/api/v1/nothing")


def test_a_paused_server_hangs_until_it_is_resumed(plane: ControlPlane) -> None:
    impatient = AdminClient(plane.server, plane.ca_file, plane.admin_token, timeout_seconds=0.2)
    plane.pause("kube-apiserver")
    try:
        with pytest.raises(ControlPlaneError, match="timed out"):
            impatient.get("/readyz")
    finally:
        plane.resume("kube-apiserver")
    assert plane.client.get("/livez") == b"ok"


def test_most_in_flight_counts_what_overlaps() -> None:
    assert most_in_flight([]) == 0
    assert most_in_flight([_event(0, 10), _event(10, 20), _event(20, 30)]) == 1
    assert most_in_flight([_event(0, 10), _event(5, 20), _event(9, 11)]) == 3
    # One that never ended is still in flight when the next comes.
    assert most_in_flight([_event(0, None), _event(50, 60)]) == 2


@pytest.mark.parametrize("failure", [None, RuntimeError, KeyboardInterrupt])
def test_nothing_is_left_behind(failure: type[BaseException] | None) -> None:
    seen: list[ControlPlane] = []
    try:
        with start_control_plane(controllers=False) as plane:
            seen.append(plane)
            # A paused program hears no signal but the last one.
            plane.pause("etcd")
            if failure is not None:
                raise failure
    except (RuntimeError, KeyboardInterrupt) as error:
        assert type(error) is failure
    (plane,) = seen
    assert not plane.directory.exists()
    assert not any(_is_running(process.pid) for process in plane.processes.values())


def test_a_start_that_fails_says_why_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = find_or_build()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        pytest.raises(ControlPlaneError, match=r"kube-apiserver ended with 1(.|\n)*--no-such-flag"),
        start_control_plane(apiserver_flags=["--no-such-flag"], binaries=binaries),
    ):
        pytest.fail("it started")
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_was_taken_meanwhile_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = cluster.free_ports
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address: tuple[str, int] = taken.getsockname()
        choices = iter([[*choose(2), address[1]], [address[1], *choose(2)], choose(3)])

        def choose_badly(_count: int) -> list[int]:
            return next(choices)

        monkeypatch.setattr(cluster, "free_ports", choose_badly)
        with start_control_plane(controllers=False) as plane:
            assert plane.client.get("/livez") == b"ok"
    assert next(choices, None) is None


def test_up_ends_with_ctrl_c_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.controlplane", "up"],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as up:
        assert up.stdout is not None
        lines: list[str] = []
        for line in up.stdout:
            lines.append(line)
            if line.startswith("export KUBECONFIG="):
                break
        up.send_signal(signal.SIGINT)
        assert up.wait(timeout=30) == 130
    assert Path(lines[-1].removeprefix("export KUBECONFIG=").rstrip()).name == "admin.kubeconfig"
    assert list(tmp_path.iterdir()) == []


def test_kubebuilder_assets_without_the_programs_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(ControlPlaneError, match="has no etcd"):
        find_or_build()


def test_kubebuilder_assets_are_used_instead_of_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    for name in ("etcd", "kube-apiserver"):
        (tmp_path / name).touch()
    found = find_or_build()
    assert found.etcd == (str(tmp_path / "etcd"),)
    assert found.kube_apiserver == (str(tmp_path / "kube-apiserver"),)
    assert found.kube_controller_manager is None
    assert found.kube_scheduler is None


def _event(received_ms: int, ended_ms: int | None) -> AuditEvent:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    received = start + timedelta(milliseconds=received_ms)
    return AuditEvent(
        audit_id=f"{received_ms}-{ended_ms}",
        stage="RequestReceived" if ended_ms is None else "ResponseComplete",
        verb="list",
        request_uri="/api/v1/pods",
        user=User(),
        request_received_timestamp=received,
        stage_timestamp=received if ended_ms is None else start + timedelta(milliseconds=ended_ms),
    )


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True

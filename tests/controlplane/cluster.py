"""A control plane on free loopback ports, in a directory that goes when it goes.

Knows the flags of etcd and of the three Kubernetes programs, and the order in
which they become ready.
"""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from tests.controlplane.audit import POLICY, AuditLog
from tests.controlplane.binaries import Binaries, find_or_build
from tests.controlplane.client import AdminClient
from tests.controlplane.credentials import (
    FRONT_PROXY,
    ONE_NAMESPACE,
    VIEWER,
    Credentials,
    issue_credentials,
    write_component_kubeconfig,
    write_kubeconfigs,
)
from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.process import PortTakenError, Process, end_all, log_tail

LOOPBACK = "127.0.0.1"
AUDIT_LOG = "audit.log"
CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"
READY_SECONDS = 120.0
POLL_SECONDS = 0.05
STARTS = 3
# Without kubelets no node ever renews its lease; these two would evict every pod.
CONTROLLERS = "*,-node-lifecycle-controller,-taint-eviction-controller"
RBAC_GROUP = "rbac.authorization.k8s.io"
RBAC = f"/apis/{RBAC_GROUP}/v1"


class _AccessStatus(msgspec.Struct):
    allowed: bool = False


class _AccessReview(msgspec.Struct):
    status: _AccessStatus


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane and the ways in."""

    server: str
    directory: Path
    ca_file: Path
    admin_token: str
    kubeconfigs: Mapping[str, Path]
    # An administrator whose requests the audit log leaves out.
    client: AdminClient
    audit: AuditLog
    processes: Mapping[str, Process]

    def bind_users(self, namespace: str = "shop") -> None:
        """Let `viewer` view everything, and `one-namespace` the existing `namespace` alone."""
        self.client.get(f"/api/v1/namespaces/{namespace}")
        self._bind("ClusterRoleBinding", f"{RBAC}/clusterrolebindings", VIEWER)
        self._bind("RoleBinding", f"{RBAC}/namespaces/{namespace}/rolebindings", ONE_NAMESPACE)
        if CONTROLLER_MANAGER in self.processes:
            # `view` is empty until the controller manager has added up its
            # rules, and the server's authorizer learns of both a little later.
            _wait_until(
                lambda: all(
                    _may_list_pods(self.client, user, namespace) for user in (VIEWER, ONE_NAMESPACE)
                ),
                f"the users may list pods in {namespace}",
                self.processes,
            )

    def pause(self, program: str) -> None:
        """Let `program`, such as etcd, hang until it is resumed."""
        self.processes[program].pause()

    def resume(self, program: str) -> None:
        """Let a paused program go on."""
        self.processes[program].resume()

    def _bind(self, kind: str, path: str, user: str) -> None:
        body = {
            "apiVersion": f"{RBAC_GROUP}/v1",
            "kind": kind,
            "metadata": {"name": user},
            "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": "view"},
            "subjects": [{"apiGroup": RBAC_GROUP, "kind": "User", "name": user}],
        }
        # Bound before is bound well: 409 says that it is there.
        self.client.send("POST", path, body, ok=(409,))


@contextmanager
def start_control_plane(
    *,
    controllers: bool = True,
    context_name: str = "demo",
    apiserver_flags: Sequence[str] = (),
    binaries: Binaries | None = None,
) -> Iterator[ControlPlane]:
    """A control plane that is ready; when the block is left, it is gone without a trace.

    Without `controllers` there is neither controller manager nor scheduler:
    quicker, and nothing changes by itself.
    """
    found = find_or_build() if binaries is None else binaries
    with ExitStack() as running:
        plane = _start_on_free_ports(running, found, controllers, context_name, apiserver_flags)
        yield plane


def _start_on_free_ports(
    running: ExitStack,
    binaries: Binaries,
    controllers: bool,
    context_name: str,
    apiserver_flags: Sequence[str],
) -> ControlPlane:
    attempts_left = STARTS
    while True:
        attempts_left -= 1
        with ExitStack() as attempt:
            try:
                plane = _start(attempt, binaries, controllers, context_name, apiserver_flags)
            except PortTakenError:
                if attempts_left == 0:
                    raise
                continue
            running.push(attempt.pop_all())
            return plane


def _start(
    running: ExitStack,
    binaries: Binaries,
    controllers: bool,
    context_name: str,
    apiserver_flags: Sequence[str],
) -> ControlPlane:
    """Start every program; `running` ends what was started, also when this fails halfway."""
    directory = Path(
        running.enter_context(tempfile.TemporaryDirectory(prefix="kubectl-inventory-controlplane-"))
    )
    processes: dict[str, Process] = {}
    running.callback(end_all, processes.values())

    def start(name: str, program: Sequence[str], flags: Sequence[str]) -> None:
        processes[name] = Process(name, [*program, *flags], directory)

    credentials = issue_credentials(directory)
    client_port, peer_port, port = free_ports(3)
    server = f"https://{LOOPBACK}:{port}"
    etcd = f"http://{LOOPBACK}:{client_port}"
    start("etcd", binaries.etcd, _etcd_flags(directory, etcd, f"http://{LOOPBACK}:{peer_port}"))
    start(
        "kube-apiserver",
        binaries.kube_apiserver,
        [*_apiserver_flags(directory, credentials, etcd, port, controllers), *apiserver_flags],
    )
    client = AdminClient(server, credentials.ca, credentials.tokens.harness)
    # Impatient, as what listens on that port may be another's, and mute.
    prober = AdminClient(server, credentials.ca, credentials.tokens.harness, timeout_seconds=1)
    _wait_until(lambda: _answers(prober, "/readyz"), "the API server is ready", processes)
    if controllers:
        manager, scheduler = binaries.kube_controller_manager, binaries.kube_scheduler
        if manager is None or scheduler is None:
            raise ControlPlaneError(
                f"no {CONTROLLER_MANAGER} and {SCHEDULER} beside {binaries.kube_apiserver[0]}"
            )
        start(CONTROLLER_MANAGER, manager, _manager_flags(directory, credentials, server))
        start(SCHEDULER, scheduler, _scheduler_flags(directory, credentials, server))
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        _wait_until(lambda: _answers(client, account), "the controllers are at work", processes)
    return ControlPlane(
        server=server,
        directory=directory,
        ca_file=credentials.ca,
        admin_token=credentials.tokens.admin,
        kubeconfigs=write_kubeconfigs(directory, credentials, server, context_name),
        client=client,
        audit=AuditLog(directory / AUDIT_LOG, client),
        processes=processes,
    )


def _etcd_flags(directory: Path, client_url: str, peer_url: str) -> list[str]:
    return [
        f"--data-dir={directory / 'etcd'}",
        f"--listen-client-urls={client_url}",
        f"--advertise-client-urls={client_url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        # The data does not outlive the process, so nothing waits for the disk.
        "--unsafe-no-fsync",
        f"--quota-backend-bytes={8 * 1024**3}",
    ]


def _apiserver_flags(
    directory: Path, credentials: Credentials, etcd: str, port: int, controllers: bool
) -> list[str]:
    audit_policy = directory / "audit-policy.yaml"
    audit_policy.write_text(POLICY)
    # The admission of pods waits for service accounts, which a controller makes.
    unwanted = [] if controllers else ["--disable-admission-plugins=ServiceAccount"]
    return [
        f"--etcd-servers={etcd}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={port}",
        # Endpoints on loopback are refused, over and over, into the log.
        "--endpoint-reconciler-type=none",
        f"--tls-cert-file={credentials.serving.certificate}",
        f"--tls-private-key-file={credentials.serving.key}",
        f"--client-ca-file={credentials.ca}",
        f"--token-auth-file={credentials.token_file}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={credentials.service_accounts.key}",
        f"--service-account-signing-key-file={credentials.service_accounts.key}",
        "--service-cluster-ip-range=10.96.0.0/12",
        "--allow-privileged",
        f"--requestheader-client-ca-file={credentials.front_proxy_ca}",
        f"--requestheader-allowed-names={FRONT_PROXY}",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={credentials.front_proxy.certificate}",
        f"--proxy-client-key-file={credentials.front_proxy.key}",
        f"--audit-policy-file={audit_policy}",
        f"--audit-log-path={directory / AUDIT_LOG}",
        "--audit-log-format=json",
        # The line is written before the request goes on, and never rotated away.
        "--audit-log-mode=blocking",
        "--audit-log-maxsize=0",
        # A demo may stay up for a day, and its events with it.
        "--event-ttl=24h",
        "--profiling=false",
        *unwanted,
    ]


def _manager_flags(directory: Path, credentials: Credentials, server: str) -> list[str]:
    kubeconfig = write_component_kubeconfig(
        directory, credentials, server, CONTROLLER_MANAGER, credentials.controller_manager
    )
    return [
        f"--kubeconfig={kubeconfig}",
        f"--controllers={CONTROLLERS}",
        # Its own role may do little; each controller has a role that suffices.
        "--use-service-account-credentials",
        f"--service-account-private-key-file={credentials.service_accounts.key}",
        f"--root-ca-file={credentials.ca}",
        "--concurrent-deployment-syncs=20",
        "--concurrent-replicaset-syncs=20",
        "--concurrent-statefulset-syncs=20",
        "--concurrent-job-syncs=20",
        *_component_flags(),
    ]


def _scheduler_flags(directory: Path, credentials: Credentials, server: str) -> list[str]:
    kubeconfig = write_component_kubeconfig(
        directory, credentials, server, SCHEDULER, credentials.scheduler
    )
    return [f"--kubeconfig={kubeconfig}", *_component_flags()]


def _component_flags() -> list[str]:
    # One of each runs and nothing asks them anything: no election, no port.
    return [
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses now; somebody may, before a program of ours does."""
    # All are held until the last is known, so that no two are the same.
    with ExitStack() as held:
        ports: list[int] = []
        for _ in range(count):
            holder = held.enter_context(socket.socket())
            holder.bind((LOOPBACK, 0))
            address: tuple[str, int] = holder.getsockname()
            ports.append(address[1])
        return ports


def _answers(client: AdminClient, path: str) -> bool:
    try:
        client.get(path)
    except ControlPlaneError:
        return False
    return True


def _may_list_pods(client: AdminClient, user: str, namespace: str) -> bool:
    attributes = {"verb": "list", "resource": "pods", "namespace": namespace}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": user, "resourceAttributes": attributes},
    }
    answer = client.send("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    return msgspec.json.decode(answer, type=_AccessReview).status.allowed


def _wait_until(is_so: Callable[[], bool], what: str, processes: Mapping[str, Process]) -> None:
    give_up = time.monotonic() + READY_SECONDS
    while True:
        reached = is_so()
        # Also once it is reached: if our etcd found its port taken, the answer
        # may have come out of somebody else's.
        for process in processes.values():
            process.check()
        if reached:
            return
        if time.monotonic() > give_up:
            tails = "\n".join(f"{it.name}:\n{log_tail(it.log)}" for it in processes.values())
            raise ControlPlaneError(f"not within {READY_SECONDS:.0f} s: {what}\n{tails}")
        time.sleep(POLL_SECONDS)

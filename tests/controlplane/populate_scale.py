"""Fills a control plane with many objects of many kinds, as quickly as it takes them.

Each namespace, `scale-000` and on, gets

* the pods asked for, bound to nodes, every tenth with a status (Running);
* 40 events about them, 30 configmaps, 20 secrets, 30 replicasets at 0 replicas,
  5 services with no selector (each takes an address, hence 5 ipaddresses),
  10 serviceaccounts, 15 leases, 5 roles, 5 rolebindings, 6 databases and 4 backups;
* from the controllers, a configmap (the authority) and a serviceaccount (`default`).

That is 177 objects and its pods: 100 namespaces of 50 pods are about 22,700.
Nothing here moves by itself: pods need no scheduler, services and replicasets
leave their controllers nothing to do.
"""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec

from tests.controlplane.client import AdminClient
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.credentials import ADMIN
from tests.controlplane.events import NORMAL, WARNING, Occurrence, Regarding, event
from tests.controlplane.kubectl import Kubectl
from tests.controlplane.kubelet import CORDONED, NODES, Kubelet, Pod, pod_status
from tests.controlplane.objects import (
    ACME,
    APPS,
    COORDINATION,
    CORE,
    MERGE_PATCH,
    RBAC,
    JsonObject,
    collection,
    in_parallel,
)
from tests.controlplane.observed import observe_all, wait_for_custom_kinds, wait_until
from tests.controlplane.secrecy import SECRET_CANARY

PODS_PER_STATUS = 10
TEAMS = ("data", "platform", "storefront", "payments", "research")
CONTAINERS = [{"name": "app", "image": "registry.acme.example/app:1.4.2"}]
RULES = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}]
ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "role-00"}
# apiVersion, where it lives, kind, plural, how many a namespace, what is in it.
KINDS: Sequence[tuple[str, str, str, str, int, JsonObject]] = (
    ("v1", CORE, "ServiceAccount", "serviceaccounts", 10, {}),
    ("v1", CORE, "ConfigMap", "configmaps", 30, {"data": {"LOG_LEVEL": "info"}}),
    ("v1", CORE, "Secret", "secrets", 20, {"stringData": {"password": SECRET_CANARY}}),
    ("v1", CORE, "Service", "services", 5, {"spec": {"ports": [{"port": 80}]}}),
    ("coordination.k8s.io/v1", COORDINATION, "Lease", "leases", 15, {}),
    ("rbac.authorization.k8s.io/v1", RBAC, "Role", "roles", 5, {"rules": RULES}),
    ("rbac.authorization.k8s.io/v1", RBAC, "RoleBinding", "rolebindings", 5, {"roleRef": ROLE}),
    ("acme.example/v1", ACME, "Database", "databases", 6, {"spec": {"engine": "postgres"}}),
    ("acme.example/v1", ACME, "Backup", "backups", 4, {"spec": {"database": "database-00"}}),
)
EVENTS = (
    Occurrence(NORMAL, "Pulled", "Container image already present on machine"),
    Occurrence(NORMAL, "Created", "Created container: app"),
    Occurrence(NORMAL, "Started", "Started container app"),
    Occurrence(
        WARNING,
        "BackOff",
        "Back-off restarting failed container app",
        12,
        timedelta(minutes=2),
        timedelta(minutes=30),
    ),
)
HOSTS = tuple(node for node in NODES if node != CORDONED)
ONLY_AUTHORITIES = "fieldSelector=metadata.name=kube-root-ca.crt"
ONLY_DEFAULT = "fieldSelector=metadata.name=default"
CRDS = Path(__file__).parent / "demo" / "2-crds.yaml"


def populate_scale(plane: ControlPlane, *, namespaces: int, pods: int) -> None:
    """Fill an empty control plane; return when every object is there."""
    client = plane.client
    Kubelet(client).register_nodes()
    with tempfile.TemporaryDirectory() as cache:
        Kubectl(plane.kubeconfigs[ADMIN], Path(cache)).apply(CRDS)
    wait_for_custom_kinds(client)

    def fill(number: int) -> None:
        _fill(client, _name(number), TEAMS[number % len(TEAMS)], pods)

    in_parallel(fill, range(namespaces))
    if "kube-controller-manager" in plane.processes:
        wait_until(lambda: _at_rest(client, namespaces), "the controllers are done")


def _at_rest(client: AdminClient, namespaces: int) -> bool:
    """Whether the controllers have made and said all that they will."""
    names = {_name(number) for number in range(namespaces)}
    everywhere = observe_all(client, f"{APPS}/replicasets")
    replicasets = [it for (namespace, _), it in everywhere.items() if namespace in names]
    authorities = observe_all(client, f"{CORE}/configmaps?{ONLY_AUTHORITIES}")
    accounts = observe_all(client, f"{CORE}/serviceaccounts?{ONLY_DEFAULT}")
    return all(it.status.observed_generation == 1 for it in replicasets) and all(
        (name, "kube-root-ca.crt") in authorities and (name, "default") in accounts
        for name in names
    )


def _name(number: int) -> str:
    return f"scale-{number:03}"


def _fill(client: AdminClient, namespace: str, team: str, pods: int) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    client.send("POST", f"{CORE}/namespaces", body)
    for path, item in _still_objects(namespace, team):
        client.send("POST", path, item)
    for number in range(30):
        client.send("POST", collection(APPS, "replicasets", namespace), _replicaset(team, number))
    path = collection(CORE, "pods", namespace)
    for number in range(pods):
        answer = client.send("POST", path, _pod(team, number))
        if number % PODS_PER_STATUS == 0:
            pod = msgspec.json.decode(answer, type=Pod)
            patch = {"status": pod_status(pod)}
            client.send("PATCH", f"{pod.path}/status", patch, content_type=MERGE_PATCH)
    for number in range(40 if pods else 0):
        regarding = Regarding("Pod", f"app-{number % pods:03}", namespace)
        client.send("POST", *event(regarding, EVENTS[number % len(EVENTS)], number))


def _still_objects(namespace: str, team: str) -> Iterator[tuple[str, JsonObject]]:
    """What no controller touches; the accounts first, as pods name one."""
    for api, group, kind, plural, count, content in KINDS:
        for number in range(count):
            name = f"{kind.lower()}-{number:02}"
            metadata: JsonObject = {
                "name": name,
                "namespace": namespace,
                "labels": {"team": team},
            }
            yield (
                collection(group, plural, namespace),
                {"apiVersion": api, "kind": kind, "metadata": metadata, **content},
            )


def _replicaset(team: str, number: int) -> JsonObject:
    name = f"app-{number:02}"
    labels = {"app": name, "team": team}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": CONTAINERS}},
        },
    }


def _pod(team: str, number: int) -> JsonObject:
    # No replicaset selects it: none must take it for its own, and delete it.
    labels = {"pod": f"app-{number:03}", "team": team}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"app-{number:03}", "labels": labels},
        "spec": {
            "nodeName": HOSTS[number % len(HOSTS)],
            "serviceAccountName": "serviceaccount-00",
            "containers": CONTAINERS,
        },
    }

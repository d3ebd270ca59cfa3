"""Fills a control plane with many objects of many kinds, as quickly as it takes them.

Each namespace, `scale-000` and on, gets

* the pods asked for, bound to nodes, with two containers and all that people and
  kubelets write into one; the kubelet, a manager of its own, says that they run;
* 40 events about them, 30 configmaps, 20 secrets, 30 replicasets at 0 replicas,
  5 services with no selector (each takes an address, hence 5 ipaddresses),
  10 serviceaccounts, 15 leases, 5 roles, 5 rolebindings, 6 databases and 4 backups;
* from the controllers, a configmap (the authority) and a serviceaccount (`default`).

That is 177 objects and its pods: 100 namespaces of 50 pods are about 22,700, and
440 of them about 100,000. Nothing here moves by itself: pods need no scheduler,
services and replicasets leave their controllers nothing to do.

On 100 namespaces of 50 pods a pod is 12.0 kB whole, 5.8 kB as metadata alone and 6.0 kB
as a table row with its metadata; a replicaset is 9.0, 5.1 and 5.3 kB. Two processors
are busy for 85 s: the server's work on managed fields is the bound, not the writers.

`populate_kinds` adds custom kinds, as operators bring them: many, and most of them empty.
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
from tests.controlplane.full_pods import ANNOTATIONS, full_status, template_spec
from tests.controlplane.kubectl import Kubectl
from tests.controlplane.kubelet import CORDONED, NODES, Kubelet, Pod
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
from tests.controlplane.observed import EXTENSIONS, observe_all, wait_for_custom_kinds, wait_until
from tests.controlplane.secrecy import SECRET_CANARY

# Who writes is who manages: the server names managers by the first word of the User-Agent.
CONTROLLER = "kube-controller-manager/v1.36.3"
KUBELET = "kubelet/v1.36.3"
TEAMS = ("data", "platform", "storefront", "payments", "research")
REVISION = {
    "deployment.kubernetes.io/desired-replicas": "3",
    "deployment.kubernetes.io/max-replicas": "4",
    "deployment.kubernetes.io/revision": "1",
}
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
OPERATORS = "operators.example"
KINDS_PER_USED_ONE = 10
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
        for number in range(namespaces):
            _wait_for_controllers(client, _name(number))


def populate_kinds(plane: ControlPlane, count: int) -> None:
    """Add so many custom kinds, every tenth with three objects; return when all can be discovered."""
    client = plane.client
    in_parallel(lambda number: client.send("POST", EXTENSIONS, _custom_kind(number)), range(count))
    last = f'"{_plural(count - 1)}"'.encode()
    wait_until(lambda: _are_established(client, count), f"{count} custom kinds are established")
    wait_until(lambda: last in client.get("/apis/" + OPERATORS + "/v1", ok=(404,)), "they can be discovered")
    for number in range(0, count, KINDS_PER_USED_ONE):
        for name in ("blue", "green", "red"):
            body = {"apiVersion": f"{OPERATORS}/v1", "kind": f"Widget{number:03}", "metadata": {"name": name}}
            client.send("POST", f"/apis/{OPERATORS}/v1/namespaces/default/{_plural(number)}", body)


def _are_established(client: AdminClient, count: int) -> bool:
    found = observe_all(client, EXTENSIONS)
    return all(found["", f"{_plural(it)}.{OPERATORS}"].status.has("Established", "True") for it in range(count))


def _plural(number: int) -> str:
    return f"widget{number:03}s"


def _custom_kind(number: int) -> JsonObject:
    """A small definition: one version, no columns of its own."""
    kind = f"Widget{number:03}"
    schema: JsonObject = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{_plural(number)}.{OPERATORS}"},
        "spec": {
            "group": OPERATORS,
            "scope": "Namespaced",
            "names": {"plural": _plural(number), "singular": kind.lower(), "kind": kind},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def _wait_for_controllers(client: AdminClient, namespace: str) -> None:
    """Return when they have made and said all that they will of this namespace."""
    # One at a time: all replicasets of a large cluster are too much to read ten times a second.
    wait_until(lambda: _at_rest(client, namespace), f"the controllers are done with {namespace}")


def _at_rest(client: AdminClient, namespace: str) -> bool:
    replicasets = observe_all(client, collection(APPS, "replicasets", namespace))
    authority = observe_all(client, f"{collection(CORE, 'configmaps', namespace)}?{ONLY_AUTHORITIES}")
    account = observe_all(client, f"{collection(CORE, 'serviceaccounts', namespace)}?{ONLY_DEFAULT}")
    settled = all(it.status.observed_generation == 1 for it in replicasets.values())
    return settled and len(authority) == len(account) == 1


def _name(number: int) -> str:
    return f"scale-{number:03}"


def _fill(client: AdminClient, namespace: str, team: str, pods: int) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    client.send("POST", f"{CORE}/namespaces", body)
    for path, item in _still_objects(namespace, team):
        client.send("POST", path, item)
    for number in range(30):
        path = collection(APPS, "replicasets", namespace)
        client.send("POST", path, _replicaset(team, number), user_agent=CONTROLLER)
    path = collection(CORE, "pods", namespace)
    for number in range(pods):
        answer = client.send("POST", path, _pod(team, number), user_agent=CONTROLLER)
        pod = msgspec.json.decode(answer, type=Pod)
        patch = {"status": full_status(pod)}
        client.send("PATCH", f"{pod.path}/status", patch, content_type=MERGE_PATCH, user_agent=KUBELET)
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
        "metadata": {"name": name, "labels": labels, "annotations": REVISION},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels, "annotations": ANNOTATIONS}, "spec": template_spec()},
        },
    }


def _pod(team: str, number: int) -> JsonObject:
    # No replicaset selects it: none must take it for its own, and delete it.
    labels = {"pod": f"app-{number:03}", "team": team}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"app-{number:03}", "labels": labels, "annotations": ANNOTATIONS},
        "spec": {
            **template_spec(),
            "nodeName": HOSTS[number % len(HOSTS)],
            "serviceAccountName": "serviceaccount-00",
        },
    }

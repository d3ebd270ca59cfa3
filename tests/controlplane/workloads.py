"""What runs in the demo cluster, namespace by namespace, well and sick.

A table of workloads and how each becomes an object; who creates them, and when
they are done, is decided by `populate_demo`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tests.controlplane.fates import FATE, Fate
from tests.controlplane.objects import APPS, CORE, JsonObject, collection

REGISTRY = "registry.acme.example"
RELEASE = "acme.example/release"
# Deployments keep their past as ReplicaSets at 0: most have been released this often.
RELEASES = 3

PLURALS = {
    "Deployment": "deployments",
    "StatefulSet": "statefulsets",
    "DaemonSet": "daemonsets",
}


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet, and what is to become of its pods."""

    namespace: str
    name: str
    team: str
    replicas: int
    kind: Literal["Deployment", "StatefulSet", "DaemonSet"] = "Deployment"
    fate: Fate = Fate.RUNNING
    # Pods that will be ready; -1 is all of them.
    ready: int = -1
    releases: int = RELEASES
    sidecar: bool = False
    # Storage class and GiB of a claim for each replica.
    storage: tuple[str, int] | None = None
    node_selector: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where the workloads of its kind and namespace are."""
        return collection(APPS, PLURALS[self.kind], self.namespace)

    @property
    def wanted_ready(self) -> int:
        """How many pods become ready."""
        return self.replicas if self.ready < 0 else self.ready

    @property
    def stuck(self) -> bool:
        """Whether some of its pods never become ready."""
        return self.wanted_ready < self.replicas

    @property
    def labels(self) -> dict[str, str]:
        """On the workload, its pods and all that goes with them."""
        return {"app": self.name, "team": self.team}


def _deployments() -> Iterator[Workload]:
    storefront, payments, platform, data = "storefront", "payments", "platform", "data"
    yield Workload("shop", "web", storefront, 6, sidecar=True, releases=8)
    # Its next release will not start: see `populate_demo`.
    yield Workload("shop", "checkout", storefront, 3, releases=9)
    yield Workload("shop", "cart", storefront, 4, releases=6)
    yield Workload("shop", "catalogue", storefront, 3, releases=6)
    yield Workload("shop", "recommendations", storefront, 2, releases=5)
    yield Workload("shop", "images", storefront, 2, fate=Fate.RESTARTED_LONG_AGO)
    yield Workload("pay", "api", payments, 3, releases=8)
    yield Workload("pay", "worker", payments, 4, releases=6)
    yield Workload("pay", "webhooks", payments, 2, releases=4)
    yield Workload("pay", "ledger", payments, 2, fate=Fate.IMAGE_PULL, ready=0)
    yield Workload("monitoring", "grafana", platform, 1, releases=6)
    yield Workload("monitoring", "kube-state-metrics", platform, 1)
    yield Workload("monitoring", "thanos-query", platform, 2)
    yield Workload("kube-system", "coredns", platform, 2)
    yield Workload("kube-system", "metrics-server", platform, 2)
    yield Workload("kube-system", "cluster-autoscaler", platform, 1)
    yield Workload("ingress", "nginx-controller", platform, 3, releases=5)
    yield Workload("cert-manager", "cert-manager", platform, 1)
    yield Workload("cert-manager", "cainjector", platform, 1)
    yield Workload("cert-manager", "webhook", platform, 1)
    # Its next release is under way: see `populate_demo`.
    yield Workload("auth", "oauth2-proxy", platform, 2)
    yield Workload("auth", "dex", platform, 2)
    yield Workload("batch", "airflow-scheduler", data, 1, releases=4)
    yield Workload("batch", "airflow-worker", data, 1, releases=4)
    # One of its pods has been evicted, and replaced: see `populate_demo`.
    yield Workload("data", "query-gateway", data, 3, releases=5)
    yield Workload("data", "flink", data, 3, fate=Fate.RESTARTED_BY_OOM, releases=4)
    yield Workload("data", "superset", data, 2, releases=4)
    yield Workload("data", "schema-registry", data, 1)
    yield Workload(
        "search",
        "ranking",
        storefront,
        2,
        ready=0,
        releases=1,
        node_selector={"accelerator": "nvidia-h100"},
    )
    yield Workload("search", "indexer", storefront, 1, fate=Fate.MOUNTING, ready=0)
    yield Workload("search", "query", storefront, 3, fate=Fate.UNREADY, ready=0)
    yield Workload("search", "crawler", storefront, 1, fate=Fate.CONFIG_ERROR, ready=0)
    for name in ("notebook", "trainer", "model-server"):
        yield Workload("labs", name, "research", 0, releases=4)
    yield Workload("status-page", "site", platform, 1, releases=1)


def _sets() -> Iterator[Workload]:
    yield Workload("shop", "redis", "storefront", 3, "StatefulSet")
    # The third one's volume is gone: see `lost_claim`.
    yield Workload("pay", "queue", "payments", 3, "StatefulSet", ready=2, storage=("fast-ssd", 20))
    yield Workload("monitoring", "prometheus", "platform", 2, "StatefulSet", sidecar=True)
    yield Workload("monitoring", "alertmanager", "platform", 2, "StatefulSet")
    yield Workload("monitoring", "loki", "platform", 1, "StatefulSet")
    yield Workload("data", "kafka", "data", 3, "StatefulSet", storage=("standard", 160))
    yield Workload("data", "clickhouse", "data", 2, "StatefulSet")
    for namespace, name in (
        ("kube-system", "kube-proxy"),
        ("kube-system", "cilium"),
        ("kube-system", "csi-node"),
        ("monitoring", "node-exporter"),
        ("monitoring", "promtail"),
    ):
        yield Workload(namespace, name, "platform", 6, "DaemonSet")


WORKLOADS = (*_deployments(), *_sets())


def workload_object(workload: Workload) -> JsonObject:
    """The workload at its first release; Deployments with a past start at 0 replicas."""
    return {
        "apiVersion": "apps/v1",
        "kind": workload.kind,
        "metadata": {
            "name": workload.name,
            "namespace": workload.namespace,
            "labels": workload.labels,
        },
        "spec": {
            "selector": {"matchLabels": {"app": workload.name}},
            "template": {
                "metadata": {
                    "labels": workload.labels,
                    "annotations": {FATE: workload.fate, RELEASE: "1"},
                },
                "spec": _pod_spec(workload),
            },
            **_scale(workload),
        },
    }


def _scale(workload: Workload) -> JsonObject:
    if workload.kind == "DaemonSet":
        return {}
    if workload.kind == "Deployment":
        return {
            "replicas": workload.replicas if workload.releases == 1 else 0,
            # What does not start is given up soon, not while somebody looks.
            "progressDeadlineSeconds": 2 if workload.stuck else 600,
        }
    templates = [] if workload.storage is None else [_claim(workload, workload.storage, "data")]
    return {
        "replicas": workload.replicas,
        "serviceName": workload.name,
        "volumeClaimTemplates": templates,
    }


def _claim(workload: Workload, storage: tuple[str, int], name: str) -> JsonObject:
    storage_class, gibibytes = storage
    return {
        "metadata": {"name": name, "labels": workload.labels},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": f"{gibibytes}Gi"}},
        },
    }


def _pod_spec(workload: Workload) -> JsonObject:
    version = f"1.{len(workload.name)}.{len(workload.namespace)}"
    containers: list[JsonObject] = [
        {
            "name": "app",
            "image": f"{REGISTRY}/{workload.name}:{version}",
            "ports": [{"containerPort": 8080}],
            "envFrom": [{"configMapRef": {"name": f"{workload.name}-config"}}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        }
    ]
    if workload.sidecar:
        containers.append({"name": "proxy", "image": f"{REGISTRY}/envoy:1.34.1"})
    return {
        "containers": containers,
        "nodeSelector": workload.node_selector,
        # As the usual daemons do: they stay wanted on a node that fell silent.
        "tolerations": [{"operator": "Exists"}] if workload.kind == "DaemonSet" else [],
        **(
            {"priorityClassName": "system-cluster-critical"}
            if workload.namespace == "kube-system"
            else {}
        ),
    }


def companions(workload: Workload) -> Iterator[tuple[str, JsonObject]]:
    """The ConfigMap that a workload reads and, unless it is a DaemonSet, its Service."""
    metadata: JsonObject = {"namespace": workload.namespace, "labels": workload.labels}
    yield (
        collection(CORE, "configmaps", workload.namespace),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"{workload.name}-config", **metadata},
            "data": {"LOG_LEVEL": "info", "REGION": "eu-west-1"},
        },
    )
    if workload.kind == "DaemonSet":
        return
    headless = {"clusterIP": "None"} if workload.kind == "StatefulSet" else {}
    yield (
        collection(CORE, "services", workload.namespace),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": workload.name, **metadata},
            "spec": {
                "selector": {"app": workload.name},
                "ports": [{"name": "http", "port": 80, "targetPort": 8080}],
                **headless,
            },
        },
    )


def volumes() -> Iterator[tuple[str, JsonObject]]:
    """A volume for each replica of a StatefulSet that becomes ready, kept for its claim."""
    for workload, (storage_class, gibibytes), claim in _claimed():
        volume = f"pv-{claim}"
        yield (
            f"{CORE}/persistentvolumes",
            {
                "apiVersion": "v1",
                "kind": "PersistentVolume",
                "metadata": {"name": volume, "labels": {"team": workload.team}},
                "spec": {
                    "capacity": {"storage": f"{gibibytes}Gi"},
                    "accessModes": ["ReadWriteOnce"],
                    "persistentVolumeReclaimPolicy": "Retain",
                    "storageClassName": storage_class,
                    "claimRef": {"namespace": workload.namespace, "name": claim},
                    "hostPath": {"path": f"/var/lib/volumes/{volume}"},
                },
            },
        )


def claims() -> Iterator[tuple[str, JsonObject]]:
    """The claims on those volumes, as the StatefulSets would make them.

    Made before them, so that the scheduler finds the claims bound and has
    nothing to complain about.
    """
    for workload, storage, claim in _claimed():
        path = collection(CORE, "persistentvolumeclaims", workload.namespace)
        yield path, _claim(workload, storage, claim)


def lost_claim() -> tuple[str, JsonObject]:
    """The claim of pay's third queue, on a volume that is gone: Pending for ever.

    Any other pending claim is complained of every 15 seconds, and the cluster
    would never come to rest.
    """
    (queue,) = (it for it in WORKLOADS if (it.namespace, it.name) == ("pay", "queue"))
    return (
        collection(CORE, "persistentvolumeclaims", "pay"),
        {
            "metadata": {"name": "data-queue-2", "labels": queue.labels},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "fast-ssd",
                "volumeName": "pv-data-queue-2",
                "resources": {"requests": {"storage": "20Gi"}},
            },
        },
    )


def _claimed() -> Iterator[tuple[Workload, tuple[str, int], str]]:
    for workload in WORKLOADS:
        if workload.storage is not None:
            for ordinal in range(workload.wanted_ready):
                yield workload, workload.storage, f"data-{workload.name}-{ordinal}"

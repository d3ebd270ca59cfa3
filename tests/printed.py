"""Rows as kube-apiserver 1.36 prints them, for the tests of the rooms that judge.

The columns are those of kubernetes `pkg/printers/internalversion/printers.go`.

A row is told by what matters in it: `printed(DEPLOYMENTS, "web", ready="1/3")`.
"""

from __future__ import annotations

from kubectl_inventory.judgement.findings import Thing
from kubectl_inventory.output.columns import Places
from kubectl_inventory.reading.inventory import Page, Row
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import Cell, ColumnDefinition
from tests.fake_api import DEPLOYMENTS, NAMESPACE_KIND, NODES, PODS, a_kind

STATEFUL_SETS = a_kind("statefulsets", "apps", kind="StatefulSet", short_names=("sts",))
DAEMON_SETS = a_kind("daemonsets", "apps", kind="DaemonSet", short_names=("ds",))
REPLICA_SETS = a_kind("replicasets", "apps", kind="ReplicaSet", short_names=("rs",))
CRON_JOBS = a_kind("cronjobs", "batch", kind="CronJob", short_names=("cj",))
JOBS = a_kind("jobs", "batch")
CLAIMS = a_kind("persistentvolumeclaims", kind="PersistentVolumeClaim", short_names=("pvc",))
VOLUMES = a_kind("persistentvolumes", kind="PersistentVolume", namespaced=False, short_names=("pv",))
CLASSES = a_kind("storageclasses", "storage.k8s.io", kind="StorageClass", namespaced=False)
SERVICES = a_kind("services", short_names=("svc",))
SLICES = a_kind("endpointslices", "discovery.k8s.io", kind="EndpointSlice")
INGRESSES = a_kind("ingresses", "networking.k8s.io", kind="Ingress", short_names=("ing",))
AUTOSCALERS = a_kind(
    "horizontalpodautoscalers", "autoscaling", version="v2", kind="HorizontalPodAutoscaler", short_names=("hpa",)
)
BUDGETS = a_kind("poddisruptionbudgets", "policy", kind="PodDisruptionBudget", short_names=("pdb",))
QUOTAS = a_kind("resourcequotas", kind="ResourceQuota", short_names=("quota",))
DEFINITIONS = a_kind(
    "customresourcedefinitions", "apiextensions.k8s.io", kind="CustomResourceDefinition", namespaced=False
)
API_SERVICES = a_kind("apiservices", "apiregistration.k8s.io", kind="APIService", namespaced=False)
EVENTS = a_kind("events", short_names=("ev",))
BUCKETS = a_kind("buckets", "acme.example")

_HEADERS = {
    PODS: "Name,Ready,Status,Restarts,Age|IP,Node,Nominated Node,Readiness Gates",
    DEPLOYMENTS: "Name,Ready,Up-to-date,Available,Age|Containers,Images,Selector",
    STATEFUL_SETS: "Name,Ready,Age|Containers,Images",
    DAEMON_SETS: "Name,Desired,Current,Ready,Up-to-date,Available,Node Selector,Age|Containers,Images,Selector",
    REPLICA_SETS: "Name,Desired,Current,Ready,Age|Containers,Images,Selector",
    CRON_JOBS: "Name,Schedule,Timezone,Suspend,Active,Last Schedule,Age|Containers,Images,Selector",
    JOBS: "Name,Status,Completions,Duration,Age|Containers,Images,Selector",
    CLAIMS: "Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age|VolumeMode",
    VOLUMES: "Name,Capacity,Access Modes,Reclaim Policy,Status,Claim,StorageClass,VolumeAttributesClass,Reason,Age|"
             "VolumeMode",
    CLASSES: "Name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,Age",
    SERVICES: "Name,Type,Cluster-IP,External-IP,Port(s),Age|Selector",
    SLICES: "Name,AddressType,Ports,Endpoints,Age",
    INGRESSES: "Name,Class,Hosts,Address,Ports,Age",
    AUTOSCALERS: "Name,Reference,Targets,MinPods,MaxPods,Replicas,Age",
    BUDGETS: "Name,Min Available,Max Unavailable,Allowed Disruptions,Age",
    QUOTAS: "Name,Request,Limit,Age",
    DEFINITIONS: "Name,Created At",
    API_SERVICES: "Name,Service,Available,Age",
    NAMESPACE_KIND: "Name,Status,Age",
    NODES: "Name,Status,Roles,Age,Version|Internal-IP,External-IP,OS-Image,Kernel-Version,Container-Runtime",
    EVENTS: "Last Seen,Type,Reason,Object,Message|Subobject,Source,First Seen,Count,Name",
}  # fmt: skip
"""Those behind the bar are for `-o wide`."""


def columns(headers: str) -> tuple[ColumnDefinition, ...]:
    """`Name,Ready|Node`: what stands behind the bar is for `-o wide`."""
    usual, _, wide = headers.partition("|")
    named = [(name, priority) for priority, names in enumerate((usual, wide)) for name in names.split(",") if name]
    return tuple(ColumnDefinition(name, format="name" * (name == "Name"), priority=rank) for name, rank in named)


def columns_of(kind: Kind) -> tuple[ColumnDefinition, ...]:
    """The columns of one of Kubernetes's own kinds."""
    return columns(_HEADERS[kind])


def places_of(kind: Kind) -> Places:
    """Where they are."""
    return Places(columns_of(kind))


def printed(kind: Kind, name: str = "web", namespace: str = "shop", /, **cells: Cell) -> Row:
    """One object's row; `up_to_date` is the column Up-to-date, and what is not told is `<none>`. Ten minutes old."""
    told: dict[str, Cell] = {"name": name, "age": "10m", **cells}
    keys = [column.name.lower().replace(" ", "_").replace("-", "_") for column in columns_of(kind)]
    assert not told.keys() - {*keys, "age", "name"}, told
    return Row(namespace if kind.namespaced else None, name, tuple(told.get(key, "<none>") for key in keys))


def page_of(kind: Kind, *rows: Row) -> Page:
    """A page of them."""
    return Page(columns_of(kind), rows)


def a_pod(name: str = "web-5d4f6c7b9-x2k4p", status: str = "Running", ready: str = "1/1", **cells: Cell) -> Row:
    """A pod on node `w1` that runs and never restarted, unless said otherwise."""
    namespace = str(cells.pop("namespace", "shop"))
    told: dict[str, Cell] = {"restarts": "0", "node": "w1", **cells}
    return printed(PODS, name, namespace, status=status, ready=ready, **told)


def a_thing(kind: Kind, name: str = "web", namespace: str = "shop") -> Thing:
    """An object."""
    return Thing(kind, namespace if kind.namespaced else None, name)

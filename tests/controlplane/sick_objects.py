"""Builders of what the sick cluster is made of: one object each, with no more in it than its case needs.

Knows each kind's fields, and how one sees that its controllers are done with
it; which of them make up which case stands in `sick`.
"""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta

from tests.controlplane.fates import COURSES, FATE, GATE, Fate
from tests.controlplane.kubelet import timestamp
from tests.controlplane.objects import APPS, BATCH, CORE, Json, JsonObject, collection
from tests.controlplane.observed import Observed

ACME_GROUP = "acme.example"
CONTAINER: JsonObject = {"name": "app", "image": "registry.acme.example/app:1.0.0"}
# No volume is of this class, so a claim on one waits for ever.
NO_VOLUMES = "no-volumes"
# Its claims wait for a pod that uses them.
ON_DEMAND = "on-demand"
# Its volumes are each made for one claim.
MADE_TO_MEASURE = "made-to-measure"
# Nobody takes this finalizer away.
HELD = "acme.example/held"
WANTED_PERCENT = 70


@dataclass(frozen=True)
class Specimen:
    """An object of a case: sick, well, or what makes others so."""

    group: str
    plural: str
    name: str
    content: JsonObject
    _: KW_ONLY
    metadata: JsonObject = field(default_factory=dict)
    # What a controller that does not run here would say.
    status: JsonObject = field(default_factory=dict)
    # How one sees that the controllers that do are done with it.
    settled: Callable[[Observed], bool] | None = None

    @property
    def body(self) -> JsonObject:
        """As it is sent; its kind goes without saying, save for custom ones."""
        return {"metadata": {"name": self.name, **self.metadata}, **self.content}

    def where(self, namespace: str) -> str:
        """The path of its kind's objects in a namespace, or outside of all."""
        return collection(self.group, self.plural, namespace)


# --- workloads ---


def deployment(
    fate: Fate = Fate.RUNNING, replicas: int = 1, *, name: str = "web", pod: JsonObject | None = None
) -> Specimen:
    """Pods of one fate; `pod` is more of their spec."""
    ready = _ready(fate, replicas)
    return _workload("deployments", name, _template(name, fate, pod), _scale(replicas), _replicas(replicas, ready))


def initializing_deployment() -> Specimen:
    """It does not get past its init container."""
    return deployment(Fate.INIT_CRASH_LOOP, pod={"initContainers": [{**CONTAINER, "name": "migrate"}]})


def gated_deployment() -> Specimen:
    """Its containers are ready, and its pod waits for somebody's word."""
    return deployment(Fate.GATED, pod={"readinessGates": [{"conditionType": GATE}]})


def unscheduled_deployment() -> Specimen:
    """No node has what its pod asks for."""
    template = _template("web", Fate.RUNNING, {"nodeSelector": {"accelerator": "nvidia-h100"}})
    return _workload("deployments", "web", template, _scale(1), _replicas(1, 0))


def podless_deployment() -> Specimen:
    """It may not create its pods."""

    def settled(found: Observed) -> bool:
        return found.status.has("ReplicaFailure", "True")

    return _workload("deployments", "web", _template("web", Fate.RUNNING), _scale(2), settled)


def replica_set(fate: Fate, replicas: int, *, name: str = "web") -> Specimen:
    """Of no deployment."""
    settled = _replicas(replicas, _ready(fate, replicas))
    return _workload("replicasets", name, _template(name, fate), _scale(replicas), settled)


def stateful_set(replicas: int = 1, *, storage_class: str = "") -> Specimen:
    """Running pods; with a storage class each waits for a volume of it."""
    templates = [{"metadata": {"name": "data"}, "spec": _claim_spec(storage_class)}] if storage_class else []
    spec: JsonObject = {**_scale(replicas), "serviceName": "db", "volumeClaimTemplates": templates}
    settled = _replicas(replicas, 0 if storage_class else replicas)
    return _workload("statefulsets", "db", _template("db", Fate.RUNNING), spec, settled)


def daemon_set(zone: str, nodes: int) -> Specimen:
    """A pod on each of a zone's nodes, whatever is wrong with them."""
    pod: JsonObject = {
        "nodeSelector": {"topology.kubernetes.io/zone": zone},
        "tolerations": [{"operator": "Exists"}],
    }

    def settled(found: Observed) -> bool:
        return found.status.number_ready == nodes

    return _workload("daemonsets", "agent", _template("agent", Fate.RUNNING, pod), {}, settled)


def bare_pod(fate: Fate = Fate.RUNNING, *, node: str = "", finalizers: tuple[str, ...] = ()) -> Specimen:
    """Nobody made it but its user."""
    spec: JsonObject = {"containers": [CONTAINER], "nodeName": node}
    metadata: JsonObject = {"annotations": {FATE: fate}, "finalizers": finalizers}
    return Specimen(CORE, "pods", "tool", {"spec": spec}, metadata=metadata)


def gated_pod() -> Specimen:
    """The scheduler does not look at it before somebody says so."""
    spec: JsonObject = {"containers": [CONTAINER], "schedulingGates": [{"name": "acme.example/quota"}]}
    return Specimen(CORE, "pods", "tool", {"spec": spec})


def _workload(
    plural: str, name: str, template: JsonObject, spec: JsonObject, settled: Callable[[Observed], bool]
) -> Specimen:
    whole: JsonObject = {"selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return Specimen(APPS, plural, name, {"spec": whole}, settled=settled)


def _template(name: str, fate: Fate, pod: JsonObject | None = None) -> JsonObject:
    metadata: JsonObject = {"labels": {"app": name}, "annotations": {FATE: fate}}
    return {"metadata": metadata, "spec": {"containers": [CONTAINER], **(pod or {})}}


def _scale(replicas: int) -> JsonObject:
    return {"replicas": replicas}


def _replicas(created: int, ready: int) -> Callable[[Observed], bool]:
    def settled(found: Observed) -> bool:
        status = found.status
        seen = status.observed_generation == found.metadata.generation
        return seen and (status.replicas, status.ready_replicas) == (created, ready)

    return settled


def _ready(fate: Fate, replicas: int) -> int:
    course = COURSES[fate]
    return replicas if course.ready and not course.gate else 0


# --- runs ---


def job(fate: Fate = Fate.COMPLETED, *, name: str = "etl") -> Specimen:
    """A run whose first failure is its last."""

    def settled(found: Observed) -> bool:
        if fate is Fate.RUNNING:
            return (found.status.active, found.status.ready) == (1, 1)
        return has_ended(found, fate)

    return Specimen(BATCH, "jobs", name, {"spec": _run(fate)}, settled=settled)


def has_ended(found: Observed, fate: Fate) -> bool:
    """Whether a run has ended as its pod was fated to."""
    return found.status.has("Complete" if fate is Fate.COMPLETED else "Failed", "True")


def suspended_job() -> Specimen:
    """It was told to wait."""

    def settled(found: Observed) -> bool:
        return found.status.has("Suspended", "True")

    return Specimen(BATCH, "jobs", "etl", {"spec": {**_run(Fate.RUNNING), "suspend": True}}, settled=settled)


def cron_job(*, suspended: bool = False) -> Specimen:
    """A schedule that does not come round while a test runs: 29 February."""
    spec: JsonObject = {
        "schedule": "0 4 29 2 *",
        "suspend": suspended,
        "jobTemplate": {"spec": _run(Fate.COMPLETED)},
    }
    return Specimen(BATCH, "cronjobs", "etl", {"spec": spec})


def _run(fate: Fate) -> JsonObject:
    pod: JsonObject = {"restartPolicy": "Never", "containers": [CONTAINER]}
    return {"backoffLimit": 0, "template": {"metadata": {"annotations": {FATE: fate}}, "spec": pod}}


# --- storage ---


def claim(storage_class: str, phase: str, *, volume: str = "") -> Specimen:
    """A claim that will be in this phase."""
    spec: JsonObject = {**_claim_spec(storage_class), "volumeName": volume}
    return Specimen(CORE, "persistentvolumeclaims", "data", {"spec": spec}, settled=_in_phase(phase))


def lost_claim() -> Specimen:
    """It has been bound to a volume that is gone."""
    spec: JsonObject = {**_claim_spec(MADE_TO_MEASURE), "volumeName": "gone"}
    metadata: JsonObject = {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}
    settled = _in_phase("Lost")
    return Specimen(CORE, "persistentvolumeclaims", "data", {"spec": spec}, metadata=metadata, settled=settled)


def volume(name: str, phase: str, reclaim: str, **more: JsonObject) -> Specimen:
    """A volume that will be in this phase; `more` says what it is, and for whom."""
    spec: JsonObject = {
        "capacity": {"storage": "90Gi"},
        "accessModes": ["ReadWriteOnce"],
        "persistentVolumeReclaimPolicy": reclaim,
        "storageClassName": MADE_TO_MEASURE,
        **more,
    }
    return Specimen(CORE, "persistentvolumes", name, {"spec": spec}, settled=_in_phase(phase))


def storage_class(name: str, binding_mode: str) -> Specimen:
    """A class that nobody provides volumes of."""
    content: JsonObject = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": binding_mode}
    return Specimen("/apis/storage.k8s.io/v1", "storageclasses", name, content)


def _claim_spec(storage_class: str) -> JsonObject:
    return {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": storage_class,
        "resources": {"requests": {"storage": "90Gi"}},
    }


def _in_phase(phase: str) -> Callable[[Observed], bool]:
    def settled(found: Observed) -> bool:
        return found.status.phase == phase

    return settled


# --- what surrounds workloads ---


def service(**spec: Json) -> Specimen:
    """A way to some pods; without a selector in `spec`, to nobody knows what."""
    return Specimen(CORE, "services", "web", {"spec": {"ports": [{"port": 80}], **spec}})


def ingress(address: str = "") -> Specimen:
    """A way in from outside; without an address there is none yet."""
    spec: JsonObject = {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}
    status: JsonObject = {"loadBalancer": {"ingress": [{"ip": address}]}} if address else {}
    return Specimen("/apis/networking.k8s.io/v1", "ingresses", "www", {"spec": spec}, status=status)


def autoscaler(least: int, most: int, *, replicas: int, used: int | None) -> Specimen:
    """Of `web`, at so many replicas that use so many percent of their CPU; None is not measured."""
    target: JsonObject = {"type": "Utilization", "averageUtilization": WANTED_PERCENT}
    spec: JsonObject = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": least,
        "maxReplicas": most,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    status: JsonObject = {"currentReplicas": replicas, "desiredReplicas": replicas}
    if used is None:
        status = {**status, "conditions": [_condition("ScalingActive", "False", "FailedGetResourceMetric")]}
    else:
        wants_more = replicas == most and used > WANTED_PERCENT
        limit = ("True", "TooManyReplicas") if wants_more else ("False", "DesiredWithinRange")
        current: JsonObject = {"averageUtilization": used, "averageValue": f"{used}m"}
        status = {
            **status,
            "conditions": [
                _condition("ScalingActive", "True", "ValidMetricFound"),
                _condition("ScalingLimited", *limit),
            ],
            "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": current}}],
        }
    return Specimen("/apis/autoscaling/v2", "horizontalpodautoscalers", "web", {"spec": spec}, status=status)


def budget(least: int, *, healthy: int, allowed: int) -> Specimen:
    """So many pods of `web` must stay; then so many are well, and so many may go."""
    spec: JsonObject = {"minAvailable": least, "selector": {"matchLabels": {"app": "web"}}}

    def settled(found: Observed) -> bool:
        status = found.status
        seen = status.observed_generation == found.metadata.generation
        return seen and (status.current_healthy, status.disruptions_allowed) == (healthy, allowed)

    return Specimen("/apis/policy/v1", "poddisruptionbudgets", "web", {"spec": spec}, settled=settled)


def joining_node(name: str) -> Specimen:
    """It has just come, and is not ready yet."""
    return Specimen(CORE, "nodes", name, {}, status={"conditions": [_condition("Ready", "False", "KubeletNotReady")]})


def lease(name: str, ago: timedelta) -> Specimen:
    """What a part of the control plane holds, and renews as long as it runs: last so long ago."""
    renewed = timestamp(ago).replace("Z", ".000000Z")
    return Specimen("/apis/coordination.k8s.io/v1", "leases", name, {"spec": {"renewTime": renewed}})


def quota(what: str, hard: str, *, used: str) -> Specimen:
    """No more than `hard` of one thing, of which so much will be used."""

    def settled(found: Observed) -> bool:
        return found.status.used.get(what) == used

    return Specimen(CORE, "resourcequotas", "limits", {"spec": {"hard": {what: hard}}}, settled=settled)


def held_config_map() -> Specimen:
    """Once deleted, it stays for its finalizer."""
    return Specimen(CORE, "configmaps", "settings", {}, metadata={"finalizers": [HELD]})


# --- custom kinds ---


def custom(kind: str, **status: Json) -> Specimen:
    """An object of a custom kind, with all that its status says."""
    content: JsonObject = {"apiVersion": f"{ACME_GROUP}/v1", "kind": kind, "status": status}
    return Specimen(f"/apis/{ACME_GROUP}/v1", f"{kind.lower()}s", "one", content)


def custom_with(kind: str, fields: JsonObject | None = None, **conditions: str) -> Specimen:
    """An object of a custom kind whose conditions are True, False or Unknown, as said; `fields` are beside them."""
    told = [_condition(name, truth, "Reconciled") for name, truth in conditions.items()]
    return custom(kind, **(fields or {}), conditions=told)


def custom_kind(kind: str, *columns: JsonObject, plural: str = "") -> Specimen:
    """A kind with these columns, and its age."""
    plural = plural or f"{kind.lower()}s"
    age: JsonObject = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
    version: JsonObject = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        "additionalPrinterColumns": [*columns, age],
    }
    spec: JsonObject = {
        "group": ACME_GROUP,
        "scope": "Namespaced",
        "names": {"plural": plural, "singular": plural.removesuffix("s"), "kind": kind},
        "versions": [version],
    }
    name = f"{plural}.{ACME_GROUP}"
    return Specimen("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", name, {"spec": spec})


def of_condition(name: str) -> JsonObject:
    """A column that shows a condition's True, False or Unknown."""
    return {"name": name, "type": "string", "jsonPath": f'.status.conditions[?(@.type=="{name}")].status'}


def long_ago() -> str:
    """A time that is no news."""
    return timestamp(timedelta(days=2))


def of_field(name: str, json_type: str = "string") -> JsonObject:
    """A column that shows the field of the status that it is named after."""
    return {"name": name, "type": json_type, "jsonPath": f".status.{name.lower()}"}


def _condition(name: str, truth: str, reason: str) -> JsonObject:
    return {"type": name, "status": truth, "reason": reason, "lastTransitionTime": timestamp()}


def api_service(group: str) -> Specimen:
    """A group whose server is nowhere."""
    spec: JsonObject = {
        "group": group,
        "version": "v1",
        "groupPriorityMinimum": 1000,
        "versionPriority": 15,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": "default", "name": "nowhere", "port": 443},
    }
    return Specimen("/apis/apiregistration.k8s.io/v1", "apiservices", f"v1.{group}", {"spec": spec})

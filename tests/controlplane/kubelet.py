"""The nodes of the test cluster, and the statuses that their kubelets would write.

No container runs anywhere. A pod says in an annotation what is to become of it
(its fate); once the scheduler has bound it, its status is written accordingly,
through the `status` subresource, as a kubelet does. Pods being deleted are
removed, which without a kubelet would never happen.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from tests.controlplane.client import AdminClient
from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.fates import BEHIND_INIT, COURSES, FATE, Course, Exit, Fate
from tests.controlplane.objects import (
    COORDINATION,
    CORE,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Json,
    JsonObject,
    collection,
    in_parallel,
)

NODES = ("w1", "w2", "w3", "w4", "w5", "w6")
# Cordoned before anything is scheduled: only daemons, and what names it, run there.
CORDONED = "w6"
PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure")
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class NodeState:
    """What a node says, or is said about it, and since when."""

    ready: str
    reason: str
    ago: timedelta
    # The one condition of pressure that holds, if any does.
    pressure: str = ""


class _Condition(msgspec.Struct):
    type: str
    status: str


class _Container(msgspec.Struct):
    name: str
    image: str


class _PodMetadata(msgspec.Struct, rename="camel"):
    name: str
    namespace: str
    uid: str
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}
    finalizers: list[str] = []
    deletion_timestamp: str | None = None


class _PodSpec(msgspec.Struct, rename="camel"):
    containers: list[_Container]
    init_containers: list[_Container] = []
    node_name: str = ""


class _PodStatus(msgspec.Struct):
    phase: str = ""
    conditions: list[_Condition] = []


class Pod(msgspec.Struct):
    """As much of a pod as its kubelet needs to know."""

    metadata: _PodMetadata
    spec: _PodSpec
    status: _PodStatus

    @property
    def path(self) -> str:
        """Where the pod is."""
        return collection(CORE, "pods", self.metadata.namespace) + f"/{self.metadata.name}"

    @property
    def fate(self) -> Fate:
        """What is to become of it; a pod that does not say runs."""
        return Fate(self.metadata.annotations.get(FATE, Fate.RUNNING))

    @property
    def refused(self) -> bool:
        """Whether the scheduler found no node for it."""
        return any(
            condition.type == "PodScheduled" and condition.status == "False"
            for condition in self.status.conditions
        )


class _PodList(msgspec.Struct):
    items: list[Pod]


class _Named(msgspec.Struct):
    name: str


class _Node(msgspec.Struct):
    metadata: _Named


class _NodeList(msgspec.Struct):
    items: list[_Node]


def timestamp(ago: timedelta = timedelta()) -> str:
    """A time before now as the API writes it."""
    return (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")


def list_pods(client: AdminClient, namespace: str = "") -> list[Pod]:
    """The pods of a namespace, or of all."""
    content = client.get(collection(CORE, "pods", namespace))
    return msgspec.json.decode(content, type=_PodList).items


class Kubelet:
    """The kubelets of all nodes together."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client
        self._written: set[str] = set()

    def register_nodes(self) -> None:
        """Join the nodes that are not there yet: ready, with room for everything; one of them cordoned."""
        content = self._client.get(f"{CORE}/nodes")
        present = {node.metadata.name for node in msgspec.json.decode(content, type=_NodeList).items}
        in_parallel(self._register, [name for name in NODES if name not in present])

    def run_until(self, missing: Callable[[], Sequence[str]], seconds: float) -> None:
        """Write statuses until nothing is `missing` and no pod waits for its own."""
        give_up = time.monotonic() + seconds
        while self._write_statuses() or missing():
            if time.monotonic() > give_up:
                raise ControlPlaneError(
                    f"the cluster did not settle in {seconds:.0f} s: {', '.join(missing())}"
                )
            time.sleep(POLL_SECONDS)

    def evict(self, pod: Pod) -> None:
        """Say that its node ran out of disk and threw the pod out."""
        status = {
            "phase": "Failed",
            "reason": "Evicted",
            "message": "The node was low on resource: ephemeral-storage.",
            "containerStatuses": [],
        }
        self._patch_status(pod.path, {"status": status}, MERGE_PATCH)

    def turn(self, pod: Pod, fate: Fate) -> None:
        """Let a pod fare otherwise than those that were made like it."""
        self._patch_status(pod.path, {"status": pod_status(pod, COURSES[fate])}, MERGE_PATCH)

    def fail_node(self, name: str, ago: timedelta) -> None:
        """Let a node have fallen silent: NotReady, and its pods with it.

        This is what the node lifecycle controller, switched off here, writes.
        The taint does not evict, so that the pods stay, still saying Running.
        """
        self.describe_node(name, NodeState("Unknown", "NodeStatusUnknown", ago), "unreachable")
        self.unready_pods(name, ago)

    def describe_node(self, name: str, state: NodeState, taint: str) -> None:
        """Say how a node is, and keep off it what does not tolerate that."""
        node = f"{CORE}/nodes/{name}"
        self._patch_status(node, {"status": {"conditions": _node_conditions(state)}}, MERGE_PATCH)
        keys = (*(("unschedulable",) if name == CORDONED else ()), taint)
        taints = [{"key": f"node.kubernetes.io/{key}", "effect": "NoSchedule"} for key in keys]
        self._client.send("PATCH", node, {"spec": {"taints": taints}}, content_type=MERGE_PATCH)

    def unready_pods(self, name: str, ago: timedelta) -> None:
        """Say of a failed node's pods that they are not ready; what else they say stays."""
        unready: JsonObject = {
            "status": {
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "False",
                        "reason": "NodeNotReady",
                        "lastTransitionTime": timestamp(ago),
                    }
                ]
            }
        }
        pods = [pod for pod in list_pods(self._client) if pod.spec.node_name == name]
        in_parallel(lambda pod: self._patch_status(pod.path, unready, STRATEGIC_PATCH), pods)

    def _register(self, name: str) -> None:
        number = NODES.index(name) + 1
        cordoned = name == CORDONED
        node = f"{CORE}/nodes/{name}"
        labels = {
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "node-role.kubernetes.io/worker": "",
            "topology.kubernetes.io/region": "eu-west-1",
            "topology.kubernetes.io/zone": f"eu-west-1{'abc'[number % 3]}",
        }
        self._client.send(
            "POST",
            f"{CORE}/nodes",
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": labels},
                "spec": {"unschedulable": cordoned, "podCIDR": f"10.244.{number}.0/24"},
            },
        )
        room = {"cpu": "16", "memory": "64Gi", "pods": "110", "ephemeral-storage": "200Gi"}
        status: JsonObject = {
            "capacity": room,
            "allocatable": room,
            "conditions": _node_conditions(NodeState("True", "KubeletReady", timedelta(days=212))),
            "addresses": [
                {"type": "InternalIP", "address": _host_ip(name)},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": f"00000000-0000-4000-8000-00000000000{number}",
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.41",
                "kubeProxyVersion": "",
                "kubeletVersion": "v1.36.3",
                "machineID": f"{number:032x}",
                "operatingSystem": "linux",
                "osImage": "Flatcar Container Linux",
                "systemUUID": f"00000000-0000-4000-8000-00000000000{number}",
            },
        }
        self._patch_status(node, {"status": status}, MERGE_PATCH)
        # Admission taints every new node as not ready; the controller that would
        # take the taint away again is switched off.
        taints = [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
        self._client.send(
            "PATCH",
            node,
            {"spec": {"taints": taints if cordoned else []}},
            content_type=MERGE_PATCH,
        )
        self._client.send(
            "POST",
            collection(COORDINATION, "leases", "kube-node-lease"),
            {
                "apiVersion": "coordination.k8s.io/v1",
                "kind": "Lease",
                "metadata": {"name": name},
                "spec": {"holderIdentity": name, "leaseDurationSeconds": 40},
            },
        )

    def _write_statuses(self) -> int:
        """Write what is due; how many pods were not yet as they should be."""
        pods = list_pods(self._client)
        leaving = [pod for pod in pods if pod.metadata.deletion_timestamp is not None]
        due = [
            pod
            for pod in pods
            if pod.metadata.deletion_timestamp is None
            and pod.spec.node_name
            and pod.metadata.uid not in self._written
        ]
        unseen = [pod for pod in pods if not pod.spec.node_name and not pod.refused]
        in_parallel(self._remove, leaving)
        in_parallel(self._write, due)
        # Who holds a pod back is no kubelet, and none waits for them.
        held = [pod for pod in leaving if pod.metadata.finalizers]
        return len(leaving) - len(held) + len(due) + len(unseen)

    def _remove(self, pod: Pod) -> None:
        self._client.send("DELETE", pod.path, {"gracePeriodSeconds": 0}, ok=(404,))

    def _write(self, pod: Pod) -> None:
        self._patch_status(pod.path, {"status": pod_status(pod)}, MERGE_PATCH)
        self._written.add(pod.metadata.uid)

    def _patch_status(self, path: str, patch: JsonObject, content_type: str) -> None:
        # 404: a rollout may have removed the pod in the meantime.
        self._client.send("PATCH", f"{path}/status", patch, content_type=content_type, ok=(404,))


def pod_status(pod: Pod, course: Course | None = None) -> JsonObject:
    """The status that a course gives a bound pod; without one, the course of its fate."""
    course = course or COURSES[pod.fate]
    started = timestamp(course.age)
    truth = {True: "True", False: "False"}
    conditions = [
        ("PodScheduled", True),
        ("PodReadyToStartContainers", not course.is_mounting and not course.is_over),
        ("Initialized", not course.initializing),
        ("ContainersReady", course.ready),
        ("Ready", course.ready and not course.gate),
    ]
    status: dict[str, Json] = {
        "phase": course.phase,
        "startTime": started,
        "hostIP": _host_ip(pod.spec.node_name),
        "conditions": [
            {
                "type": name,
                "status": truth[holds],
                "lastTransitionTime": started,
                **({} if holds else {"reason": _unmet(name, course)}),
            }
            for name, holds in conditions
        ],
        "initContainerStatuses": [
            _container_status(container, course) for container in pod.spec.init_containers
        ],
        "containerStatuses": [
            _container_status(container, BEHIND_INIT if course.initializing else course)
            for container in pod.spec.containers
        ],
    }
    if course.reason:
        status |= {"reason": course.reason, "message": course.message}
    if not course.is_mounting:
        # From the uid: two pods of one node must not share an address.
        third, fourth = divmod(int(pod.metadata.uid[:4], 16), 250)
        address = f"10.{64 + NODES.index(pod.spec.node_name)}.{third % 250}.{fourth + 2}"
        status["podIP"] = address
        status["podIPs"] = [{"ip": address}]
    return status


def _unmet(condition: str, course: Course) -> str:
    if course.is_over:
        return "PodCompleted"
    if course.initializing and condition == "Initialized":
        return "ContainersNotInitialized"
    return "ReadinessGatesNotReady" if course.gate else "ContainersNotReady"


def _container_status(container: _Container, course: Course) -> JsonObject:
    running = course.ended is None and not course.waiting
    state: JsonObject
    if course.ended is not None:
        state = {"terminated": _terminated(course.ended, course.age)}
    elif course.waiting:
        state = {"waiting": {"reason": course.waiting, "message": course.message}}
    else:
        restarted = course.last.ago if course.last is not None else course.age
        state = {"running": {"startedAt": timestamp(restarted)}}
    last: JsonObject = (
        {} if course.last is None else {"terminated": _terminated(course.last, course.age)}
    )
    return {
        "name": container.name,
        "image": container.image,
        "imageID": "" if course.phase == "Pending" else f"{container.image}@sha256:{'5e' * 32}",
        "ready": course.ready,
        "started": running,
        "restartCount": course.restarts,
        "state": state,
        "lastState": last,
    }


def _terminated(end: Exit, age: timedelta) -> JsonObject:
    return {
        "exitCode": end.code,
        "reason": end.reason,
        "startedAt": timestamp(min(age, end.ago + timedelta(seconds=20))),
        "finishedAt": timestamp(end.ago),
    }


def _node_conditions(state: NodeState) -> list[JsonObject]:
    # A silent node leaves nothing known; a well one has no pressure.
    silent = state.ready == "Unknown"
    conditions: list[JsonObject] = []
    for name in (*PRESSURES, "Ready"):
        if name == "Ready":
            status, reason = state.ready, state.reason
        elif silent:
            status, reason = "Unknown", state.reason
        elif name == state.pressure:
            status, reason = "True", "KubeletHasPressure"
        else:
            status, reason = "False", "KubeletHasNoPressure"
        conditions.append(
            {
                "type": name,
                "status": status,
                "reason": reason,
                "lastTransitionTime": timestamp(state.ago),
                "lastHeartbeatTime": timestamp(state.ago if silent else timedelta()),
            }
        )
    return conditions


def _host_ip(node: str) -> str:
    return f"10.20.0.{11 + NODES.index(node)}"

"""Events as kubelets and controllers report them: what happened to which pod, how often.

The scheduler and the controllers of the test cluster write their own; these are
those of the programs that do not run there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.controlplane.fates import Fate
from tests.controlplane.kubelet import CORDONED, Pod, timestamp
from tests.controlplane.objects import CORE, JsonObject, collection

NORMAL, WARNING = "Normal", "Warning"


@dataclass(frozen=True)
class Regarding:
    """The object that an event is about."""

    kind: str
    name: str
    namespace: str = ""
    uid: str = ""
    api_version: str = "v1"


@dataclass(frozen=True)
class Occurrence:
    """Something that happened, `count` times, the last time `ago`."""

    type: str
    reason: str
    message: str
    count: int = 1
    ago: timedelta = timedelta(minutes=5)
    # From the first time to the last.
    over: timedelta = timedelta()
    source: str = "kubelet"


def _minutes(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


STARTED = (
    Occurrence(NORMAL, "Pulled", "Container image already present on machine", ago=_minutes(40)),
    Occurrence(NORMAL, "Created", "Created container: app", ago=_minutes(40)),
    Occurrence(NORMAL, "Started", "Started container app", ago=_minutes(40)),
)
OF_FATE: Mapping[Fate, Sequence[Occurrence]] = {
    Fate.RUNNING: STARTED,
    Fate.JUST_STARTED: STARTED,
    Fate.RESTARTED_LONG_AGO: (),
    Fate.RESTARTED_BY_OOM: STARTED,
    Fate.COMPLETED: STARTED,
    Fate.FAILED: STARTED,
    Fate.OOM_KILLED: STARTED,
    Fate.UNREADY: (
        *STARTED,
        Occurrence(
            WARNING,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            101,
            _minutes(0.3),
            _minutes(17),
        ),
    ),
    Fate.CRASH_LOOP: (
        *STARTED,
        Occurrence(
            WARNING,
            "BackOff",
            "Back-off restarting failed container app",
            42,
            _minutes(1),
            _minutes(37),
        ),
        Occurrence(
            WARNING,
            "Unhealthy",
            "Liveness probe failed: dial tcp 10.64.0.9:8080: connect: connection refused",
            6,
            _minutes(3),
            _minutes(30),
        ),
    ),
    Fate.IMAGE_PULL: (
        Occurrence(
            WARNING,
            "Failed",
            'Failed to pull image "registry.acme.example/ledger": not found',
            28,
            _minutes(4),
            _minutes(120),
        ),
        Occurrence(WARNING, "Failed", "Error: ImagePullBackOff", 9, _minutes(2), _minutes(124)),
        Occurrence(NORMAL, "Pulling", "Pulling image", 28, _minutes(4), _minutes(120)),
    ),
    Fate.CONFIG_ERROR: (
        Occurrence(
            WARNING,
            "Failed",
            'Error: secret "crawler-token" not found',
            230,
            _minutes(0.2),
            _minutes(50),
        ),
    ),
    Fate.MOUNTING: (
        Occurrence(
            WARNING,
            "FailedMount",
            'MountVolume.SetUp failed for volume "index" : timed out waiting for the condition',
            16,
            _minutes(1.5),
            _minutes(31),
        ),
        Occurrence(
            WARNING,
            "FailedAttachVolume",
            'Multi-Attach error for volume "pvc-77" Volume is already used by pod(s) indexer-0',
            1,
            _minutes(33),
        ),
    ),
}
OF_CORDONED_NODE = (
    Occurrence(
        NORMAL,
        "NodeNotReady",
        f"Node {CORDONED} status is now: NodeNotReady",
        1,
        _minutes(42),
        source="node-controller",
    ),
    Occurrence(
        WARNING,
        "ContainerGCFailed",
        "rpc error: code = Unavailable desc = containerd is not responding",
        3,
        _minutes(43),
        _minutes(4),
    ),
    Occurrence(
        WARNING,
        "ImageGCFailed",
        "failed to get image stats: rpc error",
        2,
        _minutes(44),
        _minutes(5),
    ),
)
OF_LOST_CLAIM = Occurrence(
    WARNING,
    "ProvisioningFailed",
    'volume "pv-data-queue-2" not found',
    104,
    _minutes(0.4),
    _minutes(25.6),
    source="persistentvolume-controller",
)
EVICTED = Occurrence(
    WARNING,
    "Evicted",
    "The node was low on resource: ephemeral-storage. Threshold quantity: 20Gi, available: 3Gi.",
    1,
    _minutes(58),
)


def pod_events(pods: Iterable[Pod]) -> Iterator[tuple[str, JsonObject]]:
    """What the kubelets have to say about bound pods."""
    for pod in pods:
        if not pod.spec.node_name:
            continue
        metadata = pod.metadata
        regarding = Regarding("Pod", metadata.name, metadata.namespace, metadata.uid)
        happened = list(OF_FATE[pod.fate])
        if pod.status.phase == "Failed" and pod.fate is Fate.RUNNING:
            happened.append(EVICTED)
        for number, occurrence in enumerate(happened):
            yield event(regarding, occurrence, number, pod.spec.node_name)


def other_events() -> Iterator[tuple[str, JsonObject]]:
    """Of a claim, and of the node that fell silent; a node's are in `default`, as ever."""
    yield event(Regarding("PersistentVolumeClaim", "data-queue-2", "pay"), OF_LOST_CLAIM, 0)
    node = Regarding("Node", CORDONED, uid=CORDONED)
    for number, occurrence in enumerate(OF_CORDONED_NODE):
        yield event(node, occurrence, number, CORDONED)


def event(
    regarding: Regarding, occurrence: Occurrence, number: int, host: str = ""
) -> tuple[str, JsonObject]:
    """Where to create the event, and the event; `number` tells those of one object apart."""
    namespace = regarding.namespace or "default"
    last = timestamp(occurrence.ago)
    return (
        collection(CORE, "events", namespace),
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{regarding.name}.{number:016x}", "namespace": namespace},
            "involvedObject": {
                "apiVersion": regarding.api_version,
                "kind": regarding.kind,
                "name": regarding.name,
                "namespace": regarding.namespace,
                "uid": regarding.uid,
            },
            "type": occurrence.type,
            "reason": occurrence.reason,
            "message": occurrence.message,
            "source": {"component": occurrence.source, "host": host},
            "firstTimestamp": timestamp(occurrence.ago + occurrence.over),
            "lastTimestamp": last,
            "count": occurrence.count,
            "reportingComponent": occurrence.source,
            "reportingInstance": host,
        },
    )

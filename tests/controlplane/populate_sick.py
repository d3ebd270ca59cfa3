"""Fills a control plane with a catalogue of sick and well objects, a namespace each.

Knows the order: nodes, kinds and classes, every case's objects, then what goes
wrong with them later. What there is stands in `sick`. The controllers and the
scheduler do their part for real, `Kubelet` does the nodes'; each step waits
until the server shows what it promised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.controlplane.client import AdminClient
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.fates import FATE, Fate
from tests.controlplane.jobs import ownership
from tests.controlplane.kubelet import Kubelet, NodeState, Pod, list_pods, timestamp
from tests.controlplane.objects import APPS, BATCH, CORE, MERGE_PATCH, JsonObject, collection, create_all, in_parallel
from tests.controlplane.observed import (
    SETTLE_SECONDS,
    Observed,
    observe,
    observe_all,
    wait_for_custom_kinds,
    wait_until,
)
from tests.controlplane.sick import (
    NOT_READY,
    SHORT_OF_MEMORY,
    SILENT,
    SYSTEM,
    Cases,
    cases,
    cluster_objects,
    custom_kinds,
    system_objects,
    unestablished_kind,
)
from tests.controlplane.sick_objects import ACME_GROUP, HELD, Specimen, api_service, has_ended, job
from tests.controlplane.stand_ins import patch_status, retire_autoscaler

DISCOVERY = "/apis/discovery.k8s.io/v1"
TERMINATING = f"{CORE}/namespaces/namespace-terminating"
# How the newest run of a schedule ends, whose older run ended otherwise.
NEWEST_RUNS = {"schedule-recovered": Fate.COMPLETED, "schedule-fails": Fate.FAILED}


@dataclass(frozen=True)
class Release:
    """How a deployment of two goes on: its new pods' fate, and what is written beside them."""

    fate: Fate
    # Of two pods, how many may be missing; if none, a new one comes first.
    missing: int
    spec: JsonObject

    @property
    def patch(self) -> JsonObject:
        """What its user would send."""
        strategy = {"maxSurge": 1 - self.missing, "maxUnavailable": self.missing}
        template = {"metadata": {"annotations": {FATE: self.fate}}}
        return {"spec": {"template": template, "strategy": {"rollingUpdate": strategy}, **self.spec}}


_SOON_GIVEN_UP: JsonObject = {"progressDeadlineSeconds": 2}
_SLOW: JsonObject = {"minReadySeconds": 7200, "progressDeadlineSeconds": 14400}
RELEASES = {
    "release-crashes": Release(Fate.CRASH_LOOP, 0, _SOON_GIVEN_UP),
    "release-given-up": Release(Fate.JUST_UNREADY, 0, _SOON_GIVEN_UP),
    "release-under-way": Release(Fate.JUST_STARTED, 1, _SLOW),
    "release-paused": Release(Fate.JUST_STARTED, 1, _SLOW),
}


def populate_sick(plane: ControlPlane) -> None:
    """Fill an empty control plane; return when every case is what its name says."""
    client = plane.client
    kubelet = Kubelet(client)
    planned = cases()
    retire_autoscaler(client)
    _join_nodes(kubelet)
    _create_cluster_objects(client)
    _create_namespaces(client, planned)
    in_parallel(lambda namespace: _create_case(client, namespace, planned[namespace]), planned)
    first_runs = timestamp()
    kubelet.run_until(lambda: _unsettled(client, planned), SETTLE_SECONDS)
    _go_wrong(client, kubelet)
    # Which run is the newest is told by the second.
    wait_until(lambda: timestamp() > first_runs, "the next second has begun")
    newest = {namespace: _newest(fate) for namespace, fate in NEWEST_RUNS.items()}
    create_all(client, ((run.where(namespace), run.body) for namespace, run in newest.items()))
    kubelet.run_until(lambda: _not_gone_wrong(client), SETTLE_SECONDS)
    _finish(client)


def _join_nodes(kubelet: Kubelet) -> None:
    kubelet.register_nodes()
    ago = timedelta(minutes=42)
    kubelet.describe_node(NOT_READY, NodeState("False", "KubeletNotReady", ago), "not-ready")
    kubelet.describe_node(SILENT, NodeState("Unknown", "NodeStatusUnknown", ago), "unreachable")
    pressed = NodeState("True", "KubeletReady", ago, "MemoryPressure")
    kubelet.describe_node(SHORT_OF_MEMORY, pressed, "memory-pressure")


def _create_cluster_objects(client: AdminClient) -> None:
    kinds = custom_kinds()
    create_all(client, ((it.where(""), it.body) for it in (*kinds, *cluster_objects())))
    create_all(client, ((it.where(SYSTEM), it.body) for it in system_objects()))
    wait_for_custom_kinds(client, {ACME_GROUP: [it.name.partition(".")[0] for it in kinds]})


def _create_namespaces(client: AdminClient, planned: Cases) -> None:
    create_all(client, ((f"{CORE}/namespaces", {"metadata": {"name": namespace}}) for namespace in planned))

    def accounts_made() -> bool:
        made = observe_all(client, f"{CORE}/serviceaccounts")
        return all((namespace, "default") in made for namespace in planned)

    # Without one no pod is admitted.
    wait_until(accounts_made, "each namespace has its service account")


def _create_case(client: AdminClient, namespace: str, specimens: Sequence[Specimen]) -> None:
    for it in specimens:
        path = it.where(namespace)
        client.send("POST", path, it.body)
        if it.status:
            patch_status(client, f"{path}/{it.name}", it.status)


def _unsettled(client: AdminClient, planned: Cases) -> list[str]:
    """What its controllers are not yet done with."""
    promised = [("", it) for it in cluster_objects()]
    promised += [(namespace, it) for namespace, specimens in planned.items() for it in specimens]
    found = {path: observe_all(client, path) for path in {it.where("") for _, it in promised if it.settled}}
    missing = [
        f"{it.plural} {namespace}/{it.name}"
        for namespace, it in promised
        if it.settled and not it.settled(found[it.where("")][namespace, it.name])
    ]
    # The service says nothing of it.
    return missing if _has_endpoint(client, "service-well") else [*missing, "endpoints of service-well"]


def _has_endpoint(client: AdminClient, namespace: str) -> bool:
    return b'"ready":true' in client.get(collection(DISCOVERY, "endpointslices", namespace))


def _go_wrong(client: AdminClient, kubelet: Kubelet) -> None:
    """What befalls some of the cases once they are there."""
    kubelet.unready_pods(NOT_READY, timedelta(minutes=42))
    for namespace, release in RELEASES.items():
        client.send("PATCH", _deployment(namespace), release.patch, content_type=MERGE_PATCH)
    for namespace in ("one-of-three-unready", "statefulset-short", "daemon-unready"):
        kubelet.turn(_a_pod(client, namespace), Fate.JUST_UNREADY)
    for namespace in ("evicted-and-replaced", "evicted-bare-pod"):
        kubelet.evict(_a_pod(client, namespace))
    replaced = _a_pod(client, "terminating-replaced-pod")
    hold: JsonObject = {"metadata": {"finalizers": [HELD]}}
    client.send("PATCH", replaced.path, hold, content_type=MERGE_PATCH)
    for pod in (replaced, _a_pod(client, "terminating-bare-pod")):
        client.send("DELETE", pod.path, {"gracePeriodSeconds": 0})
    client.send("DELETE", TERMINATING)


def _not_gone_wrong(client: AdminClient) -> list[str]:
    """What has not yet become of the cases that things befell."""
    deployments = observe_all(client, f"{APPS}/deployments")
    runs = observe_all(client, f"{BATCH}/jobs")
    daemons = observe_all(client, f"{APPS}/daemonsets")
    sets = observe_all(client, f"{APPS}/statefulsets")
    terminating = observe(client, TERMINATING)
    # Created, new and ready pods; of three the third is evicted, held or unready.
    became = {
        "release-crashes": (3, 1, 2),
        "release-given-up": (3, 1, 2),
        "release-under-way": (2, 1, 2),
        "release-paused": (2, 1, 2),
        "one-of-three-unready": (3, 3, 2),
        "evicted-and-replaced": (2, 2, 2),
        "terminating-replaced-pod": (2, 2, 2),
    }
    given_up = ("release-crashes", "release-given-up")
    return [
        *(ns for ns, counts in became.items() if _counts(deployments[ns, "web"]) != counts),
        *(ns for ns in given_up if not deployments[ns, "web"].status.has("Progressing", "False")),
        *(ns for ns, fate in NEWEST_RUNS.items() if not has_ended(runs[ns, "etl-2"], fate)),
        *(ns for ns in ("daemons-on-failed-node", "daemon-unready") if daemons[ns, "agent"].status.number_ready != 1),
        *(("statefulset-short",) if sets["statefulset-short", "db"].status.ready_replicas != 1 else ()),
        *(("namespace-terminating",) if not terminating.status.has("NamespaceFinalizersRemaining", "True") else ()),
    ]


def _counts(deployment: Observed) -> tuple[int, int, int] | None:
    """Created, new and ready pods; None before the controller has seen the last change."""
    status = deployment.status
    if status.observed_generation != deployment.metadata.generation:
        return None
    return status.replicas, status.updated_replicas, status.ready_replicas


def _finish(client: AdminClient) -> None:
    """What must wait for all else: who owns what is over, and what disturbs the controllers."""
    paused = _deployment("release-paused")
    client.send("PATCH", paused, {"spec": {"paused": True}}, content_type=MERGE_PATCH)
    schedules = observe_all(client, f"{BATCH}/cronjobs")
    for namespace in NEWEST_RUNS:
        patch = ownership("etl", schedules[namespace, "etl"].metadata.uid)
        for run in ("etl-1", "etl-2"):
            path = collection(BATCH, "jobs", namespace) + f"/{run}"
            client.send("PATCH", path, patch, content_type=MERGE_PATCH)
    # While a group cannot be discovered, no namespace can be emptied.
    nowhere = api_service("stock.acme.example")
    for last in (unestablished_kind(), nowhere):
        client.send("POST", last.where(""), last.body)
    wait_until(
        lambda: observe(client, f"{nowhere.where('')}/{nowhere.name}").status.has("Available", "False")
        and _counts(observe(client, paused)) == (2, 1, 2),
        "the API service is found unavailable, and the release paused",
    )


def _newest(fate: Fate) -> Specimen:
    return job(fate, name="etl-2")


def _deployment(namespace: str) -> str:
    return collection(APPS, "deployments", namespace) + "/web"


def _a_pod(client: AdminClient, namespace: str) -> Pod:
    return list_pods(client, namespace)[0]

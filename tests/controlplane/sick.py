"""The sick cluster's cases, each a namespace: one thing that is wrong, or a neighbour that only looks like it.

What becomes of them at the first go stands in the tables; what goes wrong later
(releases, evictions, deletions) is `populate_sick`'s. What the program is to say
of each stands in `tests/test_health_catalogue.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

from tests.controlplane.fates import Fate
from tests.controlplane.sick_objects import (
    HELD,
    MADE_TO_MEASURE,
    NO_VOLUMES,
    ON_DEMAND,
    Specimen,
    autoscaler,
    bare_pod,
    budget,
    claim,
    cron_job,
    custom,
    custom_kind,
    custom_with,
    daemon_set,
    deployment,
    gated_deployment,
    gated_pod,
    held_config_map,
    ingress,
    initializing_deployment,
    job,
    joining_node,
    lease,
    long_ago,
    lost_claim,
    of_condition,
    of_field,
    podless_deployment,
    quota,
    replica_set,
    service,
    stateful_set,
    storage_class,
    suspended_job,
    unscheduled_deployment,
    volume,
)

Cases: TypeAlias = Mapping[str, Sequence[Specimen]]

SYSTEM = "kube-system"
# One more has just been made.
JOINING = "w7"
# Of the six nodes that have been there, w1 and w2 are well and w6 is cordoned.
NOT_READY, SILENT, SHORT_OF_MEMORY = "w3", "w4", "w5"
# In the one zone is w3 beside w6, in the other w5 beside w2.
ZONE_OF_NOT_READY, ZONE_OF_READY = "eu-west-1a", "eu-west-1c"


def cases() -> Cases:
    """Namespace by namespace what is created there, in that order."""
    return dict((*_of_pods(), *_of_workloads(), *_of_runs(), *_of_storage(), *_of_the_rest(), *_of_custom_kinds()))


def cluster_objects() -> Sequence[Specimen]:
    """What is in no namespace, and comes first."""
    gone: Mapping[str, str] = {"namespace": "default", "name": "gone", "uid": "00000000-0000-4000-8000-000000000000"}
    return (
        joining_node(JOINING),
        storage_class(NO_VOLUMES, "Immediate"),
        storage_class(MADE_TO_MEASURE, "Immediate"),
        storage_class(ON_DEMAND, "WaitForFirstConsumer"),
        volume("available", "Available", "Retain", hostPath={"path": "/var/lib/volumes/available"}),
        volume(
            "bound",
            "Bound",
            "Retain",
            hostPath={"path": "/var/lib/volumes/bound"},
            claimRef={"namespace": "claim-bound", "name": "data"},
        ),
        volume("released-to-keep", "Released", "Retain", hostPath={"path": "/var/lib/volumes/old"}, claimRef=gone),
        # Nobody runs here that would delete a volume of this driver,
        volume(
            "released-to-delete",
            "Released",
            "Delete",
            csi={"driver": "csi.acme.example", "volumeHandle": "v1"},
            claimRef=gone,
        ),
        # and who deletes a host's directories does so only below /tmp.
        volume("failed", "Failed", "Delete", hostPath={"path": "/var/lib/volumes/failed"}, claimRef=gone),
    )


def system_objects() -> Sequence[Specimen]:
    """What is in the namespace of the cluster's own."""
    return (lease("kube-scheduler", timedelta(minutes=12)),)


def custom_kinds() -> Sequence[Specimen]:
    """Kinds as operators bring them, by what their columns show."""
    return (
        custom_kind("Bucket", of_condition("Ready"), of_condition("Synced")),
        custom_kind("Operator", of_condition("Available"), of_condition("Progressing"), of_condition("Degraded")),
        custom_kind("Machine", of_condition("Ready"), of_condition("MemoryPressure")),
        custom_kind("Pipeline", of_field("Phase")),
        custom_kind("Ring", of_field("Ready")),
        custom_kind("Gate", of_field("Ready", "boolean")),
        custom_kind("Shard", of_field("Health"), of_field("Phase"), of_condition("Ready")),
        custom_kind("Disk", of_field("State"), of_field("Robustness"), of_condition("Ready")),
        custom_kind("Run", of_condition("Succeeded"), of_field("CompletionTime", "date")),
        custom_kind("Fleet", of_field("Desired", "integer"), of_field("Available", "integer"), of_field("JobStatus")),
    )


def unestablished_kind() -> Specimen:
    """Its kind is another's."""
    return custom_kind("Bucket", plural="oldbuckets")


def _of_pods() -> Iterator[tuple[str, Sequence[Specimen]]]:
    yield "pods-well", [deployment(replicas=2)]
    for namespace, fate in (
        ("crash-loop", Fate.CRASH_LOOP),
        ("crash-loop-by-oom", Fate.OOM_LOOP),
        ("between-restarts", Fate.BETWEEN_RESTARTS),
        ("image-pull-back-off", Fate.IMAGE_PULL),
        ("image-pull-error", Fate.PULL_ERROR),
        ("image-name-invalid", Fate.INVALID_IMAGE),
        ("config-error", Fate.CONFIG_ERROR),
        ("containers-creating", Fate.JUST_MOUNTING),
        ("restarted-lately", Fate.RESTARTED_BY_OOM),
        ("restarted-long-ago", Fate.RESTARTED_LONG_AGO),
        ("status-unheard-of", Fate.FROBNICATED),
    ):
        yield namespace, [deployment(fate)]
    yield "init-crash-loop", [initializing_deployment()]
    yield "none-of-two-ready", [deployment(Fate.JUST_UNREADY, 2)]
    # One of them will not stay well.
    yield "one-of-three-unready", [deployment(replicas=3)]
    yield "gate-not-open", [gated_deployment()]
    yield "unschedulable", [unscheduled_deployment()]
    yield "volume-pending", [stateful_set(storage_class=NO_VOLUMES)]
    yield "daemons-on-failed-node", [daemon_set(ZONE_OF_NOT_READY, 2)]
    yield "daemons-well", [daemon_set(ZONE_OF_READY, 2)]
    # One of these will not stay well, on a node that is.
    yield "daemon-unready", [daemon_set(ZONE_OF_READY, 2)]
    yield "bare-pod-on-failed-node", [bare_pod(node=NOT_READY)]
    # These will be deleted, and held.
    yield "terminating-bare-pod", [bare_pod(finalizers=(HELD,))]
    yield "terminating-replaced-pod", [deployment(replicas=2)]
    # These will be evicted.
    yield "evicted-and-replaced", [deployment(replicas=2)]
    yield "evicted-bare-pod", [bare_pod()]
    yield "failed-bare-pod", [bare_pod(Fate.FAILED)]
    yield "completed-bare-pod", [bare_pod(Fate.COMPLETED)]
    yield "scheduling-gated", [gated_pod()]


def _of_workloads() -> Iterator[tuple[str, Sequence[Specimen]]]:
    yield "one-at-0", [deployment(replicas=0)]
    yield "all-at-0", [deployment(replicas=0), deployment(replicas=0, name="api"), stateful_set(0)]
    yield "one-of-two-at-0", [deployment(replicas=0), deployment(name="api")]
    yield "one-of-two-sick", [deployment(Fate.CRASH_LOOP), deployment(name="api")]
    yield "pods-not-created", [quota("pods", "0", used="0"), podless_deployment()]
    yield "replicaset-well", [replica_set(Fate.RUNNING, 2)]
    yield "replicaset-short", [replica_set(Fate.JUST_UNREADY, 2)]
    # Another controller's, that has taken a deployment's place (Argo Rollouts, `workloadRef`).
    yield "replicaset-instead", [deployment(replicas=0), replica_set(Fate.RUNNING, 2, name="web-5d4f6c7b9")]
    # One of these will not stay well.
    yield "statefulset-short", [stateful_set(2)]
    # To be released again, each in its way.
    yield "release-crashes", [deployment(replicas=2)]
    yield "release-given-up", [deployment(replicas=2)]
    yield "release-under-way", [deployment(replicas=2)]
    yield "release-paused", [deployment(replicas=2)]


def _of_runs() -> Iterator[tuple[str, Sequence[Specimen]]]:
    yield "job-failed", [job(Fate.FAILED)]
    yield "job-out-of-memory", [job(Fate.OOM_KILLED)]
    yield "job-complete", [job()]
    yield "job-running", [job(Fate.RUNNING)]
    yield "job-suspended", [suspended_job()]
    yield "schedule-suspended", [cron_job(suspended=True)]
    # The next run of each turns out otherwise.
    yield "schedule-recovered", [cron_job(), job(Fate.FAILED, name="etl-1")]
    yield "schedule-fails", [cron_job(), job(Fate.COMPLETED, name="etl-1")]


def _of_storage() -> Iterator[tuple[str, Sequence[Specimen]]]:
    yield "claim-pending", [claim(NO_VOLUMES, "Pending")]
    yield "claim-on-demand", [claim(ON_DEMAND, "Pending")]
    yield "claim-lost", [lost_claim()]
    yield "claim-bound", [claim(MADE_TO_MEASURE, "Bound", volume="bound")]


def _of_the_rest() -> Iterator[tuple[str, Sequence[Specimen]]]:
    yield "namespace-empty", []
    # To be deleted.
    yield "namespace-terminating", [held_config_map()]
    yield "autoscaler-at-maximum", [deployment(replicas=2), autoscaler(1, 2, replicas=2, used=91)]
    yield "autoscaler-on-target", [deployment(replicas=2), autoscaler(1, 2, replicas=2, used=64)]
    yield "autoscaler-of-one-size", [deployment(replicas=2), autoscaler(2, 2, replicas=2, used=91)]
    yield "autoscaler-blind", [deployment(replicas=2), autoscaler(1, 3, replicas=2, used=None)]
    yield "autoscaler-of-nothing", [autoscaler(1, 3, replicas=0, used=None)]
    yield "autoscaler-at-0", [deployment(replicas=0), autoscaler(1, 3, replicas=0, used=None)]
    yield "budget-allows-nothing", [deployment(replicas=2), budget(2, healthy=2, allowed=0)]
    yield "budget-allows-one", [deployment(replicas=2), budget(1, healthy=2, allowed=1)]
    yield "budget-at-0", [deployment(replicas=0), budget(1, healthy=0, allowed=0)]
    web = {"app": "web"}
    yield "service-well", [deployment(), service(selector=web)]
    yield "service-of-nothing", [deployment(), service(selector={"app": "website"})]
    scheduler = {"component": "kube-scheduler"}
    yield "service-of-hosted", [deployment(), service(selector=scheduler, clusterIP="None")]
    yield "service-at-0", [deployment(replicas=0), service(selector=web)]
    yield "service-of-sick", [deployment(Fate.CRASH_LOOP), service(selector=web)]
    yield "service-without-address", [deployment(), service(selector=web, type="LoadBalancer")]
    yield "service-without-selector", [service()]
    yield "service-elsewhere", [service(type="ExternalName", externalName="api.elsewhere.example")]
    yield "ingress-without-address", [ingress()]
    yield "ingress-with-address", [ingress("203.0.113.10")]
    # Of storage that is claimed, and waits for its first pod.
    storage = "requests.storage"
    yield "quota-nearly-used", [claim(ON_DEMAND, "Pending"), quota(storage, "96Gi", used="90Gi")]
    yield "quota-at-90-percent", [claim(ON_DEMAND, "Pending"), quota(storage, "100Gi", used="90Gi")]
    yield "quota-of-0", [quota("services.loadbalancers", "0", used="0")]


def _of_custom_kinds() -> Iterator[tuple[str, Sequence[Specimen]]]:
    yield "custom-ready", [custom_with("Bucket", Ready="True", Synced="True")]
    yield "custom-not-ready", [custom_with("Bucket", Ready="False", Synced="True")]
    yield "custom-ready-unknown", [custom_with("Bucket", Ready="Unknown", Synced="True")]
    yield "custom-not-synced", [custom_with("Bucket", Ready="True", Synced="False")]
    yield "custom-without-status", [custom("Bucket")]
    yield "custom-degraded", [custom_with("Operator", Available="True", Progressing="False", Degraded="True")]
    yield "custom-not-degraded", [custom_with("Operator", Available="True", Progressing="False", Degraded="False")]
    yield "custom-without-pressure", [custom_with("Machine", Ready="True", MemoryPressure="False")]
    yield "custom-phase-failed", [custom("Pipeline", phase="Failed")]
    yield "custom-phase-running", [custom("Pipeline", phase="Running")]
    yield "custom-phase-unheard-of", [custom("Pipeline", phase="Frobnicating")]
    yield "custom-1-of-3-ready", [custom("Ring", ready="1/3")]
    yield "custom-3-of-3-ready", [custom("Ring", ready="3/3")]
    yield "custom-not-true", [custom("Gate", ready=False)]
    yield "custom-true", [custom("Gate", ready=True)]
    yield "custom-pending", [custom("Pipeline", phase="Pending")]
    yield "custom-sync-failed", [custom("Pipeline", phase="SyncFailed")]
    yield "custom-red-and-ready", [custom("Shard", health="red", phase="Ready")]
    yield "custom-green-and-ready", [custom("Shard", health="green", phase="Ready")]
    yield "custom-two-states", [custom_with("Shard", {"health": "purple", "phase": "Ready"}, Ready="True")]
    yield "custom-at-rest", [custom_with("Disk", {"state": "detached", "robustness": "unknown"}, Ready="False")]
    yield "custom-at-rest-and-faulted", [custom("Disk", state="detached", robustness="faulted")]
    yield "custom-run-failed", [custom_with("Run", Succeeded="False")]
    yield "custom-run-failed-long-ago", [custom_with("Run", {"completiontime": long_ago()}, Succeeded="False")]
    yield "custom-run-under-way", [custom_with("Run", Succeeded="Unknown")]
    yield "custom-none-of-3-available", [custom("Fleet", desired=3)]
    yield "custom-at-0", [custom("Fleet", desired=0)]
    yield "custom-job-failed", [custom("Fleet", jobstatus="FAILED")]

"""What a closer look makes of a suspect: why, since when, how bad after all, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from kubectl_inventory.clock import now_epoch
from kubectl_inventory.health import Health
from kubectl_inventory.judgement.conclusions import (
    Suspect,
    conclude,
    control_plane_findings,
    joining_nodes,
    node_findings,
)
from kubectl_inventory.judgement.findings import Finding, Owner
from kubectl_inventory.judgement.symptoms import LookFor, Symptom
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import (
    Condition,
    ContainerState,
    ContainerStatus,
    Detail,
    DetailMeta,
    Ended,
    Endpoint,
    EndpointConditions,
    LeaseSpec,
    ObjectStatus,
    OwnerReference,
    Waiting,
)
from tests.fake_api import DEPLOYMENTS, NAMESPACE_KIND, NODES, PODS, a_kind
from tests.printed import (
    AUTOSCALERS,
    BUCKETS,
    BUDGETS,
    CLAIMS,
    CRON_JOBS,
    DEFINITIONS,
    JOBS,
    SERVICES,
    VOLUMES,
    a_thing,
)

GRACE_S = 300
LONG_AGO = "2026-01-03T09:14:22Z"
POD = a_thing(PODS, "web-5d4f6c7b9-x2k4p")
WEB = a_thing(DEPLOYMENTS)


def ago(seconds: int) -> str:
    return datetime.fromtimestamp(now_epoch() - seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def a_suspect(kind: Kind = PODS, reason: str = "NotReady", health: Health = "warning", *, passes: bool = False,
              age_s: float | None = 3600, brief: str = "", look: LookFor = "verdict") -> Suspect:  # fmt: skip
    """An object of a kind; a pod is its own example."""
    symptom = Symptom(health=health, reason=reason, brief=brief, passes=passes, look=look)
    thing = POD if kind == PODS else a_thing(kind)
    return Suspect(object=thing, symptom=symptom, age_s=age_s, example=thing if kind == PODS else None)


def a_detail(
    *conditions: Condition, first: Sequence[ContainerStatus] = (), then: Sequence[ContainerStatus] = ()
) -> Detail:
    """An object by its conditions; of a pod, with its init containers and its containers."""
    status = ObjectStatus(conditions, container_statuses=tuple(then), init_container_statuses=tuple(first))
    return Detail(DetailMeta(name="web", creation_timestamp=LONG_AGO), status)


def a_condition(type_: str, status: str = "False", reason: str = "", message: str = "") -> Condition:
    return Condition(type_, status, reason, message, LONG_AGO)


def waiting(reason: str, message: str = "", last: Ended | None = None) -> ContainerStatus:
    return ContainerStatus(
        "app", state=ContainerState(waiting=Waiting(reason, message)), last_state=ContainerState(terminated=last)
    )


def ended(code: int, reason: str) -> ContainerStatus:
    return ContainerStatus("app", ready=not code, state=ContainerState(terminated=Ended(code, reason)))


def running(last: Ended | None = None) -> ContainerStatus:
    return ContainerStatus("app", ready=True, last_state=ContainerState(terminated=last))


def found(suspect: Suspect, *details: Detail) -> Finding:
    finding = conclude(suspect, details, grace_s=GRACE_S)
    assert finding is not None
    return finding


# --- how long it may take -----------------------------------------------------------


@pytest.mark.parametrize(
    ("passes", "age_s", "health"),
    [
        (True, 299, "changing"),
        (True, 301, "warning"),
        (True, None, "warning"),
        (False, 1, "warning"),
    ],
)
def test_what_nobody_looked_at_is_as_its_row_says(passes: bool, age_s: float | None, health: Health) -> None:
    suspect = a_suspect(CLAIMS, "Pending", passes=passes, age_s=age_s)
    assert conclude(suspect, None, grace_s=GRACE_S) == Finding(
        object=suspect.object, health=health, reason="Pending", brief="Pending"
    )


@pytest.mark.parametrize(("lasts_s", "health"), [(60, "changing"), (600, "warning"), (-60, "changing")])
def test_since_when_it_is_so_counts_and_not_how_old_it_is(lasts_s: int, health: Health) -> None:
    ready = Condition("Ready", "False", last_transition_time=ago(lasts_s))
    finding = found(a_suspect(passes=True), a_detail(ready))
    assert (finding.health, finding.since) == (health, ready.last_transition_time)


def test_a_time_that_cannot_be_read_is_none() -> None:
    ready = Condition("Ready", "False", last_transition_time="yesterday")
    assert found(a_suspect(passes=True, age_s=60), a_detail(ready)).health == "changing"


def test_a_workloads_state_is_its_summary_and_an_example_is_not_the_object() -> None:
    suspect = msgspec.structs.replace(
        a_suspect(reason="CrashLoopBackOff", health="error"), object=WEB, count=2, restarts=(3, 11), state="1/3 ready"
    )
    assert conclude(suspect, None, grace_s=GRACE_S) == Finding(
        object=WEB, health="error", reason="CrashLoopBackOff", brief="CrashLoopBackOff", summary="1/3 ready", count=2,
        example=POD, restarts=(3, 11),
    )  # fmt: skip


# --- what went meanwhile --------------------------------------------------------------


@pytest.mark.parametrize("kind", [PODS, NAMESPACE_KIND, DEPLOYMENTS, CLAIMS, BUCKETS])
def test_what_is_gone_is_no_finding(kind: Kind) -> None:
    assert conclude(a_suspect(kind), (), grace_s=GRACE_S) is None


def test_pods_alike_are_not_gone_with_one_of_them() -> None:
    suspect = msgspec.structs.replace(a_suspect(reason="CrashLoopBackOff"), count=3)
    finding = conclude(suspect, (), grace_s=GRACE_S)
    assert finding is not None and (finding.object, finding.example, finding.count) == (POD, POD, 3)


@pytest.mark.parametrize(("reason", "is_found"), [("CrashLoopBackOff", True), ("Terminating", False)])
def test_a_workload_is_sick_whichever_of_its_pods_went(reason: str, is_found: bool) -> None:
    suspect = msgspec.structs.replace(a_suspect(reason=reason), object=WEB, count=10)
    assert (conclude(suspect, (), grace_s=GRACE_S) is not None) is is_found


# --- pods -------------------------------------------------------------------------------

OOM = Ended(137, "OOMKilled", LONG_AGO)
CRASH = Ended(1, "Error", "2026-01-02T00:00:00Z")
DONE = ended(0, "Completed")


@pytest.mark.parametrize(
    ("reason", "first", "then", "says", "last_exit"),
    [
        ("CrashLoopBackOff", [], [waiting("CrashLoopBackOff", "back-off", CRASH)], "back-off", "1 (Error)"),
        ("CrashLoopBackOff", [DONE], [running(), waiting("CrashLoopBackOff", "back-off", CRASH)], "back-off",
         "1 (Error)"),
        ("ImagePullBackOff", [], [waiting("CrashLoopBackOff", "", CRASH), waiting("ImagePullBackOff", "pull")], "pull",
         ""),
        ("Init:CrashLoopBackOff", [DONE, waiting("CrashLoopBackOff", "back-off", OOM)], [waiting("PodInitializing")],
         "back-off", "137 (OOMKilled)"),
        ("Init:Error", [ended(2, "Error")], [waiting("PodInitializing", "later")], "not ready", "2 (Error)"),
        ("Error", [DONE], [ended(3, "Error")], "not ready", "3 (Error)"),
        ("NotReady", [DONE], [ContainerStatus("app"), running(OOM)], "not ready", ""),
        ("ExitCode:4", [], [ContainerStatus("app", state=ContainerState(terminated=Ended(4)))], "not ready", ""),
        ("NotReady", [], [], "not ready", ""),
    ],
)  # fmt: skip
def test_a_pod_says_why_by_the_container_that_its_word_is_of(
    reason: str, first: list[ContainerStatus], then: list[ContainerStatus], says: str, last_exit: str
) -> None:
    ready = a_condition("Ready", message="not ready")
    pod = a_detail(ready, first=first, then=then)
    finding = found(a_suspect(reason=reason), pod)
    assert (finding.says, finding.last_exit, finding.since) == (says, last_exit, LONG_AGO)


def test_restarts_are_told_by_the_container_that_ended_last() -> None:
    pod = a_detail(a_condition("Ready", "True"), first=[DONE], then=[running(CRASH), running(OOM)])
    finding = found(a_suspect(reason="Restarts", brief="restarted 4x"), pod)
    assert (finding.brief, finding.last_exit, finding.since) == (
        "restarted 4x, OOMKilled", "137 (OOMKilled)", LONG_AGO
    )  # fmt: skip


@pytest.mark.parametrize(
    ("then", "is_found"),
    [
        ([ContainerStatus("step", state=ContainerState(terminated=Ended(0, "Completed"))), running()], False),
        ([ContainerStatus("step", state=ContainerState(terminated=Ended(1, "Error"))), running()], True),
        ([ContainerStatus("step", state=ContainerState(terminated=Ended(0))), waiting("CrashLoopBackOff")], True),
        ([running(), ContainerStatus("app")], True),
        ([], True),
    ],
)
def test_a_run_whose_steps_end_one_by_one_is_well(then: list[ContainerStatus], is_found: bool) -> None:
    pod = a_detail(a_condition("Ready"), then=then)
    assert (conclude(a_suspect(), (pod,), grace_s=GRACE_S) is not None) is is_found


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("0/3 nodes are available: 3 Insufficient cpu.", "Unschedulable"),
        ("pod has unbound immediate PersistentVolumeClaims.", "VolumePending"),
    ],
)
def test_a_pod_that_cannot_be_scheduled_says_what_it_waits_for(message: str, reason: str) -> None:
    pod = a_detail(a_condition("PodScheduled", reason="Unschedulable", message=message))
    finding = found(a_suspect(reason="Unschedulable", health="error", passes=True), pod)
    assert (finding.health, finding.reason, finding.says, finding.since) == ("error", reason, message, LONG_AGO)


def test_a_pod_of_nobody_known_names_its_owner() -> None:
    pod = Detail(metadata=DetailMeta(owner_references=(OwnerReference("argoproj.io/v1alpha1", "Rollout", "web", ""),)))
    assert found(a_suspect(), pod).owner == Owner("argoproj.io/v1alpha1", "Rollout", "web")
    assert found(msgspec.structs.replace(a_suspect(), object=WEB), pod).owner is None


@pytest.mark.parametrize("kind", [PODS, NAMESPACE_KIND, CLAIMS, VOLUMES, BUCKETS])
def test_what_will_not_go_is_so_since_it_was_deleted(kind: Kind) -> None:
    thing = Detail(metadata=DetailMeta(creation_timestamp=LONG_AGO, deletion_timestamp=ago(60)))
    finding = found(a_suspect(kind, "Terminating", passes=True), thing)
    assert (finding.health, finding.since) == ("changing", thing.metadata.deletion_timestamp)


@pytest.mark.parametrize(("reason", "since"), [("Pending", LONG_AGO), ("Lost", None), ("Failed", None)])
def test_only_a_claim_that_is_pending_has_been_so_since_it_was_made(reason: str, since: str | None) -> None:
    assert found(a_suspect(CLAIMS, reason), a_detail()).since == since


# --- other kinds --------------------------------------------------------------------------

REMAINING = "Some resources are remaining: "


@pytest.mark.parametrize(
    ("conditions", "brief"),
    [
        ([], "Terminating 3h"),
        ([a_condition("NamespaceContentRemaining", "True",
                      message=f"{REMAINING}databases.acme.example has 1 resource instances")],
         "Terminating 3h, 1 database left"),
        ([a_condition("NamespaceContentRemaining", "True",
                      message=f"{REMAINING}pods. has 3 resource instances")], "Terminating 3h, 3 pods left"),
        ([a_condition("NamespaceContentRemaining", "True",
                      message=f"{REMAINING}ingresses.x has 1 resource instances")], "Terminating 3h, 1 ingress left"),
        ([a_condition("NamespaceContentRemaining", "True",
                      message=f"{REMAINING}policies.x has 1 resource instances")], "Terminating 3h, 1 policy left"),
        ([a_condition("NamespaceContentRemaining", "True",
                      message=f"{REMAINING}a.x has 1 resource instances, b.x has 2 resource instances")],
         "Terminating 3h, 2 kinds left"),
        ([a_condition("NamespaceDeletionDiscoveryFailure", "True")], "Terminating 3h, an API group does not answer"),
        ([a_condition("NamespaceContentRemaining", "False", message="All content successfully removed")],
         "Terminating 3h"),
    ],
)  # fmt: skip
def test_a_namespace_says_what_is_left_in_it(conditions: list[Condition], brief: str) -> None:
    meta = DetailMeta(deletion_timestamp=ago(10_810))
    namespace = Detail(metadata=meta, status=ObjectStatus(conditions=tuple(conditions)))
    assert found(a_suspect(NAMESPACE_KIND, "Terminating"), namespace).brief == brief


def test_a_node_says_since_when_and_why() -> None:
    ready = Condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", ago(2520))
    finding = found(a_suspect(NODES, brief="NotReady, cordoned"), a_detail(ready))
    assert (finding.brief, finding.says, finding.since) == (
        "NotReady 42m, cordoned", "Kubelet stopped posting node status.", ready.last_transition_time
    )  # fmt: skip


def test_what_only_a_nodes_conditions_tell_is_found() -> None:
    node = a_detail(
        a_condition("Ready", "True"), a_condition("DiskPressure", "True", message="full"),
        a_condition("MemoryPressure", "False"), a_condition("KernelDeadlock", "Unknown"),
    )  # fmt: skip
    assert list(node_findings(NODES, [node, Detail()])) == [
        Finding(
            object=a_thing(NODES), health="warning", reason="DiskPressure", brief="DiskPressure", says="full",
            since=LONG_AGO,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(("pods", "is_found"), [(0, False), (2, True), (None, True)])
def test_a_budget_of_no_pods_is_well(pods: int | None, is_found: bool) -> None:
    budget = Detail(status=ObjectStatus(expected_pods=pods))
    assert (conclude(a_suspect(BUDGETS), (budget,), grace_s=GRACE_S) is not None) is is_found


OPERATOR = OwnerReference("postgresql.cnpg.io/v1", "Cluster", "ledger")


@pytest.mark.parametrize(
    ("owners", "healthy", "is_found"), [((OPERATOR,), 3, False), ((OPERATOR,), 2, True), ((), 3, True)]
)
def test_a_budget_that_an_operator_made_for_pods_that_are_well_is_meant_so(
    owners: tuple[OwnerReference, ...], healthy: int, is_found: bool
) -> None:
    status = ObjectStatus(expected_pods=3, current_healthy=healthy)
    budget = Detail(DetailMeta(name="ledger-primary", owner_references=owners), status)
    assert (conclude(a_suspect(BUDGETS), (budget,), grace_s=GRACE_S) is not None) is is_found


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (BUDGETS, ObjectStatus((Condition("DisruptionAllowed", "False", last_transition_time="SINCE"),))),
        (AUTOSCALERS, ObjectStatus((Condition("ScalingActive", "False", last_transition_time="SINCE"),))),
        (VOLUMES, ObjectStatus(last_phase_transition_time="SINCE")),
    ],
    ids=lambda it: it.name if isinstance(it, Kind) else "",
)
def test_what_passes_is_changing_for_as_long_as_it_is_so_and_not_as_it_exists(kind: Kind, status: ObjectStatus) -> None:
    for lasts_s, health in ((60, "changing"), (600, "warning")):
        since = ago(lasts_s)
        told = msgspec.json.encode(Detail(status=status)).replace(b"SINCE", since.encode())
        finding = found(a_suspect(kind, "Sick", passes=True), msgspec.json.decode(told, type=Detail))
        assert (finding.health, finding.since) == (health, since)


def test_an_autoscaler_that_measures_something_does_not_say_since_when_the_rest_is_missing() -> None:
    active = a_condition("ScalingActive", "True")
    assert found(a_suspect(AUTOSCALERS, "NoMetrics"), a_detail(active)).since is None


@pytest.mark.parametrize(
    ("due_s", "done_s", "is_found"), [(300, 240, False), (300, 900, True), (300, None, True), (None, None, False)]
)
def test_a_cron_job_is_found_whose_last_run_did_not_complete(
    due_s: int | None, done_s: int | None, is_found: bool
) -> None:
    due, done = (ago(it) if it is not None else None for it in (due_s, done_s))
    schedule = Detail(status=ObjectStatus(last_schedule_time=due, last_successful_time=done))
    symptom = Symptom(health="warning", reason="RunFailed", look="verdict", is_doubt=True)
    suspect = msgspec.structs.replace(a_suspect(CRON_JOBS), symptom=symptom)
    finding = conclude(suspect, (schedule,), grace_s=GRACE_S)
    assert (finding is not None) is is_found
    if finding is not None:
        assert (finding.since, finding.says.partition(", ")[0]) == (due, "last scheduled 5m ago")


def test_a_doubt_is_no_finding_where_nobody_looked() -> None:
    doubt = Symptom(health="warning", reason="RunFailed", look="verdict", is_doubt=True)
    assert conclude(msgspec.structs.replace(a_suspect(CRON_JOBS), symptom=doubt), None, grace_s=GRACE_S) is None


LEASES = a_kind("leases", "coordination.k8s.io")


def leases(**ages_s: int | None) -> list[Detail]:
    """The control plane's, by how long ago each was renewed; an underscore in a name is a hyphen."""
    return [
        Detail(DetailMeta(name=name.replace("_", "-")), spec=LeaseSpec(ago(age_s)) if age_s is not None else None)
        for name, age_s in ages_s.items()
    ]


@pytest.mark.parametrize(
    ("held", "silent"),
    [
        (leases(apiserver_x=3, kube_scheduler=2, kube_controller_manager=2), []),
        (leases(apiserver_x=3, kube_scheduler=720, kube_controller_manager=2), ["kube-scheduler"]),
        (leases(apiserver_x=3, kube_scheduler=720, kube_controller_manager=720),
         ["kube-controller-manager", "kube-scheduler"]),
        (leases(apiserver_x=3, kube_scheduler=299), []),
        # By the API servers' clock, not by ours: an hour apart they are still of one time.
        (leases(apiserver_x=3600, kube_scheduler=3602), []),
        (leases(apiserver_old=90_000, apiserver_x=3, kube_scheduler=720), ["kube-scheduler"]),
        (leases(kube_scheduler=720), []),
        (leases(apiserver_x=None, kube_scheduler=720), []),
        (leases(apiserver_x=3, kube_scheduler=None), []),
        (leases(apiserver_x=3, istiod=720), []),
        ([], []),
    ],
)  # fmt: skip
def test_a_part_of_the_control_plane_is_found_that_has_fallen_silent(held: list[Detail], silent: list[str]) -> None:
    found = list(control_plane_findings(LEASES, held, grace_s=GRACE_S))
    assert [it.object.name for it in found] == silent
    assert all((it.place, it.health, it.reason) == ("kube-system", "error", "NotRenewed") for it in found)


@pytest.mark.parametrize(("lasts_s", "ahead_s", "health"), [
    (480, 0.0, "warning"), (-120, 600.0, "warning"), (5, 0.0, "changing"), (605, -600.0, "changing"),
])  # fmt: skip
def test_patience_is_by_the_api_servers_clock(lasts_s: int, ahead_s: float, health: Health) -> None:
    ready = Condition("Ready", "False", last_transition_time=ago(lasts_s))
    finding = conclude(a_suspect(passes=True), [a_detail(ready)], grace_s=GRACE_S, ahead_s=ahead_s)
    assert finding is not None
    assert finding.health == health


def a_node(name: str, age_s: int, lasts_s: int | None, ready: str = "False") -> Detail:
    conditions = (Condition("Ready", ready, last_transition_time=ago(lasts_s)),) if lasts_s is not None else ()
    return Detail(DetailMeta(name=name, creation_timestamp=ago(age_s)), ObjectStatus(conditions))


def test_a_node_joins_that_is_as_young_as_it_is_unready() -> None:
    nodes = [
        a_node("new", 20, 20), a_node("silent", 20, None), a_node("lost", 20, 20, "Unknown"),
        a_node("up", 20, 5, "True"), a_node("failed", 86_400, 20), a_node("stuck", 400, 400),
        Detail(DetailMeta(name="odd")),
    ]  # fmt: skip
    assert joining_nodes(nodes, grace_s=GRACE_S) == {"new", "silent", "lost"}


@pytest.mark.parametrize(
    ("nodes", "health"), [({"new"}, "changing"), ({"new", "failed"}, "warning"), (set(), "warning")]
)
def test_what_only_waits_for_nodes_that_join_is_changing(nodes: set[str], health: Health) -> None:
    suspect = msgspec.structs.replace(a_suspect(reason="NodeNotReady"), nodes=frozenset(nodes))
    finding = conclude(suspect, None, grace_s=GRACE_S, joining={"new"})
    assert finding is not None and finding.health == health


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ([a_condition("Established", "True")], None),
        ([a_condition("Established", message="not yet")], "not yet"),
        ([a_condition("NamesAccepted", message="taken"), a_condition("Established", message="not yet")], "taken"),
        ([], ""),
    ],
)
def test_a_definition_is_well_once_it_is_established(conditions: list[Condition], says: str | None) -> None:
    finding = conclude(a_suspect(DEFINITIONS), (a_detail(*conditions),), grace_s=GRACE_S)
    assert (finding.says if finding is not None else None) == says


PROGRESSING = a_condition("Progressing", "True", "ReplicaSetUpdated")


@pytest.mark.parametrize(
    ("reason", "conditions", "expected"),
    [
        ("NotReady", [], ("warning", "NotReady", "1/2 ready")),
        ("NotReady", [a_condition("Available")], ("warning", "NotReady", "1/2 ready")),
        ("NotReady", [PROGRESSING, a_condition("Available", "True")], ("changing", "Updating", "1/2 ready")),
        ("NotReady", [PROGRESSING, a_condition("Available")], ("warning", "NotReady", "1/2 ready")),
        ("NotReady", [a_condition("Progressing", "True", "NewReplicaSetAvailable"), a_condition("Available", "True")],
         ("warning", "NotReady", "1/2 ready")),
        ("NotReady", [PROGRESSING, a_condition("ReplicaFailure", "True", "FailedCreate")],
         ("error", "FailedCreate", "FailedCreate, 1/2 ready")),
        ("Updating", [PROGRESSING], ("warning", "Updating", "1/2 ready")),
        ("Updating", [a_condition("Progressing", "False", "ProgressDeadlineExceeded")],
         ("error", "ProgressDeadlineExceeded", "ProgressDeadlineExceeded, 1/2 ready")),
        ("Updating", [a_condition("Progressing", "Unknown", "DeploymentPaused")],
         ("changing", "Paused", "paused, 1/2 ready")),
    ],
)  # fmt: skip
def test_a_workload_is_as_its_conditions_say(
    reason: str, conditions: list[Condition], expected: tuple[str, str, str]
) -> None:
    finding = found(a_suspect(DEPLOYMENTS, reason, brief="1/2 ready"), a_detail(*conditions))
    assert (finding.health, finding.reason, finding.brief) == expected


def test_a_job_says_why_it_failed() -> None:
    failed = a_condition("Failed", "True", "BackoffLimitExceeded", "it was tried 6 times")
    finding = found(a_suspect(JOBS, "Failed"), a_detail(failed))
    assert (finding.says, finding.since) == ("BackoffLimitExceeded: it was tried 6 times", LONG_AGO)


def test_a_job_that_only_its_pods_spoke_of_is_well_unless_it_failed() -> None:
    unsaid = a_suspect(JOBS, "Failed", look="verdict")
    assert conclude(unsaid, (a_detail(a_condition("Complete", "True")),), grace_s=GRACE_S) is None
    assert conclude(unsaid, (a_detail(a_condition("Failed", "True")),), grace_s=GRACE_S) is not None


@pytest.mark.parametrize(
    ("slices", "is_found"),
    [
        ([], True),
        ([Detail(endpoints=())], True),
        ([Detail(endpoints=(Endpoint(EndpointConditions(ready=False)),))], True),
        ([Detail(), Detail(endpoints=(Endpoint(EndpointConditions(ready=True)),))], False),
        ([Detail(endpoints=(Endpoint(),))], False),
    ],
)
def test_a_service_is_well_with_an_endpoint_that_may_be_ready(slices: list[Detail], is_found: bool) -> None:
    finding = conclude(a_suspect(SERVICES, "NoEndpoints"), tuple(slices), grace_s=GRACE_S)
    assert (finding is not None) is is_found


@pytest.mark.parametrize(
    ("reason", "conditions", "says"),
    [
        ("NotReady", [a_condition("Synced", message="s"), a_condition("Ready", message="r")], "r"),
        ("ReadyUnknown", [a_condition("Ready", "Unknown", message="r")], "r"),
        ("Degraded", [a_condition("Degraded", "True", reason="TooHot")], "TooHot"),
        ("Failed", [a_condition("Stalled", "False"), a_condition("Synced", message="s")], "s"),
        ("Failed", [a_condition("Ready", "True", message="r"), a_condition("Custom", message="c")], ""),
        ("Failed", [], ""),
    ],
)
def test_a_custom_kind_says_why_by_the_condition_of_its_column(
    reason: str, conditions: list[Condition], says: str
) -> None:
    assert found(a_suspect(BUCKETS, reason), a_detail(*conditions)).says == says


def a_passing(reason: str = "NotReady", *, age_s: float | None = 60 * 86_400, patience_s: float = 0) -> Suspect:
    """A custom object whose row says what may pass."""
    suspect = a_suspect(BUCKETS, reason, passes=True, age_s=age_s)
    symptom = msgspec.structs.replace(suspect.symptom, patience_s=patience_s)
    return msgspec.structs.replace(suspect, symptom=symptom)


@pytest.mark.parametrize(
    ("age_s", "patience_s", "health"),
    [
        (60, 3600, "changing"),
        (3500, 3600, "changing"),
        (3700, 3600, "warning"),
        (None, 3600, "changing"),
        (None, 0, "warning"),
    ],
)
def test_what_is_beginning_has_longer(age_s: float | None, patience_s: float, health: Health) -> None:
    finding = conclude(a_passing("Pending", age_s=age_s, patience_s=patience_s), None, grace_s=GRACE_S)
    assert finding is not None
    assert finding.health == health


def test_while_it_passes_it_is_as_bad_as_what_does_not() -> None:
    suspect = a_passing(age_s=60)
    suspect = msgspec.structs.replace(suspect, symptom=msgspec.structs.replace(suspect.symptom, meanwhile="warning"))
    finding = conclude(suspect, None, grace_s=GRACE_S)
    assert finding is not None
    assert finding.health == "warning"


@pytest.mark.parametrize(
    ("conditions", "health"),
    [
        ([Condition("Ready", "False", last_transition_time=LONG_AGO)], "warning"),
        ([Condition("Ready", "True", last_transition_time=LONG_AGO)], "changing"),
        ([], "changing"),
    ],
)
def test_a_row_without_an_age_is_as_old_as_its_object(conditions: list[Condition], health: Health) -> None:
    """A condition that is well tells nothing of how long the count beside it is short."""
    made = DetailMeta(creation_timestamp=ago(60))
    finding = found(a_passing(age_s=None), Detail(made, ObjectStatus(tuple(conditions))))
    assert finding.health == health


def test_the_oldest_of_several_conditions_says_since_when_it_is_not_well() -> None:
    conditions = (
        Condition("Synced", "False", message="s", last_transition_time=ago(20)),
        Condition("Available", "False", message="a", last_transition_time=LONG_AGO),
        Condition("Valid", "False", message="v"),
    )
    finding = found(a_passing("Pending"), Detail(status=ObjectStatus(conditions)))
    assert (finding.health, finding.since, finding.says) == ("warning", LONG_AGO, "s")


@pytest.mark.parametrize(("deleted_s", "health"), [(600, "changing"), (4000, "warning")])
def test_what_is_being_deleted_need_not_become_ready(deleted_s: int, health: Health) -> None:
    meta = DetailMeta(deletion_timestamp=ago(deleted_s), creation_timestamp=LONG_AGO)
    status = ObjectStatus((a_condition("Ready"),))
    finding = found(a_passing(), Detail(meta, status))
    assert (finding.health, finding.reason, finding.since) == (health, "NotReady", meta.deletion_timestamp)


@pytest.mark.parametrize("kind", [PODS, NAMESPACE_KIND, NODES, DEPLOYMENTS, JOBS, CLAIMS, BUCKETS])
def test_an_empty_status_leaves_what_the_row_says(kind: Kind) -> None:
    finding = found(a_suspect(kind, look="reason"), Detail())
    assert (finding.health, finding.reason, finding.says, finding.since) == ("warning", "NotReady", "", None)

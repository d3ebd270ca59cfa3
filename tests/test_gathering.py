"""From rows to suspects: whose pods they are, what explains what, and what is counted."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.judgement.conclusions import Suspect
from kubectl_inventory.judgement.findings import Occurrence
from kubectl_inventory.judgement.gathering import SLICES as SLICES_NAME
from kubectl_inventory.judgement.gathering import Gathering
from kubectl_inventory.reading.inventory import Page, Row
from kubectl_inventory.resource import Kind
from tests.fake_api import DEPLOYMENTS, NAMESPACE_KIND, NODES, PODS, a_kind
from tests.printed import (
    AUTOSCALERS,
    BUCKETS,
    BUDGETS,
    CLAIMS,
    CLASSES,
    CRON_JOBS,
    DAEMON_SETS,
    DEFINITIONS,
    EVENTS,
    JOBS,
    REPLICA_SETS,
    SERVICES,
    SLICES,
    STATEFUL_SETS,
    a_pod,
    columns,
    page_of,
    printed,
)

HOUR_S = 3600.0
Rows = tuple[Kind, Sequence[Row]]


def gathered(*taken: Rows, only: Sequence[str] | None = None, kinds: Sequence[Kind] = ()) -> Gathering:
    """Pages as they come: kind by kind, in the order of `health.JUDGED`, a row a page."""
    known = (PODS, DEPLOYMENTS, NODES, NAMESPACE_KIND, EVENTS, *kinds)
    gathering = Gathering(Policy(), since_s=HOUR_S, kinds=known, only=only)
    for kind, rows in taken:
        for row in rows:
            gathering.take(kind, page_of(kind, row))
    return gathering


def suspects(*taken: Rows, unread: Sequence[str] = ()) -> list[Suspect]:
    return gathered(*taken).settle(unread)


def told(*taken: Rows) -> list[tuple[str, str, str]]:
    """How bad, what, why."""
    return [(it.symptom.health, it.object.short, it.symptom.reason) for it in suspects(*taken)]


def crashing(name: str, **cells: str) -> Row:
    return a_pod(name, "CrashLoopBackOff", "0/1", **{"restarts": "7 (2m ago)", **cells})


def a_deployment(name: str = "web", ready: str = "0/1", **cells: str | int) -> Row:
    wanted = int(ready.partition("/")[2])
    return printed(DEPLOYMENTS, name, ready=ready, **{"up_to_date": wanted, "available": 0, **cells})


def a_stateful_set(name: str = "web", ready: str = "0/1") -> Row:
    return printed(STATEFUL_SETS, name, ready=ready)


def a_daemon_set(name: str = "web", desired: int = 1, ready: int = 0) -> Row:
    return printed(DAEMON_SETS, name, desired=desired, ready=ready, up_to_date=desired, available=ready)


def a_replica_set(name: str, desired: int = 1, ready: int = 0) -> Row:
    return printed(REPLICA_SETS, name, desired=desired, current=desired, ready=ready)


def a_job(name: str = "etl", status: str = "Running") -> Row:
    return printed(JOBS, name, status=status)


# --- whose pods -----------------------------------------------------------------

LONG = "a-deployment-with-a-name-of-which-a-pod-cannot-keep-all"


@pytest.mark.parametrize(
    ("makers", "pod", "made_by"),
    [
        ([(DEPLOYMENTS, [a_deployment()])], "web-5d4f6c7b9-x2k4p", "deployment/web"),
        ([(DEPLOYMENTS, [a_deployment()])], "web-canary-x2k4p", "pod/web-canary-x2k4p"),
        ([(DEPLOYMENTS, [a_deployment()])], "web-x2k4p", "pod/web-x2k4p"),
        ([(DEPLOYMENTS, [a_deployment(LONG)])], f"{LONG}-5dx2k4p", f"deployment/{LONG}"),
        ([(STATEFUL_SETS, [a_stateful_set()])], "web-0", "statefulset/web"),
        ([(STATEFUL_SETS, [a_stateful_set()])], "web-12", "statefulset/web"),
        ([(STATEFUL_SETS, [a_stateful_set()])], "web-x2k4p", "pod/web-x2k4p"),
        ([(DAEMON_SETS, [a_daemon_set()])], "web-x2k4p", "daemonset/web"),
        ([(DAEMON_SETS, [a_daemon_set("w" * 60)])], f"{'w' * 58}x2k4p", f"daemonset/{'w' * 60}"),
        ([(REPLICA_SETS, [a_replica_set("web")])], "web-x2k4p", "replicaset/web"),
        ([(JOBS, [a_job()])], "etl-x2k4p", "job/etl"),
        ([(JOBS, [a_job()])], "etl-3-x2k4p", "job/etl"),
        ([(JOBS, [a_job("etl-29761800")])], "etl-29761800-x2k4p", "job/etl-29761800"),
        # A Job's name may look like a Deployment's ReplicaSet, and a ReplicaSet's like a Deployment with a word.
        ([(DEPLOYMENTS, [a_deployment()]), (JOBS, [a_job("web-5d4f6c7b9")])], "web-5d4f6c7b9-x2k4p",
         "job/web-5d4f6c7b9"),
        ([(DEPLOYMENTS, [a_deployment()]), (REPLICA_SETS, [a_replica_set("web-canary")])], "web-canary-x2k4p",
         "replicaset/web-canary"),
        # The same name of several kinds.
        ([(DEPLOYMENTS, [a_deployment()]), (STATEFUL_SETS, [a_stateful_set()]), (DAEMON_SETS, [a_daemon_set()])],
         "web-x2k4p", "daemonset/web"),
        ([(DEPLOYMENTS, [a_deployment()]), (STATEFUL_SETS, [a_stateful_set()]), (DAEMON_SETS, [a_daemon_set()])],
         "web-0", "statefulset/web"),
        ([(DEPLOYMENTS, [a_deployment()]), (STATEFUL_SETS, [a_stateful_set()]), (DAEMON_SETS, [a_daemon_set()])],
         "web-5d4f6c7b9-x2k4p", "deployment/web"),
        ([], "web", "pod/web"),
        ([], "web-0", "pod/web-0"),
    ],
)  # fmt: skip
def test_a_pod_is_told_to_its_maker_by_its_name(makers: list[Rows], pod: str, made_by: str) -> None:
    found = told(*makers, (PODS, [crashing(pod)]))
    assert [it for it in found if it[2] == "CrashLoopBackOff"] == [
        ("warning" if made_by.startswith("job/") else "error", made_by, "CrashLoopBackOff")
    ]


def test_a_maker_is_sought_in_the_pods_own_namespace() -> None:
    found = told((DEPLOYMENTS, [REPLACED]), (PODS, [crashing("web-5d4f6c7b9-x2k4p", namespace="pay")]))
    assert found == [("error", "pod/web-5d4f6c7b9-x2k4p", "CrashLoopBackOff")]


def test_pods_alike_are_one_suspect_with_the_oldest_as_example() -> None:
    pods = [
        crashing("web-5d4f6c7b9-aaaaa", restarts="7 (2m ago)", age="20m"),
        crashing("web-5d4f6c7b9-bbbbb", restarts="11 (2m ago)", age="38m"),
        crashing("web-5d4f6c7b9-ccccc", restarts="3 (2m ago)", age="5m"),
    ]
    (found,) = suspects((DEPLOYMENTS, [a_deployment(ready="0/3", up_to_date=2)]), (PODS, pods))
    assert found.example is not None
    assert (found.count, found.restarts, found.age_s, found.example.name, found.state) == (
        3, (3, 11), 38 * 60, "web-5d4f6c7b9-bbbbb", "0/3 ready, 2/3 updated"
    )  # fmt: skip


def test_restarts_are_told_of_the_pod_that_restarted_most() -> None:
    pods = [a_pod(f"web-{number}", restarts=f"{count} (9m ago)") for number, count in enumerate((4, 11, 5))]
    (found,) = suspects((STATEFUL_SETS, [a_stateful_set(ready="3/3")]), (PODS, pods))
    assert (found.symptom.brief, found.restarts) == ("restarted 11x", (4, 11))


# --- what a maker makes of it -----------------------------------------------------

REPLACED = a_deployment(ready="2/2", available=2)
SHORT = a_deployment(ready="1/2", available=1)
NONE_READY = a_deployment(ready="0/2")
MOVING = a_deployment(ready="2/2", up_to_date=1, available=2)


@pytest.mark.parametrize(
    ("deployment", "pod", "found"),
    [
        (REPLACED, a_pod(status="Evicted", ready="0/1"), []),
        (SHORT, a_pod(status="Evicted", ready="0/1"), [("error", "deployment/web", "Evicted")]),
        (MOVING, a_pod(status="Evicted", ready="0/1"), [("changing", "deployment/web", "Updating")]),
        (MOVING, a_pod(status="Error", ready="0/1"), [("error", "deployment/web", "Error")]),
        (REPLACED, a_pod(status="Completed", ready="0/1"), []),
        (SHORT, a_pod(status="Completed", ready="0/1"), [("error", "deployment/web", "Completed")]),
        (SHORT, a_pod(status="Init:Error", ready="0/1"), [("error", "deployment/web", "Init:Error")]),
        (REPLACED, a_pod(ready="0/1"), []),
        (SHORT, a_pod(ready="0/1"), [("warning", "deployment/web", "NotReady")]),
        (NONE_READY, a_pod(ready="0/1"), [("error", "deployment/web", "NotReady")]),
        (REPLACED, a_pod(status="Pending", ready="0/1"), []),
        (SHORT, a_pod(status="Pending", ready="0/1"), [("error", "deployment/web", "Pending")]),
        (REPLACED, crashing("web-5d4f6c7b9-x2k4p"), [("error", "deployment/web", "CrashLoopBackOff")]),
        (REPLACED, a_pod(status="Terminating"), [("warning", "deployment/web", "Terminating")]),
        (NONE_READY, a_pod(status="Terminating"),
         [("warning", "deployment/web", "Terminating"), ("error", "deployment/web", "NotReady")]),
        (SHORT, a_pod(restarts="4 (9m ago)"),
         [("warning", "deployment/web", "Restarts"), ("warning", "deployment/web", "NotReady")]),
        (NONE_READY, a_pod(), [("error", "deployment/web", "NotReady")]),
        (SHORT, a_pod(), [("warning", "deployment/web", "NotReady")]),
        (REPLACED, a_pod(), []),
    ],
)  # fmt: skip
def test_a_pod_counts_as_its_workload_is(deployment: Row, pod: Row, found: list[tuple[str, str, str]]) -> None:
    assert told((DEPLOYMENTS, [deployment]), (PODS, [pod])) == found


@pytest.mark.parametrize(
    ("row", "brief"),
    [
        (a_deployment(ready="2/2", up_to_date=1, available=2), "1/2 updated"),
        (a_deployment(ready="2/2", up_to_date=2, available=1), "1/2 available"),
    ],
)
def test_a_release_under_way_says_how_far_it_is(row: Row, brief: str) -> None:
    (found,) = suspects((DEPLOYMENTS, [row]))
    assert (found.symptom.health, found.symptom.reason, found.symptom.brief) == ("changing", "Updating", brief)


def test_a_replica_set_is_judged_unless_it_is_a_deployments() -> None:
    sets = [a_replica_set("web-5d4f6c7b9"), a_replica_set("web-canary"), a_replica_set("old", desired=0)]
    found = told((DEPLOYMENTS, [REPLACED]), (REPLICA_SETS, sets))
    assert found == [("error", "replicaset/web-canary", "NotReady")]


def test_a_set_of_a_deployment_at_0_that_wants_pods_is_judged_itself() -> None:
    # Argo Rollouts' `workloadRef` leaves the Deployment at 0, and names its ReplicaSets as a Deployment would.
    taken: list[Rows] = [
        (DEPLOYMENTS, [a_deployment(ready="0/0")]),
        (REPLICA_SETS, [a_replica_set("web-5d4f6c7b9", 2, 2), a_replica_set("web-6f7c9d5b8", 0)]),
        (PODS, [a_pod(f"web-5d4f6c7b9-{tail}") for tail in ("aaaaa", "bbbbb")]),
    ]
    space = gathered(*taken).spaces["shop"]
    assert (told(*taken), space.unfinished, space.wanted, len(space.counted)) == ([], 2, 2, 2)
    taken[1] = (REPLICA_SETS, [a_replica_set("web-5d4f6c7b9", 2, 0)])
    taken[2] = (PODS, [a_pod(f"web-5d4f6c7b9-{tail}", ready="0/1") for tail in ("aaaaa", "bbbbb")])
    assert told(*taken) == [("error", "replicaset/web-5d4f6c7b9", "NotReady")]


@pytest.mark.parametrize(
    ("pods", "found"),
    [
        (["run-exec-1", "run-exec-2", "run-exec-3"], [("pod/run-exec-1", 3)]),
        (["shard-b2k7z", "shard-x4c9d"], [("pod/shard-b2k7z", 2)]),
        (["run-exec-1", "run-driver"], [("pod/run-exec-1", 1), ("pod/run-driver", 1)]),
        (["tool", "tool-1"], [("pod/tool", 1), ("pod/tool-1", 1)]),
        (["web-green", "web-blue"], [("pod/web-green", 1), ("pod/web-blue", 1)]),
    ],
)
def test_pods_of_a_maker_that_is_not_known_are_one_by_the_name_they_share(
    pods: list[str], found: list[tuple[str, int]]
) -> None:
    assert [(it.object.short, it.count) for it in suspects((PODS, [crashing(name) for name in pods]))] == found


def test_pods_that_share_a_name_are_told_by_the_oldest() -> None:
    rows = [crashing("run-exec-1", age="5m"), crashing("run-exec-2", age="38m"), crashing("run-exec-3", age="20m")]
    (found,) = suspects((PODS, rows))
    assert (found.object.name, found.patient.name, found.count) == ("run-exec-2", "run-exec-2", 3)


def dead(*names: str) -> Rows:
    return NODES, [printed(NODES, name, status="NotReady") for name in names]


def test_a_node_that_is_young_and_not_ready_is_to_be_looked_at() -> None:
    nodes = [printed(NODES, name, status="NotReady", age=age) for name, age in (("new", "20s"), ("old", "40d"))]
    gathering = gathered((NODES, nodes), (DAEMON_SETS, [a_daemon_set("agent", 2)]),
                         (PODS, [a_pod("agent-aaaaa", node="new"), a_pod("agent-bbbbb", node="old")]))  # fmt: skip
    assert (gathering.may_join, gathering.looks_at_nodes) == ({"new"}, True)
    new, old, agent = gathering.settle(())
    assert [it.nodes for it in (new, old, agent)] == [{"new"}, {"old"}, {"new", "old"}]
    assert not gathered(only=["shop"]).looks_at_nodes
    assert gathered((NODES, nodes), only=["shop"]).looks_at_nodes


def test_a_dead_node_makes_its_pods_unready() -> None:
    gathering = gathered(
        dead("w1"), (NODES, [printed(NODES, "w2", status="Ready")]), (DAEMON_SETS, [a_daemon_set("agent", 2, 1)]),
        (PODS, [a_pod("agent-aaaaa"), a_pod("agent-bbbbb", node="w2")]),
    )  # fmt: skip
    node, agent = gathering.settle(())
    assert (node.object.short, node.symptom.reason) == ("node/w1", "NotReady")
    assert (agent.symptom.health, agent.symptom.reason, agent.symptom.brief) == (
        "warning", "NodeNotReady", "short of node/w1"
    )  # fmt: skip
    assert (gathering.nodes, gathering.spaces["shop"].ready) == ({"w1": False, "w2": True}, 1)


def test_several_dead_nodes_are_not_told_as_one_of_them() -> None:
    found = suspects(
        dead("w1", "w2"), (DAEMON_SETS, [a_daemon_set("agent", 3, 1)]),
        (PODS, [a_pod("agent-aaaaa"), a_pod("agent-bbbbb", node="w2"), a_pod("agent-ccccc", node="w3")]),
    )  # fmt: skip
    assert [(it.count, it.symptom.brief) for it in found[2:]] == [(2, "short of several nodes")]


def test_a_workload_whose_only_pod_is_on_a_dead_node_is_in_error() -> None:
    found = told(dead("w1"), (DEPLOYMENTS, [a_deployment()]), (PODS, [a_pod()]))
    assert found[1:] == [("error", "deployment/web", "NodeNotReady")]


def test_pods_are_counted_as_ready_and_wanted() -> None:
    pods = [
        a_pod(), crashing("web-5d4f6c7b9-aaaaa"), a_pod("tool"), a_pod("old", "Completed", "0/1"),
        a_pod("gone", "Terminating"),
    ]  # fmt: skip
    space = gathered((DEPLOYMENTS, [a_deployment(ready="1/3")]), (PODS, pods)).spaces["shop"]
    assert (space.ready, space.wanted, len(space.counted)) == (2, 4, 1)


# --- jobs -------------------------------------------------------------------------

ETL = (CRON_JOBS, [printed(CRON_JOBS, "etl")])


def test_a_failed_run_is_forgotten_when_a_later_one_completed() -> None:
    runs = [a_job("etl-1", "Failed"), a_job("etl-2", "Complete"), a_job("etl-3", "Failed"), a_job("etl-4", "Running")]
    assert told(ETL, (JOBS, runs)) == [("warning", "job/etl-3", "Failed")]


def test_jobs_that_no_cron_job_made_do_not_excuse_each_other() -> None:
    assert told((JOBS, [a_job("etl-1", "Failed"), a_job("etl-2", "Complete")])) == [("warning", "job/etl-1", "Failed")]


def test_a_failed_job_says_what_its_pods_said() -> None:
    pods = [
        a_pod("etl-aaaaa", "Error", "0/1"), a_pod("etl-bbbbb", "OOMKilled", "0/1"),
        a_pod("etl-ccccc", "Init:Error", "0/1"),
    ]  # fmt: skip
    (found,) = suspects((JOBS, [a_job(status="Failed")]), (PODS, pods))
    assert (found.symptom.brief, found.symptom.message) == (
        "Failed, OOMKilled, Init:Error", "Failed, its pods OOMKilled, Init:Error"
    )  # fmt: skip


@pytest.mark.parametrize("status", ["Running", "Complete"])
@pytest.mark.parametrize("word", ["Error", "Init:Error", "OOMKilled", "Completed"])
def test_a_job_that_may_try_again_is_not_found(status: str, word: str) -> None:
    gathering = gathered((JOBS, [a_job(status=status)]), (PODS, [a_pod("etl-aaaaa", word, "0/1")]))
    assert (gathering.settle(()), gathering.spaces["shop"].wanted) == ([], 0)


@pytest.mark.parametrize(
    ("cells", "runs", "unread", "is_found"),
    [
        ({}, [], (), True),
        ({}, ["etl-1"], (), False),
        ({}, [], ("jobs.batch",), False),
        ({"active": 1}, [], (), False),
        ({"suspend": "True"}, [], (), False),
        ({"last_schedule": "<none>"}, [], (), False),
    ],
)
def test_a_cron_job_that_keeps_none_of_its_jobs_is_looked_at(
    cells: dict[str, str | int], runs: list[str], unread: tuple[str, ...], is_found: bool
) -> None:
    row = {"schedule": "*/5 * * * *", "suspend": "False", "active": 0, "last_schedule": "4m", **cells}
    gathering = gathered(
        (CRON_JOBS, [printed(CRON_JOBS, "etl", **row)]), (JOBS, [a_job(run, "Complete") for run in runs])
    )
    found = [(it.object.short, it.symptom.reason, it.symptom.is_doubt) for it in gathering.settle(unread)]
    assert found == ([("cronjob/etl", "RunFailed", True)] if is_found else [])


# --- claims, services, definitions --------------------------------------------------


def test_a_claim_that_waits_for_its_first_consumer_is_well() -> None:
    classes = [
        printed(CLASSES, "late", volumebindingmode="WaitForFirstConsumer"),
        printed(CLASSES, "now", volumebindingmode="Immediate"),
    ]
    claims = [printed(CLAIMS, name, status="Pending", storageclass=name) for name in ("late", "now")]
    gathering = gathered((CLASSES, classes), (CLAIMS, [*claims, printed(CLAIMS, "data", status="Bound")]))
    assert [it.object.short for it in gathering.settle(())] == ["persistentvolumeclaim/now"]
    assert (gathering.spaces["shop"].bound, gathering.spaces["shop"].claims) == (1, 3)


def test_a_claim_may_wait_where_no_one_can_say_what_its_class_waits_for() -> None:
    claims = [printed(CLAIMS, name, status=status) for name, status in (("data", "Pending"), ("old", "Lost"))]
    found = gathered((CLAIMS, claims)).settle(["storageclasses.storage.k8s.io"])
    assert [(it.object.name, it.symptom.health) for it in found] == [("data", "changing"), ("old", "error")]


def test_a_budget_of_no_pods_is_not_looked_at() -> None:
    budget = printed(BUDGETS, min_available="1", allowed_disruptions=0)
    deployment = (DEPLOYMENTS, [a_deployment(ready="0/0")])
    assert suspects(deployment, (BUDGETS, [budget])) == []
    for unread, pod in ((("pods",), ()), ((), (a_pod(),))):
        found = suspects(deployment, (PODS, pod), (BUDGETS, [budget]), unread=unread)
        assert [it.symptom.reason for it in found] == ["AllowsNothing"]


@pytest.mark.parametrize(
    ("reference", "unread", "is_found"),
    [
        ("Deployment/web", (), False),
        ("StatefulSet/db", (), False),
        ("Deployment/gone", (), True),
        ("Deployment/gone", ("deployments.apps",), False),
        ("StatefulSet/gone", (), True),
        ("Rollout/gone", (), False),
    ],
)
def test_an_autoscaler_of_nothing_is_found(reference: str, unread: tuple[str, ...], is_found: bool) -> None:
    autoscaler = printed(
        AUTOSCALERS, reference=reference, targets="cpu: <unknown>/70%", minpods="1", maxpods="6", replicas="0"
    )
    at_0 = [(DEPLOYMENTS, [a_deployment(ready="0/0")]), (STATEFUL_SETS, [a_stateful_set("db", "0/0")])]
    found = suspects(*at_0, (AUTOSCALERS, [autoscaler]), unread=unread)
    assert [it.symptom.brief for it in found] == ([f"has no {reference.lower()}"] if is_found else [])


def a_service(name: str = "web", selector: str = "app=web", type_: str = "ClusterIP", ip: str = "10.96.0.7") -> Rows:
    return SERVICES, [
        printed(SERVICES, name, type=type_, cluster_ip=ip, external_ip="<none>", selector=selector)
    ]


def a_slice(name: str, endpoints: str = "10.0.0.1") -> Rows:
    return SLICES, [printed(SLICES, name, endpoints=endpoints)]


def labelled(ready: str) -> Rows:
    return DEPLOYMENTS, [a_deployment(ready=ready, available=int(ready[0]), selector="app=web")]


NO_ENDPOINTS = [("warning", "service/web", "NoEndpoints")]


@pytest.mark.parametrize(
    ("taken", "found"),
    [
        ([a_service()], NO_ENDPOINTS),
        ([a_slice("web-x2k4p"), a_service()], []),
        ([a_slice("web"), a_service()], []),
        ([a_slice("web-x2k4p", "<unset>"), a_service()], NO_ENDPOINTS),
        ([a_slice("web-x2k4p", "<none>"), a_slice("web-b4k7z"), a_service()], []),
        ([a_slice("webs-x2k4p"), a_service()], NO_ENDPOINTS),
        ([a_service(selector="<none>")], []),
        ([a_service(type_="ExternalName")], []),
        ([labelled("0/0"), a_service()], []),
        ([labelled("2/2"), a_service()], NO_ENDPOINTS),
        ([labelled("2/2"), a_service(selector="app=web,tier=front")], NO_ENDPOINTS),
        ([labelled("0/0"), a_service(selector="app=web,tier=front")], []),
        ([labelled("0/0"), a_service(selector="app=other")], NO_ENDPOINTS),
        ([(DEPLOYMENTS, [a_deployment(name, "1/1", available=1, selector=f"app={name},by=helm") for name in "abc"]),
          (DEPLOYMENTS, [a_deployment(ready="0/0", selector="app=web,by=helm")]), a_service(selector="by=helm")], []),
        ([(DEPLOYMENTS, [a_deployment(name, "1/1", available=1, selector=f"app={name},by=helm") for name in "abc"]),
          (DEPLOYMENTS, [a_deployment(ready="0/0", selector="by=helm")]), a_service(selector="app=web,by=helm")], []),
        ([(STATEFUL_SETS, [a_stateful_set(ready="0/0")]), a_service("web-headless", "app=db")], []),
        ([(STATEFUL_SETS, [a_stateful_set("db", ready="0/0")]), a_service(selector="app=db")], []),
        ([(STATEFUL_SETS, [a_stateful_set("we", ready="0/0")]), a_service(selector="app=web")], NO_ENDPOINTS),
        # A headless one of nothing that is known tells a scraper where to look; of a workload it is for that.
        ([a_service(ip="None")], []),
        ([labelled("2/2"), a_service(ip="None")], NO_ENDPOINTS),
    ],
)
def test_a_service_that_nothing_stands_behind_is_found(taken: list[Rows], found: list[tuple[str, str, str]]) -> None:
    assert told(*taken) == found


def test_a_workload_that_is_there_in_part_is_no_excuse_for_no_endpoints() -> None:
    assert told(labelled("1/2"), a_service()) == [*NO_ENDPOINTS, ("warning", "deployment/web", "NotReady")][::-1]


def test_services_are_not_judged_without_their_endpoints() -> None:
    assert suspects(a_service(), unread=[SLICES_NAME]) == []


def test_a_definition_that_is_not_served_is_found() -> None:
    rows = [printed(DEFINITIONS, name) for name in (BUCKETS.name, "old.acme.example")]
    found = gathered((DEFINITIONS, rows), kinds=[BUCKETS]).settle(())
    assert [(it.object.name, it.symptom.reason) for it in found] == [("old.acme.example", "NotEstablished")]


# --- events -----------------------------------------------------------------------


def an_event(about: str, namespace: str = "shop", **cells: str | int | None) -> Row:
    known: dict[str, str | int | None] = {
        "last_seen": "5m", "type": "Warning", "reason": "BackOff", "object": about, "message": "again", "count": 1
    }  # fmt: skip
    return printed(EVENTS, "web.17a", namespace, **{**known, **cells})


def test_warnings_are_counted_as_often_as_they_happened_within_the_window() -> None:
    rows = [
        an_event("pod/web-0", count=84), an_event("pod/web-0", count=None), an_event("pod/web-0", count=0),
        an_event("pod/web-0", last_seen="60m"), an_event("pod/web-0", last_seen="61m"),
        an_event("pod/web-0", last_seen="<unknown>"), an_event("pod/web-0", type="Normal"),
        an_event("pod/web-0", last_seen="<invalid>", count=100),  # by a clock that is ahead of the server's
    ]  # fmt: skip
    assert gathered((EVENTS, rows)).spaces["shop"].warnings == 187


def test_events_alike_are_one_with_the_newest_message_and_their_maker() -> None:
    rows = [
        an_event("pod/web-5d4f6c7b9-x2k4p", count=2, last_seen="9m", message="old"),
        an_event("pod/web-5d4f6c7b9-x2k4p", count=3, last_seen="1m", message="new"),
        an_event("replicaset/web-5d4f6c7b9", reason="FailedCreate"),
        an_event("ingress/www", reason="Sync"),
    ]
    gathering = gathered((DEPLOYMENTS, [REPLACED]), (EVENTS, rows))
    gathering.settle(())
    backoff = Occurrence(
        namespace="shop", object="pod/web-5d4f6c7b9-x2k4p", reason="BackOff", count=5, last_s=60, message="new",
        maker="deployment/web",
    )  # fmt: skip
    other = msgspec.structs.replace(backoff, count=1, last_s=300, message="again")
    assert list(gathering.occurrences.values()) == [
        backoff,
        msgspec.structs.replace(other, object="replicaset/web-5d4f6c7b9", reason="FailedCreate"),
        msgspec.structs.replace(other, object="ingress/www", reason="Sync", maker=""),
    ]


@pytest.mark.parametrize(
    ("event", "unread", "is_found"),
    [
        ({}, (), True),
        ({"reason": "Unhealthy"}, (), False),
        ({"last_seen": "61m"}, (), False),
        ({"object": "pod/web-1"}, (), False),
        ({"object": "pod/web-1"}, ("events",), True),
    ],
)
def test_rare_restarts_are_found_where_an_event_says_that_the_pod_backs_off(
    event: dict[str, str], unread: tuple[str, ...], is_found: bool
) -> None:
    pod = a_pod("web-0", restarts="4 (9m30s ago)", age="400d")
    about = event.pop("object", "pod/web-0")
    found = suspects((STATEFUL_SETS, [a_stateful_set(ready="1/1")]), (PODS, [pod]),
                     (EVENTS, [an_event(about, **event)]), unread=unread)  # fmt: skip
    assert [it.symptom.reason for it in found] == ["Restarts"] * is_found


@pytest.mark.parametrize(
    ("about", "namespace", "cluster", "inside"),
    [("node/w1", "default", 1, 0), ("node/w1", "longhorn-system", 0, 1), ("pod/web-0", "default", 0, 1)],
)
def test_events_of_what_is_in_no_namespace_are_the_clusters(
    about: str, namespace: str, cluster: int, inside: int
) -> None:
    # Longhorn has namespaced nodes of its own.
    gathering = gathered((EVENTS, [an_event(about, namespace)]), kinds=[a_kind("nodes", "longhorn.io")])
    assert (gathering.cluster_warnings, gathering.spaces[namespace].warnings) == (cluster, inside)


def test_what_is_outside_the_named_namespaces_is_left_out() -> None:
    gathering = gathered(
        (NAMESPACE_KIND, [printed(NAMESPACE_KIND, name, status="Terminating") for name in ("shop", "pay")]),
        dead("w1"),
        (PODS, [a_pod("tool")]),
        (EVENTS, [an_event("node/w1", "default"), an_event("pod/tool")]),
        only=["shop"],
    )
    found = [(it.object.short, it.symptom.reason) for it in gathering.settle(())]
    assert found == [("namespace/shop", "Terminating"), ("pod/tool", "NodeNotReady")]
    assert (set(gathering.spaces), gathering.cluster_warnings, len(gathering.occurrences)) == ({"shop"}, 0, 1)


def test_a_namespaces_own_finding_is_in_it() -> None:
    (found,) = suspects((NAMESPACE_KIND, [printed(NAMESPACE_KIND, "pay", status="Terminating")]))
    assert (found.object.namespace, found.object.name) == ("pay", "pay")


def test_a_job_whose_server_prints_no_status_is_looked_at_where_a_pod_of_it_ended_badly() -> None:
    old = page_of(JOBS, printed(JOBS, "etl", completions="0/1"))
    without_status = [column for column in old.columns if column.name != "Status"]
    place = next(place for place, column in enumerate(old.columns) if column.name == "Status")
    cells = tuple(cell for at, cell in enumerate(old.rows[0].cells) if at != place)
    gathering = gathered()
    gathering.take(JOBS, Page(tuple(without_status), (msgspec.structs.replace(old.rows[0], cells=cells),)))
    gathering.take(PODS, page_of(PODS, a_pod("etl-x2k4p", "Error", "0/1")))

    assert [(it.object.short, it.symptom.reason, it.symptom.look) for it in gathering.settle(())] == [
        ("job/etl", "Failed", "verdict")
    ]


def test_numbers_of_any_length_are_no_error() -> None:
    long = "9" * 5000
    assert told((JOBS, [printed(JOBS, f"etl-{long}", status="Failed")])) == [("warning", f"job/etl-{long}", "Failed")]


# --- kinds that say nothing ------------------------------------------------------------


@pytest.mark.parametrize(("headers", "is_silent"), [("Name,Size,Age", True), ("Name,Phase,Age", False)])
def test_a_custom_kind_without_a_telling_column_is_silent(headers: str, is_silent: bool) -> None:
    gathering = gathered()
    gathering.take(BUCKETS, Page(columns(headers), (Row("shop", "one", ("one", "Failed", "5m")),)))
    assert (gathering.silent == {BUCKETS}, gathering.settle(()) == []) == (is_silent, is_silent)


# --- copies -------------------------------------------------------------------------

VERSIONS = a_kind("clusterserviceversions", "operators.coreos.com", kind="ClusterServiceVersion")


def failed_in(*namespaces: str, kind: Kind = VERSIONS, phase: str = "Failed") -> list[tuple[str | None, int]]:
    """Where suspects are that are called alike, and for how many each stands."""
    gathering = gathered()
    rows = tuple(Row(namespace, "acme.v1.2.0", ("acme.v1.2.0", phase)) for namespace in namespaces)
    gathering.take(kind, Page(columns("Name,Phase"), rows))
    return [(it.object.namespace, it.count) for it in gathering.settle(())]


def test_copies_of_an_operator_are_one_finding_where_it_is_installed() -> None:
    assert failed_in("auth", "openshift-operators", "shop") == [("openshift-operators", 3)]
    assert failed_in("auth", "batch", "data", "shop") == [("auth", 4)]


def test_an_operator_that_a_few_installed_themselves_is_theirs() -> None:
    assert failed_in("auth", "shop") == [("auth", 1), ("shop", 1)]
    assert failed_in("openshift-operators") == [("openshift-operators", 1)]


def test_other_kinds_are_not_copied() -> None:
    assert failed_in("auth", "openshift-operators", kind=BUCKETS) == [("auth", 1), ("openshift-operators", 1)]


def test_copies_say_how_many_they_are() -> None:
    gathering = gathered()
    rows = tuple(Row(namespace, "acme", ("acme", "Failed")) for namespace in ("operators", "shop"))
    gathering.take(VERSIONS, Page(columns("Name,Phase"), rows))
    assert [it.symptom.message for it in gathering.settle(())] == ["so say its copies, in 2 namespaces"]

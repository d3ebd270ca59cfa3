"""How each namespace is, and the cluster, once everything that is not well is known."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kubectl_inventory.boundary.policy import Policy, Rule
from kubectl_inventory.health import Health
from kubectl_inventory.judgement.findings import ClusterHealth, Diagnosis, Finding, SpaceHealth
from kubectl_inventory.judgement.gathering import Gathering
from kubectl_inventory.judgement.rollup import roll_up
from kubectl_inventory.reading.discovery import DiscoveryGap
from kubectl_inventory.reading.inventory import Gap, Page, Reading, Row
from kubectl_inventory.reading.plan import Treatment
from kubectl_inventory.reading.reach import Reach
from kubectl_inventory.resource import Kind
from tests.fake_api import DEPLOYMENTS, NAMESPACE_KIND, NODES, PODS, a_kind, an_inventory
from tests.printed import (
    BUCKETS,
    CLAIMS,
    DAEMON_SETS,
    EVENTS,
    QUOTAS,
    SERVICES,
    STATEFUL_SETS,
    a_pod,
    a_thing,
    page_of,
    printed,
)

KINDS = (NAMESPACE_KIND, NODES, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, CLAIMS, PODS, EVENTS)
FORBIDDEN = Gap("Forbidden", "no")
WITHHELD = Rule("resources.deny", "x", "p.yaml:3")
Rows = tuple[Kind, Sequence[Row]]


def a_finding(health: Health, kind: Kind = DEPLOYMENTS, name: str = "web", namespace: str = "shop") -> Finding:
    return Finding(object=a_thing(kind, name, namespace), health=health, reason="NotReady")


def rolled(*taken: Rows, findings: Sequence[Finding] = (), gaps: dict[Kind, Gap] | None = None,
           withheld: Sequence[Kind] = (), reach: Reach | None = None, groups: Sequence[DiscoveryGap] = (),
           overlooked: int = 0, has_conditions: bool = True) -> Diagnosis:  # fmt: skip
    """The judgement of these rows, where every other kind of `KINDS` was read and is empty."""
    gathering = Gathering(Policy(), since_s=3600, kinds=KINDS, only=None)
    pieces: list[tuple[Kind, Page] | Reading | Treatment] = []
    for kind, rows in taken:
        gathering.take(kind, page_of(kind, *rows))
    for kind in KINDS:
        gap = (gaps or {}).get(kind)
        if kind in withheld:
            pieces.append(Treatment(kind, "Withheld", str(WITHHELD), WITHHELD))
        else:
            pieces.append(Reading(kind=kind, gaps=(gap,) if gap is not None else ()))
    inventory = an_inventory(*pieces, reach=reach, gaps=groups).read_to_end()
    return roll_up(gathering, findings, inventory, overlooked=overlooked, has_conditions=has_conditions)


def a_deployment(ready: str, name: str = "web") -> Rows:
    return DEPLOYMENTS, [printed(DEPLOYMENTS, name, ready=ready)]


def shop(diagnosis: Diagnosis) -> SpaceHealth:
    (space,) = [it for it in diagnosis.spaces if it.namespace == "shop"]
    return space


SHOP = (NAMESPACE_KIND, [printed(NAMESPACE_KIND, "shop", status="Active")])
POD = (PODS, [a_pod()])


def test_a_namespace_that_is_well_has_its_numbers() -> None:
    claims = [printed(CLAIMS, "data", status="Bound"), printed(CLAIMS, "more", status="Pending")]
    event = printed(EVENTS, "web.17a", last_seen="5m", type="Warning", reason="BackOff", object="pod/x", count=3)
    diagnosis = rolled(SHOP, a_deployment("1/1"), (CLAIMS, claims), POD, (EVENTS, [event]))
    assert shop(diagnosis) == SpaceHealth(
        namespace="shop", health="ok", pods=(1, 1), workloads=(1, 1), claims=(1, 2), warnings=3
    )
    assert (diagnosis.health, [it.count for it in diagnosis.occurrences]) == ("ok", [3])


def test_a_namespace_is_as_bad_as_its_worst_finding_which_comes_first() -> None:
    found: list[Health] = ["changing", "warning", "error", "ok", "unknown"]
    diagnosis = rolled(SHOP, POD, findings=[a_finding(health, name=health) for health in found])
    assert [it.health for it in shop(diagnosis).findings] == ["error", "unknown", "warning", "changing", "ok"]
    assert (shop(diagnosis).health, diagnosis.health) == ("error", "error")


def test_of_findings_as_bad_what_runs_comes_before_what_has_to_do_with_it() -> None:
    kinds = (SERVICES, PODS, DEPLOYMENTS, CLAIMS)
    found = [a_finding("warning", kind, name) for kind in kinds for name in ("b", "a")]
    assert [it.object.short for it in shop(rolled(SHOP, findings=found)).findings] == [
        "deployment/a", "deployment/b", "persistentvolumeclaim/a", "persistentvolumeclaim/b", "pod/a", "pod/b",
        "service/a", "service/b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("taken", "health"),
    [
        ([a_deployment("0/0")], "scaled-down"),
        ([a_deployment("0/0"), (PODS, [a_pod("old", "Completed", "0/1")])], "scaled-down"),
        ([a_deployment("0/0"), a_deployment("1/1", "api")], "ok"),
        ([a_deployment("0/0"), (PODS, [a_pod("tool")])], "ok"),
        ([POD], "ok"),
        ([], "ok"),
    ],
)
def test_a_namespace_whose_workloads_are_all_at_0_is_scaled_down(taken: list[Rows], health: Health) -> None:
    assert shop(rolled(SHOP, *taken)).health == health


def test_a_finding_goes_before_scaled_down() -> None:
    assert shop(rolled(SHOP, a_deployment("0/0"), findings=[a_finding("changing")])).health == "changing"


@pytest.mark.parametrize(
    ("ready", "health", "down"),
    [("0/2", "error", True), ("1/2", "error", False), ("0/2", "changing", False), ("0/0", "error", False)],
)
def test_a_namespace_is_down_where_pods_are_wanted_and_none_is_there(ready: str, health: Health, down: bool) -> None:
    assert shop(rolled(SHOP, a_deployment(ready), findings=[a_finding(health)])).down is down


# --- what was not read ------------------------------------------------------------


@pytest.mark.parametrize("kind", [PODS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS])
@pytest.mark.parametrize("namespace", [None, "shop"])
def test_without_what_is_needed_a_namespace_is_unknown(kind: Kind, namespace: str | None) -> None:
    diagnosis = rolled(SHOP, gaps={kind: Gap("Forbidden", "no", namespace)})
    is_pods = kind == PODS
    assert shop(diagnosis) == SpaceHealth(
        namespace="shop", health="unknown", unread=kind.name, pods=None if is_pods else (0, 0),
        workloads=(0, 0) if is_pods else None, claims=(0, 0), warnings=0,
    )  # fmt: skip


def test_what_could_not_be_read_elsewhere_is_known_here() -> None:
    assert shop(rolled(SHOP, POD, gaps={PODS: Gap("Forbidden", "no", "pay")})).health == "ok"


@pytest.mark.parametrize(("found", "health"), [("error", "error"), ("warning", "unknown")])
def test_an_error_is_known_whatever_could_not_be_read(found: Health, health: Health) -> None:
    assert shop(rolled(SHOP, gaps={PODS: FORBIDDEN}, findings=[a_finding(found)])).health == health


def test_what_else_could_not_be_read_has_no_number() -> None:
    diagnosis = rolled(SHOP, POD, gaps={CLAIMS: FORBIDDEN, EVENTS: Gap("TimedOut", "late")})
    assert shop(diagnosis) == SpaceHealth(namespace="shop", health="ok", pods=(1, 1), workloads=(0, 0))
    assert diagnosis.cluster is not None
    assert (diagnosis.cluster.health, diagnosis.cluster.warnings) == ("ok", None)


def test_what_is_withheld_is_not_unknown() -> None:
    diagnosis = rolled(SHOP, POD, withheld=[DEPLOYMENTS, NODES, EVENTS])
    assert shop(diagnosis) == SpaceHealth(namespace="shop", health="ok", pods=(1, 1), claims=(0, 0))
    assert diagnosis.cluster == ClusterHealth(health="ok", groups=(2, 2))


# --- the cluster --------------------------------------------------------------------


def nodes(*statuses: str) -> Rows:
    return NODES, [printed(NODES, f"w{place}", status=status) for place, status in enumerate(statuses)]


@pytest.mark.parametrize(
    ("statuses", "health"), [(["Ready", "NotReady"], "warning"), (["NotReady", "NotReady"], "error")]
)
def test_a_cluster_without_a_node_that_is_ready_is_in_error(statuses: list[str], health: Health) -> None:
    finding = a_finding("warning", NODES, "w1")
    ready = statuses.count("Ready")
    assert rolled(nodes(*statuses), findings=[finding]).cluster == ClusterHealth(
        health=health, findings=(finding,), nodes=(ready, 2), groups=(2, 2), warnings=0
    )


def test_a_cluster_without_nodes_is_well() -> None:
    assert rolled().cluster == ClusterHealth(health="ok", nodes=(0, 0), groups=(2, 2), warnings=0)


def test_nodes_that_could_not_be_read_make_the_cluster_unknown() -> None:
    diagnosis = rolled(SHOP, POD, gaps={NODES: FORBIDDEN})
    assert diagnosis.cluster == ClusterHealth(health="unknown", unread="nodes", groups=(2, 2), warnings=0)
    assert (shop(diagnosis).health, diagnosis.health) == ("ok", "unknown")


def test_nodes_that_did_not_tell_their_conditions_make_the_cluster_unknown() -> None:
    diagnosis = rolled(nodes("Ready", "Ready"), has_conditions=False)
    assert diagnosis.cluster == ClusterHealth(
        health="unknown", unread="conditions of nodes", nodes=(2, 2), groups=(2, 2), warnings=0
    )


def test_what_an_event_says_last_is_the_cause_of_a_finding_that_tells_none() -> None:
    told = [("old", "9m", "Multi-Attach error"), ("new", "1m", "timed out waiting")]
    events = [
        printed(EVENTS, f"web.{name}", last_seen=seen, type="Warning", reason=f"Failed{name}", object="deployment/web",
                message=message, count=1)
        for name, seen, message in told
    ]  # fmt: skip
    silent, told_itself = a_finding("error"), Finding(
        object=a_thing(DEPLOYMENTS), health="warning", reason="Restarts", says="exit 1"
    )
    diagnosis = rolled(SHOP, a_deployment("0/1"), (EVENTS, events), findings=[silent, told_itself])
    assert [it.message for it in shop(diagnosis).findings] == ["timed out waiting", "exit 1"]


def test_a_quota_comes_after_what_does_not_run() -> None:
    findings = [a_finding("warning", QUOTAS, "limits"), a_finding("warning"), a_finding("error", QUOTAS, "pods")]
    diagnosis = rolled(SHOP, a_deployment("1/2"), findings=findings)
    assert [it.object.name for it in shop(diagnosis).findings] == ["pods", "web", "limits"]


def test_a_workload_at_0_that_has_pods_is_not_scaled_down() -> None:
    assert shop(rolled(SHOP, a_deployment("0/0"), POD)).health == "ok"


def test_groups_that_do_not_answer_are_counted() -> None:
    diagnosis = rolled(groups=[DiscoveryGap("stock.acme.example", "v1", "Unavailable", "no")])
    assert diagnosis.cluster is not None
    assert diagnosis.cluster.groups == (2, 3)


def test_a_group_is_one_however_many_versions_it_has() -> None:
    gone = [DiscoveryGap("stock.acme.example", version, "Unavailable", "no") for version in ("v1", "v2")]
    diagnosis = rolled(groups=[*gone, DiscoveryGap("apps", "v2", "Unavailable", "no")])
    assert diagnosis.cluster is not None
    assert diagnosis.cluster.groups == (1, 3)


def test_named_namespaces_are_all_there_is() -> None:
    diagnosis = rolled(
        nodes("NotReady"), POD, reach=Reach(names=("shop", "empty"), named=True), gaps={NODES: FORBIDDEN}, overlooked=7
    )
    assert [(it.namespace, it.health) for it in diagnosis.spaces] == [("empty", "ok"), ("shop", "ok")]
    assert (diagnosis.cluster, diagnosis.health, diagnosis.overlooked) == (None, "ok", 7)


def test_kinds_are_silent_that_were_counted_alone_or_listed_in_vain() -> None:
    gathering = Gathering(Policy(), since_s=3600, kinds=(), only=None)
    counted, listed, empty = a_kind("notes", "acme.example"), BUCKETS, a_kind("rings", "acme.example")
    gathering.silent |= {listed, empty}
    pieces = [
        Reading(kind=counted, count=2, is_silent=True), Reading(kind=listed, count=1), Reading(kind=empty),
        Reading(kind=PODS, count=3),
    ]  # fmt: skip
    inventory = an_inventory(*pieces).read_to_end()
    diagnosis = roll_up(gathering, (), inventory, overlooked=0)
    assert [it.kind for it in diagnosis.silent] == [counted, listed]

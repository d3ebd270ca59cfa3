"""A judgement on the screen: whole screens of one small made-up diagnosis, in every format."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
import yaml

from kubectl_inventory.boundary.policy import Rule
from kubectl_inventory.health import Health
from kubectl_inventory.judgement.findings import ClusterHealth, Diagnosis, Finding, Occurrence, Owner, SpaceHealth
from kubectl_inventory.judgement.healthview import Shown, gate, print_health, summarize_health
from kubectl_inventory.output.style import Style
from kubectl_inventory.reading.inventory import Gap, Inventory, Reading
from kubectl_inventory.reading.plan import Treatment
from tests.fake_api import DEPLOYMENTS, NAMESPACE_KIND, NODES, PODS, a_kind, an_inventory
from tests.printed import (
    AUTOSCALERS,
    BUCKETS,
    CLAIMS,
    DAEMON_SETS,
    EVENTS,
    JOBS,
    STATEFUL_SETS,
    a_thing,
)

KINDS = (NAMESPACE_KIND, NODES, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS, CLAIMS, PODS, EVENTS)
FORBIDDEN = Gap("Forbidden", "no")

CHECKOUT = Finding(
    object=a_thing(DEPLOYMENTS, "checkout"), health="error", reason="CrashLoopBackOff", brief="CrashLoopBackOff",
    summary="1/3 ready, 2/3 updated", says="back-off 5m0s restarting failed container", count=2,
    example=a_thing(PODS, "checkout-6f7c9d5b8-2xk4p"), restarts=(11, 11), last_exit="1 (Error)",
)  # fmt: skip
SCALER = Finding(
    object=a_thing(AUTOSCALERS), health="warning", reason="AtMaximum", brief="at its maximum of 6",
    summary="at its maximum, 6/6 replicas, cpu: 91%/70%",
)  # fmt: skip
NODE = Finding(object=a_thing(NODES, "w6"), health="warning", reason="NotReady", brief="NotReady 42m, cordoned")
BUCKET = Finding(
    object=a_thing(BUCKETS, "logs", "pay"), health="unknown", reason="Frobnicating", brief="Frobnicating",
    summary='what "Frobnicating" means is not known here', owner=Owner("acme.example/v1", "Store", "main"),
)  # fmt: skip
ROLLOUT = Finding(
    object=a_thing(DEPLOYMENTS, "oauth2-proxy", "auth"), health="changing", reason="Updating", brief="1/2 updated"
)
SHOP = SpaceHealth(
    namespace="shop", health="error", findings=(CHECKOUT, SCALER), pods=(21, 23), workloads=(6, 7), claims=(3, 3),
    warnings=96,
)  # fmt: skip
PAY = SpaceHealth(namespace="pay", health="unknown", findings=(BUCKET,), pods=(2, 2), claims=(0, 1), warnings=0)
AUTH = SpaceHealth(
    namespace="auth", health="changing", findings=(ROLLOUT,), pods=(4, 4), workloads=(2, 2), claims=(0, 0), warnings=0
)
LABS = SpaceHealth(
    namespace="labs", health="scaled-down", pods=(0, 0), workloads=(0, 3), claims=(0, 0), warnings=0
)
WELL = SpaceHealth(namespace="web", health="ok", pods=(1, 1), workloads=(1, 1), claims=(0, 0), warnings=0)
CLUSTER = ClusterHealth(health="warning", findings=(NODE,), nodes=(5, 6), groups=(25, 25), warnings=4)
BACK_OFF = Occurrence(
    namespace="shop", object="pod/checkout-6f7c9d5b8-2xk4p", reason="BackOff", count=80, last_s=65,
    message="Back-off restarting\nfailed container app", maker="deployment/checkout",
)  # fmt: skip
EVENTS_SEEN = (
    BACK_OFF,
    msgspec.structs.replace(BACK_OFF, object="pod/checkout-6f7c9d5b8-b7z9q", count=4, last_s=300, message="older"),
    msgspec.structs.replace(BACK_OFF, object="pod/other", maker="", reason="Other"),
    msgspec.structs.replace(BACK_OFF, namespace="pay", reason="Elsewhere"),
)
SOME = Diagnosis(spaces=(AUTH, LABS, PAY, SHOP, WELL), cluster=CLUSTER, occurrences=EVENTS_SEEN)
ALL_WELL = Diagnosis(spaces=(WELL,), cluster=ClusterHealth(health="ok", nodes=(3, 3), groups=(24, 24), warnings=0))


def taken(*unread: Reading | Treatment) -> Inventory:
    """An inventory of all kinds, of which some were not read."""
    left = {reading.kind for reading in unread}
    whole = [Reading(kind=kind, count=1) for kind in KINDS if kind not in left]
    return an_inventory(*whole, *unread).read_to_end()


def screen(diagnosis: Diagnosis = SOME, form: str = "table", inventory: Inventory | None = None, *,
           headers: bool = True, **shown: Any) -> list[str]:  # fmt: skip
    written: list[str] = []
    style = Style(format=form, headers=headers)
    print_health(diagnosis, inventory or taken(), Shown(**shown), style, written.append)
    return "".join(written).splitlines()


def document(diagnosis: Diagnosis = SOME) -> Any:
    return json.loads("\n".join(screen(diagnosis, "json")))


# --- a row a namespace --------------------------------------------------------------


def test_the_table_has_the_cluster_first_and_then_the_worst() -> None:
    assert screen() == [
        "NAMESPACE   HEALTH        PODS    WORKLOADS   WARNINGS   REASON",
        "-           warning       -       -           4          node/w6 NotReady 42m, cordoned",
        "shop        error         21/23   6/7         96         deployment/checkout CrashLoopBackOff, +1",
        "pay         unknown       2/2     ?           0          bucket/logs Frobnicating",
        "auth        changing      4/4     2/2         0          deployment/oauth2-proxy 1/2 updated",
        "labs        scaled-down   0/0     0/3         0          3 workloads at 0 replicas",
    ]


def test_wide_has_claims() -> None:
    assert screen(form="wide")[:3] == [
        "NAMESPACE   HEALTH        PODS    WORKLOADS   PVCS   WARNINGS   REASON",
        "-           warning       -       -           -      4          node/w6 NotReady 42m, cordoned",
        "shop        error         21/23   6/7         3/3    96         deployment/checkout CrashLoopBackOff, +1",
    ]


@pytest.mark.parametrize("shown", [{"ok": True}, {"named": ("web",)}])
def test_what_is_well_is_shown_where_somebody_asks(shown: dict[str, Any]) -> None:
    assert screen(**shown)[-1] == "web         ok            1/1     1/1         0          "


def test_where_all_is_well_there_is_no_row() -> None:
    assert screen(ALL_WELL) == []
    assert screen(ALL_WELL, broken=True) == []


def test_headers_may_be_left_out() -> None:
    assert len(screen(headers=False)) == len(screen()) - 1


def test_csv_hides_nothing_and_leaves_empty_what_is_not_known() -> None:
    assert screen(form="csv") == [
        "namespace,health,pods,workloads,warnings,reason",
        ',warning,,,4,"node/w6 NotReady 42m, cordoned"',
        'shop,error,21/23,6/7,96,"deployment/checkout CrashLoopBackOff, +1"',
        "pay,unknown,2/2,,0,bucket/logs Frobnicating",
        "auth,changing,4/4,2/2,0,deployment/oauth2-proxy 1/2 updated",
        "labs,scaled-down,0/0,0/3,0,3 workloads at 0 replicas",
        "web,ok,1/1,1/1,0,",
    ]


def test_markdown_is_a_document() -> None:
    gone = msgspec.structs.replace(ALL_WELL, spaces=(PAY,))
    assert screen(gone, "markdown", taken(Reading(kind=NODES, gaps=(FORBIDDEN,)))) == [
        "dev (https://dev:6443), 2026-08-03T01:12:40Z, INCOMPLETE",
        "",
        "| NAMESPACE | HEALTH | PODS | WORKLOADS | WARNINGS | REASON |",
        "| --- | --- | --- | --- | --- | --- |",
        "| pay | unknown | 2/2 | ? | 0 | bucket/logs Frobnicating |",
        "",
        "* unread: nodes: Forbidden",
    ]


def a_space(*findings: Finding, **fields: Any) -> Diagnosis:
    """A cluster of one namespace."""
    health = findings[0].health if findings else "ok"
    given = {"namespace": "shop", "health": health, "findings": findings, **fields}
    return Diagnosis(spaces=(SpaceHealth(**given),), cluster=None)


def short_of(name: str, node: str = "w6") -> Finding:
    brief = f"short of node/{node}"
    return Finding(object=a_thing(DAEMON_SETS, name), health="warning", reason="NodeNotReady", brief=brief)


@pytest.mark.parametrize(
    ("diagnosis", "reason"),
    [
        (a_space(CHECKOUT, down=True), "down, deployment/checkout CrashLoopBackOff"),
        (a_space(short_of("a"), short_of("b"), short_of("c"), SCALER), "3 daemonsets short of node/w6, +1"),
        (a_space(short_of("a"), short_of("b", "w5")), "daemonset/a short of node/w6, +1"),
        (a_space(Finding(object=a_thing(NAMESPACE_KIND, "shop"), health="warning", reason="Terminating",
                         brief="Terminating 3d4h, 1 database left")), "Terminating 3d4h, 1 database left"),
        (a_space(health="unknown", unread="pods"), "pods could not be read"),
    ],
)  # fmt: skip
def test_a_reason_is_the_worst_finding_and_how_many_more(diagnosis: Diagnosis, reason: str) -> None:
    assert screen(diagnosis, headers=False, named=("shop",))[0].endswith(f"   {reason}")


# --- findings ----------------------------------------------------------------------


def test_broken_is_an_object_a_line() -> None:
    assert screen(broken=True) == [
        "NAMESPACE   HEALTH    SINCE   REASON             OBJECT",
        "-           warning   ?       NotReady           node/w6",
        "pay         unknown   ?       Frobnicating       bucket.acme.example/logs",
        "shop        error     ?       CrashLoopBackOff   deployment.apps/checkout",
        "shop        warning   ?       AtMaximum          horizontalpodautoscaler.autoscaling/web",
    ]


def test_broken_and_wide_says_all_of_it() -> None:
    assert screen(a_space(BUCKET), "wide", broken=True) == [
        "NAMESPACE   HEALTH    SINCE   REASON         COUNT   OWNER                     OBJECT                     "
        "MESSAGE",
        "pay         unknown   ?       Frobnicating   1       store.acme.example/main   bucket.acme.example/logs   "
        'what "Frobnicating" means is not known here',
    ]


def test_explain_says_why_and_what_to_type_next() -> None:
    diagnosis = msgspec.structs.replace(SOME, spaces=(PAY, SHOP, WELL))
    assert screen(diagnosis, explains=True, connection_flags="--context acme-eu1") == [
        "-: warning; nodes 5/6 ready, 4 warnings in 1h",
        "warning   node/w6: NotReady 42m, cordoned",
        "  next: kubectl --context acme-eu1 describe node w6",
        "shop: error; pods 21/23, workloads 6/7, pvcs 3/3, 96 warnings in 1h",
        "error     deployment.apps/checkout: 1/3 ready, 2/3 updated",
        "  2 pods CrashLoopBackOff, 11 restarts each, last exit 1 (Error), like checkout-6f7c9d5b8-2xk4p",
        "  back-off 5m0s restarting failed container",
        "  event BackOff x84, last 65s ago: Back-off restarting failed container app",
        "  next: kubectl --context acme-eu1 logs -n shop checkout-6f7c9d5b8-2xk4p --previous",
        "warning   horizontalpodautoscaler.autoscaling/web: at its maximum, 6/6 replicas, cpu: 91%/70%",
        "  next: kubectl --context acme-eu1 describe -n shop hpa web",
        "pay: unknown; pods 2/2, workloads ?, pvcs 0/1, 0 warnings in 1h",
        'unknown   bucket.acme.example/logs: what "Frobnicating" means is not known here',
        "  made by store.acme.example/main",
        "  next: kubectl --context acme-eu1 describe -n pay bucket.acme.example logs",
    ]


def a_pod_finding(reason: str, restarts: int = 0, last_exit: str = "") -> Finding:
    thing = a_thing(PODS, "tool")
    return Finding(
        object=thing, health="error", reason=reason, brief=reason, restarts=(restarts, restarts), last_exit=last_exit
    )


@pytest.mark.parametrize(
    ("finding", "command"),
    [
        (a_pod_finding("CrashLoopBackOff", 7, "1 (Error)"), "kubectl logs -n shop tool --previous"),
        (a_pod_finding("Error", 0, "1 (Error)"), "kubectl logs -n shop tool"),
        (a_pod_finding("Error"), "kubectl describe -n shop pod tool"),
        (a_pod_finding("Init:CrashLoopBackOff", 7, "1 (Error)"), "kubectl describe -n shop pod tool"),
        (a_pod_finding("ImagePullBackOff"), "kubectl describe -n shop pod tool"),
        (Finding(object=a_thing(JOBS, "etl"), health="warning", reason="Failed"), "kubectl logs -n shop job/etl"),
        (Finding(object=a_thing(NODES, "$(w6)"), health="warning", reason="X"), "kubectl describe node '$(w6)'"),
        (BUCKET, "kubectl describe -n pay bucket.acme.example logs"),
    ],
)
def test_the_next_step_can_be_typed(finding: Finding, command: str) -> None:
    assert screen(a_space(finding), explains=True)[-1] == f"  next: {command}"


# --- documents ------------------------------------------------------------------------

SHOP_ITEM = {
    "namespace": "shop", "health": "error", "reason": "deployment/checkout CrashLoopBackOff, +1",
    "pods": {"ready": 21, "wanted": 23}, "workloads": {"asWanted": 6, "all": 7},
    "persistentVolumeClaims": {"bound": 3, "all": 3}, "warnings": 96,
}  # fmt: skip
BUCKET_ITEM = {
    "namespace": "pay", "object": {"apiVersion": "acme.example/v1", "kind": "Bucket", "name": "logs"},
    "owner": {"apiVersion": "acme.example/v1", "kind": "Store", "name": "main"}, "health": "unknown",
    "reason": "Frobnicating", "message": 'what "Frobnicating" means is not known here', "count": 1,
}  # fmt: skip


def test_json_is_the_contract() -> None:
    since = "2026-08-03T01:00:00Z"
    bucket = msgspec.structs.replace(BUCKET, since=since)
    diagnosis = Diagnosis(
        spaces=(msgspec.structs.replace(PAY, findings=(bucket, ROLLOUT)), SHOP),
        cluster=CLUSTER,
        occurrences=(BACK_OFF,),
    )
    told = document(diagnosis)
    assert {key: value for key, value in told.items() if key not in ("items", "findings")} == {
        "apiVersion": "inventory/v1", "kind": "Health", "context": "dev", "server": "https://dev:6443",
        "takenAt": "2026-08-03T01:12:40Z", "complete": True, "health": "error", "sinceSeconds": 3600,
        "cluster": {
            "health": "warning", "reason": "node/w6 NotReady 42m, cordoned", "nodes": {"ready": 5, "all": 6},
            "apiGroups": {"available": 25, "all": 25}, "warnings": 4,
        },
        "events": [{
            "namespace": "shop", "object": "pod/checkout-6f7c9d5b8-2xk4p", "reason": "BackOff", "count": 80,
            "lastSeconds": 65, "message": "Back-off restarting\nfailed container app",
        }],
        "silent": [],
        "unread": [], "withheld": [],
    }  # fmt: skip
    assert told["items"] == [
        {"namespace": "pay", "health": "unknown", "reason": "bucket/logs Frobnicating, +1",
         "pods": {"ready": 2, "wanted": 2}, "persistentVolumeClaims": {"bound": 0, "all": 1}, "warnings": 0},
        SHOP_ITEM,
    ]  # fmt: skip
    assert [it["health"] for it in told["findings"]] == ["warning", "unknown", "changing", "error", "warning"]
    assert told["findings"][1] == {**BUCKET_ITEM, "since": since}
    assert yaml.safe_load("\n".join(screen(diagnosis, "yaml"))) == told


def test_kinds_that_say_nothing_are_told_to_programs_and_on_request() -> None:
    silent = (Reading(kind=a_kind("notes", "acme.example"), count=7),)
    diagnosis = msgspec.structs.replace(ALL_WELL, silent=silent)
    assert document(diagnosis)["silent"] == [{"resource": "notes", "group": "acme.example", "count": 7}]
    assert last_words(diagnosis)[0] == "dev: ok; namespaces: 1 ok (not shown); 0.4s"
    told = "dev: ok; namespaces: 1 ok (not shown); no health in the columns of 1 kind; 0.4s"
    assert last_words(diagnosis, is_verbose=True)[0] == told


def test_ndjson_is_a_namespace_a_line_or_a_finding() -> None:
    assert [json.loads(line) for line in screen(form="ndjson")] == document()["items"]
    lines = [json.loads(line) for line in screen(form="ndjson", broken=True)]
    assert lines == [it for it in document()["findings"] if it["health"] != "changing"]
    assert lines[1] == BUCKET_ITEM


# --- what a terminal shows --------------------------------------------------------------


def test_only_the_word_of_health_is_coloured() -> None:
    odd = a_space(Finding(object=a_thing(PODS, "error"), health="error", reason="Error", brief="error, unknown"))
    error = "\x1b[31merror\x1b[0m"
    assert screen(odd, headers=False, colours=True) == [
        f"shop   {error}   ?     ?     ?     pod/error error, unknown"
    ]
    assert screen(odd, headers=False, colours=True, broken=True) == [f"shop   {error}   ?     Error   pod/error"]
    assert screen(odd, explains=True, colours=True) == [
        f"shop: {error}; pods ?, workloads ?, pvcs ?, ? warnings in 1h",
        f"{error}     pod/error: error, unknown",
        "  next: kubectl describe -n shop pod error",
    ]
    assert screen(a_space(ROLLOUT), headers=False, colours=True)[0].startswith("shop   changing   ")
    named_so = a_space(SCALER, namespace="error")
    assert screen(named_so, headers=False, colours=True)[0].startswith("error   \x1b[33mwarning\x1b[0m   ")
    warnings = a_kind("warnings", "acme.example")
    finding = Finding(object=a_thing(warnings), health="error", reason="Failed", brief="Failed")
    assert screen(a_space(finding), explains=True, colours=True)[1] == f"{error}     warning.acme.example/web: Failed"


WILD = "a\x1b[2J\x9b31m\u202eb\nc\r\x07"


@pytest.mark.parametrize("form", ["table", "wide", "csv", "markdown", "json", "ndjson", "yaml"])
@pytest.mark.parametrize("shown", [{}, {"explains": True}, {"broken": True}])
def test_no_control_character_of_the_cluster_passes(form: str, shown: dict[str, Any]) -> None:
    finding = Finding(
        object=a_thing(BUCKETS, WILD), health="error", reason=WILD, brief=WILD, summary=WILD, says=WILD,
        owner=Owner(WILD, WILD, WILD), since=WILD, example=a_thing(PODS, WILD), last_exit=WILD,
    )  # fmt: skip
    event = Occurrence(namespace=WILD, object=f"bucket/{WILD}", reason=WILD, count=1, last_s=1, message=WILD)
    space = SpaceHealth(namespace=WILD, health="error", findings=(finding,), unread=WILD)
    diagnosis = Diagnosis(spaces=(space,), cluster=CLUSTER, occurrences=(event,))
    written: list[str] = []
    print_health(diagnosis, taken(), Shown(**shown), Style(format=form), written.append)
    assert "".join(written).replace("\n", "").isprintable()


# --- the last words -----------------------------------------------------------------------


def last_words(diagnosis: Diagnosis = SOME, inventory: Inventory | None = None, **shown: Any) -> Sequence[str]:
    summary = summarize_health(diagnosis, inventory or taken(), Shown(**shown), elapsed_s=0.4)
    return [summary.sentence, *summary.lines]


def test_the_summary_counts_namespaces_and_tells_of_the_cluster() -> None:
    assert last_words() == [
        "dev: error; namespaces: 1 error, 1 unknown, 1 changing, 1 scaled-down, 1 ok (not shown); 0.4s",
        "  nodes 5/6 ready, API groups 25/25, 100 warnings in 1h",
    ]
    assert last_words(ALL_WELL, since_s=5400) == [
        "dev: ok; namespaces: 1 ok (not shown); 0.4s",
        "  nodes 3/3 ready, API groups 24/24, 0 warnings in 90m",
    ]


@pytest.mark.parametrize("shown", [{"ok": True}, {"named": ("web",)}])
def test_the_summary_says_only_of_what_is_hidden_that_it_is(shown: dict[str, Any]) -> None:
    assert last_words(ALL_WELL, **shown)[0] == "dev: ok; namespaces: 1 ok; 0.4s"


def test_the_summary_of_findings_says_where_they_are() -> None:
    assert last_words(broken=True) == [
        "dev: error; 4 findings in 2 namespaces and the cluster: 1 error, 1 unknown, 2 warning, "
        "1 changing not shown; 0.4s"
    ]
    assert last_words(a_space(CHECKOUT, SCALER), explains=True) == [
        "dev: error; 2 findings in 1 namespace (shop): 1 error, 1 warning; 0.4s"
    ]
    assert last_words(ALL_WELL, explains=True) == ["dev: ok; 0 findings; 0.4s"]


def test_the_summary_says_what_was_not_read_and_what_was_not_looked_at() -> None:
    nobody = msgspec.structs.replace(ALL_WELL, cluster=ClusterHealth(health="unknown", unread="nodes"), overlooked=7)
    assert last_words(nobody, taken(Reading(kind=NODES, gaps=(FORBIDDEN,)))) == [
        "dev: INCOMPLETE: unknown; namespaces: 1 ok (not shown); 8 of 9 kinds read; 0.4s",
        "  nodes ?, API groups 0/0, 0 warnings in 1h",
        "  7 findings not looked at closer: too many, or no usable answer",
        "  1 kind   Forbidden   nodes",
    ]


def test_the_summary_says_what_the_policy_withholds() -> None:
    withheld = Treatment(EVENTS, "Withheld", "", Rule("resources.deny", "events", "p.yaml:3"))
    silent = msgspec.structs.replace(ALL_WELL, spaces=(), cluster=ClusterHealth(health="ok", nodes=(1, 1)))
    assert last_words(silent, taken(withheld)) == [
        "dev: ok; namespaces: none; 1 kind withheld by policy (events); 0.4s",
        "  nodes 1/1 ready, API groups 0/0",
    ]


@pytest.mark.parametrize(
    ("diagnosis", "fail_on", "said"),
    [
        (SOME, ["error"], "--fail-on error matched 1 namespace: shop"),
        (SOME, ["warning"], "--fail-on warning matched the cluster and 2 namespaces: pay, shop"),
        (SOME, ["error", "unknown"], "--fail-on error,unknown matched 2 namespaces: pay, shop"),
        (a_space(SCALER), ["error"], ""),
        (a_space(SCALER), ["warning"], "--fail-on warning matched 1 namespace: shop"),
        (ALL_WELL, ["error", "warning", "unknown"], ""),
        (Diagnosis(spaces=tuple(SpaceHealth(namespace=f"n{number:02}", health="error") for number in range(12)),
                   cluster=None), ["error"],
         f"--fail-on error matched 12 namespaces: {', '.join(f'n{number:02}' for number in range(10))} and 2 more"),
    ],
)  # fmt: skip
def test_the_gate_names_what_it_matched(diagnosis: Diagnosis, fail_on: list[Health], said: str) -> None:
    assert gate(diagnosis, fail_on) == said

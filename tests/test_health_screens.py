"""`kubectl inventory health`, typed at the demo cluster: whole screens, every format, exit codes, and who may see what.

A cluster that was filled seconds ago is judged without patience. Numbers are held against what
kubectl shows; spans of time, and the endings that controllers give to names, are not compared.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
import yaml

from kubectl_inventory.health import HEALTHS, Health
from tests.conftest import Screen, Typist
from tests.controlplane.cluster import ControlPlane
from tests.oracle import TRIES, table, timeless
from tests.test_terminal import on_terminal

IMPATIENT = "{apiVersion: inventory/v1, kind: BoundaryPolicy, health: {graceSeconds: 1}}\n"
"""A policy under which nothing may take its time: what it says does not depend on when it is asked."""
GRACE_S = 300
"""What the built-in policy has instead."""
WINDOW_S = 3600

GAP = "*.stock.acme.example"
"""The group that has no server: without it an answer is complete."""
UNKNOWN_GROUP = "   Unavailable   stock.acme.example/v1: its kinds are unknown\n"
WHY = f'hint: "kubectl get apiservice v1.stock.acme.example" tells why; --exclude "{GAP}"\n'
GREP = 'hint: "kubectl inventory kinds | grep Forbidden" lists them; --allow-incomplete: exit 0\n'
GROUP_LINES = f"  1 group{UNKNOWN_GROUP}{WHY}"

CLUSTER = "-"
HEADERS = ("NAMESPACE", "HEALTH", "PODS", "WORKLOADS", "WARNINGS", "REASON")


class Row(NamedTuple):
    """A namespace; `-` for what is in none."""

    namespace: str
    health: Health
    pods: str
    workloads: str
    pvcs: str
    reason: str


SICK = (
    Row(CLUSTER, "warning", "-", "-", "-", "node/w6 NotReady SPAN, cordoned, +3"),
    Row("pay", "error", "11/14", "3/5", "2/3", "deployment/ledger ImagePullBackOff, +6"),
    Row("search", "error", "0/8", "0/4", "0/0", "down, deployment/crawler CreateContainerConfigError, +6"),
    Row("shop", "error", "21/23", "6/7", "0/0", "deployment/checkout CrashLoopBackOff, +1"),
    Row("batch", "warning", "3/3", "2/2", "1/1", "job/etl-29761800 Failed, OOMKilled"),
    Row("data", "warning", "14/14", "6/6", "3/3", "deployment/flink restarted 4x, OOMKilled, +1"),
    Row("kube-system", "warning", "20/23", "3/6", "0/0", "3 daemonsets short of node/w6"),
    Row("monitoring", "warning", "19/22", "6/8", "0/0", "2 daemonsets short of node/w6, +1"),
    Row("shop-preview", "warning", "0/0", "0/0", "0/0", "Terminating SPAN, 1 database left"),
    Row("auth", "changing", "4/4", "2/2", "0/0", "deployment/oauth2-proxy 1/2 updated"),
    Row("labs", "scaled-down", "0/0", "3/3", "0/0", "3 workloads at 0 replicas"),
)
WELL = (
    Row("cert-manager", "ok", "3/3", "3/3", "0/0", ""),
    Row("default", "ok", "0/0", "0/0", "0/0", ""),
    Row("ingress", "ok", "3/3", "1/1", "0/0", ""),
    Row("kube-node-lease", "ok", "0/0", "0/0", "0/0", ""),
    Row("kube-public", "ok", "0/0", "0/0", "0/0", ""),
    Row("labs-2", "ok", "0/0", "0/0", "0/0", ""),
    Row("status-page", "ok", "1/1", "1/1", "0/0", ""),
)
TALLY = "3 error, 5 warning, 1 changing, 1 scaled-down, 7 ok"

BROKEN = """
-              warning   SPAN   NotReady                     node/w6
-  warning  SPAN  NotEstablished  customresourcedefinition.apiextensions.k8s.io/legacydatabases.acme.example
-              warning   SPAN   ServiceNotFound              apiservice.apiregistration.k8s.io/v1.stock.acme.example
-              warning   ?      NotReady                     clusterpolicy.acme.example/signed-images
batch          warning   SPAN   Failed                       job.batch/etl-29761800
data           warning   SPAN   Restarts                     deployment.apps/flink
data           warning   ?      QuotaNearlyUsed              resourcequota/storage
kube-system    warning   SPAN   NodeNotReady                 daemonset.apps/cilium
kube-system    warning   SPAN   NodeNotReady                 daemonset.apps/csi-node
kube-system    warning   SPAN   NodeNotReady                 daemonset.apps/kube-proxy
monitoring     warning   SPAN   NodeNotReady                 daemonset.apps/node-exporter
monitoring     warning   SPAN   NodeNotReady                 daemonset.apps/promtail
monitoring     warning   SPAN   NodeNotReady                 pod/debug-toolbox
pay            error     SPAN   ImagePullBackOff             deployment.apps/ledger
pay            error     SPAN   VolumePending                statefulset.apps/queue
pay            warning   SPAN   Failed                       job.batch/refund-backfill
pay            warning   SPAN   Pending                      persistentvolumeclaim/data-queue-2
pay            warning   SPAN   AllowsNothing                poddisruptionbudget.policy/queue
pay            warning   ?      NotReady                     database.acme.example/odd-cells
pay            warning   ?      NotReady                     certificate.cert-manager.io/pay-tls
search         error     SPAN   CreateContainerConfigError   deployment.apps/crawler
search         error     SPAN   ContainerCreating            deployment.apps/indexer
search         error     SPAN   NotReady                     deployment.apps/query
search         error     SPAN   Unschedulable                deployment.apps/ranking
search         warning   SPAN   Unschedulable                job.batch/reindex
search         warning   ?      NoEndpoints                  service/suggest
search         warning   ?      NoAddress                    ingress.networking.k8s.io/search
shop           error     SPAN   CrashLoopBackOff             deployment.apps/checkout
shop           warning   ?      AtMaximum                    horizontalpodautoscaler.autoscaling/web
shop-preview   warning   SPAN   Terminating                  namespace/shop-preview
"""

SHOP = """\
shop: error; pods 21/23, workloads 6/7, pvcs 0/0, WARNED in SPAN
error     deployment.apps/checkout: 1/3 ready, 2/3 updated, for SPAN
  2 pods CrashLoopBackOff, 11 restarts each, last exit 1 (Error), like checkout-POD
  back-off SPAN restarting failed container
  event BackOff x84, last SPAN ago: Back-off restarting failed container app
  event Unhealthy x12, last SPAN ago: Liveness probe failed: dial tcp ADDRESS: connect: connection refused
  next: kubectl logs -n shop checkout-POD --previous
warning   horizontalpodautoscaler.autoscaling/web: at its maximum, 6/6 replicas, cpu: 91%/70%
  next: kubectl describe -n shop hpa web
"""


def spanless(text: str) -> str:
    """Without what differs from run to run: spans of time, a pod's ending, its address."""
    text = re.sub(r"(?<=-)[a-z0-9]{8,10}-[a-z0-9]{5}\b", "POD", text)
    text = re.sub(r"\b10\.64\.\d+\.\d+:\d+", "ADDRESS", text)
    return re.sub(r"(?<![-\w.])\d+[smhdy](?:\d+[smhd])?\b", "SPAN", text)


def cells(text: str) -> list[list[str]]:
    """A table's cells, whose widths depend on a span."""
    return [re.split(" {2,}", line) for line in spanless(text).strip().splitlines()]


# --- the contract -------------------------------------------------------------


class Exact(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True, kw_only=True):
    """A part of the JSON contract: these fields, and no others."""


class Share(Exact):
    """A part of a whole; the word for the part depends on what is counted."""

    all: int = 0
    wanted: int = 0
    ready: int = 0
    as_wanted: int = 0
    bound: int = 0
    available: int = 0


class Item(Exact):
    """A namespace, or what is in none."""

    health: Health
    reason: str
    namespace: str = CLUSTER
    pods: Share | None = None
    workloads: Share | None = None
    persistent_volume_claims: Share | None = None
    nodes: Share | None = None
    api_groups: Share | None = None
    warnings: int | None = None


class Named(Exact):
    """An object."""

    api_version: str
    kind: str
    name: str


class Finding(Exact):
    """What is not well with one."""

    object: Named
    health: Health
    reason: str
    message: str
    count: int
    namespace: str = CLUSTER
    owner: Named | None = None
    since: datetime | None = None


class Event(Exact):
    """Warnings alike of one object."""

    object: str
    reason: str
    count: int
    last_seconds: int
    message: str
    namespace: str = CLUSTER


class Silent(Exact):
    """A custom kind whose columns tell nothing of how its objects are."""

    resource: str
    group: str
    count: int


class Document(Exact):
    """All of `-o json`."""

    api_version: str
    kind: str
    context: str
    server: str
    taken_at: datetime
    complete: bool
    health: Health
    since_seconds: int
    items: list[Item]
    findings: list[Finding]
    events: list[Event]
    silent: list[Silent]
    unread: list[dict[str, str]]
    withheld: list[dict[str, str]]
    cluster: Item | None = None

    @property
    def everywhere(self) -> list[Item]:
        """The cluster, and every namespace."""
        return [*([self.cluster] if self.cluster is not None else []), *self.items]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home, with one discovery cache a user in it, and the impatient policy."""
    home = tmp_path_factory.mktemp("home")
    (home / "impatient.yaml").write_text(IMPATIENT)
    return home


@pytest.fixture(scope="module")
def typist(demo: ControlPlane, home: Path) -> Typist:
    """The administrator."""
    return Typist(home, demo.kubeconfigs["admin"])


@pytest.fixture(scope="module")
def document(typist: Typist) -> Document:
    """The whole judgement, for programs."""
    return read(health(typist, "-o", "json"))


def health(typist: Typist, *argv: str) -> Screen:
    """Types `kubectl inventory health ...` without patience."""
    return typist.inventory("health", *argv, env={"KUBECTL_INVENTORY_POLICY": str(typist.home / "impatient.yaml")})


def read(screen: Screen) -> Document:
    """The JSON of a screen."""
    return msgspec.json.decode(screen.out, type=Document)


class Warned(msgspec.Struct, rename="camel"):
    """An event of kubectl's list, as far as it is counted."""

    involved_object: Involved
    metadata: Placed
    count: int = 1
    last_timestamp: datetime | None = None
    series: Series | None = None

    @property
    def place(self) -> str:
        """Where it is counted: events of what is in no namespace are in `default`."""
        return self.metadata.namespace if self.involved_object.namespace else CLUSTER


class Involved(msgspec.Struct):
    """What an event is about."""

    namespace: str = ""


class Placed(msgspec.Struct, rename="camel"):
    """Where it lies, and since when."""

    namespace: str
    creation_timestamp: datetime


class Series(msgspec.Struct, rename="camel"):
    """How often it happened."""

    count: int
    last_observed_time: datetime


class WarnedList(msgspec.Struct):
    """kubectl's list."""

    items: list[Warned]


def warnings(typist: Typist, since_s: float = WINDOW_S) -> Counter[str]:
    """How many warnings of the last hour, or as long as is said, kubectl knows; by namespace.

    Most are what the demo was told of. Controllers add their own when they are slow: that a
    cache is out of date, that a quota is not yet known.
    """
    out = typist.kubectl("get", "events", "-A", "--field-selector=type=Warning", "-o", "json").out
    counts: Counter[str] = Counter()
    for it in msgspec.json.decode(out, type=WarnedList).items:
        if it.series is not None:
            last, count = it.series.last_observed_time, it.series.count
        else:
            last, count = it.last_timestamp or it.metadata.creation_timestamp, it.count
        if datetime.now(last.tzinfo) - last < timedelta(seconds=since_s):
            counts[it.place] += count
    return counts


class Asked(NamedTuple):
    """A screen, and the warnings that kubectl knew before and after it."""

    screen: Screen
    warnings: Counter[str]


def asked(typist: Typist, *argv: str, of: Typist | None = None, since_s: float = WINDOW_S) -> Asked:
    """Types a command, as another user where one is given, while nothing is warned of anew."""
    before = warnings(typist, since_s)
    for _ in range(TRIES):
        screen, after = health(of or typist, *argv), warnings(typist, since_s)
        if before == after:
            break
        before = after
    return Asked(screen, after)


def warned(count: int) -> str:
    """As a summary says it."""
    return f"{count:,} warning{'' if count == 1 else 's'}"


def rolled_up(rows: Sequence[Row], counts: Counter[str], *, wide: bool = False) -> list[list[str]]:
    """The rows of a screen, its header first."""
    pvcs = ["PVCS"] if wide else []
    lines = [[*HEADERS[:4], *pvcs, *HEADERS[4:]]]
    for row in rows:
        numbers = [row.pods, row.workloads, *([row.pvcs] if wide else []), str(counts[row.namespace])]
        lines.append([row.namespace, row.health, *numbers, row.reason])
    return lines


def drawn(lines: Sequence[Sequence[str]]) -> str:
    """Those rows as kubectl draws them."""
    return table(lines[0], lines[1:])


# --- screens ------------------------------------------------------------------


def test_the_worst_comes_first_and_what_is_well_is_hidden(typist: Typist) -> None:
    screen, counts = asked(typist)
    assert spanless(screen.out) == drawn(rolled_up(SICK, counts))
    assert timeless(screen.err) == (
        f"demo: INCOMPLETE: error; namespaces: {TALLY} (not shown); "
        "27 of 27 kinds read, 1 API group unavailable; 0.0s\n"
        f"  nodes 5/6 ready, API groups 21/22, {counts.total():,} warnings in 1h\n{GROUP_LINES}"
    )
    assert screen.code == 3


def test_what_is_well_is_shown_when_asked_for(typist: Typist) -> None:
    screen, counts = asked(typist, "--show-ok")
    assert spanless(screen.out) == drawn(rolled_up(SICK + WELL, counts))
    assert f"namespaces: {TALLY};" in screen.err


def test_wide_has_claims_too(typist: Typist) -> None:
    screen, counts = asked(typist, "-o", "wide")
    assert spanless(screen.out) == drawn(rolled_up(SICK, counts, wide=True))


def test_what_is_known_of_a_namespace_is_explained_for_people(typist: Typist) -> None:
    screen, counts = asked(typist, "shop", "--explain", "--exclude", GAP)
    assert spanless(screen.out) == SHOP.replace("WARNED", warned(counts["shop"]))
    told = "demo: error; 2 findings in 1 namespace (shop): 1 error, 1 warning; 0.0s\n"
    assert (timeless(screen.err), screen.code) == (told, 0)


def test_every_explanation_says_what_to_type_next(typist: Typist, document: Document) -> None:
    screen = health(typist, "--explain")
    steps = [line.removeprefix("  next: ") for line in screen.lines if line.startswith("  next: ")]
    assert len(steps) == len(document.findings)
    gone = [step for step in steps if typist.type(*step.split()).code and "logs" not in step]
    assert gone == []  # there are no kubelets here, and so no logs


def test_the_next_step_reaches_the_same_cluster_as_the_same_user(typist: Typist) -> None:
    screen = health(typist, "shop", "--explain", "--context", "demo", "--as", "viewer")
    assert "  next: kubectl --context demo --as viewer describe -n shop hpa web" in screen.lines


def test_findings_alone_are_an_object_a_line(typist: Typist) -> None:
    screen = health(typist, "--broken")
    assert cells(screen.out) == [["NAMESPACE", "HEALTH", "SINCE", "REASON", "OBJECT"], *cells(BROKEN)]
    assert timeless(screen.err) == (
        "demo: INCOMPLETE: error; 30 findings in 8 namespaces and the cluster: 7 error, 23 warning, "
        f"1 changing not shown; 27 of 27 kinds read, 1 API group unavailable; 0.0s\n{GROUP_LINES}"
    )
    assert screen.code == 3


def test_findings_alone_tell_more_when_wide(typist: Typist) -> None:
    narrow, wide = cells(BROKEN), cells(health(typist, "--broken", "-o", "wide").out)
    assert wide[0] == ["NAMESPACE", "HEALTH", "SINCE", "REASON", "COUNT", "OWNER", "OBJECT", "MESSAGE"]
    assert [[*line[:4], line[6]] for line in wide[1:]] == narrow
    told = {line[6]: (line[4], line[5], *line[7:]) for line in wide[1:]}
    assert told["deployment.apps/checkout"] == (
        "2", "-", "1/3 ready, 2/3 updated; back-off SPAN restarting failed container"
    )
    assert told["deployment.apps/flink"] == ("3", "-", "3/3 ready, restarted 4x")
    assert told["daemonset.apps/cilium"] == ("1", "-", "5/6 ready; on node/w6, which is not ready")
    assert told["job.batch/etl-29761800"] == (
        "1", "-", "Failed, its pods OOMKilled; BackoffLimitExceeded: Job has reached the specified backoff limit"
    )


def test_a_namespace_that_is_well_is_shown_where_it_is_named(typist: Typist) -> None:
    screen, counts = asked(typist, "status-page", "--exclude", GAP)
    assert screen.lines == [
        "NAMESPACE     HEALTH   PODS   WORKLOADS   WARNINGS   REASON",
        f"status-page   ok       1/1    1/1         {counts['status-page']}          ",
    ]
    numbers = f"  {warned(counts['status-page'])} in 1h"
    assert timeless(screen.err) == f"demo: ok; namespaces: 1 ok; 0.0s\n{numbers}\n"
    assert screen.code == 0
    assert health(typist, "-n", "status-page", "--exclude", GAP, "-q") == Screen(0, screen.out, "")


def test_words_and_flags_name_namespaces_alike(typist: Typist) -> None:
    screens = [
        health(typist, *argv, "--exclude", GAP, "-q")
        for argv in (["shop,labs"], ["shop", "labs"], ["shop", "-n", "labs"], ["-n", "labs", "--namespace", "shop"])
    ]
    assert [line.split()[0] for line in screens[0].lines] == ["NAMESPACE", "shop", "labs"]
    assert screens == [screens[0]] * 4


def test_where_all_is_well_there_are_no_rows(typist: Typist) -> None:
    screen = health(typist, "--broken", "-n", "status-page,labs-2,ingress", "--exclude", GAP)
    assert (screen.code, screen.out, timeless(screen.err)) == (0, "", "demo: ok; 0 findings; 0.0s\n")
    explained, counts = asked(typist, "--explain", "-n", "status-page", "--exclude", GAP, "-q")
    numbers = f"pods 1/1, workloads 1/1, pvcs 0/0, {warned(counts['status-page'])} in 1h"
    assert explained == Screen(0, f"status-page: ok; {numbers}\n", "")


def test_days_are_looked_back_too(typist: Typist) -> None:
    screen, counts = asked(typist, "data", "--since", "7d", "--exclude", GAP, since_s=7 * 24 * 3600)
    assert f"\n  {warned(counts['data'])} in 7d\n" in screen.err
    assert counts["data"] > 0  # of the pod that was evicted
    screen, counts = asked(typist, "data", "--since", "1d12h", "--exclude", GAP, since_s=36 * 3600)
    assert f"\n  {warned(counts['data'])} in 36h\n" in screen.err


def test_a_look_back_of_a_minute_forgets_older_restarts_and_events(typist: Typist) -> None:
    screen, counts = asked(typist, "data", "--since", "1m", "--exclude", GAP, since_s=60)
    assert cells(screen.out)[1] == [
        *("data", "warning", "14/14", "6/6", str(counts["data"])),
        "resourcequota/storage at 96%",
    ]
    assert f"\n  {warned(counts['data'])} in 1m\n" in screen.err
    assert counts["data"] < warnings(typist, 24 * 3600)["data"]


def test_by_default_what_is_young_is_changing(typist: Typist, document: Document) -> None:
    patient = read(typist.inventory("health", "-o", "json"))
    verdicts = {(it.namespace, it.object.name, it.reason): it.health for it in patient.findings}
    passing = {
        ("pay", "queue", "VolumePending"),
        ("pay", "data-queue-2", "Pending"),
        ("pay", "queue", "AllowsNothing"),
        ("search", "indexer", "ContainerCreating"),
        ("search", "query", "NotReady"),
        ("search", "ranking", "Unschedulable"),
        ("search", "reindex", "Unschedulable"),
        ("shop-preview", "shop-preview", "Terminating"),
    }
    sure = [it for it in document.findings if it.since is not None]
    ages_s = {id(it): (patient.taken_at - it.since).total_seconds() for it in sure if it.since is not None}
    expected = {
        (it.namespace, it.object.name, it.reason): (
            "changing"
            if (it.namespace, it.object.name, it.reason) in passing and ages_s[id(it)] < GRACE_S
            else it.health
        )
        for it in sure
        if abs(ages_s[id(it)] - GRACE_S) > 5
    }
    assert {key: verdicts[key] for key in expected} == expected
    assert passing <= {(it.namespace, it.object.name, it.reason) for it in sure}


# --- on a terminal ------------------------------------------------------------


def shown_on_terminal(typist: Typist, *argv: str, **env: str) -> str:
    """What a terminal of 60 columns shows of it, without the line that says how far it is."""
    policy = {"KUBECTL_INVENTORY_POLICY": str(typist.home / "impatient.yaml")}
    command = ["health", *argv, "--exclude", GAP, "-q"]
    _, _, shown = on_terminal(typist, command, columns=60, env={**policy, **env}, out=True)
    return re.sub(r"\r[^\r\x1b\n]*\x1b\[K", "", shown)


def colours(shown: str) -> set[tuple[str, str]]:
    """Which words are in which colour."""
    return set(re.findall("\x1b\\[(\\d+)m([^\x1b]*)\x1b\\[0m", shown))


def test_a_terminal_colours_how_it_is_and_changes_nothing_else(typist: Typist) -> None:
    argv = ("-n", "shop,data,labs,status-page")
    shown = shown_on_terminal(typist, *argv)
    assert colours(shown) == {("31", "error"), ("33", "warning")}
    assert re.sub("\x1b\\[\\d+m", "", shown) == health(typist, *argv, "--exclude", GAP, "-q").out


def test_an_explanation_is_coloured_where_it_says_how_something_is(typist: Typist) -> None:
    lines = shown_on_terminal(typist, "shop", "--explain").splitlines()
    coloured = [line for line in lines if "\x1b" in line]
    assert [line.partition(": ")[0] for line in coloured] == [
        "shop",
        "\x1b[31merror\x1b[0m     deployment.apps/checkout",
        "\x1b[33mwarning\x1b[0m   horizontalpodautoscaler.autoscaling/web",
    ]


def test_no_colour_is_none_and_json_has_none(typist: Typist) -> None:
    assert "\x1b" not in shown_on_terminal(typist, "shop", NO_COLOR="1")
    assert "\x1b" not in shown_on_terminal(typist, "shop", "-o", "json")


def test_a_reader_of_two_lines_is_left_in_peace(typist: Typist) -> None:
    screen = typist.type("bash", "-c", f'kubectl inventory health -q --exclude "{GAP}" | head -2')
    assert (len(screen.lines), screen.err) == (2, "")


# --- formats ------------------------------------------------------------------


def test_json_is_the_contract_and_its_sums_are_the_screens(typist: Typist, document: Document) -> None:
    names = typist.kubectl("get", "namespaces", "-o", "name").out.replace("namespace/", "").split()
    assert (document.api_version, document.kind, document.context) == ("inventory/v1", "Health", "demo")
    assert (document.health, document.since_seconds) == ("error", WINDOW_S)
    assert (document.complete, [it["group"] for it in document.unread]) == (False, ["stock.acme.example"])
    assert [it.namespace for it in document.items] == sorted(names)
    assert {(it.namespace, it.health) for it in document.everywhere} == {row[:2] for row in SICK + WELL}
    assert document.cluster is not None
    assert document.cluster.nodes == Share(ready=5, all=6)
    assert document.cluster.api_groups == Share(available=21, all=22)


def test_json_tells_of_each_namespace_what_its_row_does(document: Document) -> None:
    rows = {row.namespace: row for row in SICK + WELL}
    for item in document.items:
        pods, workloads, claims = item.pods, item.workloads, item.persistent_volume_claims
        assert pods is not None and workloads is not None and claims is not None
        told = Row(
            item.namespace,
            item.health,
            f"{pods.ready}/{pods.wanted}",
            f"{workloads.as_wanted}/{workloads.all}",
            f"{claims.bound}/{claims.all}",
            spanless(item.reason),
        )
        assert told == rows[item.namespace]


def test_a_namespace_is_as_bad_as_its_worst_finding_and_counts_them_all(document: Document) -> None:
    for item in document.everywhere:
        found = [it.health for it in document.findings if it.namespace == item.namespace]
        if found:
            assert item.health == min(found, key=HEALTHS.index)
            more = int(item.reason.rpartition("+")[2]) if "+" in item.reason else 0
            first = re.match(r"(\d+) \w+s ", item.reason)
            assert len(found) == more + (int(first[1]) if first is not None else 1)


def test_kinds_that_tell_nothing_are_named(document: Document, typist: Typist) -> None:
    assert document.silent == [Silent(resource="featureflags", group="acme.example", count=2)]
    clause = "; no health in the columns of 1 kind; "
    assert (clause in health(typist).err, clause in health(typist, "-v", "1").err) == (False, True)


def test_what_is_well_has_no_findings(document: Document) -> None:
    well = {it.namespace for it in document.everywhere if it.health in ("ok", "scaled-down")}
    assert well == {row.namespace for row in WELL} | {"labs"}
    assert [it for it in document.findings if it.namespace in well] == []


def test_findings_of_the_document_are_those_of_the_screen(document: Document) -> None:
    told = Counter((it.namespace, it.health, it.reason) for it in document.findings if it.health != "changing")
    assert told == Counter((line[0], line[1], line[3]) for line in cells(BROKEN))
    assert [it for it in document.findings if it.health == "changing"] == [
        it for it in document.findings if it.namespace == "auth"
    ]


def test_warnings_are_kubectls(typist: Typist) -> None:
    screen, counts = asked(typist, "-o", "json")
    document = read(screen)
    assert Counter({it.namespace: it.warnings or 0 for it in document.everywhere}) == counts
    of_events: Counter[str] = Counter()
    for it in document.events:
        of_events[it.namespace] += it.count
    assert of_events == counts
    assert [it.last_seconds for it in document.events] == sorted(it.last_seconds for it in document.events)


class Kubelets(msgspec.Struct):
    """A row of `kubectl get pods -o wide`."""

    namespace: str
    ready: str
    status: str
    node: str


def test_pods_are_kubectls_without_finished_ones_and_those_of_a_dead_node(typist: Typist, document: Document) -> None:
    columns = [
        re.split(" {2,}", line.replace("(", " ").strip())
        for line in typist.kubectl("get", "pods", "-A", "-o", "wide", "--no-headers").lines
    ]
    pods = [Kubelets(line[0], line[2], line[3], line[-3]) for line in columns]
    wanted, ready = Counter[str](), Counter[str]()
    for pod in pods:
        if pod.status not in ("Completed", "Error", "Evicted", "OOMKilled"):
            wanted[pod.namespace] += 1
            has, of = pod.ready.split("/")
            ready[pod.namespace] += has == of and pod.node != "w6"
    told = {it.namespace: (it.pods.ready, it.pods.wanted) for it in document.items if it.pods is not None}
    assert told == {it.namespace: (ready[it.namespace], wanted[it.namespace]) for it in document.items}


def test_json_of_named_namespaces_has_no_cluster(typist: Typist, document: Document) -> None:
    told = read(health(typist, "shop", "-o", "json", "--exclude", GAP))
    assert (told.cluster, told.complete, told.unread, told.health) == (None, True, [], "error")
    assert told.findings == [it for it in document.findings if it.namespace == "shop"]


def test_yaml_and_ndjson_say_what_json_says(typist: Typist) -> None:
    argv = ("shop,data", "--exclude", GAP, "-q")
    whole = json.loads(health(typist, *argv, "-o", "json").out)
    by_yaml = yaml.safe_load(health(typist, *argv, "-o", "yaml").out)
    for events in (whole["events"], by_yaml["events"]):
        for event in events:
            event.pop("lastSeconds")
    assert {**by_yaml, "takenAt": ""} == {**whole, "takenAt": ""}
    assert list(by_yaml) == list(whole)
    assert [json.loads(line) for line in health(typist, *argv, "-o", "ndjson").lines] == whole["items"]
    broken = [json.loads(line) for line in health(typist, *argv, "--broken", "-o", "ndjson").lines]
    assert broken == whole["findings"]


def test_csv_hides_nothing(typist: Typist) -> None:
    screen, counts = asked(typist, "-o", "csv")
    lines = rolled_up(SICK + WELL, counts)
    expected = [["" if cell == "-" else cell for cell in line] for line in lines]
    expected[0] = [header.lower() for header in expected[0]]
    assert list(csv.reader(spanless(screen.out).splitlines())) == expected


def test_csv_of_findings_has_every_column_and_times_by_the_clock(typist: Typist, document: Document) -> None:
    lines = list(csv.reader(health(typist, "--broken", "-o", "csv").lines))
    assert lines[0] == ["namespace", "health", "since", "reason", "count", "owner", "object", "message"]
    broken = [it for it in document.findings if it.health != "changing"]
    told = [
        [
            "" if it.namespace == CLUSTER else it.namespace,
            it.health,
            it.since.strftime("%Y-%m-%dT%H:%M:%SZ") if it.since is not None else "",
            it.reason,
            str(it.count),
        ]
        for it in broken
    ]
    assert [line[:5] for line in lines[1:]] == told


def test_markdown_is_a_document(typist: Typist, demo: ControlPlane) -> None:
    screen, counts = asked(typist, "-o", "markdown")
    lines = rolled_up(SICK, counts)
    rows = [f"| {' | '.join(line)} |" for line in lines]
    first, *rest = spanless(screen.out).splitlines()
    assert re.fullmatch(rf"demo \({demo.server}\), \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ, INCOMPLETE", first)
    unread = f"* unread: {GAP}: Unavailable"
    assert rest == ["", rows[0], "| --- | --- | --- | --- | --- | --- |", *rows[1:], "", unread]


def test_rows_without_headers(typist: Typist) -> None:
    headed = health(typist, "shop", "-q", "--exclude", GAP).lines
    bare = health(typist, "shop", "-q", "--exclude", GAP, "--no-headers").lines
    assert [line.split() for line in bare] == [line.split() for line in headed[1:]]


@pytest.mark.parametrize("strategy", ["sequential", "fanout", "bulk"])
def test_every_strategy_says_the_same(typist: Typist, strategy: str) -> None:
    for _ in range(TRIES):
        texts = [_lasting(health(typist, "-o", "json", "--strategy", how).out) for how in ("auto", strategy)]
        if texts[0] == texts[1]:
            break  # no warning came in between
    assert texts[0] == texts[1]


def _lasting(text: str) -> str:
    """A document without when it was taken."""
    return re.sub(r'"takenAt": .*|"lastSeconds": .*', "", spanless(text))


# --- exit codes ---------------------------------------------------------------

SICK_NAMES = "batch, data, kube-system, monitoring, pay, search, shop, shop-preview"
FAIL_ON = {
    "an error": (["--fail-on", "error"], 4, "--fail-on error matched 3 namespaces: pay, search, shop"),
    "a warning or worse": (
        ["--fail-on", "warning"],
        4,
        f"--fail-on warning matched the cluster and 8 namespaces: {SICK_NAMES}",
    ),
    "one of several": (
        ["--fail-on", "unknown,error"], 4, "--fail-on unknown,error matched 3 namespaces: pay, search, shop"
    ),
    "flags add up": (
        ["--fail-on", "unknown", "--fail-on", "error", "shop"],
        4,
        "--fail-on unknown,error matched 1 namespace: shop",
    ),
    "what is incomplete and not matched": (["--fail-on", "unknown"], 3, ""),
    "what is incomplete and may be": (["--fail-on", "unknown", "--allow-incomplete"], 0, ""),
    "a match of what may be incomplete": (
        ["--fail-on", "error", "--allow-incomplete"], 4, "--fail-on error matched 3 namespaces: pay, search, shop"
    ),
    "what is well": (["--fail-on", "warning", "status-page", "--exclude", GAP], 0, ""),
    "what is changing": (["--fail-on", "warning,unknown", "auth,labs", "--exclude", GAP], 0, ""),
}


@pytest.mark.parametrize("case", FAIL_ON)
def test_the_gate_tells_by_its_exit_code(typist: Typist, case: str) -> None:
    argv, code, matched = FAIL_ON[case]
    screen = health(typist, *argv)
    assert (screen.code, [line for line in screen.err.splitlines() if "--fail-on" in line]) == (
        code,
        [f"demo: {matched}"] if matched else [],
    )


def test_the_gate_is_heard_though_the_summary_is_not(typist: Typist) -> None:
    screen = health(typist, "--fail-on", "error", "-q", "--exclude", GAP)
    assert (screen.code, screen.err) == (4, "demo: --fail-on error matched 3 namespaces: pay, search, shop\n")


WRONG = {
    ("--fail-on", "erorr"): '--fail-on "erorr" is no health, did you mean "error"?\nhint: warning, error, unknown',
    ("--fail-on", "ok"): '--fail-on "ok" is no health\nhint: warning, error, unknown',
    ("--fail-on", ","): "--fail-on names no health\nhint: warning, error, unknown",
    ("--explain", "--broken"): (
        "--explain and --broken exclude each other: one is for people, the other for grep"
    ),
    ("--plan", "--fail-on", "error"): "--plan and --fail-on exclude each other: what is only foreseen is not judged",
    ("--broken", "--show-ok"): "--broken and --show-ok exclude each other: what is well has no findings",
    ("--explain", "-o", "csv"): (
        "--explain is for people and has no format csv\nhint: -o json holds every finding too"
    ),
    ("-A", "-n", "shop"): "-A and -n exclude each other",
    ("-A", "shop"): "-A and a namespace's name exclude each other",
    ("",): "health names no namespace\nhint: leave it out for the whole cluster",
    ("-n", ""): "-n names no namespace\nhint: leave it out for the whole cluster",
    ("shpo",): 'namespace "shpo" not found in demo, did you mean "shop"?',
    ("storefront",): 'namespace "storefront" not found in demo\nhint: "kubectl get namespaces" lists them',
    ("shop/web",): '"shop/web" cannot be a namespace: lower-case letters, digits and "-", at most 63',
    ("-o", "name"): 'unknown output format "name"\nhint: csv, custom-columns=, custom-columns-file=, json, jsonpath=, '
    "jsonpath-as-json=, jsonpath-file=, markdown, ndjson, table, wide, yaml",
    ("--since", "0"): (
        "invalid value for '--since': nothing happens in no time: name a longer one\n"
        'hint: "kubectl inventory health --help"'
    ),
    ("--since", "24"): (
        "invalid value for '--since': \"24\" of what? 24s, 24m, 24h or 24d\n"
        'hint: "kubectl inventory health --help"'
    ),
    ("-l", "app=web"): 'unknown flag: -l; it is a flag of "kubectl inventory", "kubectl inventory get", '
    '"kubectl inventory kinds" and "kubectl inventory bench"\nhint: "kubectl inventory health --help"',
}


@pytest.mark.parametrize("argv", WRONG, ids=" ".join)
def test_what_is_typed_wrong_is_said_and_nothing_is_printed(typist: Typist, argv: tuple[str, ...]) -> None:
    assert health(typist, *argv) == Screen(2, "", f"error: {WRONG[argv]}\n")


# --- who may see less ---------------------------------------------------------


@pytest.fixture
def looker(demo: ControlPlane, home: Path) -> Typist:
    """May see what is in namespaces: no Secrets, no nodes, no custom kinds."""
    return Typist(home, demo.kubeconfigs["viewer"])


@pytest.fixture
def insider(demo: ControlPlane, home: Path) -> Typist:
    """May see the namespace `shop` alone."""
    return Typist(home, demo.kubeconfigs["one-namespace"])


@pytest.fixture
def outsider(demo: ControlPlane, home: Path) -> Typist:
    """May see nothing."""
    return Typist(home, demo.kubeconfigs["nobody"])


def test_a_viewer_is_told_the_truth_of_what_there_is_to_see(looker: Typist, typist: Typist) -> None:
    screen = health(looker)
    # Without nodes nobody knows whose pods are gone; without custom kinds pay has two findings less.
    other = {
        CLUSTER: Row(CLUSTER, "unknown", "-", "-", "-", "nodes could not be read"),
        "pay": Row("pay", "error", "11/14", "3/5", "2/3", "deployment/ledger ImagePullBackOff, +4"),
        "kube-system": Row("kube-system", "warning", "23/23", "3/6", "0/0", "daemonset/cilium 5/6 ready, +2"),
        "monitoring": Row("monitoring", "warning", "22/22", "6/8", "0/0", "daemonset/node-exporter 5/6 ready, +1"),
    }
    rows = [other.get(row.namespace, row) for row in SICK]
    told = [[*line[:4], line[5]] for line in cells(screen.out)[1:]]
    assert told == [[row.namespace, row.health, row.pods, row.workloads, row.reason] for row in rows]
    summary, numbers, *lines = screen.err.splitlines()
    assert timeless(summary) == (
        f"demo: INCOMPLETE: error; namespaces: {TALLY} (not shown); "
        "17 of 27 kinds read, 1 API group unavailable; 0.0s"
    )
    assert re.fullmatch(r"  nodes \?, API groups 21/22, \d+ warnings in 1h", numbers)
    assert "\n".join(lines) == (
        "  10 kinds   Forbidden     nodes, storageclasses.storage.k8s.io, persistentvolumes and 7 more\n"
        f"  1 group {UNKNOWN_GROUP}{GREP}".rstrip("\n")
    )
    assert screen.code == 3


def test_what_cannot_be_read_matches_a_gate_for_the_unknown(looker: Typist) -> None:
    screen = health(looker, "--fail-on", "unknown", "-q")
    assert (screen.code, screen.err.splitlines()[-1]) == (4, "demo: --fail-on unknown matched the cluster")


def test_nodes_that_a_viewer_may_not_see_are_explained(looker: Typist) -> None:
    first, second, *_ = health(looker, "--explain").lines
    assert re.fullmatch(r"-: unknown; nodes \?, \d+ warnings in 1h", first)
    assert second == "unknown   nodes could not be read"


def test_whoever_sees_one_namespace_is_told_all_of_it(insider: Typist, typist: Typist) -> None:
    customs = f"{GAP},*.acme.example,*.cert-manager.io"
    screen, counts = asked(typist, "-n", "shop", "--exclude", customs, of=insider)
    assert screen.out == health(typist, "-n", "shop", "-q", "--exclude", customs).out
    numbers = f"  nodes ?, {warned(counts['shop'])} in 1h"
    assert timeless(screen.err) == f"demo: error; namespaces: 1 error; 0.0s\n{numbers}\n"
    assert screen.code == 0
    document = read(health(insider, "-n", "shop", "--exclude", customs, "-o", "json"))
    assert (document.complete, document.unread) == (True, [])


def test_whoever_sees_one_namespace_and_names_none_is_told_to(insider: Typist) -> None:
    screen = health(insider)
    assert screen.lines == [
        "NAMESPACE   HEALTH    PODS   WORKLOADS   WARNINGS   REASON",
        "-           unknown   -      -           ?          nodes could not be read",
        "default     unknown   ?      ?           ?          pods could not be read",
    ]
    summary, numbers, *_ = screen.err.splitlines()
    assert timeless(summary) == (
        "demo: INCOMPLETE: unknown; namespaces: 1 unknown "
        "(default, the context's own; namespaces are Forbidden, name others with -n); "
        "0 of 27 kinds read, 1 API group unavailable; 0.0s"
    )
    assert (numbers, screen.code) == ("  nodes ?, API groups 21/22, ? warnings in 1h", 3)


def test_a_namespace_that_may_not_be_seen_is_unknown_beside_one_that_may(insider: Typist) -> None:
    screen = health(insider, "-n", "shop,pay")
    assert [line.split()[:4] for line in screen.lines[1:]] == [
        ["shop", "error", "21/23", "6/7"],
        ["pay", "unknown", "?", "?"],
    ]
    assert screen.code == 3


def test_of_nothing_that_may_be_seen_nothing_is_said_to_be_well(outsider: Typist) -> None:
    screen = health(outsider, "-n", "shop", "--explain")
    assert screen.lines == [
        "shop: unknown; pods ?, workloads ?, pvcs ?, ? warnings in 1h",
        "unknown   pods could not be read",
    ]
    assert screen.err.startswith(
        'warning: cannot check that namespace "shop" exists\ndemo: INCOMPLETE: unknown; 0 findings; '
    )
    assert screen.code == 3


# --- what the policy withholds, or the user leaves out --------------------------


def withholding(typist: Typist, rules: str, *argv: str) -> Screen:
    """Types `health` under a policy of these rules."""
    policy = typist.home / "withholding.yaml"
    policy.write_text(f"apiVersion: inventory/v1\nkind: BoundaryPolicy\n{rules}\n")
    return typist.inventory("health", "--policy", str(policy), "--exclude", GAP, *argv)


@pytest.mark.parametrize("how", ["policy", "flag"])
def test_what_nobody_asked_for_is_no_gap(typist: Typist, how: str) -> None:
    if how == "policy":
        screen = withholding(typist, "resources: {deny: [pods, events]}", "shop")
        clause = "; 3 kinds withheld by policy (pods, events.events.k8s.io, events)"
    else:
        screen = withholding(typist, "", "shop", "--exclude", "pods,events")
        clause = ""
    assert cells(screen.out)[1][:5] == ["shop", "error", "-", "6/7", "-"]
    assert timeless(screen.err) == f"demo: error; namespaces: 1 error{clause}; 0.0s\n"
    assert screen.code == 0


def test_nodes_that_are_withheld_are_no_numbers(typist: Typist) -> None:
    screen = withholding(typist, "resources: {deny: [nodes]}", "--explain")
    assert re.fullmatch(r"-: warning; \d+ warnings? in 1h", screen.lines[0])
    assert screen.code == 0


def test_a_namespace_that_is_withheld_is_not_judged(typist: Typist) -> None:
    screen = withholding(typist, 'namespaces: {deny: [shop, "kube-*"]}')
    names = {line.split()[0] for line in screen.lines[1:]}
    assert names == {row.namespace for row in SICK} - {"shop", "kube-system"}
    assert "; 4 namespaces withheld by policy (kube-node-lease, kube-public, kube-system and 1 more); " in screen.err
    assert screen.code == 0


def test_what_the_policy_ignores_is_no_finding(typist: Typist) -> None:
    rules = "health: {ignore: [{kinds: [nodes, daemonsets.apps]}, {names: [legacydatabases.*, v1.stock.*, signed-*]}]}"
    document = read(withholding(typist, rules, "-o", "json"))
    verdicts = {it.namespace: (it.health, it.reason) for it in document.everywhere}
    assert verdicts[CLUSTER] == ("ok", "")
    assert verdicts["kube-system"] == ("ok", "")
    assert verdicts["monitoring"] == ("warning", "pod/debug-toolbox on node/w6, which is not ready")

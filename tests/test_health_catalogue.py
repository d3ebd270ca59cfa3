"""What `kubectl inventory health` says of every case of the sick cluster: one table, held against one answer.

Each case is a namespace with one thing that is wrong, or with a neighbour that only looks like it.
What is created there stands in `tests/controlplane/sick.py`.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import msgspec
import pytest

from kubectl_inventory.health import HEALTHS, Health
from tests.conftest import Typist
from tests.controlplane.cluster import ControlPlane, start_control_plane
from tests.controlplane.credentials import ADMIN
from tests.controlplane.populate import populate_sick
from tests.controlplane.sick import SYSTEM, cases
from tests.oracle import listed_kinds

IMPATIENT = "{apiVersion: inventory/v1, kind: BoundaryPolicy, health: {graceSeconds: 1}}\n"
"""A policy under which nothing may take its time."""

CLUSTER = "-"

# Where, how bad, which object, why; and how bad by default, where five minutes of grace make a difference.
CATALOGUE = """
-                           warning       Node/w3                                           NotReady
-                           warning       Node/w4                                           NotReady
-                           warning       Node/w5                                           MemoryPressure
-                           warning       Node/w7                                           NotReady           changing
-                           changing      Node/w6                                           Cordoned
-                           error         PersistentVolume/failed                           Failed
-                           warning       PersistentVolume/released-to-delete               Released           changing
-                           warning       CustomResourceDefinition/oldbuckets.acme.example  NotEstablished
-                           warning       APIService/v1.stock.acme.example                  ServiceNotFound

kube-system                 error         Lease/kube-scheduler          NotRenewed

crash-loop                  error         Deployment/web                CrashLoopBackOff
crash-loop-by-oom           error         Deployment/web                CrashLoopBackOff
init-crash-loop             error         Deployment/web                Init:CrashLoopBackOff
between-restarts            error         Deployment/web                Error
image-pull-back-off         error         Deployment/web                ImagePullBackOff
image-pull-error            error         Deployment/web                ErrImagePull
image-name-invalid          error         Deployment/web                InvalidImageName
config-error                error         Deployment/web                CreateContainerConfigError
containers-creating         error         Deployment/web                ContainerCreating         changing
none-of-two-ready           error         Deployment/web                NotReady                  changing
one-of-three-unready        warning       Deployment/web                NotReady                  changing
gate-not-open               error         Deployment/web                NotReady                  changing
unschedulable               error         Deployment/web                Unschedulable             changing
volume-pending              error         StatefulSet/db                VolumePending             changing
volume-pending              warning       PersistentVolumeClaim/data-db-0   Pending               changing
restarted-lately            warning       Deployment/web                Restarts
restarted-long-ago          ok
status-unheard-of           unknown       Deployment/web                Frobnicated
pods-well                   ok

daemons-on-failed-node      warning       DaemonSet/agent               NodeNotReady
daemons-well                ok
daemon-unready              warning       DaemonSet/agent               NotReady                  changing
bare-pod-on-failed-node     warning       Pod/tool                      NodeNotReady
terminating-bare-pod        warning       Pod/tool                      Terminating               changing
terminating-replaced-pod    warning       Deployment/web                Terminating               changing
evicted-bare-pod            warning       Pod/tool                      Evicted
evicted-and-replaced        ok
failed-bare-pod             warning       Pod/tool                      Error
completed-bare-pod          ok
scheduling-gated            changing      Pod/tool                      SchedulingGated

one-at-0                    scaled-down
all-at-0                    scaled-down
one-of-two-at-0             ok
one-of-two-sick             error         Deployment/web                CrashLoopBackOff
pods-not-created            error         Deployment/web                FailedCreate
replicaset-short            error         ReplicaSet/web                NotReady                  changing
replicaset-well             ok
replicaset-instead          ok
statefulset-short           warning       StatefulSet/db                NotReady                  changing
release-crashes             error         Deployment/web                CrashLoopBackOff
release-given-up            error         Deployment/web                ProgressDeadlineExceeded
release-under-way           changing      Deployment/web                Updating
release-paused              changing      Deployment/web                Paused

job-failed                  warning       Job/etl                       Failed
job-out-of-memory           warning       Job/etl                       Failed
job-complete                ok
job-running                 ok
job-suspended               ok
schedule-fails              warning       Job/etl-2                     Failed
schedule-recovered          ok
schedule-suspended          ok

claim-pending               warning       PersistentVolumeClaim/data    Pending                   changing
claim-on-demand             ok
claim-lost                  error         PersistentVolumeClaim/data    Lost
claim-bound                 ok

autoscaler-at-maximum       warning       HorizontalPodAutoscaler/web   AtMaximum
autoscaler-on-target        ok
autoscaler-of-one-size      ok
autoscaler-blind            warning       HorizontalPodAutoscaler/web   NoMetrics                 changing
autoscaler-of-nothing       warning       HorizontalPodAutoscaler/web   NoTarget                  changing
autoscaler-at-0             scaled-down
budget-allows-nothing       warning       PodDisruptionBudget/web       AllowsNothing             changing
budget-allows-one           ok
budget-at-0                 scaled-down
service-of-nothing          warning       Service/web                   NoEndpoints               changing
service-without-address     warning       Service/web                   NoAddress                 changing
service-of-sick             error         Deployment/web                CrashLoopBackOff
service-of-hosted           ok
service-at-0                scaled-down
service-well                ok
service-without-selector    ok
service-elsewhere           ok
ingress-without-address     warning       Ingress/www                   NoAddress                 changing
ingress-with-address        ok
quota-nearly-used           warning       ResourceQuota/limits          QuotaNearlyUsed
quota-at-90-percent         ok
quota-of-0                  ok
namespace-terminating       warning       Namespace/namespace-terminating   Terminating           changing
namespace-empty             ok

custom-not-ready            warning       Bucket/one                    NotReady                  changing
custom-ready                ok
custom-ready-unknown        unknown       Bucket/one                    ReadyUnknown              changing
custom-not-synced           warning       Bucket/one                    NotSynced                 changing
custom-without-status       ok
custom-degraded             warning       Operator/one                  Degraded
custom-not-degraded         ok
custom-without-pressure     ok
custom-phase-failed         error         Pipeline/one                  Failed
custom-phase-running        ok
custom-phase-unheard-of     unknown       Pipeline/one                  Frobnicating
custom-1-of-3-ready         warning       Ring/one                      NotReady                  changing
custom-3-of-3-ready         ok
custom-not-true             warning       Gate/one                      NotReady                  changing
custom-true                 ok
custom-pending              changing      Pipeline/one                  Pending
custom-sync-failed          error         Pipeline/one                  SyncFailed
custom-red-and-ready        error         Shard/one                     red                       changing
custom-green-and-ready      ok
custom-two-states           unknown       Shard/one                     purple
custom-at-rest              ok
custom-at-rest-and-faulted  error         Disk/one                      faulted
custom-run-failed           warning       Run/one                       NotSucceeded
custom-run-failed-long-ago  ok
custom-run-under-way        changing      Run/one                       Running
custom-none-of-3-available  warning       Fleet/one                     NotAvailable              changing
custom-at-0                 ok
custom-job-failed           error         Fleet/one                     FAILED
"""


# What kubectl shows of the cases whose word is not the pods' own: kind, namespace, a row from its first column on.
PROMISES = [
    ("pods", "between-restarts", r"web-\S+ +0/1 +Error +1 "),
    ("pods", "gate-not-open", r"web-\S+ +1/1 +Running +0 "),
    ("pods", "status-unheard-of", r"web-\S+ +1/1 +Frobnicated +0 "),
    ("pods", "init-crash-loop", r"web-\S+ +0/1 +Init:CrashLoopBackOff +7 \("),
    ("pods", "restarted-lately", r"web-\S+ +1/1 +Running +4 \(\d+m\d*s? ago\) "),
    ("pods", "unschedulable", r"web-\S+ +0/1 +Pending +0 "),
    ("pods", "volume-pending", r"db-0 +0/1 +Pending +0 "),
    ("pods", "bare-pod-on-failed-node", r"tool +1/1 +Running +0 "),
    ("pods", "scheduling-gated", r"tool +0/1 +SchedulingGated +0 "),
    ("pods", "terminating-replaced-pod", r"web-\S+ +1/1 +Terminating +0 "),
    ("pods", "evicted-and-replaced", r"web-\S+ +0/1 +Evicted +0 "),
    ("daemonsets", "daemons-on-failed-node", r"agent +2 +2 +1 "),
    ("daemonsets", "daemon-unready", r"agent +2 +2 +1 "),
    ("statefulsets", "statefulset-short", r"db +1/2 "),
    ("replicasets", "replicaset-instead", r"web-5d4f6c7b9 +2 +2 +2 "),
    ("deployments", "one-of-three-unready", r"web +2/3 +3 +2 "),
    ("deployments", "pods-not-created", r"web +0/2 +0 +0 "),
    ("deployments", "release-crashes", r"web +2/2 +1 +2 "),
    ("deployments", "release-given-up", r"web +2/2 +1 +2 "),
    ("deployments", "release-under-way", r"web +2/2 +1 +1 "),
    ("jobs", "schedule-fails", r"etl-2 +Failed +0/1 "),
    ("jobs", "schedule-recovered", r"etl-2 +Complete +1/1 "),
    ("jobs", "job-suspended", r"etl +Suspended +0/1 "),
    ("persistentvolumeclaims", "claim-lost", r"data +Lost +gone "),
    ("horizontalpodautoscalers", "autoscaler-at-maximum", r"web +Deployment/web +cpu: 91%/70% +1 +2 +2 "),
    ("horizontalpodautoscalers", "autoscaler-blind", r"web +Deployment/web +cpu: <unknown>/70% +1 +3 +2 "),
    ("horizontalpodautoscalers", "autoscaler-of-nothing", r"web +Deployment/web +cpu: <unknown>/70% +1 +3 +0 "),
    ("poddisruptionbudgets", "budget-allows-nothing", r"web +2 +N/A +0 "),
    ("endpointslices", "service-of-nothing", r"web-\S+ +IPv4 +<unset> +<unset> "),
    ("resourcequotas", "quota-nearly-used", r"limits +requests\.storage: 90Gi/96Gi "),
    ("nodes", CLUSTER, r"w3 +NotReady +"),
    ("nodes", CLUSTER, r"w6 +Ready,SchedulingDisabled +"),
    ("persistentvolumes", CLUSTER, r"failed +90Gi +RWO +Delete +Failed "),
    ("persistentvolumes", CLUSTER, r"released-to-delete +90Gi +RWO +Delete +Released "),
    ("apiservices", CLUSTER, r"v1\.stock\.acme\.example +default/nowhere +False \(ServiceNotFound\) "),
    ("namespaces", CLUSTER, r"namespace-terminating +Terminating "),
]


class Row(NamedTuple):
    """One line of the catalogue; object and reason are empty where nothing is to be found."""

    place: str
    health: Health
    found: str
    reason: str
    by_default: Health


Told: TypeAlias = tuple[str, Health, str]
"""An object, how bad it is, and why."""


def _read(line: str) -> Row:
    place, health, *rest = line.split()
    found, reason, by_default = [*rest, "", "", ""][:3]
    return msgspec.convert((place, health, found, reason, by_default or health), Row)


ROWS = [_read(line) for line in CATALOGUE.splitlines() if line]
OF_CLUSTER = [row for row in ROWS if row.place == CLUSTER]
NAMESPACES = list(dict.fromkeys(row.place for row in ROWS if row.place != CLUSTER))


class Found(msgspec.Struct, rename="camel"):
    """An object that a finding is about."""

    api_version: str
    kind: str
    name: str


class Finding(msgspec.Struct):
    """One finding, as printed."""

    object: Found
    health: Health
    reason: str
    count: int
    namespace: str = CLUSTER
    message: str = ""


class Item(msgspec.Struct):
    """A namespace; or, without a name, what is in none."""

    health: Health
    namespace: str = CLUSTER
    reason: str = ""


class Answer(msgspec.Struct):
    """As much of `-o json` as the contract says."""

    kind: str
    complete: bool
    items: list[Item]
    cluster: Item
    findings: list[Finding]

    def item(self, namespace: str) -> Item:
        """The one that is said to be of a namespace."""
        (item,) = [it for it in self.items if it.namespace == namespace]
        return item

    def told(self, place: str) -> list[Told]:
        """What is found in a namespace, or in none."""
        here = [it for it in self.findings if it.namespace == place]
        return sorted((f"{it.object.kind}/{it.object.name}", it.health, it.reason) for it in here)


@pytest.fixture(scope="module")
def sick() -> Iterator[ControlPlane]:
    """A control plane of its own: the sick cluster holds still for less than the default's grace."""
    with start_control_plane(context_name="sick") as plane:
        populate_sick(plane)
        yield plane


@pytest.fixture(scope="module")
def typist(sick: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    """The administrator of the sick cluster."""
    return Typist(tmp_path_factory.mktemp("home"), sick.kubeconfigs[ADMIN])


@pytest.fixture(scope="module")
def by_default(typist: Typist) -> Answer:
    """What is said while everything is young, and may still become well."""
    return ask(typist)


@pytest.fixture(scope="module")
def impatient(by_default: Answer, typist: Typist, tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """What is said when a second is enough; asked after the other, whose five minutes run."""
    policy = tmp_path_factory.mktemp("policy") / "impatient.yaml"
    policy.write_text(IMPATIENT)
    return ask(typist, "--policy", str(policy))


def ask(typist: Typist, *options: str) -> Answer:
    """Types the command, and reads what it prints."""
    screen = typist.inventory("health", "-o", "json", *options)
    try:
        return msgspec.json.decode(screen.out, type=Answer)
    except msgspec.DecodeError as error:
        raise AssertionError(f"{error}\nexit {screen.code}\n{screen.err}{screen.out}") from error


def worst(healths: list[Health]) -> Health:
    """The one that decides."""
    return min(healths, key=HEALTHS.index)


def rows_of(namespace: str) -> list[Row]:
    """What the catalogue says of a namespace."""
    return [row for row in ROWS if row.place == namespace]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_namespace_is_as_the_catalogue_says(impatient: Answer, namespace: str) -> None:
    rows = rows_of(namespace)
    assert impatient.told(namespace) == sorted((row.found, row.health, row.reason) for row in rows if row.found)
    assert impatient.item(namespace).health == worst([row.health for row in rows])


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_a_namespace_has_time_to_become_well_by_default(by_default: Answer, namespace: str) -> None:
    rows = rows_of(namespace)
    # What is changing may be said to be so in another word.
    lasting = [(row.found, row.by_default, row.reason) for row in rows if row.found and row.by_default != "changing"]
    assert [it for it in by_default.told(namespace) if it[1] != "changing"] == sorted(lasting)
    assert by_default.item(namespace).health == worst([row.by_default for row in rows])


def test_the_verdict_is_the_same_in_every_format(by_default: Answer, typist: Typist) -> None:
    # A table asks less than a document does.
    table = csv.DictReader(io.StringIO(typist.inventory("health", "-o", "csv").out))
    assert {row["namespace"] or CLUSTER: row["health"] for row in table} == {
        it.namespace: it.health for it in (by_default.cluster, *by_default.items)
    }


@pytest.mark.parametrize("row", OF_CLUSTER, ids=[row.found for row in OF_CLUSTER])
def test_what_is_in_no_namespace_is_as_the_catalogue_says(impatient: Answer, by_default: Answer, row: Row) -> None:
    for answer, health in ((impatient, row.health), (by_default, row.by_default)):
        assert [it for it in answer.told(CLUSTER) if it[0] == row.found] == [(row.found, health, row.reason)]


def test_the_cluster_is_as_sick_as_its_worst(impatient: Answer) -> None:
    assert impatient.cluster.health == worst([row.health for row in OF_CLUSTER])


@pytest.mark.parametrize(("kind", "namespace", "row"), PROMISES)
def test_the_sick_cluster_keeps_its_promise(typist: Typist, kind: str, namespace: str, row: str) -> None:
    where = () if namespace == CLUSTER else (f"--namespace={namespace}",)
    shown = typist.kubectl("get", kind, *where, "--no-headers").out
    assert re.search(f"^{row}", shown, re.MULTILINE), shown


def test_the_catalogue_is_of_every_case() -> None:
    assert sorted(NAMESPACES) == sorted([*cases(), SYSTEM])


def test_nothing_else_has_findings(impatient: Answer) -> None:
    assert [it[0] for it in impatient.told(CLUSTER)] == sorted(row.found for row in OF_CLUSTER)
    others = {it.namespace: it.health for it in impatient.items if it.namespace not in NAMESPACES}
    assert others == dict.fromkeys(("default", "kube-node-lease", "kube-public"), "ok")
    assert {it.namespace for it in impatient.findings} <= {CLUSTER, *NAMESPACES}


def test_counts_add_up(impatient: Answer, typist: Typist) -> None:
    shown = typist.kubectl("get", "namespaces", "--output=name").out.replace("namespace/", "").split()
    assert Counter(it.namespace for it in impatient.items) == Counter(shown)
    assert len(impatient.findings) == len([row for row in ROWS if row.found])
    # Nobody can say what a group without a server holds.
    assert (impatient.kind, impatient.complete) == ("Health", False)


def test_objects_of_findings_are_named_as_the_server_names_them(impatient: Answer, typist: Typist) -> None:
    versions = {kind.kind: kind.api_version for kind in listed_kinds(typist)}
    for finding in impatient.findings:
        assert finding.object.api_version == versions[finding.object.kind]


@pytest.mark.parametrize(
    ("namespace", "count"),
    [
        ("none-of-two-ready", 2),
        ("one-of-three-unready", 1),
        ("replicaset-short", 2),
        ("daemons-on-failed-node", 1),
        ("crash-loop", 1),
        ("terminating-replaced-pod", 1),
    ],
)
def test_pods_alike_are_one_finding_that_counts_them(impatient: Answer, namespace: str, count: int) -> None:
    assert [it.count for it in impatient.findings if it.namespace == namespace] == [count]


@pytest.mark.parametrize("namespace", ["none-of-two-ready", "pods-not-created"])
def test_a_namespace_whose_pods_are_wanted_and_missing_is_down(impatient: Answer, namespace: str) -> None:
    assert impatient.item(namespace).reason.startswith("down")


def test_a_run_out_of_memory_says_so(impatient: Answer) -> None:
    (finding,) = [it for it in impatient.findings if it.namespace == "job-out-of-memory"]
    assert "OOMKilled" in finding.message

"""What is asked, what is left out and why, and which way a kind is listed."""

from __future__ import annotations

import pytest

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.errors import PolicyError, Unavailable, UsageError
from kubectl_inventory.reading.discovery import Catalog, DiscoveryGap
from kubectl_inventory.reading.plan import (
    Plan,
    left_out,
    make_plan,
    refuse_denied_types,
    resolve_types,
)
from kubectl_inventory.reading.reach import Reach
from kubectl_inventory.request import Request, Scope
from kubectl_inventory.resource import Kind
from tests.fake_api import DEPLOYMENTS, NODES, PODS, SECRETS, a_kind, a_policy

EVENTS = a_kind("events", short_names=("ev",))
NEW_EVENTS = a_kind("events", "events.k8s.io", short_names=("ev",))
STATUSES = a_kind("componentstatuses", namespaced=False, short_names=("cs",))
POD_METRICS = a_kind("pods", "metrics.k8s.io", kind="PodMetrics", singular="pod", version="v1beta1")
HPAS = a_kind(
    "horizontalpodautoscalers",
    "autoscaling",
    version="v2",
    kind="HorizontalPodAutoscaler",
    singular="horizontalpodautoscaler",
    short_names=("hpa",),
    other_versions=("v1",),
    categories=("all",),
)
CERTIFICATES = a_kind("certificates", "cert-manager.io", short_names=("cert", "no"))
KINDS = (PODS, SECRETS, NODES, EVENTS, STATUSES, DEPLOYMENTS, HPAS, NEW_EVENTS, POD_METRICS, CERTIFICATES)
CATALOG = Catalog(KINDS, ())


def plan(*, policy: Policy | None = None, reach: Reach | None = None, gaps: tuple[DiscoveryGap, ...] = (),
         types: tuple[str, ...] = (), exclude: tuple[str, ...] = (), scope: Scope = "all") -> Plan:  # fmt: skip
    request = Request(types=types, exclude=exclude, scope=scope)
    return make_plan(request, Catalog(KINDS, gaps), policy or Policy(), reach or Reach())


def statuses(made: Plan) -> dict[str, str]:
    return {treatment.kind.name: treatment.status for treatment in made.treatments}


# --- types ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("pods", ["pods"]),
        ("pod", ["pods"]),
        ("po", ["pods"]),
        ("Pod", ["pods"]),
        ("PODS", ["pods"]),
        ("PO", ["pods"]),
        ("deploy", ["deployments.apps"]),
        ("deployments.apps", ["deployments.apps"]),
        ("deployment.apps", ["deployments.apps"]),
        ("Deployment.apps", ["deployments.apps"]),
        ("deployments.v1.apps", ["deployments.apps"]),
        ("Deployment.v1.apps", ["deployments.apps"]),
        ("pods.v1.", ["pods"]),
        ("pods.metrics.k8s.io", ["pods.metrics.k8s.io"]),
        ("PodMetrics", ["pods.metrics.k8s.io"]),
        ("certificates.cert-manager", ["certificates.cert-manager.io"]),
        ("horizontalpodautoscalers.autoscaling", ["horizontalpodautoscalers.autoscaling"]),
        ("events", ["events"]),
        ("events.events.k8s.io", ["events.events.k8s.io"]),
        ("events.v1.events.k8s.io", ["events.events.k8s.io"]),
        ("no", ["nodes"]),
        ("all", ["pods", "deployments.apps", "horizontalpodautoscalers.autoscaling"]),
        ("ALL", ["pods", "deployments.apps", "horizontalpodautoscalers.autoscaling"]),
    ],
)
def test_a_type_is_read_as_kubectl_reads_it(typed: str, names: list[str]) -> None:
    assert [kind.name for kind in resolve_types([typed], CATALOG, None)] == names


def test_a_version_that_is_named_is_asked() -> None:
    found = resolve_types(["hpa.v1.autoscaling"], CATALOG, None)
    assert [(kind.resource, kind.version) for kind in found] == [("horizontalpodautoscalers", "v1")]


def test_types_keep_the_order_typed_and_come_once() -> None:
    found = resolve_types(["deploy", "pods", "all", "po"], CATALOG, None)
    assert [kind.resource for kind in found] == ["deployments", "pods", "horizontalpodautoscalers"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("deploymnets", 'resource type "deploymnets", did you mean "deployments"?'),
        ("deployments.v2.apps", 'resource type "deployments.v2.apps"'),
        ("pods.apps", 'resource type "pods.apps"'),
        ("xyzzy", 'resource type "xyzzy"'),
        ("", 'resource type ""'),
        ("pods/log", 'resource type "pods/log"'),
    ],
)
def test_a_type_that_is_not_there_is_an_error(typed: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        resolve_types([typed], CATALOG, None)
    assert message in raised.value.message
    assert (raised.value.hint is None) == ("did you mean" in raised.value.message)


# --- treatments -------------------------------------------------------------


def test_every_discovered_kind_has_one_treatment_in_api_order() -> None:
    made = plan()
    assert [t.kind.name for t in made.treatments] == [
        "componentstatuses", "events", "nodes", "pods", "secrets", "deployments.apps",
        "horizontalpodautoscalers.autoscaling", "certificates.cert-manager.io",
        "events.events.k8s.io", "pods.metrics.k8s.io",
    ]  # fmt: skip
    assert statuses(made)["componentstatuses"] == "LeftOut"
    assert statuses(made)["pods.metrics.k8s.io"] == "LeftOut"
    assert statuses(made)["events.events.k8s.io"] == "Alias"
    assert len(made.kinds("Asked")) == 7


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        (("events",), {"events": "Asked"}),
        (("events.events.k8s.io",), {"events.events.k8s.io": "Asked"}),
        (("events", "events.events.k8s.io"), {"events": "Asked", "events.events.k8s.io": "Alias"}),
        (("cs", "podmetrics"), {"componentstatuses": "Asked", "pods.metrics.k8s.io": "Asked"}),
    ],
)
def test_what_is_named_is_asked_but_never_twice(typed: tuple[str, ...], status: dict[str, str]) -> None:
    assert statuses(plan(types=typed)) == status


def test_excluded_kinds_are_not_asked() -> None:
    made = statuses(plan(exclude=("secrets", "deploy", "events")))
    assert [name for name, status in made.items() if status == "Excluded"] == ["events", "secrets", "deployments.apps"]
    assert made["events.events.k8s.io"] == "Alias"


def test_an_excluded_kind_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(UsageError, match="secretes"):
        plan(exclude=("secretes",))


def test_a_group_that_cannot_say_what_it_serves_is_excluded_by_its_name() -> None:
    catalog = Catalog((PODS,), (DiscoveryGap("stock.acme.example", "v1"),))
    plan = make_plan(Request(exclude=("*.stock.acme.example",)), catalog, Policy(), Reach())
    assert not plan.gaps
    assert [kind.name for kind in plan.kinds("Asked")] == ["pods"]


def test_one_kind_of_a_group_that_cannot_say_what_it_serves_leaves_the_gap() -> None:
    catalog = Catalog((PODS,), (DiscoveryGap("stock.acme.example", "v1"),))
    plan = make_plan(Request(exclude=("things.stock.acme.example",)), catalog, Policy(), Reach())
    assert [gap.group for gap in plan.gaps] == ["stock.acme.example"]


def test_a_group_that_is_denied_whole_is_withheld_and_no_gap() -> None:
    catalog = Catalog((PODS,), (DiscoveryGap("stock.acme.example", "v1"),))
    plan = make_plan(Request(), catalog, a_policy('resources: {deny: ["*.acme.example"]}'), Reach())
    assert not plan.gaps
    assert [kind.name for kind in plan.kinds("Withheld")] == ["*.stock.acme.example"]


def test_a_kind_may_be_excluded_from_a_category() -> None:
    assert statuses(plan(types=("all",), exclude=("hpa",))) == {
        "pods": "Asked",
        "deployments.apps": "Asked",
        "horizontalpodautoscalers.autoscaling": "Excluded",
    }


@pytest.mark.parametrize(
    ("scope", "out"),
    [("all", set[str]()), ("namespaced", {"nodes", "componentstatuses"}), ("cluster", {"pods", "secrets", "events"})],
)
def test_scope_leaves_out_the_other_kinds(scope: Scope, out: set[str]) -> None:
    made = statuses(plan(scope=scope))
    core = {"nodes", "componentstatuses", "pods", "secrets", "events"}
    assert {name for name in core if made[name] == "OutOfScope"} == out


def test_named_namespaces_leave_out_what_has_none() -> None:
    made = plan(reach=Reach(names=("shop",), cluster_scoped=False, named=True))
    treatment = next(t for t in made.treatments if t.kind == NODES)
    assert (treatment.status, treatment.why) == ("OutOfScope", "cluster-scoped")


def test_a_denied_kind_in_scope_is_withheld_with_its_rule() -> None:
    made = plan(policy=a_policy('resources: {deny: ["secrets", "*.apps"]}'))
    withheld = {t.kind.name: t.why for t in made.treatments if t.status == "Withheld"}
    assert withheld == {
        "secrets": 'resources.deny "secrets" (p.yaml:3)',
        "deployments.apps": 'resources.deny "*.apps" (p.yaml:3)',
    }


def test_a_denied_kind_that_is_named_is_refused() -> None:
    with pytest.raises(PolicyError, match=r'secrets are denied by the policy: resources.deny "secrets" \(p.yaml:3\)'):
        plan(types=("pods", "secret"), policy=a_policy('resources: {deny: ["secrets"]}'))


def test_a_type_that_is_denied_by_the_word_typed_is_refused_before_kinds_are_known() -> None:
    policy = a_policy('resources: {deny: ["secrets", "*.apps"]}')
    refuse_denied_types(["pods", "deployments.apps"], policy)
    with pytest.raises(PolicyError, match=r'Secrets are denied by the policy: resources\.deny "secrets"'):
        refuse_denied_types(["pods", "Secrets"], policy)


def test_a_denied_kind_of_a_category_is_withheld() -> None:
    made = plan(types=("all",), policy=a_policy('resources: {deny: ["pods"]}'))
    assert statuses(made)["pods"] == "Withheld"


def test_denied_events_are_not_asked_by_their_other_name() -> None:
    made = plan(policy=a_policy('resources: {deny: ["events"]}'))
    assert (statuses(made)["events"], statuses(made)["events.events.k8s.io"]) == ("Withheld", "Withheld")


@pytest.mark.parametrize(
    ("types", "groups"), [((), ["stock.acme.example"]), (("pods",), [])]
)
def test_a_group_that_is_unknown_is_a_gap_of_the_whole_alone(types: tuple[str, ...], groups: list[str]) -> None:
    gaps = (DiscoveryGap("stock.acme.example", "v1"), DiscoveryGap("metrics.k8s.io", "v1beta1"))
    assert [gap.group for gap in plan(types=types, gaps=gaps).gaps] == groups


@pytest.mark.parametrize(
    ("kind", "is_left"),
    [(STATUSES, True), (POD_METRICS, True), (PODS, False), (a_kind("componentstatuses", "x.io"), False)],
)
def test_what_is_left_out_by_default(kind: Kind, is_left: bool) -> None:
    assert bool(left_out(kind)) is is_left


STALE = Catalog((*KINDS,), (DiscoveryGap("stock.acme.example", "v1"),))


@pytest.mark.parametrize("typed", ["things.stock.acme.example", "things.v1.stock.acme.example"])
def test_a_kind_of_a_group_that_cannot_answer_is_not_the_users_mistake(typed: str) -> None:
    with pytest.raises(Unavailable) as caught:
        make_plan(Request(types=(typed,)), STALE, Policy(), Reach())
    assert caught.value.exit_code == 1
    assert "stock.acme.example/v1 is unavailable" in caught.value.message


@pytest.mark.parametrize(("types", "gaps"), [(("all",), 1), (("pods",), 0), ((), 1)])
def test_a_category_may_lack_what_a_dead_group_would_have_brought(types: tuple[str, ...], gaps: int) -> None:
    assert len(make_plan(Request(types=types), STALE, Policy(), Reach()).gaps) == gaps


def test_a_cluster_scoped_kind_that_is_named_is_read_whatever_the_namespace_as_kubectl_does() -> None:
    named = Reach(names=("shop",), cluster_scoped=False, named=True)
    assert make_plan(Request(types=("nodes",)), CATALOG, Policy(), named).kinds("Asked") == [NODES]
    assert NODES not in make_plan(Request(), CATALOG, Policy(), named).kinds("Asked")

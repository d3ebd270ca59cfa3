"""One task's answer: exact counts, whole lists, and nothing that vanishes; each by a plain loop over a dict."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, TypeVar

import msgspec
import pytest

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.errors import (
    ApiError,
    BadRequest,
    Forbidden,
    Gone,
    LimitReached,
    NotAcceptable,
    ServerFault,
    TimedOut,
    Unauthorized,
    UsageError,
)
from kubectl_inventory.reading.batch import Emitted
from kubectl_inventory.reading.collect import FANOUT_WAVE, Budget, Collector, Part
from kubectl_inventory.reading.counting import count_kind
from kubectl_inventory.reading.inventory import Gap, Page, Reading, Row
from kubectl_inventory.reading.listing import PLAIN_COLUMNS, list_kind
from kubectl_inventory.reading.reach import Namespaces, Reach, find_reach
from kubectl_inventory.request import Need, Request, Strategy
from kubectl_inventory.resource import Kind, Question
from kubectl_inventory.wire import Cell
from tests.fake_api import (
    AGE,
    DEPLOYMENTS,
    NAME,
    NAMESPACE_KIND,
    NODES,
    PODS,
    SECRETS,
    STATUS,
    FakeApi,
    Reply,
    Stock,
    Thing,
    a_kind,
    a_policy,
    a_table,
    encode,
    in_turn,
    namespaces_stock,
)

T = TypeVar("T")
STRATEGIES: tuple[Strategy, ...] = ("auto", "sequential", "fanout", "bulk")
NEEDS: tuple[Need, ...] = ("name", "cells", "metadata")
WAYS = list(product(STRATEGIES, NEEDS))
EVENTS = a_kind("events")
REFUSED = Forbidden('pods is forbidden: User "viewer" cannot list resource "pods" at the cluster scope')
BY_NAMESPACE = ("namespace", "kind")


def a_collector(
    api: FakeApi, *, policy: Policy | None = None, reach: Reach | None = None, round_trip_s: float = 0.0, **request: Any
) -> Collector:
    """For the default command, unless `command="get"`; the reach is found as a run finds it."""
    asked = Request(**request)
    policy = policy or Policy()
    namespaces = Namespaces(api, in_turn, policy, context="dev", own="default")
    return Collector(
        request=asked,
        policy=policy,
        reach=reach if reach is not None else find_reach(asked, policy, namespaces),
        read=api,
        namespaces=namespaces,
        round_trip_s=lambda: round_trip_s,
        compresses=lambda: False,
        budget=Budget(policy.limits.max_objects),
        label_values={key: set() for key in asked.label_keys},
    )


def drive(part: Part[T]) -> tuple[list[Page], T]:
    """Runs a task to its end, job after job."""
    pages: list[Page] = []
    try:
        step = next(part)
        while True:
            if isinstance(step, Emitted):
                pages.append(step.piece)
                step = next(part)
            else:
                step = part.send([job.run() for job in step.jobs])
    except StopIteration as end:
        result: T = end.value
    return pages, result


def count(kind: Kind, api: FakeApi, **options: Any) -> Reading:
    pages, reading = drive(count_kind(kind, a_collector(api, **options)))
    assert not pages
    return reading


def listed(kind: Kind, api: FakeApi, **options: Any) -> tuple[list[Row], Reading]:
    pages, reading = drive(list_kind(kind, a_collector(api, command="get", **options)))
    rows = [row for page in pages for row in page.rows]
    assert reading.count == len(rows), "the reading's count is what was handed on"
    return rows, reading


def said(rows: Sequence[Row]) -> list[str]:
    return [f"{row.namespace}/{row.name}" if row.namespace is not None else row.name for row in rows]


def spread(kind: Kind, *namespaces: str, each: int = 3, **quirks: bool) -> Stock:
    """`each` objects in each namespace."""
    return Stock(kind, [f"{name}/{kind.singular}-{number}" for name in namespaces for number in range(each)], **quirks)


def a_cluster(
    *stocks: Stock, replies: dict[str, Reply] | None = None, names: Sequence[str] = ("a", "a-b", "b")
) -> FakeApi:
    """These objects, and namespaces by these names."""
    return FakeApi(replies, *stocks, namespaces_stock(*names))


def denies(path: str, *namespaces: str) -> dict[str, Reply]:
    """403 for a core kind at cluster scope, and in these namespaces."""
    inside = {f"/api/v1/namespaces/{name}/{path}": Forbidden(f"{path} in {name}") for name in namespaces}
    return {f"/api/v1/{path}": REFUSED, **inside}


# --- counting ---------------------------------------------------------------


@pytest.mark.parametrize(("kind", "number"), [(PODS, 9), (NODES, 4), (EVENTS, 0)])
def test_a_probe_tells_the_exact_count_and_no_object_leaves_the_server(kind: Kind, number: int) -> None:
    api = a_cluster(spread(PODS, "a", "a-b", "b"), Stock(NODES, ["w1", "w2", "w3", "w4"]), Stock(EVENTS, []))
    assert count(kind, api) == Reading(kind=kind, count=number)
    (question,) = api.asked
    assert (question.query(), question.lane) == ("includeObject=None&limit=1", "probe")


@pytest.mark.parametrize(
    ("quirk", "questions"), [("hides_remaining", 2), ("is_simple", 1), ("refuses_tables", 2), ("nulls", 1)]
)
def test_whatever_the_server_can_do_the_count_is_exact(quirk: str, questions: int) -> None:
    api = a_cluster(spread(PODS, "a", "b", **{quirk: True}))
    assert count(PODS, api) == Reading(kind=PODS, count=6)
    assert len(api.asked) == questions


def test_a_list_that_the_server_pages_by_itself_is_counted_to_its_end() -> None:
    first, second = a_table([("a",), ("b",)], next_page="next"), a_table([("c",)])
    api = FakeApi({"/api/v1/pods": first, "/api/v1/pods?continue=next": second})
    assert count(PODS, api).count == 3


@pytest.mark.parametrize("body", [b'{"kind":"Table","rows":null}', b'{"kind":"PodList","items":null}', b"{}"])
def test_null_counts_as_nothing(body: bytes) -> None:
    assert count(PODS, FakeApi({"/api/v1/pods": body})) == Reading(kind=PODS)


@pytest.mark.parametrize(
    ("selectors", "number"),
    [({"selector": "app=web"}, 1), ({"field_selector": "metadata.name=pod-0"}, 2), ({"selector": "app=none"}, 0)],
)
def test_with_a_selector_the_cells_are_listed_and_counted(selectors: dict[str, str], number: int) -> None:
    api = a_cluster(Stock(PODS, [Thing("pod-0", "a", {"app": "web"}), Thing("pod-0", "b"), Thing("pod-1", "b")]))
    assert count(PODS, api, **selectors).count == number
    assert [(question.limit, question.from_cache, question.lane) for question in api.asked] == [(None, True, "heavy")]


def test_named_namespaces_are_probed_each_and_summed() -> None:
    api = a_cluster(spread(PODS, "a", "a-b", "b"))
    reading = count(PODS, api, namespaces=("b", "a"))
    assert (reading.count, reading.namespaces_asked, reading.gaps) == (6, 2, ())
    assert api.paths[-2:] == ["/api/v1/namespaces/a/pods", "/api/v1/namespaces/b/pods"]


def test_a_rule_that_leaves_no_namespace_counts_nothing() -> None:
    api = a_cluster(spread(PODS, "a"))
    assert count(PODS, api, policy=a_policy('namespaces: {deny: ["*"]}')) == Reading(kind=PODS)
    assert "/api/v1/pods" not in api.paths


@pytest.mark.parametrize(
    ("error", "reason"), [(TimedOut("late"), "TimedOut"), (NotAcceptable("no"), "Failed"), (BadRequest("x"), "Failed")]
)
def test_an_error_of_one_kind_is_its_gap(error: Reply, reason: str) -> None:
    reading = count(SECRETS, FakeApi({"/api/v1/secrets": error}))
    assert reading.gaps == (Gap(reason, getattr(error, "message", "")),)
    assert reading.is_unread


def test_a_reply_that_is_no_list_is_a_gap() -> None:
    reading = count(PODS, FakeApi({"/api/v1/pods": b"service unavailable"}))
    assert [(gap.reason, gap.message.startswith("pods: the reply")) for gap in reading.gaps] == [("Failed", True)]


@pytest.mark.parametrize("run", [count, listed])
def test_a_refused_credential_is_fatal(run: Callable[[Kind, FakeApi], object]) -> None:
    with pytest.raises(Unauthorized):
        run(PODS, FakeApi({"/api/v1/pods": Unauthorized("who?")}))


def test_a_selector_that_the_server_cannot_read_was_typed_wrongly() -> None:
    api = FakeApi({"/api/v1/pods": BadRequest('unable to parse requirement: found "="')})
    with pytest.raises(UsageError, match="cannot read the selector"):
        count(PODS, api, selector="==")


# --- refused ----------------------------------------------------------------


def test_refused_for_the_cluster_the_namespaces_are_counted() -> None:
    api = a_cluster(spread(PODS, "a", "a-b", "b"), replies=denies("pods", "b"))
    reading = count(PODS, api)
    assert (reading.count, reading.namespaces_asked) == (6, 3)
    assert reading.gaps == (Gap("Forbidden", "pods in b", "b"),)


@pytest.mark.parametrize("by", [("kind",), BY_NAMESPACE, ("label=app",), ("label=app", "namespace")])
@pytest.mark.parametrize("kind", [PODS, SECRETS])
def test_refused_everywhere_is_one_gap_of_the_whole(kind: Kind, by: tuple[str, ...]) -> None:
    api = a_cluster(replies=denies(kind.resource, "a", "a-b", "b"))
    reading = count(kind, api, by=by)
    assert reading.gaps == (Gap("Forbidden", REFUSED.message),)
    assert reading.is_unread


@pytest.mark.parametrize("kind", [PODS, SECRETS])
def test_a_list_refused_everywhere_is_one_gap_of_the_whole(kind: Kind) -> None:
    for strategy, selector in product(STRATEGIES, ("", "app=web")):
        api = a_cluster(replies=denies(kind.resource, "a", "a-b", "b"))
        _, reading = listed(kind, api, strategy=strategy, selector=selector)
        assert reading.gaps == (Gap("Forbidden", REFUSED.message),), (strategy, selector)


def test_where_namespaces_cannot_be_listed_the_contexts_own_stands_in() -> None:
    api = FakeApi({**denies("pods"), "/api/v1/namespaces": REFUSED}, spread(PODS, "default", "b"))
    collector = a_collector(api)
    _, reading = drive(count_kind(PODS, collector))
    assert (reading.count, reading.namespaces_asked) == (3, 1)
    assert collector.namespaces.remark.startswith("default, the context's own; namespaces are Forbidden")


def test_a_refused_cluster_scoped_kind_is_not_asked_again() -> None:
    api = a_cluster(replies=denies("nodes"))
    assert count(NODES, api).gaps == (Gap("Forbidden", REFUSED.message),)
    assert api.paths == ["/api/v1/nodes"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_refused_list_is_made_namespace_by_namespace(strategy: Strategy) -> None:
    api = a_cluster(spread(PODS, "a", "a-b", "b", each=1), replies=denies("pods", "a"))
    rows, reading = listed(PODS, api, strategy=strategy)
    assert said(rows) == ["a-b/pod-0", "b/pod-0"]
    assert (reading.gaps, reading.namespaces_asked) == ((Gap("Forbidden", "pods in a", "a"),), 3)


def test_a_list_that_is_refused_only_after_its_probe_is_made_namespace_by_namespace() -> None:
    api = a_cluster(spread(PODS, "a", "b", each=1), replies={"/api/v1/pods?resourceVersion=0": REFUSED})
    rows, reading = listed(PODS, api, strategy="bulk")
    assert (said(rows), reading.is_whole) == (["a/pod-0", "b/pod-0"], True)


# --- by namespace and label -------------------------------------------------


@pytest.mark.parametrize("names", [("a", "b"), ("a", "b", "c", *(f"n{number}" for number in range(2000)))])
@pytest.mark.parametrize("kind", [PODS, SECRETS])
def test_a_count_is_split_by_namespace(kind: Kind, names: Sequence[str]) -> None:
    api = a_cluster(spread(kind, "a", "b"), names=names)
    reading = count(kind, api, by=BY_NAMESPACE)
    assert (dict(reading.groups), reading.count) == ({("a",): 3, ("b",): 3}, 6)


def test_objects_of_a_namespace_that_is_gone_are_counted_by_where_they_say_they_are() -> None:
    api = a_cluster(spread(PODS, "a", "lost"), names=("a",))
    assert dict(count(PODS, api, by=BY_NAMESPACE).groups) == {("a",): 3, ("lost",): 3}


@pytest.mark.parametrize("by", [BY_NAMESPACE, ("namespace", "label=app")])
def test_secrets_of_a_namespace_that_is_gone_are_counted_and_not_told_apart(by: tuple[str, ...]) -> None:
    reading = count(SECRETS, a_cluster(spread(SECRETS, "a", "lost"), names=("a",)), by=by)
    assert reading.count == sum(reading.groups.values()) == 6
    assert reading.groups[("?",) * (len(by) - 1 if "kind" in by else len(by))] == 3


@pytest.mark.parametrize(("by", "key"), [(BY_NAMESPACE, ("-",)), (("kind", "label=app"), ("<none>",))])
def test_what_lies_in_no_namespace_has_a_row(by: tuple[str, ...], key: tuple[str, ...]) -> None:
    assert dict(count(NODES, a_cluster(Stock(NODES, ["w1", "w2"])), by=by).groups) == {key: 2}


def test_a_partial_count_by_namespace_keeps_what_it_has() -> None:
    late: dict[str, Reply] = {"/api/v1/namespaces/b/secrets": TimedOut("late")}
    reading = count(SECRETS, a_cluster(spread(SECRETS, "a", "b"), names=("a", "b"), replies=late), by=BY_NAMESPACE)
    assert (dict(reading.groups), reading.gaps) == ({("a",): 3}, (Gap("TimedOut", "late", "b"),))


LABELLED = [
    Thing("one", "a", {"app": "web", "tier": "front"}),
    Thing("two", "a", {"app": "web"}),
    Thing("three", "b", {"app": "db"}),
    Thing("four", "b"),
]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (("label=app",), {("web",): 2, ("db",): 1, ("<none>",): 1}),
        (("kind", "label=app"), {("web",): 2, ("db",): 1, ("<none>",): 1}),
        (("label=app", "namespace"), {("web", "a"): 2, ("db", "b"): 1, ("<none>", "b"): 1}),
        (("label=app", "label=tier"), {
            ("web", "front"): 1, ("web", "<none>"): 1, ("db", "<none>"): 1, ("<none>", "<none>"): 1}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("namespaces", [(), ("a", "b")])
def test_secrets_are_grouped_by_label_as_other_kinds_are(
    by: tuple[str, ...], groups: dict[tuple[str, ...], int], namespaces: tuple[str, ...]
) -> None:
    api = a_cluster(Stock(PODS, LABELLED), Stock(SECRETS, LABELLED), names=("a", "b"))
    collector = a_collector(api, by=by, namespaces=namespaces)
    for kind in (PODS, SECRETS):
        _, reading = drive(count_kind(kind, collector))
        assert dict(reading.groups) == groups, kind
        assert reading.count == 4


def test_secrets_with_a_label_value_that_no_other_kind_has_are_counted_and_not_told_apart() -> None:
    api = a_cluster(Stock(SECRETS, [Thing("one", "a", {"app": "hidden"}), Thing("two", "a")]))
    reading = count(SECRETS, api, by=("label=app",))
    assert (dict(reading.groups), reading.count) == ({("<none>",): 1, ("?",): 1}, 2)


@pytest.mark.parametrize("seed", range(4))
def test_secrets_are_grouped_by_any_labels_and_what_is_not_known_is_not_told_apart(seed: int) -> None:
    dice = random.Random(seed)
    labels = ("app", "tier", "team")
    secrets = [
        Thing(f"s-{number}", dice.choice("ab"), {it: dice.choice("wxyz") for it in labels if dice.random() < 0.8})
        for number in range(40)
    ]
    pods = [Thing(f"{it}-{value}", "a", {it: value}) for it in labels for value in "xyz"]
    collector = a_collector(
        a_cluster(Stock(PODS, pods), Stock(SECRETS, secrets)), by=tuple(f"label={it}" for it in labels)
    )
    drive(count_kind(PODS, collector))
    _, reading = drive(count_kind(SECRETS, collector))
    values = [tuple(thing.labels.get(it, "<none>") for it in labels) for thing in secrets]
    assert dict(reading.groups) == Counter(it if "w" not in it else ("?",) * 3 for it in values)


def test_secrets_by_several_labels_cost_the_sum_of_their_values_and_not_the_product() -> None:
    values = [f"v{number:02}" for number in range(30)]
    pods = [Thing(f"pod-{value}", "a", {"app": value, "tier": value, "team": value}) for value in values]
    last = Thing("last", "a", {"app": "v29", "tier": "v29", "team": "v29"})
    api = a_cluster(Stock(PODS, pods), Stock(SECRETS, [last]))
    collector = a_collector(api, by=("label=app", "label=tier", "label=team"))
    drive(count_kind(PODS, collector))
    _, reading = drive(count_kind(SECRETS, collector))
    assert dict(reading.groups) == {("v29", "v29", "v29"): 1}
    assert api.paths.count("/api/v1/secrets") <= 1 + 3 * (len(values) + 1)


def test_a_count_of_secrets_by_labels_that_breaks_off_keeps_what_it_has() -> None:
    late: dict[str, Reply] = {"/api/v1/secrets?labelSelector=app=web,!tier": TimedOut("late")}
    api = a_cluster(Stock(PODS, LABELLED), Stock(SECRETS, LABELLED), replies=late)
    collector = a_collector(api, by=("label=app", "label=tier"))
    drive(count_kind(PODS, collector))
    _, reading = drive(count_kind(SECRETS, collector))
    assert dict(reading.groups) == {("<none>", "<none>"): 1, ("db", "<none>"): 1, ("?", "?"): 2}
    assert reading.gaps == (Gap("TimedOut", "by label: late"),)


def test_a_count_by_label_that_is_refused_goes_through_the_namespaces() -> None:
    api = a_cluster(Stock(PODS, LABELLED), names=("a", "b"), replies=denies("pods", "b"))
    reading = count(PODS, api, by=("label=app",))
    assert (dict(reading.groups), reading.gaps) == ({("web",): 2}, (Gap("Forbidden", "pods in b", "b"),))


# --- rules about namespaces -------------------------------------------------

LITERAL = 'namespaces: {deny: ["b"]}'


@pytest.mark.parametrize(
    ("kind", "number", "field_selector", "limit"),
    [
        (PODS, 6, "metadata.namespace!=b", None),
        (NODES, 2, "", 1),
        (NAMESPACE_KIND, 2, "metadata.name!=b", None),
        (SECRETS, 3, "metadata.namespace!=b", None),
    ],
)
def test_a_denied_namespace_is_left_out_by_the_server(
    kind: Kind, number: int, field_selector: str, limit: int | None
) -> None:
    api = a_cluster(spread(PODS, "a", "a-b", "b"), spread(SECRETS, "a", "b"), Stock(NODES, ["w1", "w2"]))
    assert count(kind, api, policy=a_policy(LITERAL)) == Reading(kind=kind, count=number)
    assert [(question.field_selector, question.limit) for question in api.asked] == [(field_selector, limit)]


@pytest.mark.parametrize("rule", ['{deny: ["b*"]}', '{allow: ["a", "a-*"]}', '{deny: ["b"], allow: ["*"]}'])
@pytest.mark.parametrize("by", [("kind",), BY_NAMESPACE, ("label=app",)])
def test_under_a_rule_no_denied_namespace_is_ever_asked(rule: str, by: tuple[str, ...]) -> None:
    for kind in (PODS, SECRETS, NAMESPACE_KIND):
        api = a_cluster(spread(PODS, "a", "a-b", "b"), spread(SECRETS, "a", "a-b", "b"))
        reading = count(kind, api, policy=a_policy(f"namespaces: {rule}"), by=by)
        assert reading.count == (2 if kind is NAMESPACE_KIND else 6)
        assert not any("/namespaces/b/" in path for path in api.paths)
        whole = [question for question in api.asked if question.path == f"/api/v1/{kind.resource}"]
        unselected = [question for question in whole if "!=b" not in question.field_selector]
        assert len(unselected) <= (kind is NAMESPACE_KIND)  # what a pattern leaves is known by all names alone


@pytest.mark.parametrize(("strategy", "need"), WAYS)
def test_under_a_rule_every_list_is_of_an_allowed_namespace(strategy: Strategy, need: Need) -> None:
    names = ("a", "a-b", "b", "c", "d", "e")
    for kind in (PODS, SECRETS):
        api = a_cluster(spread(kind, *names, each=1), names=names)
        rows, _ = listed(kind, api, policy=a_policy(LITERAL), strategy=strategy, need=need)
        assert [row.namespace for row in rows] == ["a-b", "a", "c", "d", "e"]
        assert f"/api/v1/{kind.resource}" not in api.paths


# --- listing ----------------------------------------------------------------


@pytest.mark.parametrize(("strategy", "need"), WAYS)
def test_rows_come_as_the_server_orders_them(strategy: Strategy, need: Need) -> None:
    api = a_cluster(spread(PODS, "a", "a-b", each=1), names=("a", "a-b"))
    rows, _ = listed(PODS, api, strategy=strategy, need=need, namespaces=("a", "a-b"))
    assert said(rows) == ["a-b/pod-0", "a/pod-0"]


ODD_CELLS: tuple[Cell, ...] = (["x", 1, None], {"l": 2, "k": [True]}, [{"a": "b"}], [], {})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_cells_that_are_lists_and_maps_are_rows_as_any_other(strategy: Strategy) -> None:
    api = a_cluster(Stock(PODS, [Thing("one", "a", cells=ODD_CELLS)]), names=("a",))
    rows, reading = listed(PODS, api, strategy=strategy)
    assert [(row.name, row.cells[1:]) for row in rows] == [("one", ODD_CELLS)]
    assert reading.is_whole


def test_a_cell_too_deep_to_be_printed_is_a_fault_of_its_kind_alone() -> None:
    deep = b'{"kind": "Table", "rows": [{"cells": ["one", ' + b"[" * 600 + b"]" * 600 + b"]}]}"
    rows, reading = listed(PODS, FakeApi({"/api/v1/pods": deep}), strategy="bulk")
    assert (rows, [gap.reason for gap in reading.gaps]) == ([], ["Failed"])


def random_cluster(seed: int) -> Callable[[], FakeApi]:
    """Some kinds with labels in some namespaces, one of which is gone."""
    dice = random.Random(seed)
    names = ["a", "a-b", "b", "b-1", "c", "d", "e"]
    stocks = []
    for kind in (PODS, SECRETS, DEPLOYMENTS, EVENTS):
        things = [
            Thing(f"p-{number}", dice.choice([*names, "lost"]), {"app": dice.choice("xyz")}, ("Running", 1))
            for number in range(dice.choice([0, 1, 30, 60]))
        ]
        stocks.append(Stock(kind, things))
    nodes = Stock(NODES, [Thing(f"w{number}", cells=("Ready",)) for number in range(3)])
    return lambda: FakeApi(None, *stocks, nodes, namespaces_stock(*names))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("need", NEEDS)
def test_every_strategy_gives_the_same_rows(seed: int, need: Need) -> None:
    cluster = random_cluster(seed)
    scopes: list[tuple[str, ...]] = [(), ("a",), ("c", "a", "a-b", "b", "e")]
    for kind, namespaces, selector in product((PODS, SECRETS, DEPLOYMENTS, EVENTS, NODES), scopes, ("", "app=x")):
        answers = []
        for strategy, round_trip_s in product(STRATEGIES, (0.0, 0.2)):
            options = {"strategy": strategy, "need": need, "namespaces": namespaces, "selector": selector}
            rows, reading = listed(kind, cluster(), round_trip_s=round_trip_s, **options)
            answers.append((rows, reading.count, reading.gaps))
        assert all(answer == answers[0] for answer in answers), (kind.name, namespaces, selector)
        if not selector:
            things = next(stock for stock in cluster().stocks if stock.kind == kind).things
            within = namespaces if kind.namespaced else ()
            assert answers[0][1] == sum(not within or thing.namespace in within for thing in things)


@pytest.mark.parametrize("seed", range(3))
def test_secrets_are_asked_as_cells_alone_whatever_is_wanted(seed: int) -> None:
    asked: list[Question] = []
    stocks = random_cluster(seed)().stocks[:-1]
    policies = (Policy(), a_policy(LITERAL), a_policy('namespaces: {allow: ["a*"]}'))
    scopes: list[tuple[str, ...]] = [(), ("a",), ("a", "a-b"), ("a", "a-b", "a-c", "a-d", "a-e")]
    for strategy, need, selector, policy, namespaces in product(STRATEGIES, NEEDS, ("", "app=x"), policies, scopes):
        api = FakeApi(None, *stocks, namespaces_stock("a", "a-b", "a-c", "a-d", "a-e", "b"))
        options = {"policy": policy, "strategy": strategy, "selector": selector, "namespaces": namespaces}
        listed(SECRETS, api, need=need, **options)
        for by in (("kind",), BY_NAMESPACE, ("label=app",), ("label=app", "namespace", "kind")):
            count(SECRETS, api, by=by, **options)
        asked += [question for question in api.asked if question.path.endswith("/secrets")]
    assert asked
    assert {(question.representation, question.include_metadata) for question in asked} == {("table", False)}


def test_secrets_whose_server_refuses_tables_are_a_gap_and_never_asked_plain() -> None:
    api = a_cluster(spread(SECRETS, "a", refuses_tables=True))
    _, reading = listed(SECRETS, api)
    assert reading.gaps == (Gap("Failed", "only application/json for secrets"),)
    assert {question.representation for question in api.asked} == {"table"}


def test_an_empty_kind_costs_its_probe() -> None:
    api = a_cluster(Stock(PODS, []))
    assert listed(PODS, api)[1] == Reading(kind=PODS)
    assert len(api.asked) == 1


@pytest.mark.parametrize("quirk", ["is_simple", "refuses_tables"])
@pytest.mark.parametrize(("strategy", "need"), WAYS)
def test_a_server_without_tables_is_printed_by_name_and_age(quirk: str, strategy: Strategy, need: Need) -> None:
    api = a_cluster(spread(PODS, "a", "b", each=1, **{quirk: True}))
    pages, reading = drive(list_kind(PODS, a_collector(api, command="get", strategy=strategy, need=need)))
    assert reading == Reading(kind=PODS, count=2, namespaces_asked=reading.namespaces_asked)
    rows = [row for page in pages for row in page.rows]
    assert [(row.namespace, row.name, row.cells) for row in rows] == [
        ("a", "pod-0", ("pod-0", "<unknown>")),
        ("b", "pod-0", ("pod-0", "<unknown>")),
    ]
    assert {page.columns for page in pages} == {PLAIN_COLUMNS}


@pytest.mark.parametrize("need", NEEDS)
def test_metadata_is_kept_where_it_is_wanted_alone(need: Need) -> None:
    api = a_cluster(spread(PODS, "a", each=1))
    (row,), _ = listed(PODS, api, need=need, strategy="bulk")
    assert (row.meta is not None) == (need == "metadata")
    assert row.meta is None or row.meta.uid == "uid-a-pod-0"
    metadata_asked = any(question.include_metadata for question in api.asked)
    assert metadata_asked == (need != "name")


def test_the_name_is_in_the_column_of_that_format() -> None:
    body = a_table([("5m", "Normal", "web.17")], [AGE, STATUS, NAME, msgspec.structs.replace(NAME, name="Other")])
    rows, _ = listed(EVENTS, FakeApi({"/api/v1/namespaces/a/events": body}, namespaces_stock("a")), namespaces=("a",))
    assert said(rows) == ["a/web.17"]


@pytest.mark.parametrize(("group", "name"), [("storage.k8s.io", "fast"), ("example.com", "fast (default)")])
def test_the_mark_of_the_default_storage_class_is_no_part_of_its_name(group: str, name: str) -> None:
    classes = a_kind("storageclasses", group, namespaced=False)
    api = FakeApi({f"/apis/{group}/v1/storageclasses": a_table([("fast (default)",)], [NAME])})
    assert said(listed(classes, api)[0]) == [name]


def test_a_row_shorter_than_its_columns_is_still_a_row() -> None:
    body = a_table([(), ("web",)], [STATUS, NAME])
    rows, _ = listed(PODS, FakeApi({"/api/v1/namespaces/a/pods": body}, namespaces_stock("a")), namespaces=("a",))
    assert [(row.name, row.cells) for row in rows] == [("", ()), ("", ("web",))]


@pytest.mark.parametrize("strategy", ["auto", "bulk"])
@pytest.mark.parametrize("need", NEEDS)
@pytest.mark.parametrize("kind", [PODS, SECRETS])
def test_many_named_namespaces_are_listed_whole_or_each_and_hold_nothing_else(
    kind: Kind, need: Need, strategy: Strategy
) -> None:
    names = ("a", "b", "c", "d", "e")
    api = a_cluster(spread(kind, *names, "x", "y", each=1), names=(*names, "x", "y"))
    rows, reading = listed(kind, api, namespaces=names, strategy=strategy, need=need)
    assert said(rows) == [f"{name}/{kind.singular}-0" for name in names]
    assert reading.is_whole
    assert (f"/api/v1/namespaces/a/{kind.resource}" in api.paths) == (kind is SECRETS)


def test_few_named_namespaces_are_listed_with_no_look_at_the_cluster() -> None:
    api = a_cluster(spread(PODS, "a", "b", each=1))
    listed(PODS, api, namespaces=("a", "b"))
    assert api.paths[2:] == ["/api/v1/namespaces/a/pods", "/api/v1/namespaces/b/pods"]


@pytest.mark.parametrize(
    ("task", "asked"),
    [(list_kind, {"command": "get"}), (count_kind, {"by": ("label=app",)})],
    ids=["lists", "counts by label"],
)
def test_a_fan_out_asks_a_wave_of_namespaces_at_a_time(
    task: Callable[[Kind, Collector], Part[Reading]], asked: dict[str, Any]
) -> None:
    names = tuple(f"n{number:03d}" for number in range(FANOUT_WAVE + 2))
    api = a_cluster(spread(PODS, *names, each=1), names=names)
    part = task(PODS, a_collector(api, policy=a_policy('namespaces: {allow: ["n*"]}'), **asked))
    waves: list[int] = []
    step = next(part)
    while len(waves) < 2:
        if isinstance(step, Emitted):
            step = next(part)
            continue
        waves.append(len(step.jobs))
        replies = [job.run() for job in step.jobs]
        if len(waves) < 2:
            step = part.send(replies)
    assert waves == [FANOUT_WAVE, 2]


# --- orphans ----------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_lies_in_a_namespace_that_is_gone_is_listed_whichever_way(strategy: Strategy) -> None:
    api = a_cluster(spread(PODS, "a", "lost", each=1), names=("a",))
    rows, reading = listed(PODS, api, strategy=strategy)
    assert (said(rows), reading.is_whole) == (["a/pod-0", "lost/pod-0"], True)


def test_a_secret_in_a_namespace_that_is_gone_is_listed_with_its_namespace_unknown() -> None:
    rows, reading = listed(SECRETS, a_cluster(spread(SECRETS, "a", "lost", each=1), names=("a",)))
    assert (said(rows), reading.count) == (["/secret-0", "a/secret-0"], 2)


def test_where_every_namespace_is_gone_the_rest_is_the_whole() -> None:
    api = a_cluster(spread(SECRETS, "lost", each=2), names=())
    rows, _ = listed(SECRETS, api, field_selector="metadata.name=secret-1")
    assert said(rows) == ["/secret-1"]


def test_what_cannot_be_read_outside_the_namespaces_is_a_gap() -> None:
    late = {"/api/v1/pods?fieldSelector=metadata.namespace!%3Da": TimedOut("late")}
    api = a_cluster(spread(PODS, "a", "lost", each=1), names=("a",), replies=dict(late))
    rows, reading = listed(PODS, api, strategy="fanout")
    assert said(rows) == ["a/pod-0"]
    assert reading.gaps == (Gap("TimedOut", "objects outside the listed namespaces: late"),)


# --- pages ------------------------------------------------------------------


def many(number: int = 10_001) -> Stock:
    return Stock(PODS, [Thing(f"p{place:05d}", "a") for place in range(number)])


MANY = [Thing(f"pod-{number:03}", f"n{number % 60:02}", {"app": "x"}, ("Running",)) for number in range(300)]


def a_crowd() -> FakeApi:
    """Pods in so many namespaces that one list each costs more, at a distance."""
    return FakeApi(None, Stock(PODS, MANY), namespaces_stock(*{thing.namespace for thing in MANY}))


def reply_of(api: FakeApi, question: Question) -> dict[str, Any]:
    """What a stock says, to be changed."""
    document: dict[str, Any] = msgspec.json.decode(api(question).body)
    return document


@pytest.mark.parametrize("need", ["cells", "metadata"])
def test_cells_and_metadata_are_asked_side_by_side_and_put_together(need: Need) -> None:
    api = a_crowd()
    rows, reading = listed(PODS, api, need=need)
    assert reading == Reading(kind=PODS, count=300)
    assert said(rows) == [f"{thing.namespace}/{thing.name}" for thing in api.stocks[0].things]
    assert {row.cells[1] for row in rows} == {"Running"}
    assert all((row.meta is not None) == (need == "metadata") for row in rows)
    lists = [question for question in api.asked if question.limit is None and question.path == "/api/v1/pods"]
    assert sorted((question.representation, question.include_metadata) for question in lists) == [
        ("metadata", False),
        ("table", False),
    ]


def another_version(document: dict[str, Any]) -> None:
    document["metadata"]["resourceVersion"] = "8"


def no_version(document: dict[str, Any]) -> None:
    del document["metadata"]["resourceVersion"]


def an_object_less(document: dict[str, Any]) -> None:
    document["items"].pop()


def another_order(document: dict[str, Any]) -> None:
    document["items"].reverse()


def a_page_only(document: dict[str, Any]) -> None:
    document["metadata"]["continue"] = "there is more"


@pytest.mark.parametrize("change", [another_version, no_version, an_object_less, another_order, a_page_only])
@pytest.mark.parametrize("need", ["cells", "metadata"])
def test_what_is_not_of_one_moment_is_not_put_together(change: Callable[[dict[str, Any]], None], need: Need) -> None:
    plain = a_crowd()
    expected, _ = listed(PODS, plain, need=need, strategy="bulk")

    def changed(question: Question) -> bytes:
        document = reply_of(plain, question)
        if question.representation == "metadata":
            change(document)
        return encode(document)

    api = FakeApi({"/api/v1/pods": changed}, *plain.stocks)
    rows, reading = listed(PODS, api, need=need)
    assert rows == expected and reading.is_whole
    last = api.asked[-1]
    assert (last.representation, last.include_metadata) == ("table", True)


@pytest.mark.parametrize("failing", ["table", "metadata"])
def test_where_one_of_two_lists_fails_both_are_asked_in_one(failing: str) -> None:
    plain = a_crowd()

    def answer(question: Question) -> bytes | ApiError:
        if question.representation == failing and question.limit is None and not question.include_metadata:
            return ServerFault("etcdserver: leader changed")
        return encode(reply_of(plain, question))

    rows, reading = listed(PODS, FakeApi({"/api/v1/pods": answer}, *plain.stocks))
    assert len(rows) == 300 and reading.is_whole


LATE = TimedOut("no answer in 5s", was_flowing=True)
SILENT = TimedOut("no answer in 5s")
TOO_LARGE = LimitReached("the reply is larger than 1 MiB (limits.maxResponseMiB)", was_flowing=True)
NO_MORE = LimitReached("the run's 2 requests are used up (limits.maxRequests)")


def all_but_pages(plain: FakeApi, error: ApiError) -> FakeApi:
    """The same cluster, of which nothing but pages comes."""

    def answer(question: Question) -> bytes | ApiError:
        if question.limit is None:
            return error
        return encode(reply_of(plain, question))

    return FakeApi({"/api/v1/pods": answer}, *plain.stocks)


@pytest.mark.parametrize("error", [LATE, TOO_LARGE, SILENT, NO_MORE], ids=["late", "too large", "silent", "no more"])
@pytest.mark.parametrize(("strategy", "need"), [("bulk", "cells"), ("bulk", "metadata"), ("auto", "name")])
def test_a_list_of_which_less_would_have_come_whole_is_asked_in_pages(
    error: ApiError, strategy: Strategy, need: Need
) -> None:
    api = all_but_pages(a_crowd(), error)
    rows, reading = listed(PODS, api, need=need, strategy=strategy, policy=a_policy("limits: {pageSize: 100}"))
    assert len(rows) == (300 if error.was_flowing else 0)
    assert reading.gaps == (() if error.was_flowing else (Gap(error.reason, error.message),))
    pages = [question for question in api.asked if question.limit == 100]
    assert len(pages) == (3 if error.was_flowing else 0)


@pytest.mark.parametrize("error", [LATE, TOO_LARGE], ids=["late", "too large"])
def test_two_lists_of_which_less_would_have_come_whole_are_asked_in_pages(error: ApiError) -> None:
    api = all_but_pages(a_crowd(), error)
    rows, reading = listed(PODS, api, need="metadata", policy=a_policy("limits: {pageSize: 100}"))
    assert len(rows) == 300 and reading.is_whole
    assert [question.limit for question in api.asked if question.path == "/api/v1/pods"] == [
        1, None, None, 100, 100, 100,
    ]  # fmt: skip


def test_more_namespaces_than_the_policy_says_are_not_asked_one_by_one() -> None:
    for policy, way in (("{}", True), ("{moreThanNamespaces: 60}", True), ("{moreThanNamespaces: 59}", False)):
        api = FakeApi(None, Stock(PODS, MANY * 5), namespaces_stock(*{thing.namespace for thing in MANY}))
        rows, _ = listed(PODS, api, policy=a_policy(f"bulk: {policy}"))
        assert len(rows) == 1500
        assert any("/namespaces/n00/" in path for path in api.paths) is way


def test_a_namespaces_pages_of_two_moments_are_told_of() -> None:
    plain = a_cluster(spread(PODS, "a", "b", each=3))

    def answer(question: Question) -> bytes | ApiError:
        if question.continue_token == "1":
            return Gone("expired", continue_token="2")
        return encode(reply_of(plain, question))

    api = FakeApi({"/api/v1/namespaces/a/pods": answer}, *plain.stocks)
    policy = a_policy("limits: {pageSize: 1}")
    _, reading = listed(PODS, api, need="metadata", namespaces=("a",), policy=policy)
    assert reading.notes == ("its pages expired; the rest was read at a newer version",)


@pytest.mark.parametrize("error", [LATE, TOO_LARGE], ids=["late", "too large"])
def test_a_page_of_which_less_would_have_come_whole_is_not_asked_again(error: ApiError) -> None:
    plain = a_crowd()

    def answer(question: Question) -> bytes | ApiError:
        if question.limit != 1:
            return error
        return encode(reply_of(plain, question))

    api = FakeApi({"/api/v1/pods": answer}, *plain.stocks)
    rows, reading = listed(PODS, api, strategy="bulk")
    assert (rows, reading.gaps) == ([], (Gap(error.reason, error.message),))
    assert [question.limit for question in api.asked] == [1, None, 500]


def test_a_kind_too_large_for_one_reply_comes_in_pages() -> None:
    api = a_cluster(many(), names=())
    pages, reading = drive(list_kind(PODS, a_collector(api, command="get", strategy="bulk")))
    assert (reading.count, reading.is_whole, {len(page.rows) for page in pages}) == (10_001, True, {500, 1})
    assert all(question.limit is not None and not question.from_cache for question in api.asked)


@pytest.mark.parametrize(
    ("gone", "count_read", "reading_notes"),
    [(Gone("expired", continue_token="9000"), 10_001, 1), (Gone("expired"), 5000, 0)],
)
def test_pages_that_expire_go_on_where_the_server_says(gone: Gone, count_read: int, reading_notes: int) -> None:
    resumes = gone.continue_token
    api = a_cluster(many(), names=(), replies={"/api/v1/pods?continue=5000": gone})
    if resumes:
        api.replies["/api/v1/pods?continue=9000"] = lambda _: _rest(5000)
    rows, reading = listed(PODS, api, strategy="bulk")
    assert len(rows) == count_read
    assert [len(reading.notes), len(reading.gaps)] == [reading_notes, 1 - reading_notes]


def _rest(start: int) -> bytes:
    """All that is left from `start`, in one page of a newer version."""
    items = [{"name": f"p{place:05d}", "namespace": "a"} for place in range(start, 10_001)]
    rows = [{"cells": [item["name"]], "object": {"metadata": item}} for item in items]
    return encode({"kind": "Table", "columnDefinitions": [NAME], "rows": rows})


def test_an_expired_token_that_only_leads_to_itself_ends_the_walk() -> None:
    api = a_cluster(many(), names=(), replies={"/api/v1/pods?continue=500": Gone("expired", continue_token="500")})
    rows, reading = listed(PODS, api, strategy="bulk")
    assert (len(rows), [gap.reason for gap in reading.gaps]) == (500, ["Failed"])


def test_a_list_that_breaks_off_keeps_its_pages_and_says_so() -> None:
    api = a_cluster(many(), names=(), replies={"/api/v1/pods?continue=500": TimedOut("late")})
    _, reading = listed(PODS, api, strategy="bulk")
    assert (reading.count, reading.gaps, reading.is_unread) == (500, (Gap("TimedOut", "late"),), False)


def test_a_namespace_that_the_server_pages_by_itself_is_read_to_its_end() -> None:
    pages = {
        "/api/v1/namespaces/a/pods": a_table([("one",)], [NAME], next_page="next"),
        "/api/v1/namespaces/a/pods?continue=next": a_table([("two",)], [NAME]),
    }
    rows, reading = listed(PODS, FakeApi(pages, namespaces_stock("a")), namespaces=("a",))
    assert (said(rows), reading.is_whole) == (["a/one", "a/two"], True)


# --- the policy's objects ---------------------------------------------------

FIVE = a_policy("limits: {maxObjects: 5}")
USED_UP = Gap("NotReached", "the policy's limits.maxObjects 5 is used up")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_more_objects_are_kept_than_the_policy_allows(strategy: Strategy) -> None:
    rows, reading = listed(PODS, a_cluster(spread(PODS, "a", "b")), policy=FIVE, strategy=strategy)
    assert len(rows) <= 5
    assert reading.gaps == (USED_UP,)


def test_nothing_more_is_asked_when_the_objects_are_used_up() -> None:
    api = a_cluster(many(), names=())
    _, reading = listed(PODS, api, strategy="bulk", policy=a_policy("limits: {maxObjects: 700}"))
    assert (reading.count, [gap.reason for gap in reading.gaps]) == (500, ["NotReached"])
    assert len(api.asked) == 3  # the probe, a page, and the page that was too much


def test_objects_outside_the_namespaces_count_too() -> None:
    _, reading = listed(PODS, a_cluster(spread(PODS, "a", "lost"), names=("a",)), policy=FIVE, strategy="fanout")
    assert [(gap.reason, gap.message) for gap in reading.gaps] == [
        ("NotReached", f"objects outside the listed namespaces: {USED_UP.message}")
    ]


def test_the_objects_are_one_budget_for_all_kinds() -> None:
    collector = a_collector(a_cluster(spread(PODS, "a"), spread(EVENTS, "a")), command="get", policy=FIVE)
    assert drive(list_kind(PODS, collector))[1].is_whole
    assert drive(list_kind(EVENTS, collector))[1].gaps == (USED_UP,)


# --- what is never asked ----------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_no_question_ever_joins_a_limit_with_the_servers_memory_or_repeats_itself(seed: int) -> None:
    for strategy, need, selector in product(STRATEGIES, NEEDS, ("", "app=x")):
        for kind in (PODS, SECRETS, NODES):
            api = random_cluster(seed)()
            listed(kind, api, strategy=strategy, need=need, selector=selector)
            assert not any(question.limit and question.from_cache for question in api.asked)
            assert len(set(api.asked)) == len(api.asked), (kind.name, strategy, need, selector)


# --- what must never look whole -----------------------------------------------


@pytest.mark.parametrize(("kind", "whole"), [(PODS, False), (NODES, True)])
def test_where_the_allowed_namespaces_are_not_all_known_no_namespaced_kind_is_whole(kind: Kind, whole: bool) -> None:
    collector = a_collector(a_cluster(spread(PODS, "a"), Stock(NODES, [Thing("n1")])))
    short = msgspec.structs.replace(collector, reach=Reach(names=("a",), shortfall=REFUSED))
    assert short.accounted(Reading(kind=kind, count=3)).is_whole is whole


def test_a_server_that_answers_a_question_about_secrets_with_whole_objects_is_not_believed() -> None:
    api = a_cluster(spread(SECRETS, "a", is_simple=True))
    _, reading = listed(SECRETS, api)
    assert reading.gaps == (
        Gap("Failed", "secrets: the server sent something else than the table that was asked for"),
    )
    assert all(question.strict for question in api.asked if question.path.endswith("/secrets"))


def test_secrets_that_cannot_be_selected_by_label_are_a_gap() -> None:
    late: dict[str, Reply] = {"/api/v1/secrets?labelSelector=!app": TimedOut("late")}
    api = a_cluster(Stock(SECRETS, [Thing("one", "a")]), replies=late)
    reading = count(SECRETS, api, by=("label=app",))
    assert (reading.count, reading.gaps) == (1, (Gap("TimedOut", "by label: late"),))


def test_labels_that_time_out_in_every_namespace_are_not_called_forbidden() -> None:
    late: dict[str, Reply] = {f"/api/v1/namespaces/{name}/pods": TimedOut("late") for name in ("a", "b")}
    api = a_cluster(Stock(PODS, LABELLED), names=("a", "b"), replies={"/api/v1/pods": REFUSED, **late})
    reading = count(PODS, api, by=("label=app",))
    assert [gap.reason for gap in reading.gaps] == ["TimedOut", "TimedOut"]


def test_a_long_list_of_namespaces_is_not_put_into_a_request() -> None:
    names = [f"team-{number:03}-with-a-long-name" for number in range(200)]
    api = a_cluster(spread(PODS, *names, "lost", each=1), names=names)
    rows, reading = listed(PODS, api, strategy="fanout")
    assert (len(rows), reading.count) == (201, 201)
    assert max(len(question.query()) for question in api.asked) < 1000

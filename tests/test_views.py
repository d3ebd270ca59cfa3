"""An inventory as rows and columns and as the JSON contract: what is shown, what is hidden, in which order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kubectl_inventory.boundary.policy import Rule
from kubectl_inventory.clock import epoch_of, now_epoch
from kubectl_inventory.errors import UsageError
from kubectl_inventory.output import views
from kubectl_inventory.output.columns import Places
from kubectl_inventory.output.sorting import sort_rows
from kubectl_inventory.output.views import Extras, Listed
from kubectl_inventory.reading.discovery import DiscoveryGap
from kubectl_inventory.reading.inventory import Gap, Inventory, Page, Reading, Row
from kubectl_inventory.reading.plan import Treatment
from kubectl_inventory.reading.reach import Reach, WithheldNamespace
from kubectl_inventory.wire import Cell, ColumnDefinition, ObjectMeta, OwnerReference
from tests.fake_api import (
    AGE,
    DEPLOYMENTS,
    NAME,
    NODE,
    NODES,
    PODS,
    READY,
    SECRETS,
    STATUS,
    a_kind,
    an_inventory,
)

EVENTS = a_kind("events", short_names=("ev",))
FORBIDDEN = Gap("Forbidden", "pods is forbidden")
IN_SHOP = Gap("Forbidden", "in shop", "shop")
LATE = Gap("TimedOut", "no answer in 5s")
COLUMNS = (NAME, READY, STATUS, AGE, NODE)
RULE = Rule("resources.deny", "secrets", "p.yaml:3")


def a_row(name: str = "web", *cells: Cell, namespace: str | None = "shop", meta: ObjectMeta | None = None) -> Row:
    return Row(namespace, name, (name, *cells), meta)


def listed(*rows: Row, columns: Sequence[ColumnDefinition] = COLUMNS) -> Listed:
    return Listed(PODS if rows and rows[0].namespace is not None else NODES, tuple(columns), list(rows))


def counted(*readings: Reading | Treatment, gaps: Sequence[DiscoveryGap] = (), reach: Reach | None = None) -> Inventory:
    return an_inventory(*readings, gaps=gaps, reach=reach).read_to_end()


# --- counts -----------------------------------------------------------------

SOME = (
    Reading(kind=PODS, count=3),
    Reading(kind=EVENTS, count=650),
    Reading(kind=DEPLOYMENTS, count=3),
    Reading(kind=NODES),
    Reading(kind=SECRETS, count=14, gaps=(IN_SHOP,), namespaces_asked=2),
    Reading(kind=a_kind("leases"), gaps=(FORBIDDEN,)),
    Reading(kind=a_kind("jobs"), gaps=(IN_SHOP,), namespaces_asked=2),
)


@pytest.mark.parametrize(
    ("show_empty", "last"), [(False, [("0+", "jobs")]), (True, [("0+", "jobs"), ("0", "nodes")])]
)
def test_counts_are_biggest_first_then_by_name(show_empty: bool, last: list[tuple[str, str]]) -> None:
    grid = views.counts(counted(*SOME), show_empty=show_empty, wide=False)
    assert grid.headers == ("COUNT", "KIND")
    assert grid.rows == [("650", "events"), ("14+", "secrets"), ("3", "deployments.apps"), ("3", "pods"), *last]


def test_wide_counts_say_how_a_kind_is_written() -> None:
    inventory = counted(Reading(kind=DEPLOYMENTS, count=3), Reading(kind=NODES, count=1))
    grid = views.counts(inventory, show_empty=False, wide=True)
    assert grid.headers == ("COUNT", "VERSION", "NAMESPACED", "SHORTNAMES", "KIND")
    assert grid.rows == [("3", "apps/v1", "true", "deploy", "deployments.apps"), ("1", "v1", "false", "no", "nodes")]


GROUPED = (
    Reading(kind=PODS, count=5, groups={("pay",): 4, ("shop",): 1}),
    Reading(kind=SECRETS, count=1, groups={("pay",): 1}),
    Reading(kind=NODES, count=2, groups={("-",): 2}),
    Reading(kind=DEPLOYMENTS, count=9, groups={("shop",): 9}),
    Reading(kind=EVENTS, count=1, groups={("shop",): 1}),
)


def test_counts_by_namespace_name_the_largest_kinds() -> None:
    grid = views.grouped_counts(counted(*GROUPED), ("namespace",))
    assert grid.headers == ("COUNT", "NAMESPACE", "KINDS", "LARGEST")
    assert grid.rows == [
        ("11", "shop", "3", "deployments:9,events:1,pods:1"),
        ("5", "pay", "2", "pods:4,secrets:1"),
        ("2", "-", "1", "nodes:2"),
    ]


@pytest.mark.parametrize(
    ("by", "headers", "first"),
    [
        (("namespace", "kind"), ("COUNT", "NAMESPACE", "KIND"), ("9", "shop", "deployments.apps")),
        (("kind", "namespace"), ("COUNT", "KIND", "NAMESPACE"), ("9", "deployments.apps", "shop")),
        (("kind", "label=team"), ("COUNT", "KIND", "TEAM"), ("9", "deployments.apps", "shop")),
        (("label=team", "kind"), ("COUNT", "TEAM", "KIND"), ("9", "shop", "deployments.apps")),
    ],
)
def test_counts_by_several_keys_have_a_column_a_key(
    by: tuple[str, ...], headers: tuple[str, ...], first: tuple[str, ...]
) -> None:
    grid = views.grouped_counts(counted(*GROUPED), by)
    assert (grid.headers, grid.rows[0], len(grid.rows)) == (headers, first, 6)


def test_counts_for_a_program_are_numbers_and_what_is_not_known_is_empty() -> None:
    grid = views.for_csv(views.Grid(("COUNT", "KIND"), [("14+", "secrets"), ("?", "pods"), ("-", "c++"), ("1", "a+")]))
    assert (grid.headers, grid.rows) == (("count", "kind"), [("14", "secrets"), ("", "pods"), ("", "c++"), ("1", "a+")])


# --- one kind ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("wide", "headers", "row"),
    [
        (False, ("NAMESPACE", "NAME", "READY", "STATUS", "AGE"), ("shop", "web", "1/1", "Running", "5m")),
        (True, ("NAMESPACE", "NAME", "READY", "STATUS", "AGE", "NODE"), ("shop", "web", "1/1", "Running", "5m", "w1")),
    ],
)
def test_one_kind_has_the_servers_columns(wide: bool, headers: tuple[str, ...], row: tuple[str, ...]) -> None:
    grid = views.one_kind(listed(a_row("web", "1/1", "Running", "5m", "w1")), Extras(wide=wide))
    assert (grid.headers, grid.rows) == (headers, [row])


@pytest.mark.parametrize(
    ("namespace", "cells", "row"),
    [
        ("", ("1/1",), ("?", "web", "1/1")),
        ("shop", (), ("shop", "web", "")),
        ("shop", ("1/1", "more", "still more"), ("shop", "web", "1/1")),
        ("shop", (None,), ("shop", "web", "")),
        ("shop", (1234567.5,), ("shop", "web", "1.2345675e+06")),
        ("shop", (True,), ("shop", "web", "true")),
        ("shop", (["x", "y"],), ("shop", "web", "[x y]")),
    ],
)
def test_rows_of_any_length_fit_their_columns(namespace: str, cells: tuple[Cell, ...], row: tuple[str, ...]) -> None:
    part = listed(a_row("web", *cells, namespace=namespace), columns=(NAME, READY))
    grid = views.one_kind(part, Extras())
    assert grid.rows == [row]


def test_a_cluster_scoped_kind_has_no_namespace_column() -> None:
    grid = views.one_kind(listed(a_row("w1", namespace=None), columns=(NAME,)), Extras())
    assert (grid.headers, grid.rows) == (("NAME",), [("w1",)])


@pytest.mark.parametrize(
    ("meta", "shown"),
    [
        (ObjectMeta(labels={"b": "2", "a": "1"}), "a=1,b=2"),
        (ObjectMeta(labels={}), "<none>"),
        (ObjectMeta(), "<none>"),
        (None, "?"),
    ],
)
def test_labels_are_sorted_and_a_secrets_are_not_known(meta: ObjectMeta | None, shown: str) -> None:
    part = listed(a_row("web", meta=meta), columns=(NAME,))
    assert views.one_kind(part, Extras(labels=True)).rows == [("shop", "web", shown)]
    assert views.several_kinds([part], Extras(labels=True)).rows[0][-1] == shown


# --- several kinds ----------------------------------------------------------


def test_several_kinds_share_five_columns() -> None:
    columns = (NAME, READY, ColumnDefinition("Up-to-date"), AGE)
    deployments = Listed(DEPLOYMENTS, columns, [a_row("api", "3/3", 3, "212d")])
    nodes = listed(a_row("w1", "Ready", "5d", namespace=None), columns=(NAME, STATUS, AGE))
    grid = views.several_kinds([deployments, nodes], Extras(wide=True))
    assert grid.headers == ("NAMESPACE", "NAME", "READY", "STATUS", "AGE", "MORE")
    assert grid.rows == [
        ("shop", "deployment.apps/api", "3/3", "-", "212d", "up-to-date=3"),
        ("-", "node/w1", "-", "Ready", "5d", ""),
    ]


@pytest.mark.parametrize(
    ("columns", "cells", "ready", "status", "age"),
    [
        (("Ready", "Status", "Age"), ("1/1", "Running", "5m"), "1/1", "Running", "5m"),
        (("Desired", "Current", "Ready"), (6, 6, 5), "5/6", "", ""),
        (("Desired", "Ready"), ("six", 5), "5", "", ""),
        (("READY", "PHASE"), (False, "Bound"), "false", "Bound", ""),
        (("Status", "Phase"), ("", "Bound"), "", "Bound", ""),
        (("Last Seen", "Type"), ("12s", "Warning"), "", "", "12s"),
        (("Status", "Status"), ("first", "second"), "", "first", ""),
        (("Size",), (3,), "", "", ""),
        (("Size", "Status"), (3,), "", "", ""),
    ],
)
def test_ready_status_and_age_are_found_by_the_servers_names(
    columns: Sequence[str], cells: tuple[Cell, ...], ready: str, status: str, age: str
) -> None:
    places, row = Places([NAME, *map(ColumnDefinition, columns)]), a_row("x", *cells)
    assert (places.ready(row), places.status(row), places.age(row)) == (ready, status, age)


def test_more_is_what_no_other_column_shows() -> None:
    columns = [NAME, STATUS, *map(ColumnDefinition, ("Storage Class", "Gone", "None", "Unset", "Short")), AGE]
    row = a_row("x", "Bound", "fast", None, "<none>", "<unset>")
    assert Places(columns).more(row) == "storage-class=fast"


def test_columns_of_the_document_leave_out_what_the_metadata_tells() -> None:
    columns = (AGE, STATUS, NAME, ColumnDefinition("Twice"), ColumnDefinition("Twice"), NODE)
    row = Row("shop", "x", ("5m", "Bound", "x", 1, 2))
    assert Places(columns).columns_of(row) == {"Status": "Bound", "Twice": 1}


def test_a_value_is_found_in_any_case_and_the_first_of_two() -> None:
    places = Places((NAME, ColumnDefinition("Twice"), ColumnDefinition("twice"), NODE))
    assert places.value(a_row("x", 1, 2), "TWICE") == 1
    assert (places.value(a_row("x", 1, 2), "node"), places.value(a_row("x"), "nothing")) == (None, None)


# --- lines ------------------------------------------------------------------


def test_names_are_kubectls() -> None:
    page = Page((NAME,), (a_row("web"), a_row("db")))
    assert list(views.names(DEPLOYMENTS, page)) == ["deployment.apps/web", "deployment.apps/db"]


@pytest.mark.parametrize(
    ("row", "line"),
    [
        (
            a_row("web", "1/1", "Running", meta=ObjectMeta(creation_timestamp="2026-01-03T09:14:22Z")),
            ("shop", "apps/v1", "Deployment", "web", "2026-01-03T09:14:22Z", "1/1", "Running"),
        ),
        (a_row("web", namespace=None), ("", "apps/v1", "Deployment", "web", "", "", "")),
        (a_row("web", meta=ObjectMeta()), ("shop", "apps/v1", "Deployment", "web", "", "", "")),
    ],
)
def test_csv_has_seven_columns_for_any_kind(row: Row, line: tuple[str, ...]) -> None:
    assert list(views.csv_rows(DEPLOYMENTS, Page(COLUMNS, (row,)))) == [line]
    assert len(views.CSV_HEADERS) == len(line)


# --- sorting ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "ordered"),
    [
        (["10", "9", "-1", "2.5"], ["-1", "2.5", "9", "10"]),
        (["10/10", "9/12", "0/1"], ["0/1", "9/12", "10/10"]),
        (["11 (2m14s ago)", "0", "2 (3d ago)"], ["0", "2 (3d ago)", "11 (2m14s ago)"]),
        (["5m12s", "90s", "2d", "1h"], ["90s", "5m12s", "1h", "2d"]),
        (["9" * 5000 + "s", "5s"], ["5s", "9" * 5000 + "s"]),
        (["nan", "10", "inf", "9", "infinity"], ["9", "10", "inf", "infinity", "nan"]),
        (["1_0", "9"], ["9", "1_0"]),
        (["beta", "alpha", "3"], ["3", "alpha", "beta"]),
        ([None, "b", "a"], ["a", "b", None]),
        ([1e6, 20, 3.5], [3.5, 20, 1e6]),
        (["\u0661", "2"], ["2", "\u0661"]),
        (["100Gi", "20Gi", "512Mi", "0", "1.5Ti"], ["0", "512Mi", "20Gi", "100Gi", "1.5Ti"]),
        (["2", "1500m", "500m", "1"], ["500m", "1", "1500m", "2"]),
        (["91%", "9%", "100%"], ["9%", "91%", "100%"]),
        (["5m", "30s", "0", "1h"], ["0", "30s", "5m", "1h"]),
        (["<unknown>", "<none>", "b", "<unset>", "7"], ["7", "b", "<unknown>", "<none>", "<unset>"]),
        (["<none>", ""], ["<none>", ""]),
        ([["y"], {"k": 1}, "x", ["x", "z"]], [["x", "z"], ["y"], {"k": 1}, "x"]),
    ],
)
def test_rows_are_sorted_as_what_they_say(values: list[Cell], ordered: list[Cell]) -> None:
    rows = [a_row(f"p{place}", value) for place, value in enumerate(values)]
    (part,) = sort_rows([listed(*rows, columns=(NAME, STATUS))], "STATUS")
    assert [row.cells[1] for row in part.rows] == ordered


OLD = ObjectMeta(creation_timestamp="2025-01-01T00:00:00Z", labels={"app.io/tier": "b"})
NEW = ObjectMeta(creation_timestamp="2026-01-01T00:00:00Z", labels={"app.io/tier": "a"})


@pytest.mark.parametrize(
    ("sort_by", "names"),
    [
        (".metadata.creationTimestamp", ["b", "a", "c"]),
        ("{.metadata.creationTimestamp}", ["b", "a", "c"]),
        ("metadata.creationTimestamp", ["b", "a", "c"]),
        ("AGE", ["b", "a", "c"]),
        (".metadata.name", ["a", "b", "c"]),
        ("name", ["a", "b", "c"]),
        (".metadata.namespace", ["c", "b", "a"]),
        ("kind", ["c", "b", "a"]),
        (r".metadata.labels.app\.io/tier", ["a", "b", "c"]),
        ("status", ["c", "a", "b"]),
    ],
)
def test_rows_are_sorted_by_a_header_or_a_path(sort_by: str, names: list[str]) -> None:
    rows = [
        a_row("c", "1/1", 1, namespace="n1"),
        a_row("b", "1/1", 3, namespace="n2", meta=OLD),
        a_row("a", "1/1", 2, namespace="n3", meta=NEW),
    ]
    (part,) = sort_rows([listed(*rows)], sort_by)
    assert [row.name for row in part.rows] == names


@pytest.mark.parametrize(
    "path", [".metadata.ownerReferences[0].name", '{.metadata.ownerReferences[?(@.kind=="Job")].name}']
)
def test_rows_are_sorted_by_their_owners(path: str) -> None:
    owned = (("a", "zeta"), ("b", "alpha"))
    rows = [
        a_row(name, meta=ObjectMeta(owner_references=(OwnerReference(kind="Job", name=owner),)))
        for name, owner in owned
    ]
    (part,) = sort_rows([listed(a_row("alone", meta=OLD), a_row("unknown"), *rows)], path)
    assert [row.name for row in part.rows] == ["b", "a", "alone", "unknown"]


def test_quantities_are_sorted_by_size_where_a_path_finds_them() -> None:
    values = ["1E", "2Gi", "1e3k", "1E3", "500m", "1Ki", "1"]
    columns = (NAME, ColumnDefinition("Size"))
    rows = [a_row(f"p{place}", value) for place, value in enumerate(values)]
    (part,) = sort_rows([listed(*rows, columns=columns)], ".columns.Size")
    assert [row.cells[1] for row in part.rows] == ["500m", "1", "1E3", "1Ki", "2Gi", "1E", "1e3k"]


def test_secrets_are_sorted_by_the_servers_age_the_oldest_first() -> None:
    rows = [a_row(name, age) for name, age in (("new", "5m"), ("old", "212d"), ("unknown", ""), ("mid", "47h"))]
    (part,) = sort_rows([Listed(SECRETS, (NAME, AGE), rows)], ".metadata.creationTimestamp")
    assert [row.name for row in part.rows] == ["old", "mid", "new", "unknown"]


def test_all_kinds_are_in_one_order_and_those_alike_in_the_usual_one() -> None:
    web, api, one, two = (a_row(name, namespace=None) for name in ("web", "api", "web", "web"))
    pods = Listed(PODS, (NAME,), [web, api])
    nodes = Listed(NODES, (NAME, READY), [one, two])

    ordered = sort_rows([pods, nodes], "name")

    assert ordered == [Listed(PODS, (NAME,), [api, web]), Listed(NODES, (NAME, READY), [one, two])]


def test_what_only_one_kind_has_is_before_what_has_no_value() -> None:
    nodes = Listed(NODES, (NAME,), [a_row("node", namespace=None)])
    pods = listed(a_row("b", "1/1", "Running"), a_row("a", "1/1", "Pending"))

    ordered = sort_rows([nodes, pods], "status")

    assert [row.name for part in ordered for row in part.rows] == ["a", "b", "node"]


def test_status_is_a_phase_too_and_ready_is_out_of_what_is_desired_as_several_kinds_are_shown() -> None:
    pods = listed(a_row("web", "3/3", "Running"), a_row("job", "0/1", "Completed"))
    columns = (NAME, ColumnDefinition("Desired"), READY, ColumnDefinition("Phase"))
    sets = Listed(a_kind("sets"), columns, [a_row("lost", 9, 0, "Lost"), a_row("bound", 12, 3, "Bound")])

    by = {header: sort_rows([pods, sets], header) for header in ("status", "READY")}

    assert [row.name for part in by["status"] for row in part.rows] == ["bound", "job", "lost", "web"]
    assert [row.name for part in by["READY"] for row in part.rows] == ["job", "lost", "bound", "web"]
    assert [row.name for part in sort_rows([sets], "status") for row in part.rows] == ["bound", "lost"]


def test_a_column_for_wide_alone_is_sorted_by() -> None:
    columns = (NAME, ColumnDefinition("Ready", priority=1))
    (part,) = sort_rows([listed(a_row("a", "2/2"), a_row("b", "0/2"), columns=columns)], "ready")
    assert [row.name for row in part.rows] == ["b", "a"]


def test_secrets_are_among_the_others_by_their_age() -> None:
    created = [ObjectMeta(creation_timestamp=f"{year}-01-01T00:00:00Z") for year in (2000, 2001)]
    pods = listed(a_row("older", meta=created[0]), a_row("old", meta=created[1]))
    aged = f"{int(now_epoch() - (epoch_of('2000-07-01T00:00:00Z') or 0)) // 86400}d"
    secrets = Listed(SECRETS, (NAME, AGE), [a_row("key", aged), a_row("new", "5m")])

    for sort_by in ("age", ".metadata.creationTimestamp"):
        ordered = sort_rows([pods, secrets], sort_by)
        assert [row.name for part in ordered for row in part.rows] == ["older", "key", "old", "new"]


def test_a_column_that_no_object_has_is_an_error_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r'no object has "statsu", did you mean "status"\?'):
        sort_rows([listed(a_row("a", "1/1", "Running"))], "statsu")


def test_nothing_to_sort_is_sorted() -> None:
    assert sort_rows([], "anything") == []


# --- kinds ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("treatment", "reading", "cells"),
    [
        (Treatment(PODS, "LeftOut", "why not"), None, ("LeftOut", "-", "why not")),
        (Treatment(PODS, "Asked"), Reading(kind=PODS, count=3), ("Read", "3", "")),
        (Treatment(PODS, "Asked"), Reading(kind=PODS, count=3, notes=("old", "new")), ("Read", "3", "old, new")),
        (Treatment(PODS, "Asked"), Reading(kind=PODS, gaps=(FORBIDDEN,)), ("Forbidden", "?", "")),
        (Treatment(NODES, "Asked"), Reading(kind=NODES, gaps=(FORBIDDEN,)), ("Forbidden", "?", "at cluster scope")),
        (Treatment(PODS, "Asked"), Reading(kind=PODS, gaps=(LATE,)), ("TimedOut", "?", "no answer in 5s")),
        (Treatment(PODS, "Asked"), Reading(kind=PODS, count=9, gaps=(LATE,)), ("TimedOut", "9+", "no answer in 5s")),
        (
            Treatment(PODS, "Asked"),
            Reading(kind=PODS, count=14, gaps=(IN_SHOP,), namespaces_asked=14),
            ("Forbidden", "14+", "in 1 of 14 namespaces"),
        ),
        (Treatment(PODS, "Asked"), Reading(kind=PODS, gaps=(IN_SHOP,), namespaces_asked=1), ("Forbidden", "?", "")),
    ],
)
def test_every_kind_says_how_it_was_treated(
    treatment: Treatment, reading: Reading | None, cells: tuple[str, str, str]
) -> None:
    assert views.treated(treatment, reading) == cells


def a_mixture() -> Inventory:
    return counted(
        Reading(kind=PODS, count=3),
        Reading(kind=DEPLOYMENTS, count=1, gaps=(IN_SHOP,), namespaces_asked=2),
        Reading(kind=NODES, gaps=(FORBIDDEN,)),
        Treatment(SECRETS, "Withheld", str(RULE), RULE),
        gaps=[DiscoveryGap("b.example", "v1")],
        reach=Reach(excluded=("kube-system",), withheld=(WithheldNamespace("kube-system", RULE),)),
    )


@pytest.mark.parametrize(("wide", "last"), [(False, ()), (True, ("?", "?", "?", "?"))])
def test_kinds_are_in_api_order_with_the_groups_that_are_unknown(wide: bool, last: tuple[str, ...]) -> None:
    grid = views.kinds(a_mixture(), wide=wide)
    assert [row[0] for row in grid.rows] == ["Forbidden", "Read", "Withheld", "Forbidden", "Unavailable"]
    assert grid.rows[-1] == ("Unavailable", "?", "v1", *last, "*.b.example", "its kinds are unknown")
    assert {len(row) for row in grid.rows} == {len(grid.headers)}


def test_free_text_follows_its_row_unpadded() -> None:
    grid = views.with_free_text_last(views.kinds(a_mixture(), wide=False))
    assert grid.headers == ("STATUS", "COUNT", "VERSION", "KIND   WHY")
    assert [row[-1] for row in grid.rows[1:3]] == ["pods", 'secrets   resources.deny "secrets" (p.yaml:3)']


# --- the document -----------------------------------------------------------


def test_a_document_says_where_when_and_whether_it_is_whole() -> None:
    document = views.document(counted(Reading(kind=PODS)), [])
    assert document == {
        "apiVersion": "inventory/v1",
        "kind": "Inventory",
        "context": "dev",
        "server": "https://dev:6443",
        "takenAt": "2026-08-03T01:12:40Z",
        "complete": True,
        "items": [],
        "unread": [],
        "withheld": [],
    }


def test_a_document_accounts_for_what_is_not_in_it() -> None:
    document = views.document(a_mixture(), [])
    assert document["complete"] is False
    assert document["unread"] == [
        {"resource": "deployments", "group": "apps", "namespace": "shop", "reason": "Forbidden", "message": "in shop"},
        {"resource": "nodes", "group": "", "reason": "Forbidden", "message": "pods is forbidden"},
        {"resource": "*", "group": "b.example", "reason": "Unavailable", "message": "its kinds are unknown"},
    ]
    rule = {"rule": 'resources.deny "secrets"', "source": "p.yaml:3"}
    assert document["withheld"] == [
        {"resource": "secrets", "group": "", **rule},
        {"namespace": "kube-system", **rule},
    ]


def test_a_count_that_is_a_lower_bound_says_so() -> None:
    items = views.count_items(a_mixture(), ("kind",))
    assert [(item["resource"], item["count"], item.get("atLeast")) for item in items] == [
        ("pods", 3, None),
        ("deployments", 1, True),
    ]
    assert list(items[0]) == ["resource", "group", "version", "kind", "namespaced", "count"]


@pytest.mark.parametrize(
    ("by", "first", "last"),
    [
        (("namespace",), {"namespace": "shop", "count": 11}, {"count": 2}),
        (("namespace", "kind"), {"namespace": "shop", "kind": "deployments.apps", "count": 9},
         {"namespace": "shop", "kind": "pods", "count": 1}),
        (("label=team",), {"label:team": "shop", "count": 11}, {"count": 2}),
    ],
)  # fmt: skip
def test_grouped_items_have_their_keys(by: tuple[str, ...], first: dict[str, object], last: dict[str, object]) -> None:
    items = views.count_items(counted(*GROUPED), by)
    assert (items[0], items[-1]) == (first, last)


def test_an_object_is_told_with_its_metadata() -> None:
    owner = OwnerReference("apps/v1", "ReplicaSet", "web-1", "u2")
    meta = ObjectMeta("web", "shop", "u1", "2026-01-03T09:14:22Z", {"app": "web"}, (owner,))
    item = views.object_item(PODS, a_row("web", "1/1", meta=meta), Places(COLUMNS))
    assert item == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "uid": "u1",
            "labels": {"app": "web"},
            "ownerReferences": (owner,),
            "creationTimestamp": "2026-01-03T09:14:22Z",
        },
        "columns": {"Ready": "1/1"},
    }


def test_a_cell_that_is_a_list_or_a_map_is_itself_in_the_document() -> None:
    places = Places((NAME, ColumnDefinition("Zones"), ColumnDefinition("Sizes")))
    item = views.object_item(PODS, a_row("web", ["x", "y"], {"s": 1}), places)
    assert item["columns"] == {"Zones": ["x", "y"], "Sizes": {"s": 1}}


@pytest.mark.parametrize(("namespace", "more"), [("shop", {"namespace": "shop"}), ("", {}), (None, {})])
def test_what_is_not_known_of_an_object_is_absent(namespace: str | None, more: dict[str, str]) -> None:
    places = Places((NAME, ColumnDefinition("Type")))
    item = views.object_item(SECRETS, a_row("key", "Opaque", namespace=namespace), places)
    assert item["metadata"] == {"name": "key", **more}
    assert item["columns"] == {"Type": "Opaque"}


@pytest.mark.parametrize(("sparse", "more"), [(False, {"labels": {}, "ownerReferences": ()}), (True, {})])
def test_an_object_without_labels_or_owners_has_empty_ones_and_no_uid_or_time_that_it_has_not(
    sparse: bool, more: dict[str, object]
) -> None:
    item = views.object_item(PODS, a_row("web", meta=ObjectMeta("web")), Places(COLUMNS), sparse=sparse)
    assert item["metadata"] == {"name": "web", "namespace": "shop", **more}


def test_kind_items_hold_every_discovered_kind() -> None:
    items = {str(item["resource"]): item for item in views.kind_items(a_mixture())}
    assert [items[name].get("count") for name in ("pods", "deployments", "nodes", "secrets")] == [3, 1, None, None]
    assert [items[name].get("atLeast") for name in ("pods", "deployments")] == [None, True]
    assert (items["secrets"]["status"], items["pods"]["shortNames"]) == ("Withheld", ("po",))


# --- documents for people ---------------------------------------------------


def test_a_document_opens_with_the_cluster_and_closes_with_what_is_missing() -> None:
    inventory = a_mixture()
    assert views.opening(inventory) == "dev (https://dev:6443), 2026-08-03T01:12:40Z, INCOMPLETE\n\n"
    assert views.closing(inventory).splitlines() == [
        "",
        "* unread: deployments.apps in shop: Forbidden",
        "* unread: nodes: Forbidden",
        "* unread: *.b.example: Unavailable",
        '* withheld: secrets: resources.deny "secrets" (p.yaml:3)',
        '* withheld: namespace kube-system: resources.deny "secrets" (p.yaml:3)',
    ]


def test_a_whole_document_needs_no_closing() -> None:
    inventory = counted(Reading(kind=PODS))
    assert views.opening(inventory).endswith(", complete\n\n")
    assert views.closing(inventory) == ""


def test_what_closes_a_document_holds_no_control_character() -> None:
    inventory = counted(Reading(kind=PODS), gaps=[DiscoveryGap("x\x1b[2J.example", "v1")])
    assert "\x1b" not in views.closing(inventory)


def test_a_long_number_that_is_none_is_sorted_in_no_time() -> None:
    """A pattern that splits digits in every way would take hours."""
    long = "1" * 200_000
    rows = [Row("shop", name, (cell,)) for name, cell in (("a", f"{long}x"), ("b", 10**400), ("c", 2))]
    columns = (ColumnDefinition("Kind of"), ColumnDefinition("Note"))
    rows = [Row(row.namespace, row.name, ("", *row.cells)) for row in rows]
    (part,) = sort_rows([Listed(PODS, columns, rows)], ".columns.Note")
    assert [row.name for row in part.rows] == ["c", "b", "a"]

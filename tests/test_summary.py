"""The lines on stderr that end every run: which cluster, what was read, what was not, what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from kubectl_inventory.boundary.policy import Rule
from kubectl_inventory.errors import OUT_OF_TIME
from kubectl_inventory.output.style import Style
from kubectl_inventory.output.summary import Summary, summarize
from kubectl_inventory.reading.discovery import DiscoveryGap
from kubectl_inventory.reading.inventory import Gap, Inventory, Reading
from kubectl_inventory.reading.plan import Treatment
from kubectl_inventory.reading.reach import Reach, WithheldNamespace
from kubectl_inventory.request import Command, Request
from kubectl_inventory.resource import Kind
from kubectl_inventory.words import seconds, some_of
from tests.fake_api import DEPLOYMENTS, NAMESPACE_KIND, NODES, PODS, SECRETS, a_kind, an_inventory

EVENTS = a_kind("events")
STOCK = a_kind("stocklevels", "stock.acme.example")
RULE = Rule("resources.deny", "secrets", "p.yaml:3")
NAMESPACES = Reading(kind=NAMESPACE_KIND, count=14)


def refused(kind: Kind) -> Reading:
    return Reading(kind=kind, gaps=(Gap("Forbidden", "no"),))


def partly(kind: Kind, some: int, asked: int, count: int = 1) -> Reading:
    gaps = tuple(Gap("Forbidden", "no", f"n{number}") for number in range(some))
    return Reading(kind=kind, count=count, gaps=gaps, namespaces_asked=asked)


def summary(
    *pieces: Reading | Treatment,
    command: Command = "counts",
    by: tuple[str, ...] = ("kind",),
    style: Style | None = None,
    flags: str = "",
    **inventory: Any,
) -> Summary:
    taken: Inventory = an_inventory(*pieces, **inventory).read_to_end()
    return summarize(
        taken, Request(command=command, by=by), style or Style(), elapsed_s=0.21, connection_flags=flags
    )


@pytest.mark.parametrize(
    ("readings", "sentence"),
    [
        ([Reading(kind=PODS, count=1968), NAMESPACES],
         "dev: 1,982 objects of 2 kinds in 14 namespaces; 0.2s"),
        ([Reading(kind=PODS, count=1), Reading(kind=NAMESPACE_KIND, count=1200)],
         "dev: 1,201 objects of 2 kinds in 1,200 namespaces; 0.2s"),
        ([Reading(kind=PODS, count=1)], "dev: 1 object of 1 kind; 0.2s"),
        ([Reading(kind=PODS)], "dev: 0 objects of 0 kinds; 1 empty kind not shown (--show-empty); 0.2s"),
        ([Reading(kind=PODS), Reading(kind=NODES), Reading(kind=EVENTS, count=2)],
         "dev: 2 objects of 1 kind; 2 empty kinds not shown (--show-empty); 0.2s"),
    ],
)  # fmt: skip
def test_a_whole_answer_is_one_sentence(readings: Sequence[Reading], sentence: str) -> None:
    assert summary(*readings) == Summary(sentence)


@pytest.mark.parametrize(
    ("command", "by", "style"),
    [
        ("get", ("kind",), Style()),
        ("counts", ("namespace",), Style()),
        ("counts", ("kind",), Style(show_empty=True)),
        ("counts", ("kind",), Style(format="json")),
        ("counts", ("kind",), Style(format="csv")),
    ],
)
def test_empty_kinds_are_told_only_where_they_are_hidden(command: Command, by: tuple[str, ...], style: Style) -> None:
    assert "empty" not in summary(Reading(kind=PODS), command=command, by=by, style=style).sentence


@pytest.mark.parametrize(
    ("names", "where"),
    [
        (("shop", "pay"), "in 2 namespaces (shop, pay)"),
        (("shop",), "in 1 namespace (shop)"),
        (tuple("abcdef"), "in 6 namespaces"),
    ],
)
def test_named_namespaces_are_named_while_they_are_few(names: tuple[str, ...], where: str) -> None:
    reach = Reach(names=names, cluster_scoped=False, named=True)
    assert summary(Reading(kind=PODS, count=2), reach=reach).sentence == f"dev: 2 objects of 1 kind {where}; 0.2s"


def test_the_contexts_own_namespace_is_named_where_it_stands_in() -> None:
    inventory = an_inventory(Reading(kind=PODS, count=2, namespaces_asked=1))
    inventory._namespaces.names()
    said = summarize(inventory.read_to_end(), Request(), Style(), elapsed_s=1, connection_flags="")
    assert "in 1 namespace (default, the context's own; namespaces are Failed, name others with -n)" in said.sentence


def test_partial_rights_are_a_line_a_reason() -> None:
    unreadable = [NODES, a_kind("persistentvolumes"), a_kind("podtemplates"), a_kind("leases"), a_kind("jobs")]
    readings = [Reading(kind=PODS, count=1446), NAMESPACES, *map(refused, unreadable), partly(SECRETS, 13, 14, 14)]
    said = summary(*readings, flags="--as viewer")
    assert said.sentence == "dev: INCOMPLETE: 1,474 objects of 3 kinds in 14 namespaces; 2 of 8 kinds read; 0.2s"
    assert said.lines == (
        "  5 kinds   Forbidden   nodes, persistentvolumes, podtemplates and 2 more",
        "  1 kind    Forbidden   in 13 of 14 namespaces: secrets",
    )
    assert said.hint == '"kubectl inventory kinds --as viewer | grep Forbidden" lists them; --allow-incomplete: exit 0'


def test_a_kind_refused_in_all_the_named_namespaces_is_refused() -> None:
    said = summary(Reading(kind=PODS, count=1), partly(SECRETS, 1, 1, 0), command="get")
    assert said.lines == ("  1 kind   Forbidden   secrets",)


def test_a_group_that_hangs_is_named_with_what_to_do() -> None:
    late = Reading(kind=STOCK, gaps=(Gap("TimedOut", "no answer in 5s"),))
    said = summary(Reading(kind=PODS, count=1), late, flags="--context dev")
    assert said.lines == ("  1 kind   TimedOut   stocklevels.stock.acme.example: no answer in 5s",)
    assert said.hint == (
        '"kubectl get apiservice v1.stock.acme.example --context dev"; --exclude stocklevels.stock.acme.example'
    )


@pytest.mark.parametrize(
    ("reason", "message", "hint"),
    [
        ("TimedOut", "no answer in 5s", "--request-timeout 30s gives each request more time"),
        ("TimedOut", OUT_OF_TIME, "--deadline 10m gives the whole run longer"),
        ("NotReached", OUT_OF_TIME, "--deadline 10m gives the whole run longer"),
    ],
)
def test_the_hint_is_about_the_time_that_was_up(reason: str, message: str, hint: str) -> None:
    late = [Reading(kind=kind, gaps=(Gap(reason, message),)) for kind in (PODS, NODES, EVENTS, STOCK)]
    assert summary(*late).hint == hint


def test_where_the_run_was_over_for_few_the_hint_is_who_serves_them_or_that_it_can_be_longer() -> None:
    late = Gap("TimedOut", OUT_OF_TIME)
    assert summary(Reading(kind=PODS, gaps=(late,))).hint == "--deadline 10m gives the whole run longer"
    assert summary(Reading(kind=STOCK, gaps=(late,))).hint.startswith('"kubectl get apiservice v1.stock.acme.example"')


def test_a_list_that_broke_off_is_among_the_unread() -> None:
    said = summary(Reading(kind=PODS, count=500, gaps=(Gap("TimedOut", "no answer in 5s"),)))
    assert said.lines == ("  1 kind   TimedOut   pods: no answer in 5s",)
    assert said.hint == ""


def test_a_group_that_is_unknown_is_named() -> None:
    gap = DiscoveryGap("report.acme.example", "v1")
    said = summary(Reading(kind=PODS, count=1), gaps=[gap])
    assert said.sentence.startswith("dev: INCOMPLETE: 1 object of 1 kind; 1 of 1 kind read")
    assert said.lines == ("  1 group   Unavailable   report.acme.example/v1: its kinds are unknown",)
    assert said.hint == '"kubectl get apiservice v1.report.acme.example" tells why; --exclude "*.report.acme.example"'


def test_a_group_is_one_of_how_many_of_its_versions_nothing_is_known() -> None:
    gaps = [DiscoveryGap("report.acme.example", version) for version in ("v1", "v2")]
    said = summary(Reading(kind=PODS, count=1), gaps=gaps)
    assert "; 1 of 1 kind read, 1 API group unavailable" in said.sentence
    assert len(said.lines) == 2


def test_reasons_come_in_one_order_and_line_up() -> None:
    readings = [
        Reading(kind=PODS, gaps=(Gap("NotReached", "late"),)),
        Reading(kind=NODES, gaps=(Gap("TimedOut", "late"),)),
        partly(DEPLOYMENTS, 1, 2),
        partly(EVENTS, 1, 2),
        refused(SECRETS),
    ]
    assert [line.split("   ")[1].strip() for line in summary(*readings).lines] == [
        "Forbidden", "Forbidden", "TimedOut", "NotReached",
    ]  # fmt: skip
    assert len({line.index("   ", 4) for line in summary(*readings).lines}) == 2


def test_what_the_policy_withholds_is_named_and_no_gap() -> None:
    kept = [Treatment(a_kind(name), "Withheld", str(RULE), RULE) for name in ("secrets", "leases", "jobs", "pods", "x")]
    spaces = tuple(WithheldNamespace(f"kube-{number}", RULE) for number in range(4))
    said = summary(Reading(kind=EVENTS, count=1), *kept, reach=Reach(withheld=spaces))
    assert said == Summary(
        "dev: 1 object of 1 kind; 5 kinds withheld by policy (secrets, leases, jobs and 2 more); "
        "4 namespaces withheld by policy (kube-0, kube-1, kube-2 and 1 more); 0.2s"
    )


def test_a_great_many_that_are_withheld_are_counted_as_all_numbers_are() -> None:
    spaces = tuple(WithheldNamespace(f"kube-{number}", RULE) for number in range(1203))
    said = summary(Reading(kind=EVENTS, count=1), reach=Reach(withheld=spaces))
    assert said == Summary(
        "dev: 1 object of 1 kind; "
        "1,203 namespaces withheld by policy (kube-0, kube-1, kube-2 and 1,200 more); 0.2s"
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a, b"),
        (["a", "b", "c"], "a, b and 1 more"),
        (["n"] * 1202, "n, n and 1,200 more"),
    ],
)
def test_of_many_names_some_are_told_and_the_rest_is_counted(names: list[str], said: str) -> None:
    assert some_of(names, 2) == said


def test_the_numbers_of_kinds_add_up() -> None:
    said = summary(
        Reading(kind=PODS, count=1),
        Reading(kind=EVENTS),
        refused(NODES),
        partly(SECRETS, 1, 2),
        Treatment(DEPLOYMENTS, "LeftOut", "x"),
        Treatment(STOCK, "Alias", "x"),
        command="kinds",
    )
    assert said.sentence == (
        "dev: INCOMPLETE: 6 kinds: 2 Read, 2 Forbidden (1 in part), 1 Alias, 1 LeftOut; 0.2s"
    )
    assert (said.lines, said.hint) == ((), "")


@pytest.mark.parametrize(
    ("elapsed_s", "text"), [(0.04, "0.0s"), (0.25, "0.2s"), (9.94, "9.9s"), (10.4, "10s"), (119, "119s")]
)
def test_time_is_told_in_seconds(elapsed_s: float, text: str) -> None:
    assert seconds(elapsed_s) == text


def test_two_reasons_of_one_kind_are_two_lines() -> None:
    gaps = (Gap("Forbidden", "no", "a"), Gap("TimedOut", "late", "b"))
    said = summary(Reading(kind=SECRETS, count=1, gaps=gaps, namespaces_asked=3))
    assert [line.split() for line in said.lines] == [
        ["1", "kind", "Forbidden", "in", "1", "of", "3", "namespaces:", "secrets"],
        ["1", "kind", "TimedOut", "in", "1", "of", "3", "namespaces:", "secrets"],
    ]

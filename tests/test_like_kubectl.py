"""The answer is kubectl's own: the same table to the byte, the same names, the same counts, whichever way it is asked.

The oracle is the real kubectl at the real server; every kind of the demo cluster is held against it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Screen, Typist
from tests.controlplane.cluster import ControlPlane
from tests.oracle import LEFT_OUT, Found, ListedKind, census, counted_kinds, listed_kinds, pair

AGE = r"(?<![\w.-])(?:\d+[ydhms])+(?![\w.-])"
STRATEGIES = ("auto", "sequential", "fanout", "bulk")
FORMATS = ("table", "wide", "name", "csv", "json", "ndjson", "yaml", "markdown")


@pytest.fixture(scope="module")
def typist(demo: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    """The administrator, with a discovery cache that lasts for this file."""
    return Typist(tmp_path_factory.mktemp("home"), demo.kubeconfigs["admin"])


@pytest.fixture(scope="module")
def kinds(typist: Typist) -> list[ListedKind]:
    """Every kind whose rows kubectl prints in one order; componentstatuses come as etcd answers."""
    return [kind for kind in listed_kinds(typist) if kind.name != LEFT_OUT]


def escaped(table: str) -> str:
    """kubectl's table with the one intended difference: BEL is spelled, and takes its room from the padding."""
    spelled = re.sub("\x07((?:[^ ]| (?! ))*)   (?= )", r"\\x07\1", table)
    return spelled.replace("\x07", "\\x07")


@pytest.fixture(scope="module")
def everything(typist: Typist) -> list[Found]:
    """Every object of the cluster, as kubectl tells it."""
    return census(typist)


def differing(typist: Typist, kinds: Sequence[ListedKind], ours: Sequence[str], theirs: Sequence[str]) -> list[str]:
    """The kinds of which the two commands print different tables."""

    def differs(kind: ListedKind) -> bool:
        screen, expected = pair(
            lambda: typist.inventory("get", kind.name, "-q", *ours),
            lambda: typist.kubectl("get", kind.name, *theirs).out,
            same=lambda one, other: unhurried(one) == unhurried(escaped(other)),
        )
        return unhurried(screen.out) != unhurried(escaped(expected)) or screen.code != 0

    with ThreadPoolExecutor(4) as aside:
        verdicts = aside.map(differs, kinds)
        return [kind.name for kind, verdict in zip(kinds, verdicts, strict=True) if verdict]


def unhurried(table: str) -> str:
    """A table whose ages stand still: each is as wide as it was, so that every byte of padding still counts."""
    return re.sub(AGE, lambda age: "A" * len(age[0]), table)


def test_every_kinds_table_is_kubectls_to_the_byte(typist: Typist, kinds: list[ListedKind]) -> None:
    assert differing(typist, kinds, (), ("-A",)) == []
    # Not because there was nothing to compare.
    assert len(kinds) > 60


def test_every_kinds_wide_table_is_kubectls_to_the_byte(typist: Typist, everything: list[Found]) -> None:
    some = sorted({it.kind for it in everything})
    assert differing(typist, some, ("-o", "wide"), ("-A", "-o", "wide")) == []
    assert len(some) > 40


def test_a_namespaces_tables_are_kubectls_to_the_byte(typist: Typist, everything: list[Found]) -> None:
    some = sorted({it.kind for it in everything if it.namespace == "shop"})
    theirs = ("-A", "--field-selector", "metadata.namespace=shop")
    assert differing(typist, some, ("-n", "shop"), theirs) == []
    assert len(some) > 15


# Kinds with more than a page of 500, with multi-byte and cut cells, and with nothing but short ones.
@pytest.mark.parametrize("flags", [("--no-headers",), ("--no-headers", "-o", "wide"), ("--show-labels",)])
def test_other_tables_are_kubectls_too(typist: Typist, kinds: list[ListedKind], flags: tuple[str, ...]) -> None:
    names = {"events", "databases.acme.example", "clusterpolicies.acme.example", "poddisruptionbudgets.policy", "nodes"}
    chosen = [kind for kind in kinds if kind.name in names]
    assert len(chosen) == len(names)
    assert differing(typist, chosen, flags, ("-A", *flags)) == []


def test_a_cell_keeps_no_control_character_that_kubectl_lets_through(typist: Typist) -> None:
    raw = typist.kubectl("get", "clusterpolicies", "-o", "wide").out
    ours = typist.inventory("get", "clusterpolicies", "-o", "wide", "-q").out
    assert "\x07" in raw
    assert "\\x07" in ours
    assert ours.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("get", "rc"), ("get", "rc", "-A")),
        (("get", "rc", "-n", "labs"), ("get", "rc", "-n", "labs")),
        (("get", "runtimeclasses"), ("get", "runtimeclasses")),
    ],
)
def test_nothing_found_is_said_in_kubectls_words(
    typist: Typist, ours: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    screen = typist.inventory(*ours, "-q")
    assert screen == typist.kubectl(*theirs)
    assert screen.out == ""


def test_names_are_what_kubectl_names_every_kind(typist: Typist) -> None:
    every = ",".join(kind.name for kind in counted_kinds(typist))
    theirs = Counter(typist.kubectl("get", every, "-A", "-o", "name").lines)
    ours = typist.inventory("get", "-o", "name")
    assert Counter(ours.lines) == theirs
    assert ours.code == 3  # the group whose server is not there
    assert theirs.total() > 1500


def test_every_count_is_what_kubectl_counts(typist: Typist) -> None:
    kinds = counted_kinds(typist)
    with ThreadPoolExecutor(4) as aside:
        named = aside.map(lambda kind: typist.kubectl("get", kind.name, "-A", "-o", "name").lines, kinds)
        theirs = {kind.name: len(lines) for kind, lines in zip(kinds, named, strict=True)}
    ours = typist.inventory("--show-empty", "--no-headers").lines
    assert {kind: int(count) for count, kind in map(str.split, ours)} == theirs


def test_counts_of_namespaces_are_what_kubectl_counts(typist: Typist, everything: list[Found]) -> None:
    found = [it for it in everything if it.namespace in ("shop", "pay")]
    theirs = {it.kind.name for it in found}
    for namespace in ("shop", "pay"):
        ours = typist.inventory("-n", namespace, "--no-headers").lines
        expected = Counter(it.kind.name for it in found if it.namespace == namespace)
        assert Counter({kind: int(count) for count, kind in map(str.split, ours)}) == expected
    both = typist.inventory("-n", "shop,pay", "--no-headers").lines
    assert {line.split()[1] for line in both} == theirs


# --- one answer, whichever way it was fetched ---


def ageless(text: str) -> str:
    """What two runs may differ in taken out: times to the second, and the padding that follows from them."""
    text = re.sub(AGE, "AGE", text)
    text = re.sub(r"(takenAt\W+|\), )\d{4}-[-T:\d]+Z", r"\1TIME", text, count=1)
    return re.sub(r" {2,}", "  ", text)


@pytest.fixture(scope="module")
def by_strategy(typist: Typist) -> dict[tuple[str, str], Screen]:
    """The whole cluster in every format by every strategy."""
    ways = [(strategy, form) for form in FORMATS for strategy in STRATEGIES]
    with ThreadPoolExecutor(4) as aside:
        screens = aside.map(lambda way: typist.inventory("get", "--strategy", way[0], "-o", way[1]), ways)
        return dict(zip(ways, screens, strict=True))


@pytest.mark.parametrize("form", FORMATS)
def test_every_strategy_prints_the_same_bytes(by_strategy: dict[tuple[str, str], Screen], form: str) -> None:
    answers = {strategy: ageless(by_strategy[strategy, form].out) for strategy in STRATEGIES}
    assert answers["auto"].count("\n") > 1500
    assert [strategy for strategy in STRATEGIES if answers[strategy] != answers["auto"]] == []


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_no_strategy_loses_what_is_in_a_namespace_that_was_forced_away(
    typist: Typist, by_strategy: dict[tuple[str, str], Screen], strategy: str
) -> None:
    assert "legacy" not in typist.kubectl("get", "namespaces", "-o", "name").out
    rows = [line.split() for line in by_strategy[strategy, "table"].lines if line.startswith("legacy ")]
    assert [row[:2] for row in rows] == [
        ["legacy", "configmap/crm-settings"],
        ["legacy", "database.acme.example/crm"],
    ]


@pytest.mark.parametrize("form", ["table", "name", "csv"])
def test_every_strategy_prints_the_same_of_named_namespaces(typist: Typist, form: str) -> None:
    # More than `bulk.moreThanNamespaces`, so that auto is free to choose.
    flags = ("get", "deploy,pods,secrets,events", "-n", "shop,pay,data,batch,auth", "-o", form)
    answers = {ageless(typist.inventory(*flags, "--strategy", strategy).out) for strategy in STRATEGIES}
    assert len(answers) == 1
    assert answers.pop().count("\n") > 200


def test_a_policy_changes_no_byte_of_what_it_lets_through(typist: Typist, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("apiVersion: inventory/v1\nkind: BoundaryPolicy\nnamespaces: {deny: [kube-system, monitoring]}\n")
    whole = typist.inventory("get", "pods", "-q", "-o", "csv").lines
    held = typist.inventory("get", "pods", "-q", "-o", "csv", "--policy", str(policy)).lines
    assert held == [line for line in whole if not line.startswith(("kube-system,", "monitoring,"))]
    assert len(held) < len(whole)

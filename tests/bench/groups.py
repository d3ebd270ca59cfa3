"""The table's rows as data: which commands run by turns, what each row compares, and what it is to reach.

A group is what runs at one cluster (or two) from one distance.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from tests.bench import answers
from tests.bench.answers import Check, Kind
from tests.bench.fetching import Fetching
from tests.bench.measuring import Command
from tests.bench.results import Reach, Row
from tests.controlplane.screens import programs

INVENTORY = str(programs() / "kubectl-inventory")
KUBECTL = "kubectl"
PEERS = ("kubectl-get_all", "kubectl-count")
JUDGED = "pods,deploy,rs,sts,ds,jobs,pvc,nodes,events"
"""What says how a namespace is, as one would type it."""
STRATEGIES = ("sequential", "fanout", "bulk", "auto")

Variables = Mapping[str, str]


class Turns(msgspec.Struct, frozen=True):
    """What one group runs, in this order, and how its answers are compared."""

    title: str
    commands: Mapping[str, Command]
    checks: Sequence[Check]
    rows: Sequence[Row]


def ours(variables: Variables, *argv: str) -> Command:
    """The program, with its memory of what can be listed filled."""
    shown = " ".join(("kubectl inventory", *(it for it in argv if it != "--quiet")))
    return Command(shown, (INVENTORY, *argv), variables, (INVENTORY, "kinds", "--quiet"))


def alone(variables: Variables, *argv: str) -> Command:
    """The program, asking no cluster."""
    return Command(" ".join(("kubectl inventory", *argv)), (INVENTORY, *argv), variables)


def kubectl(variables: Variables, *argv: str, kinds: Sequence[Kind] = ()) -> Command:
    """kubectl; `KINDS` stands for every kind. What it remembers of a cluster, it remembers for hours."""
    typed = ",".join(kind.name for kind in kinds)
    return Command(
        " ".join((KUBECTL, *argv)),
        (KUBECTL, *(typed if it == "KINDS" else it for it in argv)),
        variables,
        (KUBECTL, "api-resources", "--cached") if kinds else (),
    )


def near(variables: Variables, kinds: Sequence[Kind], fetching: Fetching | None) -> Turns:
    """At the cluster itself."""
    commands = {
        "version": alone(variables, "version"),
        "help": alone(variables, "--help"),
        "kubectl version": kubectl(variables, "version", "--client"),
        "kubectl get ns": kubectl(variables, "get", "ns"),
        "counts": ours(variables, "--quiet"),
        "kubectl get": kubectl(variables, "get", "KINDS", "-A", kinds=kinds),
        "get": ours(variables, "get", "--quiet"),
        "kubectl names": kubectl(variables, "get", "KINDS", "-A", "-o", "name", kinds=kinds),
        "names": ours(variables, "get", "-o", "name", "--quiet"),
        "kubectl pods": kubectl(variables, "get", "pods", "-A"),
        "pods": ours(variables, "get", "pods", "--quiet"),
        "kubectl judged": kubectl(variables, "get", JUDGED, "-A"),
        "health": ours(variables, "health", "--quiet"),
        "health document": ours(variables, "health", "--quiet", "-o", "json"),
    }
    checks = [
        answers.namespaces_are_counted("counts", "kubectl get ns"),
        answers.counts_are_kubectls(kinds, "counts", "kubectl get"),
        answers.objects_are_kubectls("get", "kubectl get"),
        answers.lines_are_the_same("names", "kubectl names"),
        answers.text_is_the_same("pods", "kubectl pods"),
        answers.judgement_is_of_kubectls("health document", "kubectl judged"),
        answers.screen_is_of_the_judgement("health", "health document"),
    ]
    here = "near"
    rows = [
        Row(work="`version`", group=here, ours="version", against="`kubectl version --client`",
            theirs="kubectl version", reach=(Reach("time", 3),)),
        Row(work="`--help`", group=here, ours="help", against="`kubectl version --client`",
            theirs="kubectl version", reach=(Reach("time", 3),)),
        Row(work="counts", group=here, ours="counts", against="`kubectl get ns`",
            theirs="kubectl get ns", reach=(Reach("time", 3), Reach("megabytes", 40)),
            compared="the namespaces counted are as many as kubectl lists"),
        Row(work="counts", group=here, ours="counts", against="`kubectl get KINDS -A`",
            theirs="kubectl get", reach=(Reach("time", 1 / 35), Reach("memory", 1 / 20)),
            compared="each count is the number of that kind's rows in kubectl's tables"),
        Row(work="`get`", group=here, ours="get", against="`kubectl get KINDS -A`",
            theirs="kubectl get", reach=(Reach("time", 1 / 10), Reach("memory", 1 / 12)),
            compared="namespaces, kinds and names are those of kubectl's tables (of events, which have no name there, "
            "as many a namespace)"),
        Row(work="`get -o name`", group=here, ours="names", against="`kubectl get KINDS -A -o name`",
            theirs="kubectl names", reach=(Reach("time", 1 / 25), Reach("memory", 1 / 20)),
            compared="the same lines, in whatever order"),
        Row(work="`get pods`", group=here, ours="pods", against="`kubectl get pods -A`",
            theirs="kubectl pods", reach=(Reach("time", 1 / 12), Reach("memory", 1 / 10)),
            compared="the same bytes, but for ages"),
        Row(work="`health`", group=here, ours="health", against=f"`kubectl get {JUDGED} -A`",
            theirs="kubectl judged", reach=(Reach("time", 1 / 5), Reach("memory", 1 / 8)),
            compared="the pods ready and wanted in each namespace, and which warnings of what, are those of kubectl's "
            "tables (by `-o json`; the screen's namespaces are those of it that are not well)"),
    ]  # fmt: skip
    fetched = Row(work="fetching itself", group=here, ours="get", against="the same requests by curl",
                  ours_less="version", reach=(Reach("time", 2),))  # fmt: skip
    if fetching is None:
        rows.append(msgspec.structs.replace(fetched, not_measured="no curl"))
    else:
        commands["curl"] = fetching.command
        checks.append(fetching.check("curl"))
        said = f"`get`'s own {len(fetching.requests)} requests, with its headers and as many in flight as it had"
        said += f" ({fetching.connections}); as many bytes came (2 % for ages); `get` reads and prints them too"
        rows.append(msgspec.structs.replace(fetched, theirs="curl", compared=said))
    _add_peers(commands, checks, rows, variables)
    return Turns("at the cluster", commands, checks, rows)


def _add_peers(commands: dict[str, Command], checks: list[Check], rows: list[Row], variables: Variables) -> None:
    """Other plugins, where they are installed."""
    get_all, count = (shutil.which(name, path=variables["PATH"]) for name in PEERS)
    if get_all:
        commands["get-all"] = Command("kubectl get-all", (get_all,), variables)
        checks.append(answers.names_are_among("get-all", "names"))
        rows.append(
            Row(work="`get`", group="near", ours="get", against="`kubectl get-all`", theirs="get-all",
                compared="every name that it prints is among the program's (it leaves out events)")
        )  # fmt: skip
    if count:
        commands["count"] = Command("kubectl count pods", (count, "pods", "-A"), variables)
        checks.append(answers.count_is_named("count", "counts", "pods"))
        rows.append(
            Row(work="counts", group="near", ours="counts", against="`kubectl count pods`", theirs="count",
                compared="it prints the program's count of pods, and of no other kind")
        )  # fmt: skip


def far(variables: Variables, kinds: Sequence[Kind]) -> Turns:
    """At a round trip of 100 ms."""
    commands = {
        "counts": ours(variables, "--quiet"),
        "kubectl get": kubectl(variables, "get", "KINDS", "-A", kinds=kinds),
        "get": ours(variables, "get", "--quiet"),
    }
    checks = [
        answers.counts_are_kubectls(kinds, "counts", "kubectl get"),
        answers.objects_are_kubectls("get", "kubectl get"),
    ]
    rows = [
        Row(work="counts, 100 ms away", group="far", ours="counts", against="`kubectl get KINDS -A`, 100 ms away",
            theirs="kubectl get", reach=(Reach("seconds", 1.0),), compared="as at the cluster"),
        Row(work="`get`, 100 ms away", group="far", ours="get", against="`kubectl get KINDS -A`, 100 ms away",
            theirs="kubectl get", reach=(Reach("time", 1 / 6),), compared="as at the cluster"),
    ]  # fmt: skip
    return Turns("through a proxy that makes a round trip 100 ms", commands, checks, rows)


def strategies(variables: Variables, namespaces: Sequence[str]) -> Turns:
    """The ways to read the pods of some namespaces, at a round trip of 20 ms."""
    commands = {"one": ours(variables, "get", "pods", "--quiet", "-n", namespaces[0])}
    commands |= {
        it: ours(variables, "get", "pods", "--quiet", "-n", ",".join(namespaces), "--strategy", it) for it in STRATEGIES
    }
    shown = f"kubectl inventory get pods -n {namespaces[0]}"
    commands = {
        name: msgspec.structs.replace(it, shown=shown + ("" if name == "one" else f",... --strategy {name}"))
        for name, it in commands.items()
    }
    rows = []
    for less, what in (("", "20 ms away"), ("one", f"20 ms away, the further {len(namespaces) - 1} namespaces")):
        rows += [
            Row(work=f"`--strategy {it}`, {what}", group="strategies", ours=it, against="`--strategy sequential`",
                theirs="sequential", ours_less=less, theirs_less=less, reach=(Reach("time", 0.2),),
                compared="the same bytes by all, but for ages")
            for it in STRATEGIES[1:]
        ]  # fmt: skip
    checks = [answers.text_is_the_same(*STRATEGIES)]
    title = f"pods of {len(namespaces)} namespaces, through a proxy that makes a round trip 20 ms"
    return Turns(title, commands, checks, rows)


def judgements(variables: Variables, namespaces: Sequence[str]) -> Turns:
    """How some namespaces are, asked one question at a time and side by side, at a round trip of 20 ms."""
    judge = ("health", "-o", "json", "--quiet", "-n")
    shown = f"kubectl inventory health -o json -n {namespaces[0]}"
    commands = {"one": ours(variables, *judge, namespaces[0])}
    for name, strategy in (("sequential", ("--strategy", "sequential")), ("auto", ())):
        command = ours(variables, *judge, ",".join(namespaces), *strategy)
        commands[name] = msgspec.structs.replace(command, shown=" ".join((f"{shown},...", *strategy)))
    rows = [
        Row(work=f"`health`, {what}", group="judgements", ours="auto", against="`health --strategy sequential`",
            theirs="sequential", ours_less=less, theirs_less=less, reach=(Reach("time", 0.2),),
            compared="the same namespaces and findings by `-o json`, but for ages")
        for less, what in (("", "20 ms away"), ("one", f"20 ms away, the further {len(namespaces) - 1} namespaces"))
    ]  # fmt: skip
    checks = [answers.judgement_is_the_same("sequential", "auto")]
    title = f"how {len(namespaces)} namespaces are, through a proxy that makes a round trip 20 ms"
    return Turns(title, commands, checks, rows)


def large(variables: Variables, of_large: Variables, size: str) -> Turns:
    """Two clusters by turns: the one above, and a larger one beside it."""
    commands = {
        "counts": ours(variables, "--quiet"),
        "large counts": ours(of_large, "--quiet"),
        "ndjson": ours(variables, "get", "-o", "ndjson", "--quiet"),
        "large ndjson": ours(of_large, "get", "-o", "ndjson", "--quiet"),
    }
    checks = [
        answers.counts_are_the_documents("counts", "ndjson"),
        answers.counts_are_the_documents("large counts", "large ndjson"),
    ]
    rows = [
        Row(work=f"counts, {size}", group="large", ours="large counts", against="counts", theirs="counts",
            reach=(Reach("time", 1.2),), compared="each count is the number of that kind's lines of ndjson"),
        Row(work=f"`get -o ndjson`, {size}", group="large", ours="large ndjson", against="`get -o ndjson`",
            theirs="ndjson", reach=(Reach("memory", 1.3),),
            compared="each count is the number of that kind's lines of ndjson"),
    ]  # fmt: skip
    return Turns(f"a second cluster of {size} beside the first", commands, checks, rows)


def many_kinds(variables: Variables, of_far: Variables, added: int) -> Turns:
    """With custom kinds as operators bring them."""
    commands = {"near": ours(variables, "--quiet"), "counts": ours(of_far, "--quiet")}
    rows = [
        Row(work=f"counts, {added} more kinds, 100 ms away", group="kinds", ours="counts", against="",
            reach=(Reach("seconds", 2.0),), compared="the same bytes as without the proxy")
    ]  # fmt: skip
    checks = [answers.text_is_the_same("near", "counts")]
    return Turns(f"{added} more custom kinds, through the proxy of 100 ms", commands, checks, rows)


def elsewhere(variables: Variables, kubeconfig: Path) -> Variables:
    """The same place to type at, another way in."""
    return {**variables, "KUBECONFIG": str(kubeconfig)}


def without_memory(variables: Variables, home: Path) -> Variables:
    """The same way in, from a home where nothing is known of the cluster yet."""
    home.mkdir()
    return {**variables, "HOME": str(home)}

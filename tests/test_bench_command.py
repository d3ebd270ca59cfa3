"""`kubectl inventory bench`: what it says before it asks, what it asks, and what it says of answers that differ.

At a real API server, whose audit log is the oracle; a stand-in serves what no real one would on demand.
No figure is held against anything but the others of its row.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from kubectl_inventory.benchmark.bench import Run, Split, Times
from kubectl_inventory.benchmark.rehearsal import Cost, Model, rehearse
from kubectl_inventory.benchmark.stopwatch import Change, shares
from kubectl_inventory.benchmark.verdict import Verdict, judge
from kubectl_inventory.reading.listing import list_kind
from kubectl_inventory.request import Need, Strategy
from kubectl_inventory.resource import Kind, collection_path
from tests.conftest import BIN, Screen, Typist
from tests.controlplane.audit import AuditEvent, most_in_flight
from tests.controlplane.cluster import ControlPlane
from tests.fake_api import NODES, PODS, SECRETS, FakeApi, Stock, namespaces_stock
from tests.live_api import Exchange, LiveApi
from tests.test_collect import a_collector

STRATEGIES: tuple[Strategy, ...] = ("sequential", "fanout", "bulk", "auto")
MANY = "shop,pay,default,kube-system,kube-public"
"""More namespaces than are listed one by one unasked."""
HEADERS = "STRATEGY MEDIAN MIN MAX REQUESTS KIB STARTUP WAIT READ DECODE RENDER"


class Desk:
    """A typist, and what the server heard of it."""

    def __init__(self, plane: ControlPlane, typist: Typist) -> None:
        self._plane, self.typist = plane, typist

    def ask(self, *argv: str, rules: str = "") -> tuple[Screen, list[AuditEvent]]:
        """One bench under a policy of these rules, and its requests for objects as the server saw them."""
        policy = self.typist.home / "policy.yaml"
        policy.write_text(f"apiVersion: inventory/v1\nkind: BoundaryPolicy\n{rules}\n")
        mark = self._plane.audit.mark()
        screen = self.typist.inventory("bench", *argv, "--policy", str(policy))
        return screen, [event for event in self._plane.audit.since(mark) if resource_of(event)]


@pytest.fixture
def desk(demo: ControlPlane, admin: Typist) -> Desk:
    return Desk(demo, admin)


def resource_of(event: AuditEvent) -> str:
    """What was listed; empty for discovery."""
    return event.object_ref.resource if event.object_ref is not None else ""


def query(event: AuditEvent) -> dict[str, list[str]]:
    return parse_qs(urlsplit(event.request_uri).query)


def namespaces_of(typist: Typist) -> list[str]:
    return [name.partition("/")[2] for name in typist.kubectl("get", "namespaces", "-o", "name").lines]


def objects_of(typist: Typist, kind: str) -> int:
    return len(typist.kubectl("get", kind, "-A", "-o", "name").lines)


def timeless(text: str) -> str:
    """Times, sizes and what follows from them as marks."""
    marked = re.sub(r"(?<![\w.])\d+(?:\.\d+)?(?:ms|s)\b", "TIME", text)
    marked = re.sub(r"[\d,]+(?:\.\d)? [KM]iB", "SIZE", marked)
    return re.sub(r"\d+% (?:less|more)", "SOME", marked)


def shape(table: str) -> list[list[str]]:
    """The cells of a table in kubectl's layout, times and KiB as marks; that the columns stand in line is checked."""
    lines = table.splitlines()
    places = [match.start() for match in re.finditer(r"\S+", lines[0])]
    assert [match.start() for line in lines for match in re.finditer(r"\S+", line)] == places * len(lines)
    cells = [timeless(line).split() for line in lines]
    return [cells[0], *([*line[:5], "KIB", *line[6:]] for line in cells[1:])]


def row(strategy: str, requests: int) -> list[str]:
    """A row of the table: its size and its times are what they are."""
    return [strategy, *["TIME"] * 3, str(requests), "KIB", *["TIME"] * 5]


# --- screens ---


def test_the_whole_screen_of_one_kind(admin: Typist) -> None:
    screen = admin.inventory("bench", "pods")
    spaces = len(namespaces_of(admin))
    # A probe, and then one list each, or one of all; which way auto takes is a matter of costs.
    auto = int(screen.lines[4].split()[4])
    requests = {"sequential": spaces + 1, "fanout": spaces + 1, "bulk": 2, "auto": auto}

    assert shape(screen.out) == [HEADERS.split(), *(row(name, requests[name]) for name in STRATEGIES)]
    said = timeless(screen.err).splitlines()
    total = 5 * sum(requests.values())
    assert said[:2] == [
        f"demo: 4 strategies x 5 runs, pods of {spaces} namespaces: about {total:,} requests, SIZE",
        f"demo: the same bytes in all 20 runs ({objects_of(admin, 'pods')} objects); "
        "start-up apart, auto takes SOME than sequential; round trip TIME; TIME",
    ]
    assert all(line.startswith("hint: ") and "in the policy" in line for line in said[2:])
    assert screen.code == 0


def test_quiet_says_only_how_much_is_asked(admin: Typist) -> None:
    screen = admin.inventory("bench", "nodes", "-q", "--runs", "1", "--no-headers")
    assert timeless(screen.err) == "demo: 4 strategies x 1 run, nodes: about 8 requests, SIZE\n"
    assert [line.split()[0] for line in screen.lines] == list(STRATEGIES)
    assert screen.code == 0


def test_each_row_adds_up_to_its_median(admin: Typist) -> None:
    document = json.loads(admin.inventory("bench", "pods,configmaps", "--runs", "2", "-o", "json").out)
    for item in document["items"]:
        phases = [item[f"{phase}Ms"] for phase in ("startup", "wait", "read", "decode", "render")]
        assert min(phases) >= 0
        assert sum(phases) == pytest.approx(item["medianMs"], abs=0.5)  # of rounding, five times


def test_the_document(admin: Typist) -> None:
    screen = admin.inventory("bench", "pods", "-n", "shop,pay", "--runs", "2", "-o", "json")
    document = json.loads(screen.out)

    fixed = ("apiVersion", "kind", "context", "complete", "rounds", "changed", "namespaces", "unread", "withheld")
    assert [document[key] for key in fixed] == ["inventory/v1", "Bench", "demo", True, 2, 0, 2, [], []]
    times = {"roundTripMs", "takenAt", "server", "objects", "items"}
    assert set(document) == {*fixed, *times}
    assert [item["strategy"] for item in document["items"]] == list(STRATEGIES)
    for item in document["items"]:
        assert set(item) == {
            "strategy", "medianMs", "savedOfSequential", "runsMs", "requests", "bytesReceived",
            "startupMs", "waitMs", "readMs", "decodeMs", "renderMs",
        }  # fmt: skip
        assert item["requests"] == 2
        assert item["runsMs"] == sorted(item["runsMs"])
        assert item["medianMs"] in item["runsMs"]
    assert document["items"][0]["savedOfSequential"] == 0
    assert screen.code == 0


def test_a_document_in_markdown(admin: Typist) -> None:
    screen = admin.inventory("bench", "nodes", "--runs", "1", "-o", "markdown")
    opening, blank, headers, rule, *rest = screen.lines
    assert re.fullmatch(r"demo \(https://\S+\), \S+Z, complete", opening)
    assert (blank, headers, rule) == ("", f"| {' | '.join(HEADERS.split())} |", "| --- " * 11 + "|")
    assert [line.split()[1] for line in rest[:4]] == list(STRATEGIES)
    nodes = objects_of(admin, "nodes")
    assert [timeless(line) for line in rest[4:]] == [
        "",
        f"1 run of each, nodes: the same bytes in all 4 runs ({nodes} objects); "
        "start-up apart, auto takes SOME than sequential; round trip TIME.",
    ]


# --- what is said before is what is asked ---


@pytest.mark.parametrize(
    "argv",
    [("pods",), ("nodes,secrets,deploy",), ("pods,cm,nodes", "-n", "shop,pay"), ("pods", "-n", MANY)],
)
def test_what_is_said_before_is_what_is_asked(desk: Desk, argv: Sequence[str]) -> None:
    dry, probes = desk.ask(*argv, "--runs", "2", "--dry-run")
    screen, events = desk.ask(*argv, "--runs", "2")
    assert screen.err.startswith(dry.err)
    said = re.search(r"about ([\d,]+) requests", screen.err)
    assert said is not None
    # What finds it out is asked twice, what is said of the runs once.
    assert int(said[1].replace(",", "")) == len(events) - len(probes)
    assert screen.code == 0


def test_a_dry_run_lists_nothing(desk: Desk) -> None:
    screen, events = desk.ask("--dry-run")
    assert (screen.code, screen.out) == (0, "")
    assert re.fullmatch(
        r"demo: 4 strategies x 5 runs, \d+ kinds of \d+ namespaces: about [\d,]+ requests, \d+\.\d MiB\n", screen.err
    )
    lists = [event for event in events if query(event).get("limit") != ["1"]]
    assert [resource_of(event) for event in lists] == ["namespaces"]
    assert {tuple(query(event)["includeObject"]) for event in events if event not in lists} == {("None",)}


def test_more_than_the_policy_allows_is_refused_before_it_is_asked(desk: Desk) -> None:
    screen, events = desk.ask("pods", rules="limits: {maxRequests: 60}")
    announced, error, hint = screen.err.splitlines()
    total = announced.partition("about ")[2].partition(" ")[0]
    assert error == f"error: 5 runs would take about {total} requests, more than limits.maxRequests 60 leaves"
    assert hint == "hint: --runs 1, or fewer TYPES or namespaces"
    assert (screen.code, screen.out) == (2, "")
    assert [event for event in events if resource_of(event) == "pods" and query(event).get("limit") != ["1"]] == []


def test_the_runs_together_stay_within_the_policys_requests(desk: Desk) -> None:
    screen, events = desk.ask("pods", "--runs", "1", rules="limits: {maxRequests: 60}")
    assert screen.code == 0
    assert len(events) <= 60


# --- the boundary ---


def test_what_the_policy_denies_is_never_asked(desk: Desk) -> None:
    rules = 'namespaces: {deny: ["kube-*"]}\nresources: {deny: ["secrets"]}'
    screen, events = desk.ask("--exclude", "*.stock.acme.example", "--runs", "1", rules=rules)
    assert screen.code == 0
    assert "1 kind withheld by policy (secrets)" in screen.err
    refs = [event.object_ref for event in events if event.object_ref is not None]
    assert {ref.resource for ref in refs} & {"secrets"} == set()
    assert [ref.namespace for ref in refs if ref.namespace.startswith("kube-")] == []
    # Beside those in namespaces, only kinds that are in none are asked whole.
    whole = {ref.resource for ref in refs if not ref.namespace}
    assert whole & {"pods", "configmaps", "events", "deployments"} == set()
    assert {"nodes", "namespaces"} <= whole


def test_the_size_is_not_found_out_against_a_rule(desk: Desk) -> None:
    screen, events = desk.ask("pods", "--dry-run", rules='namespaces: {deny: ["kube-*"]}')
    assert screen.err.endswith(" requests\n")
    assert {resource_of(event) for event in events} == {"namespaces"}


def test_a_denied_kind_is_refused_by_name(desk: Desk) -> None:
    screen, events = desk.ask("secrets", rules='resources: {deny: ["secrets"]}')
    assert screen.err.startswith('error: secrets are denied by the policy: resources.deny "secrets" (')
    assert (screen.code, screen.out, events) == (2, "", [])


def test_of_secrets_nothing_but_cells_is_asked(desk: Desk) -> None:
    screen, events = desk.ask("secrets", "--runs", "1")
    asked = [query(event) for event in events if resource_of(event) == "secrets"]
    assert len(asked) > 4
    assert {tuple(one["includeObject"]) for one in asked} == {("None",)}
    assert screen.code == 0


def test_no_more_is_in_flight_than_the_policy_allows(desk: Desk) -> None:
    screen, events = desk.ask("pods,configmaps", "--runs", "2", rules="limits: {workers: 2, heavyLists: 2, probes: 2}")
    assert screen.code == 0
    # Two lists and two probes, each of its own limit.
    assert most_in_flight(events) <= 4


# --- rights ---


def test_a_user_of_one_namespace_gets_its_times(one_namespace: Typist) -> None:
    screen = one_namespace.inventory("bench", "pods", "-n", "shop", "--runs", "1")
    assert screen.err.splitlines()[0].startswith("demo: 4 strategies x 1 run, pods of 1 namespace (shop): about 4 ")
    assert screen.code == 0


def test_what_may_not_be_read_is_told_and_the_rest_is_timed(viewer: Typist) -> None:
    screen = viewer.inventory("bench", "pods,nodes", "--runs", "1")
    _, said, reason, hint = screen.err.splitlines()
    assert said.startswith("demo: INCOMPLETE: the same bytes in all 4 runs (")
    assert reason == "  1 kind   Forbidden   nodes"
    assert hint == 'hint: "kubectl inventory kinds | grep Forbidden" lists them; --allow-incomplete: exit 0'
    assert len(screen.lines) == 5
    assert screen.code == 3
    assert viewer.inventory("bench", "pods,nodes", "--runs", "1", "--allow-incomplete").code == 0


# --- what is typed ---


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--runs", "0"), "error: invalid value for '--runs': '0' is not a whole number from 1 on\n"),
        (("--runs", "many"), "error: invalid value for '--runs': 'many' is not a whole number from 1 on\n"),
        (("-o", "yaml"), 'error: unknown output format "yaml"\nhint: json, markdown, table\n'),
        (("podz",), 'error: the server doesn\'t have a resource type "podz", did you mean "pod"?\n'),
        ((",",), "error: bench names no kind\nhint: leave it out for every kind\n"),
    ],
)
def test_what_is_typed_wrong(admin: Typist, argv: Sequence[str], said: str) -> None:
    screen = admin.inventory("bench", *argv)
    assert (screen.code, screen.out) == (2, "")
    assert screen.err.startswith(said)


def test_selectors_select(admin: Typist) -> None:
    screen = admin.inventory("bench", "pods", "-l", "team=storefront", "--runs", "1")
    pods = len(admin.kubectl("get", "pods", "-A", "-l", "team=storefront", "-o", "name").lines)
    assert 0 < pods < objects_of(admin, "pods")
    assert f"the same bytes in all 4 runs ({pods} objects)" in screen.err


# --- answers that differ ---

Nodes = Callable[[int, Exchange], Sequence[str] | None]
"""The states of the nodes in the nth whole list, or None where it has answered by itself."""


class StandIn:
    """A server with two nodes and no namespaces. Each run of a bench asks for one list of them, by any strategy."""

    def __init__(self, nodes: Nodes, *, remaining: int = 1) -> None:
        self.lists: list[str] = []
        self._nodes, self._remaining = nodes, remaining
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        if exchange.path in ("/api", "/apis"):
            exchange.reply(body=_json(_discovery(exchange.path)))
            return
        if exchange.path == "/api/v1/namespaces":
            exchange.reply(body=_json(_table([])))
            return
        if "limit=1" in exchange.query.split("&"):
            exchange.reply(body=_json(_table(["Ready"], remaining=self._remaining)))
            return
        with self._lock:
            self.lists.append(exchange.target)
            number = len(self.lists)
        states = self._nodes(number, exchange)
        if states is not None:
            exchange.reply(body=_json(_table(states)))

    def bench(self, home: Path, *argv: str) -> Screen:
        """What `bench` says of it."""
        with LiveApi(self) as server:
            argv = ("bench", "nodes", *argv, "--server", server.url)
            return Typist(home, None).type("kubectl-inventory", *argv)


def _discovery(path: str) -> dict[str, Any]:
    kinds = [
        {"resource": resource, "scope": "Cluster", "verbs": ["list"], "responseKind": {"kind": kind}}
        for resource, kind in (("nodes", "Node"), ("namespaces", "Namespace"))
    ]
    core = {"metadata": {"name": ""}, "versions": [{"version": "v1", "resources": kinds}]}
    return {"kind": "APIGroupDiscoveryList", "items": [core] if path == "/api" else []}


def _table(states: Sequence[str], *, remaining: int = 0) -> dict[str, Any]:
    columns = [{"name": "Name", "type": "string", "format": "name"}, {"name": "Status", "type": "string"}]
    rows = [{"cells": [f"node-{place}", state]} for place, state in enumerate(states)]
    meta = {"continue": "1", "remainingItemCount": remaining} if remaining else {}
    return {"kind": "Table", "metadata": meta, "columnDefinitions": columns, "rows": rows}


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


@pytest.mark.parametrize(("remaining", "size"), [(10**13, "2.5 MiB"), (-5, "49 KiB")])
def test_a_kind_is_taken_to_hold_no_more_than_the_policy_allows_and_no_less_than_nothing(
    tmp_path: Path, remaining: int, size: str
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("apiVersion: inventory/v1\nkind: BoundaryPolicy\nlimits: {maxObjects: 1000}\n")
    server = StandIn(lambda _, __: ["Ready"], remaining=remaining)
    screen = server.bench(tmp_path, "-l", "tier=front", "--dry-run", "--policy", str(policy))
    said = f"127.0.0.1: 4 strategies x 5 runs, nodes: about 20 requests, {size}\n"
    assert (screen.code, screen.out, screen.err) == (0, "", said)


def test_a_strategy_that_answers_otherwise_is_compared_with_nothing(tmp_path: Path) -> None:
    screen = StandIn(lambda nth, _: ["Ready", "NotReady" if nth == 3 else "Ready"]).bench(tmp_path)
    announced, error, hint = screen.err.splitlines()
    assert "about 40 requests" in announced
    assert error == "error: sequential and bulk differ in 1 of 2 objects: node/node-1"
    assert hint == (
        "hint: if that changed meanwhile, run again; "
        '"kubectl inventory get nodes --strategy bulk" shows one side'
    )
    assert (screen.code, screen.out) == (1, "")


def test_an_object_that_is_missing_from_one_answer_is_a_difference(tmp_path: Path) -> None:
    """In the second round, which goes the other way round."""
    screen = StandIn(lambda nth, _: ["Ready"] * (1 if nth == 6 else 2)).bench(tmp_path)
    assert "error: auto and bulk differ in 1 of 2 objects: node/node-1\n" in screen.err
    assert (screen.code, screen.out) == (1, "")


def test_a_kind_that_changes_too_fast_can_be_left_out(tmp_path: Path) -> None:
    """Where others remain: here the node is another in each list."""
    nodes = StandIn(lambda nth, _: ["Ready", f"Ready-{nth}"])
    screen = nodes.bench(tmp_path, "namespaces")
    assert "hint: if that changed meanwhile, run again or --exclude nodes; " in screen.err
    assert screen.code == 1


def test_another_order_is_a_difference(tmp_path: Path) -> None:
    def nodes(nth: int, exchange: Exchange) -> None:
        table = _table(["Ready", "Ready"])
        table["rows"] = table["rows"][:: -1 if nth == 4 else 1]
        exchange.reply(body=_json(table))

    screen = StandIn(nodes).bench(tmp_path)
    assert "error: sequential and auto differ in the objects' order\n" in screen.err
    assert screen.code == 1


def test_what_changes_between_rounds_is_told_and_no_difference(tmp_path: Path) -> None:
    screen = StandIn(lambda nth, _: ["Ready", "Ready" if nth <= 4 else "NotReady"]).bench(tmp_path, "--runs", "2")
    assert "the same bytes by each strategy in all 2 rounds (2 objects, 1 changed between them)" in screen.err
    assert screen.code == 0


def test_ages_move_and_are_no_difference(tmp_path: Path) -> None:
    screen = StandIn(lambda nth, _: [f"Ready ({nth}s ago)", f"1h{nth}m"]).bench(tmp_path, "--runs", "1")
    assert "the same bytes in all 4 runs (2 objects)" in screen.err
    assert screen.code == 0


def test_what_one_run_could_not_read_is_compared_with_nothing(tmp_path: Path) -> None:
    def nodes(nth: int, exchange: Exchange) -> Sequence[str] | None:
        if nth == 2:
            exchange.reply("500 Internal Server Error", b'{"kind": "Status", "message": "etcd is away"}')
            return None
        return ["Ready", "Ready"]

    screen = StandIn(nodes).bench(tmp_path)
    assert screen.err.splitlines()[1:] == [
        "error: fanout could not read nodes, so there is nothing to compare: etcd is away",
        "hint: --exclude nodes",
    ]
    assert (screen.code, screen.out) == (1, "")


# --- the end of the time, and of the patience ---


def hangs_at(number: int) -> Nodes:
    """Answers so many lists less one."""

    def nodes(nth: int, exchange: Exchange) -> Sequence[str] | None:
        if nth < number:
            return ["Ready", "Ready"]
        exchange.hang()
        return None

    return nodes


def test_a_round_that_the_deadline_cuts_off_does_not_count(tmp_path: Path) -> None:
    screen = StandIn(hangs_at(7)).bench(tmp_path, "--deadline", "3s", "--request-timeout", "60s")
    said = timeless(screen.err).splitlines()[1]
    assert said == (
        "127.0.0.1: INCOMPLETE: the same bytes in all 4 runs (2 objects); 1 of 5 runs of each, "
        "as the run's time was up (limits.deadlineSeconds); "
        "start-up apart, auto takes SOME than sequential; round trip TIME; TIME"
    )
    assert len(screen.lines) == 5
    assert screen.code == 3


def test_a_document_says_what_the_deadline_cut_off(tmp_path: Path) -> None:
    flags = ("--deadline", "3s", "--request-timeout", "60s", "--runs", "2")
    markdown = StandIn(hangs_at(5)).bench(tmp_path, *flags, "-o", "markdown")
    document = json.loads(StandIn(hangs_at(5)).bench(tmp_path, *flags, "-o", "json").out)
    assert markdown.lines[0].endswith(", INCOMPLETE")
    assert (document["complete"], document["rounds"], document["unread"]) == (False, 1, [])


def test_without_one_whole_round_there_is_no_table(tmp_path: Path) -> None:
    screen = StandIn(hangs_at(3)).bench(tmp_path, "--deadline", "3s", "--request-timeout", "60s")
    assert screen.err.splitlines()[1:] == [
        "error: the run's time was up before each strategy had run once (limits.deadlineSeconds)",
        "hint: --deadline 10m, or fewer TYPES",
    ]
    assert (screen.code, screen.out) == (1, "")


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_ends_it_with_what_it_waited_for(tmp_path: Path, how: signal.Signals, code: int) -> None:
    hung = threading.Event()

    def nodes(nth: int, exchange: Exchange) -> Sequence[str] | None:
        if nth < 6:
            return ["Ready", "Ready"]
        hung.set()
        exchange.hang()
        return None

    with LiveApi(StandIn(nodes)) as server:
        argv = [str(BIN / "kubectl-inventory"), "bench", "nodes", "--server", server.url, "--request-timeout", "60s"]
        environment = Typist(tmp_path, None).environment()
        running = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert hung.wait(30)
        running.send_signal(how)
        out, err = running.communicate(timeout=30)
    assert (running.returncode, out) == (code, b"")
    said = timeless(err.decode()).splitlines()[1:]
    assert said[0].endswith("interrupted after TIME, waiting for nodes; nothing was printed")


# --- the thoughts behind it ---


def a_run(strategy: Strategy, listing_s: float, requests: int = 20) -> Run:
    return Run(strategy, Split(0.1, listing_s, 0, 0, 0), Cost(requests))


def times(sequential_s: float, fanout_s: float, bulk_s: float, *, rounds: int = 3, bulk_requests: int = 1) -> Times:
    """Rounds a little apart from each other."""
    return Times(
        tuple(
            (
                a_run("sequential", sequential_s + nth / 1000),
                a_run("fanout", fanout_s + nth / 1000),
                a_run("bulk", bulk_s + nth / 1000, bulk_requests),
                a_run("auto", bulk_s),
            )
            for nth in range(rounds)
        )
    )


@pytest.mark.parametrize(
    ("measured", "policy"),
    [
        # 0.097 s for 14 namespaces is 7 ms each: the ninth passes 0.060 s.
        (times(0.6, 0.096, 0.059), {"bulk": {"moreThanNamespaces": 8}}),
        # Never in as many as there are, and no word of more.
        (times(0.6, 0.096, 0.5), {"bulk": {"moreThanNamespaces": 14}}),
        # Half of eight and more is well used; twice as fast is two that were of use.
        (times(0.4, 0.1, 0.1), {}),
        (times(0.195, 0.1, 0.1), {"limits": {"workers": 2}}),
        # A middle run is within the other's range, bulk asked by namespaces, too, or there were too few rounds.
        (times(0.6, 0.096, 0.095), {}),
        (times(0.6, 0.096, 0.059, bulk_requests=20), {}),
        (times(0.6, 0.096, 0.059, rounds=2), {}),
    ],
)
def test_the_policy_that_a_measurement_supports(measured: Times, policy: dict[str, dict[str, int]]) -> None:
    assert judge(measured, namespaces=14, workers=8).policy == policy


def test_where_bulk_never_wins_is_told_from_where_it_does() -> None:
    assert judge(times(0.6, 0.096, 0.5), namespaces=14, workers=8) == Verdict(
        bulk_from=15, namespaces=14, allowed_workers=8
    )


def test_the_median_is_a_run_that_was_made() -> None:
    measured = Times(tuple((a_run("bulk", listing_s),) for listing_s in (0.4, 0.1, 0.3, 0.2)))
    assert measured.median("bulk") == a_run("bulk", 0.2)


@pytest.mark.parametrize(
    ("changes", "shared"),
    [
        # Nobody was seen to do anything: work of our own.
        ([], {"wait": 0, "read": 0, "decode": 10}),
        # Two wait side by side: what one waits is no more than the clock says.
        ([Change(0, "wait", 1), Change(0, "wait", 1)], {"wait": 10, "read": 0, "decode": 0}),
        # One decodes while three wait: each moment is shared out.
        (
            [*[Change(0, "wait", 1)] * 3, Change(2, "decode", 1), Change(6, "decode", -1)],
            {"wait": 9, "read": 0, "decode": 1},
        ),
        # Out of waiting into reading and back; what began before and goes on after is cut.
        (
            [Change(-5, "wait", 1), Change(4, "wait", -1), Change(4, "read", 1), Change(15, "read", -1)],
            {"wait": 4, "read": 6, "decode": 0},
        ),
    ],
)
def test_time_is_shared_out_among_what_threads_were_doing(changes: list[Change], shared: dict[str, float]) -> None:
    assert shares(changes, 0, 10) == shared


KINDS: tuple[tuple[Kind, int], ...] = ((PODS, 9), (SECRETS, 5), (NODES, 4))
SPACES = ("dev", "pay", "shop")


@pytest.mark.parametrize("need", ["cells", "metadata"])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_rehearsal_asks_what_the_run_asks(strategy: Strategy, need: Need) -> None:
    stocks = [Stock(kind, [_place(kind, nth) for nth in range(size)]) for kind, size in KINDS]
    api = FakeApi({}, namespaces_stock(*SPACES), *stocks)
    model = Model({collection_path(kind): size for kind, size in KINDS}, SPACES)
    collector = a_collector(api, command="get", strategy=strategy, need=need)
    rehearsed = msgspec.structs.replace(collector, read=model.read)
    for kind, _ in KINDS:
        assert rehearse(list_kind(kind, rehearsed)).count == rehearse(list_kind(kind, collector)).count
    assert model.cost.requests == len([path for path in api.paths if path != "/api/v1/namespaces"])


def _place(kind: Kind, nth: int) -> str:
    return f"{SPACES[nth % len(SPACES)]}/x-{nth}" if kind.namespaced else f"x-{nth}"

"""100 namespaces of 50 pods beside the demo, about 24,000 objects: the same answers, in little memory.

The one large cluster of the run: the tests that need it come last.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Typist
from tests.controlplane.audit import most_in_flight
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.populate_scale import HOSTS
from tests.oracle import counted_kinds

STRATEGIES = ("auto", "sequential", "fanout", "bulk")


@pytest.fixture(scope="module")
def typist(scale: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    """The administrator of the large cluster."""
    return Typist(tmp_path_factory.mktemp("home"), scale.kubeconfigs["admin"])


@pytest.fixture(scope="module")
def their_names(typist: Typist) -> list[str]:
    """Every object's name as kubectl prints it, events once."""
    kinds = ",".join(kind.name for kind in counted_kinds(typist))
    screen = typist.kubectl("get", kinds, "-A", "-o", "name")
    assert screen.code == 0
    return screen.lines


def without_ages(text: str) -> str:
    """A table or document without what moves with the second."""
    return re.sub(r"\(?\b\d+[ydhms](?:\d+[dhms])?\b(?: ago\))?", "", text)


def test_names_are_kubectls_as_a_multiset(typist: Typist, their_names: list[str]) -> None:
    screen = typist.inventory("get", "-o", "name")
    assert Counter(screen.lines) == Counter(their_names)
    assert len(their_names) > 22_000


def test_each_count_is_the_number_of_kubectls_lines(typist: Typist, their_names: list[str]) -> None:
    prefixes = {kind.name: f"{kind.kind.lower()}.{kind.group}".rstrip(".") for kind in counted_kinds(typist)}
    theirs = Counter(name.partition("/")[0] for name in their_names)
    screen = typist.inventory("-o", "csv", "-q")
    ours = {kind: int(count) for count, kind in (line.split(",") for line in screen.lines[1:])}
    assert ours == {name: theirs[prefix] for name, prefix in prefixes.items()}


@pytest.mark.parametrize("format_", ["table", "name", "csv"])
def test_every_strategy_prints_the_same_bytes(typist: Typist, format_: str) -> None:
    screens = [typist.inventory("get", "-o", format_, "--strategy", strategy) for strategy in STRATEGIES]
    answers = {without_ages(screen.out) for screen in screens}
    assert len(answers) == 1
    assert len(screens[0].lines) > 22_000


def test_named_namespaces_read_in_bulk_or_one_by_one_are_the_same(typist: Typist) -> None:
    names = ",".join(f"scale-{number:03}" for number in (1, 10, 2, 20, 3))
    screens = [
        typist.inventory("get", "pods,configmaps", "-n", names, "-q", "--strategy", strategy) for strategy in STRATEGIES
    ]
    assert len({without_ages(screen.out) for screen in screens}) == 1
    assert len(screens[0].lines) > 5 * 50


def test_a_run_stays_within_its_lanes(scale: ControlPlane, typist: Typist) -> None:
    mark = scale.audit.mark()
    typist.inventory("get", "-q")
    events = scale.audit.since(mark)
    probes = [event for event in events if "limit=1&" in event.request_uri]
    lists = [event for event in events if "resourceVersion=0" in event.request_uri]
    assert len(probes) > 50
    assert len(lists) > 100
    assert most_in_flight(probes) <= 32
    assert most_in_flight(lists) <= 8


def test_a_denied_namespace_is_missing_from_counts_by_exactly_its_objects(typist: Typist, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "apiVersion: inventory/v1\nkind: BoundaryPolicy\nnamespaces: {deny: [scale-000, scale-001, scale-002]}\n"
    )
    whole = typist.inventory("-o", "csv", "-q", "--scope", "namespaced")
    inside = typist.inventory("-o", "csv", "-q", "-n", "scale-000,scale-001,scale-002")
    outside = typist.inventory("-o", "csv", "-q", "--scope", "namespaced", "--policy", str(policy))
    sums = [sum(int(line.partition(",")[0]) for line in screen.lines[1:]) for screen in (whole, inside, outside)]
    assert sums[0] == sums[1] + sums[2]
    assert sums[1] > 3 * 50


def test_in_a_moving_cluster_no_row_has_the_cells_of_one_object_and_the_metadata_of_another(
    scale: ControlPlane, typist: Typist
) -> None:
    """Pods come and go, each with its node in a label, too; their cells and their metadata come in two lists."""
    ended = threading.Event()

    def move(seed: int) -> None:
        dice, there = random.Random(seed), set[tuple[str, str]]()
        for number in itertools.count():
            if ended.is_set() and not there:
                return
            if ended.is_set() or len(there) > 20:
                place, name = there.pop()
                scale.client.send("DELETE", f"{place}/{name}", {"gracePeriodSeconds": 0})
            else:
                place, name = f"/api/v1/namespaces/scale-{dice.randrange(100):03}/pods", f"moving-{seed}-{number}"
                scale.client.send("POST", place, moving_pod(name, dice.choice(HOSTS)))
                there.add((place, name))

    mark, seen = scale.audit.mark(), 0
    with ThreadPoolExecutor(2) as movers:
        moving = [movers.submit(move, seed) for seed in range(2)]
        try:
            for _ in range(5):
                screen = typist.inventory("get", "pods", "-o", "ndjson")
                assert screen.code == 0, screen.err
                for line in screen.lines:
                    item = json.loads(line)
                    node = item["metadata"]["labels"].get("moving-on")
                    if node is not None:
                        assert item["columns"]["Node"] == node
                        seen += 1
        finally:
            ended.set()
        for mover in moving:
            mover.result()
    assert seen > 20
    side_by_side = {"/api/v1/pods?resourceVersion=0", "/api/v1/pods?includeObject=None&resourceVersion=0"}
    asked = {event.request_uri.partition("&timeout=")[0] for event in scale.audit.since(mark)}
    assert side_by_side <= asked


def moving_pod(name: str, node: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"moving-on": node}},
        "spec": {
            "nodeName": node,
            "serviceAccountName": "serviceaccount-00",
            "containers": [{"name": "app", "image": "registry.example/app:1"}],
        },
    }

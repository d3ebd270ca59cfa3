"""`--plan`: how each kind would be asked, and with `=run` what was really asked. The audit log is the oracle."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kubectl_inventory.reading.forecast import Forecast, total
from kubectl_inventory.reading.ways import Estimate, Way
from tests.conftest import Screen, Typist
from tests.controlplane.audit import AuditEvent
from tests.controlplane.cluster import ControlPlane
from tests.fake_api import PODS, SECRETS

HEADERS = ["TIME", "REQUESTS", "KIB", "COUNT", "HOW", "KIND", "WHY"]
PROBED = "limit=1"


def timeless(text: str) -> str:
    """Times and sizes as marks."""
    marked = re.sub(r"(?<![\w.])\d+(?:\.\d+)?(?:ms|s)\b", "TIME", text)
    return re.sub(r"[\d,]+(?:\.\d)? [KM]iB", "SIZE", marked)


def cells(screen: Screen) -> list[list[str]]:
    """The table's cells; its columns are three spaces apart."""
    return [re.split(r" {3,}", line) for line in screen.lines]


def namespaces_of(typist: Typist) -> int:
    return len(typist.kubectl("get", "namespaces", "-o", "name").lines)


def objects_of(typist: Typist, kind: str) -> int:
    return len(typist.kubectl("get", kind, "-A", "-o", "name").lines)


def asked(demo: ControlPlane, mark: int) -> list[AuditEvent]:
    return [event for event in demo.audit.since(mark) if event.object_ref is not None]


def test_the_plan_of_some_kinds(admin: Typist) -> None:
    spaces, secrets, nodes = namespaces_of(admin), objects_of(admin, "secrets"), objects_of(admin, "nodes")
    screen = admin.inventory("get", "nodes,secrets,rc", "--plan")
    table = cells(screen)
    assert table[0] == HEADERS
    rows = {row[5]: [row[1], *row[3:5], row[6]] for row in table[1:]}
    assert rows == {
        "secrets": [str(spaces), str(secrets), "fanout", "one list a namespace, always: no metadata"],
        "nodes": ["1", str(nodes), "bulk", "one list"],
        "replicationcontrollers": ["0", "0", "none", "the probe counted 0"],
    }
    assert table[1][5] == "secrets"  # dearest first
    sentence, detail = timeless(screen.err).splitlines()
    assert re.fullmatch(
        rf"demo: about {spaces + 1} requests, SIZE, {secrets + nodes} objects, TIME "
        r"\(round trip TIME, \d+ in flight\)",
        sentence,
    )
    assert detail == (
        "  nothing was listed: 2 requests of discovery, 3 probes, one a kind, and 1 list of names were made in TIME"
    )
    assert screen.code == 0


@pytest.mark.parametrize("flags", [(), ("--strategy", "fanout"), ("-o", "json")])
def test_a_plan_lists_nothing(admin: Typist, demo: ControlPlane, flags: tuple[str, ...]) -> None:
    mark = demo.audit.mark()
    admin.inventory("get", "--plan", *flags)
    events = asked(demo, mark)
    names = [
        event
        for event in events
        if event.request_uri.startswith("/api/v1/namespaces?") and "limit=" not in event.request_uri
    ]
    others = [event for event in events if event not in names]
    assert len(names) <= 1
    assert others and all(PROBED in event.request_uri for event in others)
    assert len(others) == len({event.request_uri.partition("?")[0] for event in others})  # one a kind


@pytest.mark.parametrize(
    "view",
    [
        ("get", "-l", "app=web"),
        ("get", "-l", "app=web", "--strategy", "fanout"),
        ("-l", "app=web"),
        ("--field-selector", "metadata.name=web", "--by", "namespace"),
    ],
)
def test_what_is_selected_is_not_counted_for_a_plan(
    admin: Typist, demo: ControlPlane, view: tuple[str, ...]
) -> None:
    mark = demo.audit.mark()
    screen = admin.inventory(*view, "--plan")
    assert {event.request_uri.partition("?")[0] for event in asked(demo, mark)} <= {"/api/v1/namespaces"}
    unknown = [row for row in cells(screen)[1:] if row[4] in ("bulk", "pages")]
    assert unknown and all((row[0], row[2], row[3]) == ("?", "?", "?") for row in unknown)


def test_a_count_that_is_refused_is_planned_as_unknown_and_not_as_0(viewer: Typist) -> None:
    rows = {row[5]: row for row in cells(viewer.inventory("--by", "label=app", "--plan"))[1:]}
    assert rows["nodes"][3:5] == ["?", "pages"] and rows["nodes"][6] == "Forbidden"


def test_the_plan_of_counts_asks_nothing_once_kinds_are_known(admin: Typist, demo: ControlPlane) -> None:
    admin.inventory("kinds", "-q")
    mark = demo.audit.mark()
    screen = admin.inventory("--plan")
    assert asked(demo, mark) == []
    assert screen.err.splitlines()[1] == "  nothing was asked: the kinds were known"
    assert {(row[1], *row[3:5]) for row in cells(screen)[1:]} == {("1", "?", "probe")}


@pytest.mark.parametrize("view", [("get", "pods,secrets,configmaps,nodes"), ("get",), ("--by", "namespace"), ()])
def test_what_is_planned_is_what_is_asked(admin: Typist, view: tuple[str, ...]) -> None:
    screen = admin.inventory(*view, "--plan=run", "-o", "json")
    document = json.loads(screen.out)
    assert (document["kind"] == "Plan" and screen.code == 0) or "INCOMPLETE" in screen.err
    for item in document["items"]:
        planned, actual = item["requests"], item["actual"]["requests"]
        if item["how"] == "probe":
            assert 1 <= actual <= planned  # an empty kind is not asked in each namespace
        else:
            # The probe comes besides; and the names of the namespaces, which one kind or another has to ask.
            extra = 2 if item["resource"] == "namespaces" else 1
            assert 0 <= actual - planned <= extra
        assert item["actual"]["bytes"] > 0


def test_a_plan_that_was_run_says_what_it_took(admin: Typist) -> None:
    screen = admin.inventory("get", "--plan=run", "nodes,rc")
    table = cells(screen)
    assert table[0] == ["TIME", "TOOK", "REQUESTS", "MADE", "KIB", "CAME", "COUNT", "HOW", "KIND", "WHY"]
    assert [[row[2], row[3], *row[6:9]] for row in table[1:]] == [
        ["1", "2", str(objects_of(admin, "nodes")), "bulk", "nodes"],
        ["0", "1", "0", "none", "replicationcontrollers"],
    ]
    said = timeless(screen.err).splitlines()
    assert said[1:] == [f"demo: {objects_of(admin, 'nodes')} objects of 1 kind; TIME"]


def test_the_plan_of_a_judgement_lists_nothing_and_says_what_may_be_added(admin: Typist, demo: ControlPlane) -> None:
    mark = demo.audit.mark()
    screen = admin.inventory("health", "shop", "--plan", "--exclude", "*.stock.acme.example")
    assert all("fieldSelector=metadata.name%3Dshop" in event.request_uri or PROBED in event.request_uri
               for event in asked(demo, mark))  # fmt: skip
    assert "pods" in {row[5] for row in cells(screen)[1:]}
    assert screen.err.splitlines()[-1] == "  a run adds at most 50 requests, about what looks unwell"
    assert screen.code == 0


def test_a_judgement_that_was_run_counts_its_closer_looks(admin: Typist) -> None:
    def made(*flags: str) -> int:
        screen = admin.inventory("health", "shop", "--plan=run", "--exclude", "*.stock.acme.example", *flags)
        return {row[8]: int(row[3]) for row in cells(screen)[1:]}["pods"]

    assert made("--explain") == made() + 1  # at the pods that crash: why they do


def test_named_namespaces_are_planned_without_a_probe(admin: Typist, demo: ControlPlane) -> None:
    admin.inventory("kinds", "-q")
    mark = demo.audit.mark()
    screen = admin.inventory("get", "pods", "-n", "shop,data", "--plan")
    assert cells(screen)[1][1:] == ["2", "4", "?", "fanout", "pods", "2 named namespaces"]
    assert {event.object_ref.resource for event in asked(demo, mark) if event.object_ref} == {"namespaces"}


def test_what_is_forbidden_as_a_whole_is_planned_by_namespace(viewer: Typist) -> None:
    screen = viewer.inventory("get", "secrets,nodes", "--plan")
    rows = {row[5]: row[4:] for row in cells(screen)[1:]}
    assert rows["secrets"] == ["fanout", "secrets", "the cluster as a whole is forbidden"]
    assert rows["nodes"] == ["none", "nodes", "Forbidden"]


@pytest.mark.parametrize("format_", ["name", "wide", "table"])
def test_the_plan_is_of_the_output_that_was_asked_for(admin: Typist, format_: str) -> None:
    screen = admin.inventory("get", "pods", "--plan", "-o", format_)
    assert cells(screen)[0] == HEADERS
    if format_ == "name":
        assert cells(screen)[1][4] == "bulk"  # no namespace has to be known


def test_what_is_withheld_or_cannot_be_known_is_said(admin: Typist, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("apiVersion: inventory/v1\nkind: BoundaryPolicy\nresources: {deny: [secrets]}\n")
    said = timeless(admin.inventory("get", "--plan", "--policy", str(policy)).err).splitlines()[0]
    assert re.search(r"in flight; 1 API group unavailable; 1 kind withheld by policy \(secrets\)\)$", said), said


def test_the_plan_in_other_formats(admin: Typist) -> None:
    assert admin.inventory("get", "nodes", "--plan", "-o", "csv").lines[0] == ",".join(HEADERS)
    assert admin.inventory("get", "nodes", "--plan", "-o", "markdown").lines[0].split(" | ")[0] == "| TIME"
    (line,) = admin.inventory("get", "nodes", "--plan", "-o", "ndjson").lines
    assert json.loads(line)["how"] == "bulk"
    assert "how: bulk" in admin.inventory("get", "nodes", "--plan", "-o", "yaml").out
    document = json.loads(admin.inventory("get", "nodes", "--plan", "-o", "json").out)
    assert document["total"]["requests"] == document["items"][0]["requests"] == 1


@pytest.mark.parametrize("typed", ["--plan=ever", "--plan="])
def test_a_plan_of_another_kind_is_refused(admin: Typist, typed: str) -> None:
    screen = admin.inventory("get", "nodes", typed)
    assert screen.code == 2 and screen.err.startswith("error: ")


# --- sums -------------------------------------------------------------------


def a_forecast(way: Way, time_s: float, requests: int = 1) -> Forecast:
    return Forecast(PODS, Estimate(way=way, requests=requests, bytes=10, time_s=time_s), 5)


def test_kinds_that_run_side_by_side_take_as_long_as_the_longest() -> None:
    whole = total([a_forecast("bulk", 2.0), a_forecast("bulk", 1.0)], at_once=8, round_trip_s=0.1)
    assert (whole.requests, whole.bytes, whole.objects) == (2, 20, 10)
    assert whole.time_s == pytest.approx(2.1)


def test_a_fan_out_has_every_place_for_itself() -> None:
    forecasts = [a_forecast("fanout", 1.0, 100), a_forecast("fanout", 1.0, 100), a_forecast("bulk", 4.0)]
    assert total(forecasts, at_once=4, round_trip_s=0.0).time_s == pytest.approx(4.0)
    assert total(forecasts, at_once=2, round_trip_s=0.0).time_s == pytest.approx(4.0)
    assert total(forecasts, at_once=1, round_trip_s=0.0).time_s == pytest.approx(6.0)


def test_nothing_takes_a_round_trip() -> None:
    assert total([], at_once=4, round_trip_s=0.2).time_s == pytest.approx(0.2)
    assert Forecast(SECRETS, Estimate(way="none")).count is None

"""Aggregated groups that misbehave, behind a real API server: the rest is printed, in time, and they are named."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kubectl_inventory.clock import ticks_s
from tests.aggregated_api import (
    Lists,
    aggregated_api,
    deep,
    drip,
    garbage,
    hang,
    plain,
    reluctant,
    remove_service,
    unavailable,
    wait_for_group,
)
from tests.conftest import Screen, Typist
from tests.controlplane.cluster import ControlPlane, start_control_plane
from tests.test_interrupt import interrupted, start, wait_until

LIMIT_S = 1.0
IN_TIME_S = LIMIT_S + 1.0 + 1.0
"""The request's limit, the second that design.md allows, and one for starting two processes on a busy machine."""
HUNG_KINDS = ("things", "parts", "models")
GROUPS: dict[str, Lists] = {
    "hung.test": hang,
    "down.test": unavailable,
    "dripping.test": drip,
    "plain.test": plain,
    "garbled.test": garbage,
    "deep.test": deep,
}


def kinds_of(group: str) -> list[str]:
    return [f"{name}.{group}" for name in (HUNG_KINDS if group == "hung.test" else ("things",))]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """An empty cluster with all these groups."""
    with start_control_plane(controllers=False, context_name="groups") as plane, ExitStack() as served:
        for group, lists in GROUPS.items():
            resources = [name.partition(".")[0] for name in kinds_of(group)]
            served.enter_context(aggregated_api(plane, group, lists, resources=resources))
        yield plane


@pytest.fixture
def typist(plane: ControlPlane, tmp_path: Path) -> Typist:
    return Typist(tmp_path, plane.kubeconfigs["admin"])


def only(*groups: str) -> list[str]:
    """Flags that leave the other groups out, and the limit of a request."""
    others = [name for group in GROUPS if group not in groups for name in kinds_of(group)]
    return ["--exclude", ",".join(others), "--request-timeout", f"{LIMIT_S:g}s"]


def timed(typist: Typist, *argv: str) -> Screen:
    """Types a command that must not take longer than one limit and a little."""
    begun_s = ticks_s()
    screen = typist.inventory(*argv)
    assert ticks_s() - begun_s < IN_TIME_S, screen.err
    assert "Traceback" not in screen.err
    return screen


CASES = [
    ("hung.test", "TimedOut", "models.hung.test, parts.hung.test, things.hung.test"),
    ("down.test", "Unavailable", "things.down.test: service unavailable"),
    ("dripping.test", "TimedOut", "things.dripping.test: no answer in 1s"),
    ("garbled.test", "Failed", "things.garbled.test: things.garbled.test: the reply is not what the API promises"),
    ("deep.test", "Failed", "things.deep.test: things.deep.test: the reply is not what the API promises"),
]


@pytest.mark.parametrize("command", [["get", "-o", "name"], [], ["get", "-o", "ndjson"]])
@pytest.mark.parametrize(("group", "reason", "named"), CASES)
def test_the_rest_is_printed_in_time_and_the_group_is_named(
    typist: Typist, command: list[str], group: str, reason: str, named: str
) -> None:
    screen = timed(typist, *command, *only(group))
    assert screen.code == 3
    assert "namespace" in screen.out
    assert f"things.{group}" not in screen.out
    assert f"thing.{group}/" not in screen.out
    (line,) = [line for line in screen.err.splitlines() if line.startswith("  ")]
    assert line.split(None, 3)[2] == reason
    assert named in line


def test_screen_9_for_a_group_that_hangs(typist: Typist) -> None:
    screen = timed(typist, "get", "-o", "name", *only("dripping.test"))
    summary, line, hint = screen.err.splitlines()
    assert summary.startswith("groups: INCOMPLETE: ")
    assert line == "  1 kind   TimedOut   things.dripping.test: no answer in 1s"
    assert hint == 'hint: "kubectl get apiservice v1.dripping.test"; --exclude things.dripping.test'


def test_all_groups_together_cost_one_limit(typist: Typist) -> None:
    screen = timed(typist, "get", "-o", "name", *only(*GROUPS))
    assert screen.code == 3
    assert "4 kinds   TimedOut" in screen.err


@pytest.mark.parametrize("strategy", ["auto", "fanout", "bulk"])
def test_every_strategy_names_it_in_time(typist: Typist, strategy: str) -> None:
    screen = timed(typist, "get", "--strategy", strategy, "-o", "name", *only("hung.test"))
    assert screen.code == 3
    assert "3 kinds   TimedOut" in screen.err


@pytest.mark.parametrize("command", [["get"], [], ["kinds"]])
def test_what_the_user_excludes_is_not_incomplete(typist: Typist, command: list[str]) -> None:
    screen = timed(typist, *command, *only())
    assert screen.code == 0, screen.err
    assert "INCOMPLETE" not in screen.err


def test_the_excluded_group_is_never_asked_for_its_lists(plane: ControlPlane, typist: Typist) -> None:
    mark = plane.audit.mark()
    timed(typist, "get", *only())
    assert [event.request_uri for event in plane.audit.since(mark) if "hung.test" in event.request_uri] == []


def test_kinds_says_of_each_how_it_went(typist: Typist) -> None:
    screen = timed(typist, "kinds", *only("hung.test", "down.test", "plain.test"))
    rows = {line.split()[3]: line.split(None, 4) for line in screen.lines[1:]}
    assert rows["things.hung.test"] == ["TimedOut", "?", "v1", "things.hung.test", "no answer in 1s"]
    assert rows["things.down.test"] == ["Unavailable", "?", "v1", "things.down.test", "service unavailable"]
    assert rows["things.plain.test"][:3] == ["Read", "3", "v1"]
    assert rows["things.deep.test"][0] == "Excluded"


def test_json_lists_what_is_unread(typist: Typist) -> None:
    document = json.loads(timed(typist, "get", "-o", "json", *only("down.test")).out)
    assert document["complete"] is False
    assert document["unread"] == [
        {"resource": "things", "group": "down.test", "reason": "Unavailable", "message": "service unavailable"}
    ]


def test_allow_incomplete_is_exit_0_and_still_says_so(typist: Typist) -> None:
    screen = timed(typist, "--allow-incomplete", *only("down.test"))
    assert screen.code == 0
    assert "INCOMPLETE" in screen.err


def test_a_server_that_ignores_limit_is_counted_right(typist: Typist) -> None:
    screen = timed(typist, *only("plain.test"))
    assert screen.code == 0
    assert "3       things.plain.test" in screen.lines


def test_a_plain_list_is_printed_as_kubectl_prints_it(typist: Typist) -> None:
    ours = timed(typist, "get", "things.plain.test")
    theirs = typist.kubectl("get", "things.plain.test", "-A")
    # The one intended difference: kubectl lets ESC and BEL through here, and so the column's width differs.
    escaped = theirs.out.replace("\x1b", "^[").replace("\x07", "\\x07")
    assert [line.split() for line in ours.lines] == [line.split() for line in escaped.splitlines()]
    assert ours.lines[0].split() == ["NAMESPACE", "NAME", "AGE"]


def test_a_plain_list_in_every_other_format(typist: Typist) -> None:
    names = timed(typist, "get", "things.plain.test", "-o", "name").lines
    assert names == ["thing.plain.test/anvil", "thing.plain.test/bolt", "thing.plain.test/^[[31mcog\\x07"]
    items = json.loads(timed(typist, "get", "things.plain.test", "-o", "json").out)["items"]
    assert [item["metadata"]["name"] for item in items] == ["anvil", "bolt", "\x1b[31mcog\x07"]
    rows = list(csv.DictReader(timed(typist, "get", "things.plain.test", "-o", "csv").lines))
    assert [row["namespace"] for row in rows] == ["default"] * 3


def test_garbage_reaches_no_terminal(typist: Typist) -> None:
    screen = timed(typist, "get", *only("garbled.test"))
    assert "\x1b" not in screen.out + screen.err


def test_a_group_whose_service_is_gone_is_named_though_its_kinds_are_unknown(
    plane: ControlPlane, typist: Typist
) -> None:
    with aggregated_api(plane, "gone.test", plain):
        remove_service(plane, "gone.test")
        wait_for_group(plane, "gone.test", lambda version: version.get("freshness") == "Stale")
        screens = [timed(typist, *command, *only()) for command in ([], ["get", "-o", "name"], ["kinds"])]
    for screen in screens:
        assert screen.code == 3
        assert "gone.test" in screen.err
    assert [line.split()[:4] for line in screens[2].lines if "gone.test" in line] == [
        ["Unavailable", "?", "v1", "*.gone.test"]
    ]


# --- health ---


@pytest.mark.parametrize(("group", "reason", "named"), CASES)
def test_health_judges_the_rest_in_time_and_as_it_would_without_the_group(
    typist: Typist, group: str, reason: str, named: str
) -> None:
    screen, without = timed(typist, "health", "--show-ok", *only(group)), timed(typist, "health", "--show-ok", *only())
    assert screen.out == without.out
    assert "default           ok" in screen.out
    assert (screen.code, without.code) == (3, 0)
    (line,) = [line for line in screen.err.splitlines() if line.startswith(("  1 ", "  3 "))]
    assert line.split(None, 3)[2] == reason
    assert named in line


EXPLAINED = """\
default: error; pods 0/0, workloads 0/0, pvcs 0/0, 0 warnings in 1h
error     thing.slow.test/anvil: Failed
  next: kubectl describe -n default thing.slow.test anvil
"""


def test_a_closer_look_that_hangs_costs_one_limit_and_leaves_the_verdict(plane: ControlPlane, typist: Typist) -> None:
    with aggregated_api(plane, "slow.test", reluctant) as server:
        argv = ("health", "default", *only())
        begun_s = ticks_s()
        table = typist.inventory(*argv)  # needs no closer look at it
        without_s = ticks_s() - begun_s
        screen = typist.inventory(*argv, "--explain")
        assert ticks_s() - begun_s < 2 * without_s + LIMIT_S + 1.0
        looks = [target for target in server.targets if "fieldSelector=metadata.name%3Danvil" in target]
    assert screen.out == EXPLAINED
    assert (screen.code, table.code, len(looks)) == (0, 0, 1)
    assert table.lines[1].split() == ["default", "error", "0/0", "0/0", "0", "thing/anvil", "Failed"]


def test_ctrl_c_ends_a_closer_look(plane: ControlPlane, typist: Typist) -> None:
    with aggregated_api(plane, "slow.test", reluctant) as server:
        argv = ("health", "--explain", *only()[:2], "--request-timeout", "60s")
        running = start(typist, *argv)
        wait_until(lambda: any("fieldSelector" in target for target in server.targets), "it looks closer")
        out, err = interrupted(running, signal.SIGINT)
    assert out == ""
    assert err.startswith("groups: interrupted after ")
    assert "; nothing was printed\n" in err

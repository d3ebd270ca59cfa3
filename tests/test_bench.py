"""The benchmark: it measures whole processes, is not deceived by different answers, and the README quotes it truly."""

from __future__ import annotations

import re
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from tests.bench import answers, bundle, fetching, groups
from tests.bench.__main__ import README, RESULTS, Bench, DifferentAnswersError
from tests.bench.answers import Kind
from tests.bench.groups import Turns
from tests.bench.measuring import Command, Measured, Run, measure, output, summarize
from tests.bench.reporting import BEGIN, END, report, splice
from tests.bench.results import Group, Machine, Reach, Results, Row
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.errors import ControlPlaneError
from tests.controlplane.screens import environment

KINDS = [Kind("configmaps", "configmap"), Kind("events", "event"), Kind("pods", "pod"), Kind("nodes", "node")]

KUBECTLS = """\
NAMESPACE   NAME                 DATA   AGE
shop        configmap/settings   3      5d

NAMESPACE   LAST SEEN   TYPE      REASON    OBJECT      MESSAGE
shop        5m          Normal    Pulled    pod/web-1   Container image already present
shop        4m          Warning   BackOff   pod/web-1   Back-off restarting

NAMESPACE   NAME      STATUS   ROLES    AGE   VERSION
            node/w1   Ready    worker   6m    v1.36.3

NAMESPACE   NAME        READY   STATUS    RESTARTS       AGE
pay         pod/web-1   1/1     Running   0              5m
shop        pod/web-1   1/1     Running   2 (41d ago)    5m
"""
OURS = """\
NAMESPACE   NAME                 READY   STATUS    AGE
shop        configmap/settings   -       -         5d
shop        event/web-1.1        -       Pulled    5m
shop        event/web-1.2        -       BackOff   4m
-           node/w1              -       Ready     6m
pay         pod/web-1            1/1     Running   5m
shop        pod/web-1            1/1     Running   5m
"""
JUDGED = """\
{"cluster": {"health": "ok"},
 "items": [{"namespace": "empty", "health": "ok", "pods": {"ready": 0, "wanted": 0}},
           {"namespace": "pay", "health": "ok", "pods": {"ready": 1, "wanted": 1}},
           {"namespace": "shop", "health": "warning", "pods": {"ready": 1, "wanted": 1}}],
 "findings": [{"namespace": "shop", "reason": "Restarts", "message": "the last 5m ago"}],
 "events": [{"namespace": "shop", "object": "pod/web-1", "reason": "BackOff"}]}
"""
SCREEN = """\
NAMESPACE   HEALTH    PODS   WORKLOADS   WARNINGS   REASON
shop        warning   1/1    -           12         pod/web-1 restarted 2x
"""
COUNTS = """\
COUNT   KIND
2       events
2       pods
1       configmaps
1       nodes
"""


def python(code: str) -> Command:
    """A process that does what is told."""
    return Command("python", (sys.executable, "-I", "-S", "-c", code), {})


def a_run(elapsed_s: float, peak_mb: float) -> Run:
    return Run(0, elapsed_s, elapsed_s / 2, int(peak_mb * 1e6))


def some_results(*rows: Row) -> Results:
    """Counts in 0.2 s and 30 MB, kubectl in 3 s and 300 MB, a start in 0.1 s."""
    measured = {
        "counts": summarize("kubectl inventory", [a_run(0.2, 30), a_run(0.1, 29), a_run(0.4, 31)]),
        "kubectl": summarize("kubectl get", [a_run(3, 300), a_run(2.5, 290), a_run(4, 310)]),
        "start": summarize("kubectl inventory version", [a_run(0.1, 20)]),
    }
    return Results(
        date="2026-11-22",
        command="make bench",
        runs=3,
        took_s=600,
        machine=Machine("Linux", "a processor", 2, 8 * 1024**3),
        versions={"kubectl": "v1.37.1", "curl": "8.0"},
        groups={"near": Group("at the cluster", 22_000, 63, measured)},
        rows=rows,
    )


def test_the_readme_quotes_the_last_benchmark() -> None:
    results = msgspec.json.decode(RESULTS.read_bytes(), type=Results)
    readme = README.read_text(encoding="utf-8")
    assert splice(readme, results) == readme


def test_the_kept_medians_are_those_of_the_kept_runs() -> None:
    results = msgspec.json.decode(RESULTS.read_bytes(), type=Results)
    for group in results.groups.values():
        for measured in group.measured.values():
            assert len(measured.runs) == results.runs
            assert measured == summarize(measured.command, measured.runs)
            assert measured.median_s == statistics.median(run.elapsed_s for run in measured.runs)


def test_a_readme_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        splice(f"# Title\n{BEGIN}", some_results())


def test_figures_replace_those_before_them() -> None:
    first, second = some_results(), msgspec.structs.replace(some_results(), date="2027-01-01")
    readme = splice(f"before\n{BEGIN}{END}after\n", first)
    assert splice(readme, second) == f"before\n{BEGIN}{report(second)}{END}after\n"


def test_the_report_is_this() -> None:
    shared = {"group": "near", "ours": "counts"}
    results = some_results(
        Row(work="counts", against="`kubectl get`", theirs="kubectl", compared="the same numbers",
            reach=(Reach("time", 1 / 35), Reach("memory", 1 / 9.5), Reach("megabytes", 40)), **shared),
        Row(work="counts, no start", against="`kubectl get`", theirs="kubectl", ours_less="start",
            compared="the same numbers", reach=(Reach("time", 3),), **shared),
        Row(work="far counts", against="", reach=(Reach("seconds", 0.15),), **shared),
        Row(work="fetching", against="curl", not_measured="no curl", reach=(Reach("time", 2),), **shared),
    )  # fmt: skip
    assert report(results) == (
        "`make bench`, 2026-11-22, 10 minutes: medians of 3 runs,\n"
        "by turns, on Linux with 2 cores (a processor,\n"
        "8 GiB) that ran the server as well: ratios, not absolutes.\n"
        "What is to be reached is meant for 22,000 objects.\n"
        "kubectl v1.37.1, curl 8.0.\n"
        "\n"
        "| work | time | memory | against | its time | its memory | ratio | of memory | to reach |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| counts | 0.20 s (0.10 to 0.40; CPU 0.10) | 30 MB | `kubectl get` |"
        " 3.00 s (2.50 to 4.00; CPU 1.50) | 300 MB | 1/15 | 1/10 |"
        " 1/35 the time: **missed** (1/15); 1/9.5 the memory: reached; 40 MB: reached |\n"
        "| counts, no start | 0.20 s (0.10 to 0.40; CPU 0.10) | 30 MB | `kubectl get` |"
        " 3.00 s (2.50 to 4.00; CPU 1.50) | 300 MB | 1/30 | 1/10 | 3x the time: reached |\n"
        "| far counts | 0.20 s (0.10 to 0.40; CPU 0.10) | 30 MB |  |  |  |  |  | 0.15 s: **missed** (0.2 s) |\n"
        "| fetching | not measured: no curl |  | curl |  |  |  |  | 2x the time |\n"
        "\n"
        "What was compared, in every turn:\n"
        "\n"
        "* at the cluster (63 kinds, 22,000 objects)\n"
        "  * counts; counts, no start: the same numbers\n"
        "  * counts, no start: the times are compared without the 0.10 s that `kubectl inventory version` takes,"
        " on this side\n"
    )


def test_a_run_counts_the_memory_of_the_process_and_keeps_what_it_printed(tmp_path: Path) -> None:
    small = measure(python("print('hello')"), tmp_path / "answer")
    large = measure(python("print(len(bytearray(200_000_000)))"), tmp_path / "large")
    assert (tmp_path / "answer").read_text() == "hello\n"
    assert large.peak_bytes - small.peak_bytes > 150_000_000
    assert small.peak_bytes < 50_000_000


def test_a_command_that_fails_is_no_figure(tmp_path: Path) -> None:
    with pytest.raises(ControlPlaneError, match="python ended with 3"):
        measure(python("raise SystemExit(3)"), tmp_path / "answer")


def test_answers_that_differ_end_it_before_any_figure(tmp_path: Path) -> None:
    commands = {"ours": python("print('pod/a')"), "theirs": python("print('pod/b')")}
    row = Row(work="names", against="", group="near", ours="ours", theirs="theirs")
    bench = Bench(3, tmp_path)
    with pytest.raises(DifferentAnswersError, match=r"pod/[ab]: [01] times here, [01] times there"):
        bench.run(Turns("names", commands, [answers.lines_are_the_same("ours", "theirs")], [row]), 1, 1)
    assert bench.groups == {}
    assert bench.rows == []


def test_turns_that_agree_are_kept_run_by_run(tmp_path: Path) -> None:
    commands = {"ours": python("print('a\\nb')"), "theirs": python("print('b\\na')")}
    row = Row(work="names", against="", group="near", ours="ours", theirs="theirs")
    bench = Bench(3, tmp_path)
    bench.run(Turns("names", commands, [answers.lines_are_the_same("ours", "theirs")], [row]), 2, 1)
    assert {name: len(it.runs) for name, it in bench.groups["near"].measured.items()} == {"ours": 3, "theirs": 3}


def both(check: answers.Check, ours: str, theirs: str) -> Sequence[str]:
    return check({"ours": ours, "theirs": theirs})


def test_tables_of_both_programs_hold_the_same_objects() -> None:
    assert both(answers.objects_are_kubectls("ours", "theirs"), OURS, KUBECTLS) == []
    assert both(answers.counts_are_kubectls(KINDS, "ours", "theirs"), COUNTS, KUBECTLS) == []


@pytest.mark.parametrize("lost", [line for line in KUBECTLS.splitlines() if re.match(r"pay|shop|.*node/", line)])
def test_no_object_is_lost_unseen(lost: str) -> None:
    fewer = KUBECTLS.replace(f"{lost}\n", "")
    assert both(answers.objects_are_kubectls("ours", "theirs"), OURS, fewer) != []
    assert both(answers.counts_are_kubectls(KINDS, "ours", "theirs"), COUNTS, fewer) != []


def test_a_judgement_stands_on_what_kubectl_shows() -> None:
    assert both(answers.judgement_is_of_kubectls("ours", "theirs"), JUDGED, KUBECTLS) == []
    assert both(answers.screen_is_of_the_judgement("ours", "theirs"), SCREEN, JUDGED) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("pay         pod/web-1   1/1", "pay         pod/web-1   0/1"), ("Warning", "Normal "), ("BackOff", "Failed ")],
)
def test_no_fact_of_a_judgement_is_lost_unseen(one: str, other: str) -> None:
    assert one in KUBECTLS
    assert both(answers.judgement_is_of_kubectls("ours", "theirs"), JUDGED, KUBECTLS.replace(one, other)) != []


def test_pods_that_have_ended_are_not_wanted() -> None:
    ended = "pay         pod/run-1   0/1     Completed   0   5m\n"
    assert both(answers.judgement_is_of_kubectls("ours", "theirs"), JUDGED, KUBECTLS + ended) == []


def test_a_screen_shows_all_that_is_not_well_and_nothing_else() -> None:
    check = answers.screen_is_of_the_judgement("ours", "theirs")
    assert both(check, SCREEN, JUDGED.replace("warning", "ok")) != []
    assert both(check, SCREEN, JUDGED.replace('"ok"', '"error"', 1)) != []


def test_judgements_may_differ_in_ages_and_nothing_else() -> None:
    check = answers.judgement_is_the_same("ours", "theirs")
    assert both(check, JUDGED, JUDGED.replace("5m", "12m")) == []
    assert both(check, JUDGED, JUDGED.replace("Restarts", "NotReady")) != []
    assert both(check, JUDGED, JUDGED.replace('"ready": 1', '"ready": 0', 1)) != []


def test_ages_may_move_and_nothing_else() -> None:
    check = answers.text_is_the_same("ours", "theirs")
    later = KUBECTLS.replace("5m ", "12m").replace("(41d ago)", "(42d ago)")
    assert later != KUBECTLS
    assert both(check, KUBECTLS, later) == []
    assert both(check, KUBECTLS, KUBECTLS.replace("Running   0", "Running   1")) != []


def test_other_plugins_are_held_to_what_they_print() -> None:
    names = answers.names_are_among("theirs", "ours")
    assert both(names, "pod/a\npod/b\n", "NAME    NAMESPACE  AGE\npod/b   shop       5m\n") == []
    assert both(names, "pod/a\npod/b\n", "NAME    NAMESPACE  AGE\npod/c   shop       5m\n") != []
    count = answers.count_is_named("theirs", "ours", "pods")
    assert both(count, COUNTS, "| Pod | 2 |") == []
    assert both(count, COUNTS, "| Pod | 22 |") != []


def test_kinds_are_read_with_and_without_short_names() -> None:
    screen = "pods          po   v1         true    Pod\nreplicasets   rs   apps/v1    true    ReplicaSet\n"
    screen += "bindings           v1         true    Binding\n"
    assert answers.parse_kinds(screen) == [
        Kind("bindings", "binding"),
        Kind("pods", "pod"),
        Kind("replicasets.apps", "replicaset.apps"),
    ]


@pytest.mark.skipif(not fetching.is_curl_there(), reason="no curl")
def test_curl_reads_what_get_had_read(demo: ControlPlane, tmp_path: Path) -> None:
    get = groups.ours(environment(demo), "get", "deployments", "--quiet", "--allow-incomplete")
    learned = fetching.learn(demo, get, tmp_path)
    said = output(learned.command.argv, learned.command.variables)
    assert len(learned.requests) > 1
    assert learned.check("curl")({"curl": said}) == []
    fewer = "".join(said.splitlines(keepends=True)[1:])
    assert learned.check("curl")({"curl": fewer}) != []


def test_the_bundles_table_says_what_was_reached() -> None:
    def took(seconds: float) -> Measured:
        return summarize("", [a_run(seconds, 1)])

    measured = {f"{work}, {bundle.VENV}": took(0.1) for work in bundle.WORKS}
    measured |= {f"{work}, {bundle.LINK}": took(0.2) for work in bundle.WORKS}

    _, version, _, counts, _ = bundle.table(measured, 1)

    assert version.endswith("2.00x (at most 2x: reached)")
    assert counts.endswith("2.00x (at most 1.05x: missed)")

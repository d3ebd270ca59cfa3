"""What words and columns mean, and which kinds are judged when."""

from __future__ import annotations

import itertools

import pytest

from kubectl_inventory.health import (
    BAD_CONDITIONS,
    BEARINGS,
    COUNTS,
    DEPENDENT,
    ENDED,
    ENDS,
    GOOD_CONDITIONS,
    HEALTHS,
    JUDGED,
    MEANINGS,
    NEEDED,
    PASSING_CONDITIONS,
    RESTS,
    SPOILT,
    STARTING,
    STARTS,
    STATE_COLUMNS,
    VERDICT_WORDS,
    VERDICTS,
    WORKLOADS,
    Health,
    is_custom,
    is_judged,
    is_number,
    is_spoilt,
    is_starting,
    is_telling,
    is_worse,
    meaning_of,
    meaning_of_phrase,
    rank,
    ratio,
    says_health,
    spelt,
    worst,
)
from kubectl_inventory.resource import Kind
from tests.fake_api import DEPLOYMENTS, NODES, PODS, SECRETS, a_kind
from tests.printed import BUCKETS, EVENTS, JOBS, REPLICA_SETS, columns


@pytest.mark.parametrize(
    ("word", "health"),
    [
        ("CrashLoopBackOff", "error"),
        ("crashloopbackoff", "error"),
        ("Init:CrashLoopBackOff", "error"),
        ("Init:0/2", "changing"),
        ("Init:Error", "error"),
        ("ExitCode:137", "error"),
        ("Init:ExitCode:1", "error"),
        ("ExitCode:0", "ok"),
        ("Signal:9", "error"),
        ("Init:Signal:9", "error"),
        ("Evicted", "warning"),
        ("Unknown", "unknown"),
        ("Pending", "changing"),
        ("Running", "ok"),
        ("Suspended", "ok"),
        ("hibernated", "scaled-down"),
        ("Frobnicated", None),
        ("Init:Frobnicated", None),
        ("Init:٣/٤", None),
        ("", None),
    ],
)
def test_a_word_means_what_kubernetes_means_by_it(word: str, health: Health | None) -> None:
    assert meaning_of(word) == health


def test_no_word_has_two_meanings() -> None:
    known = [word for words in MEANINGS.values() for word in words]
    assert sorted(known) == sorted(set(known))
    assert set(MEANINGS) == set(HEALTHS)


def test_no_column_is_read_in_two_ways() -> None:
    named = [*STATE_COLUMNS, *GOOD_CONDITIONS, *BAD_CONDITIONS, *PASSING_CONDITIONS]
    assert sorted(named) == sorted(set(named))


def test_no_word_of_a_pod_is_read_in_two_ways() -> None:
    assert STARTING.isdisjoint(ENDED | SPOILT)
    assert ENDED.isdisjoint(SPOILT)


@pytest.mark.parametrize(
    ("words", "healths"), [(STARTING, {"changing"}), (ENDED, {"ok"}), (SPOILT, {"error", "warning"})]
)
def test_what_a_pod_says_means_the_same_of_any_kind(words: frozenset[str], healths: set[Health]) -> None:
    assert {meaning_of(word) for word in words} == healths


def test_tables_are_in_lower_case() -> None:
    tables = [*MEANINGS.values(), STATE_COLUMNS, GOOD_CONDITIONS, BAD_CONDITIONS, PASSING_CONDITIONS]
    assert [word for words in tables for word in words if word != word.lower().strip()] == []


@pytest.mark.parametrize(
    ("text", "health"),
    [
        ("Failed", "error"),
        ("ROLLED_BACK", "error"),
        ("externally provisioned", "ok"),
        ("In Progress", "changing"),
        ("SyncFailed", "error"),
        ("FailedValidation", "error"),
        ("SUBMISSION_FAILED", "error"),
        ("ErrorUnschedulable", "error"),
        ("walArchivingFailing", "error"),
        ("reconcile-error", "error"),
        ("Cluster is unrecoverable and needs manual intervention", "error"),
        ("PartiallyFailed", "warning"),
        ("ErrorFree", None),
        ("NoError", None),
        ("Running, 0 failed", "ok"),
        ("FailedOver", None),
        ("Failing over", "changing"),
        ("Terror", None),
        ("ImportInProgress", "changing"),
        ("ProgressIn", None),
        ("Running (2 of 3)", "ok"),
        ("Running, no errors", "ok"),
        ("Healthy (not paused)", "ok"),
        ("Ready: False", None),
        ("Succeeded: no", None),
        ("Ready, not connected", None),
        ("Running but unhealthy", None),
        ("Bound, lost", None),
        ("Available (0 of 3 replicas)", None),
        ("Up 0/3", None),
        ("Ready (0 of 0)", "ok"),
        ("Running, error: none", "ok"),
        ("Healthy, failed: 0", "ok"),
        ("Completed with failures", "warning"),
        ("CompletedWithFailures", "warning"),
        ("Deployed with 2 failures", "error"),
        ("Errors: 0", None),
        ("Frobnicating", None),
        ("", None),
    ],
)
def test_an_operators_words_are_read_by_what_they_are_made_of(text: str, health: Health | None) -> None:
    assert meaning_of_phrase(text) == health


def test_a_remark_is_read_by_its_first_word() -> None:
    remark = "Applied, though the last try Failed"
    assert (meaning_of_phrase(remark), meaning_of_phrase(remark, is_remark=True)) == ("error", "ok")


def test_words_with_a_rule_of_their_own_are_known() -> None:
    assert MEANINGS["changing"] >= STARTS | ENDS
    assert [word for word in RESTS | VERDICT_WORDS if meaning_of(word) is None] == []
    assert GOOD_CONDITIONS >= VERDICTS | COUNTS
    assert STATE_COLUMNS >= DEPENDENT


def test_headers_are_spelt_as_they_are_looked_up() -> None:
    tables = (STATE_COLUMNS, GOOD_CONDITIONS, BAD_CONDITIONS, PASSING_CONDITIONS, STARTS, ENDS, RESTS, VERDICT_WORDS)
    assert [word for words in tables for word in words if spelt(word) != word] == []


@pytest.mark.parametrize("text", ["3", "-1", "2.5", "10Gi", "45%", "1.5 GiB", "100m", "+1", ".5", "12e3", "1E-3"])
def test_a_quantity_is_a_number(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize("text", ["", "True", "1/3", "3rd", "Gi", "5 pods", "٣", "1.2.3", "2e", "5mm"])
def test_any_other_text_is_none(text: str) -> None:
    assert not is_number(text)


@pytest.mark.parametrize("word", ["Error", "Init:Error", "Init:OOMKilled", "OOMKilled", "ExitCode:2", "Evicted"])
def test_a_pod_that_ended_badly_is_spoilt(word: str) -> None:
    assert (is_spoilt(word), is_starting(word)) == (True, False)


@pytest.mark.parametrize("word", ["Pending", "Init:1/2", "PodInitializing", "ContainerCreating", "SchedulingGated"])
def test_a_pod_that_has_not_run_is_starting(word: str) -> None:
    assert (is_spoilt(word), is_starting(word)) == (False, True)


@pytest.mark.parametrize("word", ["Running", "Completed", "ExitCode:0", "Init:CrashLoopBackOff", "Frobnicated"])
def test_any_other_word_is_neither(word: str) -> None:
    assert (is_spoilt(word), is_starting(word)) == (False, False)


def test_worse_is_what_comes_first() -> None:
    assert [pair for pair in itertools.product(HEALTHS, repeat=2) if is_worse(*pair)] == [
        *itertools.combinations(HEALTHS, 2)
    ]
    assert (worst(["ok", "warning", "unknown"]), worst([])) == ("unknown", "ok")


@pytest.mark.parametrize(
    ("text", "pair"),
    [("1/3", (1, 3)), ("0/0", (0, 0)), ("", None), ("3", None), ("1/3 ", None), ("-1/3", None), ("²/³", None),
     (f"{'9' * 10}/1", None)],
)  # fmt: skip
def test_a_ratio_is_two_numbers(text: str, pair: tuple[int, int] | None) -> None:
    assert ratio(text) == pair


@pytest.mark.parametrize(
    ("headers", "tells"),
    [
        ("Name,Status", True),
        ("Name,PHASE", True),
        ("Name,Ready", True),
        ("Name,Degraded", True),
        ("Name,Progressing", True),
        ("Name,Health Status", True),
        ("Name,Job Status", True),
        ("Name,Error", True),
        ("Name,Desired State", False),
        ("Name,Status Description", False),
        ("Name|Job Status", False),
        ("Name,Message,Age", False),
        ("Name,Age|Status", False),
        ("Name,Lifecycle", True),
        ("Name|Lifecycle", True),
        ("", False),
    ],
)
def test_a_column_tells_by_its_name_unless_it_is_for_wide_alone(headers: str, tells: bool) -> None:
    assert says_health(columns(headers), also=("lifecycle",)) is tells


def test_no_column_tells_that_nobody_named() -> None:
    (column,) = columns("Lifecycle")
    assert not is_telling(column)


def test_kinds_come_in_the_order_in_which_they_are_judged_by_each_other() -> None:
    other = a_kind("rings", "acme.example")
    kinds = [EVENTS, other, PODS, BUCKETS, JOBS, REPLICA_SETS, DEPLOYMENTS, NODES]
    assert sorted(kinds, key=rank) == [NODES, DEPLOYMENTS, REPLICA_SETS, JOBS, PODS, BUCKETS, other, EVENTS]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (PODS, (True, False)),
        (SECRETS, (False, False)),
        (a_kind("leases", "coordination.k8s.io"), (False, False)),
        (a_kind("events", "events.k8s.io"), (False, False)),
        (BUCKETS, (True, True)),
        (a_kind("volumesnapshots", "snapshot.storage.k8s.io"), (True, True)),
        (a_kind("services", "serving.knative.dev"), (True, True)),
        (a_kind("ciliumendpoints", "cilium.io"), (False, True)),
        (a_kind("ciliumnetworkpolicies", "cilium.io"), (True, True)),
    ],
)
def test_what_may_say_how_it_is_is_judged(kind: Kind, expected: tuple[bool, bool]) -> None:
    assert (is_judged(kind), is_custom(kind)) == expected


def test_what_is_needed_is_judged() -> None:
    assert {*NEEDED, *WORKLOADS, *BEARINGS} - {*JUDGED} == set()
    assert len(JUDGED) == len(set(JUDGED))

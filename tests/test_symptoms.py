"""What a row says by itself: each kind's rule, and the one for every other kind."""

from __future__ import annotations

import msgspec
import pytest

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.judgement.native import judge_of
from kubectl_inventory.judgement.symptoms import Symptom, as_word
from kubectl_inventory.output.columns import Places
from kubectl_inventory.reading.inventory import Row
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import Cell, ColumnDefinition
from tests.fake_api import NAMESPACE_KIND, NODES, a_kind, a_policy
from tests.printed import (
    API_SERVICES,
    AUTOSCALERS,
    BUCKETS,
    BUDGETS,
    CLAIMS,
    CRON_JOBS,
    INGRESSES,
    QUOTAS,
    VOLUMES,
    columns,
    places_of,
    printed,
)


def judged(kind: Kind, **cells: Cell) -> Symptom | None:
    return judge_of(kind, places_of(kind), (), Policy())(printed(kind, **cells))


def a_bucket(headers: str, *cells: Cell, policy: Policy | None = None) -> Symptom | None:
    """What a custom kind's row says, its name left out."""
    named = columns(f"Name,{headers}")
    row = Row("shop", "one", ("one", *cells))
    return judge_of(BUCKETS, Places(named), named, policy or Policy())(row)


def a_warning(reason: str, brief: str = "", message: str = "") -> Symptom:
    """One that nobody has to look at closer."""
    return Symptom(health="warning", reason=reason, brief=brief, message=message)


TERMINATING = Symptom(health="warning", reason="Terminating", look="verdict", passes=True)
UNREADY_NODE = Symptom(health="warning", reason="NotReady", brief="NotReady", look="verdict")


@pytest.mark.parametrize(
    ("kind", "status", "expected"),
    [
        (NAMESPACE_KIND, "Active", None),
        (NAMESPACE_KIND, "Terminating", TERMINATING),
        (NODES, "Ready", None),
        (NODES, "NotReady", UNREADY_NODE),
        (NODES, "Unknown", UNREADY_NODE),
        (NODES, "NotReady,SchedulingDisabled",
         Symptom(health="warning", reason="NotReady", brief="NotReady, cordoned", look="verdict")),
        (NODES, "Ready,SchedulingDisabled", Symptom(health="changing", reason="Cordoned", brief="cordoned")),
        (CLAIMS, "Bound", None),
        (CLAIMS, "", None),
        (CLAIMS, "Pending", Symptom(health="warning", reason="Pending", look="reason", passes=True)),
        (CLAIMS, "Lost", Symptom(health="error", reason="Lost", look="reason")),
        (CLAIMS, "Terminating", TERMINATING),
        (VOLUMES, "Available", None),
        (VOLUMES, "Terminating", TERMINATING),
        (VOLUMES, "Failed", Symptom(health="error", reason="Failed", look="reason")),
    ],
)  # fmt: skip
def test_a_status_is_read_as_its_kind_means_it(kind: Kind, status: str, expected: Symptom | None) -> None:
    assert judged(kind, status=status) == expected


@pytest.mark.parametrize(("policy", "is_found"), [("Retain", False), ("Delete", True)])
def test_a_volume_that_should_have_been_deleted_is_found(policy: str, is_found: bool) -> None:
    symptom = judged(VOLUMES, status="Released", claim="pay/data", reclaim_policy=policy)
    message = "the claim pay/data is gone and the reclaim policy is Delete"
    found = a_warning("Released", "Released and not deleted", message)
    found = msgspec.structs.replace(found, look="verdict", passes=True)
    assert symptom == (found if is_found else None)


@pytest.mark.parametrize(
    ("request_", "limit", "expected"),
    [
        ("cpu: 9/10, memory: 1Gi/2Gi", "", None),
        ("cpu: 1/10, memory: 1900Mi/2Gi", "", "memory 1900Mi/2Gi, 93% used"),
        ("cpu: 1/10", "limits.cpu: 19500m/20", "limits.cpu 19500m/20, 98% used"),
        ("count/deployments.apps: 5/5", "", "count/deployments.apps 5/5, 100% used"),
        ("pods: 0/0", "", None),
        ("pods: 5/0", "", "pods 5/0"),
        ("storage: 11e3/12e3", "", "storage 11e3/12e3, 92% used"),
        ("cpu: 950e-3/1", "", "cpu 950e-3/1, 95% used"),
        ("cpu: 1.2.3/1", "", None),
        ("cpu: much/10, pods: 12/10", "", "pods 12/10, 120% used"),
        ("", "", None),
    ],
)
def test_a_quota_is_nearly_used_above_90_percent(request_: str, limit: str, expected: str | None) -> None:
    symptom = judged(QUOTAS, request=request_, limit=limit)
    assert (symptom.message if symptom is not None else None) == expected
    assert symptom is None or (symptom.health, symptom.reason) == ("warning", "QuotaNearlyUsed")


@pytest.mark.parametrize(
    ("targets", "least", "most", "replicas", "brief"),
    [
        ("cpu: 91%/70%", "1", "6", "6", "at its maximum of 6"),
        ("cpu: 50%/70%", "1", "6", "6", None),
        ("cpu: 77%/70%", "1", "6", "6", None),
        ("cpu: 78%/70%", "1", "6", "6", "at its maximum of 6"),
        ("cpu: 91%/70%", "6", "6", "6", None),
        ("cpu: 91%/70%", "1", "6", "5", None),
        ("cpu: 50%/70%, memory: 1500m/1 (avg)", "1", "6", "6", "at its maximum of 6"),
        ("cpu: 10%/70%, memory: 20%/80% + 1 more...", "1", "6", "6", "at its maximum of 6"),
        ("of no known form", "1", "6", "6", "at its maximum of 6"),
        ("cpu: <unknown>/70%", "1", "6", "5", "has no metrics"),
        ("cpu: <unknown>/70%", "1", "6", "0", None),
        ("cpu: <unknown>/70%", "0", "6", "0", "has no metrics"),
    ],
)
def test_an_autoscaler_is_found_that_cannot_do_its_work(
    targets: str, least: str, most: str, replicas: str, brief: str | None
) -> None:
    symptom = judged(AUTOSCALERS, targets=targets, minpods=least, maxpods=most, replicas=replicas)
    assert (symptom.brief if symptom is not None else None) == brief


@pytest.mark.parametrize(
    ("least", "most", "allowed", "wants"),
    [("2", "N/A", 0, "min available 2"), ("N/A", "0", 0, "max unavailable 0"), ("2", "N/A", 1, None)],
)
def test_a_budget_that_allows_nothing_is_looked_at(least: str, most: str, allowed: int, wants: str | None) -> None:
    symptom = judged(BUDGETS, min_available=least, max_unavailable=most, allowed_disruptions=allowed)
    message = f"allows no disruption ({wants}): its pods cannot be drained from a node"
    found = Symptom(
        health="warning", reason="AllowsNothing", brief="allows no disruption", message=message, look="verdict",
        passes=True,
    )  # fmt: skip
    assert symptom == (found if wants is not None else None)


@pytest.mark.parametrize(
    ("schedule", "last", "cells", "brief"),
    [
        ("*/5 * * * *", "4m", {}, None),
        ("*/5 * * * *", "125m", {}, None),
        ("*/5 * * * *", "126m", {}, "not run for 126m"),
        ("*/5 * * * *", "30d", {"suspend": "True"}, None),
        ("*/5 * * * *", "30d", {"active": 1}, None),
        ("*/5 * * * *", "<none>", {"age": "3h"}, "never run in 3h"),
        ("*/5 * * * *", "<none>", {"age": "10m"}, None),
        ("0 3 * * *", "47h", {}, None),
        ("0 3 * * *", "3d", {}, "not run for 3d"),
        ("0 3 1 * *", "100d", {}, None),
        ("0 3 1 * *", "125d", {}, "not run for 125d"),
        ("0 3 1 1 *", "400d", {}, None),
        ("whenever", "400d", {}, None),
    ],
)
def test_a_cron_job_that_is_overdue_is_found(
    schedule: str, last: str, cells: dict[str, Cell], brief: str | None
) -> None:
    row: dict[str, Cell] = {"suspend": "False", "active": 0, "schedule": schedule, "last_schedule": last, **cells}
    symptom = judged(CRON_JOBS, **row)
    assert symptom is None or (symptom.health, symptom.reason, symptom.look) == ("warning", "NotScheduled", "")
    assert (symptom.brief if symptom is not None else None) == brief


@pytest.mark.parametrize(
    ("address", "served", "message"),
    [
        ("10.0.0.1", "nginx", None),
        ("", "nginx", "no address: does a controller serve the class nginx?"),
        ("<none>", "<none>", "no address, and no class"),
    ],
)
def test_an_ingress_wants_an_address(address: str, served: str, message: str | None) -> None:
    symptom = judged(INGRESSES, address=address, **{"class": served})
    found = Symptom(health="warning", reason="NoAddress", brief="has no address", message=message or "", passes=True)
    assert symptom == (found if message is not None else None)


@pytest.mark.parametrize(
    ("available", "reason"),
    [("True", None), ("", None), ("False (ServiceNotFound)", "ServiceNotFound"), ("Unknown", "Unavailable")],
)
def test_an_api_service_says_why_it_is_not_there(available: str, reason: str | None) -> None:
    symptom = judged(API_SERVICES, available=available)
    found = Symptom(health="warning", reason=reason or "", brief=f"unavailable, {reason}", look="reason")
    assert symptom == (found if reason is not None else None)


# --- any other kind -------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "cells", "expected"),
    [
        ("Ready,Age", ("True", "5m"), None),
        ("Ready,Age", (True, "5m"), None),
        ("Ready,Age", ("False", "5m"), ("warning", "NotReady")),
        ("Ready,Age", (False, "5m"), ("warning", "NotReady")),
        ("Ready", ("Unknown",), ("unknown", "ReadyUnknown")),
        ("Ready", (None,), None),
        ("Ready", ("<none>",), None),
        ("State", ("-",), None),
        ("State", ("N/A",), None),
        ("State", ("None",), ("unknown", "None")),
        ("Ready", ("",), None),
        ("Ready,Synced", ("True", "False"), ("warning", "NotSynced")),
        ("Status", ("Error: no such bucket",), ("error", "Error:-no-such-bucket")),
        ("Ready,Status", ("True", "SecretSynced"), None),
        ("Ready,Status", ("False", "SecretSyncedError"), ("error", "SecretSyncedError")),  # the word says: an error
        ("Ready,Status", ("False", "SecretMissing"), ("warning", "NotReady")),
        ("Ready,Status", ("True", "Applied revision: main@sha1:4f2"), None),
        ("Status", ("SecretSynced",), ("unknown", "SecretSynced")),
        ("Succeeded", ("Unknown",), ("changing", "Running")),
        ("Degraded", ("True",), ("warning", "Degraded")),
        ("Degraded", ("False",), None),
        ("Progressing", ("True",), ("changing", "Progressing")),
        ("Progressing", ("Unknown",), None),
        ("Succeeded", ("Unknown",), ("changing", "Running")),
        ("Status", ("True",), None),
        ("Status", ("False",), ("warning", "NotReady")),
        ("Phase", ("Failed",), ("error", "Failed")),
        ("Phase", ("Running",), None),
        ("Phase", ("Unknown",), ("unknown", "Unknown")),
        ("Phase", ("Frobnicating",), ("unknown", "Frobnicating")),
        ("Phase", ("Pending",), ("warning", "Pending")),  # once an hour is over
        ("Phase", ("Updating",), ("changing", "Updating")),
        ("Ready,Status", ("True", "stored artifact for revision 5"), None),
        ("Ready,Status", ("False", "no such host"), ("warning", "NotReady")),
        ("Status,Ready", ("Failed", "True"), ("error", "Failed")),
        ("Status", ("Running (2 of 3)",), None),
        ("Status", ("Failed, twice",), ("error", "Failed-twice")),
        ("Status", ("no such host",), ("unknown", "no-such-host")),
        ("State", (3,), None),
        ("State", (2.5,), None),
        ("Ready", ("1/3",), ("warning", "NotReady")),
        ("Ready", ("3/3",), None),
        ("Ready,Desired", (1, 3), ("warning", "NotReady")),
        ("Ready,Desired", (3, 3), None),
        ("Ready", (0,), None),
        ("Age|Status", ("5m", "Failed"), None),
        ("Size,Age", ("Failed", "5m"), None),
        ("Phase,Phase", ("Running", "Failed"), ("error", "Failed")),
        ("Phase,Status", ("Running",), None),
        # Words that are known are never explained away, and others by a condition alone.
        ("Health,Phase", ("red", "Ready"), ("error", "red")),
        ("Health,Phase", ("yellow", "Ready"), ("warning", "yellow")),
        ("Health,Phase", ("green", "Ready"), None),
        ("Health,Phase", ("purple", "Ready"), ("unknown", "purple")),
        ("Phase,Ready", ("Frobnicating", "True"), ("unknown", "Frobnicating")),
        ("Status,Synced", ("Frobnicating", "True"), ("unknown", "Frobnicating")),
        ("Phase,Ready", ("all is said and done", "True"), None),
        ("Phase,Available", ("no quorum", "False"), ("warning", "NotAvailable")),
        ("Status,Ready", ("Failed to fetch the index", "True"), ("error", "Failed-to-fetch-the-index")),
        ("Status,Ready", ("no error in 5 days", "True"), None),
        # What is told to rest is not expected to be ready.
        ("State,Ready", ("Stopped", "False"), None),
        ("State,Ready", ("Paused", "Unknown"), None),
        ("State,Robustness", ("detached", "unknown"), None),
        ("State,Robustness", ("attaching", "unknown"), ("changing", "attaching")),
        ("State,Robustness", ("attached", "unknown"), ("unknown", "RobustnessUnknown")),
        ("State,Robustness", ("detached", "faulted"), ("error", "faulted")),
        ("State,Degraded", ("Stopped", "True"), ("warning", "Degraded")),
        ("State,Ready,Desired", ("Stopped", 0, 3), None),
        ("Ready,Reason", ("False", "NoTraffic"), None),
        ("Ready,Reason", ("False", "TooHot"), ("warning", "NotReady")),
        ("Last Backup Status,Ready", ("Paused", "False"), ("warning", "NotReady")),
        # Numbers are no words.
        ("Available", ("3",), None),
        ("Available", ("10Gi",), None),
        ("Valid", ("98%",), None),
        ("Ready,Desired", ("1", "3"), ("warning", "NotReady")),
        ("Available,Desired", (2, 5), ("warning", "NotAvailable")),
        ("Ready,Instances", (1, 3), ("warning", "NotReady")),
        ("Ready,Replicas", (0, 0), None),
        ("Ready,Desired", ("soon", 3), ("unknown", "soon")),
        ("Ready,Desired", (True, 3), None),
        # A column that ends as a state's does tells of trouble alone.
        ("Job Status", ("FAILED",), ("error", "FAILED")),
        ("Job Status", ("FROBNICATING",), None),
        ("Job Status", ("False",), None),
        ("LastBackupState", ("Degraded",), ("warning", "Degraded")),
        ("Desired State", ("Offline",), None),
        ("Error", ("registration error",), ("error", "registration-error")),
        ("Error", ("none",), None),
        # Headers are spelt in many ways.
        ("RUNTIME-HEALTHY", ("False",), ("warning", "NotRuntimeHealthy")),
        ("SYNCED", ("False",), ("warning", "NotSynced")),
        ("AllReplicasReady", ("False",), ("warning", "NotAllReplicasReady")),
        ("Online", ("false",), None),
    ],
)
def test_a_custom_kind_is_judged_by_the_columns_that_tell(
    headers: str, cells: tuple[Cell, ...], expected: tuple[str, str] | None
) -> None:
    symptom = a_bucket(headers, *cells)
    assert ((symptom.health, symptom.reason) if symptom is not None else None) == expected


@pytest.mark.parametrize(("headers", "cells"), [("Ready", ("1/3",)), ("Ready,Desired", (1, 3))])
def test_how_many_are_ready_may_change(headers: str, cells: tuple[Cell, ...]) -> None:
    expected = Symptom(health="warning", reason="NotReady", brief="1/3 ready", look="verdict", passes=True)
    assert a_bucket(headers, *cells) == expected


@pytest.mark.parametrize(
    ("headers", "cells", "expected"),
    [
        ("Ready", ("False",), Symptom(health="warning", reason="NotReady", look="verdict", passes=True)),
        ("Ready", ("Unknown",), Symptom(health="unknown", reason="ReadyUnknown", look="verdict", passes=True)),
        ("Health", ("red",), Symptom(health="error", reason="red", look="verdict", passes=True)),
        ("Phase", ("Failed",), Symptom(health="error", reason="Failed", look="reason")),
        ("Degraded", ("True",), Symptom(health="warning", reason="Degraded", look="reason")),
        ("Phase", ("Pending",),
         Symptom(health="warning", reason="Pending", look="verdict", passes=True, patience_s=3600)),
        ("Phase", ("Deleting",),
         Symptom(health="warning", reason="Deleting", look="verdict", passes=True, patience_s=3600)),
        ("Phase,Ready", ("Pending", "False"),
         Symptom(health="warning", reason="NotReady", look="verdict", passes=True)),
        ("Ready,Degraded", ("Unknown", "True"),
         Symptom(health="unknown", reason="ReadyUnknown", look="verdict", passes=True, meanwhile="warning")),
    ],
)  # fmt: skip
def test_how_long_it_is_so_decides_of_what_may_pass(
    headers: str, cells: tuple[Cell, ...], expected: Symptom
) -> None:
    assert a_bucket(headers, *cells) == expected


@pytest.mark.parametrize("type_", ["integer", "number"])
def test_an_empty_number_is_0_and_an_empty_condition_is_not_said(type_: str) -> None:
    named = (*columns("Name,Desired"), ColumnDefinition("Ready", type=type_), ColumnDefinition("Available"))
    row = Row("shop", "one", ("one", 3, None, None))
    symptom = judge_of(BUCKETS, Places(named), named, Policy())(row)
    assert symptom is not None
    assert symptom.brief == "0/3 ready"


def test_a_date_is_no_condition() -> None:
    named = (*columns("Name"), ColumnDefinition("Available", type="date"))
    assert judge_of(BUCKETS, Places(named), named, Policy())(Row("shop", "one", ("one", "5m"))) is None


@pytest.mark.parametrize(
    ("headers", "cells", "expected"),
    [
        ("Status,Age", ("Failed", "3h"), "warning"),
        ("Status,Age", ("Failed", "23h"), "warning"),
        ("Status,Age", ("Failed", "2d"), None),
        ("Status,Age", ("Failed", ""), "warning"),
        ("Status,Age", ("Frobnicating", "2d"), "unknown"),
        ("Status,Finish,Age", ("Failed", "2020-01-01T00:00:00Z", "3h"), None),
        ("Status,Finish,Age", ("Failed", "yesterday", "3h"), "warning"),
        ("Status,CompletionTime,Age", ("Failed", "0s", "60d"), "warning"),
        ("Status,Started", ("Failed", "2 days ago"), None),
        ("Status,Started", ("Failed", "About an hour ago"), "warning"),
        ("Status,Age", ("Pending", "2d"), "warning"),
    ],
)
def test_a_run_that_failed_is_a_warning_for_a_day(
    headers: str, cells: tuple[Cell, ...], expected: str | None
) -> None:
    runs = a_kind("workflows", "argoproj.io")
    named = columns(f"Name,{headers}")
    symptom = judge_of(runs, Places(named), named, Policy())(Row("shop", "one", ("one", *cells)))
    assert (symptom.health if symptom is not None else None) == expected


def test_a_status_that_is_a_list_or_a_map_is_read_as_it_is_printed() -> None:
    assert a_bucket("Status", ["Frobnicating"]) == a_bucket("Status", "[Frobnicating]")
    assert a_bucket("Status,Replicas,Ready", "Ready", {"wanted": 3}, ["1"]) == a_bucket("Status,Ready", "Ready", "[1]")


def test_a_word_that_is_not_known_is_quoted() -> None:
    assert a_bucket("Phase", "Frobnicating") == Symptom(
        health="unknown", reason="Frobnicating", message='what "Frobnicating" means is not known here', is_unheard=True
    )


def test_a_word_of_any_length_and_kind_makes_one_short_line() -> None:
    long, wild = a_bucket("Phase", "x" * 5000), a_bucket("Phase", "\x1b[31mred\u202e\n")
    assert long is not None
    assert wild is not None
    assert (long.reason, long.message) == ("x" * 63, f'what "{"x" * 77}..." means is not known here')
    assert (wild.reason, wild.message) == ("31mred", 'what "\\x1b[31mred\\u202e" means is not known here')


@pytest.mark.parametrize(
    ("text", "word"), [("Out of office", "Out-of-office"), ("Init:0/1", "Init:0/1"), ("-", "Unnamed"), ("", "Unnamed")]
)
def test_a_reason_is_one_word(text: str, word: str) -> None:
    assert as_word(text) == word


POLICY = a_policy("""\
health:
  words:
    - {means: ok, words: ["Out of office"]}
    - {means: warning, words: ["Running"], kinds: ["buckets.acme.example"], column: Phase}
    - {means: error, words: ["Broken", "False"], kinds: ["buckets"], column: Lifecycle}
    - {means: warning, words: ["5"], column: State}
    - {means: ok, words: ["Provisioning"]}
    - {means: scaled-down, words: ["Asleep"], kinds: ["rings"]}
    - {means: ok, words: ["Unknown", "False", "1/3", "Mothballed"]}""")


@pytest.mark.parametrize(
    ("headers", "cell", "expected"),
    [
        ("Phase", "OUT OF OFFICE", None),
        ("Phase", "Running", ("warning", "Running")),
        ("Status", "Running", None),
        ("Lifecycle", "Broken", ("error", "Broken")),
        ("Age|Lifecycle", "Broken", None),
        ("Lifecycle", "False", ("error", "False")),
        ("Lifecycle", "Running", None),
        ("Phase", "Asleep", ("unknown", "Asleep")),
        ("State", "5", ("warning", "5")),
        ("Phase", "Provisioning", None),
        ("Phase", "Unknown", None),
        ("Sync Status", "Mothballed", None),
        # Of a condition a rule has to name the column.
        ("Ready", "Unknown", ("unknown", "ReadyUnknown")),
        ("Ready", "False", ("warning", "NotReady")),
        ("Ready", "1/3", ("warning", "NotReady")),
        ("Degraded", "Unknown", ("unknown", "DegradedUnknown")),
    ],
)
def test_a_policy_tells_words_and_columns(headers: str, cell: str, expected: tuple[str, str] | None) -> None:
    symptom = a_bucket(headers, cell, policy=POLICY)
    assert ((symptom.health, symptom.reason) if symptom is not None else None) == expected


def test_a_cell_without_end_is_read_in_no_time() -> None:
    """A pattern that begins anew at each letter would take minutes."""
    targets = "a" * 1_000_000
    symptom = judged(AUTOSCALERS, targets=targets, minpods="1", maxpods="3", replicas=3)
    assert symptom is not None
    assert symptom.reason == "AtMaximum"


@pytest.mark.parametrize("text", ["aB" * 500_000, "9" * 1_000_000, " " * 1_000_000 + "x", "no error " * 100_000])
def test_a_custom_cell_without_end_is_read_in_no_time(text: str) -> None:
    symptom = a_bucket("Phase", text)
    assert symptom is not None
    assert symptom.health == "unknown"

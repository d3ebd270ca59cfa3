"""What one pod's row says, whatever its maker has."""

from __future__ import annotations

import pytest

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.judgement.pods import PodState, read_pod
from kubectl_inventory.judgement.symptoms import Symptom
from kubectl_inventory.reading.inventory import Row
from tests.fake_api import PODS, a_policy
from tests.printed import a_pod, places_of

HOUR_S = 3600.0
WELL = PodState(is_ready=True)


def read(row: Row, *, policy: Policy | None = None, dead: tuple[str, ...] = ()) -> PodState:
    return read_pod(PODS, row, places_of(PODS), policy or Policy(), dead=dead, since_s=HOUR_S)


def starting(reason: str) -> PodState:
    return PodState(symptom=Symptom(health="error", reason=reason, look="verdict", passes=True))


def ended(reason: str) -> PodState:
    symptom = Symptom(health="warning", reason=reason, look="reason")
    return PodState(is_finished=True, is_spoilt=True, symptom=symptom)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (a_pod(), WELL),
        (a_pod(ready="2/2"), WELL),
        (a_pod(ready="1/2"),
         PodState(symptom=Symptom(health="warning", reason="NotReady", look="verdict", passes=True))),
        (a_pod(status="NotReady", ready="1/2"),
         PodState(symptom=Symptom(health="warning", reason="NotReady", look="verdict", passes=True))),
        (a_pod(status="CrashLoopBackOff", ready="0/1", restarts="7 (2m ago)"),
         PodState(symptom=Symptom(health="error", reason="CrashLoopBackOff", look="reason"), restarts=7)),
        (a_pod(status="Init:CrashLoopBackOff", ready="0/1"),
         PodState(symptom=Symptom(health="error", reason="Init:CrashLoopBackOff", look="reason"))),
        (a_pod(status="ImagePullBackOff", ready="0/1"),
         PodState(symptom=Symptom(health="error", reason="ImagePullBackOff", look="reason"))),
        (a_pod(status="Pending", ready="0/1", node="<none>"), starting("Unschedulable")),
        (a_pod(status="Pending", ready="0/1"), starting("Pending")),
        (a_pod(status="Init:0/2", ready="0/1"), starting("Init:0/2")),
        (a_pod(status="ContainerCreating", ready="0/1"), starting("ContainerCreating")),
        (a_pod(status="SchedulingGated", ready="0/1"),
         PodState(symptom=Symptom(health="changing", reason="SchedulingGated", look="reason"))),
        (a_pod(status="Completed", ready="0/1"), PodState(is_finished=True, is_spoilt=True)),
        (a_pod(status="ExitCode:0", ready="0/1"), PodState(is_finished=True, is_spoilt=True)),
        (a_pod(status="Error", ready="0/1"), ended("Error")),
        (a_pod(status="Init:Error", ready="0/1"), ended("Init:Error")),
        (a_pod(status="Evicted", ready="0/1"), ended("Evicted")),
        (a_pod(status="Terminating", node="w6"),
         PodState(is_finished=True,
                  symptom=Symptom(health="warning", reason="Terminating", look="verdict", passes=True))),
        (a_pod(status="Terminating"),
         PodState(is_finished=True,
                  symptom=Symptom(health="warning", reason="Terminating", look="verdict", passes=True))),
        (a_pod(status="Unknown"),
         PodState(is_ready=True, symptom=Symptom(health="unknown", reason="Unknown", look="reason"))),
        (a_pod(status="Frobnicated"),
         PodState(is_ready=True, symptom=Symptom(
             health="unknown", reason="Frobnicated", message='what "Frobnicated" means is not known here',
             is_unheard=True))),
    ],
)  # fmt: skip
def test_a_pod_is_as_its_row_says(row: Row, state: PodState) -> None:
    assert read(row) == state


@pytest.mark.parametrize("word", ["Error", "OOMKilled", "ContainerCannotRun", "StartError", "Init:Error"])
def test_between_two_starts_a_pod_is_as_it_is_in_the_back_off_that_follows(word: str) -> None:
    row = a_pod(status=word, ready="0/1", restarts="57 (3s ago)")
    symptom = Symptom(health="error", reason=word, look="reason")
    assert read(row) == PodState(is_spoilt=True, symptom=symptom, restarts=57)


@pytest.mark.parametrize(("word", "restarts"), [("Error", "0"), ("Error", "57 (11m ago)"), ("Evicted", "57 (3s ago)")])
def test_what_is_not_started_again_is_finished(word: str, restarts: str) -> None:
    assert read(a_pod(status=word, ready="0/1", restarts=restarts)).is_finished


@pytest.mark.parametrize(
    ("restarts", "brief"),
    [
        ("4 (<invalid> ago)", "restarted 4x"),  # its node's clock is ahead
        ("4 (9m30s ago)", "restarted 4x"),
        ("3 (59m ago)", "restarted 3x"),
        ("3 (1h ago)", "restarted 3x"),
        ("2 (9m30s ago)", None),
        ("4 (61m ago)", None),
        ("4", None),
        ("4 (soon ago)", None),
    ],
)
def test_restarts_that_rise_are_found_of_a_pod_that_is_ready(restarts: str, brief: str | None) -> None:
    state = read(a_pod(restarts=restarts))
    assert (state.is_ready, state.symptom.brief if state.symptom is not None else None) == (True, brief)


@pytest.mark.parametrize(
    ("age", "is_doubtful"),
    [("3d23h", False), ("4d1h", True), ("400d", True), ("<unknown>", False)],
)
def test_restarts_that_are_rare_for_a_pods_age_are_only_a_finding_if_events_tell_of_them(
    age: str, is_doubtful: bool
) -> None:
    assert read(a_pod(restarts="4 (9m30s ago)", age=age)).is_doubtful is is_doubtful


LEFT_ALONE = PodState(
    symptom=Symptom(
        health="warning", reason="NodeNotReady", brief="short of node/w1", message="on node/w1, which is not ready",
        look="reason",
    ),
    dead_node="w1",
)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (a_pod(), LEFT_ALONE),
        (a_pod(status="ContainerCreating", ready="0/1"), LEFT_ALONE),
        (a_pod(node="w2"), WELL),
        (a_pod(status="Completed", ready="0/1"), PodState(is_finished=True, is_spoilt=True)),
        (a_pod(status="Evicted", ready="0/1"), ended("Evicted")),
    ],
)
def test_a_pod_on_a_dead_node_is_not_ready_whatever_it_says(row: Row, state: PodState) -> None:
    assert read(row, dead=("w1", "w3")) == state


@pytest.mark.parametrize(
    ("word", "means", "state"),
    [
        ("Frobnicated", "ok", WELL),
        ("Evicted", "ok", PodState(is_ready=True, is_finished=True)),
        ("Frobnicated", "error",
         PodState(is_ready=True, symptom=Symptom(health="error", reason="Frobnicated", look="reason"))),
    ],
)  # fmt: skip
def test_a_policy_tells_what_a_pods_word_means(word: str, means: str, state: PodState) -> None:
    policy = a_policy(f"health: {{words: [{{means: {means}, words: [{word}]}}]}}")
    assert read(a_pod(status=word), policy=policy) == state

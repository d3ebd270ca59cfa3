"""Which closer looks a run takes, in which order, and what becomes of those that fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
import pytest

from kubectl_inventory.errors import BoundaryError, Forbidden, TimedOut, Unauthorized
from kubectl_inventory.health import Health
from kubectl_inventory.judgement.closer import MOST_LOOKS, MOST_OF_CUSTOM, Look, Looks, Sources, find_sources
from kubectl_inventory.judgement.conclusions import Suspect
from kubectl_inventory.judgement.gathering import Gathering
from kubectl_inventory.judgement.symptoms import LookFor, Symptom
from kubectl_inventory.reading.plan import Plan, Treatment
from kubectl_inventory.reading.reach import Reach
from kubectl_inventory.resource import Answer, Kind, Question
from kubectl_inventory.wire import Condition, Detail, DetailMeta, LeaseSpec, ObjectStatus
from tests.fake_api import (
    DEPLOYMENTS,
    NODES,
    PODS,
    SECRETS,
    FakeApi,
    Replies,
    a_kind,
    a_policy,
    encode,
    in_turn,
)
from tests.printed import BUCKETS, SERVICES, SLICES, VOLUMES, a_thing, page_of, printed

T = TypeVar("T")
SHOP = "/api/v1/namespaces/shop/pods"


def a_suspect(kind: Kind = PODS, name: str = "web", health: Health = "warning", wish: LookFor = "verdict",
              namespace: str = "shop") -> Suspect:  # fmt: skip
    symptom = Symptom(health=health, reason="NotReady", look=wish)
    return Suspect(object=a_thing(kind, name, namespace), symptom=symptom, age_s=60)


def pods(count: int, wish: LookFor = "verdict", health: Health = "warning", start: int = 0) -> list[Suspect]:
    """One in each of many namespaces, so that no list is of several."""
    return [a_suspect(namespace=f"n{number}", wish=wish, health=health) for number in range(start, start + count)]


def looked(suspects: Sequence[Suspect], replies: Replies | None = None, *, thorough: bool = False,
           nodes: Kind | None = None, leases: Kind | None = None) -> tuple[Looks, list[Question]]:  # fmt: skip
    api = FakeApi(replies)
    looks = Looks(suspects, Sources(slices=SLICES, nodes=nodes, leases=leases), thorough=thorough)
    looks.take(api, in_turn)
    return looks, api.asked


def items(*names: str, more: str = "") -> bytes:
    status = {"conditions": [{"type": "Ready", "status": "False"}], "phase": "Failed"}
    listed = [{"metadata": {"name": name}, "spec": {"secret": "x"}, "status": status} for name in names]
    return encode({"kind": "PodList", "metadata": {"continue": more}, "items": listed})


def a_detail(name: str = "web") -> Detail:
    status = ObjectStatus(conditions=(Condition("Ready", "False"),))
    return Detail(DetailMeta(name=name), status, spec=LeaseSpec())  # as much of a spec as is read of any kind


def test_an_object_is_asked_by_its_name_in_a_list_from_the_servers_memory() -> None:
    suspect = a_suspect()
    looks, asked = looked([suspect], {SHOP: items("web")})
    question = Question(path=asked[0].path, lane="probe", from_cache=True, field_selector="metadata.name=web")
    assert (asked, asked[0].path) == ([question], SHOP)
    assert (looks.at(suspect), looks.overlooked) == ((a_detail(),), 0)


def test_of_pods_alike_one_is_asked() -> None:
    suspect = Suspect(
        object=a_thing(DEPLOYMENTS), symptom=a_suspect().symptom, age_s=60, count=9, example=a_thing(PODS, "web-0")
    )
    _, asked = looked([suspect])
    assert [(it.path, it.field_selector) for it in asked] == [(SHOP, "metadata.name=web-0")]


def test_a_service_is_asked_by_its_slices() -> None:
    suspect = a_suspect(SERVICES)
    _, asked = looked([suspect])
    assert [(it.path, it.label_selector, it.field_selector) for it in asked] == [
        ("/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices", "kubernetes.io/service-name=web", "")
    ]
    without = Looks([suspect], Sources(), thorough=False)
    assert without.at(suspect) is None


@pytest.mark.parametrize(
    ("wish", "thorough", "asked"),
    [("verdict", False, 1), ("verdict", True, 1), ("reason", False, 0), ("reason", True, 1), ("", True, 0)],
)
def test_what_only_says_more_is_asked_where_that_is_shown(wish: LookFor, thorough: bool, asked: int) -> None:
    assert len(looked([a_suspect(wish=wish)], thorough=thorough)[1]) == asked


def test_at_most_50_questions_are_asked() -> None:
    looks, asked = looked(pods(MOST_LOOKS + 7))
    assert (len(asked), looks.overlooked, MOST_LOOKS) == (50, 7, 50)


def test_custom_kinds_leave_room_for_what_says_why_it_does_not_work() -> None:
    buckets = [a_suspect(BUCKETS, namespace=f"b{number}") for number in range(60)]
    looks, asked = looked([*buckets, *pods(40, "reason", "error")], thorough=True)
    assert [it.path.startswith("/apis/acme.example") for it in asked] == [True] * MOST_OF_CUSTOM + [False] * 25
    assert looks.overlooked == 35 + 15


def test_nodes_are_one_of_the_50() -> None:
    looks, asked = looked([*pods(MOST_LOOKS), a_suspect(NODES, "w1")], nodes=NODES)
    assert (len(asked), asked[0].path, looks.overlooked) == (50, "/api/v1/nodes", 1)


def test_what_decides_comes_first_and_then_the_worst() -> None:
    more, deciding = pods(30, "reason", "error"), pods(30, "verdict", "warning", start=30)
    worst = pods(10, "verdict", "error", start=60)
    looks, asked = looked([*more, *deciding, *worst], thorough=True)
    assert [it.path.split("/")[4] for it in asked] == [f"n{it}" for it in [*range(60, 70), *range(30, 60), *range(10)]]
    assert looks.overlooked == 20


@pytest.mark.parametrize(
    ("kind", "count", "path", "questions"),
    [
        (PODS, 5, SHOP, 5),
        (PODS, 6, SHOP, 1),
        (BUCKETS, 6, "/apis/acme.example/v1/namespaces/shop/buckets", 6),
        (VOLUMES, 6, "/api/v1/persistentvolumes", 6),
    ],
)
def test_many_of_a_kind_in_a_namespace_are_one_list(kind: Kind, count: int, path: str, questions: int) -> None:
    _, asked = looked([a_suspect(kind, f"web-{number}") for number in range(count)])
    assert ([it.path for it in asked], asked[0].limit) == ([path] * questions, 250 if questions == 1 else None)


def test_of_a_list_each_has_its_own_and_what_is_on_a_later_page_is_not_gone() -> None:
    suspects = [a_suspect(name=f"web-{number}") for number in range(6)]
    for more, gone in (("", ()), ("next", None)):
        looks, _ = looked(suspects, {SHOP: items("web-0", "web-1", "other", more=more)})
        assert [looks.at(it) for it in suspects[:3]] == [(a_detail("web-0"),), (a_detail("web-1"),), gone]


def test_all_nodes_are_told_and_each_its_own() -> None:
    suspect = a_suspect(NODES, "w1")
    looks, asked = looked([suspect], {"/api/v1/nodes": items("w0", "w1")}, nodes=NODES)
    assert (len(asked), looks.at(suspect), looks.at_nodes()) == (
        1, (a_detail("w1"),), (a_detail("w0"), a_detail("w1"))
    )  # fmt: skip


def test_nodes_that_do_not_answer_are_not_taken_for_none() -> None:
    assert looked([])[0].at_nodes() == ()
    assert looked([], {"/api/v1/nodes": TimedOut("late")}, nodes=NODES)[0].at_nodes() is None


def test_thousands_of_nodes_come_in_pages_that_count_as_questions() -> None:
    pages = [items("w0", more="next"), items("w1")]

    def read(question: Question) -> Answer:
        asked.append(question)
        return Answer(body=pages[bool(question.continue_token)] if question.path == "/api/v1/nodes" else items())

    asked: list[Question] = []
    looks = Looks(pods(MOST_LOOKS), Sources(nodes=NODES, node_count=400), thorough=False)
    looks.take(read, in_turn)
    of_nodes = [it for it in asked if it.path == "/api/v1/nodes"]
    assert [(it.limit, it.continue_token, it.from_cache) for it in of_nodes] == [(250, "", False), (250, "next", False)]
    assert (looks.at_nodes(), len(asked), looks.overlooked) == ((a_detail("w0"), a_detail("w1")), MOST_LOOKS, 2)


def test_what_is_but_a_doubt_comes_last_and_is_not_missed() -> None:
    doubt = msgspec.structs.replace(a_suspect(name="doubt", health="error").symptom, is_doubt=True)
    doubts = [msgspec.structs.replace(it, symptom=doubt) for it in pods(3)]
    suspects = [*doubts, *pods(MOST_LOOKS - 2, start=3)]
    looks, asked = looked(suspects)
    assert (len(asked), looks.overlooked) == (MOST_LOOKS, 0)
    assert "/n2/" not in "".join(it.path for it in asked)


def test_what_is_not_there_any_more_is_an_empty_answer() -> None:
    for nothing in (items(), encode({"kind": "PodList", "items": None})):
        suspect = a_suspect()
        assert looked([suspect], {SHOP: nothing})[0].at(suspect) == ()


@pytest.mark.parametrize("reply", [Forbidden("no"), TimedOut("late"), b"<html>", encode({"items": [{"status": []}]})])
def test_what_cannot_be_had_is_left_to_the_row(reply: bytes | Forbidden | TimedOut) -> None:
    sick, well = a_suspect(), a_suspect(namespace="pay")
    looks, _ = looked([sick, well], {SHOP: reply, "/api/v1/namespaces/pay/pods": items("web")})
    assert (looks.at(sick), looks.at(well), looks.unanswered) == (None, (a_detail(),), 1)


def test_who_is_logged_out_is_told_so() -> None:
    with pytest.raises(Unauthorized):
        looked([a_suspect()], {SHOP: Unauthorized("who are you?")})


def test_secrets_are_refused() -> None:
    api = FakeApi()
    with pytest.raises(BoundaryError, match="refused to look closer at secrets"):
        Looks([a_suspect(SECRETS)], Sources(), thorough=True).take(api, in_turn)
    with pytest.raises(BoundaryError):
        Look(SECRETS, "shop").question()
    assert api.asked == []


def test_what_the_end_of_the_run_cuts_off_is_left_to_the_row_and_counted() -> None:
    def too_late(functions: Sequence[Callable[[], T]]) -> list[T]:
        raise TimedOut(f"{len(functions)} were not asked")

    suspects = pods(MOST_LOOKS + 7)
    looks = Looks(suspects, Sources(), thorough=False)
    looks.take(FakeApi(), too_late)
    assert [it for it in suspects if looks.at(it) is not None] == []
    assert (looks.overlooked, looks.unanswered) == (7, MOST_LOOKS)


def test_what_came_before_the_end_of_the_run_is_told() -> None:
    def first_alone(functions: Sequence[Callable[[], T]]) -> list[T]:
        functions[0]()
        raise TimedOut("the others were not asked")

    first, second = a_suspect(), a_suspect(namespace="pay")
    looks = Looks([first, second], Sources(), thorough=False)
    looks.take(FakeApi({SHOP: items("web")}), first_alone)
    assert (looks.at(first), looks.at(second), looks.unanswered) == ((a_detail(),), None, 1)


LEASES = a_kind("leases", "coordination.k8s.io")
ALL_KINDS = [*(Treatment(kind, "Asked") for kind in (PODS, SLICES, NODES)), Treatment(LEASES, "LeftOut")]


@pytest.mark.parametrize(
    ("treatments", "reach", "policy", "leases"),
    [
        (ALL_KINDS, Reach(), "", LEASES),
        (ALL_KINDS, Reach(names=("shop",), named=True), "", None),
        (ALL_KINDS, Reach(), "namespaces: {deny: [kube-system]}", None),
        ([*ALL_KINDS[:3], Treatment(LEASES, "Withheld")], Reach(), "resources: {deny: [leases]}", None),
        ([*ALL_KINDS[:3], Treatment(LEASES, "Excluded")], Reach(), "", None),
        (ALL_KINDS[:3], Reach(), "", None),
    ],
)
def test_the_control_plane_is_asked_for_where_the_cluster_is_judged_and_the_policy_permits(
    treatments: list[Treatment], reach: Reach, policy: str, leases: Kind | None
) -> None:
    plan, boundary = Plan(tuple(treatments), (), reach), a_policy(policy)
    gathering = Gathering(boundary, since_s=3600, kinds=(), only=None)
    assert find_sources(plan, boundary, gathering) == Sources(slices=SLICES, leases=leases)
    gathering.take(NODES, page_of(NODES, printed(NODES, "w1", status="Ready")))
    assert find_sources(plan, boundary, gathering) == Sources(slices=SLICES, nodes=NODES, node_count=1, leases=leases)


def test_the_control_planes_leases_are_one_list_of_its_namespace() -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
    lease = {"metadata": {"name": "kube-scheduler"}, "spec": {"renewTime": "2026-01-03T09:14:22.000000Z"}}
    looks, asked = looked([], {path: encode({"items": [lease]})}, leases=LEASES)
    assert [(it.path, it.limit) for it in asked] == [(path, 250)]
    (told,) = looks.at_leases()
    assert told.spec == LeaseSpec("2026-01-03T09:14:22.000000Z")
    assert looked([], {path: Forbidden("no")}, leases=LEASES)[0].at_leases() == ()


def test_nobody_is_asked_about_nothing() -> None:
    assert looked([])[1] == []

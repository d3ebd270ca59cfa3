"""Which namespaces are asked: by name, by rule, or none in particular; each checked by a collection."""

from __future__ import annotations

import pytest

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.errors import (
    Forbidden,
    KubeconfigError,
    PolicyError,
    ServerFault,
    TimedOut,
    Unauthorized,
    UsageError,
)
from kubectl_inventory.reading.reach import Namespaces, Reach, find_reach, in_server_order
from kubectl_inventory.request import Command, Request
from tests.fake_api import NAME, FakeApi, a_policy, a_table, in_turn, namespaces_stock

REFUSED = Forbidden("namespaces is forbidden")


def reach(
    api: FakeApi,
    *names: str,
    policy: Policy | None = None,
    by: tuple[str, ...] = ("kind",),
    command: Command = "counts",
) -> Reach:
    policy = policy or Policy()
    namespaces = Namespaces(api, in_turn, policy, context="dev", own="own")
    return find_reach(Request(namespaces=names, by=by, command=command), policy, namespaces)


def a_cluster() -> FakeApi:
    return FakeApi(None, namespaces_stock("shop", "pay", "kube-system", "kube-public"))


def test_without_names_and_rules_nothing_is_asked() -> None:
    api = a_cluster()
    assert reach(api) == Reach()
    assert api.asked == []


def test_named_namespaces_are_checked_by_a_collection_each() -> None:
    api = a_cluster()
    assert reach(api, "shop", "pay", "shop") == Reach(names=("pay", "shop"), cluster_scoped=False, named=True)
    assert {question.path for question in api.asked} == {"/api/v1/namespaces"}
    assert {question.field_selector for question in api.asked} == {"metadata.name=shop", "metadata.name=pay"}


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("shpo", 'namespace "shpo" not found in dev, did you mean "shop"?'),
        ("zzzzzz", 'namespace "zzzzzz" not found in dev'),
        ("Shop", '"Shop" cannot be a namespace'),
        ("shop/pods", '"shop/pods" cannot be a namespace'),
        ("..", '".." cannot be a namespace'),
        ("", '"" cannot be a namespace'),
    ],
)
def test_a_namespace_that_is_not_there_is_an_error(typed: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        reach(a_cluster(), typed)
    assert message in raised.value.message


def test_a_namespace_that_nobody_may_check_is_asked_and_said_to_be_unchecked() -> None:
    found = reach(FakeApi({"/api/v1/namespaces": REFUSED}), "shop")
    assert (found.names, found.unchecked) == (("shop",), ("shop",))


@pytest.mark.parametrize("denied", ["namespaces", "namespace", "ns", "name*"])
def test_namespaces_that_the_policy_withholds_are_not_asked_even_to_check_a_name(denied: str) -> None:
    api = a_cluster()
    found = reach(api, "shop", policy=a_policy(f'resources: {{deny: ["{denied}"]}}'))
    assert (found.unchecked, api.asked) == (("shop",), [])


def test_a_named_namespace_that_is_denied_is_refused_before_anything_is_asked() -> None:
    api = a_cluster()
    with pytest.raises(PolicyError, match=r'kube-system is denied by the policy: namespaces.deny "kube-\*"'):
        reach(api, "kube-system", policy=a_policy('namespaces: {deny: ["kube-*"]}'))
    assert api.asked == []


def test_a_refused_credential_is_fatal() -> None:
    with pytest.raises(Unauthorized):
        reach(FakeApi({"/api/v1/namespaces": Unauthorized("who?")}), "shop")
    with pytest.raises(Unauthorized):
        Namespaces(FakeApi({"/api/v1/namespaces": Unauthorized("who?")}), in_turn, Policy(), context="", own="").names()


def test_literal_names_are_left_out_by_the_server_where_kinds_are_counted() -> None:
    api = a_cluster()
    found = reach(api, policy=a_policy('namespaces: {deny: ["pay", "gone"]}'))
    assert (found.names, found.excluded, api.asked) == (None, ("pay", "gone"), [])
    assert str(found.withheld[0].rule) == 'namespaces.deny "pay" (p.yaml:3)'


@pytest.mark.parametrize(
    ("rule", "by", "command"),
    [
        ('{deny: ["kube-*"]}', ("kind",), "counts"),
        ('{allow: ["shop", "pay"]}', ("kind",), "counts"),
        ('{deny: ["kube-system", "kube-public"]}', ("namespace",), "counts"),
        ('{deny: ["kube-system", "kube-public"]}', ("kind",), "get"),
    ],
)
def test_a_rule_is_held_against_the_names_that_exist(rule: str, by: tuple[str, ...], command: Command) -> None:
    found = reach(a_cluster(), policy=a_policy(f"namespaces: {rule}"), by=by, command=command)
    assert (found.names, found.excluded, found.named) == (("pay", "shop"), (), False)
    assert sorted(space.namespace for space in found.withheld) == ["kube-public", "kube-system"]


def test_namespaces_are_listed_once() -> None:
    api = a_cluster()
    namespaces = Namespaces(api, in_turn, Policy(), context="dev", own="own")
    assert api.asked == []
    assert namespaces.names() == namespaces.names() == ("kube-public", "kube-system", "pay", "shop")
    assert (namespaces.known_count, len(api.asked), namespaces.remark) == (4, 1, "")


@pytest.mark.parametrize(
    "reply",
    [
        a_table([("shop",), ()], (NAME,)),
        a_table([("shop",), (None,)], (NAME,)),
        a_table([("shop",)], (NAME,), next_page="more"),
    ],
    ids=["no cell", "no name", "not all of it"],
)
def test_under_a_rule_a_list_that_does_not_name_every_namespace_is_a_fault(reply: bytes) -> None:
    with pytest.raises(ServerFault):
        reach(FakeApi({"/api/v1/namespaces": reply}), policy=a_policy('namespaces: {deny: ["kube-*"]}'))


@pytest.mark.parametrize(
    ("policy", "why"),
    [(Policy(), "Forbidden"), (a_policy('resources: {deny: ["ns"]}'), "withheld by policy")],
)
def test_where_namespaces_cannot_be_listed_the_contexts_own_stands_in(policy: Policy, why: str) -> None:
    namespaces = Namespaces(FakeApi({"/api/v1/namespaces": REFUSED}), in_turn, policy, context="dev", own="own")
    assert namespaces.names() == ("own",)
    assert namespaces.remark == f"own, the context's own; namespaces are {why}, name others with -n"


@pytest.mark.parametrize("own", ["kube_system", "a/../b", "Shop", "x" * 64])
def test_a_contexts_namespace_that_cannot_be_one_is_an_error_where_it_would_be_asked(own: str) -> None:
    namespaces = Namespaces(FakeApi({"/api/v1/namespaces": REFUSED}), in_turn, Policy(), context="dev", own=own)
    with pytest.raises(KubeconfigError) as raised:
        namespaces.names()
    assert raised.value.message.startswith(f'"{own}", the namespace of context dev, cannot be one: lower-case')
    assert raised.value.message.endswith("it is needed where namespaces are Forbidden")


def test_a_contexts_namespace_that_cannot_be_one_does_not_matter_where_namespaces_are_listed() -> None:
    namespaces = Namespaces(a_cluster(), in_turn, Policy(), context="dev", own="kube_system")
    assert namespaces.names() == ("kube-public", "kube-system", "pay", "shop")


def test_the_servers_order_is_that_of_namespace_and_name_together() -> None:
    assert in_server_order(["b", "a", "a-b", "a", "a0", "ab"]) == ("a-b", "a", "a0", "ab", "b")


def test_under_a_rule_a_fault_that_hides_the_names_stops_the_run() -> None:
    api = FakeApi({"/api/v1/namespaces": TimedOut("no answer in 5s")})
    with pytest.raises(TimedOut):
        reach(api, policy=a_policy('namespaces: {deny: ["kube-*"]}'))


def test_under_a_rule_names_that_may_not_be_listed_are_a_shortfall() -> None:
    api = FakeApi({"/api/v1/namespaces": REFUSED})
    found = reach(api, policy=a_policy('namespaces: {deny: ["kube-*"]}'))
    assert (found.names, found.shortfall) == (("own",), REFUSED)

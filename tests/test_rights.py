"""What a user may not see is said by name: everything readable is printed, the sums add up, and exit 3 tells.

The users are those of the control plane; a clerk is one more, who may list the Secrets of one namespace alone.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Screen, Typist
from tests.controlplane.cluster import RBAC, RBAC_GROUP, ControlPlane
from tests.controlplane.objects import JsonObject
from tests.oracle import ALIAS, LEFT_OUT, ListedKind, biggest_first, counted_kinds, listed_kinds, table, timeless

CLERK = "clerk"
GROUP_LINE = "  1 group    Unavailable   stock.acme.example/v1: its kinds are unknown\n"
GREP = 'hint: "kubectl inventory kinds{} | grep Forbidden" lists them; --allow-incomplete: exit 0\n'
USERS = ("viewer", "one-namespace", "nobody")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home, with one discovery cache a user in it."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def root(demo: ControlPlane, home: Path) -> Typist:
    """The administrator: what is there."""
    return Typist(home, demo.kubeconfigs["admin"])


@pytest.fixture(scope="module")
def kinds(root: Typist) -> list[ListedKind]:
    """Every kind that an inventory counts."""
    return counted_kinds(root)


def counts(typist: Typist, kinds: list[ListedKind], *flags: str) -> dict[str, int]:
    """How many objects kubectl shows this user of each kind that it does not refuse."""
    with ThreadPoolExecutor(4) as aside:
        screens = list(aside.map(lambda kind: typist.kubectl("get", kind.name, *flags, "-o", "name"), kinds))
    return {kind.name: len(screen.lines) for kind, screen in zip(kinds, screens, strict=True) if screen.code == 0}


@pytest.fixture(scope="module")
def viewed(demo: ControlPlane, home: Path, kinds: list[ListedKind]) -> dict[str, int]:
    """What the viewer may read."""
    return counts(Typist(home, demo.kubeconfigs["viewer"]), kinds, "-A")


@pytest.fixture(scope="module")
def clerk(demo: ControlPlane, root: Typist) -> Iterator[str]:
    """A user with the role `view`, who may list the Secrets of `shop` besides."""
    subjects: JsonObject = {"subjects": [{"apiGroup": RBAC_GROUP, "kind": "User", "name": CLERK}]}
    rules: JsonObject = {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]}
    created: list[tuple[str, str, JsonObject]] = [
        (f"{RBAC}/clusterrolebindings", "ClusterRoleBinding", {"roleRef": _role("ClusterRole", "view"), **subjects}),
        (f"{RBAC}/namespaces/shop/roles", "Role", rules),
        (f"{RBAC}/namespaces/shop/rolebindings", "RoleBinding", {"roleRef": _role("Role", CLERK), **subjects}),
    ]
    for path, kind, body in created:
        about: JsonObject = {"apiVersion": f"{RBAC_GROUP}/v1", "kind": kind, "metadata": {"name": CLERK}}
        demo.client.send("POST", path, {**about, **body})
    for question in (("list", "secrets", "-n", "shop"), ("list", "pods", "-A")):
        while root.kubectl("auth", "can-i", *question, "--as", CLERK).out != "yes\n":
            pass  # the server's authorizer learns of it a little later
    yield CLERK
    for path, _, _ in created:
        demo.client.send("DELETE", f"{path}/{CLERK}")


def _role(kind: str, name: str) -> JsonObject:
    return {"apiGroup": RBAC_GROUP, "kind": kind, "name": name}


def first_three(names: list[str]) -> str:
    """`nodes, persistentvolumes, podtemplates and 33 more`."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


# --- the viewer ---


def test_all_that_a_viewer_may_read_is_counted_and_the_rest_named(
    viewer: Typist, kinds: list[ListedKind], viewed: dict[str, int]
) -> None:
    screen = viewer.inventory()
    held = Counter({name: count for name, count in viewed.items() if count})
    refused = [kind.name for kind in kinds if kind.name not in viewed]
    assert screen.out == table(("COUNT", "KIND"), biggest_first(held))
    assert timeless(screen.err) == (
        f"demo: INCOMPLETE: {held.total():,} objects of {len(held)} kinds in {viewed['namespaces']} namespaces; "
        f"{len(viewed)} of {len(kinds)} kinds read, 1 API group unavailable; 0.0s\n"
        f"  {len(refused)} kinds   Forbidden     {first_three(refused)}\n{GROUP_LINE}{GREP.format('')}"
    )
    assert (screen.code, len(viewed) + len(refused)) == (3, len(kinds))


def test_all_objects_that_a_viewer_may_read_are_named(
    viewer: Typist, kinds: list[ListedKind], viewed: dict[str, int]
) -> None:
    ours = viewer.inventory("get", "-o", "name")
    theirs = viewer.kubectl("get", ",".join(name for name in viewed), "-A", "-o", "name")
    assert Counter(ours.lines) == Counter(theirs.lines)
    assert ours.code == 3


def test_a_refused_kind_is_an_entry_of_unread(viewer: Typist, kinds: list[ListedKind], viewed: dict[str, int]) -> None:
    told = json.loads(viewer.inventory("-o", "json").out)
    forbidden = [f"{it['resource']}.{it['group']}".rstrip(".") for it in told["unread"] if it["reason"] == "Forbidden"]
    assert told["complete"] is False
    assert forbidden == [kind.name for kind in kinds if kind.name not in viewed]
    assert {f"{it['resource']}.{it['group']}".rstrip("."): it["count"] for it in told["items"]} == viewed
    secrets = next(it for it in told["unread"] if it["resource"] == "secrets")
    why = 'User "viewer" cannot list resource "secrets" in API group "" at the cluster scope'
    assert secrets == {
        "resource": "secrets",
        "group": "",
        "reason": "Forbidden",
        "message": f"secrets is forbidden: {why}",
    }
    assert told["unread"][-1] == {
        "resource": "*",
        "group": "stock.acme.example",
        "reason": "Unavailable",
        "message": "its kinds are unknown",
    }


def test_what_is_asked_for_and_readable_is_complete(viewer: Typist) -> None:
    screen = viewer.inventory("get", "pods", "-q")
    assert (screen.code, screen.err) == (0, "")
    assert len(screen.lines) > 100


def test_quiet_keeps_quiet_only_of_what_is_complete(viewer: Typist) -> None:
    screen = viewer.inventory("get", "certificates,pods", "-n", "pay", "-q")
    assert screen.code == 3
    assert re.fullmatch(
        r"demo: INCOMPLETE: 16 objects of 1 kind in 1 namespace \(pay\); 1 of 2 kinds read; 0\.0s\n"
        r"  1 kind   Forbidden   certificates\.cert-manager\.io\n.*\n",
        timeless(screen.err),
    )


@pytest.mark.parametrize("user", USERS)
def test_an_incomplete_answer_exits_3_unless_that_is_allowed(demo: ControlPlane, home: Path, user: str) -> None:
    typist = Typist(home, demo.kubeconfigs[user])
    strict, lenient = typist.inventory("-n", "shop"), typist.inventory("-n", "shop", "--allow-incomplete")
    assert (strict.code, lenient.code) == (3, 0)
    assert strict.out == lenient.out
    assert "INCOMPLETE" in lenient.err


# --- the clerk: some of a kind ---


def test_a_kind_read_in_part_is_at_least_so_many(
    root: Typist, clerk: str, kinds: list[ListedKind], viewed: dict[str, int]
) -> None:
    screen = root.inventory("--as", clerk)
    known = len(root.kubectl("get", "secrets", "-n", "shop", "-o", "name").lines)
    namespaces = viewed["namespaces"]
    held = Counter({name: count for name, count in viewed.items() if count})
    refused = [kind.name for kind in kinds if kind.name not in viewed and kind.name != "secrets"]
    rows = biggest_first(held + Counter(secrets=known))
    shown = [(f"{count}+" if name == "secrets" else count, name) for count, name in rows]
    assert screen.out == table(("COUNT", "KIND"), shown)
    assert timeless(screen.err) == (
        f"demo: INCOMPLETE: {held.total() + known:,} objects of {len(held) + 1} kinds in {namespaces} namespaces; "
        f"{len(viewed)} of {len(kinds)} kinds read, 1 API group unavailable; 0.0s\n"
        f"  {len(refused)} kinds   Forbidden     {first_three(refused)}\n"
        f"  1 kind     Forbidden     in {namespaces - 1} of {namespaces} namespaces: secrets\n"
        f"{GROUP_LINE}{GREP.format(f' --as {clerk}')}"
    )
    assert len(viewed) + 1 + len(refused) == len(kinds)


def test_kinds_say_how_much_of_each_was_read(
    root: Typist, clerk: str, kinds: list[ListedKind], viewed: dict[str, int]
) -> None:
    screen = root.inventory("kinds", "--as", clerk)
    known = len(root.kubectl("get", "secrets", "-n", "shop", "-o", "name").lines)
    rows = {("stock.acme.example", ""): ("Unavailable", "?", "v1", "*.stock.acme.example   its kinds are unknown")}
    for kind in listed_kinds(root):
        why = "" if kind.namespaced else "   at cluster scope"
        row = ("Forbidden", "?", kind.version, f"{kind.name}{why}")
        if kind.name in viewed:
            row = ("Read", str(viewed[kind.name]), kind.version, kind.name)
        elif kind.name == "secrets":
            spaces = viewed["namespaces"]
            row = ("Forbidden", f"{known}+", "v1", f"secrets   in {spaces - 1} of {spaces} namespaces")
        elif kind.name == ALIAS:
            row = ("Alias", "-", "v1", f"{ALIAS}   the same objects as events")
        elif kind.name == LEFT_OUT:
            row = ("LeftOut", "-", "v1", f"{LEFT_OUT}   listing it probes etcd, up to 20s")
        rows[kind.group, kind.plural] = row
    assert screen.out == table(("STATUS", "COUNT", "VERSION", "KIND   WHY"), [rows[key] for key in sorted(rows)])
    read, forbidden = len(viewed), len(kinds) - len(viewed)
    told = f"{read} Read, {forbidden} Forbidden (1 in part), 1 Alias, 1 LeftOut; 0.0s"
    assert timeless(screen.err).splitlines()[0] == f"demo: INCOMPLETE: {read + forbidden + 2} kinds: {told}"
    assert screen.code == 3


@pytest.mark.parametrize("strategy", ["auto", "sequential", "fanout", "bulk"])
def test_the_readable_part_of_a_kind_is_listed_whichever_way(root: Typist, clerk: str, strategy: str) -> None:
    screen = root.inventory("get", "secrets", "--as", clerk, "--strategy", strategy, "-o", "json")
    told = json.loads(screen.out)
    readable = root.kubectl("get", "secrets", "-n", "shop", "-o", "name").lines
    assert [f"secret/{it['metadata']['name']}" for it in told["items"]] == readable
    spaces = [line.partition("/")[2] for line in root.kubectl("get", "ns", "-o", "name").lines]
    assert sorted(it["namespace"] for it in told["unread"]) == sorted(set(spaces) - {"shop"})
    assert {it["reason"] for it in told["unread"]} == {"Forbidden"}
    assert (told["complete"], screen.code) == (False, 3)


def test_a_count_read_in_part_says_so_in_json(root: Typist, clerk: str) -> None:
    items = json.loads(root.inventory("--as", clerk, "-o", "json").out)["items"]
    at_least = [it for it in items if "atLeast" in it]
    assert [(it["resource"], it["atLeast"]) for it in at_least] == [("secrets", True)]


# --- one namespace ---


def test_all_that_may_be_read_of_one_namespace_is_counted(one_namespace: Typist, kinds: list[ListedKind]) -> None:
    namespaced = [kind for kind in kinds if kind.namespaced]
    readable = counts(one_namespace, namespaced, "-n", "shop")
    held = Counter({name: count for name, count in readable.items() if count})
    refused = [kind.name for kind in namespaced if kind.name not in readable]
    screen = one_namespace.inventory("-n", "shop")
    assert screen.out == table(("COUNT", "KIND"), biggest_first(held))
    assert timeless(screen.err) == (
        f"demo: INCOMPLETE: {held.total():,} objects of {len(held)} kinds in 1 namespace (shop); "
        f"{len(readable)} of {len(namespaced)} kinds read, 1 API group unavailable; 0.0s\n"
        f"  {len(refused)} kinds   Forbidden     {first_three(refused)}\n{GROUP_LINE}{GREP.format('')}"
    )
    assert screen.code == 3


OWN = "in 1 namespace (shop, the context's own; namespaces are Forbidden, name others with -n)"


@pytest.fixture
def at_home(demo: ControlPlane, home: Path, tmp_path: Path) -> Typist:
    """The user of one namespace, whose context names it."""
    mine = tmp_path / "config"
    shutil.copy(demo.kubeconfigs["one-namespace"], mine)
    typist = Typist(home, mine)
    assert typist.kubectl("config", "set-context", "--current", "--namespace=shop").code == 0
    return typist


def test_where_namespaces_cannot_be_listed_the_contexts_own_stands_in(at_home: Typist, kinds: list[ListedKind]) -> None:
    screen, named = at_home.inventory(), at_home.inventory("-n", "shop")
    # At least so many: nobody here knows what is in the others.
    at_least = [(f"{line.split()[0]}+", line.split()[1]) for line in named.lines[1:]]
    assert screen.out == table(("COUNT", "KIND"), at_least)
    assert f"{OWN}; 0 of {len(kinds)} kinds read" in screen.err
    assert screen.code == 3


@pytest.mark.parametrize("strategy", ["auto", "sequential", "fanout", "bulk"])
def test_one_namespace_never_passes_for_the_whole_cluster(at_home: Typist, strategy: str) -> None:
    screen = at_home.inventory("get", "pods", "--strategy", strategy, "-o", "json")
    told = json.loads(screen.out)
    assert {it["metadata"]["namespace"] for it in told["items"]} == {"shop"}
    assert [(it["resource"], it["reason"]) for it in told["unread"]] == [("pods", "Forbidden")]
    assert (told["complete"], screen.code) == (False, 3)
    assert at_home.inventory("get", "pods", "-n", "shop").code == 0


@pytest.mark.parametrize("by", ["kind", "namespace", "label=team"])
def test_no_count_of_one_namespace_passes_for_the_whole_clusters(at_home: Typist, by: str) -> None:
    told = json.loads(at_home.inventory("--by", by, "-o", "json").out)
    unread = {it["resource"] for it in told["unread"] if it["reason"] == "Forbidden"}
    assert {"pods", "events", "secrets", "nodes"} <= unread
    assert sum(it["count"] for it in told["items"]) > 200


def test_a_contexts_namespace_that_cannot_be_one_is_told_by_name(at_home: Typist) -> None:
    assert at_home.kubectl("config", "set-context", "--current", "--namespace=kube_system").code == 0
    screen = at_home.inventory("get", "pods")
    assert (screen.code, screen.out) == (1, "")
    assert screen.err.startswith('error: "kube_system", the namespace of context demo, cannot be one: ')
    assert at_home.inventory("get", "pods", "-n", "shop").code == 0


# --- no rights at all ---


@pytest.mark.parametrize(
    "argv", [(), ("get",), ("--by", "namespace"), ("-n", "shop"), ("get", "pods"), ("get", "-o", "name")]
)
def test_where_nothing_may_be_read_no_row_is_printed_and_it_is_no_empty_cluster(
    nobody: Typist, argv: tuple[str, ...]
) -> None:
    screen = nobody.inventory(*argv)
    assert (screen.code, screen.out) == (3, "")
    assert "No resources found" not in screen.err
    assert re.search(r"demo: INCOMPLETE: 0 objects of 0 kinds in 1 namespace .*; 0 of \d+ kinds? read", screen.err)


def test_the_summary_of_no_rights_names_them_all(nobody: Typist, kinds: list[ListedKind]) -> None:
    names = [kind.name for kind in kinds]
    assert timeless(nobody.inventory().err) == (
        "demo: INCOMPLETE: 0 objects of 0 kinds in 1 namespace (default, the context's own; namespaces are Forbidden, "
        f"name others with -n); 0 of {len(kinds)} kinds read, 1 API group unavailable; 0.0s\n"
        f"  {len(kinds)} kinds   Forbidden     {first_three(names)}\n{GROUP_LINE}{GREP.format('')}"
    )


def test_a_namespace_that_may_not_be_checked_is_asked_all_the_same(nobody: Typist) -> None:
    screen = nobody.inventory("get", "pods", "-n", "shpo")
    assert (screen.code, screen.out) == (3, "")
    assert screen.err.startswith('warning: cannot check that namespace "shpo" exists\n')


def test_what_is_refused_is_not_what_the_policy_withholds(viewer: Typist, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    rule = "resources: {deny: [secrets]}"
    policy.write_text(f"apiVersion: inventory/v1\nkind: BoundaryPolicy\n{rule}\n")
    told = json.loads(viewer.inventory("-o", "json", "--policy", str(policy)).out)
    assert [it["resource"] for it in told["withheld"]] == ["secrets"]
    assert "secrets" not in {it["resource"] for it in told["unread"]}


def test_without_any_right_the_kinds_are_still_known(nobody: Typist, kinds: list[ListedKind]) -> None:
    screen = nobody.inventory("kinds", "--no-headers")
    statuses = Counter(line.split()[0] for line in screen.lines)
    assert statuses == {"Forbidden": len(kinds), "Alias": 1, "LeftOut": 1, "Unavailable": 1}
    assert screen.code == 3


def test_an_unknown_token_is_refused_whole(one_namespace: Typist) -> None:
    screen = one_namespace.inventory("--token", "no-such-token")
    assert isinstance(screen, Screen)
    assert (screen.code, screen.out) == (1, "")
    assert "401 Unauthorized" in screen.err
    assert "no-such-token" not in screen.err

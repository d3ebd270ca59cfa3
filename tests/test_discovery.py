"""What the server can list: aggregated, stale, or walked group by group."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from kubectl_inventory import run
from kubectl_inventory.boundary.policy import make_policy
from kubectl_inventory.clock import ticks_s
from kubectl_inventory.connection.kube import Cluster
from kubectl_inventory.errors import ApiError, ServerFault, TimedOut, Unauthorized, Unavailable
from kubectl_inventory.reading.cache import DiscoveryCache, Remembered
from kubectl_inventory.reading.discovery import Catalog, DiscoveryGap, Document, discover, make_catalog
from kubectl_inventory.request import Request, Strategy
from kubectl_inventory.resource import Answer, Question, Read
from tests.fake_api import PODS, FakeApi, Reply, encode, in_turn

LISTABLE = ("get", "list")


def a_resource(
    resource: str = "pods", *, kind: str = "Pod", verbs: Sequence[str] | None = LISTABLE, **more: object
) -> dict[str, object]:
    return {"resource": resource, "scope": "Namespaced", "verbs": verbs, "responseKind": {"kind": kind}, **more}


def a_version(version: str, *resources: object, freshness: str = "Current") -> dict[str, object]:
    return {"version": version, "resources": resources, "freshness": freshness}


def aggregated(**groups: Sequence[object]) -> bytes:
    """A document; the group `core` is the one without a name, and `_` in a name is a dot."""
    names = {name: "" if name == "core" else name.replace("_", ".") for name in groups}
    items = [{"metadata": {"name": names[name]}, "versions": versions} for name, versions in groups.items()]
    return encode({"kind": "APIGroupDiscoveryList", "items": items})


CORE = aggregated(core=[a_version("v1", a_resource())])
NO_GROUPS = aggregated()


def discovered(api: Reply = CORE, apis: Reply = NO_GROUPS, more: Mapping[str, Reply] | None = None) -> Catalog:
    return make_catalog(discover(FakeApi({"/api": api, "/apis": apis, **(more or {})}), in_turn))


def names(catalog: Catalog) -> list[str]:
    return [f"{kind.name}/{kind.version}" for kind in catalog.kinds]


# --- aggregated -------------------------------------------------------------


def test_two_requests_tell_everything() -> None:
    api = FakeApi({"/api": CORE, "/apis": NO_GROUPS})
    discover(api, in_turn)
    assert [(question.path, question.representation, question.query()) for question in api.asked] == [
        ("/api", "discovery", ""),
        ("/apis", "discovery", ""),
    ]


def test_a_kind_is_as_the_document_says() -> None:
    said = a_resource(
        "deployments", kind="Deployment", singularResource="deployment", shortNames=["deploy"], categories=["all"]
    )
    (kind,) = discovered(aggregated(), aggregated(apps=[a_version("v1", said)])).kinds
    assert (kind.group, kind.version, kind.resource, kind.kind) == ("apps", "v1", "deployments", "Deployment")
    assert (kind.singular, kind.short_names, kind.categories) == ("deployment", ("deploy",), ("all",))
    assert (kind.namespaced, kind.verbs) == (True, LISTABLE)


def test_core_comes_first_and_groups_as_the_server_ranks_them() -> None:
    apis = aggregated(
        zebra_io=[a_version("v1", a_resource("stripes"))], apps=[a_version("v1", a_resource("deployments"))]
    )
    assert names(discovered(apis=apis)) == ["pods/v1", "stripes.zebra.io/v1", "deployments.apps/v1"]


def test_the_first_version_wins_and_the_others_are_remembered() -> None:
    apis = aggregated(
        autoscaling=[
            a_version("v2", a_resource("hpas")),
            a_version("v1", a_resource("hpas"), a_resource("olds")),
            a_version("v1beta1", a_resource("hpas")),
        ]
    )
    kinds = {kind.resource: kind for kind in discovered(apis=apis).kinds}
    assert (kinds["hpas"].version, kinds["hpas"].other_versions) == ("v2", ("v1", "v1beta1"))
    assert (kinds["olds"].version, kinds["olds"].other_versions) == ("v1", ())


def test_the_first_version_that_lists_wins() -> None:
    created = a_resource("things", verbs=["create"])
    apis = aggregated(x_io=[a_version("v2", created), a_version("v1", a_resource("things"))])
    assert names(discovered(aggregated(), apis)) == ["things.x.io/v1"]


@pytest.mark.parametrize("verbs", [[], ["create"], ["get"], ["watch", "get"], None])
def test_what_cannot_be_listed_is_no_kind(verbs: Sequence[str] | None) -> None:
    assert discovered(aggregated(core=[a_version("v1", a_resource(verbs=verbs))])) == Catalog((), ())


def test_subresources_are_no_kinds() -> None:
    nested = a_resource(subresources=[{"subresource": "log", "responseKind": {"kind": "Pod"}, "verbs": LISTABLE}])
    assert names(discovered(aggregated(core=[a_version("v1", nested)]))) == ["pods/v1"]


def test_a_stale_group_is_a_gap_by_name() -> None:
    apis = aggregated(
        metrics_io=[a_version("v1beta1", freshness="Stale")],
        apps=[a_version("v1", a_resource("deployments"))],
    )
    catalog = discovered(apis=apis)
    assert catalog.gaps == (DiscoveryGap("metrics.io", "v1beta1", "Unavailable", "its kinds are unknown"),)
    assert names(catalog) == ["pods/v1", "deployments.apps/v1"]


def test_a_stale_version_leaves_the_kinds_of_the_next_one() -> None:
    apis = aggregated(x_io=[a_version("v2", freshness="Stale"), a_version("v1", a_resource("things"))])
    catalog = discovered(aggregated(), apis)
    assert (names(catalog), len(catalog.gaps)) == (["things.x.io/v1"], 1)


@pytest.mark.parametrize("resource", ["pods/exec", "Pods", "..", "pods?watch=1", "", "p\u043eds", "watch"])
def test_a_resource_whose_path_cannot_be_spelled_is_a_gap(resource: str) -> None:
    catalog = discovered(aggregated(core=[a_version("v1", a_resource(resource), a_resource("nodes"))]))
    assert names(catalog) == ["nodes/v1"]
    assert [(gap.version, gap.reason) for gap in catalog.gaps] == [("v1", "Failed")]
    assert "not a resource's name" in catalog.gaps[0].message


def test_a_resource_without_a_response_kind_is_called_by_its_plural() -> None:
    said = {"resource": "things", "scope": "Cluster", "verbs": ["list"], "responseKind": None}
    (kind,) = discovered(aggregated(core=[a_version("v1", said)])).kinds
    assert (kind.kind, kind.namespaced) == ("things", False)


@pytest.mark.parametrize("versions", [None, [{"version": "v1", "resources": None}]])
def test_null_is_nothing(versions: object) -> None:
    body = encode({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "x"}, "versions": versions}]})
    assert discovered(body, encode({"kind": "APIGroupDiscoveryList", "items": None})) == Catalog((), ())


# --- remembered -------------------------------------------------------------


def test_a_document_that_did_not_change_is_kept() -> None:
    old = discover(FakeApi({"/api": Answer(CORE, etag='"a"'), "/apis": Answer(NO_GROUPS, etag='"b"')}), in_turn)
    changed = aggregated(apps=[a_version("v1", a_resource("deployments"))])
    api = FakeApi({"/api": Answer(b"", not_modified=True), "/apis": Answer(changed, etag='"c"')})
    new = discover(api, in_turn, known=old)
    assert [question.if_none_match for question in api.asked] == ['"a"', '"b"']
    assert (new[0], new[1].etag) == (old[0], '"c"')
    assert names(make_catalog(new)) == ["pods/v1", "deployments.apps/v1"]


def test_a_not_modified_that_nobody_asked_for_is_a_fault() -> None:
    with pytest.raises(ServerFault):
        discovered(Answer(b"", not_modified=True))


def test_documents_without_an_etag_are_asked_whole() -> None:
    api = FakeApi({"/api": CORE, "/apis": NO_GROUPS})
    discover(api, in_turn, known=[Document("/api", "", (), ()), Document("/apis", "", (), ())])
    assert [question.if_none_match for question in api.asked] == ["", ""]


# --- the old walk -----------------------------------------------------------

LEGACY_API = encode({"kind": "APIVersions", "versions": ["v1"]})
LEGACY_APIS = encode(
    {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "apps",
                "versions": [{"version": "v1beta1"}, {"version": "v1"}],
                "preferredVersion": {"version": "v1"},
            }
        ],
    }
)


def a_legacy_list(*resources: tuple[str, bool, Sequence[str] | None]) -> bytes:
    found = [
        {"name": name, "kind": name.title(), "namespaced": namespaced, "verbs": verbs, "singularName": ""}
        for name, namespaced, verbs in resources
    ]
    return encode({"kind": "APIResourceList", "resources": found})


LEGACY = {
    "/api/v1": a_legacy_list(
        ("pods", True, LISTABLE), ("pods/log", True, LISTABLE), ("bindings", True, ["create"]), ("odd", True, None)
    ),
    "/apis/apps/v1": a_legacy_list(("deployments", True, LISTABLE)),
    "/apis/apps/v1beta1": a_legacy_list(("deployments", True, LISTABLE), ("olds", False, LISTABLE)),
}


def test_an_old_server_is_walked_version_by_version() -> None:
    catalog = discovered(LEGACY_API, LEGACY_APIS, LEGACY)
    assert names(catalog) == ["pods/v1", "deployments.apps/v1", "olds.apps/v1beta1"]
    assert catalog.gaps == ()
    assert [kind.other_versions for kind in catalog.kinds] == [(), ("v1beta1",), ()]


def test_each_root_is_walked_on_its_own() -> None:
    apis = aggregated(apps=[a_version("v1", a_resource("deployments"))])
    api = FakeApi({"/api": LEGACY_API, "/apis": apis, **LEGACY})
    assert names(make_catalog(discover(api, in_turn))) == ["pods/v1", "deployments.apps/v1"]
    assert "/apis/apps/v1" not in api.paths


@pytest.mark.parametrize(
    ("reply", "gap"),
    [
        (Unavailable("no backend"), DiscoveryGap("apps", "v1beta1", "Unavailable", "no backend")),
        (TimedOut("no answer in 5s"), DiscoveryGap("apps", "v1beta1", "TimedOut", "no answer in 5s")),
        (encode({"kind": "APIResourceList", "resources": None}), None),
    ],
)
def test_a_group_that_does_not_answer_the_walk_is_a_gap(reply: Reply, gap: DiscoveryGap | None) -> None:
    catalog = discovered(LEGACY_API, LEGACY_APIS, {**LEGACY, "/apis/apps/v1beta1": reply})
    assert names(catalog) == ["pods/v1", "deployments.apps/v1"]
    assert catalog.gaps == ((gap,) if gap is not None else ())


def test_a_group_that_answers_garbage_is_a_gap() -> None:
    catalog = discovered(LEGACY_API, LEGACY_APIS, {**LEGACY, "/apis/apps/v1": b"service unavailable"})
    assert [(gap.version, gap.reason) for gap in catalog.gaps] == [("v1", "Failed")]
    assert names(catalog) == ["pods/v1", "deployments.apps/v1beta1", "olds.apps/v1beta1"]


@pytest.mark.parametrize(("group", "version"), [("Odd_Group", "v1"), ("a/../b", "v1"), ("odd", "v1/..")])
def test_a_group_whose_path_cannot_be_spelled_is_a_gap_of_the_walk(group: str, version: str) -> None:
    odd = {"name": group, "versions": [{"version": version}], "preferredVersion": {"version": version}}
    named = msgspec.json.decode(LEGACY_APIS)
    groups = encode({**named, "groups": [odd, *named["groups"]]})
    catalog = discovered(LEGACY_API, groups, LEGACY)
    assert names(catalog) == ["pods/v1", "deployments.apps/v1", "olds.apps/v1beta1"]
    message = f"'{group}/{version}' is not a group and version's name"
    assert catalog.gaps == (DiscoveryGap(group, version, "Failed", message),)


def test_an_old_server_with_nothing_but_null_has_no_kinds() -> None:
    nothing = encode({"kind": "APIGroupList", "groups": None})
    assert discovered(encode({"kind": "APIVersions", "versions": None}), nothing) == Catalog((), ())


# --- what is fatal ----------------------------------------------------------


@pytest.mark.parametrize("path", ["/api", "/apis"])
@pytest.mark.parametrize("error", [Unavailable("down"), TimedOut("late"), Unauthorized("who?")])
def test_a_root_that_does_not_answer_is_fatal(path: str, error: ApiError) -> None:
    replies: dict[str, Reply] = {"/api": CORE, "/apis": NO_GROUPS, path: error}
    with pytest.raises(type(error)):
        discovered(replies["/api"], replies["/apis"])


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"items": []}', b'{"kind": 1}'])
def test_a_root_that_answers_garbage_is_fatal(body: bytes) -> None:
    with pytest.raises(ServerFault, match="discovery of /api"):
        discovered(body)


def test_a_refused_credential_is_fatal_in_the_walk_too() -> None:
    with pytest.raises(Unauthorized):
        discovered(LEGACY_API, LEGACY_APIS, {**LEGACY, "/apis/apps/v1": Unauthorized("who?")})


# --- as part of a run -------------------------------------------------------


def a_session(read: Read, cache: DiscoveryCache) -> run.Session:
    """Of a cluster that needs no network."""
    cluster = SimpleNamespace(read=read, round_trip_s=None, open_ahead=lambda *_, **__: None)
    return run.Session(
        context="c",
        server="s",
        own_namespace="default",
        policy=make_policy([], "c"),
        cluster=cast(Cluster, cluster),
        cache=cache,
        remembered=cache.load(),
        end_s=ticks_s() + 10,
    )


@pytest.mark.parametrize(("strategy", "at_once"), [("sequential", 1), ("auto", 2)])
def test_discovery_asks_its_two_documents_side_by_side_but_one_by_one_if_that_is_the_strategy(
    strategy: Strategy, at_once: int, tmp_path: Path
) -> None:
    everybody = threading.Barrier(at_once)
    asked: list[str] = []

    def read(question: Question) -> Answer:
        asked.append(question.path)
        everybody.wait(timeout=10)  # breaks where fewer come at once
        raise Unauthorized("enough")

    session = a_session(read, DiscoveryCache(tmp_path, server="s", user="u"))
    with pytest.raises(Unauthorized):
        run.take_inventory(Request(strategy=strategy), session, lambda kinds, progress: None)
    assert len(asked) == at_once


def test_the_round_trip_is_remembered_with_what_was_discovered(tmp_path: Path) -> None:
    cache = DiscoveryCache(tmp_path, server="s", user="u")
    assert cache.load() == Remembered()
    document = Document("/api", "", (PODS,), ())
    cache.save([document], 0.125)
    remembered = cache.load()
    assert (remembered.documents, remembered.round_trip_s) == ((document,), 0.125)
    assert a_session(FakeApi({}), cache).round_trip_s() == 0.125


def test_a_user_that_is_no_utf8_is_remembered_and_mixed_up_with_nobody(tmp_path: Path) -> None:
    document = Document("/api", "", (PODS,), ())
    DiscoveryCache(tmp_path, server="s", user="j\udce9").save([document], 0.125)
    assert DiscoveryCache(tmp_path, server="s", user="j\udce9").load().documents == (document,)
    assert DiscoveryCache(tmp_path, server="s", user="j\\udce9").load() == Remembered()


@pytest.mark.parametrize("round_trip_s", ["-1", "1e99", "null", '"far"'])
def test_a_round_trip_that_cannot_be_is_not_believed(round_trip_s: str, tmp_path: Path) -> None:
    cache = DiscoveryCache(tmp_path, server="s", user="u")
    cache.save([], 0.125)
    (file,) = (tmp_path / "inventory").iterdir()
    file.write_text(file.read_text().replace("0.125", round_trip_s))
    assert cache.load() == Remembered()


def test_a_pipe_in_the_place_of_the_file_is_not_waited_for(tmp_path: Path) -> None:
    cache = DiscoveryCache(tmp_path, server="s", user="u")
    cache.save([], 0.125)
    (file,) = (tmp_path / "inventory").iterdir()
    file.unlink()
    os.mkfifo(file)
    loaded: list[Remembered] = []
    loading = threading.Thread(target=lambda: loaded.append(cache.load()), daemon=True)
    loading.start()
    loading.join(10)
    assert loaded == [Remembered()]


@pytest.mark.parametrize("cause", [KeyboardInterrupt, OSError])
def test_saving_that_is_broken_off_leaves_no_file(
    cause: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: object) -> None:
        raise cause

    monkeypatch.setattr(os, "replace", break_off)
    cache = DiscoveryCache(tmp_path, server="s", user="u")
    if cause is OSError:
        cache.save([], 0.0)
    else:
        with pytest.raises(cause):
            cache.save([], 0.0)
    assert list((tmp_path / "inventory").iterdir()) == []

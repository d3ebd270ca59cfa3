"""The closed grammar: what can be asked at all, and how it is spelled."""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec
import pytest

from kubectl_inventory.errors import BoundaryError
from kubectl_inventory.resource import (
    Question,
    checked_path,
    collection_path,
    discovery_path,
    is_namespace_name,
)
from tests.fake_api import DEPLOYMENTS, NODES, PODS, SECRETS, a_kind


@pytest.mark.parametrize(
    "path",
    [
        "/version",
        "/api",
        "/apis",
        "/api/v1",
        "/apis/apps/v1",
        "/apis/cert-manager.io/v1alpha2",
        "/api/v1/pods",
        "/api/v1/namespaces",
        "/api/v1/namespaces/shop/pods",
        "/api/v1/namespaces/watch/pods",
        "/apis/apps/v1/deployments",
        "/apis/apps/v1/namespaces/a-b/deployments",
    ],
)
def test_version_discovery_and_collections_are_in_the_grammar(path: str) -> None:
    assert checked_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "version",
        "//version",
        "/version/",
        "/healthz",
        "/metrics",
        "/logs/kube-apiserver.log",
        "/openapi/v2",
        "/api/",
        "/apis/apps",
        "/api/v1/",
        "/api/v1/namespaces/shop",
        "/api/v1/namespaces/shop/",
        "/api/v1/namespaces/shop/status",
        "/api/v1/namespaces/shop/finalize",
        "/apis/apps/v1/namespaces/shop/status",
        "/api/v1/namespaces/shop/pods/web",
        "/api/v1/namespaces/shop/pods/web/log",
        "/api/v1/namespaces/shop/pods/web/exec",
        "/api/v1/namespaces/shop/pods/web/proxy",
        "/api/v1/namespaces/shop/pods/web/status",
        "/api/v1/nodes/w1",
        "/api/v1/nodes/w1/proxy",
        "/api/v1/nodes/w1/proxy/metrics",
        "/apis/apps/v1/deployments/web/scale",
        "/api/v1/watch",
        "/api/v1/watch/pods",
        "/api/v1/watch/namespaces/shop/pods",
        "/api/v1/proxy",
        "/api/v1/proxy/nodes/w1",
        "/api/v1/namespaces/shop/services/https:web:443/proxy",
        "/api/v1/../version",
        "/api/v1/namespaces/../pods",
        "/api/v1/namespaces/%2e%2e/pods",
        "/api/v1/pods%2fweb",
        "/api/v1/pods?watch=1",
        "/api/v1/pods?",
        "/api/v1/pods#x",
        "/api/v1/pods;x",
        "/api/v1/Pods",
        "/API/v1/pods",
        "/api/V1/pods",
        "/api/v1/pods\n",
        "/version\n",
        "\n/version",
        "/api/v1/pods\r\nHost: x",
        "/api/v1/pods ",
        "/api/v1/p\u043eds",
        "/api/v1/pods\u0660",
        "/api/v1/namespaces/-shop/pods",
        "/api/v1/namespaces/shop-/pods",
        "/api/v1/namespaces/a.b/pods",
        "/apis/.apps/v1/deployments",
        "/apis/apps./v1/deployments",
        "/apis/a..b/v1/deployments",
        "/apis/a/b/v1/deployments",
        "https://elsewhere/version",
        "//elsewhere/version",
    ],
)
def test_anything_else_is_refused(path: str) -> None:
    with pytest.raises(BoundaryError, match="refused to ask"):
        checked_path(path)


@pytest.mark.parametrize(
    ("resource", "group", "version", "namespace"),
    [
        ("pods/log", "", "v1", None),
        ("pods", "", "v1", "shop/secrets"),
        ("pods", "", "v1", ""),
        ("pods", "", "v1", ".."),
        ("pods", "", "v1?watch=true", None),
        ("pods", "apps/v1/../..", "v1", None),
        ("status", "", "v1", "shop"),
        ("finalize", "example.com", "v1", "shop"),
        ("watch", "example.com", "v1", None),
    ],
)
def test_a_hostile_kind_or_namespace_spells_no_other_path(
    resource: str, group: str, version: str, namespace: str | None
) -> None:
    with pytest.raises(BoundaryError):
        collection_path(a_kind(resource, group, version=version), namespace)


def test_paths_of_kinds() -> None:
    assert collection_path(PODS) == "/api/v1/pods"
    assert collection_path(PODS, "shop") == "/api/v1/namespaces/shop/pods"
    assert collection_path(DEPLOYMENTS) == "/apis/apps/v1/deployments"
    assert collection_path(DEPLOYMENTS, "shop") == "/apis/apps/v1/namespaces/shop/deployments"


def test_paths_of_discovery() -> None:
    assert [discovery_path(), discovery_path("")] == ["/apis", "/api"]
    assert [discovery_path("", "v1"), discovery_path("apps", "v1")] == ["/api/v1", "/apis/apps/v1"]
    with pytest.raises(BoundaryError):
        discovery_path("apps")


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("shop", True),
        ("a", True),
        ("0-0", True),
        ("a" * 63, True),
        ("a" * 64, False),
        ("", False),
        ("Shop", False),
        ("shop\n", False),
        ("a.b", False),
        ("a/b", False),
        ("-a", False),
        ("*", False),
    ],
)
def test_a_namespace_name_is_a_label(name: str, is_one: bool) -> None:
    assert is_namespace_name(name) is is_one


@pytest.mark.parametrize(
    ("kind", "name", "prefix", "api_version"),
    [
        (PODS, "pods", "pod", "v1"),
        (DEPLOYMENTS, "deployments.apps", "deployment.apps", "apps/v1"),
        (a_kind("ipaddresses", "x.io", kind="IPAddress"), "ipaddresses.x.io", "ipaddress.x.io", "x.io/v1"),
    ],
)
def test_names_are_kubectls(kind: object, name: str, prefix: str, api_version: str) -> None:
    assert (getattr(kind, "name", ""), getattr(kind, "prefix", "")) == (name, prefix)
    assert getattr(kind, "api_version", "") == api_version


def test_only_core_secrets_hold_secrets() -> None:
    others = (PODS, NODES, a_kind("secrets", "example.com"))
    assert SECRETS.holds_secrets
    assert not any(kind.holds_secrets for kind in others)


@pytest.mark.parametrize(
    ("fields", "query"),
    [
        ({}, ""),
        ({"representation": "table"}, "includeObject=None"),
        ({"representation": "table", "include_metadata": True}, "includeObject=Metadata"),
        ({"representation": "metadata", "include_metadata": True}, ""),
        ({"limit": 1, "continue_token": "a=&b"}, "limit=1&continue=a%3D%26b"),
        ({"from_cache": True}, "resourceVersion=0"),
        ({"label_selector": "app in (a,b)"}, "labelSelector=app%20in%20%28a%2Cb%29"),
        ({"field_selector": "metadata.namespace!=x"}, "fieldSelector=metadata.namespace%21%3Dx"),
        ({"label_selector": "a=b&watch=true#x"}, "labelSelector=a%3Db%26watch%3Dtrue%23x"),
    ],
)
def test_a_query_is_spelled_and_quoted(fields: dict[str, object], query: str) -> None:
    question = msgspec.convert({"path": "/api/v1/pods", **fields}, Question)
    assert question.query() == query


def test_no_query_ever_holds_a_watch() -> None:
    every = {"representation": "table", "limit": 1, "continue_token": "c", "label_selector": "a", "field_selector": "b"}
    query = msgspec.convert({"path": "/api/v1/pods", **every}, Question).query()
    assert set(parse_qs(query)) == {"includeObject", "limit", "continue", "labelSelector", "fieldSelector"}


def test_a_limit_together_with_the_servers_memory_cannot_be_asked() -> None:
    question = Question(path=collection_path(PODS), from_cache=True)
    with pytest.raises(BoundaryError, match="limit"):
        msgspec.structs.replace(question, limit=500)

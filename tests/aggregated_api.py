"""An aggregated API on the test control plane, whose backend serves discovery well and its lists as told.

The backend is a TLS server in a thread of the test; the real kube-aggregator is in between.
"""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import trustme

from kubectl_inventory.clock import ticks_s
from tests.controlplane.client import USER_AGENT
from tests.controlplane.cluster import ControlPlane
from tests.live_api import Exchange, LiveApi

NAMESPACE = "default"
BORN = "2026-01-03T09:14:22Z"
_READY_S = 60.0
_POLL_S = 0.1
"""The server looks at an APIService anew after some seconds; there is no event to wait for."""

Lists = Callable[[Exchange, str], None]
"""Answers a list of the resource that is named."""


def hang(exchange: Exchange, resource: str) -> None:
    """Never answers."""
    exchange.hang()


def unavailable(exchange: Exchange, resource: str) -> None:
    """Answers 503, in plain text as a proxy would."""
    exchange.reply("503 Service Unavailable", b"service unavailable\n", ["Content-Type: text/plain"])


def drip(exchange: Exchange, resource: str) -> None:
    """A list that never ends, a byte at a time."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    exchange.drip(b" " * 1_000_000)


def garbage(exchange: Exchange, resource: str) -> None:
    """No JSON, with control characters in it."""
    exchange.reply(body=b'{"kind": "\x1b[31mThingList", items: oops')


def deep(exchange: Exchange, resource: str) -> None:
    """JSON that is nested deeper than any decoder goes."""
    exchange.reply(body=b'{"kind":"ThingList","items":' + b"[" * 100_000)


def plain(exchange: Exchange, resource: str) -> None:
    """A plain list of three, whatever was asked for: no Table, no `limit`, no count of what remains."""
    names = ("anvil", "bolt", "\x1b[31mcog\x07")
    version = "/".join(exchange.path.split("/")[2:4])
    whose = {"namespace": NAMESPACE, "creationTimestamp": BORN}
    items = [{"apiVersion": version, "kind": "Thing", "metadata": {"name": name, **whose}} for name in names]
    body = {"kind": "ThingList", "apiVersion": version, "metadata": {}, "items": items}
    exchange.reply(body=json.dumps(body).encode())


def reluctant(exchange: Exchange, resource: str) -> None:
    """A table of one that failed and one that did not; never answers whoever looks for one of them."""
    if "fieldSelector=metadata.name" in exchange.query:
        exchange.hang()
        return
    columns = [{"name": name, "type": "string", "format": "", "priority": 0} for name in ("Name", "Phase")]
    rows = [
        {
            "cells": [name, phase],
            "object": {
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": {"name": name, "namespace": NAMESPACE, "creationTimestamp": BORN},
            },
        }
        for name, phase in (("anvil", "Failed"), ("bolt", "Running"))
    ]
    body = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "columnDefinitions": columns, "rows": rows}
    exchange.reply(body=json.dumps(body).encode())


@contextmanager
def aggregated_api(
    plane: ControlPlane, group: str, lists: Lists, *, resources: Sequence[str] = ("things",)
) -> Iterator[LiveApi]:
    """A group with these kinds, until the block is left. Version `v1`."""

    def answer(exchange: Exchange) -> None:
        resource = exchange.path.rpartition("/")[2]
        if resource in resources:
            lists(exchange, resource)
        elif exchange.path == f"/apis/{group}/v1":
            exchange.reply(body=json.dumps(_resource_list(group, resources)).encode())
        elif exchange.path in ("/apis", f"/apis/{group}"):
            # The aggregator asks for the aggregated form first and falls back to the version's own list.
            exchange.reply("404 Not Found", b"{}")
        else:
            exchange.reply()

    with LiveApi(answer, tls=_tls()) as server:
        service = group.partition(".")[0]
        _post(plane, f"/api/v1/namespaces/{NAMESPACE}/services", _service(service, server.port))
        try:
            _post(plane, "/apis/apiregistration.k8s.io/v1/apiservices", _api_service(group, service, server.port))
            wait_for_group(plane, group, lambda version: bool(version.get("resources")))
            yield server
        finally:
            remove_group(plane, group)


def remove_group(plane: ControlPlane, group: str) -> None:
    """Takes the group away; it is gone from discovery when this returns."""
    plane.client.send("DELETE", f"/apis/apiregistration.k8s.io/v1/apiservices/v1.{group}", ok=(404,))
    remove_service(plane, group)
    wait_for_group(plane, group, lambda version: not version)


def remove_service(plane: ControlPlane, group: str) -> None:
    """Takes the Service away and leaves the APIService."""
    service = group.partition(".")[0]
    plane.client.send("DELETE", f"/api/v1/namespaces/{NAMESPACE}/services/{service}", ok=(404,))


def wait_for_group(plane: ControlPlane, group: str, is_so: Callable[[dict[str, object]], bool]) -> None:
    """Returns when the group's version in aggregated discovery is so (`{}`: it is not there)."""
    give_up_s = ticks_s() + _READY_S
    while not is_so(_discovered(plane, group)):
        assert ticks_s() < give_up_s, f"{group} is not served as it should be: {_discovered(plane, group)}"
        time.sleep(_POLL_S)


def _discovered(plane: ControlPlane, group: str) -> dict[str, object]:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    headers = {"Accept": accept, "Authorization": f"Bearer {plane.admin_token}", "User-Agent": USER_AGENT}
    request = urllib.request.Request(f"{plane.server}/apis", headers=headers)
    trust = ssl.create_default_context(cafile=str(plane.ca_file))
    with urllib.request.urlopen(request, timeout=_READY_S, context=trust) as reply:
        found = json.load(reply)
    for item in found["items"]:
        if item["metadata"]["name"] == group:
            version: dict[str, object] = item["versions"][0]
            return version
    return {}


def _post(plane: ControlPlane, path: str, body: object) -> None:
    plane.client.send("POST", path, body)


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    return context


def _service(name: str, port: int) -> object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port, "protocol": "TCP"}]},
    }


def _api_service(group: str, service: str, port: int) -> object:
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": f"v1.{group}"},
        "spec": {
            "group": group,
            "version": "v1",
            "groupPriorityMinimum": 100,
            "versionPriority": 10,
            "insecureSkipTLSVerify": True,
            "service": {"namespace": NAMESPACE, "name": service, "port": port},
        },
    }


def _resource_list(group: str, resources: Sequence[str]) -> object:
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/v1",
        "resources": [
            {"name": name, "singularName": name[:-1], "kind": name[:-1].title(), "namespaced": True, "verbs": ["list"]}
            for name in resources
        ],
    }

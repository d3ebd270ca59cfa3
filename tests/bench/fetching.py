"""What `get` asked of the server, asked again by curl: the price of the bytes, without anyone to read them.

The program's own audit log tells the requests; the server's tells how many it worked on at once.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from kubectl_inventory.version import VERSION
from tests.bench.answers import Answers, Check
from tests.bench.measuring import Command, output
from tests.controlplane.audit import most_in_flight
from tests.controlplane.cluster import ControlPlane
from tests.controlplane.credentials import ADMIN

CURL = "curl"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
SLACK = 0.02
"""Ages in the cells move between two answers, by this part of the bytes at most."""


class Fetched(msgspec.Struct, frozen=True):
    """A request that the program made, and how large its answer was."""

    path: str
    bytes_received: int


class Fetching(msgspec.Struct, frozen=True):
    """All of a run's requests as one command of curl."""

    command: Command
    requests: Sequence[Fetched]
    connections: int

    def check(self, name: str) -> Check:
        """Every request was answered, with as many bytes as the program had read."""

        def check(answers: Answers) -> Sequence[str]:
            replies = [line.split() for line in answers[name].splitlines()]
            failed = [f"curl: {code} {size}" for code, size in replies if code != "200"]
            ours, theirs = sum(it.bytes_received for it in self.requests), sum(int(size) for _, size in replies)
            if len(replies) != len(self.requests):
                failed.append(f"curl had {len(replies)} replies, the program {len(self.requests)}")
            if abs(ours - theirs) > SLACK * ours:
                failed.append(f"curl read {theirs} bytes, the program {ours}")
            return failed

        return check


def is_curl_there() -> bool:
    """Whether the row can be measured."""
    return shutil.which(CURL) is not None


def learn(plane: ControlPlane, get: Command, directory: Path) -> Fetching:
    """Run `get` once, and make of its requests a command of curl's with as many connections."""
    log = directory / "requests.ndjson"
    mark = plane.audit.mark()
    output((*get.argv, f"--audit-log={log}"), get.variables)
    connections = most_in_flight(plane.audit.since(mark))
    requests = [
        Fetched(line["details"]["path"], line["details"]["bytes_received"])
        for line in map(json.loads, log.read_text().splitlines())
        if line["event"] == "request" and line["details"]["status"] == 200
    ]
    config = directory / "curl.conf"
    config.write_text("next\n".join(_transfer(plane, it.path, directory) for it in requests))
    _write_certificates(plane, directory)
    argv = (CURL, "--parallel", "--parallel-max", str(connections), "--silent", "--config", str(config))
    return Fetching(Command(f"curl -Z --parallel-max {connections}", argv, get.variables), requests, connections)


def _transfer(plane: ControlPlane, path: str, directory: Path) -> str:
    """One request's lines; curl forgets all options but the parallel ones from one to the next."""
    options: Mapping[str, str] = {
        "url": f"{plane.server}{path}",
        "output": "/dev/null",
        "header": f"Accept: {_accept(path)}",
        # The server indents its answers for those who call themselves curl.
        "user-agent": f"kubectl-inventory/{VERSION}",
        "cacert": str(plane.ca_file),
        "cert": str(directory / "client.crt"),
        "key": str(directory / "client.key"),
        "write-out": r"%{http_code} %{size_download}\n",
    }
    return "http1.1\n" + "".join(f'{name} = "{value}"\n' for name, value in options.items())


def _accept(path: str) -> str:
    if path.partition("?")[0] in ("/api", "/apis"):
        return DISCOVERY
    return TABLE if "includeObject=" in path else METADATA


def _write_certificates(plane: ControlPlane, directory: Path) -> None:
    document: Any = yaml.safe_load(plane.kubeconfigs[ADMIN].read_text())
    user = document["users"][0]["user"]
    for name, field in (("client.crt", "client-certificate-data"), ("client.key", "client-key-data")):
        (directory / name).touch(mode=0o600)
        (directory / name).write_bytes(base64.b64decode(user[field]))

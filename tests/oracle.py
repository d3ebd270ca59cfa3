"""What the real kubectl says is in the cluster, in few commands, and its table layout.

The tests hold the program's screens against it, since controllers name objects as they like.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tests.conftest import Screen, Typist

_COLUMNS = (
    "NS:.metadata.namespace,V:.apiVersion,K:.kind,N:.metadata.name,TEAM:.metadata.labels.team,"
    "CREATED:.metadata.creationTimestamp"
)
ALIAS = "events.events.k8s.io"
LEFT_OUT = "componentstatuses"
ABSENT = "<none>"
TRIES = 20
"""How often two commands are typed until no age moved between them."""


class ListedKind(NamedTuple):
    """One line of `kubectl api-resources --verbs=list`."""

    name: str
    short_names: str
    api_version: str
    namespaced: bool
    kind: str

    @property
    def plural(self) -> str:
        """`deployments` of `deployments.apps`."""
        return self.name.partition(".")[0]

    @property
    def group(self) -> str:
        """Empty for core."""
        return self.name.partition(".")[2]

    @property
    def version(self) -> str:
        """`v1` of `apps/v1`."""
        return self.api_version.rpartition("/")[2]


class Found(NamedTuple):
    """An object, as kubectl's custom columns tell it."""

    namespace: str
    kind: ListedKind
    name: str
    team: str
    created: str


def listed_kinds(typist: Typist) -> list[ListedKind]:
    """Every kind that can be listed, in the order of `kinds`."""
    wide = typist.kubectl("api-resources", "--verbs=list", "--no-headers", "-o", "wide").out
    found = []
    for line in wide.splitlines():
        parsed = re.match(r"(\S+) +(?:([a-z,]+) +)?(\S+) +(true|false) +(\S+) ", line)
        assert parsed is not None, line
        plural, short_names, api_version, namespaced, kind = parsed.groups()
        group = api_version.rpartition("/")[0]
        name = f"{plural}.{group}" if group else plural
        found.append(ListedKind(name, short_names or "-", api_version, namespaced == "true", kind))
    return sorted(found, key=lambda kind: (kind.group, kind.plural))


def counted_kinds(typist: Typist) -> list[ListedKind]:
    """Those that an inventory counts."""
    return [kind for kind in listed_kinds(typist) if kind.name not in (ALIAS, LEFT_OUT)]


def census(typist: Typist) -> list[Found]:
    """Every object of the cluster once, by a single `kubectl get`."""
    kinds = counted_kinds(typist)
    by_type = {(kind.api_version, kind.kind): kind for kind in kinds}
    names = ",".join(kind.name for kind in kinds)
    out = typist.kubectl("get", names, "-A", "--no-headers", "-o", f"custom-columns={_COLUMNS}").out
    found = []
    for line in out.splitlines():
        namespace, api_version, kind, name, team, created = line.split()
        found.append(Found(namespace, by_type[api_version, kind], name, team, created))
    return found


def biggest_first(counts: Counter[str]) -> list[tuple[str, str]]:
    """COUNT and KIND rows."""
    return [(str(count), name) for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """kubectl's layout: as wide as the longest cell and three more, the last column not padded."""
    lines = [tuple(headers), *map(tuple, rows)]
    widths = [max(len(line[place]) for line in lines) + 3 for place in range(len(headers) - 1)]
    layout = "".join(f"{{:{width}}}" for width in widths) + "{}\n"
    return "".join(layout.format(*line) for line in lines)


def timeless(text: str) -> str:
    """A summary without how long the run took."""
    return re.sub(r"; \d+(?:\.\d)?s$", "; 0.0s", text, flags=re.MULTILINE)


def pair(
    ours: Callable[[], Screen], expected: Callable[[], str], *, same: Callable[[str, str], bool] = str.__eq__
) -> tuple[Screen, str]:
    """Our screen and what should stand on it, typed together until no age has moved between them, or they differ."""
    for _ in range(TRIES):
        screen, text = ours(), expected()
        if same(screen.out, text):
            break
    return screen, text

"""What a judgement says, as values: what is the matter with which object, and how each namespace is.

A finding has at least a reason that somebody can act on. `conclusions` makes them, the
views show them; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kubectl_inventory.health import Health, is_worse
from kubectl_inventory.reading.inventory import Reading
from kubectl_inventory.resource import Kind


class Thing(msgspec.Struct, frozen=True):
    """One object of the cluster. `namespace` is None for one that is in none."""

    kind: Kind
    namespace: str | None
    name: str

    @property
    def typed(self) -> str:
        """`deployment.apps/web`, as `-o name` prints it."""
        return f"{self.kind.prefix}/{self.name}"

    @property
    def short(self) -> str:
        """`deployment/web`, as kubectl's messages name it."""
        return f"{self.kind.kind.lower()}/{self.name}"


class Owner(msgspec.Struct, frozen=True):
    """Who made an object, by its owner reference."""

    api_version: str
    kind: str
    name: str

    @property
    def typed(self) -> str:
        """`rollout.argoproj.io/web`."""
        group = self.api_version.rpartition("/")[0]
        return f"{self.kind.lower()}.{group}/{self.name}" if group else f"{self.kind.lower()}/{self.name}"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not well."""

    object: Thing
    health: Health
    reason: str
    """One word: the server's own where it has one."""
    brief: str = ""
    """What follows the object in a row: `ImagePullBackOff`, `1/2 updated`, `at 96%`."""
    summary: str = ""
    """How it is in our words: `1/3 ready, 2/3 updated`."""
    says: str = ""
    """What the server says of it."""
    owner: Owner | None = None
    since: str | None = None
    """RFC 3339; None where nothing says it, or where nobody looked."""
    count: int = 1
    """How many objects alike it stands for: the pods of a workload that say the same."""
    example: Thing | None = None
    """One of them, where they are not the object itself."""
    restarts: tuple[int, int] = (0, 0)
    """Of the one that restarted least, and of the one that did most."""
    last_exit: str = ""
    """How a container of the example last ended: `1 (Error)`."""

    @property
    def message(self) -> str:
        """All that there is to say of it."""
        return "; ".join(filter(None, [self.summary, self.says]))

    @property
    def place(self) -> str:
        """The namespace, empty for what is in none."""
        return self.object.namespace or ""


class SpaceHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one namespace is. A pair of numbers is None where its kind could not be read or may not be."""

    namespace: str
    health: Health
    findings: tuple[Finding, ...] = ()
    """Worst first."""
    down: bool = False
    """Pods are wanted, and none is there."""
    unread: str = ""
    """The kind without which nothing is known, where that could not be read."""
    pods: tuple[int, int] | None = None
    """Ready and wanted, without finished ones."""
    workloads: tuple[int, int] | None = None
    """As wanted, and all."""
    claims: tuple[int, int] | None = None
    """PersistentVolumeClaims: bound, and all."""
    warnings: int | None = None
    """Warning events within the time that is looked back, each as often as it happened."""


class ClusterHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How that is which lies in no namespace."""

    health: Health
    findings: tuple[Finding, ...] = ()
    nodes: tuple[int, int] | None = None
    """Ready, and all."""
    groups: tuple[int, int] = (0, 0)
    """API groups: discovered, and all."""
    warnings: int | None = None
    unread: str = ""
    """What had to be known and could not be read."""


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Warning events of one object and reason, together."""

    namespace: str
    object: str
    """`pod/web-0`, as the server prints it."""
    reason: str
    count: int
    last_s: float
    """Seconds since it last happened."""
    message: str
    maker: str = ""
    """`deployment/web`, where the object is a pod of it."""


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """The whole judgement."""

    spaces: tuple[SpaceHealth, ...]
    """By name."""
    cluster: ClusterHealth | None
    """None where only some namespaces were asked for."""
    occurrences: tuple[Occurrence, ...] = ()
    """Newest first."""
    overlooked: int = 0
    """How many findings were left without a closer look, as there were too many, or no usable answer."""

    silent: tuple[Reading, ...] = ()
    """Custom kinds that have objects and print nothing of how those are."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The cluster's, then each namespace's by name; worst first in each."""
        own = self.cluster.findings if self.cluster is not None else ()
        return (*own, *(finding for space in self.spaces for finding in space.findings))

    @property
    def health(self) -> Health:
        """The worst of all."""
        found: Health = self.cluster.health if self.cluster is not None else "ok"
        for space in self.spaces:
            if is_worse(space.health, found):
                found = space.health
        return found

    def of(self, health: Health) -> Sequence[SpaceHealth]:
        """The namespaces that are so."""
        return [space for space in self.spaces if space.health == health]

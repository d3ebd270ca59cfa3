"""Who made a pod, by its name: no row says it, and of thousands of pods nobody asks for their owners."""

from __future__ import annotations

import re

from kubectl_inventory.judgement.findings import Occurrence, Thing
from kubectl_inventory.judgement.workloads import Workload

_HASH = re.compile("[bcdfghjklmnpqrstvwxz2456789]{1,10}", re.ASCII)
"""A Deployment's mark on its ReplicaSets (apimachinery `util/rand` SafeEncodeString)."""
_KEPT, _LONGEST = 58, 63
"""How much of a maker's name the server keeps before five random letters (apiserver `pkg/storage/names`)."""
_TAIL = re.compile(r"-(?:\d{1,9}|[bcdfghjklmnpqrstvwxz2456789]{5})", re.ASCII)
"""What whoever makes many pods adds to the name that they share: a number, or five random letters."""
_LONGEST_NUMBER = 18


class Job:
    """A Job by its row, and what its pods say."""

    __slots__ = ("age_s", "cron", "number", "status", "thing", "words")

    def __init__(self, thing: Thing, status: str, age_s: float | None) -> None:
        self.thing, self.status, self.age_s = thing, status, age_s
        cron, _, number = thing.name.rpartition("-")
        # A CronJob names its Jobs by the minute that they were due (kubernetes `pkg/controller/cronjob`).
        is_due = number.isdecimal() and len(number) <= _LONGEST_NUMBER
        self.cron, self.number = (cron, int(number)) if is_due else ("", 0)
        self.words: dict[str, None] = {}


Maker = Workload | Job


class Makers:
    """The workloads and runs of a cluster, as far as they were told, to be found by the names of their pods."""

    def __init__(self) -> None:
        self._deployments: dict[tuple[str, str], Workload] = {}
        self._stateful_sets: dict[tuple[str, str], Workload] = {}
        self._others: dict[tuple[str, str], Maker] = {}
        """What names its pods after itself and five random letters, by as much of its name as they keep."""

    def add(self, maker: Maker) -> None:
        """One more that may have made pods."""
        thing = maker.thing
        place, kind = thing.namespace or "", thing.kind.name
        if isinstance(maker, Workload) and kind == "deployments.apps":
            self._deployments[place, thing.name] = maker
        elif isinstance(maker, Workload) and kind == "statefulsets.apps":
            self._stateful_sets[place, thing.name] = maker
        else:
            self._others.setdefault((place, thing.name[:_KEPT]), maker)

    def has(self, kind: str, place: str, name: str) -> bool:
        """Whether a Deployment or StatefulSet of that name is there."""
        return (place, name) in (self._deployments if kind == "deployments.apps" else self._stateful_sets)

    def of_pod(self, space: str, pod: str) -> Maker | None:
        """Who made a pod, by its name.

        A StatefulSet's is `NAME-NUMBER`, a DaemonSet's, ReplicaSet's or Job's `NAME-RANDOM`, a Deployment's
        `NAME-HASH-RANDOM` and an indexed Job's `NAME-INDEX-RANDOM`.
        """
        nearest, _, last = pod.rpartition("-")
        stateful_set = self._stateful_sets.get((space, nearest)) if last.isdecimal() else None
        if stateful_set is not None:
            return stateful_set
        if len(pod) == _LONGEST and pod[_KEPT - 1] != "-":
            nearest = pod[:_KEPT]  # cut, and the hyphen before the random letters with it
        maker = self._others.get((space, nearest))
        if maker is not None:
            return maker
        farther, _, middle = nearest.rpartition("-")
        if middle.isdecimal() and isinstance(job := self._others.get((space, farther)), Job):
            return job
        return self.deployment_of(space, nearest)

    def deployment_of(self, space: str, replica_set: str) -> Workload | None:
        """Whose a ReplicaSet is, by its name: `NAME-HASH`."""
        name, _, middle = replica_set.rpartition("-")
        return self._deployments.get((space, name)) if _HASH.fullmatch(middle) else None

    def of_occurrence(self, occurrence: Occurrence) -> str:
        """Whose pod, or whose ReplicaSet, an event is about."""
        kind, _, name = occurrence.object.partition("/")
        if kind == "replicaset":
            name = f"{name}-"  # as if it were a pod of it
        maker = self.of_pod(occurrence.namespace, name) if kind in ("pod", "replicaset") else None
        return maker.thing.short if maker is not None else ""


def alike(thing: Thing) -> tuple[object, ...]:
    """What pods are one finding by: their maker; or, of one that is not known here, the name that they share."""
    if thing.kind.name != "pods":
        return (thing,)
    stem, tail = _stem(thing.name)
    return (thing.namespace, stem, tail)


def _stem(name: str) -> tuple[str, bool]:
    cut = _TAIL.search(name, name.rfind("-"))
    return (name[: cut.start()], True) if cut is not None and cut.end() == len(name) else (name, False)

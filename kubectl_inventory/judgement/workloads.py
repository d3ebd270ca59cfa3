"""What wants pods: how many it wants, how many it has, and how far a release of it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from kubectl_inventory.clock import span_s
from kubectl_inventory.health import ratio
from kubectl_inventory.judgement.findings import Thing
from kubectl_inventory.output.columns import Places
from kubectl_inventory.reading.inventory import Row

_LONGEST_NUMBER = 9
"""Digits that a server's count may have."""


class Workload:
    """A Deployment, StatefulSet, DaemonSet or ReplicaSet by its row; its pods are told to it."""

    __slots__ = ("_age", "_selector", "available", "pods", "ready", "short_reasons", "thing", "updated", "wanted")

    def __init__(self, thing: Thing, row: Row, places: Places) -> None:
        self.thing = thing
        # Of most of them nobody asks these: text until then.
        self._age, self._selector = places.age(row), places.text(row, "selector")
        pair = ratio(places.ready(row))
        self.ready, self.wanted = pair if pair is not None else (0, 0)
        self.updated = _number(places.text(row, "up-to-date"), self.wanted)
        self.available = _number(places.text(row, "available"), self.ready)
        self.pods = 0
        """Pods of it that are not finished."""
        self.short_reasons: set[str] = set()
        """What its pods say of why it is not as wanted."""

    @property
    def age_s(self) -> float | None:
        """How old it is, in seconds, as far as its row tells."""
        return span_s(self._age)

    @property
    def selector(self) -> dict[str, str]:
        """The labels of its pods; empty where its row does not tell."""
        return selector_of(self._selector)

    @property
    def is_short(self) -> bool:
        """Whether fewer pods are ready than are wanted."""
        return self.ready < self.wanted

    @property
    def is_moving(self) -> bool:
        """Whether a release is not through."""
        return not self.is_short and (self.updated < self.wanted or self.available < self.wanted)

    @property
    def state(self) -> str:
        """`1/3 ready, 2/3 updated`."""
        updated = f", {self.updated}/{self.wanted} updated" if self.updated < self.wanted else ""
        return f"{self.ready}/{self.wanted} ready{updated}"

    def backs(self, selector: Mapping[str, str], service: str) -> bool:
        """Whether a service with that selector is for its pods, as far as its row tells.

        A StatefulSet's row has no selector: then it is the name that labels repeat.
        """
        own = self.selector
        if own:
            return selector.items() <= own.items() or own.items() <= selector.items()
        return self.thing.name in selector.values() or f"{service}-".startswith(f"{self.thing.name}-")


class Backing:
    """Which workloads of one namespace are behind a service, without a look at each for each service."""

    def __init__(self, workloads: Sequence[Workload]) -> None:
        self._by_label: defaultdict[tuple[str, str], list[Workload]] = defaultdict(list)
        self._by_rarest: defaultdict[tuple[str, str], list[Workload]] = defaultdict(list)
        """By the one label of a selector that the fewest have: often it is the only telling one."""
        self._by_name: defaultdict[str, list[Workload]] = defaultdict(list)
        """Those whose row has no selector."""
        labelled = [(it, it.selector) for it in workloads]
        for it, labels in labelled:
            for label in labels.items():
                self._by_label[label].append(it)
            if not labels:
                self._by_name[it.thing.name].append(it)
        for it, labels in labelled:
            if labels:
                self._by_rarest[min(labels.items(), key=lambda label: len(self._by_label[label]))].append(it)

    def of(self, selector: Mapping[str, str], service: str) -> Iterator[Workload]:
        """Those that a service with that selector is for; where many share its labels, the first may be enough."""
        labels = selector.items()
        wider = min((self._by_label.get(label, []) for label in labels), key=len, default=[])
        narrower = (it for label in labels for it in self._by_rarest.get(label, ()))
        names = {*selector.values(), *(service[:end] for end in range(1, len(service) + 1))}
        named = (it for name in names for it in self._by_name.get(name, ()))
        return (it for it in chain(wider, narrower, named) if it.backs(selector, service))


def selector_of(text: str) -> dict[str, str]:
    """`app=web,tier=front` as labels; a requirement that is no equality is left out."""
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {key: value for key, _, value in pairs}


def _number(text: str, without: int) -> int:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else without

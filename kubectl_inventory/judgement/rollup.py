"""From findings to how each namespace is, and the cluster.

A namespace is as bad as its worst finding; where what is needed of it could not be read
it is unknown, and where all of its workloads are at 0 it is scaled down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from kubectl_inventory.health import HEALTHS, NEEDED, WORKLOADS, Health, is_worse, rank
from kubectl_inventory.judgement.findings import ClusterHealth, Diagnosis, Finding, Occurrence, SpaceHealth
from kubectl_inventory.judgement.gathering import Gathering, Space
from kubectl_inventory.reading.inventory import Inventory

_NODES = "nodes"
_QUOTAS = "resourcequotas"


def roll_up(
    gathering: Gathering,
    findings: Sequence[Finding],
    inventory: Inventory,
    *,
    overlooked: int,
    has_conditions: bool = True,
) -> Diagnosis:
    """The whole judgement.

    `overlooked`: suspects of which no look told anything; `has_conditions`: whether nodes told theirs.
    """
    by_space: defaultdict[str, list[Finding]] = defaultdict(list)
    causes = _causes(gathering.occurrences.values())
    for finding in sorted(findings, key=_order):
        cause = causes.get((finding.place, finding.object.short), "")
        by_space[finding.place].append(finding if finding.says else msgspec.structs.replace(finding, says=cause))
    unread = _Unread(inventory)
    names = sorted(set(gathering.spaces) | set(by_space) | set(inventory.namespaces))
    return Diagnosis(
        spaces=tuple(_space(name, gathering.spaces[name], by_space[name], unread) for name in names if name),
        cluster=(
            None
            if inventory.plan.reach.named
            else _cluster(gathering, by_space[""], inventory, unread, has_conditions=has_conditions)
        ),
        occurrences=tuple(sorted(gathering.occurrences.values(), key=lambda it: (it.last_s, it.object, it.reason))),
        overlooked=overlooked,
        silent=tuple(it for it in inventory.readings if it.count and (it.is_silent or it.kind in gathering.silent)),
    )


def _causes(occurrences: Iterable[Occurrence]) -> dict[tuple[str, str], str]:
    """What the events say that came last, by the object that they are about or whose maker it is."""
    found: dict[tuple[str, str], Occurrence] = {}
    for it in occurrences:
        key = (it.namespace, it.maker or it.object)
        if key not in found or it.last_s < found[key].last_s:
            found[key] = it
    return {key: it.message for key, it in found.items()}


def _order(finding: Finding) -> tuple[object, ...]:
    """The worst first; what runs before what only has to do with it, and before the room that there is for it."""
    thing = finding.object
    is_room = thing.kind.name == _QUOTAS
    return HEALTHS.index(finding.health), is_room, rank(thing.kind), thing.name, finding.reason


class _Unread:
    """What could not be read, or may not be."""

    def __init__(self, inventory: Inventory) -> None:
        self._gaps: dict[str, set[str | None]] = {}
        for reading in inventory.readings:
            if reading.gaps:
                self._gaps[reading.kind.name] = {gap.namespace for gap in reading.gaps}
        self._read = {reading.kind.name for reading in inventory.readings}

    def needed_in(self, namespace: str) -> str:
        """A kind without which nothing is known of a namespace, and that was not read there; empty where all were."""
        return next((kind for kind in NEEDED if self.has_gap(kind, namespace)), "")

    def has_gap(self, kind: str, namespace: str | None) -> bool:
        """Whether a kind was to be read, and was not."""
        gaps = self._gaps.get(kind, ())
        return None in gaps or namespace in gaps

    def knows(self, kind: str, namespace: str | None = None) -> bool:
        """Whether a kind was read there: not left out by a rule, either."""
        return kind in self._read and not self.has_gap(kind, namespace)


def _space(name: str, space: Space, findings: Sequence[Finding], unread: _Unread) -> SpaceHealth:
    needed = unread.needed_in(name)
    worst: Health = findings[0].health if findings else "ok"
    if needed and is_worse("unknown", worst):
        worst = "unknown"
    counted = space.counted
    wants = sum(workload.wanted for workload in counted)
    if worst == "ok" and counted and not wants and not space.unfinished:
        worst = "scaled-down"
    has_workloads = all(unread.knows(kind, name) for kind in WORKLOADS)
    return SpaceHealth(
        namespace=name,
        health=worst,
        findings=tuple(findings),
        down=bool(wants) and worst == "error" and not any(workload.ready for workload in counted),
        unread=needed,
        pods=(space.ready, space.wanted) if unread.knows("pods", name) else None,
        workloads=(sum(not it.is_short for it in counted), len(counted)) if has_workloads else None,
        claims=(space.bound, space.claims) if unread.knows("persistentvolumeclaims", name) else None,
        warnings=space.warnings if unread.knows("events", name) else None,
    )


def _cluster(
    gathering: Gathering, findings: Sequence[Finding], inventory: Inventory, unread: _Unread, *, has_conditions: bool
) -> ClusterHealth:
    missing = _NODES if unread.has_gap(_NODES, None) else "" if has_conditions else "conditions of nodes"
    worst: Health = findings[0].health if findings else "ok"
    if missing and is_worse("unknown", worst):
        worst = "unknown"
    nodes = (sum(gathering.nodes.values()), len(gathering.nodes)) if unread.knows(_NODES) else None
    if nodes is not None and nodes[1] and not nodes[0]:
        worst = "error"
    dead = inventory.plan.dead_groups
    groups = {treatment.kind.group for treatment in inventory.plan.treatments}
    return ClusterHealth(
        health=worst,
        findings=tuple(findings),
        nodes=nodes,
        groups=(len(groups - dead), len(groups | dead)),
        warnings=gathering.cluster_warnings if unread.knows("events") else None,
        unread=missing,
    )

"""From an inventory that was begun to its diagnosis: each room of a judgement once, in order.

What asks the cluster for a closer look is handed in.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.judgement.closer import Looks, find_sources
from kubectl_inventory.judgement.conclusions import conclude, control_plane_findings, joining_nodes, node_findings
from kubectl_inventory.judgement.findings import Diagnosis
from kubectl_inventory.judgement.gathering import Gathering
from kubectl_inventory.judgement.rollup import roll_up
from kubectl_inventory.reading.discovery import Each
from kubectl_inventory.reading.inventory import Inventory
from kubectl_inventory.resource import Read


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a judgement goes by."""

    policy: Policy
    since_s: float
    """How far events and restarts are looked back."""
    thorough: bool
    """Whether to look at what says no more than why, and since when."""
    ahead_s: Callable[[], float] = float
    """How far the API server's clock is ahead of this one, as its replies tell: what may last is held against it."""


def diagnose(inventory: Inventory, terms: Terms, read: Read, each: Each) -> Diagnosis:
    """What is not well in an inventory, which is read to its end; looked at closer where that tells more."""
    policy, reach = terms.policy, inventory.plan.reach
    known = [treatment.kind for treatment in inventory.plan.treatments]
    gathering = Gathering(policy, since_s=terms.since_s, kinds=known, only=reach.names if reach.named else None)
    for kind, page in inventory.pieces():
        gathering.take(kind, page)
    whole = {reading.kind.name for reading in inventory.readings if not reading.gaps}
    suspects = gathering.settle({kind.name for kind in known} - whole)
    sources = find_sources(inventory.plan, policy, gathering)
    looks = Looks(suspects, sources, thorough=terms.thorough)
    looks.take(read, each)
    conditions = looks.at_nodes()
    grace_s, ahead_s = policy.grace_s, terms.ahead_s()
    joining = joining_nodes(conditions or (), grace_s=grace_s, ahead_s=ahead_s)
    found = [
        conclude(suspect, looks.at(suspect), grace_s=grace_s, joining=joining, ahead_s=ahead_s) for suspect in suspects
    ]
    if sources.nodes is not None and not reach.named:
        found += node_findings(sources.nodes, conditions or ())
    if sources.leases is not None:
        found += control_plane_findings(sources.leases, looks.at_leases(), grace_s=grace_s)
    findings = [
        finding
        for finding in found
        if finding is not None
        and not policy.ignores(finding.object.kind, finding.object.namespace, finding.object.name, finding.reason)
    ]
    return roll_up(
        gathering,
        findings,
        inventory,
        overlooked=looks.overlooked + looks.unanswered,
        has_conditions=conditions is not None,
    )

"""How one kind will be listed: told by the request or the policy, else counted first and chosen by cost.

What `listing` does and what `--plan` prints is the same choice, made here once.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kubectl_inventory.errors import ApiError, Forbidden
from kubectl_inventory.health import is_custom, says_health
from kubectl_inventory.reading.collect import Collector, End, Part, Replied, count_in
from kubectl_inventory.reading.inventory import Reading
from kubectl_inventory.reading.ways import LIGHT_OBJECTS, Estimate, cheapest, fanned_out
from kubectl_inventory.resource import Kind, Lane
from kubectl_inventory.words import number

_WORTH_ASKING_S = 0.005
"""A list that costs this much and two round trips may be cheaper by namespaces: worth to ask for their names."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A way, and what it is made of."""

    estimate: Estimate
    count: int | None = None
    """How many objects the probe counted; None where it was not asked."""
    names: tuple[str, ...] | None = None
    """The namespaces that are asked one by one."""
    refusal: Forbidden | None = None
    """The cluster as a whole was refused, so each namespace is asked."""

    @property
    def lane(self) -> Lane:
        """What bounds its requests: each is heavy if it may bring many objects."""
        lists = max(len(self.names or ()), 1)
        return "list" if self.count is not None and self.count <= LIGHT_OBJECTS * lists else "heavy"


def choose(kind: Kind, collector: Collector, *, may_list: bool) -> Part[Choice | Reading]:
    """The way; or how the kind was read, where nothing is left to list.

    With a selector no server says how many remain, so a count is a list: not made unless it may be.
    """
    request, reach = collector.request, collector.reach
    named = reach.names if kind.namespaced else None
    if named is not None and _asks_each(named, collector):
        return Choice(estimate=_by_namespace(kind, collector, named, None, _why_each(collector, named)), names=named)
    count: int | None = None
    if not collector.selects(kind) or (may_list and _needs_each(kind, collector)):
        seen: list[Replied] = []
        (probed,) = yield from count_in(kind, collector, [None], seen=seen)
        if isinstance(probed, Forbidden) and kind.namespaced:
            names = named if named is not None else (yield from collector.names())
            estimate = _by_namespace(kind, collector, names, None, "the cluster as a whole is forbidden")
            return Choice(estimate=estimate, names=names, refusal=probed)
        if isinstance(probed, ApiError):
            return Reading(kind=kind, gaps=End(probed).gaps())
        count = probed
        if request.command == "health" and _says_nothing(kind, collector, seen):
            return Reading(kind=kind, count=count, is_silent=True)
    if _needs_each(kind, collector) and count != 0:
        names = named if named is not None else (yield from collector.names())
        why = f"--strategy {request.strategy}"
        if kind.holds_secrets:
            why = "one list a namespace, always: no metadata"
        return Choice(estimate=_by_namespace(kind, collector, names, count, why), count=count, names=names)
    if count is None:
        return Choice(estimate=Estimate(way="bulk", requests=1, why="how many match is not known"))
    conditions = collector.conditions()
    best = cheapest(kind, count, request.need, conditions)
    may_spread = kind.namespaced and request.need == "cells" and request.strategy != "bulk"
    if may_spread and best.time_s > 2 * conditions.round_trip_s + _WORTH_ASKING_S:
        names = named if named is not None else (yield from collector.names())
        most = collector.policy.most_fanned_out
        if most is None or len(names) <= most:
            best = cheapest(kind, count, request.need, msgspec.structs.replace(conditions, namespaces=len(names)))
        if best.way == "fanout":
            return Choice(estimate=best, count=count, names=names)
    return Choice(estimate=best, count=count)


def _says_nothing(kind: Kind, collector: Collector, seen: Sequence[Replied]) -> bool:
    """Whether a custom kind's columns, which its probe shows, tell nothing of how its objects are."""
    if not is_custom(kind) or not seen or isinstance(seen[0], ApiError) or not seen[0].is_table:
        return False
    return not says_health(seen[0].column_definitions or (), collector.policy.word_columns(kind))


def _asks_each(names: Sequence[str], collector: Collector) -> bool:
    """Whether named namespaces are asked one by one without a look at the cluster.

    A rule about namespaces always means so: a cluster-wide list has already crossed the boundary.
    """
    if collector.policy.has_namespace_rule or len(names) <= collector.policy.more_than_namespaces:
        return True
    return collector.request.strategy in ("sequential", "fanout")


def _needs_each(kind: Kind, collector: Collector) -> bool:
    """Whether a kind is listed namespace by namespace, whatever it costs.

    A Secret's row says its namespace only by where it was asked for.
    """
    request = collector.request
    if not kind.namespaced:
        return False
    if request.need == "name":
        return kind.holds_secrets and collector.reach.names is not None
    return kind.holds_secrets or request.strategy in ("sequential", "fanout")


def _why_each(collector: Collector, names: Sequence[str]) -> str:
    if collector.policy.has_namespace_rule:
        return "a rule about namespaces"
    if len(names) <= collector.policy.more_than_namespaces:
        return number(len(names), "named namespace")
    return f"--strategy {collector.request.strategy}"


def _by_namespace(
    kind: Kind, collector: Collector, names: Sequence[str], count: int | None, why: str
) -> Estimate:
    estimate = fanned_out(kind, count or 0, collector.request.need, collector.conditions(), len(names))
    return msgspec.structs.replace(estimate, why=why)

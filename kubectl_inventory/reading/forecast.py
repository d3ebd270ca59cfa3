"""What a run would ask, kind by kind, without listing anything: what `--plan` prints.

The way is the one that `listing` would go, since both ask `choice`: a kind is
counted by its probe where the choice depends on it. Times and bytes are the
estimates by which ways are chosen, not promises.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kubectl_inventory.errors import ApiError
from kubectl_inventory.reading.choice import Choice, choose
from kubectl_inventory.reading.collect import Collector, Part, count_in
from kubectl_inventory.reading.ways import Estimate, paged, probed
from kubectl_inventory.resource import Kind

_WIDE = ("fanout", "probe")
"""Ways whose requests go side by side."""


class Forecast(msgspec.Struct, frozen=True):
    """One kind's part of a run. `count` is None where nothing has to be counted beforehand."""

    kind: Kind
    estimate: Estimate
    count: int | None = None


class Total(msgspec.Struct, frozen=True):
    """A whole run, about."""

    requests: int
    bytes: int
    objects: int
    """Of the kinds that were counted."""
    time_s: float


def forecast_kind(kind: Kind, collector: Collector) -> Part[Forecast]:
    """How a kind would be asked."""
    if not collector.request.lists:
        return (yield from _counted(kind, collector))
    choice = yield from choose(kind, collector, may_list=False)
    if isinstance(choice, Choice):
        return Forecast(kind, choice.estimate, choice.count)
    why = choice.gaps[0].reason if choice.gaps else "the probe counted 0"
    return Forecast(kind, Estimate(way="none", why=why), None if choice.gaps else 0)


def total(forecasts: Sequence[Forecast], *, at_once: int, round_trip_s: float) -> Total:
    """All of them side by side: as long as the longest, or as all of them take with so many lists in flight.

    A fan-out's time is that of all lists in flight; any other way has one at a time.
    """
    estimates = [forecast.estimate for forecast in forecasts]
    busy_s = sum(estimate.time_s * (at_once if estimate.way in _WIDE else 1) for estimate in estimates)
    longest_s = max((estimate.time_s for estimate in estimates), default=0.0)
    return Total(
        requests=sum(estimate.requests for estimate in estimates),
        bytes=sum(estimate.bytes for estimate in estimates),
        objects=sum(forecast.count or 0 for forecast in forecasts),
        time_s=round_trip_s + max(longest_s, busy_s / at_once),
    )


def _counted(kind: Kind, collector: Collector) -> Part[Forecast]:
    """A count: a probe, or one a namespace; objects are fetched only for the labels they have."""
    request = collector.request
    names: Sequence[str | None] = (None,)
    if kind.namespaced and collector.reach.names is not None:
        names = collector.reach.names
    if any(collector.table(kind, name, lane="probe").has_selector for name in names[:1]):
        why = "selected by the server, which does not count then: cells are listed"
        return Forecast(kind, Estimate(way="bulk", requests=len(names), why=why))
    if request.label_keys and not kind.holds_secrets:
        return (yield from _counted_by_label(kind, collector, names))
    questions, conditions = len(names), collector.conditions()
    why = ""
    if kind.namespaced and names == (None,) and "namespace" in request.by:
        questions += len((yield from collector.names()))
        why = "the cluster, then each namespace unless it is empty or one list is less"
    if request.label_keys:
        why = "at least: then what the server selects by each label value"
    return Forecast(kind, probed(questions, conditions, why=why) if why else probed(questions, conditions))


def _counted_by_label(kind: Kind, collector: Collector, names: Sequence[str | None]) -> Part[Forecast]:
    counted = yield from count_in(kind, collector, names)
    count = sum(part for part in counted if not isinstance(part, ApiError))
    refused = [part.reason for part in counted if isinstance(part, ApiError)]
    if refused:
        # By namespace, perhaps; how much there is to read nobody says.
        return Forecast(kind, Estimate(way="pages", requests=len(names), why=refused[0]))
    if not count:
        return Forecast(kind, Estimate(way="none", why="the probe counted 0"), 0)
    estimate = paged(kind, count, collector.conditions(), metadata=True)
    return Forecast(kind, msgspec.structs.replace(estimate, why="labels come with metadata"), count)

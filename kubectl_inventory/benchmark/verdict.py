"""What a bench says about the policy: from how many namespaces one list is cheaper, and how many workers were of use.

Arithmetic on medians, and nothing where the measurement does not support it.
"""

from __future__ import annotations

import math

import msgspec

from kubectl_inventory.benchmark.bench import Run, Times
from kubectl_inventory.request import Strategy

_FEWEST_ROUNDS = 3
"""One run is an anecdote, and of two nobody knows which was the odd one."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the measurement supports; None where it supports nothing."""

    bulk_from: int | None = None
    """From so many namespaces on one list of the cluster is cheaper; one more than there are where it never is."""
    namespaces: int = 0
    """How many there are."""
    workers: int | None = None
    """How many lists in flight were of use, where that is less than half of those that were allowed."""
    allowed_workers: int = 0

    @property
    def more_than_namespaces(self) -> int | None:
        """`bulk.moreThanNamespaces`. Never more than the namespaces that were measured."""
        return self.bulk_from - 1 if self.bulk_from is not None else None

    @property
    def policy(self) -> dict[str, dict[str, int]]:
        """Both as sections of the policy file."""
        sections: dict[str, dict[str, int]] = {}
        if self.more_than_namespaces is not None:
            sections["bulk"] = {"moreThanNamespaces": self.more_than_namespaces}
        if self.workers is not None:
            sections["limits"] = {"workers": self.workers}
        return sections


def judge(times: Times, *, namespaces: int, workers: int) -> Verdict:
    """The verdict of enough rounds, over so many namespaces and with so many lists in flight allowed."""
    if len(times.rounds) < _FEWEST_ROUNDS:
        return Verdict()
    sequential, fanout, bulk = (times.median(name) for name in ("sequential", "fanout", "bulk"))
    return Verdict(
        bulk_from=_bulk_from(fanout, bulk, namespaces) if _are_apart(times, "fanout", "bulk") else None,
        namespaces=namespaces,
        workers=_workers(sequential, fanout, workers) if _are_apart(times, "sequential", "fanout") else None,
        allowed_workers=workers,
    )


def _are_apart(times: Times, one: Strategy, other: Strategy) -> bool:
    """Whether neither's middle run is within the range of the other's: else there is nothing to choose."""
    first, second = sorted((one, other), key=lambda strategy: times.median(strategy).split.total_s)
    fast, slow = ([run.split.total_s for run in times.of(strategy)] for strategy in (first, second))
    return times.median(first).split.total_s < slow[0] and fast[-1] < times.median(second).split.total_s


def _bulk_from(fanout: Run, bulk: Run, namespaces: int) -> int | None:
    """Where the cost of so many lists passes that of one: a namespace costs its share of the fan-out.

    None where bulk asked no less, as it had to go by namespaces, too: there is nothing to choose.
    """
    if namespaces < 2 or bulk.cost.requests >= fanout.cost.requests:
        return None
    each_s = fanout.split.listing_s / namespaces
    return min(math.floor(bulk.split.listing_s / each_s), namespaces) + 1


def _workers(sequential: Run, fanout: Run, allowed: int) -> int | None:
    """By Little's law as many as make the same throughput at the time that one list takes alone.

    That is how many times faster the fan-out was; the others in flight only waited for each other.
    """
    if fanout.cost.requests < 2 * allowed:
        return None
    of_use = max(math.ceil(sequential.split.listing_s / fanout.split.listing_s), 1)
    return of_use if of_use * 2 < allowed else None

"""What each kind's requests came to: requests, bytes, and the time from the first to the last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from kubectl_inventory.clock import ticks_s

if TYPE_CHECKING:
    from kubectl_inventory.connection.kube import RequestRecord

_COLLECTION = re.compile(r"(/api/v[^/]+|/apis/[^/]+/[^/]+)(?:/namespaces/[^/]+)?(/[^/?]+)(?:\?|$)")
_PROBE = re.compile(r"[?&]limit=1(?:&|$)")


class Spent(msgspec.Struct, frozen=True):
    """What was asked for one kind. `time_s`: from its first request to its last reply."""

    requests: int = 0
    bytes: int = 0
    time_s: float = 0.0


class Meter:
    """Keeps the books of a run. `note` is called from many threads at once."""

    def __init__(self) -> None:
        # Appending is atomic, and nobody reads before the threads have done.
        self._records: list[tuple[float, RequestRecord]] = []

    def note(self, record: RequestRecord) -> None:
        """A request has just ended."""
        self._records.append((ticks_s(), record))

    def begin(self) -> None:
        """What was asked until now is forgotten."""
        self._records = []

    @property
    def requests(self) -> int:
        """All of them."""
        return len(self._records)

    @property
    def probes(self) -> int:
        """Those that counted."""
        return sum(_PROBE.search(record.path) is not None for _, record in self._records)

    @property
    def discovery(self) -> int:
        """Those that asked which kinds there are."""
        return sum(_COLLECTION.search(record.path) is None for _, record in self._records)

    def spent(self) -> dict[str, Spent]:
        """By the path of the whole collection, `/api/v1/pods`: for it and for its parts in namespaces."""
        kinds: dict[str, list[tuple[float, RequestRecord]]] = {}
        for ended_s, record in self._records:
            kinds.setdefault(_whole(record.path), []).append((ended_s, record))
        return {path: _sum(found) for path, found in kinds.items()}


def _sum(found: Sequence[tuple[float, RequestRecord]]) -> Spent:
    begun_s = min(ended_s - record.elapsed_ms / 1000 for ended_s, record in found)
    ended_s, _ = found[-1]
    return Spent(len(found), sum(record.bytes_received for _, record in found), max(ended_s - begun_s, 0.0))


def _whole(target: str) -> str:
    """The path of the whole collection of which a request's target asks."""
    found = _COLLECTION.search(target)
    return f"{found[1]}{found[2]}" if found is not None else ""

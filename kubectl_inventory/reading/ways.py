"""Which way a kind is listed: what each way would cost, and the cheapest.

A decision as a database makes one: from how many objects a kind has, how many
namespaces may hold them, how far the server is and what the view needs. The
constants are what `make bench` and a real API server showed; a wrong one costs
time and never an object, as every way gives the same rows. Pure: nothing is
asked here.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from kubectl_inventory import words
from kubectl_inventory.request import Need
from kubectl_inventory.resource import Kind

Way = Literal["none", "probe", "bulk", "pages", "joined", "fanout"]
"""`none`: nothing to ask. `probe`: a count alone. `bulk`: one list of the cluster. `pages`: the same, in chunks.
`joined`: cells and metadata in two lists side by side. `fanout`: one list of cells a namespace."""

ONE_REQUEST_OBJECTS = 10_000
"""Up to this many objects come in one reply from the server's memory; more come in pages."""
ROW_REQUEST_OBJECTS = 100_000
"""The same where a reply holds cells alone: 130 bytes an object instead of 5,000."""
LIGHT_OBJECTS = 500
"""A list of up to this many objects does not count against `heavyLists`."""

NEAR_WIDTH = 4
"""Requests in flight that keep two ends busy which are next to each other; more only cost handshakes."""
NEAR_S = 0.005
"""A round trip up to this, in seconds, may be nothing but the work at both ends."""
PLACE_S = 0.002
"""So much more of it is worth one request more in flight."""

REQUEST_S = 0.001
"""Seconds for one small request more: half of the processor time that both ends spend on it, as they share it."""
CELLS_S = 4e-6
"""The same for one object's cells, in a list that carries nothing else."""
METADATA_S = {"pods": 47e-6, "replicasets": 31e-6, "deployments": 31e-6, "statefulsets": 31e-6, "daemonsets": 31e-6}
"""The same for one object's metadata, for the kinds that carry a pod template: their managedFields are long."""
OTHER_METADATA_S = 8e-6
TABLE_METADATA_S = 20e-6
"""What it costs more where the server prints such an object's metadata into a Table; of other kinds it is nothing."""
HELD_S = 1e-9
"""What a byte counts that has to be held until the whole reply is there: memory is no time, but it is not free."""
CELLS_BYTES = 130
METADATA_BYTES = {"pods": 5700, "replicasets": 5200, "deployments": 5200, "statefulsets": 5200, "daemonsets": 5200}
OTHER_METADATA_BYTES = 800
TABLE_BYTES = 2500
"""Of a Table without rows: its column definitions."""
GZIP_FACTOR = 10
"""How much smaller a list becomes."""
GZIP_FROM_BYTES = 128 << 10
"""Nothing smaller is compressed (apiserver `endpoints/handlers/responsewriters`)."""
FIRST_WINDOW_BYTES = 14_600
"""What TCP sends before the first acknowledgement; twice as much in each round trip after it (RFC 6928)."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """What a way costs depends on, besides the kind."""

    namespaces: int | None
    """How many may hold its objects; None where they are not known, or one list each is not wanted."""
    round_trip_s: float
    at_once: int
    """Lists in flight."""
    probes_at_once: int
    """Counting probes in flight."""
    page_size: int
    """Objects a page."""
    compresses: bool
    """Whether the server is asked for gzip."""
    joins: bool
    """Whether cells and metadata may come in two lists."""


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """What a way would cost. `bytes` are those on the wire; `why` says to people why this way."""

    way: Way
    requests: int = 0
    bytes: int = 0
    held_bytes: int = 0
    """Of its largest reply, unpacked."""
    time_s: float = 0.0
    why: str = ""


def useful_width(round_trip_s: float) -> int:
    """How many requests in flight are worth having at that distance; the policy's limits hold besides.

    What waits on the way costs nobody anything, so width x distance decides at a distance; nearby, each
    connection more is a handshake more (1 ms of processor here, 2 ms there) and nothing is won.
    """
    return NEAR_WIDTH + int(max(round_trip_s - NEAR_S, 0.0) / PLACE_S)


def cheapest(kind: Kind, count: int, need: Need, conditions: Conditions) -> Estimate:
    """The cheapest way to list `count` objects of a kind.

    Names need no metadata, as one cluster-wide Table of cells holds them. Cells do not hold their
    namespace: either the metadata comes along, or each namespace is asked for its own. Which kinds
    have no choice, as Secrets, is for `choice`.
    """
    if not count:
        return Estimate(way="none", why="the probe counted 0")
    ways = _whole(kind, count, need, conditions)
    if kind.namespaced and conditions.namespaces is not None and need == "cells":
        ways.append(fanned_out(kind, count, need, conditions, conditions.namespaces))
    # A request in flight is a place that another kind's could have: that counts besides the clock.
    place_s = conditions.round_trip_s / conditions.at_once
    return min(ways, key=lambda way: way.time_s + way.requests * place_s + way.held_bytes * HELD_S)


def fanned_out(kind: Kind, count: int, need: Need, conditions: Conditions, namespaces: int) -> Estimate:
    """One list for each of so many namespaces."""
    metadata = need == "metadata" and not kind.holds_secrets
    size = count * _object_bytes(kind, metadata) + namespaces * TABLE_BYTES
    waves = math.ceil(namespaces / conditions.at_once)
    return Estimate(
        way="fanout",
        requests=namespaces,
        bytes=size,
        time_s=waves * conditions.round_trip_s + namespaces * REQUEST_S + count * _table_s(kind, metadata),
        why=f"cells alone, {words.size(size)}: metadata is {words.size(count * _metadata_bytes(kind))}",
    )


def probed(questions: int, conditions: Conditions, *, why: str = "limit=1 tells how many remain") -> Estimate:
    """Counts alone: of the cluster, or of so many namespaces."""
    waves = math.ceil(questions / conditions.probes_at_once)
    return Estimate(
        way="probe",
        requests=questions,
        bytes=questions * TABLE_BYTES,
        time_s=waves * conditions.round_trip_s + questions * REQUEST_S,
        why=why,
    )


def _whole(kind: Kind, count: int, need: Need, conditions: Conditions) -> list[Estimate]:
    """The ways that ask the cluster as a whole, of which at least one is possible."""
    metadata = not kind.holds_secrets and (need == "metadata" or (need == "cells" and kind.namespaced))
    if count > (ONE_REQUEST_OBJECTS if metadata else ROW_REQUEST_OBJECTS):
        return [paged(kind, count, conditions, metadata=metadata)]
    size = count * _object_bytes(kind, metadata) + TABLE_BYTES
    bulk = Estimate(
        way="bulk",
        requests=1,
        bytes=_wire_bytes(size, conditions),
        held_bytes=size,
        time_s=_transfer_s(size, conditions) + REQUEST_S + count * _table_s(kind, metadata),
        why=f"1 round trip, not {conditions.namespaces}" if conditions.namespaces else "one list",
    )
    if not metadata or not conditions.joins:
        return [bulk]
    side = TABLE_BYTES + count * CELLS_BYTES
    size = count * _metadata_bytes(kind)
    joined = Estimate(
        way="joined",
        requests=2,
        bytes=_wire_bytes(size, conditions) + _wire_bytes(side, conditions),
        held_bytes=size,
        time_s=_transfer_s(size, conditions) + 2 * REQUEST_S + count * (CELLS_S + _metadata_s(kind)),
        why="cells beside metadata: the server prints no objects",
    )
    return [bulk, joined]


def paged(kind: Kind, count: int, conditions: Conditions, *, metadata: bool) -> Estimate:
    """The whole cluster, in pages that come one after the other."""
    requests = math.ceil(count / conditions.page_size)
    size = count * _object_bytes(kind, metadata) + requests * TABLE_BYTES
    page = size // requests
    most = ONE_REQUEST_OBJECTS if metadata else ROW_REQUEST_OBJECTS
    return Estimate(
        way="pages",
        requests=requests,
        bytes=requests * _wire_bytes(page, conditions),
        held_bytes=page,
        time_s=_transfer_s(page, conditions)
        + (requests - 1) * conditions.round_trip_s
        + requests * REQUEST_S
        + count * _table_s(kind, metadata),
        why=f"over {most:,} objects, {conditions.page_size:,} a page",
    )


def _metadata_s(kind: Kind) -> float:
    return METADATA_S.get(kind.resource, OTHER_METADATA_S)


def _metadata_bytes(kind: Kind) -> int:
    return METADATA_BYTES.get(kind.resource, OTHER_METADATA_BYTES)


def _table_s(kind: Kind, metadata: bool) -> float:
    if not metadata:
        return CELLS_S
    return CELLS_S + _metadata_s(kind) + (TABLE_METADATA_S if kind.resource in METADATA_S else 0.0)


def _object_bytes(kind: Kind, metadata: bool) -> int:
    return CELLS_BYTES + (_metadata_bytes(kind) if metadata else 0)


def _wire_bytes(size: int, conditions: Conditions) -> int:
    return size // GZIP_FACTOR if conditions.compresses and size > GZIP_FROM_BYTES else size


def _transfer_s(size: int, conditions: Conditions) -> float:
    """From the request to the last byte, but for the work: a connection has to warm up to a large reply."""
    windows = math.ceil(math.log2(1 + _wire_bytes(size, conditions) / FIRST_WINDOW_BYTES))
    return conditions.round_trip_s * max(windows, 1)

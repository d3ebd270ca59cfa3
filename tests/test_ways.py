"""Which way a kind is listed, and what it would cost."""

from __future__ import annotations

import pytest

from kubectl_inventory.reading.ways import (
    LIGHT_OBJECTS,
    NEAR_WIDTH,
    ONE_REQUEST_OBJECTS,
    ROW_REQUEST_OBJECTS,
    Conditions,
    Way,
    cheapest,
    fanned_out,
    useful_width,
)
from kubectl_inventory.request import Need
from kubectl_inventory.resource import Kind
from tests.fake_api import NODES, PODS, SECRETS, a_kind

CONFIGMAPS = a_kind("configmaps")


def conditions(*, namespaces: int | None = 100, round_trip_s: float = 0.0, page_size: int = 500, joins: bool = True,
           compresses: bool = False) -> Conditions:  # fmt: skip
    return Conditions(
        namespaces=namespaces,
        round_trip_s=round_trip_s,
        at_once=min(8, useful_width(round_trip_s)),
        probes_at_once=min(32, useful_width(round_trip_s)),
        page_size=page_size,
        compresses=compresses,
        joins=joins,
    )


@pytest.mark.parametrize(
    ("kind", "count", "namespaces", "need", "round_trip_s", "way"),
    [
        (PODS, 0, 100, "cells", 0.0, "none"),
        # Names need no namespace: one list, whatever the distance.
        (PODS, 5000, 100, "name", 0.0, "bulk"),
        (PODS, ROW_REQUEST_OBJECTS, 100, "name", 0.0, "bulk"),
        (PODS, ROW_REQUEST_OBJECTS + 1, 100, "name", 0.0, "pages"),
        # A big kind is cheapest namespace by namespace when it is near, in two lists side by side when it is far.
        (PODS, 5000, 100, "cells", 0.0, "fanout"),
        (PODS, 5000, 100, "cells", 0.1, "joined"),
        (PODS, 5000, 2000, "cells", 0.0, "joined"),
        (CONFIGMAPS, 1000, 100, "cells", 0.02, "joined"),
        (CONFIGMAPS, 20, 100, "cells", 0.02, "bulk"),
        (PODS, ONE_REQUEST_OBJECTS + 1, None, "cells", 0.0, "pages"),
        (PODS, ONE_REQUEST_OBJECTS + 1, 4, "cells", 0.1, "fanout"),
        # Metadata is cheaper beside a Table than in it.
        (PODS, 5000, 100, "metadata", 0.0, "joined"),
        (PODS, 5, 100, "metadata", 0.0, "bulk"),
        (PODS, ONE_REQUEST_OBJECTS + 1, 100, "metadata", 0.0, "pages"),
        (PODS, LIGHT_OBJECTS, None, "cells", 0.0, "joined"),
        # A cluster-scoped kind's cells say all.
        (NODES, 50_000, None, "cells", 0.0, "bulk"),
        (NODES, 50_000, None, "metadata", 0.0, "pages"),
        (SECRETS, 10, 100, "name", 0.1, "bulk"),
    ],
)
def test_the_cheapest_way(
    kind: Kind, count: int, namespaces: int | None, need: Need, round_trip_s: float, way: Way
) -> None:
    assert cheapest(kind, count, need, conditions(namespaces=namespaces, round_trip_s=round_trip_s)).way == way


def test_nothing_is_joined_where_one_list_was_asked_for() -> None:
    assert cheapest(PODS, 5000, "metadata", conditions(joins=False)).way == "bulk"


def test_the_width_grows_with_the_distance() -> None:
    assert useful_width(0.0) == NEAR_WIDTH
    assert useful_width(0.0009) == NEAR_WIDTH
    assert useful_width(0.1) > useful_width(0.02) > NEAR_WIDTH


def test_an_estimate_counts_requests_bytes_and_time() -> None:
    here = conditions(compresses=True)
    one, hundred = fanned_out(PODS, 50, "cells", here, 1), fanned_out(PODS, 5000, "cells", here, 100)
    assert (one.requests, hundred.requests) == (1, 100)
    assert hundred.bytes == 100 * one.bytes
    assert hundred.time_s > one.time_s > 0
    pages = cheapest(PODS, 20_000, "metadata", here)
    assert pages.requests == 40
    assert pages.bytes < cheapest(PODS, 20_000, "metadata", conditions()).bytes  # gzip


@pytest.mark.parametrize("need", ["name", "cells", "metadata"])
@pytest.mark.parametrize("kind", [PODS, CONFIGMAPS, SECRETS, NODES])
def test_it_costs_more_at_a_distance(kind: Kind, need: Need) -> None:
    def time_s(count: int, round_trip_s: float) -> float:
        return cheapest(kind, count, need, conditions(round_trip_s=round_trip_s)).time_s

    for count in (1, 100, 9_000, 50_000, 150_000):
        assert time_s(count, 0.0) < time_s(count, 0.05) < time_s(count, 0.2)

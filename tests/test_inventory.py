"""What was seen and what was not: the sums add up, and nothing incomplete looks complete."""

from __future__ import annotations

import msgspec
import pytest

from kubectl_inventory.boundary.policy import Rule
from kubectl_inventory.errors import BoundaryError
from kubectl_inventory.reading.discovery import DiscoveryGap
from kubectl_inventory.reading.inventory import Gap, Reading
from kubectl_inventory.reading.plan import Treatment
from kubectl_inventory.reading.reach import Reach
from tests.fake_api import (
    DEPLOYMENTS,
    NAMESPACE_KIND,
    NODES,
    PODS,
    SECRETS,
    FakeApi,
    a_page,
    an_inventory,
    namespaces_stock,
)

FORBIDDEN = Gap("Forbidden", "no")
IN_SHOP = Gap("Forbidden", "no", "shop")
GAP = DiscoveryGap("stock.acme.example", "v1")


def test_pages_come_as_they_are_read_and_readings_are_kept() -> None:
    first, second = a_page("web"), a_page("db")
    inventory = an_inventory((PODS, first), (PODS, second), Reading(kind=PODS, count=2), Reading(kind=NODES))
    assert list(inventory.pieces()) == [(PODS, first), (PODS, second)]
    assert inventory.readings == [Reading(kind=PODS, count=2), Reading(kind=NODES)]
    assert (inventory.objects, inventory.kinds_with_objects, inventory.empty_kinds) == (2, 1, 1)


@pytest.mark.parametrize(
    ("lost", "extra"),
    [([Treatment(SECRETS, "Asked")], []), ([], [(PODS, Reading(kind=SECRETS))])],
)
def test_a_kind_that_vanishes_or_appears_is_an_error(
    lost: list[Treatment], extra: list[tuple[object, Reading]]
) -> None:
    inventory = an_inventory(Reading(kind=PODS), *lost)
    inventory._stream = iter([(PODS, Reading(kind=PODS)), *[(PODS, reading) for _, reading in extra]])
    with pytest.raises(BoundaryError, match="sums do not add up: secrets"):
        inventory.read_to_end()


@pytest.mark.parametrize(
    ("reading", "gaps", "is_complete"),
    [
        (Reading(kind=PODS), (), True),
        (Reading(kind=PODS, count=5), (), True),
        (Reading(kind=PODS, count=5, notes=("two moments",)), (), True),
        (Reading(kind=PODS, gaps=(FORBIDDEN,)), (), False),
        (Reading(kind=PODS, count=5, gaps=(IN_SHOP,)), (), False),
        (Reading(kind=PODS), (GAP,), False),
    ],
)
def test_complete_is_when_all_that_is_allowed_was_read(
    reading: Reading, gaps: tuple[DiscoveryGap, ...], is_complete: bool
) -> None:
    assert an_inventory(reading, gaps=gaps).read_to_end().is_complete is is_complete


def test_what_a_rule_withholds_is_no_gap() -> None:
    withheld = Treatment(SECRETS, "Withheld", "a rule", Rule("resources.deny", "secrets", "p.yaml:3"))
    inventory = an_inventory(Reading(kind=PODS), withheld, Treatment(NODES, "OutOfScope")).read_to_end()
    assert (inventory.is_complete, inventory.withheld) == (True, [withheld])


@pytest.mark.parametrize(
    ("reading", "is_unread"),
    [
        (Reading(kind=PODS), False),
        (Reading(kind=PODS, count=1), False),
        (Reading(kind=PODS, gaps=(FORBIDDEN,)), True),
        (Reading(kind=PODS, count=1, gaps=(FORBIDDEN,)), False),
        (Reading(kind=PODS, gaps=(IN_SHOP,), namespaces_asked=1), True),
        (Reading(kind=PODS, gaps=(IN_SHOP,), namespaces_asked=2), False),
        (Reading(kind=PODS, count=1, gaps=(IN_SHOP,), namespaces_asked=2), False),
    ],
)
def test_unread_is_when_nothing_of_it_was_read(reading: Reading, is_unread: bool) -> None:
    assert reading.is_unread is is_unread
    assert (reading.reason == "Forbidden") is not reading.is_whole


@pytest.mark.parametrize(
    ("reach", "readings", "number"),
    [
        (Reach(names=("a", "b")), [Reading(kind=NAMESPACE_KIND, count=9)], 2),
        (Reach(), [Reading(kind=PODS), Reading(kind=NAMESPACE_KIND, count=9)], 9),
        (Reach(), [Reading(kind=NAMESPACE_KIND, gaps=(FORBIDDEN,))], None),
        (Reach(), [Reading(kind=DEPLOYMENTS)], None),
    ],
)
def test_how_many_namespaces_it_is_about(reach: Reach, readings: list[Reading], number: int | None) -> None:
    assert an_inventory(*readings, reach=reach).read_to_end().namespace_count == number


def test_namespaces_that_somebody_listed_are_counted_and_remarked_on() -> None:
    inventory = an_inventory(Reading(kind=PODS), namespaces=FakeApi(None, namespaces_stock("a", "b", "c")))
    inventory._namespaces.names()
    assert (inventory.namespace_count, inventory.remark) == (3, "")
    whole = an_inventory(Reading(kind=PODS)).read_to_end()
    whole._namespaces.names()
    assert (whole.namespace_count, whole.remark) == (None, "")
    refused = an_inventory(Reading(kind=PODS, namespaces_asked=1)).read_to_end()
    refused._namespaces.names()
    assert refused.remark == "default, the context's own; namespaces are Failed, name others with -n"


def test_a_selected_list_of_namespaces_does_not_say_how_many_there_are() -> None:
    inventory = an_inventory(Reading(kind=NAMESPACE_KIND, count=1)).read_to_end()
    assert inventory.namespace_count == 1
    inventory.plan = msgspec.structs.replace(inventory.plan, selects=True)
    assert inventory.namespace_count is None

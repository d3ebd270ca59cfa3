"""Objects of all kinds in the one order that `--sort-by` names: by a column's header, or by a path into each object.

By a header cells are compared as one reads them: `9` before `11 (2m14s ago)`, `512Mi` before `20Gi`, the oldest first.
By a path values are compared as kubectl does: numbers and quantities by size, texts letter by letter. What has no value
is last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from operator import itemgetter

import msgspec

from kubectl_inventory.clock import epoch_of, now_epoch, span_s
from kubectl_inventory.errors import UsageError, near
from kubectl_inventory.output.columns import NONE, Places
from kubectl_inventory.output.documents import plain
from kubectl_inventory.output.go_text import value_text
from kubectl_inventory.output.jsonpath import Template
from kubectl_inventory.output.jsonpath_text import parse_path
from kubectl_inventory.output.render import cell_text
from kubectl_inventory.output.views import Listed, object_item
from kubectl_inventory.quantity import amount_of
from kubectl_inventory.reading.inventory import Row

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?=$|[ /%])", re.ASCII)
"""What a cell is sorted by that begins with a number: `11 (2m14s ago)`, `3/4`, `91%`."""

_OF_ANY_KIND = frozenset({"age", "kind", "name", "namespace", "ready", "status"})
"""Headers that objects of every kind are shown under, whatever their own columns are."""
_NO_VALUES = frozenset({"", NONE, "<unset>", "<unknown>"})
"""An empty cell, and the server's words for one."""

_Key = tuple[int, float, str]
"""Rank, number and text: numbers before words, and what has no value last."""
_NOTHING: _Key = (2, 0, "")
_Amount = Callable[[str], float | None]


class _Placed(msgspec.Struct, frozen=True):
    """A row, and where it is from."""

    part: Listed
    places: Places
    row: Row


def sort_rows(listed: Sequence[Listed], sort_by: str) -> list[Listed]:
    """The rows of all kinds in one order; those that follow each other and are of one kind are together again.

    `sort_by` is a column's header, or a path into the object such as `.metadata.labels.team`. What has the same value
    stays in the usual order.
    """
    header = sort_by.lower()
    columns = [column.name.lower() for part in listed for column in part.columns]
    placed = [_Placed(part, places, row) for part in listed for places in [Places(part.columns)] for row in part.rows]
    if header in _OF_ANY_KIND or header in columns:
        keys = _by_header(placed, header)
    else:
        keys = _by_path(placed, parse_path(sort_by))
    if placed and header not in columns and all(key == _NOTHING for key in keys):
        raise UsageError(
            f'nothing to sort by: no object has "{sort_by}"{near(header, columns)}',
            hint="a column's header, or a path such as .metadata.name, .metadata.labels.team, .columns.Status",
        )
    ordered = [item for _, item in sorted(zip(keys, placed, strict=True), key=itemgetter(0))]
    runs = (list(run) for _, run in groupby(ordered, key=lambda item: id(item.part)))
    return [Listed(run[0].part.kind, run[0].part.columns, [item.row for item in run]) for run in runs]


def _by_header(placed: Sequence[_Placed], header: str) -> list[_Key]:
    """By the cells of a column, as one reads them."""
    if header == "age":
        return _by_age(placed)
    texts = [_text_under(header, item) for item in placed]
    readings: tuple[_Amount, ...] = (amount_of, span_s) if _are_quantities(texts) else (span_s, amount_of)
    return [_order_of(text, readings) for text in texts]


def _text_under(header: str, item: _Placed) -> str:
    """A row's cell; its Ready and Status as they are shown where there are several kinds."""
    row, places = item.row, item.places
    match header:
        case "name":
            return row.name
        case "namespace":
            return row.namespace or ""
        case "kind":
            return item.part.kind.kind
        case "ready" if ready := places.ready(row):
            return ready
        case "status" if status := places.status(row):
            return status
    return cell_text(places.value(row, header))


def _are_quantities(texts: Iterable[str]) -> bool:
    """Whether `5m` is five thousandths among these, not five minutes: there are quantities, and no other spans."""
    readings = {(amount_of(text) is not None, span_s(text) is not None) for text in texts}
    return (True, False) in readings and (False, True) not in readings


def _order_of(text: str, readings: Iterable[_Amount]) -> _Key:
    """What to sort a cell by: the number that it begins with, or what it is first read as."""
    if text in _NO_VALUES:
        return _NOTHING
    if (number := _NUMBER.match(text)) is not None:
        return 0, float(number[0]), text
    amount = next((amount for reading in readings if (amount := reading(text)) is not None), None)
    return (0, amount, text) if amount is not None else (1, 0, text)


def _by_age(placed: Iterable[_Placed]) -> list[_Key]:
    """The oldest first."""
    now_s = now_epoch()

    def key_of(item: _Placed) -> _Key:
        if item.row.meta is not None:
            created_s = epoch_of(item.row.meta.creation_timestamp)
        else:
            # A Secret's time is known by the server's Age alone.
            age_s = span_s(item.places.age(item.row))
            created_s = now_s - age_s if age_s is not None else None
        return (0, created_s, "") if created_s is not None else _NOTHING

    return [key_of(item) for item in placed]


def _by_path(placed: Iterable[_Placed], path: Template) -> list[_Key]:
    """By what a path finds first: numbers and quantities before words, as kubectl compares them."""
    if path == parse_path(".metadata.creationTimestamp"):
        return _by_age(placed)
    items = (object_item(item.part.kind, item.row, item.places, sparse=True) for item in placed)
    return [_order_of_first(path.find(plain(item))) for item in items]


def _order_of_first(found: Sequence[Sequence[object]]) -> _Key:
    value = found[0][0] if found and found[0] else None
    if isinstance(value, dict | list):
        raise UsageError(f"cannot sort by {value_text(value)}: that is not one value", hint="a text or a number can be")
    if value is None or value == "":
        return _NOTHING
    if isinstance(value, int | float):
        return 0, _float(value), ""
    text = str(value)
    amount = amount_of(text)
    return (0, amount, text) if amount is not None else (1, 0, text)


def _float(value: float) -> float:
    """A number of any length that a server may send."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")

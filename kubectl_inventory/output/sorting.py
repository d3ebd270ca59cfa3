"""Objects of all kinds in the one order that `--sort-by` names: by a column's header, or by a path into each object.

By a header cells are compared as one reads them: `9` before `11 (2m14s ago)`, the oldest first. By a path values are
compared as kubectl does: numbers and quantities by size, texts letter by letter. What has no value is last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby

from kubectl_inventory.clock import epoch_of, now_epoch, span_s
from kubectl_inventory.errors import UsageError, near
from kubectl_inventory.output.columns import Places
from kubectl_inventory.output.documents import plain
from kubectl_inventory.output.go_text import value_text
from kubectl_inventory.output.jsonpath import Template
from kubectl_inventory.output.jsonpath_text import parse_path
from kubectl_inventory.output.render import cell_text
from kubectl_inventory.output.views import Listed, object_item
from kubectl_inventory.quantity import amount_of
from kubectl_inventory.reading.inventory import Row
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import Cell

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?=$|[ /])", re.ASCII)
"""What a cell is sorted by that begins with a number: `11 (2m14s ago)`, `3/4`."""

_Key = tuple[int, float, str]
"""Rank, number and text: numbers before words, and what has no value last."""
_KeyOf = Callable[[Kind, Row, Places], _Key]
_NOTHING: _Key = (2, 0, "")


def sort_rows(listed: Sequence[Listed], sort_by: str) -> list[Listed]:
    """The rows of all kinds in one order; those that follow each other and are of one kind are together again.

    `sort_by` is a column's header, or a path into the object such as `.metadata.labels.team`. What has the same value
    stays in the usual order.
    """
    key_of = _by_header(sort_by.lower()) if _is_header(listed, sort_by) else _by_path(parse_path(sort_by))
    keyed = [
        (key_of(part.kind, row, places), part, row)
        for part, places in [(part, Places(part.columns)) for part in listed]
        for row in part.rows
    ]
    if keyed and all(key == _NOTHING for key, _, _ in keyed):
        headers = [column.name.lower() for part in listed for column in part.columns]
        raise UsageError(
            f'nothing to sort by: no object has "{sort_by}"{near(sort_by.lower(), headers)}',
            hint="a column's header, or a path such as .metadata.name, .metadata.labels.team, .columns.Status",
        )
    keyed.sort(key=lambda item: item[0])
    runs = ([(part, row) for _, part, row in run] for _, run in groupby(keyed, key=lambda item: id(item[1])))
    return [Listed(run[0][0].kind, run[0][0].columns, [row for _, row in run]) for run in runs]


def _is_header(listed: Sequence[Listed], sort_by: str) -> bool:
    if sort_by.startswith((".", "{")):
        return False
    usual = ("age", "kind", "name", "namespace")
    return sort_by.lower() in usual or any(
        column.name.lower() == sort_by.lower() for part in listed for column in part.columns
    )


def _by_header(header: str) -> _KeyOf:
    """By the cells of a column, as one reads them."""
    if header == "age":
        return _by_age()

    def key_of(kind: Kind, row: Row, places: Places) -> _Key:
        match header:
            case "name":
                value: Cell = row.name
            case "namespace":
                value = row.namespace
            case "kind":
                value = kind.kind
            case _:
                value = places.value(row, header)
        return _order_of(cell_text(value))

    return key_of


def _by_age() -> _KeyOf:
    """The oldest first."""
    now_s = now_epoch()

    def key_of(kind: Kind, row: Row, places: Places) -> _Key:
        if row.meta is not None:
            created_s = epoch_of(row.meta.creation_timestamp)
        else:
            # A Secret's time is known by the server's Age alone.
            age_s = span_s(places.age(row))
            created_s = now_s - age_s if age_s is not None else None
        return (0, created_s, "") if created_s is not None else _NOTHING

    return key_of


def _by_path(path: Template) -> _KeyOf:
    """By what a path finds first: numbers and quantities before words, as kubectl compares them."""
    if path == parse_path(".metadata.creationTimestamp"):
        return _by_age()

    def key_of(kind: Kind, row: Row, places: Places) -> _Key:
        found = path.find(plain(object_item(kind, row, places, sparse=True)))
        value = found[0][0] if found and found[0] else None
        if isinstance(value, dict | list):
            raise UsageError(
                f"cannot sort by {value_text(value)}: that is not one value", hint="a text or a number can be"
            )
        if value is None or value == "":
            return _NOTHING
        if isinstance(value, int | float):
            return 0, _float(value), ""
        text = str(value)
        amount = amount_of(text)
        return (0, amount, text) if amount is not None else (1, 0, text)

    return key_of


def _float(value: float) -> float:
    """A number of any length that a server may send."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _order_of(text: str) -> _Key:
    """What to sort a cell by."""
    if not text:
        return _NOTHING
    if (number := _NUMBER.match(text)) is not None:
        return 0, float(number[0]), text
    if (seconds := span_s(text)) is not None:
        return 0, seconds, text
    return 1, 0, text

"""Objects in the order that `--sort-by` names: by a column's header, or by a path into each object.

By a header cells are compared as one reads them: `9` before `11 (2m14s ago)`, the oldest first. By a path values are
compared as kubectl does: numbers and quantities by size, texts letter by letter. What has no value is last.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from kubectl_inventory.clock import span_s
from kubectl_inventory.columns import Places
from kubectl_inventory.errors import UsageError, near
from kubectl_inventory.go_text import value_text
from kubectl_inventory.inventory import Row
from kubectl_inventory.jsonpath import Template
from kubectl_inventory.jsonpath_text import parse_path
from kubectl_inventory.render import cell_text
from kubectl_inventory.views import Listed, object_item
from kubectl_inventory.wire import Cell

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?=$|[ /])", re.ASCII)
"""What a cell is sorted by that begins with a number: `11 (2m14s ago)`, `3/4`."""
_QUANTITY = re.compile(r"([-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)([numkMGTPE]|[KMGTPE]i|)")
"""apimachinery's `resource.Quantity`: `100m`, `1.5Gi`, `2e3`."""
_SCALES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def sort_rows(listed: Sequence[Listed], sort_by: str) -> list[Listed]:
    """Each kind's rows by a column's header, or by a path into the object such as `.metadata.labels.team`."""
    path = None if _is_header(listed, sort_by) else parse_path(sort_by)
    ordered = []
    found = False
    for part in listed:
        places = Places(part.columns)
        keyed = [
            (_path_key(part, row, places, path) if path is not None else _sort_key(part, row, places, sort_by), row)
            for row in part.rows
        ]
        found = found or any(key[0] < 2 for key, _ in keyed) or not part.rows
        keyed.sort(key=lambda item: item[0])
        ordered.append(Listed(part.kind, part.columns, [row for _, row in keyed]))
    if not found and listed:
        headers = [column.name.lower() for part in listed for column in part.columns]
        raise UsageError(
            f'nothing to sort by: no object has "{sort_by}"{near(sort_by.lower(), headers)}',
            hint="a column's header, or a path such as .metadata.name, .metadata.labels.team, .columns.Status",
        )
    return ordered


def _is_header(listed: Sequence[Listed], sort_by: str) -> bool:
    if sort_by.startswith((".", "{")):
        return False
    usual = ("age", "kind", "name", "namespace")
    return sort_by.lower() in usual or any(
        column.name.lower() == sort_by.lower() for part in listed for column in part.columns
    )


def _sort_key(part: Listed, row: Row, places: Places, header: str) -> tuple[int, float, str]:
    """Numbers before words, and what has no value last."""
    match header.lower():
        case "age":
            return _age_key(row, places)
        case "name":
            value: Cell = row.name
        case "namespace":
            value = row.namespace
        case "kind":
            value = part.kind.kind
        case _:
            value = places.value(row, header)
    return _order_of(cell_text(value))


def _age_key(row: Row, places: Places) -> tuple[int, float, str]:
    """The oldest first."""
    if row.meta is not None:
        return _order_of(row.meta.creation_timestamp or "")
    # A Secret's time is known by the server's Age alone.
    rank, seconds, text = _order_of(places.age(row))
    return rank, -seconds, text


def _path_key(part: Listed, row: Row, places: Places, path: Template) -> tuple[int, float, str]:
    """By what a path finds first: numbers and quantities before words, as kubectl compares them; nothing is last."""
    if row.meta is None and path == parse_path(".metadata.creationTimestamp"):
        return _age_key(row, places)
    found = path.find(msgspec.to_builtins(object_item(part.kind, row, places, sparse=True)))
    value = found[0][0] if found and found[0] else None
    if isinstance(value, dict | list):
        raise UsageError(f"cannot sort by {value_text(value)}: that is not one value", hint="a text or a number can be")
    if value is None or value == "":
        return 2, 0, ""
    if isinstance(value, int | float):
        return 0, _float(value), ""
    quantity = _QUANTITY.fullmatch(str(value))
    if quantity is None:
        return 1, 0, str(value)
    return 0, float(quantity[1]) * _SCALES[quantity[2]], str(value)


def _float(value: float) -> float:
    """A number of any length that a server may send."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _order_of(text: str) -> tuple[int, float, str]:
    """Rank, number and text to sort a cell by."""
    if not text:
        return 2, 0, ""
    if (number := _NUMBER.match(text)) is not None:
        return 0, float(number[0]), text
    if (seconds := span_s(text)) is not None:
        return 0, seconds, text
    return 1, 0, text

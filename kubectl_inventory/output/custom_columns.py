"""kubectl's `custom-columns`: a header and a path each, and an object's row of cells."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kubectl_inventory.errors import UsageError
from kubectl_inventory.output.go_text import value_text
from kubectl_inventory.output.jsonpath import Template
from kubectl_inventory.output.jsonpath_text import parse_path

NOTHING_FOUND = "<none>"
_EXAMPLE = "-o custom-columns=NAME:.metadata.name,TEAM:.metadata.labels.team"


class Column(msgspec.Struct, frozen=True):
    """What stands above a column, and where its cells are found."""

    header: str
    path: Template

    def cell(self, item: object) -> str:
        """All that the path finds in an item, with commas. Raises `TemplateError` where it does not fit."""
        found = self.path.find(item)
        if not found or not found[0]:
            return NOTHING_FOUND
        return ",".join(value_text(value) for part in found for value in part)


def columns_of(spec: str) -> tuple[Column, ...]:
    """`NAME:.metadata.name,...`: columns by commas, so that a path can have none. Raises `UsageError`."""
    columns = []
    for part in spec.split(","):
        header, colon, path = part.partition(":")
        if not colon:
            raise UsageError(f'"{part}" is no column, HEADER:PATH is', hint=_EXAMPLE)
        columns.append(Column(header, parse_path(path)))
    return tuple(columns)


def columns_of_file(text: str, name: str) -> tuple[Column, ...]:
    """A file of two lines, headers and below them paths, by spaces. Raises `UsageError`."""
    lines = text.split("\n")
    if not text or len(lines) < 2 or not "".join(lines[1:]):
        raise UsageError(f"{name} is no file of columns: a line of headers and a line of paths")
    headers, paths = lines[0].split(), lines[1].split()
    if len(headers) != len(paths):
        raise UsageError(f"{name} has {len(headers)} headers and {len(paths)} paths: each needs the other")
    return tuple(Column(header, parse_path(path)) for header, path in zip(headers, paths, strict=True))


def cells(columns: Sequence[Column], item: object) -> tuple[str, ...]:
    """One row."""
    return tuple(column.cell(item) for column in columns)

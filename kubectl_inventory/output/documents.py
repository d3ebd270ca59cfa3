"""A document, or its items, in the format that was asked for: one place for all commands.

What a template prints of the document has its control characters spelled, as in every
format; what was typed in the template itself is printed as it was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from kubectl_inventory.output import render
from kubectl_inventory.output.go_text import json_of, number_text
from kubectl_inventory.output.style import Style, Write

if TYPE_CHECKING:
    from kubectl_inventory.output.jsonpath import Template

_INDENT = 4
"""As kubectl's."""


def write_document(document: Mapping[str, object], style: Style, write: Write) -> None:
    """A document as JSON, YAML, or what a template finds in it."""
    if style.template is not None:
        write(templated(style.template, plain(document), as_json=style.format == "jsonpath-as-json"))
    elif style.format == "yaml":
        write(render.yaml_text(document))
    else:
        write(render.json_text(document))


def write_items(items: Iterable[object], style: Style, write: Write) -> None:
    """Items as ndjson, or a row of custom columns each."""
    if style.format == "ndjson":
        write("".join(map(render.json_line, items)))
    else:
        write_rows(column_rows(items, style), style, write)


def column_rows(items: Iterable[object], style: Style) -> Iterator[tuple[str, ...]]:
    """A row of custom columns for each item: made as the items come, which are then forgotten."""
    from kubectl_inventory.output.custom_columns import cells

    return (tuple(map(render.escaped, cells(style.columns, plain(item)))) for item in items)


def write_rows(rows: Iterable[Sequence[str]], style: Style, write: Write) -> None:
    """Rows of custom columns in kubectl's layout: their headers also where there is no row."""
    headers = [column.header for column in style.columns]
    write("".join(render.table(headers, rows, show_headers=style.headers)))


def templated(template: Template, document: object, *, as_json: bool) -> str:
    """What a template prints of a document. Raises `TemplateError` where it does not fit, before a word of it."""
    from kubectl_inventory.output.jsonpath import Absent

    found = template.find(document)
    if as_json:
        # kubectl crashes where a range has found null and then asks for it.
        whole = ([None if isinstance(value, Absent) else value for value in part] for part in found)
        return "".join(render.json_safe(json_of(part, indent=_INDENT)) + "\n" for part in whole)
    return "".join(" ".join(map(_printed, part)) for part in found)


def plain(document: object) -> object:
    """The same in JSON's own values."""
    decoded: object = msgspec.json.decode(msgspec.json.encode(document))
    return decoded


def _printed(value: object) -> str:
    from kubectl_inventory.output.jsonpath import Absent, Typed

    if isinstance(value, Typed):
        return value
    if isinstance(value, str):
        return render.escaped(value)
    if isinstance(value, dict | list):
        return render.json_safe(json_of(value))
    if isinstance(value, Absent):
        return "<no value>"
    return "null" if value is None else number_text(value)

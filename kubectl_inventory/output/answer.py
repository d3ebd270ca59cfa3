"""Which view of an inventory a command and a format show, and whether it can stream.

csv, ndjson and name stream: a page is printed and forgotten. Tables and custom columns
need every row to know their widths, and hold rows alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from kubectl_inventory.boundary.policy import Setting
from kubectl_inventory.output import render, views
from kubectl_inventory.output.columns import Places
from kubectl_inventory.output.documents import column_rows, write_document, write_items, write_rows
from kubectl_inventory.output.style import Style, Write
from kubectl_inventory.reading.inventory import Inventory, Page, Row
from kubectl_inventory.request import Request
from kubectl_inventory.resource import Kind


def print_inventory(inventory: Inventory, request: Request, style: Style, write: Write) -> None:
    """An inventory by its command's view, read to its end."""
    if request.command == "get":
        print_objects(inventory, style, write)
    elif request.command == "kinds":
        print_kinds(inventory, style, write)
    else:
        print_counts(inventory, request, style, write)


def print_settings(settings: Sequence[Setting], style: Style, write: Write) -> None:
    """The effective boundary, a row a setting."""
    rows = [(setting.name, setting.value, setting.source) for setting in settings]
    headers = ("SETTING", "VALUE", "FROM")
    if style.format in ("json", "yaml", "ndjson"):
        items = [msgspec.to_builtins(setting) for setting in settings]
        text = {"json": render.json_text, "yaml": render.yaml_text}.get(style.format)
        write(text(items) if text is not None else "".join(map(render.json_line, items)))
    elif style.format == "csv":
        write("".join(render.csv_lines([headers, *rows] if style.headers else rows)))
    elif style.format == "markdown":
        write(render.markdown(headers, rows))
    else:
        write("".join(render.table(headers, rows, show_headers=style.headers)))


def print_counts(inventory: Inventory, request: Request, style: Style, write: Write) -> None:
    """How many objects there are, grouped as the request says."""
    inventory.read_to_end()
    if style.is_document or style.is_items:
        _print_items(inventory, views.count_items(inventory, request.by), style, write)
        return
    show_empty = style.show_empty or style.format == "csv"
    if request.by == ("kind",):
        grid = views.counts(inventory, show_empty=show_empty, wide=style.format == "wide")
    else:
        grid = views.grouped_counts(inventory, request.by)
    if style.format == "csv":
        grid = views.for_csv(grid)
    _print_grid(inventory, grid, style, write)


def print_kinds(inventory: Inventory, style: Style, write: Write) -> None:
    """Every discovered kind and how it was treated."""
    inventory.read_to_end()
    if style.is_document or style.is_items:
        _print_items(inventory, views.kind_items(inventory), style, write)
        return
    grid = views.kinds(inventory, wide=style.format == "wide")
    if style.format == "csv":
        grid = views.for_csv(grid)
    elif style.format != "markdown":
        grid = views.with_free_text_last(grid)
    _print_grid(inventory, grid, style, write)


def print_objects(inventory: Inventory, style: Style, write: Write) -> None:
    """Every object."""
    pieces = inventory.pieces()
    if style.sort_by:
        from kubectl_inventory.output.sorting import sort_rows

        pieces = _as_pieces(sort_rows(gathered(parts(pieces)), style.sort_by))
    if style.format == "name":
        for kind, page in pieces:
            write("".join(f"{render.escaped(name)}\n" for name in views.names(kind, page)))
    elif style.format == "ndjson":
        for kind, page in pieces:
            write_items(_items(kind, page), style, write)
    elif style.format == "custom-columns":
        write_rows(_column_rows(pieces, style), style, write)
    elif style.format == "csv":
        if style.headers:
            write("".join(render.csv_lines([views.CSV_HEADERS])))
        for kind, page in pieces:
            write("".join(render.csv_lines(views.csv_rows(kind, page))))
    elif style.is_document:
        sparse = style.template is not None
        items = [item for kind, page in pieces for item in _items(kind, page, sparse=sparse)]
        _print_items(inventory, items, style, write)
    else:
        print_table(inventory, parts(pieces), style, write)


def print_table(inventory: Inventory, listed: Iterable[views.Listed], style: Style, write: Write) -> None:
    """Every object as a table: one kind's own columns, or what several have in common.

    The rows of several are made as their pages come: while the server is waited for, and without what they do not show.
    """
    extras = views.Extras(
        wide=style.format == "wide", kinds=style.kinds, label_columns=style.label_columns, labels=style.labels
    )
    if len(inventory.plan.kinds("Asked")) > 1:
        _print_grid(inventory, views.several_kinds(listed, extras), style, write)
        return
    whole = gathered(listed)
    if not whole:
        _print_grid(inventory, views.several_kinds((), extras), style, write)
        return
    grid = views.one_kind(whole[0], extras)
    if style.format == "markdown":
        _print_grid(inventory, grid, style, write)
    else:
        write("".join(render.server_table(grid.headers, grid.rows, show_headers=style.headers)))


def _print_grid(inventory: Inventory, grid: views.Grid, style: Style, write: Write) -> None:
    """A grid as table, csv or markdown; a document says what it leaves out, a table of nothing says nothing."""
    if style.format == "markdown":
        write(views.opening(inventory))
        write(render.markdown(grid.headers, grid.rows))
        write(views.closing(inventory))
    elif style.format == "csv":
        lines = [grid.headers, *grid.rows] if style.headers else grid.rows
        write("".join(render.csv_lines(lines)))
    elif grid.rows:
        write("".join(render.table(grid.headers, grid.rows, show_headers=style.headers)))


def _print_items(inventory: Inventory, items: Sequence[object], style: Style, write: Write) -> None:
    if style.is_items:
        write_items(items, style, write)
    else:
        write_document(views.document(inventory, items), style, write)


def _column_rows(pieces: Iterable[tuple[Kind, Page]], style: Style) -> Iterator[tuple[str, ...]]:
    """Rows alone, page by page: their widths are known at the end."""
    for kind, page in pieces:
        yield from column_rows(_items(kind, page, sparse=True), style)


def _items(kind: Kind, page: Page, *, sparse: bool = False) -> Iterator[dict[str, object]]:
    places = Places(page.columns)
    return (views.object_item(kind, row, places, sparse=sparse) for row in page.rows)


def parts(pieces: Iterable[tuple[Kind, Page]]) -> Iterator[views.Listed]:
    """Each page as a part of its kind's objects."""
    return (views.Listed(kind, page.columns, page.rows) for kind, page in pieces)


def gathered(listed: Iterable[views.Listed]) -> list[views.Listed]:
    """Every row, by kind."""
    whole: list[views.Listed] = []
    rows: list[Row] = []
    for part in listed:
        if not whole or whole[-1].kind is not part.kind:
            rows = []
            whole.append(views.Listed(part.kind, part.columns, rows))
        rows.extend(part.rows)
    return whole


def _as_pieces(listed: Iterable[views.Listed]) -> Iterator[tuple[Kind, Page]]:
    return ((part.kind, Page(part.columns, tuple(part.rows))) for part in listed)

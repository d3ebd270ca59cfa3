"""Rows to text, in each format. Knows nothing of Kubernetes but how kubectl lays out a table.

kubectl's layout is a few lines here, as tabulate's is another one; tabulate
draws what kubectl has no layout for (markdown). Nothing that the cluster sent
reaches a terminal with its control characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from kubectl_inventory.output.go_text import value_text

if TYPE_CHECKING:
    from kubectl_inventory.wire import Cell

_GUTTER = 3
_MIN_WIDTH = 6
"""kubectl's tabwriter: cells are at least this wide, padding included (cli-runtime `pkg/printers/tabwriter.go`)."""
_KUBECTL_PAGE = 500
"""How many objects kubectl asks for at a time (its `--chunk-size`)."""
_KUBECTL_FLUSH = 100
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
"""C0, DEL, C1, line separators and the marks that turn the direction of text: kubectl lets most of them through."""
_COLOURS = {"error": "\x1b[31m", "warning": "\x1b[33m", "unknown": "\x1b[35m"}
_PLAIN = "\x1b[0m"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell starts that a spreadsheet would run."""


def cell_text(cell: Cell) -> str:
    """A cell as kubectl prints it: Go's `%v`."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    return value_text(cell)


def coloured(health: str) -> str:
    """The word for how something is, for a terminal."""
    return f"{_COLOURS[health]}{health}{_PLAIN}" if health in _COLOURS else health


def one_line(text: str) -> str:
    """A cell for a table: kubectl cuts it at a line's or a page's end. Other control characters are escaped."""
    if text.isprintable():
        return text
    cut = re.split("[\n\r\f]", text, maxsplit=1)
    return escaped(cut[0]) + ("..." if len(cut) > 1 else "")


def escaped(text: str) -> str:
    """`text` with its control characters spelled: ESC as `^[`, as kubectl does, the others as `\\x07` or `\\u202e`."""
    return _UNSAFE.sub(_spelled, text) if not text.isprintable() else text


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, show_headers: bool = True) -> Iterator[str]:
    """kubectl's layout: columns as wide as their longest cell plus three, the last one not padded.

    Every row has as many cells as there are headers.
    """
    lines: list[Sequence[str]] = [[one_line(header) for header in headers]] if show_headers else []
    # Nearly every row is printable as it is, and one look at it is less than one at each cell.
    lines += [row if "".join(row).isprintable() else list(map(one_line, row)) for row in rows]
    widths = [max(max(map(len, column)) + _GUTTER, _MIN_WIDTH) for column in zip(*lines, strict=True)]
    layout = _layout(widths)
    return (layout.format(*line) for line in lines)


def server_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, show_headers: bool = True) -> Iterator[str]:
    """One kind's table, to the byte as kubectl 1.37 lays it out (cli-runtime `pkg/printers/tableprinter.go`).

    Of each page of 500 it makes room for the longest cell in bytes, whole as the server sent it; it prints
    100 rows at a time, and later ones can only widen a column.
    """
    titles = [one_line(header) for header in headers]
    lines = [[cell if cell.isprintable() else one_line(cell) for cell in row] for row in rows]
    widths = [0] * len(headers)
    for begin in range(0, len(rows), _KUBECTL_PAGE):
        page = rows[begin : begin + _KUBECTL_PAGE]
        padded, sent = (titles, headers) if show_headers and not begin else (lines[begin], page[0])
        for place, column in enumerate(zip(*page, strict=True)):
            padding = max(map(_bytes, column)) - _bytes(sent[place])
            widths[place] = max(widths[place], _width(padded[place] + " " * padding))
        for place in range(begin, begin + len(page), _KUBECTL_FLUSH):
            block = lines[place : min(place + _KUBECTL_FLUSH, begin + len(page))]
            if show_headers and not place:
                block.insert(0, titles)
            columns = zip(*block, strict=True)
            widths = [max(width, *map(_width, column)) for width, column in zip(widths, columns, strict=True)]
            layout = _layout(widths)
            yield from (layout.format(*line) for line in block)


def _width(cell: str) -> int:
    return max(len(cell) + _GUTTER, _MIN_WIDTH)


def _bytes(cell: str) -> int:
    return len(cell) if cell.isascii() else len(cell.encode("utf-8", "replace"))


def _layout(widths: Sequence[int]) -> str:
    return "".join(f"{{:<{width}}}" for width in widths[:-1]) + ("{}\n" if widths else "\n")


def csv_lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Comma-separated lines (RFC 4180, `\\n` at the end); a cell that a spreadsheet would run gets a `'` before it."""
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    for row in rows:
        writer.writerow([escaped(f"'{cell}" if cell.startswith(_FORMULA) else cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def markdown(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A GitHub table."""
    import tabulate

    cells = [[_literal(cell) for cell in row] for row in rows]
    drawn = tabulate.tabulate(cells, headers=list(map(_literal, headers)), tablefmt="github", disable_numparse=True)
    # tabulate pads to align the source; a document that is compared with diff is better without.
    lines = (re.sub(r" +\|", " |", line) for line in drawn.splitlines())
    return "\n".join(re.sub(r"\|-+(?=\|)", "| --- ", line).replace("---|", "--- |") for line in lines) + "\n"


def _literal(cell: str) -> str:
    """A cell that a Markdown reader shows as it is: `<none>` would be a tag, a bar another cell, `*` emphasis."""
    return re.sub(r"[\\|<*_`\[\]&]", r"\\\g<0>", one_line(cell))


def json_text(document: object) -> str:
    """JSON, indented by four as kubectl's."""
    return json_safe(msgspec.json.format(msgspec.json.encode(document), indent=4).decode()) + "\n"


def json_line(document: object) -> str:
    """One line of ndjson."""
    return json_safe(msgspec.json.encode(document).decode()) + "\n"


def yaml_text(document: object) -> str:
    """YAML of the same document."""
    import yaml

    plain: object = msgspec.json.decode(msgspec.json.encode(document))
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=False, default_flow_style=False, width=1 << 16)


def json_safe(text: str) -> str:
    """JSON with the control characters spelled that JSON itself lets through; its line breaks stay."""
    return _UNSAFE.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)


def _spelled(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 0x1B:
        return "^["
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"

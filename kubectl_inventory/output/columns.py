"""Where a kind's table keeps what: columns found by the names that the server gives them."""

from __future__ import annotations

from collections.abc import Sequence

from kubectl_inventory.clock import span_s
from kubectl_inventory.output.render import cell_text
from kubectl_inventory.reading.inventory import Row
from kubectl_inventory.wire import Cell, ColumnDefinition

NONE = "<none>"
"""The server's own word for no value."""


class Places:
    """Where a kind's columns keep what every kind's view shows: found by the names that the server gives them."""

    def __init__(self, columns: Sequence[ColumnDefinition]) -> None:
        self._columns = columns
        self._by_name = {column.name.lower(): place for place, column in reversed(list(enumerate(columns)))}
        self._name = next((place for place, column in enumerate(columns) if column.format == "name"), 0)
        # A column for wide alone may say at length what a READY has said in a word.
        usual = {name: place for name, place in self._by_name.items() if not columns[place].priority}
        self._ready, self._desired, self._status, self._phase, self._age, self._last_seen = map(
            usual.get, ("ready", "desired", "status", "phase", "age", "last seen")
        )

    def ready(self, row: Row) -> str:
        """The server's Ready column; over Desired where it is a bare number."""
        ready = _text_at(row, self._ready)
        if not ready.isdigit():
            return ready
        desired = _text_at(row, self._desired)
        return f"{ready}/{desired}" if desired.isdigit() else ready

    def status(self, row: Row) -> str:
        """The server's Status or Phase column."""
        return _text_at(row, self._status) or _text_at(row, self._phase)

    def age(self, row: Row) -> str:
        """The server's Age; when an event was last seen."""
        return _text_at(row, self._age) or _text_at(row, self._last_seen)

    def more(self, row: Row) -> str:
        """What else the server printed, as `column=value`."""
        parts = []
        shown = (self._name, self._ready, self._desired, self._status, self._phase, self._age, self._last_seen)
        for place, column in enumerate(self._columns):
            name = column.name.lower()
            if place in shown or name == "name":
                continue
            text = cell_text(row.cells[place]) if place < len(row.cells) else ""
            if text and text not in (NONE, "<unset>"):
                parts.append(f"{name.replace(' ', '-')}={text}")
        return " ".join(parts)

    def columns_of(self, row: Row) -> dict[str, Cell]:
        """Every column but the name and the age, which the metadata tells, for the JSON contract."""
        found: dict[str, Cell] = {}
        for place, (column, cell) in enumerate(zip(self._columns, row.cells, strict=False)):
            if place != self._name and column.name not in ("Name", "Age"):
                found.setdefault(column.name, cell)  # nothing keeps a custom resource from naming two columns alike
        return found

    def age_s(self, row: Row) -> float | None:
        """How old the object is, in seconds, as far as the server's Age tells."""
        return span_s(_text_at(row, self._age))

    def text(self, row: Row, name: str) -> str:
        """One column's cell as text; empty without one, and for the server's `<none>`."""
        text = _text_at(row, self._by_name.get(name))
        return "" if text == NONE else text

    def value(self, row: Row, name: str) -> Cell:
        """One column's cell by its header, in any case; None without one."""
        return _cell_at(row, self._by_name.get(name.lower()))


def _cell_at(row: Row, place: int | None) -> Cell:
    return row.cells[place] if place is not None and place < len(row.cells) else None


def _text_at(row: Row, place: int | None) -> str:
    # Asked several times for each object: without a column there is nothing to look up.
    if place is None or place >= len(row.cells):
        return ""
    cell = row.cells[place]
    return cell if isinstance(cell, str) else cell_text(cell)

"""How an answer is to look, as one value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from kubectl_inventory.request import Need

if TYPE_CHECKING:
    from kubectl_inventory.output.custom_columns import Column
    from kubectl_inventory.output.jsonpath import Template

TEMPLATE_FORMATS = ("custom-columns=", "custom-columns-file=", "jsonpath=", "jsonpath-as-json=", "jsonpath-file=")
"""Those that are told what to print, as they are typed: kubectl's."""
FORMATS = (
    "csv", "custom-columns=", "custom-columns-file=", "json", "jsonpath=", "jsonpath-as-json=", "jsonpath-file=",
    "markdown", "name", "ndjson", "table", "wide", "yaml",
)  # fmt: skip
GRID_FORMATS = tuple(name for name in FORMATS if name != "name")
"""Of what has rows but no objects to name."""
SETTING_FORMATS = ("csv", "json", "markdown", "ndjson", "table", "yaml")
BENCH_FORMATS = ("json", "markdown", "table")


Write = Callable[[str], None]
"""Takes the text of an answer as it is made."""


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer is to look."""

    format: str = "table"
    """Without what follows its `=`: that is `template` or `columns`."""
    template: Template | None = None
    """What `jsonpath` and `jsonpath-as-json` print of a document."""
    columns: tuple[Column, ...] = ()
    """What `custom-columns` prints of each item."""
    headers: bool = True
    kinds: bool = False
    """Whether a table of one kind names it with each object."""
    label_columns: tuple[str, ...] = ()
    labels: bool = False
    show_empty: bool = False
    sort_by: str = ""

    @property
    def is_document(self) -> bool:
        """Whether it is made of the whole document, so that nothing can be printed before all is read."""
        return self.format in ("json", "yaml", "jsonpath", "jsonpath-as-json")

    @property
    def is_items(self) -> bool:
        """Whether it is made of the document's items, one after another."""
        return self.format in ("ndjson", "custom-columns")

    @property
    def need(self) -> Need:
        """What this shows of each object."""
        shows_labels = self.labels or bool(self.label_columns)
        if self.is_document or self.is_items or self.format == "csv" or shows_labels or self.sort_by:
            return "metadata"
        return "name" if self.format == "name" else "cells"

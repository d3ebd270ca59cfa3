"""How an answer is to look, as one value."""

from __future__ import annotations

import msgspec

from kubectl_inventory.request import Need

FORMATS = ("csv", "json", "markdown", "name", "ndjson", "table", "wide", "yaml")
GRID_FORMATS = tuple(name for name in FORMATS if name != "name")
"""Of what has rows but no objects to name."""
SETTING_FORMATS = tuple(name for name in GRID_FORMATS if name != "wide")
BENCH_FORMATS = ("json", "markdown", "table")


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How the answer is to look."""

    format: str = "table"
    headers: bool = True
    labels: bool = False
    show_empty: bool = False
    sort_by: str = ""

    @property
    def need(self) -> Need:
        """What this shows of each object."""
        if self.format in ("json", "yaml", "ndjson", "csv") or self.labels or self.sort_by:
            return "metadata"
        return "name" if self.format == "name" else "cells"

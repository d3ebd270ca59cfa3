"""How an answer is to look, as one value."""

from __future__ import annotations

import msgspec

from kubectl_inventory.request import Need

FORMATS = ("csv", "json", "markdown", "name", "ndjson", "table", "wide", "yaml")


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

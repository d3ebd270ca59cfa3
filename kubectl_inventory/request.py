"""What the user asked for, as one value.

`cli` makes it from argv; every room after it reads it; nothing changes it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Command = Literal["counts", "get", "kinds", "health"]
Strategy = Literal["auto", "sequential", "fanout", "bulk"]
Scope = Literal["all", "namespaced", "cluster"]
Need = Literal["name", "cells", "metadata"]
"""What a view shows of each object: its name alone, the server's cells with the namespace, or its metadata too."""

LABEL_PREFIX = "label="


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One inventory that is wanted."""

    command: Command = "counts"
    types: tuple[str, ...] = ()
    """As typed: `deploy`, `pods`, `certificates.cert-manager.io`, `all`. Empty: every kind."""
    namespaces: tuple[str, ...] = ()
    """Empty: all that the user can see."""
    exclude: tuple[str, ...] = ()
    """Kinds to leave out, typed as `types` are."""
    scope: Scope = "all"
    selector: str = ""
    field_selector: str = ""
    by: tuple[str, ...] = ("kind",)
    """What counts are grouped by: `kind`, `namespace`, `label=KEY`."""
    strategy: Strategy = "auto"
    need: Need = "cells"

    @property
    def lists(self) -> bool:
        """Whether objects are listed, and not only counted."""
        return self.command in ("get", "health")

    @property
    def label_keys(self) -> tuple[str, ...]:
        """The labels that `by` names."""
        return tuple(key.removeprefix(LABEL_PREFIX) for key in self.by if key.startswith(LABEL_PREFIX))

    @property
    def has_selector(self) -> bool:
        """Whether the server selects objects: it gives no `remainingItemCount` then."""
        return bool(self.selector or self.field_selector)

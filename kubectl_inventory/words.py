"""Numbers and words as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = "kubectl inventory"
"""How the program is called in every text, until `helptext.as_called` puts in the name it was started by."""


def seconds(elapsed_s: float) -> str:
    """`0.2s`; whole seconds from ten on."""
    return f"{elapsed_s:.1f}s" if elapsed_s < 10 else f"{elapsed_s:.0f}s"


def window(length_s: float) -> str:
    """A length of time as one types it: `1h`, `90m`, `2d`."""
    for unit, size_s in (("d", 86_400), ("h", 3600), ("m", 60)):
        if length_s >= size_s and length_s % size_s == 0:
            return f"{length_s / size_s:.0f}{unit}"
    return f"{length_s:g}s"


def singular(plural_noun: str) -> str:
    """`policy` of `policies`, `ingress` of `ingresses`, as resources are named."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("s", "")):
        if plural_noun.endswith(ending):
            return plural_noun.removesuffix(ending) + instead
    return plural_noun


def number(count: int, noun: str) -> str:
    """`1 kind`, `1,200 kinds`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def size(count: int) -> str:
    """Bytes: `350 KiB`, `1.4 MiB`."""
    return f"{count / (1 << 20):,.1f} MiB" if count >= 1 << 20 else f"{count / 1024:,.0f} KiB"


def some_of(names: Sequence[str], most: int) -> str:
    """The first of them, and how many more there are: `a, b, c and 2 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def listing(parts: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def quoted(text: str) -> str:
    """Text that others wrote, safe and short enough for a line on a terminal."""
    visible = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return f'"{visible}"' if len(visible) <= 80 else f'"{visible[:77]}..."'


def with_tilde(path: Path, home: Path) -> str:
    """A path as it is shown: what is below the home with `~`, unless the home is the root, or unknown."""
    is_below = home.name != "" and path.is_absolute() and path.is_relative_to(home)
    shown = f"~/{path.relative_to(home)}" if is_below else str(path)
    return shown if shown.isprintable() else shown.encode("unicode_escape", "surrogateescape").decode("ascii")

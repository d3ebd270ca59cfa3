"""What a quantity of Kubernetes amounts to: one reading for all that compare, sort or recognize them.

The grammar is apimachinery's (`pkg/api/resource`, `Quantity`): a signed number and its suffix, a unit or an exponent,
without a space. How large or how fine it may be is for the server to say.
"""

from __future__ import annotations

import math
import re

_QUANTITY = re.compile(r"([-+]?(?:\d+(?:\.\d*)?|\.\d+))([eE][-+]?\d+|[numkMGTPE]|[KMGTPE]i|)", re.ASCII)
_SCALES = {
    "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip


def amount_of(text: str) -> float | None:
    """`100m`, `1.5Gi`, `2e3` or `7` as a number; None for any other text, and for more than a float holds.

    `1E` is an exa, `1E3` a thousand.
    """
    quantity = _QUANTITY.fullmatch(text)
    if quantity is None:
        return None
    number, suffix = quantity.groups()
    amount = float(number) * _SCALES[suffix] if suffix in _SCALES else float(number + suffix)
    return amount if math.isfinite(amount) else None

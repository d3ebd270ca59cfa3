"""What the server's words mean for health: rules as data, and the few lines that look them up.

Every kind is judged by its own printed columns, custom ones included: a word in a
Status, Phase or State column, a condition's True or False in a column named after it,
`1/3` in a Ready column. A word that is not here is `unknown`, never `ok`; a user adds
theirs in the policy file. Sources: the reasons of kubelet, scheduler and controllers as
`kubectl get` prints them (kubernetes `pkg/printers/internalversion/printers.go`,
`pkg/kubelet/container`, `pkg/kubelet/images`), and the API conventions' rules for
conditions. Knows neither objects nor namespaces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, get_args

from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import ColumnDefinition

Health = Literal["error", "unknown", "warning", "changing", "scaled-down", "ok"]
"""How something is, worst first. `unknown`: something that is needed could not be read, or a word is not known."""

HEALTHS: tuple[Health, ...] = get_args(Health)


def is_worse(one: Health, other: Health) -> bool:
    """Whether `one` is worse than `other`."""
    return HEALTHS.index(one) < HEALTHS.index(other)

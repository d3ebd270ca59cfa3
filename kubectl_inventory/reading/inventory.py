"""What was seen, and what was not.

Every discovered kind ends in exactly one place here: read, read in part, unread
with a reason, withheld by a rule, or not asked for a stated reason. The sums
are checked before anything is said. Holds no rows longer than the view does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from kubectl_inventory.errors import BoundaryError
from kubectl_inventory.reading.plan import Plan, Treatment
from kubectl_inventory.reading.reach import NAMESPACES, Namespaces
from kubectl_inventory.resource import Kind
from kubectl_inventory.wire import Cell, ColumnDefinition, ObjectMeta

Reason = Literal["Forbidden", "TimedOut", "Failed", "Unavailable", "NotReached"]
REASONS: tuple[Reason, ...] = ("Forbidden", "TimedOut", "Failed", "Unavailable", "NotReached")


class Gap(msgspec.Struct, frozen=True):
    """Something of a kind that could not be read: all of it, or one namespace's."""

    reason: str
    message: str
    namespace: str | None = None


class Row(msgspec.Struct, frozen=True, gc=False):
    """One object, as the server printed it.

    `namespace` is None for cluster-scoped objects and empty where the server
    did not say. `meta` is None where metadata was not asked for.
    """

    namespace: str | None
    name: str
    cells: tuple[Cell, ...]
    meta: ObjectMeta | None = None


class Page(msgspec.Struct, frozen=True):
    """Some objects of one kind, in the server's order, with the columns that describe their cells."""

    columns: tuple[ColumnDefinition, ...]
    rows: tuple[Row, ...]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind was read, to its end."""

    kind: Kind
    count: int = 0
    gaps: tuple[Gap, ...] = ()
    namespaces_asked: int = 0
    """How many namespaces were asked one by one; 0 when the cluster was asked as a whole."""
    groups: Mapping[tuple[str, ...], int] = {}
    """Counts by what `--by` names, in its order, the kind left out; empty when it names the kind alone."""
    notes: tuple[str, ...] = ()
    """What a reader of the rows should know: that they come from two moments, for instance."""

    is_aside: bool = False
    """Asked only to judge others by: whoever may see one namespace alone has read that whole without it."""

    is_silent: bool = False
    """Counted alone, as its columns tell nothing of how its objects are."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read that was wanted."""
        return not self.gaps or self.is_aside

    @property
    def is_unread(self) -> bool:
        """Whether none of it was read: not the cluster, or none of the namespaces that were asked."""
        if not self.gaps or self.count:
            return False
        return any(gap.namespace is None for gap in self.gaps) or len(self.gaps) >= self.namespaces_asked

    @property
    def reason(self) -> str:
        """The reason of the first gap; empty when there is none."""
        return self.gaps[0].reason if self.gaps else ""


class Taken(msgspec.Struct, frozen=True):
    """Where and when an inventory was taken."""

    context: str
    server: str
    at: str


class Inventory:
    """An inventory being taken: iterate over `pieces` to its end, then ask it how complete it is."""

    def __init__(
        self, taken: Taken, plan: Plan, namespaces: Namespaces, stream: Iterator[tuple[Kind, Page | Reading]]
    ) -> None:
        self.taken = taken
        self.plan = plan
        self.readings: list[Reading] = []
        self._namespaces = namespaces
        self._stream = stream

    def pieces(self) -> Iterator[tuple[Kind, Page]]:
        """Pages of objects as they come, kinds in the plan's order. Readings are kept on the way."""
        for kind, piece in self._stream:
            if isinstance(piece, Reading):
                self.readings.append(piece)
            else:
                yield kind, piece
        self._check_sums()

    def read_to_end(self) -> Inventory:
        """Takes it whole where no pages are wanted."""
        for _ in self.pieces():
            pass
        return self

    @property
    def is_complete(self) -> bool:
        """Whether everything that the policy allows was read. What a rule withholds is no gap; what RBAC forbids is."""
        return not self.plan.gaps and all(reading.is_whole for reading in self.readings)

    @property
    def objects(self) -> int:
        """How many objects were read."""
        return sum(reading.count for reading in self.readings)

    @property
    def kinds_with_objects(self) -> int:
        """How many kinds have at least one object that could be read."""
        return sum(reading.count > 0 for reading in self.readings)

    @property
    def empty_kinds(self) -> int:
        """How many kinds were read whole and hold nothing."""
        return sum(reading.is_whole and not reading.count for reading in self.readings)

    @property
    def withheld(self) -> list[Treatment]:
        """The kinds that a rule of the policy keeps out."""
        return [treatment for treatment in self.plan.treatments if treatment.status == "Withheld"]

    @property
    def namespace_count(self) -> int | None:
        """How many namespaces this is about; None where nobody had to know."""
        if self.plan.reach.names is not None:
            return len(self.plan.reach.names)
        for reading in self.readings:
            if reading.kind.name == NAMESPACES.name and reading.is_whole and not self.plan.selects:
                return reading.count
        return self._namespaces.known_count

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces that this is about, as far as anybody had to know their names."""
        return self.plan.reach.names if self.plan.reach.names is not None else self._namespaces.known

    @property
    def remark(self) -> str:
        """Why the namespaces asked one by one are not all there are; empty where they are, or none was asked so."""
        return self._namespaces.remark if any(reading.namespaces_asked for reading in self.readings) else ""

    def _check_sums(self) -> None:
        """Nothing vanishes: each discovered kind was read, has its reason, or was left out with one."""
        asked = Counter(kind.name for kind in self.plan.kinds("Asked"))
        read = Counter(reading.kind.name for reading in self.readings)
        if asked != read:
            lost = ", ".join(sorted((asked - read) + (read - asked)))
            raise BoundaryError(f"the inventory's sums do not add up: {lost} asked but not accounted for")

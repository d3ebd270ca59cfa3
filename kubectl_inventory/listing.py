"""The task that lists a kind: pages of rows on the way, then how it went.

Which way is `plan`'s choice; each gives the same rows in the same order. Refused
cluster-wide, a kind is listed namespace by namespace.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kubectl_inventory.batch import Emitted
from kubectl_inventory.clock import human_age
from kubectl_inventory.collect import Collector, End, Part, Replied, count_in, walk
from kubectl_inventory.errors import (
    ApiError,
    Forbidden,
    LimitReached,
)
from kubectl_inventory.inventory import Gap, Page, Reading, Row
from kubectl_inventory.plan import LIGHT_OBJECTS, ONE_REQUEST_OBJECTS, Way, choose_way
from kubectl_inventory.resource import Kind, Lane, Question
from kubectl_inventory.wire import Cell, CollectionReply, ColumnDefinition, MetadataOnly, TableRow

PLAIN_COLUMNS = (ColumnDefinition("Name", "string", "name"), ColumnDefinition("Age", "string"))
"""What kubectl prints of a list that its server did not print: an aggregated API without Tables."""
FANOUT_WAVE = 64
"""Namespaces asked before their rows are kept: bounds how many replies are in memory at once."""
_SELECTOR_CHARS = 4000
"""Proxies in front of an API server commonly end a request line at 8 kB."""
_DEFAULT_MARK = " (default)"
"""What the server prints behind the name of the default StorageClass (kubernetes `pkg/printers/internalversion`)."""


def list_kind(kind: Kind, collector: Collector) -> Part[Reading]:
    """Every object of a kind: pages on the way, then how it went."""
    names = collector.reach.names if kind.namespaced else None
    if names is not None and _asks_each(names, collector):
        return (yield from _list_each(kind, collector, names, lane="list"))
    count: int | None = None
    if not collector.request.has_selector or _needs_each(kind, collector):
        (probed,) = yield from count_in(kind, collector, [None])
        if isinstance(probed, Forbidden) and kind.namespaced:
            return (yield from _list_refused(kind, collector, names, probed))
        if isinstance(probed, ApiError):
            return Reading(kind=kind, gaps=End(probed).gaps())
        count = probed
        if not count:
            return Reading(kind=kind)
    spread = names
    if kind.namespaced and spread is None and collector.request.strategy != "bulk":
        spread = (yield from collector.names()) if collector.request.need != "name" else None
    way = _way(kind, collector, count, spread)
    lane: Lane = "list" if count is not None and count <= LIGHT_OBJECTS else "heavy"
    if way == "fanout":
        if spread is None:
            spread = yield from collector.names()
        return (yield from _list_spread(kind, collector, spread, lane=lane, whole=names is None, count=count))
    return (yield from _list_whole(kind, collector, names, lane=lane, paged=way == "pages", count=count))


def _asks_each(names: Sequence[str], collector: Collector) -> bool:
    """Whether named namespaces are asked one by one without a look at the cluster.

    A rule about namespaces always means so: a cluster-wide list has already crossed the boundary.
    """
    if collector.policy.has_namespace_rule or len(names) <= collector.policy.more_than_namespaces:
        return True
    return collector.request.strategy in ("sequential", "fanout")


def _needs_each(kind: Kind, collector: Collector) -> bool:
    """Whether a kind is listed namespace by namespace, whatever it costs.

    A Secret's row says its namespace only by where it was asked for.
    """
    request = collector.request
    if not kind.namespaced:
        return False
    if request.need == "name":
        return kind.holds_secrets and collector.reach.names is not None
    return kind.holds_secrets or request.strategy in ("sequential", "fanout")


def _way(kind: Kind, collector: Collector, count: int | None, spread: Sequence[str] | None) -> Way:
    """How a kind is listed: forced by the request, or the cheapest."""
    request = collector.request
    if _needs_each(kind, collector):
        return "fanout"
    if count is None:
        return "bulk"
    return choose_way(
        kind,
        count,
        None if request.strategy == "bulk" or spread is None else len(spread),
        request=request,
        workers=min(collector.policy.limits.heavy_lists, collector.policy.limits.workers),
        round_trip_s=collector.round_trip_s(),
    )


def _list_refused(kind: Kind, collector: Collector, names: Sequence[str] | None, refusal: Forbidden) -> Part[Reading]:
    """Refused for the whole cluster: each namespace is asked on its own."""
    stand_in = names is None
    if names is None:
        names = yield from collector.names()
    reading = yield from _list_each(kind, collector, names, lane="list")
    if len(reading.gaps) == len(names) and all(gap.reason == "Forbidden" for gap in reading.gaps):
        return Reading(kind=kind, gaps=End(refusal).gaps(), namespaces_asked=len(names))
    return collector.without_the_rest(reading, refusal) if stand_in else reading


def _list_each(kind: Kind, collector: Collector, names: Sequence[str], *, lane: Lane) -> Part[Reading]:
    """One list for each namespace, side by side, rows in the order of the namespaces."""
    metadata = collector.request.need == "metadata"
    keeper = _Keeper(kind, collector)
    gaps: list[Gap] = []
    for start in range(0, len(names), FANOUT_WAVE):
        some = names[start : start + FANOUT_WAVE]
        questions = [collector.table(kind, name, lane=lane, metadata=metadata) for name in some]
        if metadata and not kind.holds_secrets:
            questions = [_paged(question, collector) for question in questions]
        replies = yield from collector.ask(kind, *questions)
        for name, question, reply in zip(some, questions, replies, strict=True):
            end = yield from walk(kind, collector, question, name, keeper.keep, first=reply)
            if keeper.stopped is not None:
                return keeper.reading([*gaps, *End(keeper.stopped).gaps()], len(names))
            gaps += end.gaps(name)
    return keeper.reading(gaps, len(names))


def _list_spread(
    kind: Kind, collector: Collector, names: Sequence[str], *, lane: Lane, whole: bool, count: int | None
) -> Part[Reading]:
    """A cluster's objects, namespace by namespace: cells alone, which is little, so they can be put in order.

    The sum is held against the cluster-wide count: what lies in no listed namespace (one that was
    deleted by force, or made meanwhile) is asked for by leaving out all the others.
    """
    inner = _list_each(kind, collector, names, lane=lane)
    pages: list[Page] = []
    replies: Sequence[Replied] = []
    while True:
        try:
            step = inner.send(replies) if replies else next(inner)
        except StopIteration as returned:
            reading: Reading = returned.value
            break
        replies = []
        if isinstance(step, Emitted):
            pages.append(step.piece)
        else:
            replies = yield step
    if whole and reading.is_whole:
        # The whole cluster was read, by whichever namespaces.
        reading = msgspec.structs.replace(reading, namespaces_asked=0)
    if whole and reading.is_whole and count is not None and reading.count < count:
        keeper = _Keeper(kind, collector, but=frozenset(names))
        rest = collector.table(kind, None, lane=lane, metadata=True)
        others = [f"metadata.namespace!={name}" for name in names]
        joined = ",".join([rest.field_selector, *others] if rest.field_selector else others)
        if len(joined) > _SELECTOR_CHARS and not kind.holds_secrets:
            joined = rest.field_selector

        def keep(namespace: str | None, reply: CollectionReply) -> None:
            if (page := keeper.keep(namespace, reply)) is not None:
                pages.append(page)

        end = yield from walk(kind, collector, msgspec.structs.replace(rest, field_selector=joined), None, keep)
        gaps = [Gap(gap.reason, f"objects outside the listed namespaces: {gap.message}") for gap in end.gaps()]
        reading = msgspec.structs.replace(reading, count=reading.count + keeper.count, gaps=tuple(gaps))
    if pages:
        rows = [row for page in pages for row in page.rows]
        rows.sort(key=lambda row: f"{row.namespace}/{row.name}")
        yield Emitted(Page(pages[0].columns, tuple(rows)), len(rows))
    return reading


def _list_whole(
    kind: Kind, collector: Collector, names: Sequence[str] | None, *, lane: Lane, paged: bool, count: int | None
) -> Part[Reading]:
    """One list of the whole cluster; of named namespaces' objects alone where there are names."""
    needs_namespace = kind.namespaced and (collector.request.need == "cells" or names is not None)
    metadata = collector.request.need == "metadata" or needs_namespace
    question = collector.table(kind, None, lane=lane, metadata=metadata)
    if paged or (question.include_metadata and (count is None or count > ONE_REQUEST_OBJECTS)):
        question = _paged(question, collector)
    keeper = _Keeper(kind, collector, only=frozenset(names) if names is not None else None)
    end = yield from walk(kind, collector, question, None, keeper.keep)
    if isinstance(end.error, Forbidden) and kind.namespaced and not keeper.count:
        return (yield from _list_refused(kind, collector, names, end.error))
    return msgspec.structs.replace(keeper.reading(end.gaps(), 0), notes=end.notes())


def _paged(question: Question, collector: Collector) -> Question:
    return msgspec.structs.replace(question, from_cache=False, limit=collector.policy.limits.page_size)


class _Keeper:
    """Takes rows out of replies, and counts them."""

    def __init__(
        self,
        kind: Kind,
        collector: Collector,
        *,
        only: frozenset[str] | None = None,
        but: frozenset[str] = frozenset(),
    ) -> None:
        self._kind, self._collector, self._only, self._but = kind, collector, only, but
        self.count = 0
        self.stopped: LimitReached | None = None

    def keep(self, namespace: str | None, reply: CollectionReply) -> Page | None:
        """The reply's objects as a page; None where it has none for us. Raises `LimitReached`."""
        columns, rows = self._rows(namespace, reply)
        if self._only is not None:
            rows = [row for row in rows if row.namespace in self._only]
        if self._but:
            rows = [row for row in rows if row.namespace not in self._but]
        if not rows:
            return None
        self.stopped = self._collector.budget.spend(len(rows))
        if self.stopped is not None:
            raise self.stopped
        self.count += len(rows)
        return Page(columns, tuple(rows))

    def reading(self, gaps: Sequence[Gap], namespaces_asked: int) -> Reading:
        """How it went."""
        return Reading(kind=self._kind, count=self.count, gaps=tuple(gaps), namespaces_asked=namespaces_asked)

    def _rows(self, namespace: str | None, reply: CollectionReply) -> tuple[tuple[ColumnDefinition, ...], list[Row]]:
        if not reply.is_table:
            items = [self._row(namespace, item, self._plain_cells(item)) for item in reply.items or ()]
            return PLAIN_COLUMNS, items
        columns = reply.column_definitions or ()
        place = next((place for place, column in enumerate(columns) if column.format == "name"), 0)
        return columns, [self._table_row(namespace, row, place) for row in reply.rows or ()]

    def _table_row(self, namespace: str | None, row: TableRow, name_place: int) -> Row:
        if row.object is not None:
            return self._row(namespace, row.object, row.cells)
        name = str(row.cells[name_place]) if name_place < len(row.cells) else ""
        if self._kind.group == "storage.k8s.io":
            name = name.removesuffix(_DEFAULT_MARK)
        return Row(namespace or "" if self._kind.namespaced else None, name, row.cells)

    def _row(self, namespace: str | None, item: MetadataOnly, cells: tuple[Cell, ...]) -> Row:
        meta = item.metadata
        where = (namespace or meta.namespace) if self._kind.namespaced else None
        return Row(where, meta.name, cells, meta if self._collector.request.need == "metadata" else None)

    def _plain_cells(self, item: MetadataOnly) -> tuple[str, str]:
        return item.metadata.name, human_age(item.metadata.creation_timestamp)

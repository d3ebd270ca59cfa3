"""The task that lists a kind: pages of rows on the way, then how it went.

Which way is the choice of `choice`; each gives the same rows in the same order. Refused
cluster-wide, a kind is listed namespace by namespace.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from kubectl_inventory.clock import human_age
from kubectl_inventory.errors import ApiError, Forbidden, LimitReached
from kubectl_inventory.reading.batch import Emitted
from kubectl_inventory.reading.choice import Choice, choose
from kubectl_inventory.reading.collect import FANOUT_WAVE, Collector, End, Part, Replied, walk
from kubectl_inventory.reading.inventory import Gap, Page, Reading, Row
from kubectl_inventory.reading.ways import ONE_REQUEST_OBJECTS
from kubectl_inventory.resource import Kind, Lane
from kubectl_inventory.wire import Cell, CollectionReply, ColumnDefinition, MetadataOnly, TableRow

PLAIN_COLUMNS = (ColumnDefinition("Name", "string", "name"), ColumnDefinition("Age", "string"))
"""What kubectl prints of a list that its server did not print: an aggregated API without Tables."""
_SELECTOR_CHARS = 4000
"""Proxies in front of an API server commonly end a request line at 8 kB."""
_DEFAULT_MARK = " (default)"
"""What the server prints behind the name of the default StorageClass (kubernetes `pkg/printers/internalversion`)."""


def list_kind(kind: Kind, collector: Collector) -> Part[Reading]:
    """Every object of a kind: pages on the way, then how it went."""
    choice = yield from choose(kind, collector, may_list=True)
    if isinstance(choice, Reading):
        return choice
    names = collector.reach.names if kind.namespaced else None
    if choice.refusal is not None:
        return (yield from _list_refused(kind, collector, names, choice.refusal))
    match choice.estimate.way:
        case "none":
            return Reading(kind=kind)
        case "fanout" if choice.names is not None:
            if choice.count is None:
                return (yield from _list_each(kind, collector, choice.names, lane="list"))
            return (yield from _list_spread(kind, collector, choice, whole=names is None))
        case "joined":
            return (yield from _list_joined(kind, collector, names, choice))
    return (yield from _list_whole(kind, collector, names, choice))


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
    notes: dict[str, None] = {}
    for start in range(0, len(names), FANOUT_WAVE):
        some = names[start : start + FANOUT_WAVE]
        questions = [collector.table(kind, name, lane=lane, metadata=metadata) for name in some]
        if metadata and not kind.holds_secrets:
            questions = [collector.paged(question) for question in questions]
        replies = yield from collector.ask(kind, *questions)
        for name, question, reply in zip(some, questions, replies, strict=True):
            end = yield from walk(kind, collector, question, name, keeper.keep, first=reply)
            if keeper.stopped is not None:
                return keeper.reading([*gaps, *End(keeper.stopped).gaps()], len(names))
            gaps += end.gaps(name)
            notes.update(dict.fromkeys(end.notes()))
    return msgspec.structs.replace(keeper.reading(gaps, len(names)), notes=tuple(notes))


def _list_spread(kind: Kind, collector: Collector, choice: Choice, *, whole: bool) -> Part[Reading]:
    """A cluster's objects, namespace by namespace: cells alone, which is little, so they can be put in order.

    The sum is held against the cluster-wide count: what lies in no listed namespace (one that was
    deleted by force, or made meanwhile) is asked for by leaving out all the others.
    """
    names, count, lane = choice.names or (), choice.count, choice.lane
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
        notes = tuple(dict.fromkeys([*reading.notes, *end.notes()]))
        count_read = reading.count + keeper.count
        reading = msgspec.structs.replace(reading, count=count_read, gaps=tuple(gaps), notes=notes)
    if pages:
        rows = [row for page in pages for row in page.rows]
        rows.sort(key=lambda row: f"{row.namespace}/{row.name}")
        yield Emitted(Page(pages[0].columns, tuple(rows)), len(rows))
    return reading


def _list_joined(kind: Kind, collector: Collector, names: Sequence[str] | None, choice: Choice) -> Part[Reading]:
    """Cells and metadata in two lists of the cluster side by side, put together; one list of both where they differ."""
    cells = collector.table(kind, None, lane=choice.lane)
    metadata = msgspec.structs.replace(cells, representation="metadata")
    replies = yield from collector.ask(kind, cells, metadata)
    joined = _joined(*replies)
    if joined is None:
        is_too_much = any(isinstance(reply, ApiError) and reply.was_flowing for reply in replies)
        return (yield from _list_whole(kind, collector, names, choice, is_too_much=is_too_much))
    keeper = _Keeper(kind, collector, only=frozenset(names) if names is not None else None)
    end = End()
    try:
        page = keeper.keep(None, joined)
    except LimitReached as error:
        page, end = None, End(error)
    del replies, joined  # before the task may have to wait: they are large
    if page is not None:
        yield Emitted(page, len(page.rows))
    return keeper.reading(end.gaps(), 0)


def _joined(cells: Replied, metadata: Replied) -> CollectionReply | None:
    """A Table whose rows have their metadata; None for two replies that are not of one moment, or not all of it.

    Two lists of a kind at one resourceVersion hold the same objects in the same order.
    """
    if isinstance(cells, ApiError) or isinstance(metadata, ApiError):
        return None
    rows, items, version = cells.rows or (), metadata.items or (), cells.metadata.resource_version
    if not cells.is_table or not version or version != metadata.metadata.resource_version:
        return None
    if len(rows) != len(items) or cells.metadata.continue_token or metadata.metadata.continue_token:
        return None
    ordered = [f"{item.metadata.namespace}/{item.metadata.name}" for item in items]
    if any(one > other for one, other in pairwise(ordered)):
        return None  # an aggregated API may keep no order, and call every moment the same
    place = cells.name_place
    pairs = list(zip(rows, items, strict=True))
    if any(place < len(row.cells) and row.cells[place] != item.metadata.name for row, item in pairs):
        return None
    return msgspec.structs.replace(cells, rows=tuple(TableRow(row.cells, item) for row, item in pairs))


def _list_whole(
    kind: Kind,
    collector: Collector,
    names: Sequence[str] | None,
    choice: Choice,
    *,
    is_too_much: bool = False,
) -> Part[Reading]:
    """One list of the whole cluster; of named namespaces' objects alone where there are names.

    In pages if it is known to be too much for one reply.
    """
    needs_namespace = kind.namespaced and (collector.request.need == "cells" or names is not None)
    metadata = collector.request.need == "metadata" or needs_namespace
    question = collector.table(kind, None, lane=choice.lane, metadata=metadata)
    count, paged = choice.count, is_too_much or choice.estimate.way == "pages"
    if paged or (question.include_metadata and (count is None or count > ONE_REQUEST_OBJECTS)):
        question = collector.paged(question)
    keeper = _Keeper(kind, collector, only=frozenset(names) if names is not None else None)
    end = yield from walk(kind, collector, question, None, keeper.keep)
    if isinstance(end.error, Forbidden) and kind.namespaced and not keeper.count:
        return (yield from _list_refused(kind, collector, names, end.error))
    return msgspec.structs.replace(keeper.reading(end.gaps(), 0), notes=end.notes())


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
        place = reply.name_place
        return reply.column_definitions or (), [self._table_row(namespace, row, place) for row in reply.rows or ()]

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

"""Answers one task: a kind's count, or its objects page by page.

Each task is a generator that `batch` drives: it asks for replies, looks at
them, asks for more. An `ApiError` becomes a `Gap` here, so that one kind's
trouble is not another's. Refused cluster-wide, a kind is asked again namespace by
namespace. Knows neither threads nor sockets; `read` is handed in.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from itertools import product
from typing import TypeVar

import msgspec

from kubectl_inventory.batch import Emitted, Job, Wave
from kubectl_inventory.clock import human_age
from kubectl_inventory.errors import (
    ApiError,
    BadRequest,
    Forbidden,
    Gone,
    LimitReached,
    NotAcceptable,
    Unauthorized,
    UsageError,
)
from kubectl_inventory.inventory import Gap, Page, Reading, Row
from kubectl_inventory.plan import LIGHT_OBJECTS, Way, choose_way
from kubectl_inventory.policy import Policy
from kubectl_inventory.reach import NAMESPACES, Namespaces, Reach
from kubectl_inventory.request import Request
from kubectl_inventory.resource import Kind, Lane, Question, Read, collection_path
from kubectl_inventory.wire import COLLECTION, Cell, CollectionReply, ColumnDefinition, MetadataOnly, TableRow, decode

Replied = CollectionReply | ApiError
T = TypeVar("T")
Part = Generator["Wave[Replied] | Emitted[Page]", "Sequence[Replied]", T]
"""A stretch of a task that ends with a `T`."""


class End(msgspec.Struct, frozen=True):
    """How a walk through one collection's pages ended."""

    error: ApiError | None = None
    resumed: bool = False

    def gaps(self, namespace: str | None = None) -> tuple[Gap, ...]:
        """What it left unread."""
        return (Gap(self.error.reason, self.error.message, namespace),) if self.error is not None else ()

    def notes(self) -> tuple[str, ...]:
        """What a reader of its rows should know."""
        return ("its pages expired; the rest was read at a newer version",) if self.resumed else ()


Keep = Callable[[str | None, CollectionReply], "Page | None"]
"""Takes what is wanted out of the reply for a namespace (None: the whole cluster); a page is handed on at once."""

PLAIN_COLUMNS = (ColumnDefinition("Name", "string", "name"), ColumnDefinition("Age", "string"))
"""What kubectl prints of a list that its server did not print: an aggregated API without Tables."""
FANOUT_WAVE = 64
"""Namespaces asked before their rows are kept: bounds how many replies are in memory at once."""
_UNREADABLE_SELECTOR = ("unable to parse requirement:", "found '", "invalid selector:")
"""How the messages of apimachinery's parsers begin (`labels/selector.go`, `fields/selector.go`)."""
_DEFAULT_MARK = " (default)"
"""What the server prints behind the name of the default StorageClass (kubernetes `pkg/printers/internalversion`)."""
ABSENT = "<none>"
UNKNOWN = "?"


class Budget:
    """How many more objects the policy's `maxObjects` allows."""

    def __init__(self, objects: int) -> None:
        self._most = self._left = objects
        self._lock = threading.Lock()

    def spend(self, objects: int) -> LimitReached | None:
        """Takes `objects` of it; an error when there were fewer left."""
        with self._lock:
            self._left -= objects
            if self._left >= 0:
                return None
            return LimitReached(f"the policy's limits.maxObjects {self._most} is used up")


class Collector(msgspec.Struct, frozen=True, kw_only=True):
    """All that a task needs besides its kind."""

    request: Request
    policy: Policy
    reach: Reach
    read: Read
    namespaces: Namespaces
    round_trip_s: Callable[[], float]
    budget: Budget
    label_values: dict[str, set[str]]
    """Values seen of the labels that `--by` names: Secrets are counted by them, as their labels are never fetched."""

    def ask(self, kind: Kind, *questions: Question) -> Part[Sequence[Replied]]:
        """The replies, in order; an error that concerns this kind alone is a reply."""
        return (yield Wave([self._job(kind, question) for question in questions]))

    def names(self) -> Part[tuple[str, ...]]:
        """The namespaces that can be asked one by one."""

        def resolve() -> Replied:
            self.namespaces.names()
            return CollectionReply()

        yield Wave([Job("list", resolve)])
        return self.namespaces.names()

    def table(self, kind: Kind, namespace: str | None = None, *, lane: Lane, metadata: bool = False) -> Question:
        """A question for a kind's Table, with the request's selectors; never with metadata for Secrets."""
        fields = [self.request.field_selector] if self.request.field_selector else []
        if namespace is None and kind.namespaced:
            fields += [f"metadata.namespace!={name}" for name in self.reach.excluded]
        elif kind.name == NAMESPACES.name:
            fields += [f"metadata.name!={withheld.namespace}" for withheld in self.reach.withheld]
        return Question(
            path=collection_path(kind, namespace),
            representation="table",
            lane=lane,
            include_metadata=metadata and not kind.holds_secrets,
            from_cache=True,
            label_selector=self.request.selector,
            field_selector=",".join(fields),
        )

    def _job(self, kind: Kind, question: Question) -> Job[Replied]:
        def ask() -> Replied:
            try:
                return self._reply(kind, question)
            except Unauthorized:
                raise
            except BadRequest as error:
                # What no kind can read was typed wrongly; a field that this kind does not know is its own gap.
                if self.request.has_selector and error.message.startswith(_UNREADABLE_SELECTOR):
                    raise UsageError(f"the server cannot read the selector: {error.message}") from error
                return error
            except ApiError as error:
                return error

        return Job(question.lane, ask)

    def _reply(self, kind: Kind, question: Question) -> CollectionReply:
        try:
            return decode(self.read(question).body, COLLECTION, what=kind.name)
        except NotAcceptable:
            if kind.holds_secrets:
                raise
            # An aggregated server without Tables may refuse them instead of sending its plain list.
            plain = msgspec.structs.replace(question, representation="plain")
            return decode(self.read(plain).body, COLLECTION, what=kind.name)


def count_kind(kind: Kind, collector: Collector) -> Part[Reading]:
    """How many objects of a kind there are, grouped as the request says."""
    names: Sequence[str | None] = (None,)
    if kind.namespaced and collector.reach.names is not None:
        names = collector.reach.names
    keys = [key for key in collector.request.by if key != "kind"]
    if collector.request.label_keys:
        return (yield from _count_by_label(kind, collector, names))
    counted = yield from _count_in(kind, collector, names)
    refusal = counted[0] if counted else None
    if names == (None,) and kind.namespaced and isinstance(refusal, Forbidden):
        names = yield from collector.names()
        counted = yield from _count_in(kind, collector, names)
        if all(isinstance(count, Forbidden) for count in counted):
            return Reading(kind=kind, gaps=End(refusal).gaps())
    elif names == (None,) and kind.namespaced and keys and isinstance(refusal, int) and refusal:
        return (yield from _count_by_namespace(kind, collector, refusal))
    reading = _sum(kind, names, counted)
    if not keys:
        return reading
    return msgspec.structs.replace(reading, groups=_by_namespace(names, counted))


def list_kind(kind: Kind, collector: Collector) -> Part[Reading]:
    """Every object of a kind: pages on the way, then how it went."""
    names = collector.reach.names if kind.namespaced else None
    if names is not None and _asks_each(names, collector):
        return (yield from _list_each(kind, collector, names, lane="list"))
    count: int | None = None
    if not collector.request.has_selector or _needs_each(kind, collector):
        (probed,) = yield from _count_in(kind, collector, [None])
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
    return (yield from _list_whole(kind, collector, names, lane=lane, paged=way == "pages"))


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


# --- counting ---------------------------------------------------------------


def _count_in(kind: Kind, collector: Collector, names: Sequence[str | None]) -> Part[list[int | ApiError]]:
    """A count or an error for each namespace (None: the whole cluster).

    `limit=1` tells it without an object crossing the wire. Where the server does not say how many
    remain (selectors, old and aggregated servers), the cells are listed and counted: nothing is guessed.
    """
    questions = [collector.table(kind, name, lane="list" if name is not None else "heavy") for name in names]
    counted: list[int | ApiError | None] = [None] * len(questions)
    if not any(question.label_selector or question.field_selector for question in questions):
        probes = [msgspec.structs.replace(question, limit=1, from_cache=False, lane="probe") for question in questions]
        counted = [_exact_count(reply) for reply in (yield from collector.ask(kind, *probes))]
    open_places = [place for place, count in enumerate(counted) if count is None]
    lists = [questions[place] for place in open_places]
    replies = yield from collector.ask(kind, *lists)
    for place, question, reply in zip(open_places, lists, replies, strict=True):
        counted[place] = yield from _count_pages(kind, collector, question, reply)
    return [count for count in counted if count is not None]


def _count_pages(kind: Kind, collector: Collector, question: Question, first: Replied) -> Part[int | ApiError]:
    """How many objects a list holds, over all the pages that a server makes of it by itself."""
    seen = 0

    def keep(_: str | None, page: CollectionReply) -> None:
        nonlocal seen
        seen += page.length

    end = yield from _walk(kind, collector, question, None, keep, first=first)
    return end.error if end.error is not None else seen


def _exact_count(reply: Replied) -> int | ApiError | None:
    """The whole collection's size, or None when this reply does not tell it."""
    if isinstance(reply, ApiError):
        return reply
    if reply.metadata.remaining_item_count is not None:
        return reply.length + reply.metadata.remaining_item_count
    return None if reply.metadata.continue_token else reply.length


def _sum(kind: Kind, names: Sequence[str | None], counted: Sequence[int | ApiError]) -> Reading:
    gaps = [
        Gap(count.reason, count.message, name)
        for name, count in zip(names, counted, strict=True)
        if isinstance(count, ApiError)
    ]
    return Reading(
        kind=kind,
        count=sum(count for count in counted if isinstance(count, int)),
        gaps=tuple(gaps),
        namespaces_asked=0 if None in names else len(names),
    )


def _by_namespace(names: Sequence[str | None], counted: Sequence[int | ApiError]) -> dict[tuple[str, ...], int]:
    return {
        (name if name is not None else "-",): count
        for name, count in zip(names, counted, strict=True)
        if isinstance(count, int) and count
    }


def _count_by_namespace(kind: Kind, collector: Collector, total: int) -> Part[Reading]:
    """A cluster-wide count, split: a probe for each namespace, or the namespaces of all objects, whichever is less."""
    names = yield from collector.names()
    probes_s = len(names) / collector.policy.limits.probes * (collector.round_trip_s() + 0.002)
    if kind.holds_secrets or probes_s < collector.round_trip_s() + total * 30e-6:
        counted = yield from _count_in(kind, collector, names)
        reading = _sum(kind, names, counted)
        if reading.count == total or not reading.is_whole or kind.holds_secrets:
            groups = _by_namespace(names, counted)
            if reading.is_whole and reading.count < total:
                # In a namespace that was deleted by force, or made this instant: a Secret's is not told.
                groups[(UNKNOWN,)] = total - reading.count
                reading = msgspec.structs.replace(reading, count=total)
            return msgspec.structs.replace(reading, groups=groups)
    groups_found: Counter[tuple[str, ...]] = Counter()

    def keep(_: str | None, reply: CollectionReply) -> None:
        groups_found.update((item.metadata.namespace or "-",) for item in _objects(reply))

    end = yield from _walk(kind, collector, _metadata_question(kind, collector, None, total), None, keep)
    return _grouped(kind, groups_found, end)


def _count_by_label(kind: Kind, collector: Collector, names: Sequence[str | None]) -> Part[Reading]:
    """Counts by labels, and by namespace where that is asked for too."""
    if kind.holds_secrets:
        return (yield from _count_secrets(kind, collector, names))
    keys = [key for key in collector.request.by if key != "kind"]
    groups: Counter[tuple[str, ...]] = Counter()

    def keep(_: str | None, reply: CollectionReply) -> None:
        for item in _objects(reply):
            groups[tuple(_key_of(item, key, collector) for key in keys)] += 1

    end = End()
    if names == (None,):
        end = yield from _walk(kind, collector, _metadata_question(kind, collector, None, None), None, keep)
        if not isinstance(end.error, Forbidden) or not kind.namespaced:
            return _grouped(kind, groups, end)
        names = yield from collector.names()
    gaps: list[Gap] = []
    for name in names:
        part = yield from _walk(kind, collector, _metadata_question(kind, collector, name, None), name, keep)
        gaps += part.gaps(name)
    if end.error is not None and len(gaps) == len(names):
        return _grouped(kind, groups, end)
    return msgspec.structs.replace(_grouped(kind, groups, End()), gaps=tuple(gaps), namespaces_asked=len(names))


def _grouped(kind: Kind, groups: Counter[tuple[str, ...]], end: End) -> Reading:
    return Reading(kind=kind, count=groups.total(), gaps=end.gaps(), groups=dict(groups), notes=end.notes())


def _key_of(item: MetadataOnly, key: str, collector: Collector) -> str:
    """What an object is grouped under for one key of `--by`."""
    if key == "namespace":
        return item.metadata.namespace or "-"
    label = key.partition("=")[2]
    value = (item.metadata.labels or {}).get(label, ABSENT)
    collector.label_values[label].add(value)
    return value


def _count_secrets(kind: Kind, collector: Collector, names: Sequence[str | None]) -> Part[Reading]:
    """Secrets by label: the server selects, for every value that other kinds have, and none of theirs is fetched."""
    keys = [key for key in collector.request.by if key != "kind"]
    labels = collector.request.label_keys
    counted = yield from _count_in(kind, collector, names)
    whole = counted[0] if names == (None,) else None
    if isinstance(whole, Forbidden) or (isinstance(whole, int) and whole and "namespace" in keys):
        names = yield from collector.names()
        counted = yield from _count_in(kind, collector, names)
        if isinstance(whole, Forbidden) and all(isinstance(count, Forbidden) for count in counted):
            return Reading(kind=kind, gaps=End(whole).gaps())
    reading = _sum(kind, names, counted)
    groups: Counter[tuple[str, ...]] = Counter()
    values = [sorted(collector.label_values[label] | {ABSENT}) for label in labels]
    for name, count in zip(names, counted, strict=True):
        if isinstance(count, ApiError) or not count:
            continue
        namespace = name if name is not None else "-"
        left = count
        for combination in product(*values):
            if left <= 0:
                break
            chosen = dict(zip((f"label={label}" for label in labels), combination, strict=True))
            (reply,) = yield from collector.ask(kind, _selected(kind, collector, name, chosen))
            if not isinstance(reply, ApiError) and reply.length:
                groups[tuple(chosen.get(key, namespace) for key in keys)] += reply.length
                left -= reply.length
        if left > 0:
            groups[tuple(UNKNOWN if key != "namespace" else namespace for key in keys)] += left
    if isinstance(whole, int) and reading.is_whole and reading.count < whole:
        # As in `_count_by_namespace`: what lies in no listed namespace is not told apart.
        groups[tuple(UNKNOWN for _ in keys)] += whole - reading.count
        reading = msgspec.structs.replace(reading, count=whole)
    return msgspec.structs.replace(reading, groups=dict(groups))


def _selected(kind: Kind, collector: Collector, name: str | None, chosen: dict[str, str]) -> Question:
    """A question for the objects that have these label values, or do not have the label at all."""
    question = collector.table(kind, name, lane="list")
    selectors = [question.label_selector] if question.label_selector else []
    for key, value in chosen.items():
        label = key.partition("=")[2]
        selectors.append(f"!{label}" if value == ABSENT else f"{label}={value}")
    return msgspec.structs.replace(question, label_selector=",".join(selectors))


def _metadata_question(kind: Kind, collector: Collector, name: str | None, count: int | None) -> Question:
    """A question for the metadata of all objects: in pages, unless they are known to be few."""
    lane: Lane = "list" if count is not None and count <= LIGHT_OBJECTS else "heavy"
    question = msgspec.structs.replace(collector.table(kind, name, lane=lane), representation="metadata")
    if count is not None and count <= LIGHT_OBJECTS:
        return question
    return msgspec.structs.replace(question, from_cache=False, limit=collector.policy.limits.page_size)


def _objects(reply: CollectionReply) -> Sequence[MetadataOnly]:
    return reply.items or ()


# --- listing ----------------------------------------------------------------


def _list_refused(
    kind: Kind, collector: Collector, names: Sequence[str] | None, refusal: Forbidden
) -> Part[Reading]:
    """Refused for the whole cluster: each namespace is asked on its own."""
    if names is None:
        names = yield from collector.names()
    reading = yield from _list_each(kind, collector, names, lane="list")
    if len(reading.gaps) == len(names) and all(gap.reason == "Forbidden" for gap in reading.gaps):
        return Reading(kind=kind, gaps=End(refusal).gaps())
    return reading


def _list_each(kind: Kind, collector: Collector, names: Sequence[str], *, lane: Lane) -> Part[Reading]:
    """One list for each namespace, side by side, rows in the order of the namespaces."""
    metadata = collector.request.need == "metadata"
    keeper = _Keeper(kind, collector)
    gaps: list[Gap] = []
    for start in range(0, len(names), FANOUT_WAVE):
        some = names[start : start + FANOUT_WAVE]
        questions = [collector.table(kind, name, lane=lane, metadata=metadata) for name in some]
        replies = yield from collector.ask(kind, *questions)
        for name, question, reply in zip(some, questions, replies, strict=True):
            end = yield from _walk(kind, collector, question, name, keeper.keep, first=reply)
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
    if whole and reading.is_whole and count is not None and reading.count < count and not collector.reach.excluded:
        keeper = _Keeper(kind, collector)
        rest = collector.table(kind, None, lane=lane, metadata=True)
        others = [f"metadata.namespace!={name}" for name in names]
        joined = ",".join([rest.field_selector, *others] if rest.field_selector else others)

        def keep(namespace: str | None, reply: CollectionReply) -> None:
            if (page := keeper.keep(namespace, reply)) is not None:
                pages.append(page)

        end = yield from _walk(kind, collector, msgspec.structs.replace(rest, field_selector=joined), None, keep)
        gaps = [Gap(gap.reason, f"objects outside the listed namespaces: {gap.message}") for gap in end.gaps()]
        reading = msgspec.structs.replace(reading, count=reading.count + keeper.count, gaps=tuple(gaps))
    if pages:
        rows = [row for page in pages for row in page.rows]
        rows.sort(key=lambda row: f"{row.namespace}/{row.name}")
        yield Emitted(Page(pages[0].columns, tuple(rows)), len(rows))
    return reading


def _list_whole(
    kind: Kind, collector: Collector, names: Sequence[str] | None, *, lane: Lane, paged: bool
) -> Part[Reading]:
    """One list of the whole cluster; of named namespaces' objects alone where there are names."""
    needs_namespace = kind.namespaced and (collector.request.need == "cells" or names is not None)
    metadata = collector.request.need == "metadata" or needs_namespace
    question = collector.table(kind, None, lane=lane, metadata=metadata)
    if paged:
        question = msgspec.structs.replace(question, from_cache=False, limit=collector.policy.limits.page_size)
    keeper = _Keeper(kind, collector, only=frozenset(names) if names is not None else None)
    end = yield from _walk(kind, collector, question, None, keeper.keep)
    if isinstance(end.error, Forbidden) and kind.namespaced and not keeper.count:
        return (yield from _list_refused(kind, collector, names, end.error))
    return msgspec.structs.replace(keeper.reading(end.gaps(), 0), notes=end.notes())


def _walk(
    kind: Kind,
    collector: Collector,
    question: Question,
    namespace: str | None,
    keep: Keep,
    *,
    first: Replied | None = None,
) -> Part[End]:
    """One collection, page after page, each kept before the next is asked. `first`: its first reply, if already in.

    An expired continue token (410) comes with one that goes on at a newer version: the
    list is then of two moments, and the end says so.
    """
    resumed, reply = False, first
    while True:
        if reply is None:
            (reply,) = yield from collector.ask(kind, question)
        if isinstance(reply, Gone) and reply.continue_token and reply.continue_token != question.continue_token:
            resumed, token = True, reply.continue_token
        elif isinstance(reply, ApiError):
            return End(reply, resumed)
        else:
            token = reply.metadata.continue_token
            try:
                page = keep(namespace, reply)
            except LimitReached as error:
                return End(error, resumed)
            reply = None  # before the task may have to wait: a reply is as large as its page
            if page is not None:
                yield Emitted(page, len(page.rows))
            if not token:
                return End(None, resumed)
        question, reply = msgspec.structs.replace(question, continue_token=token, from_cache=False), None


class _Keeper:
    """Takes rows out of replies, and counts them."""

    def __init__(self, kind: Kind, collector: Collector, *, only: frozenset[str] | None = None) -> None:
        self._kind, self._collector, self._only = kind, collector, only
        self.count = 0
        self.stopped: LimitReached | None = None

    def keep(self, namespace: str | None, reply: CollectionReply) -> Page | None:
        """The reply's objects as a page; None where it has none for us. Raises `LimitReached`."""
        columns, rows = self._rows(namespace, reply)
        if self._only is not None:
            rows = [row for row in rows if row.namespace in self._only]
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

"""How one task asks: questions out, replies in, page after page.

A task is a generator that `batch` drives (see there). An `ApiError` that concerns
one kind alone is a reply here, so that one kind's trouble is not another's.
`counting` and `listing` are the two kinds of task. Knows neither threads nor
sockets; `read` is handed in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

import msgspec

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.errors import (
    ApiError,
    BadRequest,
    Gone,
    LimitReached,
    NotAcceptable,
    ServerFault,
    UsageError,
)
from kubectl_inventory.reading.batch import Emitted, Job, Wave
from kubectl_inventory.reading.inventory import Gap, Page, Reading
from kubectl_inventory.reading.reach import NAMESPACES, Namespaces, Reach
from kubectl_inventory.reading.ways import NEAR_S, Conditions, useful_width
from kubectl_inventory.request import Request
from kubectl_inventory.resource import Kind, Lane, Question, Read, collection_path
from kubectl_inventory.wire import COLLECTION, CollectionReply, decode

Replied = CollectionReply | ApiError
T = TypeVar("T")
Part = Generator["Wave[Replied] | Emitted[Page]", "Sequence[Replied]", T]
"""A stretch of a task that ends with a `T`."""
Keep = Callable[[str | None, CollectionReply], "Page | None"]
"""Takes what is wanted out of the reply for a namespace (None: the whole cluster); a page is handed on at once."""
FANOUT_WAVE = 64
"""Namespaces asked before what they said is kept: bounds how many replies are in memory at once."""
EVENT_GROUPS = ("", "events.k8s.io")
"""They serve the same events, and both select by type."""
_UNREADABLE_SELECTOR = ("unable to parse requirement:", "found '", "invalid selector:")
"""How the messages of apimachinery's parsers begin (`labels/selector.go`, `fields/selector.go`)."""


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
    compresses: Callable[[], bool]
    """Whether the server is asked for gzip."""
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

    def without_the_rest(self, reading: Reading, refusal: ApiError) -> Reading:
        """A kind that was refused for the whole cluster and read by namespaces: they may not be all there are.

        Where namespaces cannot be listed the context's own stands in, and what lies elsewhere is a gap.
        """
        if not self.namespaces.remark or reading.is_unread:
            return reading
        return msgspec.structs.replace(reading, gaps=(*reading.gaps, *End(refusal).gaps()))

    def accounted(self, reading: Reading) -> Reading:
        """A reading with the gap that all namespaced kinds have where the allowed namespaces are not all known."""
        if self.reach.named and not reading.kind.namespaced and self.request.command == "health":
            return msgspec.structs.replace(reading, is_aside=True)
        shortfall = self.reach.shortfall
        if shortfall is None or not reading.kind.namespaced or reading.is_unread:
            return reading
        gap = Gap(shortfall.reason, f"which namespaces there are is not known: {shortfall.message}")
        return msgspec.structs.replace(reading, gaps=(*reading.gaps, gap))

    def table(self, kind: Kind, namespace: str | None = None, *, lane: Lane, metadata: bool = False) -> Question:
        """A question for a kind's Table, with the request's selectors; never with metadata for Secrets."""
        fields = [self.request.field_selector] if self.request.field_selector else []
        if self._wants_warnings(kind):
            fields.append("type=Warning")
        if namespace is None and kind.namespaced:
            fields += [f"metadata.namespace!={name}" for name in self.reach.excluded]
        elif kind.name == NAMESPACES.name:
            fields += [f"metadata.name!={withheld.namespace}" for withheld in self.reach.withheld]
        return Question(
            path=collection_path(kind, namespace),
            representation="table",
            lane=lane,
            include_metadata=metadata and not kind.holds_secrets,
            strict=kind.holds_secrets,
            from_cache=True,
            label_selector=self.request.selector,
            field_selector=",".join(fields),
        )

    def selects(self, kind: Kind) -> bool:
        """Whether only some objects of a kind are asked for: no server says how many those are."""
        return self.request.has_selector or self._wants_warnings(kind)

    def conditions(self) -> Conditions:
        """What is known of the distance, and how much the policy lets run at once."""
        limits, round_trip_s = self.policy.limits, self.round_trip_s()
        width = 1 if self.request.strategy == "sequential" else useful_width(round_trip_s)
        return Conditions(
            namespaces=None,
            # The first replies of a run come while both ends are busiest: their work is no distance, and counted apart.
            round_trip_s=max(round_trip_s - NEAR_S, 0.0),
            at_once=min(limits.workers, width),
            probes_at_once=min(limits.probes, width),
            page_size=limits.page_size,
            compresses=self.compresses(),
            joins=self.request.strategy == "auto" and min(limits.workers, limits.heavy_lists) > 1,
        )

    def paged(self, question: Question) -> Question:
        """The same in pages, of one moment."""
        return msgspec.structs.replace(question, from_cache=False, limit=self.policy.limits.page_size)

    def _wants_warnings(self, kind: Kind) -> bool:
        return self.request.command == "health" and kind.resource == "events" and kind.group in EVENT_GROUPS

    def _job(self, kind: Kind, question: Question) -> Job[Replied]:
        def ask() -> Replied:
            try:
                return self._reply(kind, question)
            except BadRequest as error:
                # What no kind can read was typed wrongly; a field that this kind does not know is its own gap.
                if self.request.has_selector and error.message.startswith(_UNREADABLE_SELECTOR):
                    raise UsageError(f"the server cannot read the selector: {error.message}") from error
                return error
            except ApiError as error:
                if error.is_fatal:
                    raise
                return error

        return Job(question.lane, ask)

    def _reply(self, kind: Kind, question: Question) -> CollectionReply:
        try:
            reply = decode(self.read(question).body, COLLECTION, what=kind.name)
            if question.strict and not reply.is_table:
                raise ServerFault(f"{kind.name}: the server sent something else than the table that was asked for")
            return reply
        except NotAcceptable:
            if question.strict:
                raise
            # An aggregated server without Tables may refuse them instead of sending its plain list.
            plain = msgspec.structs.replace(question, representation="plain")
            return decode(self.read(plain).body, COLLECTION, what=kind.name)


def count_in(
    kind: Kind, collector: Collector, names: Sequence[str | None], *, seen: list[Replied] | None = None
) -> Part[list[int | ApiError]]:
    """A count or an error for each namespace (None: the whole cluster). `seen` is given the probes' replies.

    `limit=1` tells it without an object crossing the wire. Where the server does not say how many
    remain (selectors, old and aggregated servers), the cells are listed and counted: nothing is guessed.
    """
    questions = [collector.table(kind, name, lane="list" if name is not None else "heavy") for name in names]
    counted: list[int | ApiError | None] = [None] * len(questions)
    if not any(question.has_selector for question in questions):
        probes = [msgspec.structs.replace(question, limit=1, from_cache=False, lane="probe") for question in questions]
        probed = yield from collector.ask(kind, *probes)
        counted = [_exact_count(reply) for reply in probed]
        if seen is not None:
            seen += probed
    open_places = [place for place, count in enumerate(counted) if count is None]
    lists = [questions[place] for place in open_places]
    replies = yield from collector.ask(kind, *lists)
    for place, question, reply in zip(open_places, lists, replies, strict=True):
        counted[place] = yield from count_pages(kind, collector, question, reply)
    return [count for count in counted if count is not None]


def count_pages(kind: Kind, collector: Collector, question: Question, first: Replied) -> Part[int | ApiError]:
    """How many objects a list holds, over all the pages that a server makes of it by itself."""
    seen = 0

    def keep(_: str | None, page: CollectionReply) -> None:
        nonlocal seen
        seen += page.length

    end = yield from walk(kind, collector, question, None, keep, first=first)
    return end.error if end.error is not None else seen


def _exact_count(reply: Replied) -> int | ApiError | None:
    """The whole collection's size, or None when this reply does not tell it."""
    if isinstance(reply, ApiError):
        return reply
    if reply.metadata.remaining_item_count is not None:
        return reply.length + reply.metadata.remaining_item_count
    return None if reply.metadata.continue_token else reply.length


def walk(
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
        if isinstance(reply, ApiError) and reply.was_flowing and question.limit is None:
            # Too much for one request's time over this line, or for the policy's size of one reply: each page has
            # as much of both, within the run's.
            question, reply = collector.paged(question), None
            continue
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

"""A cluster in a dict, for the tests of the rooms that are handed a `Read`; and builders with defaults.

`FakeApi` answers from a mapping of path (and a part of the query) to a reply,
then from its `Stock`s, which behave as a real collection does: Tables, limits,
pages and selectors. It keeps every `Question` it was asked. No network, no time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from kubectl_inventory.boundary.policy import Policy, make_policy
from kubectl_inventory.boundary.policy_file import PolicyFile
from kubectl_inventory.errors import ApiError, NotAcceptable, NotFound
from kubectl_inventory.reading.inventory import Inventory, Page, Reading, Row, Taken
from kubectl_inventory.reading.plan import Plan, Treatment
from kubectl_inventory.reading.reach import Namespaces, Reach
from kubectl_inventory.resource import Answer, Kind, Question, collection_path
from kubectl_inventory.wire import Cell, ColumnDefinition

T = TypeVar("T")
Reply = bytes | Answer | ApiError
Replies = Mapping[str, Reply | Callable[[Question], Reply]]

AGE = ColumnDefinition("Age", "string")
NAME = ColumnDefinition("Name", "string", "name")
READY = ColumnDefinition("Ready", "string")
STATUS = ColumnDefinition("Status", "string")
NODE = ColumnDefinition("Node", "string", priority=1)


class Thing(msgspec.Struct, frozen=True):
    """An object in a `Stock`."""

    name: str
    namespace: str = ""
    labels: Mapping[str, str] = {}
    cells: tuple[Cell, ...] = ()


class Stock:
    """All objects of one kind, answered for as kube-apiserver does."""

    def __init__(self, kind: Kind, things: Iterable[Thing | str], **quirks: bool) -> None:
        self.kind = kind
        plain = (thing if isinstance(thing, Thing) else _thing(thing) for thing in things)
        self.things = sorted(plain, key=lambda thing: f"{thing.namespace}/{thing.name}")
        self.refuses_tables = quirks.pop("refuses_tables", False)
        """406 for everything but plain JSON."""
        self.is_simple = quirks.pop("is_simple", False)
        """Knows neither Tables nor limits, as some aggregated servers."""
        self.hides_remaining = quirks.pop("hides_remaining", False)
        """Pages, but does not say how many objects remain."""
        self.nulls = quirks.pop("nulls", False)
        """Sends null for an empty list."""
        assert not quirks, quirks

    def answers(self, path: str) -> bool:
        """Whether `path` is one of this kind's collections."""
        return path == collection_path(self.kind) or self._namespace(path) is not None

    def reply(self, question: Question) -> Reply:
        """What the server says."""
        if self.refuses_tables and question.representation != "plain":
            return NotAcceptable(f"only application/json for {self.kind.name}")
        namespace = self._namespace(question.path)
        inside = [thing for thing in self.things if namespace in (None, thing.namespace)]
        found = [thing for thing in inside if _is_selected(thing, question)]
        start = int(question.continue_token or 0)
        stop = None if question.limit is None or self.is_simple else start + question.limit
        shown = found[start:stop]
        meta: dict[str, object] = {"resourceVersion": "7"}
        if stop is not None and stop < len(found):
            meta["continue"] = str(stop)
            if not (question.label_selector or question.field_selector or self.hides_remaining):
                meta["remainingItemCount"] = len(found) - stop
        return encode(self._body(question, shown, meta))

    def _body(self, question: Question, shown: Sequence[Thing], meta: Mapping[str, object]) -> dict[str, object]:
        if question.representation == "table" and not self.is_simple:
            rows = [
                {"cells": [thing.name, *thing.cells], "object": _item(thing) if question.include_metadata else None}
                for thing in shown
            ]
            more = self.things[0].cells if self.things else ()
            columns = [NAME, *(ColumnDefinition(f"C{place}") for place in range(len(more)))]
            return {"kind": "Table", "metadata": meta, "columnDefinitions": columns, "rows": rows or self._empty()}
        kind = "PartialObjectMetadataList" if question.representation == "metadata" else f"{self.kind.kind}List"
        return {"kind": kind, "metadata": meta, "items": [_item(thing) for thing in shown] or self._empty()}

    def _empty(self) -> list[object] | None:
        return None if self.nulls else []

    def _namespace(self, path: str) -> str | None:
        head, _, rest = path.partition("/namespaces/")
        namespace, _, resource = rest.partition("/")
        if resource != self.kind.resource or head != collection_path(self.kind).rpartition("/")[0]:
            return None
        return namespace if self.kind.namespaced else None


class FakeApi:
    """A `Read`: explicit replies first, the one that names most of the query; then stocks; then 404."""

    def __init__(self, replies: Replies | None = None, *stocks: Stock) -> None:
        self.replies = dict(replies or {})
        self.stocks = stocks
        self.asked: list[Question] = []
        self._lock = threading.Lock()

    def __call__(self, question: Question) -> Answer:
        with self._lock:
            self.asked.append(question)
        reply = self._reply(question)
        if isinstance(reply, ApiError):
            raise reply
        return reply if isinstance(reply, Answer) else Answer(reply)

    @property
    def paths(self) -> list[str]:
        """Every path that was asked, in order."""
        return [question.path for question in self.asked]

    def _reply(self, question: Question) -> Reply:
        query = set(parse_qsl(question.query()))
        fitting = [
            (len(wanted), reply)
            for (path, wanted), reply in ((_key(key), reply) for key, reply in self.replies.items())
            if path == question.path and wanted <= query
        ]
        if fitting:
            reply = max(fitting, key=lambda pair: pair[0])[1]
            return reply(question) if callable(reply) else reply
        for stock in self.stocks:
            if stock.answers(question.path):
                return stock.reply(question)
        return NotFound(f"{question.path}: the server could not find the requested resource")


def encode(document: object) -> bytes:
    """A reply's body."""
    return msgspec.json.encode(document)


def in_turn(functions: Sequence[Callable[[], T]]) -> list[T]:
    """An `Each` without threads."""
    return [function() for function in functions]


def a_kind(resource: str = "pods", group: str = "", **fields: Any) -> Kind:
    """Pods, unless said otherwise: `a_kind("deployments", "apps", short_names=("deploy",))`."""
    singular = resource.removesuffix("s")
    given: dict[str, Any] = {"version": "v1", "kind": singular.title(), "singular": singular, "verbs": ("list",)}
    return Kind(group=group, resource=resource, **{**given, **fields})


PODS = a_kind(short_names=("po",), categories=("all",))
SECRETS = a_kind("secrets")
NODES = a_kind("nodes", namespaced=False, short_names=("no",))
NAMESPACE_KIND = a_kind("namespaces", namespaced=False, short_names=("ns",))
DEPLOYMENTS = a_kind("deployments", "apps", short_names=("deploy",), categories=("all",))


def namespaces_stock(*names: str) -> Stock:
    """The namespaces that exist."""
    return Stock(NAMESPACE_KIND, [Thing(name) for name in names])


def a_table(
    rows: Iterable[Sequence[Cell]] = (),
    columns: Sequence[ColumnDefinition] = (NAME, READY, STATUS, AGE),
    *,
    next_page: str = "",
) -> bytes:
    """A Table's body, asked with `includeObject=None`: `a_table([("web", "1/1", "Running", "5m")])`."""
    found = [{"cells": row, "object": None} for row in rows]
    meta = {"continue": next_page} if next_page else {}
    return encode({"kind": "Table", "metadata": meta, "columnDefinitions": columns, "rows": found})


def a_policy(body: str = "") -> Policy:
    """A policy of one file, `p.yaml`; what `body` says begins in line 3."""
    return make_policy([PolicyFile("p.yaml", f"apiVersion: inventory/v1\nkind: BoundaryPolicy\n{body}\n")], "dev")


def a_page(*names: str, namespace: str | None = "shop", columns: Sequence[ColumnDefinition] = (NAME,)) -> Page:
    """Rows of a name alone."""
    return Page(tuple(columns), tuple(Row(namespace, name, (name,)) for name in names))


def an_inventory(
    *pieces: tuple[Kind, Page] | Reading | Treatment,
    reach: Reach | None = None,
    gaps: Sequence[Any] = (),
    namespaces: FakeApi | None = None,
) -> Inventory:
    """An inventory of these pages and readings, and kinds that were not asked."""
    asked = [Treatment(piece.kind, "Asked") for piece in pieces if isinstance(piece, Reading)]
    treatments = [*asked, *(piece for piece in pieces if isinstance(piece, Treatment))]
    plan = Plan(tuple(treatments), tuple(gaps), reach if reach is not None else Reach())
    stream = [
        (piece.kind, piece) if isinstance(piece, Reading) else piece
        for piece in pieces
        if not isinstance(piece, Treatment)
    ]
    known = Namespaces(namespaces or FakeApi(), in_turn, Policy(), context="dev", own="default")
    return Inventory(Taken("dev", "https://dev:6443", "2026-08-03T01:12:40Z"), plan, known, iter(stream))


def _thing(written: str) -> Thing:
    """`shop/web`, or `node-1`."""
    namespace, _, name = written.rpartition("/")
    return Thing(name, namespace)


def _item(thing: Thing) -> dict[str, object]:
    meta = {"name": thing.name, "uid": f"uid-{thing.namespace}-{thing.name}", "labels": thing.labels}
    return {"metadata": {**meta, **({"namespace": thing.namespace} if thing.namespace else {})}}


def _is_selected(thing: Thing, question: Question) -> bool:
    """Whether both selectors pass it: `k=v`, `k!=v` and `!k` are known."""
    fields = {"metadata.name": thing.name, "metadata.namespace": thing.namespace}
    return all(
        _passes(requirement, known)
        for selector, known in ((question.label_selector, thing.labels), (question.field_selector, fields))
        for requirement in filter(None, selector.split(","))
    )


def _passes(requirement: str, known: Mapping[str, str]) -> bool:
    if requirement.startswith("!"):
        return requirement[1:] not in known
    key, _, value = requirement.partition("=")
    if key.endswith("!"):
        return known.get(key[:-1]) != value
    return known.get(key) == value


def _key(written: str) -> tuple[str, set[tuple[str, str]]]:
    path, _, query = written.partition("?")
    return path, set(parse_qsl(query))

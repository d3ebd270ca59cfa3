"""Takes one inventory: calls the rooms in order, decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from kubectl_inventory.boundary.policy import Policy
from kubectl_inventory.clock import now_iso, ticks_s
from kubectl_inventory.errors import OUT_OF_TIME, TimedOut
from kubectl_inventory.reading.batch import Batch, Bounds, Finished, Progress, Unfinished, run_each
from kubectl_inventory.reading.cache import DiscoveryCache, Remembered
from kubectl_inventory.reading.collect import Budget, Collector, Part, Replied
from kubectl_inventory.reading.counting import count_kind
from kubectl_inventory.reading.discovery import Catalog, discover, make_catalog
from kubectl_inventory.reading.forecast import Forecast, forecast_kind
from kubectl_inventory.reading.inventory import Gap, Inventory, Page, Reading, Taken
from kubectl_inventory.reading.listing import list_kind
from kubectl_inventory.reading.plan import Plan, make_plan, refuse_denied_types
from kubectl_inventory.reading.reach import Namespaces, find_reach
from kubectl_inventory.reading.ways import useful_width
from kubectl_inventory.request import Request
from kubectl_inventory.resource import Kind, Read

if TYPE_CHECKING:
    from kubectl_inventory.connection.kube import Cluster, RequestRecord
    from kubectl_inventory.connection.kubeconfig import Connection
    from kubectl_inventory.judgement.findings import Diagnosis

T = TypeVar("T")
Watch = Callable[[Sequence[Kind], Progress[Reading]], None]
"""Is told how far a run is, several times a second."""

Foresight = Callable[[Sequence[Kind], Progress[Forecast]], None]
"""The same for a run that is only foreseen."""

OnRequest = Callable[["RequestRecord"], None]

_CREDENTIAL_S = 60.0
"""How long an exec plugin may take: it may open a browser for somebody to log in."""
_LATER = "--deadline 10m gives the whole run longer"
_LONGER = "--request-timeout 30s gives each request longer, where it is far away or busy"
_BUFFERED_OBJECTS = 20_000
"""How many objects may wait in memory for the kinds that are printed before them."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An open cluster and the boundary that holds in it."""

    context: str
    server: str
    own_namespace: str
    policy: Policy
    cluster: Cluster
    cache: DiscoveryCache
    remembered: Remembered
    end_s: float
    notices: tuple[str, ...] = ()
    """What the user should be told about how the credential was obtained."""

    @property
    def knows_kinds(self) -> bool:
        """Whether the last run's discovery is not older than the policy allows."""
        return bool(self.remembered.documents) and self.remembered.age_s <= self.policy.discovery_cache_s

    def round_trip_s(self) -> float:
        """The shortest time to a reply so far; before the first, the last run's, or 0."""
        return self.cluster.round_trip_s or self.remembered.round_trip_s


class Ground(msgspec.Struct, frozen=True):
    """What is known when the first kind is asked."""

    taken: Taken
    namespaces: Namespaces
    plan: Plan


def _as_it_is(thing: T) -> T:
    return thing


class Observer(msgspec.Struct, frozen=True):
    """Looks on while kinds are collected: what it hands back does what it was handed, and nothing else."""

    read: Callable[[Read], Read] = _as_it_is
    steps: Callable[[Part[Reading]], Part[Reading]] = _as_it_is


def open_session(
    connection: Connection, policy: Policy, cache_directory: Path, *, on_request: OnRequest, user_agent: str
) -> Session:
    """The door to a cluster, with a credential in hand. Nothing is asked yet.

    The import is here so that a run that asks nothing does not pay for it.
    """
    from kubectl_inventory.connection.kube import open_cluster
    from kubectl_inventory.connection.kubeconfig import resolve_credentials

    end_s = ticks_s() + policy.limits.deadline_s
    ready = resolve_credentials(connection, timeout_s=min(policy.limits.deadline_s, _CREDENTIAL_S))
    cache = cache_of(ready, cache_directory)
    return Session(
        context=ready.shown_context,
        server=ready.server,
        own_namespace=ready.namespace or "default",
        policy=policy,
        cluster=open_cluster(ready, policy.limits, end_s=end_s, on_request=on_request, user_agent=user_agent),
        cache=cache,
        remembered=cache.load(),
        end_s=end_s,
        notices=ready.notices,
    )


def cache_of(connection: Connection, cache_directory: Path) -> DiscoveryCache:
    """Where it is remembered what the server told this user; known before there is a credential."""
    user = f"{connection.user} {connection.as_user}".strip()
    return DiscoveryCache(cache_directory, server=connection.server, user=user)


def take_inventory(request: Request, session: Session, watch: Watch) -> Inventory:
    """One inventory, begun: its pieces come as they are read."""
    return collect_kinds(request, session, find_ground(request, session), watch)


def find_ground(request: Request, session: Session) -> Ground:
    """What has to be known before a kind is asked: which namespaces, which kinds, and what is left out."""
    read, policy = session.cluster.read, session.policy
    refuse_denied_types(request.types, policy)
    taken = Taken(session.context, session.server, now_iso())
    bounds = _bounds(request, session)
    each = SideBySide(bounds, session.end_s)
    namespaces = Namespaces(read, each, policy, context=session.context, own=session.own_namespace)
    reach = find_reach(request, policy, namespaces)
    if not session.knows_kinds:
        _open_ahead(request, session, bounds)
    catalog = read_catalog(session, each)
    return Ground(taken, namespaces, make_plan(request, catalog, policy, reach))


def collect_kinds(
    request: Request, session: Session, ground: Ground, watch: Watch, *, observer: Observer | None = None
) -> Inventory:
    """An inventory of what the plan asks, begun, perhaps with somebody looking on."""
    observer = observer if observer is not None else Observer()
    collector = make_collector(request, session, ground, observer.read(session.cluster.read))
    bounds = _bounds(request, session)
    asked = ground.plan.kinds("Asked")
    stream = _gather(asked, collector, bounds, session.end_s, watch, observer=observer)
    if session.knows_kinds:
        _open_ahead(request, session, bounds)
    return Inventory(ground.taken, ground.plan, ground.namespaces, stream)


def foresee(request: Request, session: Session, ground: Ground, watch: Foresight) -> list[Forecast]:
    """How each kind would be asked, in the plan's order; nothing is listed. Raises `TimedOut` at the run's end."""
    collector = make_collector(request, session, ground, session.cluster.read)
    kinds = ground.plan.kinds("Asked")
    tasks = [forecast_kind(kind, collector) for kind in kinds]
    batch = Batch(tasks, _bounds(request, session), end_s=session.end_s, watch=partial(watch, kinds))
    forecasts: list[Forecast] = []
    for _, end in batch:
        if isinstance(end, Unfinished):
            raise TimedOut(OUT_OF_TIME, hint=_LATER)
        if isinstance(end, Finished):
            forecasts.append(end.outcome)
    return forecasts


def diagnose(
    inventory: Inventory, request: Request, session: Session, *, since_s: float, thorough: bool
) -> Diagnosis:
    """What is not well in an inventory that was begun, which is read to its end.

    `since_s`: how far events are looked back. `thorough`: looks also at what says no more than why, and since when.
    """
    from kubectl_inventory.judgement import diagnosis

    terms = diagnosis.Terms(
        policy=session.policy, since_s=since_s, thorough=thorough, ahead_s=lambda: session.cluster.ahead_s
    )
    return diagnosis.diagnose(inventory, terms, session.cluster.read, side_by_side(request, session))


def lists_at_once(request: Request, session: Session) -> int:
    """How many lists are in flight at the distance that is known by now."""
    return 1 if request.strategy == "sequential" else _bounds(request, session).room("workers")


def make_collector(request: Request, session: Session, ground: Ground, read: Read) -> Collector:
    """All that the tasks of one inventory need."""
    return Collector(
        request=request,
        policy=session.policy,
        reach=ground.plan.reach,
        read=read,
        namespaces=ground.namespaces,
        round_trip_s=session.round_trip_s,
        compresses=lambda: session.cluster.compresses,
        budget=Budget(session.policy.limits.max_objects),
        label_values={key: set() for key in request.label_keys},
    )


def side_by_side(request: Request, session: Session) -> SideBySide:
    """What runs the small questions of a run: as many at once as its request and its policy let."""
    return SideBySide(_bounds(request, session), session.end_s)


def read_catalog(session: Session, each: SideBySide) -> Catalog:
    """What the cluster can list: remembered, if that is not older than the policy allows, else asked."""
    known = session.remembered.documents
    if not session.knows_kinds:
        try:
            known = discover(session.cluster.read, each, known=known)
        except TimedOut as error:
            if error.hint is not None:
                raise
            where = f"{session.server} (context {session.context})"
            hint = _LATER if error.message == OUT_OF_TIME else _LONGER
            raise TimedOut(f"{where} did not say what there is: {error.message}", hint=hint) from error
        session.cache.save(known, session.round_trip_s())
    return make_catalog(known)


class SideBySide(msgspec.Struct, frozen=True):
    """Runs a few functions at once, within the same bounds as everything else."""

    bounds: Bounds
    end_s: float

    def __call__(self, functions: Sequence[Callable[[], T]]) -> list[T]:
        """Their results, in order. Raises `TimedOut` at the run's end."""
        try:
            return run_each(functions, self.bounds, lane="probe", end_s=self.end_s)
        except TimeoutError as error:
            raise TimedOut(OUT_OF_TIME, hint=_LATER) from error


def _open_ahead(request: Request, session: Session, bounds: Bounds) -> None:
    """Opens the connections that a whole inventory will use, while its first questions are asked."""
    if request.strategy == "sequential" or request.types:
        return
    pools = ("probes", "workers") if request.lists else ("probes",)
    at_once = session.remembered.round_trip_s > 0
    session.cluster.open_ahead(lambda: sum(map(bounds.room, pools)), at_once=at_once)


def _bounds(request: Request, session: Session) -> Bounds:
    """The policy's limits as pools, as wide as the distance is worth; one request at a time if that is the strategy."""
    limits = session.policy.limits
    if request.strategy == "sequential":
        return Bounds({"one": 1}, dict.fromkeys(("probe", "list", "heavy"), ("one",)), _BUFFERED_OBJECTS)
    pools = {"probes": limits.probes, "workers": limits.workers, "heavyLists": limits.heavy_lists}
    # Heavy lists take longest, so they are begun first; many small ones fill the places that are left.
    lanes: dict[str, tuple[str, ...]] = {"probe": ("probes",), "heavy": ("workers", "heavyLists"), "list": ("workers",)}
    return Bounds(pools, lanes, _BUFFERED_OBJECTS, lambda: useful_width(session.round_trip_s()))


_Kinds = Batch[Replied, Page, Reading]


def _gather(
    asked: Sequence[Kind], collector: Collector, bounds: Bounds, end_s: float, watch: Watch, *, observer: Observer
) -> Iterator[tuple[Kind, Page | Reading]]:
    """Every kind's pages and reading, in order; the first questions are asked before anybody iterates.

    Secrets come last when labels are grouped by: see `Collector`.
    """
    step = list_kind if collector.request.lists else count_kind
    late = [kind for kind in asked if kind.holds_secrets and collector.label_values]
    batches: list[tuple[Sequence[Kind], _Kinds]] = []
    for kinds in ([kind for kind in asked if kind not in late], late):
        tasks = [observer.steps(step(kind, collector)) for kind in kinds]
        batches.append((kinds, Batch(tasks, bounds, end_s=end_s, watch=partial(watch, kinds))))
    batches[0][1].begin()
    return _pieces(batches, collector)


def _pieces(
    batches: Sequence[tuple[Sequence[Kind], _Kinds]], collector: Collector
) -> Iterator[tuple[Kind, Page | Reading]]:
    for kinds, batch in batches:
        seen = 0
        for number, piece in batch:
            if isinstance(piece, Page):
                seen += len(piece.rows)
                yield kinds[number], piece
                continue
            yield kinds[number], collector.accounted(_ending(kinds[number], piece, seen))
            seen = 0


def _ending(kind: Kind, end: Finished[Reading] | Unfinished, seen: int) -> Reading:
    """A kind's reading; for one that the end of the run cut off, what had been seen of it."""
    if isinstance(end, Finished):
        return end.outcome
    gap = Gap("TimedOut" if end.started else "NotReached", OUT_OF_TIME)
    return Reading(kind=kind, count=seen, gaps=(gap,))

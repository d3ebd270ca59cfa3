"""The same work by each strategy, by turns, the answers compared before the times are.

Makes the runs and takes the measures; what they mean is for `verdict`, and how
they look for `benchview`. A run is what `get` does from the first kind that it
asks to its table; what comes before that is measured once, as it is the same for
all. Connections stay open from one run to the next, as they do from discovery to
the lists: the first runs may have to open some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from kubectl_inventory.benchmark.rehearsal import Cost, Model, rehearse
from kubectl_inventory.benchmark.stopwatch import Stopwatch
from kubectl_inventory.clock import ticks_s
from kubectl_inventory.errors import AnswersDiffer, ApiError, TimedOut, UsageError
from kubectl_inventory.output import views
from kubectl_inventory.output.answer import gathered, parts, print_table
from kubectl_inventory.output.render import cell_text
from kubectl_inventory.output.style import Style
from kubectl_inventory.reading.inventory import Inventory
from kubectl_inventory.reading.listing import list_kind
from kubectl_inventory.request import Request, Strategy
from kubectl_inventory.resource import ApiPath, Kind, collection_path
from kubectl_inventory.run import (
    Ground,
    Observer,
    Session,
    Watch,
    collect_kinds,
    find_ground,
    make_collector,
    side_by_side,
)
from kubectl_inventory.wire import COLLECTION, decode
from kubectl_inventory.words import some_of

STRATEGIES: tuple[Strategy, ...] = ("sequential", "fanout", "bulk", "auto")
_LASTING = ("Forbidden", "Unavailable")
"""Why something stays unread for as long as a bench takes: any other reason would be a different one next time."""
_UNKNOWN_SIZE = 500
"""What a kind is taken to hold whose server does not say."""
_MOVING = re.compile(r"(?<![\w.-])(?:\d+[ydhms])+(?![\w.-])")
"""A span of time in a cell, `5m12s`: it moves with the clock, and says nothing about a strategy."""
_SHOWN_OBJECTS = 3

Tell = Callable[[int, int, Strategy], Watch]
"""Makes the watch over a run, told its number, how many there are, and which it is."""
Line = tuple[str, ...]
"""An object as printed: its name, its namespace, its cells."""


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """What every strategy is to do, and all that it finds when it begins."""

    request: Request
    session: Session
    ground: Ground
    stopwatch: Stopwatch
    namespaces: tuple[str, ...]
    """Those that are asked one by one where a strategy does so; none where only cluster-scoped kinds are asked."""
    startup_s: float
    """From the start of the process to the first kind that could be asked."""

    @property
    def kinds(self) -> list[Kind]:
        """The kinds that are listed."""
        return self.ground.plan.kinds("Asked")


class Split(msgspec.Struct, frozen=True):
    """One run's time on the wall clock, in seconds: `Stopwatch` says how it is shared out."""

    startup_s: float
    wait_s: float
    """For the server's first byte; for a connection, too."""
    read_s: float
    """For the rest of the reply."""
    decode_s: float
    """From bytes to rows, and all that is not told apart."""
    render_s: float
    """From rows to text."""

    @property
    def listing_s(self) -> float:
        """All but the start."""
        return self.wait_s + self.read_s + self.decode_s + self.render_s

    @property
    def total_s(self) -> float:
        """What one waits in all."""
        return self.startup_s + self.listing_s


class Run(msgspec.Struct, frozen=True):
    """One run of one strategy."""

    strategy: Strategy
    split: Split
    cost: Cost


class Seen(msgspec.Struct, frozen=True):
    """What a run answered, without what moves with the clock."""

    lines: tuple[Line, ...]
    unread: frozenset[tuple[str, str, str]]
    """Kind, namespace (empty: all of it) and reason."""


class Times(msgspec.Struct, frozen=True):
    """Rounds of runs: each has one of every strategy."""

    rounds: tuple[tuple[Run, ...], ...]

    def of(self, strategy: Strategy) -> list[Run]:
        """One strategy's runs, the fastest first."""
        runs = [run for made in self.rounds for run in made if run.strategy == strategy]
        return sorted(runs, key=lambda run: run.split.total_s)

    def median(self, strategy: Strategy) -> Run:
        """Its middle run, a real one whose split adds up; of an even number the faster of the two."""
        runs = self.of(strategy)
        return runs[(len(runs) - 1) // 2]

    def saved(self, strategy: Strategy) -> float:
        """The part of the first strategy's time that another one saves, start-up apart; negative if it takes longer."""
        return 1 - self.median(strategy).split.listing_s / self.median(STRATEGIES[0]).split.listing_s


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """Every round that was made, in each of which all answers agree."""

    workload: Workload
    wanted: int
    """How many rounds were asked for."""
    times: Times
    changed: int
    """Objects that were not the same in one round as in the next."""
    inventory: Inventory
    """The last one that was taken."""

    @property
    def is_whole(self) -> bool:
        """Whether everything was read, as often as it was to be."""
        return self.inventory.is_complete and len(self.times.rounds) == self.wanted


def find_workload(request: Request, session: Session, stopwatch: Stopwatch, *, begun_s: float) -> Workload:
    """All that is found out before a kind is asked, and how long that took since the process began."""
    ground = find_ground(request, session)
    if not ground.plan.kinds("Asked"):
        raise UsageError("there is no kind to list", hint='"kubectl inventory kinds" says why')
    names: tuple[str, ...] = ()
    if any(kind.namespaced for kind in ground.plan.kinds("Asked")):
        reach = ground.plan.reach
        names = reach.names if reach.names is not None else ground.namespaces.names()
    return Workload(
        request=request,
        session=session,
        ground=ground,
        stopwatch=stopwatch,
        namespaces=names,
        startup_s=ticks_s() - begun_s,
    )


def estimate(workload: Workload) -> Cost:
    """What one round will ask: one probe a kind tells the sizes, and each strategy is rehearsed on them."""
    sizes = _sizes(workload)
    cost = Cost()
    for strategy in STRATEGIES:
        model = Model(sizes, workload.namespaces)
        request = msgspec.structs.replace(workload.request, strategy=strategy)
        collector = make_collector(request, workload.session, workload.ground, model.read)
        for kind in workload.kinds:
            rehearse(list_kind(kind, collector))
        cost += model.cost
    return cost


def refuse_excess(workload: Workload, runs: int, a_round: Cost) -> None:
    """Raises `UsageError` where so many runs would not stay within `limits.maxRequests`: none is begun then."""
    most = workload.session.policy.limits.max_requests
    left = most - workload.session.cluster.stats.requests
    if runs * a_round.requests <= left:
        return
    fitting = left // a_round.requests
    fewer = f"--runs {fitting}, or " if fitting > 0 else ""
    raise UsageError(
        f"{runs} runs would take about {runs * a_round.requests:,} requests, more than limits.maxRequests {most:,} "
        "leaves",
        hint=f"{fewer}fewer TYPES or namespaces",
    )


def run_rounds(workload: Workload, runs: int, tell: Tell) -> Measured:
    """Each strategy in turn, so many times, within the run's one end time: a round that it cuts off does not count.

    Raises `AnswersDiffer` where two strategies do not answer the same in one round, or one could not read
    what it should, and `TimedOut` when not even one round was made.
    """
    rounds: list[tuple[Run, ...]] = []
    changed: set[tuple[str, str]] = set()
    last: Seen | None = None
    inventory: Inventory | None = None
    while len(rounds) < runs:
        made: list[Run] = []
        first: Seen | None = None
        # There and back, so that none always has what another one left: caches, connections, a busy moment.
        order = STRATEGIES if len(rounds) % 2 == 0 else STRATEGIES[::-1]
        for strategy in order:
            number = len(rounds) * len(STRATEGIES) + len(made) + 1
            run, taken, seen = _run_once(workload, strategy, tell(number, runs * len(STRATEGIES), strategy))
            if ticks_s() >= workload.session.end_s:
                break
            _refuse_unread(taken, strategy)
            first = first if first is not None else seen
            _refuse_difference(workload, first, seen, between=(order[0], strategy))
            made.append(run)
            inventory = taken
        if len(made) < len(STRATEGIES):
            break
        rounds.append(tuple(made))
        changed |= _differing(last, first) if last is not None and first is not None else set()
        last = first
    if not rounds or inventory is None:
        raise TimedOut(
            "the run's time was up before each strategy had run once (limits.deadlineSeconds)",
            hint="--deadline 10m, or fewer TYPES",
        )
    return Measured(
        workload=workload, wanted=runs, times=Times(tuple(rounds)), changed=len(changed), inventory=inventory
    )


def _sizes(workload: Workload) -> dict[ApiPath, int | ApiError]:
    """How much each kind holds. With rules on namespaces only of kinds that are in none, as no whole is asked then."""
    session = workload.session
    kinds = [kind for kind in workload.kinds if not (kind.namespaced and session.policy.has_namespace_rule)]
    # Without selectors, with which no server says how many remain: so it is the most that there can be.
    request = msgspec.structs.replace(workload.request, selector="", field_selector="")
    each = side_by_side(request, session)
    found = each([partial(_size, kind, request, workload) for kind in kinds])
    return {collection_path(kind): size for kind, size in zip(kinds, found, strict=True)}


def _size(kind: Kind, request: Request, workload: Workload) -> int | ApiError:
    collector = make_collector(request, workload.session, workload.ground, workload.session.cluster.read)
    question = collector.table(kind, None, lane="probe")
    question = msgspec.structs.replace(question, limit=1, from_cache=False)
    try:
        reply = decode(collector.read(question).body, COLLECTION, what=kind.name)
    except ApiError as error:
        if error.is_fatal:
            raise
        return error
    if reply.metadata.remaining_item_count is not None:
        # The model holds as many rows as that: nothing keeps a server from saying any number.
        size = reply.length + reply.metadata.remaining_item_count
        return min(max(size, 0), workload.session.policy.limits.max_objects)
    return _UNKNOWN_SIZE if reply.metadata.continue_token else reply.length


def _run_once(workload: Workload, strategy: Strategy, watch: Watch) -> tuple[Run, Inventory, Seen]:
    """One strategy, from the first question to the last character of its table."""
    session, stopwatch = workload.session, workload.stopwatch
    request = msgspec.structs.replace(workload.request, strategy=strategy)
    observer = Observer(read=stopwatch.read, steps=stopwatch.steps)
    before = session.cluster.stats
    text: list[str] = []
    stopwatch.begin()
    begun_s = ticks_s()
    inventory = collect_kinds(request, session, workload.ground, watch, observer=observer)
    listed = gathered(parts(inventory.pieces()))
    listed_s = ticks_s()
    print_table(inventory, listed, Style(), text.append)
    rendered_s = ticks_s()
    after = session.cluster.stats
    shared = stopwatch.shares(begun_s, listed_s)
    split = Split(workload.startup_s, shared["wait"], shared["read"], shared["decode"], rendered_s - listed_s)
    cost = Cost(after.requests - before.requests, after.bytes_received - before.bytes_received)
    return Run(strategy, split, cost), inventory, _seen(inventory, listed)


def _seen(inventory: Inventory, listed: Sequence[views.Listed]) -> Seen:
    lines = []
    for part in listed:
        for row in part.rows:
            cells = (_MOVING.sub("~", cell_text(cell)) for cell in row.cells)
            lines.append((f"{part.kind.prefix}/{row.name}", row.namespace or "", *cells))
    unread = set()
    for reading in inventory.readings:
        for gap in reading.gaps:
            # A kind of which nothing may be read: it is the same, refused once or in each namespace.
            unread.add((reading.kind.name, "" if reading.is_unread else gap.namespace or "", gap.reason))
    return Seen(tuple(lines), frozenset(unread))


def _refuse_unread(inventory: Inventory, strategy: Strategy) -> None:
    """Raises `AnswersDiffer` where something went wrong that the next run may not meet."""
    for reading in inventory.readings:
        for gap in reading.gaps:
            if gap.reason not in _LASTING:
                raise AnswersDiffer(
                    f"{strategy} could not read {reading.kind.name}, so there is nothing to compare: {gap.message}",
                    hint=f"--exclude {reading.kind.name}",
                )


def _refuse_difference(workload: Workload, first: Seen, other: Seen, *, between: tuple[Strategy, Strategy]) -> None:
    """Raises `AnswersDiffer` where a strategy does not answer as the first one of its round."""
    if first == other:
        return
    both = " and ".join(between)
    if first.unread != other.unread:
        kinds = ", ".join(sorted({kind for kind, _, _ in first.unread ^ other.unread})[:_SHOWN_OBJECTS])
        raise AnswersDiffer(f"{both} could not read the same of {kinds}", hint="if rights changed meanwhile, run again")
    keys = sorted(_differing(first, other))
    objects = len({_key(line) for line in (*first.lines, *other.lines)})
    shown = some_of([f"{name} in {where}" if where else name for name, where in keys], _SHOWN_OBJECTS)
    what = f"differ in {len(keys):,} of {objects:,} objects: {shown}" if keys else "differ in the objects' order"
    typed = " ".join(["get", *([",".join(workload.request.types)] if workload.request.types else [])])
    prefixes = {name.partition("/")[0] for name, _ in keys}
    changing = ",".join(kind.name for kind in workload.kinds if kind.prefix in prefixes)
    without = f" or --exclude {changing}" if 0 < len(prefixes) < len(workload.kinds) else ""
    raise AnswersDiffer(
        f"{both} {what}",
        hint=f"if that changed meanwhile, run again{without}; "
        f'"kubectl inventory {typed} --strategy {between[1]}" shows one side',
    )


def _differing(first: Seen, other: Seen) -> set[tuple[str, str]]:
    """Name and namespace of the objects that are not the same in both answers."""
    return {_key(line) for line in set(first.lines) ^ set(other.lines)}


def _key(line: Line) -> tuple[str, str]:
    return line[0], line[1]

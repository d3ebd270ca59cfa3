"""Does what a command asks: opens the cluster, takes the inventory, prints the answer, and says how it went.

Returns the exit code. What only one of these needs is imported where it is used, most
of it while the server works on the first questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from kubectl_inventory.command.helptext import as_called
from kubectl_inventory.command.opening import connection_of, open_cluster
from kubectl_inventory.command.options import Given
from kubectl_inventory.command.terminal import AuditLog, Terminal
from kubectl_inventory.output.style import Style
from kubectl_inventory.request import Request, Strategy
from kubectl_inventory.words import number

if TYPE_CHECKING:
    from kubectl_inventory.boundary.policy import Policy
    from kubectl_inventory.health import Health
    from kubectl_inventory.output.summary import Summary
    from kubectl_inventory.reading.batch import Progress
    from kubectl_inventory.reading.forecast import Forecast
    from kubectl_inventory.reading.inventory import Inventory, Reading
    from kubectl_inventory.resource import Kind
    from kubectl_inventory.run import Session, Watch

EXIT_WARNED = 1
"""The server sent a warning, and `--warnings-as-errors` was typed; the answer's own code goes before it."""
EXIT_INCOMPLETE = 3
EXIT_GATE = 4
"""`--fail-on` matched; it goes before incomplete, as what was read is reason enough."""


def answer(terminal: Terminal, given: Given, request: Request, style: Style) -> int:
    """The inventory, or how it would be taken."""
    return _foresee(terminal, given, request, style) if given.plan else take(terminal, given, request, style)


def take(terminal: Terminal, given: Given, request: Request, style: Style) -> int:
    """Takes an inventory and prints it, then says how complete it is."""
    from kubectl_inventory.run import take_inventory

    policy, log, session = open_cluster(terminal, given, connection_of(given))
    inventory = take_inventory(request, session, partial(_show_progress, terminal, policy))
    _note_withheld(log, inventory)
    # While the server works on the first questions.
    from kubectl_inventory.output.answer import print_inventory

    print_inventory(inventory, request, style, terminal.write)
    terminal.flush()
    _account(terminal, given, request, style, inventory)
    is_well = inventory.is_complete or given.allow_incomplete
    return _exit_code(terminal, given, session, 0 if is_well else EXIT_INCOMPLETE)


def judge(
    terminal: Terminal, given: Given, request: Request, style: Style, fail_on: Sequence[Health]
) -> int:
    """Takes an inventory of what says how it is, judges it, and prints what is not well; or how it would be taken."""
    if given.plan:
        return _foresee(terminal, given, request, style)
    from kubectl_inventory.run import diagnose, take_inventory

    policy, log, session = open_cluster(terminal, given, connection_of(given))
    inventory = take_inventory(request, session, partial(_show_progress, terminal, policy))
    _note_withheld(log, inventory)
    # While the server works on the first questions.
    from kubectl_inventory.judgement.healthview import Shown, gate, print_health, summarize_health

    diagnosis = diagnose(inventory, request, session, since_s=given.since, thorough=_is_thorough(given, style))
    shown = Shown(
        named=request.namespaces,
        ok=given.show_ok,
        explains=given.explain,
        broken=given.broken,
        since_s=given.since,
        connection_flags=given.echo,
        colours=terminal.colours_answer,
        is_verbose=given.verbosity > 0,
    )
    print_health(diagnosis, inventory, shown, style, terminal.write)
    terminal.flush()
    _warn(terminal, inventory)
    if not (given.quiet and inventory.is_complete):
        _conclude(terminal, summarize_health(diagnosis, inventory, shown, elapsed_s=terminal.elapsed_s))
    matched = gate(diagnosis, fail_on) if fail_on else ""
    if matched:
        terminal.say(f"{session.context}: {matched}")
    is_well = inventory.is_complete or given.allow_incomplete
    return _exit_code(terminal, given, session, EXIT_GATE if matched else 0 if is_well else EXIT_INCOMPLETE)


def _is_thorough(given: Given, style: Style) -> bool:
    """Whether a judgement is also asked since when and why what it finds is so."""
    return given.explain or given.broken or style.is_document


def _foresee(terminal: Terminal, given: Given, request: Request, style: Style) -> int:
    """Says how each kind would be asked, and with `--plan=run` what that really costs."""
    from kubectl_inventory.output.planview import Foreseen, print_plan, summarize_plan
    from kubectl_inventory.reading.inventory import Inventory
    from kubectl_inventory.reading.meter import Meter
    from kubectl_inventory.run import collect_kinds, diagnose, find_ground, foresee, lists_at_once

    is_judgement = request.command == "health"
    if is_judgement:
        from kubectl_inventory.judgement.closer import MOST_LOOKS

    meter = Meter()
    policy, log, session = open_cluster(terminal, given, connection_of(given), on_request=meter.note)
    ground = find_ground(request, session)
    forecasts = foresee(request, session, ground, partial(_show_progress, terminal, policy))
    foreseen = Foreseen(
        inventory=Inventory(ground.taken, ground.plan, ground.namespaces, iter(())),
        forecasts=forecasts,
        round_trip_s=session.round_trip_s(),
        at_once=lists_at_once(request, session),
        meter=meter,
        elapsed_s=terminal.elapsed_s,
        most_looks=MOST_LOOKS if is_judgement else 0,
        was_run=given.plan == "run",
    )
    inventory: Inventory | None = None
    if foreseen.was_run:
        meter.begin()
        inventory = collect_kinds(request, session, ground, partial(_show_progress, terminal, policy))
        _note_withheld(log, inventory)
        if is_judgement:
            diagnose(inventory, request, session, since_s=given.since, thorough=_is_thorough(given, style))
        inventory.read_to_end()
    print_plan(foreseen, style, terminal.write)
    terminal.flush()
    if not given.quiet:
        _conclude(terminal, summarize_plan(foreseen))
    if inventory is not None:
        _account(terminal, given, request, style, inventory)
    is_well = inventory is None or inventory.is_complete or given.allow_incomplete
    return _exit_code(terminal, given, session, 0 if is_well else EXIT_INCOMPLETE)


def compare(terminal: Terminal, given: Given, request: Request, style: Style, began_s: float) -> int:
    """Says how much it is about to ask, runs every strategy in turn, and prints what that took."""
    from kubectl_inventory.benchmark.bench import estimate, find_workload, refuse_excess, run_rounds
    from kubectl_inventory.benchmark.benchview import advise, announcement, print_bench, summarize_bench
    from kubectl_inventory.benchmark.stopwatch import Stopwatch

    stopwatch = Stopwatch()
    _, log, session = open_cluster(terminal, given, connection_of(given), on_request=stopwatch.note)
    workload = find_workload(request, session, stopwatch, begun_s=began_s)
    a_round = estimate(workload)
    terminal.say(announcement(workload, given.runs, a_round))
    refuse_excess(workload, given.runs, a_round)
    if given.dry_run:
        return _exit_code(terminal, given, session, 0)
    measured = run_rounds(workload, given.runs, partial(_show_run, terminal))
    _note_withheld(log, measured.inventory)
    print_bench(measured, style, terminal.write)
    terminal.flush()
    if not (given.quiet and measured.is_whole):
        _conclude(
            terminal, summarize_bench(measured, elapsed_s=terminal.elapsed_s, connection_flags=given.echo)
        )
        if advice := advise(measured):
            terminal.say(f"hint: {advice}")
    return _exit_code(terminal, given, session, 0 if measured.is_whole or given.allow_incomplete else EXIT_INCOMPLETE)


def _note_withheld(log: AuditLog | None, inventory: Inventory) -> None:
    """A line in the audit log for each thing that a rule keeps out: known before anything is listed."""
    from kubectl_inventory.output.views import withheld

    if log is not None:
        for entry in withheld(inventory):
            log.append("withheld", entry)


def _exit_code(terminal: Terminal, given: Given, session: Session, code: int) -> int:
    """With `-v` says what went through the door. The exit code: that of the answer, unless warnings are errors."""
    if given.verbosity:
        stats = session.cluster.stats
        terminal.say(f"{session.context}: {stats.requests:,} requests, {stats.bytes_received / 1024:,.0f} KiB received")
    warnings = session.cluster.warnings
    for text in warnings if given.verbosity or given.warnings_as_errors else ():
        terminal.say(f"warning: {text}")
    if not (given.warnings_as_errors and warnings):
        return code
    terminal.say(f"error: {number(len(warnings), 'warning')} received")
    return code or EXIT_WARNED


def _account(terminal: Terminal, given: Given, request: Request, style: Style, inventory: Inventory) -> None:
    """What ends a run on stderr."""
    from kubectl_inventory.output.summary import summarize

    is_told = request.command != "kinds" and not given.ignore_not_found
    if not inventory.objects and inventory.is_complete and is_told:
        where = f" in {request.namespaces[0]} namespace." if len(request.namespaces) == 1 else ""
        terminal.say(f"No resources found{where}")
    _warn(terminal, inventory)
    if given.quiet and inventory.is_complete:
        return
    _conclude(
        terminal, summarize(inventory, request, style, elapsed_s=terminal.elapsed_s, connection_flags=given.echo)
    )


def _warn(terminal: Terminal, inventory: Inventory) -> None:
    """What a reader of the answer should know, though nothing of it was left unread."""
    for slip in inventory.plan.slips:
        terminal.say(f"warning: {slip}")
    for name in inventory.plan.reach.unchecked:
        if not inventory.objects:
            terminal.say(f'warning: cannot check that namespace "{name}" exists')
    for reading in inventory.readings:
        for note in reading.notes:
            terminal.say(f"warning: {reading.kind.name}: {note}")


def _conclude(terminal: Terminal, summary: Summary) -> None:
    """The last words of a run."""
    terminal.say(summary.sentence)
    for line in summary.lines:
        terminal.say(line)
    if summary.hint:
        terminal.say(f"hint: {as_called(summary.hint, terminal.program)}")


def _show_progress(
    terminal: Terminal, policy: Policy, kinds: Sequence[Kind], progress: Progress[Reading] | Progress[Forecast]
) -> None:
    terminal.waiting_for = kinds[progress.running[0]].name if progress.running else ""
    waiting = f"; waiting for {terminal.waiting_for}" if terminal.waiting_for else ""
    limit = f" ({policy.limits.request_timeout_s:g}s limit)" if waiting else ""
    objects = sum(outcome.count or 0 for outcome in progress.outcomes)
    done = f"{progress.finished} of {progress.total} kinds, {objects:,} objects"
    terminal.draw_progress(f"{terminal.context}: {done}, {terminal.elapsed_s:.0f}s{waiting}{limit}")


def _show_run(terminal: Terminal, number: int, total: int, strategy: Strategy) -> Watch:
    """The watch over one run of a bench."""

    def show(kinds: Sequence[Kind], progress: Progress[Reading]) -> None:
        terminal.waiting_for = kinds[progress.running[0]].name if progress.running else ""
        run = f"run {number:,} of {total:,} ({strategy})"
        terminal.draw_progress(f"{terminal.context}: {run}, {terminal.elapsed_s:.0f}s")

    return show

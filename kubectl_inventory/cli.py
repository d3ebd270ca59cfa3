"""The commands: argv to a `Request`, an `Inventory` to text, a failure to an exit code.

Every command reads its words, opens a session and hands over; what they mean is for
the rooms behind, and how the process ends is for `program`. What only a command that
asks a cluster needs is imported where it is used: half of the time of `version`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubectl_inventory.clock import begun_s
from kubectl_inventory.errors import (
    ApiError,
    KubeconfigError,
    PolicyError,
    UsageError,
    near,
)
from kubectl_inventory.helptext import HELP, PROGRAM
from kubectl_inventory.options import (
    Given,
    LookBack,
    WordList,
    connection_options,
    given_to,
    output_options,
    place_options,
    plan_option,
    scope_options,
    strategy_option,
)
from kubectl_inventory.request import LABEL_PREFIX, Command, Need, Request, Strategy
from kubectl_inventory.style import BENCH_FORMATS, FORMATS, GRID_FORMATS, SETTING_FORMATS, Style
from kubectl_inventory.terminal import AuditLog, Terminal
from kubectl_inventory.version import VERSION, platform_name, user_agent

if TYPE_CHECKING:
    from kubectl_inventory.batch import Progress
    from kubectl_inventory.discovery import Catalog
    from kubectl_inventory.forecast import Forecast
    from kubectl_inventory.health import Health
    from kubectl_inventory.inventory import Inventory, Reading
    from kubectl_inventory.kube import RequestRecord
    from kubectl_inventory.kubeconfig import Connection
    from kubectl_inventory.policy import Policy
    from kubectl_inventory.policy_file import PolicyFile
    from kubectl_inventory.resource import Kind
    from kubectl_inventory.run import OnRequest, Session, Watch
    from kubectl_inventory.summary import Summary

EXIT_INCOMPLETE = 3
EXIT_GATE = 4
"""`--fail-on` matched; it goes before incomplete, as what was read is reason enough."""


class Program(click.Group):
    """The root command: with a help page of its own."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The page of `helptext`."""
        formatter.write(HELP.replace(PROGRAM, ctx.find_root().info_name or PROGRAM))


# --- commands ---------------------------------------------------------------

_HELP_NAMES = {"help_option_names": ["-h", "--help"]}


@click.group(cls=Program, invoke_without_command=True, context_settings=_HELP_NAMES)
@scope_options
@output_options(GRID_FORMATS)
@connection_options
@click.option("--by", type=WordList(), multiple=True, metavar="KEY[,KEY]", help="count by kind, namespace, label=KEY")
@click.option("--show-empty", is_flag=True, help="show kinds without objects too")
@plan_option
@click.option("--version", "wants_version", is_flag=True, help="print the program's version")
@click.pass_context
def root(ctx: click.Context, /, wants_version: bool, **_: object) -> int:
    """Count objects by kind, namespace or label."""
    terminal = ctx.ensure_object(Terminal)
    if ctx.invoked_subcommand is not None:
        return 0
    if wants_version:
        return _print_version(terminal)
    given = given_to(ctx)
    request = _request(given, command="counts", by=_keys(given))
    return _answer(terminal, given, request, _style(given, GRID_FORMATS))


@root.command(context_settings=_HELP_NAMES)
@scope_options
@output_options(FORMATS)
@connection_options
@click.argument("types", type=WordList(), nargs=-1, metavar="[TYPE[,TYPE]]...")
@click.option("--show-labels", is_flag=True, help="a column with each object's labels")
@click.option("--sort-by", default="", metavar="COLUMN", help="a column's header, or .metadata.creationTimestamp")
@strategy_option
@plan_option
@click.pass_context
def get(ctx: click.Context, /, **_: object) -> int:
    """List objects with their status, kinds mixed, as kubectl would print each.

    \b
    Examples:
      kubectl inventory get                          # every object
      kubectl inventory get deploy,pods -n shop,pay  # these kinds in these namespaces
      kubectl inventory get -o name | wc -l          # how many, as kubectl would name them
      kubectl inventory get pods --sort-by restarts  # by a column
    """
    _settle_types(ctx)
    given = given_to(ctx)
    style = _style(given, FORMATS)
    return _answer(ctx.ensure_object(Terminal), given, _request(given, command="get", need=style.need), style)


@root.command(context_settings=_HELP_NAMES)
@place_options
@output_options(GRID_FORMATS)
@connection_options
@click.argument("named", type=WordList(), nargs=-1, metavar="[NS[,NS]]...")
@click.option("--explain", is_flag=True, help="every finding, why it is so, and what to type next")
@click.option("--broken", is_flag=True, help="the findings alone, an object a line")
@click.option("--show-ok", is_flag=True, help="show namespaces that are well too")
@click.option("--since", type=LookBack(), default=3600.0, metavar="DURATION", help="look back at events so far (1h)")
@click.option(
    "--fail-on", type=WordList(), multiple=True, metavar="HEALTH[,HEALTH]",
    help="exit 4 if any namespace, or the cluster, is so: warning (or worse), error, unknown",
)
@strategy_option
@click.pass_context
def health(ctx: click.Context, /, **_: object) -> int:
    """Say which namespaces are not well, worst first, and why.

    Judged are all objects that say how they are, custom ones too, by what the server prints of them.

    \b
    Examples:
      kubectl inventory health                       # a row for each namespace that is not well
      kubectl inventory health shop --explain        # why, and what to type next
      kubectl inventory health --broken | grep error # an object a line
      kubectl inventory health --fail-on error -q    # for CI: exit 4 if anything is in error
    """
    words: tuple[tuple[str, ...], ...] = ctx.params.pop("named")
    ctx.params["namespaces"] = (*words, *ctx.params["namespaces"])
    given = given_to(ctx)
    return _judge(ctx.ensure_object(Terminal), given, _style(given, GRID_FORMATS))


@root.command(context_settings=_HELP_NAMES)
@scope_options
@output_options(GRID_FORMATS)
@connection_options
@click.pass_context
def kinds(ctx: click.Context, /, **_: object) -> int:
    """List every kind that the cluster has, and whether it could be read.

    \b
    Examples:
      kubectl inventory kinds                    # one row a kind
      kubectl inventory kinds | grep Forbidden   # what RBAC does not let you see
    """
    given = given_to(ctx)
    return _take(
        ctx.ensure_object(Terminal), given, _request(given, command="kinds"), _style(given, GRID_FORMATS)
    )


@root.command(context_settings=_HELP_NAMES)
@scope_options
@output_options(BENCH_FORMATS)
@connection_options
@click.argument("types", type=WordList(), nargs=-1, metavar="[TYPE[,TYPE]]...")
@click.option("--runs", type=click.IntRange(min=1), default=5, metavar="N", help="how often each strategy runs (5)")
@click.option("--dry-run", is_flag=True, help="say how much would be asked, and stop")
@click.pass_context
def bench(ctx: click.Context, /, **_: object) -> int:
    """Time the ways to read this cluster: the same lists by each strategy, the answers compared first.

    It asks what "get" asks, several times over, within the same limits, and says how much before it does.

    \b
    Examples:
      kubectl inventory bench pods --dry-run             # how many requests that would be
      kubectl inventory bench pods                       # which strategy is fastest, and why
      kubectl inventory bench deploy,rs,pods -n shop,pay --runs 3
    """
    began_s = begun_s()
    _settle_types(ctx)
    given = given_to(ctx)
    return _bench(ctx.ensure_object(Terminal), given, _style(given, BENCH_FORMATS), began_s)


@root.command(context_settings=_HELP_NAMES)
@click.pass_context
def options(ctx: click.Context) -> int:
    """List the connection and limit flags."""
    formatter = ctx.make_formatter()
    rows = [record for option in _shown(root) if (record := option.get_help_record(ctx)) is not None]
    formatter.write("These flags work with every command that asks a cluster:\n\n")
    formatter.write_dl(rows)
    ctx.ensure_object(Terminal).write(formatter.getvalue())
    return 0


@root.command(context_settings=_HELP_NAMES)
@click.pass_context
def version(ctx: click.Context) -> int:
    """Print the program's version."""
    return _print_version(ctx.ensure_object(Terminal))


@root.group(context_settings=_HELP_NAMES)
def policy() -> None:
    """Show, check or write the boundary policy: what may be read, and how hard.

    \b
    Examples:
      kubectl inventory policy show                    # the effective boundary, and who set what
      kubectl inventory policy check ci-policy.yaml    # every mistake, as FILE:LINE
      kubectl inventory policy init > my-policy.yaml   # one to start from
    """


@policy.command("show", context_settings=_HELP_NAMES)
@output_options(SETTING_FORMATS)
@connection_options
@click.pass_context
def policy_show(ctx: click.Context, /, **_: object) -> int:
    """Print the effective boundary and which source set each value."""
    from kubectl_inventory.answer import print_settings

    given = given_to(ctx)
    style = _style(given, SETTING_FORMATS)
    effective = _policy(given, _usable_connection(given))
    print_settings(effective.settings(), style, ctx.ensure_object(Terminal).write)
    return 0


@policy.command("check", context_settings=_HELP_NAMES)
@connection_options
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_context
def policy_check(ctx: click.Context, /, file: Path | None, **_: object) -> int:
    """Say every mistake in a policy FILE (default: the files that apply), as FILE:LINE.

    Kind names are checked against the cluster when there is one.
    """
    from kubectl_inventory.policy import check_policy
    from kubectl_inventory.policy_file import read_policy_file

    terminal = ctx.ensure_object(Terminal)
    given = given_to(ctx)
    files = _policy_files(given) if file is None else [read_policy_file(file, _home())]
    if not files:
        terminal.say("no policy file: the built-in policy denies nothing")
        return 0
    connection = _usable_connection(given)
    context = connection.context if connection is not None else None
    known = _known_kinds(terminal, given, connection) if connection is not None else None
    kinds_known = known.kinds if known is not None else None
    unknown_groups = [gap.group for gap in known.gaps] if known is not None else []
    problems = [
        problem
        for part in files
        for problem in check_policy(part, kinds_known, context, unknown_groups=unknown_groups)
    ]
    for problem in problems:
        terminal.write(f"{problem}\n")
    names = ", ".join(part.name for part in files)
    if problems:
        raise PolicyError(f"{names}: {len(problems)} {'error' if len(problems) == 1 else 'errors'}")
    unchecked = ""
    if known is None:
        unchecked = " (kind names not checked: no cluster)"
    elif unknown_groups:
        unchecked = f" (kinds of {', '.join(unknown_groups)} not checked: unavailable)"
    terminal.say(f"{names}: no errors{unchecked}")
    return 0


@policy.command("init", context_settings=_HELP_NAMES)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_context
def policy_init(ctx: click.Context, file: Path | None) -> int:
    """Write a policy that denies nothing, with commented examples, to FILE or stdout."""
    from kubectl_inventory.policy import policy_template

    terminal = ctx.ensure_object(Terminal)
    if file is None:
        terminal.write(policy_template())
        return 0
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(policy_template())
    except OSError as error:
        raise UsageError(f"cannot write {file}: {(error.strerror or str(error)).lower()}") from error
    terminal.say(f"{file}: written; it denies nothing yet")
    return 0


# --- words to values --------------------------------------------------------


def _request(given: Given, *, command: Command, by: tuple[str, ...] = ("kind",), need: Need = "cells") -> Request:
    if given.namespaces and not _flat(given.namespaces):
        # `-n "$NS"` of an unset variable must not become the whole cluster.
        raise UsageError("-n names no namespace", hint="leave it out for the whole cluster")
    if given.namespaces and given.all_namespaces:
        raise UsageError("-A and -n exclude each other")
    if given.namespaces and given.scope == "cluster":
        raise UsageError("--scope cluster and -n exclude each other: cluster-scoped kinds are in no namespace")
    return Request(
        command=command,
        types=given.types,
        namespaces=_flat(given.namespaces),
        exclude=_flat(given.exclude),
        scope=given.scope,
        selector=given.selector,
        field_selector=given.field_selector,
        by=by,
        strategy=given.strategy,
        need=need,
    )


def _settle_types(ctx: click.Context) -> None:
    """TYPES, typed as several words or as a comma list, as one list."""
    types: tuple[tuple[str, ...], ...] = ctx.params["types"]
    ctx.params["types"] = tuple(word for part in types for word in part)
    if types and not ctx.params["types"]:
        # `get "$KINDS"` of an unset variable must not ask for everything.
        raise UsageError(f"{ctx.info_name} names no kind", hint="leave it out for every kind")


def _style(given: Given, valid: Sequence[str]) -> Style:
    if given.output not in valid:
        raise UsageError(
            f'unknown output format "{given.output}"{near(given.output, valid)}', hint=", ".join(valid)
        )
    return Style(
        format=given.output,
        headers=not given.no_headers,
        labels=given.show_labels,
        show_empty=given.show_empty,
        sort_by=given.sort_by,
    )


def _keys(given: Given) -> tuple[str, ...]:
    """What `--by` groups by, each once."""
    by = _flat(given.by) or ("kind",)
    for key in by:
        if key in ("kind", "namespace"):
            continue
        if not re.fullmatch(rf"{LABEL_PREFIX}[A-Za-z0-9][-A-Za-z0-9_./]*", key):
            suggestion = near(key, ["kind", "namespace"])
            raise UsageError(f'cannot count by "{key}"{suggestion}', hint="kind, namespace, label=KEY")
    return tuple(dict.fromkeys(by))


def _flat(parts: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in parts for word in part))


def _shown(command: click.Command) -> list[click.Option]:
    """Copies, not hidden, of the options that a command's own help leaves to the page of `options`."""
    import copy

    found = [copy.copy(option) for option in command.params if isinstance(option, click.Option) and option.hidden]
    for option in found:
        option.hidden = False
    return found


# --- doors ------------------------------------------------------------------


def _home() -> Path:
    """The user's home; where nobody knows it, a place that does not exist, as for Debian's user `nobody`."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


def _policy_files(given: Given) -> list[PolicyFile]:
    from kubectl_inventory.policy_file import read_policy_files

    return read_policy_files(flag=given.policy, environ=os.environ, home=_home())


def _policy(given: Given, connection: Connection | None) -> Policy:
    """The boundary in force. Raises `PolicyError` where it refuses the context, or a way round its name."""
    from kubectl_inventory.policy import apply_limit_flags, make_policy

    context = connection.context if connection is not None else None
    effective = apply_limit_flags(make_policy(_policy_files(given), context), given.limit_flags)
    around = [flag for flag, value in (("--server", given.server), ("--cluster", given.cluster)) if value]
    if around and effective.has_context_rule:
        raise PolicyError(
            f"{around[0]} could lead a permitted context to another cluster, and the policy has rules on contexts",
            hint="use --context NAME alone",
        )
    return effective


def _connection(given: Given) -> Connection:
    """What is judged and what is opened: read once a run, as a `kubectx` may come between."""
    from kubectl_inventory.kubeconfig import load_connection

    return load_connection(given.connection_flags, environ=os.environ, home=_home())


def _usable_connection(given: Given) -> Connection | None:
    """The connection whose context's profiles apply; None where there is no cluster to speak of."""
    try:
        return _connection(given)
    except KubeconfigError:
        if given.context is not None:
            raise
        return None


def _known_kinds(terminal: Terminal, given: Given, connection: Connection) -> Catalog | None:
    """The cluster's kinds; None where they cannot be had: a policy is checked without a cluster, too."""
    from kubectl_inventory.run import read_catalog, side_by_side

    try:
        session = _open(terminal, given, connection, _policy(given, connection), _audit_log(given, connection))
        return read_catalog(session, side_by_side(Request(), session))
    except (ApiError, KubeconfigError, PolicyError):
        # No credential or no answer; or the boundary in force is the one that is wrong, or keeps this cluster out.
        return None


def _audit_log(given: Given, connection: Connection) -> AuditLog | None:
    return AuditLog(Path(given.audit_log), context=connection.shown_context) if given.audit_log else None


def _open(
    terminal: Terminal,
    given: Given,
    connection: Connection,
    policy: Policy,
    log: AuditLog | None,
    *,
    on_request: OnRequest = lambda record: None,
) -> Session:
    """The door to the cluster, audited and, with `-v 6`, commented."""
    from kubectl_inventory.run import open_session

    terminal.context = connection.shown_context
    terminal.waiting_for = connection.server

    def note(record: RequestRecord) -> None:
        on_request(record)
        if log is not None:
            log.append("request", record)
        if given.verbosity >= 6:
            outcome = record.failure or record.status
            terminal.say(f"GET {record.path} {outcome} {record.elapsed_ms:.0f}ms {record.bytes_received}B")

    cache = Path(given.cache_dir) if given.cache_dir else _home() / ".kube" / "cache"
    session = open_session(connection, policy, cache, on_request=note, user_agent=user_agent())
    for notice in session.notices:
        terminal.say(f"warning: {notice}")
    return session


def _answer(terminal: Terminal, given: Given, request: Request, style: Style) -> int:
    """The inventory, or how it would be taken."""
    return _foresee(terminal, given, request, style) if given.plan else _take(terminal, given, request, style)


def _take(terminal: Terminal, given: Given, request: Request, style: Style) -> int:
    """Takes an inventory and prints it, then says how complete it is."""
    from kubectl_inventory.run import take_inventory

    connection = _connection(given)
    policy = _policy(given, connection)
    log = _audit_log(given, connection)
    session = _open(terminal, given, connection, policy, log)
    inventory = take_inventory(request, session, partial(_show_progress, terminal, policy))
    _note_withheld(log, inventory)
    # While the server works on the first questions.
    from kubectl_inventory.answer import print_inventory

    print_inventory(inventory, request, style, terminal.write)
    terminal.flush()
    _account(terminal, given, request, style, inventory)
    _close(terminal, given, session)
    return 0 if inventory.is_complete or given.allow_incomplete else EXIT_INCOMPLETE


def _judge(terminal: Terminal, given: Given, style: Style) -> int:
    """Takes an inventory of what says how it is, judges it, and prints what is not well."""
    from kubectl_inventory.run import diagnose, take_inventory

    request = _request(given, command="health")
    fail_on = _fail_on(given)
    _refuse_contradictions(given, style)
    connection = _connection(given)
    policy = _policy(given, connection)
    log = _audit_log(given, connection)
    session = _open(terminal, given, connection, policy, log)
    inventory = take_inventory(request, session, partial(_show_progress, terminal, policy))
    _note_withheld(log, inventory)
    # While the server works on the first questions.
    from kubectl_inventory.healthview import Shown, gate, print_health, summarize_health

    is_thorough = given.explain or given.broken or style.format in ("json", "yaml")
    diagnosis = diagnose(inventory, request, session, since_s=given.since, thorough=is_thorough)
    shown = Shown(
        named=request.namespaces,
        ok=given.show_ok,
        explains=given.explain,
        broken=given.broken,
        since_s=given.since,
        connection_flags=given.echo,
        colours=terminal.colours_answer,
    )
    print_health(diagnosis, inventory, shown, style, terminal.write)
    terminal.flush()
    _warn(terminal, inventory)
    if not (given.quiet and inventory.is_complete):
        _conclude(terminal, summarize_health(diagnosis, inventory, shown, elapsed_s=terminal.elapsed_s))
    matched = gate(diagnosis, fail_on) if fail_on else ""
    if matched:
        terminal.say(f"{session.context}: {matched}")
    _close(terminal, given, session)
    if matched:
        return EXIT_GATE
    return 0 if inventory.is_complete or given.allow_incomplete else EXIT_INCOMPLETE


def _fail_on(given: Given) -> tuple[Health, ...]:
    """What `--fail-on` names, each once."""
    known: dict[str, Health] = {"warning": "warning", "error": "error", "unknown": "unknown"}
    found: list[Health] = []
    for word in _flat(given.fail_on):
        if word not in known:
            raise UsageError(f'--fail-on "{word}" is no health{near(word, known)}', hint=", ".join(known))
        found.append(known[word])
    if given.fail_on and not found:
        raise UsageError("--fail-on names no health", hint=", ".join(known))
    return tuple(found)


def _refuse_contradictions(given: Given, style: Style) -> None:
    if given.explain and given.broken:
        raise UsageError("--explain and --broken exclude each other: one is for people, the other for grep")
    if given.broken and given.show_ok:
        raise UsageError("--broken and --show-ok exclude each other: what is well has no findings")
    if given.explain and style.format not in ("table", "json", "yaml"):
        raise UsageError(
            f"--explain is for people and has no format {style.format}", hint="-o json holds every finding too"
        )


def _foresee(terminal: Terminal, given: Given, request: Request, style: Style) -> int:
    """Says how each kind would be asked, and with `--plan=run` what that really costs."""
    from kubectl_inventory.inventory import Inventory
    from kubectl_inventory.meter import Meter
    from kubectl_inventory.planview import Foreseen, print_plan, summarize_plan
    from kubectl_inventory.run import collect_kinds, find_ground, foresee, lists_at_once

    connection = _connection(given)
    policy = _policy(given, connection)
    meter = Meter()
    log = _audit_log(given, connection)
    session = _open(terminal, given, connection, policy, log, on_request=meter.note)
    ground = find_ground(request, session)
    forecasts = foresee(request, session, ground, partial(_show_progress, terminal, policy))
    foreseen = Foreseen(
        inventory=Inventory(ground.taken, ground.plan, ground.namespaces, iter(())),
        forecasts=forecasts,
        round_trip_s=session.round_trip_s(),
        at_once=lists_at_once(request, session),
        meter=meter,
        elapsed_s=terminal.elapsed_s,
        was_run=given.plan == "run",
    )
    inventory: Inventory | None = None
    if foreseen.was_run:
        meter.begin()
        inventory = collect_kinds(request, session, ground, partial(_show_progress, terminal, policy))
        _note_withheld(log, inventory)
        inventory.read_to_end()
    print_plan(foreseen, style, terminal.write)
    terminal.flush()
    if not given.quiet:
        _conclude(terminal, summarize_plan(foreseen))
    if inventory is not None:
        _account(terminal, given, request, style, inventory)
    _close(terminal, given, session)
    return 0 if inventory is None or inventory.is_complete or given.allow_incomplete else EXIT_INCOMPLETE


def _bench(terminal: Terminal, given: Given, style: Style, began_s: float) -> int:
    """Says how much it is about to ask, runs every strategy in turn, and prints what that took."""
    from kubectl_inventory.bench import estimate, find_workload, refuse_excess, run_rounds
    from kubectl_inventory.benchview import advise, announcement, print_bench, summarize_bench
    from kubectl_inventory.stopwatch import Stopwatch

    request = _request(given, command="get")
    connection = _connection(given)
    policy = _policy(given, connection)
    log = _audit_log(given, connection)
    stopwatch = Stopwatch()
    session = _open(terminal, given, connection, policy, log, on_request=stopwatch.note)
    workload = find_workload(request, session, stopwatch, begun_s=began_s)
    a_round = estimate(workload)
    terminal.say(announcement(workload, given.runs, a_round))
    refuse_excess(workload, given.runs, a_round)
    if given.dry_run:
        _close(terminal, given, session)
        return 0
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
    _close(terminal, given, session)
    return 0 if measured.is_whole or given.allow_incomplete else EXIT_INCOMPLETE


def _note_withheld(log: AuditLog | None, inventory: Inventory) -> None:
    """A line in the audit log for each thing that a rule keeps out: known before anything is listed."""
    from kubectl_inventory.views import withheld

    if log is not None:
        for entry in withheld(inventory):
            log.append("withheld", entry)


def _close(terminal: Terminal, given: Given, session: Session) -> None:
    """Shuts the door; with `-v` what went through it."""
    if given.verbosity:
        stats = session.cluster.stats
        terminal.say(f"{session.context}: {stats.requests:,} requests, {stats.bytes_received / 1024:,.0f} KiB received")
    for text in session.cluster.warnings if given.verbosity else ():
        terminal.say(f"warning: {text}")
    session.cluster.close()


def _account(terminal: Terminal, given: Given, request: Request, style: Style, inventory: Inventory) -> None:
    """What ends a run on stderr."""
    from kubectl_inventory.summary import summarize

    if not inventory.objects and inventory.is_complete and request.command != "kinds":
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
        terminal.say(f"hint: {summary.hint.replace(PROGRAM, terminal.program)}")


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


def _print_version(terminal: Terminal) -> int:
    python = ".".join(str(part) for part in sys.version_info[:3])
    terminal.write(f"kubectl-inventory v{VERSION} (python {python}, {platform_name()})\n")
    return 0

"""The commands: from argv to a `Request`.

Every command reads its words, checks that they go together and hands over: `perform`
does what they ask, and how the process ends is for `program`. What only some commands
need is imported where it is used: half of the time of `version`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubectl_inventory.clock import begun_s
from kubectl_inventory.command.helptext import HELP, as_called
from kubectl_inventory.command.opening import effective_policy, home, known_kinds, policy_files, usable_connection
from kubectl_inventory.command.options import (
    CompletedCommand,
    Given,
    LookBack,
    Times,
    WordList,
    completes,
    completes_commands,
    completes_words,
    connection_options,
    given_to,
    output_options,
    place_options,
    plan_option,
    scope_options,
    shown_options,
    strategy_option,
)
from kubectl_inventory.command.perform import answer, compare, judge, take
from kubectl_inventory.command.terminal import Terminal
from kubectl_inventory.errors import (
    PolicyError,
    UsageError,
    near,
    reason_of,
)
from kubectl_inventory.output.style import BENCH_FORMATS, FORMATS, GRID_FORMATS, SETTING_FORMATS, Style
from kubectl_inventory.request import LABEL_PREFIX, Command, Need, Request
from kubectl_inventory.version import VERSION, platform_name
from kubectl_inventory.words import PROGRAM, number

if TYPE_CHECKING:
    from kubectl_inventory.health import Health


class Page(CompletedCommand):
    """A command whose page names the program as it was called, also in its examples."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """click's page, or that of `helptext`."""
        page = ctx.make_formatter()
        self.write_page(ctx, page)
        name = ctx.find_root().info_name or PROGRAM
        formatter.write(as_called(page.getvalue(), name))

    def write_page(self, ctx: click.Context, page: click.HelpFormatter) -> None:
        """The page under the program's own name."""
        super().format_help(ctx, page)


class PageGroup(Page, click.Group):
    """A command with commands of its own."""

    command_class = Page


class Program(PageGroup):
    """The root command: with a help page of its own."""

    group_class = PageGroup

    def write_page(self, ctx: click.Context, page: click.HelpFormatter) -> None:
        """The page of `helptext`."""
        page.write(HELP)


# --- commands ---------------------------------------------------------------

_HELP_NAMES = {"help_option_names": ["-h", "--help"]}


@click.group(cls=Program, invoke_without_command=True, context_settings=_HELP_NAMES)
@scope_options
@output_options(GRID_FORMATS)
@connection_options
@click.option(
    "--by", type=WordList(), multiple=True, metavar="KEY[,KEY]",
    help="count by kind, namespace, label=KEY (default: kind)",
    shell_complete=completes_words(("kind", "namespace", LABEL_PREFIX)),
)
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
    return answer(terminal, given, request, _style(given, GRID_FORMATS))


@root.command(context_settings=_HELP_NAMES)
@scope_options
@output_options(FORMATS)
@connection_options
@click.argument("types", type=WordList(), nargs=-1, metavar="[TYPE[,TYPE]]...", shell_complete=completes("types"))
@click.option(
    "-L", "--label-columns", type=WordList(), multiple=True, metavar="KEY[,KEY]", help="a column for each label"
)
@click.option("--show-labels", is_flag=True, help="a column with each object's labels")
@click.option("--show-kind", is_flag=True, help="name the kind with each object")
@click.option("--sort-by", default="", metavar="COLUMN", help="a column's header, or a path such as .metadata.name")
@click.option("--ignore-not-found", is_flag=True, help="do not say that there are no resources")
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
      kubectl inventory get --sort-by age            # every object, the newest last
      kubectl inventory get deploy -o custom-columns=NAME:.metadata.name,READY:.columns.Ready
    """
    _settle_types(ctx)
    given = given_to(ctx)
    style = _style(given, FORMATS, of_objects=True)
    return answer(ctx.ensure_object(Terminal), given, _request(given, command="get", need=style.need), style)


@root.command(context_settings=_HELP_NAMES)
@place_options
@output_options(GRID_FORMATS)
@connection_options
@click.argument("named", type=WordList(), nargs=-1, metavar="[NS[,NS]]...", shell_complete=completes("namespaces"))
@click.option("--explain", is_flag=True, help="every finding, why it is so, and what to type next")
@click.option("--broken", is_flag=True, help="the findings alone, an object a line")
@click.option("--show-ok", is_flag=True, help="show namespaces that are well too")
@click.option(
    "--since", type=LookBack(), default="1h", metavar="DURATION",
    help="how far back events and restarts count (default: 1h)",
)
@click.option(
    "--fail-on", type=WordList(), multiple=True, metavar="HEALTH[,HEALTH]",
    help="exit 4 if a namespace, or the cluster, is so: warning (or worse), error, unknown",
    shell_complete=completes_words(("error", "unknown", "warning")),
)
@strategy_option
@plan_option
@click.pass_context
def health(ctx: click.Context, /, **_: object) -> int:
    """Say which namespaces are not well, worst first, and why.

    It judges every object that says how it is, custom ones too, by what the server prints of it.

    \b
    Examples:
      kubectl inventory health                       # a row for each namespace that is not well
      kubectl inventory health shop --explain        # why, and what to type next
      kubectl inventory health --broken | grep error # an object a line
      kubectl inventory health --fail-on error -q    # for CI: exit 4 if anything is in error
    """
    _settle_places(ctx)
    given = given_to(ctx)
    style, fail_on = _style(given, GRID_FORMATS), _fail_on(given)
    _refuse_contradictions(given, style)
    request = _request(given, command="health")
    return judge(ctx.ensure_object(Terminal), given, request, style, fail_on)


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
    return take(
        ctx.ensure_object(Terminal), given, _request(given, command="kinds"), _style(given, GRID_FORMATS)
    )


@root.command(context_settings=_HELP_NAMES)
@scope_options
@output_options(BENCH_FORMATS)
@connection_options
@click.argument("types", type=WordList(), nargs=-1, metavar="[TYPE[,TYPE]]...", shell_complete=completes("types"))
@click.option("--runs", type=Times(), default=5, metavar="N", help="how often each strategy runs (default: 5)")
@click.option("--dry-run", is_flag=True, help="say how much would be asked, and stop")
@click.pass_context
def bench(ctx: click.Context, /, **_: object) -> int:
    """Time the ways to read this cluster: the same lists by each strategy, the answers compared first.

    It asks what "get" asks, several times over, within the same limits. It says first how much that is.

    \b
    Examples:
      kubectl inventory bench pods --dry-run             # how many requests that would be
      kubectl inventory bench pods                       # which strategy is fastest, and why
      kubectl inventory bench deploy,rs,pods -n shop,pay --runs 3
    """
    began_s = begun_s()
    _settle_types(ctx)
    given = given_to(ctx)
    style, request = _style(given, BENCH_FORMATS), _request(given, command="get")
    return compare(ctx.ensure_object(Terminal), given, request, style, began_s)


@root.command(context_settings=_HELP_NAMES)
@click.pass_context
def options(ctx: click.Context) -> int:
    """List the connection and limit flags."""
    formatter = ctx.make_formatter()
    rows = [record for option in shown_options(root) if (record := option.get_help_record(ctx)) is not None]
    formatter.write("These flags work with every command that asks a cluster:\n\n")
    formatter.write_dl(rows)
    ctx.ensure_object(Terminal).write(formatter.getvalue())
    return 0


@root.command("help", context_settings=_HELP_NAMES)
@click.argument("words", nargs=-1, metavar="[COMMAND]...", shell_complete=completes_commands())
@click.pass_context
def help_page(ctx: click.Context, words: tuple[str, ...]) -> int:
    """Print the help of a COMMAND, as its --help does."""
    page = ctx.find_root()
    for word in words:
        child = page.command.get_command(page, word) if isinstance(page.command, click.Group) else None
        if child is None:
            raise click.NoSuchCommand(word, ctx=page)
        page = click.Context(child, page, info_name=word)
    ctx.ensure_object(Terminal).write(f"{page.get_help()}\n")
    return 0


@root.command(context_settings=_HELP_NAMES)
@click.pass_context
def version(ctx: click.Context) -> int:
    """Print the program's version."""
    return _print_version(ctx.ensure_object(Terminal))


@root.command(
    "__complete", hidden=True, add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def complete(ctx: click.Context, words: tuple[str, ...]) -> int:
    """Answer kubectl's completion helper: what the last of the words may become."""
    from kubectl_inventory.command.completion import completed

    terminal = ctx.ensure_object(Terminal)
    terminal.mute()
    terminal.write(completed(root, words, program=terminal.program))
    return 0


@root.group(context_settings=_HELP_NAMES)
def completion() -> None:
    """Complete commands, flags, namespaces and kinds in kubectl's own completion.

    kubectl asks a program called kubectl_complete-inventory on PATH. pip and pipx put it there. krew installs one
    file alone: this command group writes the other.

    \b
    Examples:
      kubectl inventory completion install-helper ~/.local/bin
    """


@completion.command(
    "install-helper", short_help="Write the helper that kubectl's completion asks", context_settings=_HELP_NAMES
)
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.pass_context
def completion_install_helper(ctx: click.Context, directory: Path) -> int:
    """Write kubectl_complete-inventory, which kubectl's completion asks, into DIRECTORY, which should be on PATH."""
    from kubectl_inventory.command.helper import install_helper

    terminal = ctx.ensure_object(Terminal)
    for line in install_helper(directory, terminal.program):
        terminal.say(line)
    return 0


@root.group(context_settings=_HELP_NAMES)
def policy() -> None:
    """Show, check or write the boundary policy: what may be read, and how hard.

    \b
    Examples:
      kubectl inventory policy show                    # the effective boundary, and who set what
      kubectl inventory policy check ci-policy.yaml    # every mistake, as FILE:LINE
      kubectl inventory policy init > my-policy.yaml   # one to start from
    """


@policy.command("show", short_help="Print the effective boundary, and who set what", context_settings=_HELP_NAMES)
@output_options(SETTING_FORMATS)
@connection_options
@click.pass_context
def policy_show(ctx: click.Context, /, **_: object) -> int:
    """Print the effective boundary and which source set each value."""
    from kubectl_inventory.output.answer import print_settings

    terminal = ctx.ensure_object(Terminal)
    given = given_to(ctx)
    style = _style(given, SETTING_FORMATS)
    connection, why_none = usable_connection(given)
    effective = effective_policy(given, connection)
    print_settings(effective.settings(), style, terminal.write)
    if connection is None and effective.has_profiles:
        terminal.say(f"warning: no profile applied: {why_none}")
    return 0


@policy.command("check", short_help="Print every mistake in a policy file", context_settings=_HELP_NAMES)
@connection_options
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_context
def policy_check(ctx: click.Context, /, file: Path | None, **_: object) -> int:
    """Print every mistake in a policy FILE (default: the files that apply), as FILE:LINE.

    Kind names are checked, too, when there is a cluster to ask.
    """
    from kubectl_inventory.boundary.policy import check_policy
    from kubectl_inventory.boundary.policy_file import read_policy_file

    terminal = ctx.ensure_object(Terminal)
    given = given_to(ctx)
    files = policy_files(given) if file is None else [read_policy_file(file, home())]
    if not files:
        terminal.say("no policy file: the built-in policy denies nothing")
        return 0
    connection = usable_connection(given)[0]
    context = connection.context if connection is not None else None
    known = known_kinds(terminal, given, connection) if connection is not None else None
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
        raise PolicyError(f"{names}: {number(len(problems), 'error')}")
    unchecked = ""
    if known is None:
        unchecked = " (kind names not checked: no cluster)"
    elif unknown_groups:
        unchecked = f" (kinds of {', '.join(unknown_groups)} not checked: unavailable)"
    terminal.say(f"{names}: no errors{unchecked}")
    return 0


@policy.command("init", short_help="Write a policy that denies nothing, to start from", context_settings=_HELP_NAMES)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_context
def policy_init(ctx: click.Context, file: Path | None) -> int:
    """Write a policy that denies nothing, with commented examples, to FILE (default: stdout).

    A FILE that is there already is left as it is.
    """
    from kubectl_inventory.boundary.policy import policy_template

    terminal = ctx.ensure_object(Terminal)
    text = as_called(policy_template(), terminal.program)
    if file is None:
        terminal.write(text)
        return 0
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except OSError as error:
        raise UsageError(f"cannot write {file}: {reason_of(error)}") from error
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


def _settle_places(ctx: click.Context) -> None:
    """Namespaces, typed as words or with `-n`, as one list."""
    words: tuple[tuple[str, ...], ...] = ctx.params.pop("named")
    if words and not _flat(words):
        # `health "$NS"` of an unset variable must not become the whole cluster.
        raise UsageError(f"{ctx.info_name} names no namespace", hint="leave it out for the whole cluster")
    if words and ctx.params["all_namespaces"]:
        raise UsageError("-A and a namespace's name exclude each other")
    ctx.params["namespaces"] = (*words, *ctx.params["namespaces"])


def _style(given: Given, valid: Sequence[str], *, of_objects: bool = False) -> Style:
    from kubectl_inventory.output.formats import choose, refuse_unread

    chosen = choose(given.output, valid)
    if of_objects and (chosen.columns or chosen.template is not None):
        refuse_unread(chosen)
    if given.sort_by.startswith((".", "{")):
        # Said before anything is asked; a word may be a column's header, which only the server knows.
        from kubectl_inventory.output.jsonpath_text import parse_path

        parse_path(given.sort_by)
    return Style(
        format=chosen.name,
        template=chosen.template,
        columns=chosen.columns,
        headers=not given.no_headers,
        kinds=given.show_kind,
        label_columns=tuple(key for part in given.label_columns for key in part),
        labels=given.show_labels,
        show_empty=given.show_empty,
        sort_by=given.sort_by,
    )


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
    """Raises `UsageError` for flags of `health` of which one would not do what it says."""
    if given.plan and given.fail_on:
        raise UsageError("--plan and --fail-on exclude each other: what is only foreseen is not judged")
    if given.explain and given.broken:
        raise UsageError("--explain and --broken exclude each other: one is for people, the other for grep")
    if given.broken and given.show_ok:
        raise UsageError("--broken and --show-ok exclude each other: what is well has no findings")
    if given.explain and style.format != "table" and not style.is_document:
        raise UsageError(
            f"--explain is for people and has no format {style.format}", hint="-o json holds every finding too"
        )


def _keys(given: Given) -> tuple[str, ...]:
    """What `--by` groups by, each once."""
    by = _flat(given.by) or ("kind",)
    for key in by:
        if key in ("kind", "namespace"):
            continue
        if not re.fullmatch(rf"{LABEL_PREFIX}[A-Za-z0-9][-A-Za-z0-9_./]*", key):
            suggestion = near(key.partition("=")[0].lower(), ["kind", "namespace", "label"])
            raise UsageError(f'cannot count by "{key}"{suggestion}', hint="kind, namespace, label=KEY")
    return tuple(dict.fromkeys(by))


def _flat(parts: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for part in parts for word in part))


def _print_version(terminal: Terminal) -> int:
    python = ".".join(str(part) for part in sys.version_info[:3])
    terminal.write(f"kubectl-inventory v{VERSION} (python {python}, {platform_name()})\n")
    return 0

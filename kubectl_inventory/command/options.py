"""The options of every command, once: click's part of reading argv.

A command that takes a family of options is decorated with it and gets them as
keyword values; `connection_flags` and the like make the nouns out of those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import click
import msgspec
from click.core import ParameterSource

from kubectl_inventory.errors import UsageError, near
from kubectl_inventory.request import Scope, Strategy

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kubectl_inventory.boundary.policy import LimitFlags
    from kubectl_inventory.connection.kubeconfig import ConnectionFlags

F = TypeVar("F", bound=Callable[..., object])
PLANS = ("show", "run")
"""What `--plan` may be given; alone it is the first."""


Completes = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]
Suggest = Callable[[str, click.Context, str], "list[CompletionItem]"]
"""Tells what there is of a sort (`namespaces`, `types`) that begins so: a context's `obj` while words are completed."""


def completes(source: str) -> Completes:
    """Values of a flag or an argument that are only known outside: `completion` hands in who knows them."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        suggest: Suggest = ctx.find_root().obj
        return suggest(source, ctx, incomplete)

    return complete


def completes_words(words: Sequence[str]) -> Completes:
    """Values of a flag that are always the same."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        listed, comma, word = incomplete.rpartition(",")
        return [CompletionItem(f"{listed}{comma}{it}") for it in words if it.startswith(word)]

    return complete


def completes_commands() -> Completes:
    """The commands below those that the argument's first words name."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        command: click.Command | None = ctx.find_root().command
        for word in ctx.params.get(param.name or "") or ():
            command = command.commands.get(word) if isinstance(command, click.Group) else None
        below = command.commands if isinstance(command, click.Group) else {}
        return [
            CompletionItem(name, help=it.get_short_help_str())
            for name, it in sorted(below.items())
            if name.startswith(incomplete) and not it.hidden
        ]

    return complete


def _completes_path(kind: str) -> Completes:
    """Names of files (`file`) or of directories (`dir`), which the shell knows best."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=kind)]

    return complete


class CompletedCommand(click.Command):
    """A command that completes and tells of the flags which its help leaves to the page of `options`."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """What a flag may become."""
        return [*super().shell_complete(ctx, incomplete), *_hidden_flags(self, ctx, incomplete)]

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """`-h`."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "print this help"
        return option

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Where the flags are that stand on no command's page, as kubectl tells."""
        if shown_options(self):
            path = ctx.find_root().info_name
            formatter.write(f'\nMore: "{path} options" for connection and limit flags\n')


def _hidden_flags(command: click.Command, ctx: click.Context, incomplete: str) -> Iterator[CompletionItem]:
    """The hidden flags that a word which has begun as a flag may become."""
    from click.shell_completion import CompletionItem

    for option in shown_options(command) if incomplete.startswith("--") and len(incomplete) > 2 else ():
        yield from (CompletionItem(name, help=option.help) for name in option.opts if name.startswith(incomplete))


def shown_options(command: click.Command) -> list[click.Option]:
    """Copies, not hidden, of the options that a command's own help leaves to the page of `options`."""
    import copy

    found = [copy.copy(option) for option in command.params if isinstance(option, click.Option) and option.hidden]
    for option in found:
        option.hidden = False
    return found


_LONGEST_COUNT = 5
"""Digits that a number of days may have."""
_LONGEST_S = 1e9
"""Thirty years: what is longer is a slip, or an attempt."""
_UNITS_S = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
"""Go's, of which two are written with either Greek letter."""


class Duration(click.ParamType[float]):
    """Go's durations, as kubectl takes them: `5s`, `1m30s`, `500ms`; a whole number is seconds."""

    name = "duration"
    refusal = "every request has an end here: 0 (never) is not possible, name a longer time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; 0 is refused."""
        text = str(value)
        parts = re.findall(r"([0-9]+\.?[0-9]*|\.[0-9]+)([a-z\u00b5\u03bc]+)", text)
        is_whole = "".join(map("".join, parts)) == text.removeprefix("+")
        if re.fullmatch(r"\+?[0-9]+", text):
            seconds = float(text)
        elif parts and is_whole and all(unit in _UNITS_S for _, unit in parts):
            seconds = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
        else:
            self.fail(f"{text!r} is not a duration such as 5s, 1m30s or 500ms", param, ctx)
        if seconds <= 0:
            self.fail(self.refusal, param, ctx)
        if seconds > _LONGEST_S:
            self.fail(f"{text[:20]}... is longer than anybody waits", param, ctx)
        return seconds


class TimeLimit(click.ParamType[float | None]):
    """A length of time; empty, as an unset variable leaves it, it is not given."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Seconds."""
        return Duration().convert(value, param, ctx) if value != "" else None


class LookBack(Duration):
    """A length of time that is looked back: with its unit, as `kubectl logs --since` wants it, or in days."""

    name = "duration"
    refusal = "nothing happens in no time: name a longer one"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds; 0 is refused."""
        text = str(value)
        if text.strip("0").isdecimal():
            self.fail(f'"{text}" of what? {text}s, {text}m, {text}h or {text}d', param, ctx)
        days, day, rest = text.partition("d")
        if day and days.isdecimal() and len(days) <= _LONGEST_COUNT and (not rest or rest[0].isdecimal()):
            return int(days) * 86400 + (super().convert(rest, param, ctx) if rest else 0.0)
        return super().convert(value, param, ctx)


class OneOf(click.Choice[str]):
    """One of a few words."""

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """In the house's words, with the nearest."""
        names = [str(choice) for choice in self.choices]
        return f'"{value}" is none of {", ".join(names)}{near(str(value).lower(), names, cutoff=0.6)}'


class Times(click.ParamType[int]):
    """How often: a whole number from 1 on."""

    name = "integer"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        text = str(value)
        if not (text.isascii() and text.isdecimal() and int(text)):
            self.fail(f"{text!r} is not a whole number from 1 on", param, ctx)
        return int(text)


class WordList(click.ParamType[tuple[str, ...]]):
    """A comma list, as kubectl takes several of a thing."""

    name = "list"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The words, without empty ones."""
        if isinstance(value, tuple):
            return tuple(str(word) for word in value)
        return tuple(word.strip() for word in str(value).split(",") if word.strip())


CONNECTION_OPTIONS: tuple[tuple[str, str, str], ...] = (
    ("--kubeconfig", "FILE", "the kubeconfig file to use"),
    ("--context", "NAME", "the kubeconfig context to use"),
    ("--cluster", "NAME", "the kubeconfig cluster to use"),
    ("--user", "NAME", "the kubeconfig user to use"),
    ("--server", "URL", "the address and port of the API server"),
    ("--token", "TOKEN", "bearer token for authentication"),
    ("--username", "NAME", "user name for basic authentication"),
    ("--password", "PASSWORD", "password for basic authentication"),
    ("--as", "USER", "user to impersonate"),
    ("--as-group", "GROUP", "group to impersonate, repeatable"),
    ("--as-uid", "UID", "uid to impersonate"),
    ("--as-user-extra", "KEY=VALUE", "extra to impersonate, repeatable"),
    ("--certificate-authority", "FILE", "certificate file of the authority"),
    ("--client-certificate", "FILE", "client certificate file for TLS"),
    ("--client-key", "FILE", "client key file for TLS"),
    ("--tls-server-name", "NAME", "server name to check the certificate against"),
    ("--proxy-url", "URL", "the proxy that leads to the API server"),
    ("--kuberc", "FILE", "kubectl's preferences; of these, which credential plugins may run"),
)
_COMPLETED = {"--context": "contexts", "--cluster": "clusters", "--user": "users"}
_REPEATABLE = ("--as-group", "--as-user-extra")


def connection_options(function: F) -> F:
    """kubectl's own connection flags, and the limits with them. Most are left out of a command's help for `options`."""
    for option in (
        click.option("--disable-compression", is_flag=True, help="do not ask for gzip", hidden=True),
        click.option(
            "--cache-dir", metavar="DIR", envvar="KUBECACHEDIR", hidden=True,
            help="where the list of kinds is remembered (default: ~/.kube/cache)",
            shell_complete=_completes_path("dir"),
        ),
        click.option(
            "--warnings-as-errors", is_flag=True, help="exit 1 when the server has sent a warning", hidden=True
        ),
        click.option(
            "--match-server-version", is_flag=True, help="refused: there is no version to match here", hidden=True
        ),
        click.option(
            "--insecure-skip-tls-verify", is_flag=True, hidden=True,
            help="do not check the server's certificate: insecure",
        ),
    ):
        function = option(function)
    for name, metavar, text in reversed(CONNECTION_OPTIONS):
        names = ["-s", name] if name == "--server" else [name]
        parameter = {"--as": "as_user", "--as-group": "as_groups"}.get(name, name.removeprefix("--").replace("-", "_"))
        complete = completes(_COMPLETED[name]) if name in _COMPLETED else None
        option = click.option(
            *names, parameter, metavar=metavar, help=text, multiple=name in _REPEATABLE, hidden=True,
            shell_complete=_completes_path("file") if metavar == "FILE" else complete,
        )
        function = option(function)
    return limit_options(function)


def limit_options(function: F) -> F:
    """The boundary's file, its limits, and what is told about the requests."""
    for option in reversed((
        click.option(
            "--policy", metavar="FILE", help="your policy, instead of the one in ~/.kube",
            shell_complete=_completes_path("file"),
        ),
        click.option(
            "--request-timeout", type=TimeLimit(), metavar="DURATION", hidden=True,
            help="the end of one request, 100ms to 1h (default: 5s)",
        ),
        click.option(
            "--deadline", type=TimeLimit(), metavar="DURATION", hidden=True,
            help="the end of the whole run, 1s to 24h (default: 2m)",
        ),
        click.option("--workers", type=int, metavar="N", help="lists in flight, 1 to 32 (default: 8)", hidden=True),
        click.option("--probes", type=int, metavar="N", help="counts in flight, 1 to 64 (default: 32)", hidden=True),
        click.option(
            "--chunk-size", type=int, metavar="N", help="objects a page, 1 to 10000 (default: 500)", hidden=True
        ),
        click.option(
            "--audit-log", metavar="FILE", help="append a line for each request and refusal", hidden=True,
            shell_complete=_completes_path("file"),
        ),
        click.option(
            "-v", "--v", "verbosity", type=int, default=0, metavar="N", hidden=True,
            help="1 shows the server's warnings, 6 each request (default: 0)",
        ),
    )):  # fmt: skip
        function = option(function)
    return function


def place_options(function: F) -> F:
    """Where is looked: namespaces, and kinds left out."""
    for option in reversed((
        click.option(
            "-n", "--namespace", "namespaces", type=WordList(), multiple=True, metavar="NS[,NS]",
            help="only these namespaces (default: all)", shell_complete=completes("namespaces"),
        ),
        click.option("-A", "--all-namespaces", is_flag=True, help="the default, accepted for habit; not with -n"),
        click.option(
            "--exclude", type=WordList(), multiple=True, metavar="TYPE[,TYPE]",
            help="leave these kinds out, or *.GROUP", shell_complete=completes("types"),
        ),
    )):  # fmt: skip
        function = option(function)
    return function


def scope_options(function: F) -> F:
    """What is asked for: where, and which objects there."""
    for option in reversed((
        click.option("-l", "--selector", default="", metavar="QUERY", help="only objects with these labels"),
        click.option("--field-selector", default="", metavar="QUERY", help="only objects with these fields"),
        click.option(
            "--scope", type=OneOf(("all", "namespaced", "cluster")), default="all", metavar="SCOPE",
            help="all, namespaced or cluster (default: all)",
        ),
    )):  # fmt: skip
        function = option(function)
    return place_options(function)


def output_options(formats: Sequence[str]) -> Callable[[F], F]:
    """How the answer is printed, in which of `formats`, and what an incomplete one means."""

    def decorate(function: F) -> F:
        for option in reversed((
            click.option(
                "-o", "--output", default="table", metavar="FORMAT", help=f"{', '.join(formats)} (default: table)",
                shell_complete=completes_words(formats),
            ),
            click.option("--no-headers", is_flag=True, help="no header line"),
            click.option("--allow-incomplete", is_flag=True, help="exit 0 when something could not be read"),
            click.option("-q", "--quiet", is_flag=True, help="no summary when the answer is complete"),
        )):  # fmt: skip
            function = option(function)
        return function

    return decorate


def strategy_option(function: F) -> F:
    """How lists are asked."""
    return click.option(
        "--strategy",
        type=OneOf(("auto", "sequential", "fanout", "bulk")),
        default="auto",
        metavar="HOW",
        help="how lists are asked: auto, sequential, fanout or bulk (default: auto)",
    )(function)


def plan_option(function: F) -> F:
    """How each kind would be asked, instead of asking."""
    return click.option(
        "--plan",
        type=OneOf(PLANS),
        is_flag=False,
        flag_value=PLANS[0],
        metavar="[=run]",
        help="say how each kind would be asked, and stop; =run: ask, then say what it cost",
    )(function)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed, typed: the values of all families of options; a command without a family has its defaults."""

    # kubectl's own
    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None
    server: str | None = None
    token: str | None = None
    username: str | None = None
    password: str | None = None
    as_user: str | None = None
    as_uid: str | None = None
    as_groups: tuple[str, ...] = ()
    as_user_extra: tuple[str, ...] = ()
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None
    kuberc: str | None = None
    warnings_as_errors: bool = False
    match_server_version: bool = False
    insecure_skip_tls_verify: bool = False
    disable_compression: bool = False
    cache_dir: str | None = None
    # the boundary
    policy: str | None = None
    request_timeout: float | None = None
    deadline: float | None = None
    workers: int | None = None
    probes: int | None = None
    chunk_size: int | None = None
    audit_log: str | None = None
    verbosity: int = 0
    # what is asked
    types: tuple[str, ...] = ()
    namespaces: tuple[tuple[str, ...], ...] = ()
    all_namespaces: bool = False
    selector: str = ""
    field_selector: str = ""
    exclude: tuple[tuple[str, ...], ...] = ()
    scope: Scope = "all"
    by: tuple[tuple[str, ...], ...] = ()
    strategy: Strategy = "auto"
    plan: str | None = None
    explain: bool = False
    broken: bool = False
    show_ok: bool = False
    since: float = 3600.0
    fail_on: tuple[tuple[str, ...], ...] = ()
    runs: int = 5
    dry_run: bool = False
    # how it is printed
    output: str = "table"
    no_headers: bool = False
    label_columns: tuple[tuple[str, ...], ...] = ()
    show_labels: bool = False
    show_kind: bool = False
    show_empty: bool = False
    sort_by: str = ""
    ignore_not_found: bool = False
    allow_incomplete: bool = False
    quiet: bool = False

    @property
    def connection_flags(self) -> ConnectionFlags:
        """kubectl's own flags among them."""
        from kubectl_inventory.connection.kubeconfig import ConnectionFlags

        return msgspec.convert(self, ConnectionFlags, from_attributes=True)

    @property
    def limit_flags(self) -> LimitFlags:
        """The limits among them."""
        from kubectl_inventory.boundary.policy import LimitFlags

        return LimitFlags(
            workers=self.workers,
            probes=self.probes,
            request_timeout_s=self.request_timeout,
            deadline_s=self.deadline,
            page_size=self.chunk_size,
        )

    @property
    def echo(self) -> str:
        """The connection flags as they have to be typed again to reach the same cluster as the same user.

        A credential is never repeated.
        """
        import shlex

        flags = {
            "--kubeconfig": self.kubeconfig,
            "--context": self.context,
            "--cluster": self.cluster,
            "--user": self.user,
            "--server": self.server,
            "--as": self.as_user,
            "--as-uid": self.as_uid,
            "--certificate-authority": self.certificate_authority,
            "--client-certificate": self.client_certificate,
            "--client-key": self.client_key,
            "--tls-server-name": self.tls_server_name,
            "--kuberc": self.kuberc,
        }
        if self.proxy_url:
            from kubectl_inventory.connection.proxy import without_userinfo

            flags["--proxy-url"] = without_userinfo(self.proxy_url)
        pairs = [f"{flag} {shlex.quote(value)}" for flag, value in flags.items() if value]
        pairs += [f"--as-group {shlex.quote(group)}" for group in self.as_groups]
        pairs += [f"--as-user-extra {shlex.quote(extra)}" for extra in self.as_user_extra]
        return " ".join(pairs + (["--insecure-skip-tls-verify"] if self.insecure_skip_tls_verify else []))


def given_to(ctx: click.Context) -> Given:
    """The values of a command; options typed before its name count as its own, repeatable ones beside its own.

    Raises `UsageError` for one that the command does not have, or that is kubectl's alone.
    """
    values = dict(ctx.params)
    parent = ctx.parent
    while parent is not None:
        for name, value in parent.params.items():
            if parent.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
                continue
            option = next(option for option in parent.command.params if option.name == name)
            if name not in ctx.params:
                raise click.UsageError(f"{option.opts[-1]} is not an option of {ctx.info_name}", ctx)
            if isinstance(option, click.Option) and option.multiple:
                values[name] = (*value, *values[name])
            elif ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
                values[name] = value
        parent = parent.parent
    given = msgspec.convert(values, Given)
    _refuse_kubectls_own(given)
    return given


def _refuse_kubectls_own(given: Given) -> None:
    """What would be ignored silently is refused by name."""
    if given.match_server_version:
        raise UsageError(
            "--match-server-version is kubectl's alone: this program has no Kubernetes version to match",
            hint="leave it out; it asks every version for what that can list",
        )
    if given.chunk_size == 0:
        raise UsageError(
            "--chunk-size 0 (all in one page) is not possible: every reply has an end here",
            hint="what is not large is one page anyway; 10000 is the largest",
        )

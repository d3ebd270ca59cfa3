"""What a word may become: completion by kubectl's own protocol.

kubectl asks `kubectl_complete-inventory` with the words typed so far, the last one
perhaps empty, and takes a candidate a line and, last, a directive: `:4`, no files
(kubectl `pkg/cmd/plugin/plugin_completion.go`, cobra `completions.go`). What is not
known in a second is not known, and nobody is asked for a credential: whatever goes
wrong, there is nothing to suggest, and not a word of why.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
import msgspec
from click.shell_completion import CompletionItem, ShellComplete

from kubectl_inventory.command.opening import cache_directory, connection_of, effective_policy, home, open_cluster
from kubectl_inventory.command.options import PLANS, Given, given_to
from kubectl_inventory.command.terminal import Terminal
from kubectl_inventory.errors import Forbidden, InventoryError, KubeconfigError
from kubectl_inventory.request import Request

if TYPE_CHECKING:
    from kubectl_inventory.run import Session

PATIENCE_S = 0.8
"""How long the cluster has to say what there is: with what the program takes to start, a second."""

_FILES = ":0"
_NO_FILES = ":4"
_NO_SPACE = ":6"
_DIRECTORIES = ":16"
"""cobra's ShellCompDirective: the shell's own file names, none, none and no space either, or directories alone."""


def completed(root: click.Command, words: Sequence[str], *, program: str) -> str:
    """The answer to the words typed after the program's name: candidates and the directive, a line each."""
    *before, last = words or ("",)
    # Its value may be left out, and so is never the next word.
    before = [f"{word}={PLANS[0]}" if word == "--plan" else word for word in before]
    items = ShellComplete(root, {"obj": values}, program, "").get_completions(before, last)
    directives = {"file": _FILES, "dir": _DIRECTORIES}
    directive = next((directives[item.type] for item in items if item.type in directives), _NO_FILES)
    if [str(item.value)[-1:] for item in items] == ["="]:
        directive = _NO_SPACE  # what it stands before is typed next
    lines = [_line(item) for item in items if item.type not in directives]
    return "".join(f"{line}\n" for line in [*lines, directive])


def _line(item: CompletionItem) -> str:
    """A candidate, and behind a tab what it is."""
    says = " ".join((item.help or "").split()).partition(". ")[0]
    return f"{item.value}\t{says}" if says else str(item.value)


# --- values -----------------------------------------------------------------


def values(source: str, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """The values that a flag or an argument may have: `source` is one of `_SOURCES`. A comma list grows at its end."""
    listed, comma, word = incomplete.rpartition(",")
    try:
        known = _SOURCES[source](_given(ctx))
    except (InventoryError, OSError, msgspec.ValidationError, click.ClickException):
        return []
    typed = set(listed.split(","))
    # What cannot be typed is no candidate: a line's end would begin another, and an ESC would reach the terminal.
    return [
        CompletionItem(f"{listed}{comma}{value}")
        for value in known
        if value.isprintable() and value.startswith(word) and value not in typed
    ]


def _given(ctx: click.Context) -> Given:
    """What was typed so far, without the words that are being completed."""
    for name in ("types", "named"):
        ctx.params.pop(name, None)
    return given_to(ctx)


def _contexts(given: Given) -> Iterable[str]:
    return _kubeconfig_names(given)[0]


def _clusters(given: Given) -> Iterable[str]:
    return _kubeconfig_names(given)[1]


def _users(given: Given) -> Iterable[str]:
    return _kubeconfig_names(given)[2]


def _kubeconfig_names(given: Given) -> tuple[Iterable[str], Iterable[str], Iterable[str]]:
    from kubectl_inventory.connection.kubeconfig_file import read_kubeconfig

    found = read_kubeconfig(given.kubeconfig, os.environ, home())
    return sorted(found.contexts), sorted(found.clusters), sorted(found.users)


def _namespaces(given: Given) -> Iterable[str]:
    """Those that the policy lets be asked."""
    from kubectl_inventory.reading.reach import Namespaces
    from kubectl_inventory.run import side_by_side

    with _session(given) as session:
        each = side_by_side(Request(), session)
        found = Namespaces(
            session.cluster.read, each, session.policy, context=session.context, own=session.own_namespace
        )
        names = found.names()
    return sorted(names) if found.refused is None or isinstance(found.refused, Forbidden) else ()


def _types(given: Given) -> Iterable[str]:
    """The kinds as they are typed: as the last run was told them, however long ago, else as the cluster says."""
    from kubectl_inventory.reading.discovery import make_catalog
    from kubectl_inventory.run import cache_of, read_catalog, side_by_side

    connection = connection_of(given)
    known = cache_of(connection, cache_directory(given)).load().documents
    if known:  # nobody needs a credential to be told so
        catalog = make_catalog(known)
    else:
        with _session(given) as session:
            catalog = read_catalog(session, side_by_side(Request(), session))
    policy = effective_policy(given, connection)
    return sorted(kind.name for kind in catalog.kinds if policy.denies_kind(kind) is None)


@contextmanager
def _session(given: Given) -> Iterator[Session]:
    """An open cluster for a second, that nobody is asked a credential for."""
    connection = connection_of(given)
    if connection.may_ask:
        raise KubeconfigError("no credential without a plugin that may prompt")
    silent = Terminal(None, None, {}, program="")
    with silent.at_end:
        yield open_cluster(silent, given, connection, patience_s=PATIENCE_S).session


_SOURCES: dict[str, Callable[[Given], Iterable[str]]] = {
    "contexts": _contexts,
    "clusters": _clusters,
    "users": _users,
    "namespaces": _namespaces,
    "types": _types,
}

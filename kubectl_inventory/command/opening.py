"""From what was typed to an open cluster, under the policy in force.

What is judged and what is opened is one connection, read once; whatever the policy
refuses is refused before anything is sent.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from kubectl_inventory.command.options import Given
from kubectl_inventory.command.terminal import AuditLog, Terminal
from kubectl_inventory.errors import ApiError, KubeconfigError, PolicyError
from kubectl_inventory.request import Request
from kubectl_inventory.version import user_agent

if TYPE_CHECKING:
    from kubectl_inventory.boundary.policy import Policy
    from kubectl_inventory.boundary.policy_file import PolicyFile
    from kubectl_inventory.connection.kube import RequestRecord
    from kubectl_inventory.connection.kubeconfig import Connection
    from kubectl_inventory.reading.discovery import Catalog
    from kubectl_inventory.run import OnRequest, Session


_NO_HOME = Path("/nonexistent")


def home() -> Path:
    """The user's home; where nobody knows it, a place that does not exist, as for Debian's user `nobody`."""
    if sys.platform == "win32":
        found = home_on_windows(os.environ)
    else:
        try:
            found = Path.home()
        except RuntimeError:
            found = _NO_HOME
    return found


def home_on_windows(environ: Mapping[str, str]) -> Path:
    """Where kubectl looks for `.kube` there (client-go, util/homedir), which is not where Python does.

    Of three places the first that has a kubeconfig; else the first that can be written to, or exists, or is set.
    """
    own, profile = environ.get("HOME", ""), environ.get("USERPROFILE", "")
    drive, path = environ.get("HOMEDRIVE", ""), environ.get("HOMEPATH", "")
    of_drive = drive + path if drive and path else ""
    for named in filter(None, (own, of_drive, profile)):
        if os.path.exists(os.path.join(named, ".kube", "config")):
            return Path(named)
    are_set = [named for named in (own, profile, of_drive) if named]
    there = [named for named in are_set if os.path.exists(named)]
    writable = [named for named in there if os.path.isdir(named) and os.stat(named).st_mode & stat.S_IWUSR]
    return Path(next(iter([*writable, *there, *are_set]), _NO_HOME))


def cache_directory(given: Given) -> Path:
    """kubectl's own, or what was named instead."""
    return Path(given.cache_dir) if given.cache_dir else home() / ".kube" / "cache"


def policy_files(given: Given) -> list[PolicyFile]:
    """The policy files that apply."""
    from kubectl_inventory.boundary.policy_file import read_policy_files

    return read_policy_files(flag=given.policy, environ=os.environ, home=home())


def effective_policy(given: Given, connection: Connection | None) -> Policy:
    """The boundary in force. Raises `PolicyError` where it refuses the context, or a way round its name."""
    from kubectl_inventory.boundary.policy import apply_limit_flags, make_policy

    context = connection.context if connection is not None else None
    effective = apply_limit_flags(make_policy(policy_files(given), context), given.limit_flags)
    around = [flag for flag, value in (("--server", given.server), ("--cluster", given.cluster)) if value]
    if connection is not None and connection.server_variable:
        around.append(connection.server_variable)
    if around and effective.has_context_rule:
        raise PolicyError(
            f"{around[0]} could lead a permitted context to another cluster, and the policy goes by contexts",
            hint="use --context NAME alone",
        )
    return effective


def connection_of(given: Given) -> Connection:
    """What is judged and what is opened: read once a run, as a `kubectx` may come between."""
    from kubectl_inventory.connection.kubeconfig import load_connection

    return load_connection(given.connection_flags, environ=os.environ, home=home())


def usable_connection(given: Given) -> tuple[Connection | None, str]:
    """The connection whose context's profiles apply; or None, and why there is none.

    Raises `KubeconfigError` where anything was typed that says which: another boundary is not what was asked for.
    """
    from kubectl_inventory.connection.kubeconfig import ConnectionFlags

    try:
        return connection_of(given), ""
    except KubeconfigError as error:
        typed = msgspec.structs.replace(given.connection_flags, disable_compression=False)
        if typed != ConnectionFlags():
            raise
        return None, error.message


def known_kinds(terminal: Terminal, given: Given, connection: Connection) -> Catalog | None:
    """The cluster's kinds; None where they cannot be had: a policy is checked without a cluster, too."""
    from kubectl_inventory.run import read_catalog, side_by_side

    try:
        session = open_cluster(terminal, given, connection).session
        return read_catalog(session, side_by_side(Request(), session))
    except (ApiError, KubeconfigError, PolicyError):
        # No credential or no answer; or the boundary in force is the one that is wrong, or keeps this cluster out.
        return None


class Opened(NamedTuple):
    """An open cluster."""

    policy: Policy
    """What is in force in it."""
    log: AuditLog | None
    """Where requests and refusals are noted, if anywhere."""
    session: Session


def open_cluster(
    terminal: Terminal,
    given: Given,
    connection: Connection,
    *,
    patience_s: float = float("inf"),
    on_request: OnRequest = lambda record: None,
) -> Opened:
    """The door to the cluster, under its policy, audited and, with `-v 6`, commented.

    `patience_s`: the longest that the run, and each request, may take, whatever the policy allows.
    """
    from kubectl_inventory.run import open_session

    policy = _hurried(effective_policy(given, connection), patience_s)
    log = AuditLog(Path(given.audit_log), context=connection.shown_context) if given.audit_log else None
    terminal.context = connection.shown_context
    terminal.waiting_for = connection.giver or connection.server

    def note(record: RequestRecord) -> None:
        on_request(record)
        if log is not None:
            log.append("request", record)
        if given.verbosity >= 6:
            outcome = record.failure or record.status
            terminal.say(f"GET {record.path} {outcome} {record.elapsed_ms:.0f}ms {record.bytes_received}B")

    session = open_session(connection, policy, cache_directory(given), on_request=note, user_agent=user_agent())
    terminal.waiting_for = connection.server

    def shut(failure: type[BaseException] | None, *_: object) -> None:
        # A run that breaks off, too, accounts for what it has asked. Where it cannot, why it broke off is told.
        with contextlib.suppress(OSError) if failure is not None else contextlib.nullcontext():
            session.cluster.close()

    terminal.at_end.push(shut)
    for notice in session.notices:
        terminal.say(f"warning: {notice}")
    return Opened(policy, log, session)


def _hurried(policy: Policy, patience_s: float) -> Policy:
    limits = msgspec.structs.replace(
        policy.limits,
        request_timeout_s=min(policy.limits.request_timeout_s, patience_s),
        deadline_s=min(policy.limits.deadline_s, patience_s),
    )
    return msgspec.structs.replace(policy, limits=limits)

"""Kubeconfig files: which are read, what is in them, and how several become one.

As kubectl: the first file that has a name wins, and a relative path is relative to
the file that holds it. Hands on a `Kubeconfig` of typed entries; which of them are
used is for `kubeconfig`, what a kuberc says for `kuberc`. Nothing of what a file holds gets into a message but names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from kubectl_inventory.connection.credentials import AuthProvider, ExecPlugin
from kubectl_inventory.connection.plain_yaml import is_plain, read_plain_yaml
from kubectl_inventory.errors import KubeconfigError, reason_of
from kubectl_inventory.words import with_tilde

# Far above any real kubeconfig; a mistyped `--kubeconfig big.iso` must not fill the memory.
_MAX_FILE_BYTES = 16 * 1024 * 1024
NO_KUBECONFIG_HINT = "--kubeconfig FILE, or your provider's log-in command, which writes one"


class Extension(msgspec.Struct, frozen=True):
    """Something a tool has put into a cluster's entry."""

    name: str = ""
    extension: object = None


class ClusterEntry(msgspec.Struct, frozen=True, rename="kebab"):
    """A `cluster` as written."""

    server: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    proxy_url: str = ""
    disable_compression: bool = False
    extensions: tuple[Extension, ...] = ()


class UserEntry(msgspec.Struct, frozen=True, rename="kebab"):
    """A `user` as written. Printing one never shows a credential."""

    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(name="tokenFile", default="")
    as_user: str = msgspec.field(name="as", default="")
    as_uid: str = ""
    as_groups: tuple[str, ...] = ()
    as_user_extra: dict[str, tuple[str, ...]] = {}
    username: str = ""
    password: str = ""
    auth_provider: AuthProvider | None = None
    exec_plugin: ExecPlugin | None = msgspec.field(name="exec", default=None)

    def __repr__(self) -> str:
        return "UserEntry()"


class ContextEntry(msgspec.Struct, frozen=True):
    """A `context` as written."""

    cluster: str = ""
    user: str = ""
    namespace: str = ""


class _NamedCluster(msgspec.Struct, frozen=True):
    name: str = ""
    cluster: ClusterEntry = ClusterEntry()


class _NamedUser(msgspec.Struct, frozen=True):
    name: str = ""
    user: UserEntry = UserEntry()


class _NamedContext(msgspec.Struct, frozen=True):
    name: str = ""
    context: ContextEntry = ContextEntry()


class _File(msgspec.Struct, frozen=True, rename="kebab"):
    """A kubeconfig file as written; fields that are not here are ignored, as kubectl does."""

    kind: str = ""
    current_context: str = ""
    clusters: tuple[_NamedCluster, ...] = ()
    users: tuple[_NamedUser, ...] = ()
    contexts: tuple[_NamedContext, ...] = ()


_Entry = TypeVar("_Entry")


class Held(msgspec.Struct, Generic[_Entry], frozen=True):
    """An entry and the file that holds it."""

    entry: _Entry
    file: str
    """As shown, with `~`."""


class Kubeconfig(msgspec.Struct, frozen=True):
    """All files, merged as kubectl merges them."""

    shown_files: str
    current_context: str
    contexts: dict[str, Held[ContextEntry]]
    clusters: dict[str, Held[ClusterEntry]]
    users: dict[str, Held[UserEntry]]
    missing: str
    """Why there is no file at all; empty when one was read."""


class Kuberc(msgspec.Struct, frozen=True):
    """The file that applies. An empty path: none does."""

    path: str = ""
    shown: str = ""
    """With `~`."""
    is_named: bool = False
    """Whether somebody asked for it, and so it has to be there."""


def read_kubeconfig(explicit: str | None, environ: Mapping[str, str], home: Path) -> Kubeconfig:
    """Reads `--kubeconfig`, else `KUBECONFIG`'s files, else `~/.kube/config`. Raises `KubeconfigError`."""
    merged = Kubeconfig("", "", {}, {}, {}, "")
    shown: list[str] = []
    current_context = ""
    paths, missing = _paths(explicit, environ, home)
    for path in paths:
        name = with_tilde(path, home)
        content = read_file(path, f"kubeconfig {name}")
        if content is None and explicit:
            raise KubeconfigError(f"kubeconfig {name} does not exist", hint=NO_KUBECONFIG_HINT)
        if content is None:
            continue
        shown.append(name)
        file = _parse(content, name)
        current_context = current_context or file.current_context
        for context in file.contexts:
            merged.contexts.setdefault(context.name, Held(context.context, name))
        for cluster in file.clusters:
            merged.clusters.setdefault(cluster.name, Held(_cluster_below(cluster.cluster, path), name))
        for user in file.users:
            merged.users.setdefault(user.name, Held(_user_below(user.user, path), name))
    return msgspec.structs.replace(
        merged,
        shown_files=", ".join(shown),
        current_context=current_context,
        missing="" if shown else missing,
    )


def find_kuberc(explicit: str | None, environ: Mapping[str, str], home: Path) -> Kuberc:
    """`--kuberc`, else `$KUBERC`, else `~/.kube/kuberc`; none where KUBERC is off. Raises `KubeconfigError`."""
    variable = environ.get("KUBERC", "")
    if variable == "off":
        if explicit:
            raise KubeconfigError("--kuberc and KUBERC=off exclude each other", hint="leave out one of them")
        return Kuberc()
    named = explicit or variable
    path = Path(named) if named else home / ".kube" / "kuberc"
    return Kuberc(str(path), with_tilde(path, home), bool(named))


def _paths(explicit: str | None, environ: Mapping[str, str], home: Path) -> tuple[list[Path], str]:
    """The files to read, and what to say when none of them is there."""
    if explicit:  # `--kubeconfig=` is what a script's empty variable leaves: as if it were not there
        return [Path(explicit)], ""
    variable = environ.get("KUBECONFIG", "")
    if variable:
        # A set KUBECONFIG replaces ~/.kube/config also when it is nothing but separators.
        names = list(dict.fromkeys(name for name in variable.split(os.pathsep) if name))
        if not names:
            return [], "KUBECONFIG names no file"
        verb = "do not exist" if len(names) > 1 else "does not exist"
        return [Path(name) for name in names], f"KUBECONFIG={variable} {verb}"
    return [home / ".kube" / "config"], "KUBECONFIG is not set, ~/.kube/config does not exist"


def read_file(path: Path, what: str) -> bytes | None:
    """What is in a file; None if it is not there. `what` names it: `kubeconfig ~/.kube/config`."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise KubeconfigError(f"cannot read {what}: {reason_of(error)}") from error
    if len(content) > _MAX_FILE_BYTES:
        raise KubeconfigError(f"{what} is larger than 16 MiB: is it one?")
    return content


def _parse(content: bytes, name: str) -> _File:
    file = _parse_plain(content) or _parse_yaml(content, name)
    if file.kind not in ("", "Config"):
        raise KubeconfigError(f"{name} is not a kubeconfig: its kind is {file.kind!r}")
    _refuse_duplicates(name, "context", [context.name for context in file.contexts])
    _refuse_duplicates(name, "cluster", [cluster.name for cluster in file.clusters])
    _refuse_duplicates(name, "user", [user.name for user in file.users])
    return file


def _parse_plain(content: bytes) -> _File | None:
    """What most kubeconfigs are, the YAML that kubectl writes or JSON, without a YAML library.

    None where that is not certain, and where something is wrong: `_parse_yaml` then says what.
    """
    try:
        if content.startswith(b"{"):
            # Escapes are the one thing that the two do not agree on.
            is_certain = is_plain(content) and b"\\" not in content
            return msgspec.json.decode(content, type=_File) if is_certain else None
        tree = read_plain_yaml(content)
        return msgspec.convert(tree, _File) if tree is not None else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _parse_yaml(content: bytes, name: str) -> _File:
    """Whatever YAML it is. Raises `KubeconfigError`."""
    from kubectl_inventory.connection.full_yaml import yaml_documents

    what = f"kubeconfig {name}"
    # kubectl reads the first document and ignores the others.
    document = next(yaml_documents(content, what), None)
    try:
        return msgspec.convert(document if document is not None else {}, _File)
    except (msgspec.ValidationError, RecursionError) as error:
        raise KubeconfigError(f"{what}: {error}") from error


def _refuse_duplicates(name: str, noun: str, entries: list[str]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if entry in seen:
            raise KubeconfigError(f'kubeconfig {name} has two entries for {noun} "{entry}"')
        seen.add(entry)


def _cluster_below(cluster: ClusterEntry, file: Path) -> ClusterEntry:
    """Relative paths mean: relative to the file that holds them."""
    return msgspec.structs.replace(cluster, certificate_authority=_absolute(cluster.certificate_authority, file))


def _user_below(user: UserEntry, file: Path) -> UserEntry:
    plugin = user.exec_plugin
    if plugin is not None and os.sep in plugin.command:  # otherwise it is looked for on PATH
        plugin = msgspec.structs.replace(plugin, command=_absolute(plugin.command, file))
    return msgspec.structs.replace(
        user,
        client_certificate=_absolute(user.client_certificate, file),
        client_key=_absolute(user.client_key, file),
        token_file=_absolute(user.token_file, file),
        exec_plugin=plugin,
    )


def _absolute(path: str, file: Path) -> str:
    return os.path.normpath(os.path.join(os.path.abspath(file.parent), path)) if path else ""

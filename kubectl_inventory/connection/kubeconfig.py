"""Kubeconfig entries and connection flags, made one typed `Connection`.

The reference is kubectl (client-go's `clientcmd`): which entry is used, what a flag
overrides, which credential wins when there are several. What cannot be done as
kubectl does it is refused here, in one line. Never writes, and knows nothing of
requests: `kubeconfig_file` reads, `proxy` and `credentials` are asked for their part.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import msgspec

from kubectl_inventory.connection.credentials import (
    AuthProvider,
    ExecPlugin,
    check_login,
    check_plugin,
    check_plugin_version,
    find_plugin,
    is_logged_in,
    login_token,
    run_plugin,
)
from kubectl_inventory.connection.kubeconfig_file import (
    NO_KUBECONFIG_HINT,
    ClusterEntry,
    ContextEntry,
    Kubeconfig,
    Kuberc,
    UserEntry,
    find_kuberc,
    read_kubeconfig,
)
from kubectl_inventory.connection.proxy import proxy_url, without_userinfo
from kubectl_inventory.errors import KubeconfigError, UnknownContext, near, reason_of

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_PLUGIN_EXTENSION = "client.authentication.k8s.io/exec"


class ConnectionFlags(msgspec.Struct, frozen=True, kw_only=True):
    """kubectl's own connection flags as typed; None or () is not given."""

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
    """`key=value`, as kubectl's `--as-user-extra` takes them."""
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None
    tls_server_name: str | None = None
    proxy_url: str | None = None
    kuberc: str | None = None
    insecure_skip_tls_verify: bool = False
    disable_compression: bool = False

    def __repr__(self) -> str:
        return f"ConnectionFlags(context={self.context!r})"


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One context, resolved: where the server is, how it is trusted and who asks.

    Printing one never shows a credential.
    """

    context: str
    """The context's name; empty when `--server` was typed and there is no context."""
    server: str
    """`scheme://host[:port][/prefix]`, no slash at the end."""
    server_variable: str = ""
    """The variable that says which server, where neither a file nor a flag does."""
    cluster: str = ""
    namespace: str = ""
    """The context's own namespace; empty when it names none."""
    user: str = ""
    """The name of the user's entry."""
    source: str = ""
    """The kubeconfig files that were read, with `~`."""
    user_source: str = ""
    """The file that holds the user's entry, with `~`."""

    ca_file: str = ""
    ca_data: bytes = b""
    """PEM; wins over `ca_file`. Neither: the system's authorities."""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""

    client_certificate_file: str = ""
    client_certificate_data: bytes = b""
    client_key_file: str = ""
    client_key_data: bytes = b""
    token: str = ""
    token_file: str = ""
    """Read again now and then; wins over `token`, which is what was there at first."""
    username: str = ""
    password: str = ""
    exec_plugin: ExecPlugin | None = None
    auth_provider: AuthProvider | None = None
    plugin_config: object = None
    """What the cluster's entry holds for a plugin that is told about the cluster."""
    kuberc: Kuberc = Kuberc()
    """Where kubectl is told which plugins may run."""

    as_user: str = ""
    as_uid: str = ""
    as_groups: tuple[str, ...] = ()
    as_user_extra: tuple[tuple[str, str], ...] = ()

    proxy_url: str = ""
    """`SCHEME://[user:password@]host:port`, or empty: straight to the server."""
    disable_compression: bool = False
    notices: tuple[str, ...] = ()
    """What the user should be told about how the credential was obtained."""

    def __repr__(self) -> str:
        return f"Connection(context={self.context!r}, server={self.server!r}, user={self.user!r})"

    @property
    def host(self) -> str:
        """The server's host, without port or brackets."""
        return urlsplit(self.server).hostname or ""

    @property
    def shown_context(self) -> str:
        """The context, or the server's host when there is no context."""
        return self.context or self.host

    @property
    def has_client_certificate(self) -> bool:
        """Whether a client certificate is shown to the server."""
        return bool(self.client_certificate_file or self.client_certificate_data)

    @property
    def has_authorization(self) -> bool:
        """Whether there is something for an Authorization header."""
        return bool(self.token or self.token_file or self.username)

    @property
    def has_static_credential(self) -> bool:
        """Whether a plugin need not be asked; client-go's rule (`exec.UpdateTransportConfig`)."""
        return self.has_authorization or self.has_client_certificate

    @property
    def giver(self) -> str:
        """Who has to be asked for a credential, in words; empty where one is at hand, or none is wanted."""
        if self.exec_plugin is not None and not self.has_static_credential:
            return f'the exec plugin "{self.exec_plugin.command}"'
        return "the identity provider" if self.auth_provider is not None and not self.has_authorization else ""

    @property
    def may_ask(self) -> bool:
        """Whether a credential could make somebody type or a browser open, or use up a refresh-token."""
        if self.auth_provider is not None:
            return not self.has_authorization and not is_logged_in(self.auth_provider, self.user)
        return (
            self.exec_plugin is not None
            and not self.has_static_credential
            and self.exec_plugin.interactive_mode != "Never"
        )


def load_connection(
    flags: ConnectionFlags,
    *,
    environ: Mapping[str, str],
    home: Path,
    service_account: Path = _SERVICE_ACCOUNT,
) -> Connection:
    """The connection that kubectl would use for these flags.

    Raises `UnknownContext` for a name typed that no file has, `KubeconfigError` otherwise.
    """
    kubeconfig = read_kubeconfig(flags.kubeconfig, environ, home)
    _check_typed_names(kubeconfig, flags)
    context_name = flags.context or kubeconfig.current_context
    if not flags.server and _is_in_cluster(kubeconfig, flags, environ):
        pods_own = _in_cluster(environ, service_account)
        return _finished(_in_cluster_with_flags(pods_own, flags), flags, environ)
    # As in kubectl, this variable stands for a server where no cluster has one.
    master = environ.get("KUBERNETES_MASTER", "")
    is_server_known = bool(flags.server or master)
    context = _context(kubeconfig, context_name, is_server_known=is_server_known or bool(flags.cluster))
    cluster_name = flags.cluster or context.cluster
    user_name = flags.user or context.user
    cluster = _cluster(kubeconfig, cluster_name, flags, is_server_known=is_server_known)
    server = flags.server or cluster.server
    user = _user(kubeconfig, user_name, flags)
    base = Connection(
        context=context_name,
        server=server or master,
        server_variable="KUBERNETES_MASTER" if master and not server else "",
        cluster=cluster_name,
        namespace=context.namespace or _pod_namespace(environ, service_account),
        user=user_name,
        source=kubeconfig.shown_files,
        user_source=kubeconfig.users[user_name].file if user_name in kubeconfig.users else "",
        disable_compression=cluster.disable_compression,
        proxy_url=cluster.proxy_url,
        kuberc=find_kuberc(flags.kuberc, environ, home),
    )
    return _finished(_with_user(_with_cluster(base, cluster), user), flags, environ)


def resolve_credentials(connection: Connection, *, timeout_s: float) -> Connection:
    """The connection with a credential in hand: runs the exec plugin or renews the login, if it needs to.

    Raises `KubeconfigError`, also when it takes longer than `timeout_s`.
    """
    plugin = connection.exec_plugin if not connection.has_static_credential else None
    # Who names a kuberc is told of its mistakes, whether or not there is a plugin.
    if plugin is not None or connection.kuberc.is_named:
        from kubectl_inventory.connection.kuberc import read_plugin_rules

        rules = read_plugin_rules(connection.kuberc)
    if plugin is not None:
        program = find_plugin(plugin, connection.user)
        rules.check(plugin.command, program, connection.user)
        told = _told_to_plugin(connection)
        obtained = run_plugin(plugin, program, connection.user, cluster=told, timeout_s=timeout_s)
    elif connection.auth_provider is not None and not connection.has_authorization:
        obtained = login_token(connection.auth_provider, connection.user, timeout_s=timeout_s)
    else:
        return connection
    if obtained.certificate:
        connection = msgspec.structs.replace(
            connection, client_certificate_data=obtained.certificate, client_key_data=obtained.key
        )
    notices = (*connection.notices, obtained.notice) if obtained.notice else connection.notices
    return msgspec.structs.replace(
        connection, token=obtained.token, notices=notices, exec_plugin=None, auth_provider=None
    )


# --- which entries --------------------------------------------------------------------


def _check_typed_names(kubeconfig: Kubeconfig, flags: ConnectionFlags) -> None:
    """A name that was typed must exist, whatever else is wrong."""
    for noun, name, known in (
        ("context", flags.context, list(kubeconfig.contexts)),
        ("cluster", flags.cluster, list(kubeconfig.clusters)),
        ("user", flags.user, list(kubeconfig.users)),
    ):
        if name and name not in known:
            if kubeconfig.missing:
                raise _no_kubeconfig(kubeconfig)
            raise _unknown(noun, name, known, kubeconfig.shown_files)


def _unknown(noun: str, name: str, known: list[str], files: str) -> UnknownContext:
    message = f"{noun} {_quoted(name)} is not in {files}"
    if suggestion := near(name, known, cutoff=0.6):
        return UnknownContext(message + suggestion)
    return UnknownContext(message, hint=f'"kubectl config get-{noun}s" lists the {noun}s')


def _is_in_cluster(kubeconfig: Kubeconfig, flags: ConnectionFlags, environ: Mapping[str, str]) -> bool:
    """Whether this is a pod and no file says which server: client-go's `DeferredLoadingClientConfig`."""
    named = flags.context or flags.cluster or kubeconfig.current_context
    return not named and _is_pod(environ)


def _is_pod(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT"))


def _pod_namespace(environ: Mapping[str, str], service_account: Path) -> str:
    """The namespace of the pod that this is; empty if it is none."""
    if not _is_pod(environ) or not (service_account / "token").is_file():
        return ""
    file = service_account / "namespace"
    return environ.get("POD_NAMESPACE") or (file.read_text(errors="replace").strip() if file.is_file() else "")


def _in_cluster(environ: Mapping[str, str], service_account: Path) -> Connection:
    host = environ["KUBERNETES_SERVICE_HOST"]
    token = service_account / "token"
    try:
        token.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"in a pod, but cannot read its token {token}: {reason_of(error)}") from error
    ca = service_account / "ca.crt"
    return Connection(
        context="in-cluster",
        server=f"https://{f'[{host}]' if ':' in host else host}:{environ['KUBERNETES_SERVICE_PORT']}",
        namespace=_pod_namespace(environ, service_account),
        user="service account",
        source=str(service_account),
        user_source=str(token),
        ca_file=str(ca) if ca.is_file() else "",
        token_file=str(token),
    )


def _context(kubeconfig: Kubeconfig, name: str, *, is_server_known: bool) -> ContextEntry:
    if name in kubeconfig.contexts:
        return kubeconfig.contexts[name].entry
    if name:
        # Not typed: `_check_typed_names` has seen to those.
        raise KubeconfigError(
            f"current-context {_quoted(name)} of {kubeconfig.shown_files} is not among its contexts",
            hint=f"--context NAME{_choices(kubeconfig.contexts)}",
        )
    if is_server_known:
        return ContextEntry()
    if kubeconfig.missing:
        raise _no_kubeconfig(kubeconfig)
    raise KubeconfigError(
        f"no current-context in {kubeconfig.shown_files}",
        hint=f"--context NAME{_choices(kubeconfig.contexts)}",
    )


def _no_kubeconfig(kubeconfig: Kubeconfig) -> KubeconfigError:
    return KubeconfigError(f"no kubeconfig: {kubeconfig.missing}, and this is not a pod", hint=NO_KUBECONFIG_HINT)


def _choices(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = f", and {len(ordered) - 10} more" if len(ordered) > 10 else ""
    return f": {', '.join(ordered[:10])}{more}" if ordered else " (there are no contexts)"


def _cluster(kubeconfig: Kubeconfig, name: str, flags: ConnectionFlags, *, is_server_known: bool) -> ClusterEntry:
    if name in kubeconfig.clusters:
        return _cluster_with_flags(kubeconfig.clusters[name].entry, name, flags)
    if not is_server_known:
        what = f"cluster {_quoted(name)}, which no file has" if name else "no cluster"
        raise KubeconfigError(f"the context names {what} ({kubeconfig.shown_files})")
    return _cluster_with_flags(ClusterEntry(), name, flags)


def _cluster_with_flags(cluster: ClusterEntry, name: str, flags: ConnectionFlags) -> ClusterEntry:
    """client-go's `getCluster`: a typed CA or an insecure connection replaces what the file says of trust."""
    if flags.server or flags.tls_server_name:
        # Another server than the file's has another name, unless told.
        cluster = msgspec.structs.replace(cluster, tls_server_name=flags.tls_server_name or "")
    if flags.certificate_authority or flags.insecure_skip_tls_verify:
        cluster = msgspec.structs.replace(
            cluster,
            insecure_skip_tls_verify=flags.insecure_skip_tls_verify,
            certificate_authority=flags.certificate_authority or "",
            certificate_authority_data="",
        )
    entry = f"cluster {_quoted(name)}" if name else "the cluster"
    _refuse_both(entry, "certificate-authority", cluster.certificate_authority, cluster.certificate_authority_data)
    has_authority = cluster.certificate_authority or cluster.certificate_authority_data
    if cluster.insecure_skip_tls_verify and has_authority:
        raise KubeconfigError(
            "a certificate authority and insecure-skip-tls-verify exclude each other"
            + (f" (cluster {_quoted(name)})" if name else ""),
            hint="leave one of them out",
        )
    return cluster


def _refuse_both(entry: str, field: str, file: str, inline: str) -> None:
    """kubectl says that the one inline wins, and takes neither (`validateClusterInfo`, `validateAuthInfo`)."""
    if file and inline:
        raise KubeconfigError(f"{entry} has both {field} and {field}-data", hint="leave one of them out")


def _user(kubeconfig: Kubeconfig, name: str, flags: ConnectionFlags) -> UserEntry:
    """The user's entry under the typed flags: client-go's `getAuthInfo`."""
    if name and name not in kubeconfig.users and not (
        flags.token or flags.client_certificate or flags.username
    ):
        raise KubeconfigError(
            f"the context names user {_quoted(name)}, which no file has ({kubeconfig.shown_files})",
            hint="--user NAME or --token uses other credentials",
        )
    user = kubeconfig.users[name].entry if name in kubeconfig.users else UserEntry()
    if flags.client_certificate:
        user = msgspec.structs.replace(user, client_certificate=flags.client_certificate, client_certificate_data="")
    if flags.client_key:
        user = msgspec.structs.replace(user, client_key=flags.client_key, client_key_data="")
    if flags.token:
        # Of the entry the token file alone is replaced; what contradicts a token is refused.
        user = msgspec.structs.replace(user, token=flags.token, token_file="")
    if flags.username:
        user = msgspec.structs.replace(user, username=flags.username)
    if flags.password:
        user = msgspec.structs.replace(user, password=flags.password)
    if flags.as_user:
        user = msgspec.structs.replace(user, as_user=flags.as_user)
    if flags.as_uid:
        user = msgspec.structs.replace(user, as_uid=flags.as_uid)
    if flags.as_groups:
        user = msgspec.structs.replace(user, as_groups=flags.as_groups)
    if flags.as_user_extra:
        # A typed key replaces the file's; its other keys stay, unlike its groups.
        extra = {**user.as_user_extra, **_typed_extra(flags.as_user_extra)}
        user = msgspec.structs.replace(user, as_user_extra=extra)
    _check_user(user, name)
    return user


def _typed_extra(pairs: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise KubeconfigError(f"--as-user-extra {pair!r} is not KEY=VALUE")
        extra[key] = (*extra.get(key, ()), value)
    return extra


def _check_user(user: UserEntry, name: str) -> None:
    """What kubectl refuses as well, used or not (`validateAuthInfo`)."""
    entry = f"user {_quoted(name)}" if name else "the user"
    if user.token and (user.username or user.password):
        raise KubeconfigError(f"{entry} has both a token and a user name with password: only one is allowed")
    _refuse_both(entry, "client-certificate", user.client_certificate, user.client_certificate_data)
    _refuse_both(entry, "client-key", user.client_key, user.client_key_data)
    if (user.client_certificate or user.client_certificate_data) and not (user.client_key or user.client_key_data):
        raise KubeconfigError(f"{entry} has a client certificate without a key", hint="client-key or --client-key")
    if (user.as_uid or user.as_groups or user.as_user_extra) and not user.as_user:
        raise KubeconfigError("--as-uid, --as-group and --as-user-extra need --as")
    if user.exec_plugin is not None and user.auth_provider is not None:
        raise KubeconfigError(f"{entry} has both an exec plugin and an auth-provider: only one is allowed")
    if user.exec_plugin is not None:
        check_plugin(user.exec_plugin, name)


def _check_credentials(connection: Connection) -> None:
    """What kubectl refuses where a credential would be sent (client-go `rest.TransportFor`)."""
    entry = f"user {_quoted(connection.user)}" if connection.user else "the user"
    if connection.token_file and connection.username:
        raise KubeconfigError(f"{entry} has both a token file and a user name with password: only one is allowed")
    if connection.exec_plugin is not None:
        check_plugin_version(connection.exec_plugin, connection.user)
    if connection.auth_provider is not None:
        check_login(connection.auth_provider, connection.user)
    obtained = connection.exec_plugin or connection.auth_provider
    if connection.password and not (connection.has_static_credential or obtained):
        raise KubeconfigError(f"{entry} has a password without a user name", hint="username or --username")


# --- the connection -------------------------------------------------------------------


def _with_cluster(connection: Connection, cluster: ClusterEntry) -> Connection:
    where = f"certificate-authority-data of cluster {_quoted(connection.cluster)}"
    return msgspec.structs.replace(
        connection,
        ca_file=cluster.certificate_authority,
        ca_data=_decoded(cluster.certificate_authority_data, where),
        insecure_skip_tls_verify=cluster.insecure_skip_tls_verify,
        tls_server_name=cluster.tls_server_name,
        plugin_config=next((held.extension for held in cluster.extensions if held.name == _PLUGIN_EXTENSION), None),
    )


def _with_user(connection: Connection, user: UserEntry) -> Connection:
    where = f"of user {_quoted(connection.user)}"
    return msgspec.structs.replace(
        connection,
        client_certificate_file=user.client_certificate,
        client_certificate_data=_decoded(user.client_certificate_data, f"client-certificate-data {where}"),
        client_key_file=user.client_key,
        client_key_data=_decoded(user.client_key_data, f"client-key-data {where}"),
        token=user.token,
        token_file=user.token_file,
        username=user.username,
        password=user.password,
        exec_plugin=user.exec_plugin,
        auth_provider=user.auth_provider,
        as_user=user.as_user,
        as_uid=user.as_uid,
        as_groups=user.as_groups,
        as_user_extra=tuple((key, value) for key, values in sorted(user.as_user_extra.items()) for value in values),
    )


def _decoded(data: str, where: str) -> bytes:
    try:
        # Go's decoder, too, skips line breaks and nothing else.
        return binascii.a2b_base64(data.replace("\r", "").replace("\n", "").encode("ascii"), strict_mode=True)
    except ValueError as error:
        raise KubeconfigError(f"{where} is not base64") from error


def _told_to_plugin(connection: Connection) -> dict[str, object]:
    """The cluster as `KUBERNETES_EXEC_INFO` describes it; what is not set is left out, as in Go."""
    authority = connection.ca_data
    if not authority and connection.ca_file:
        try:
            authority = Path(connection.ca_file).read_bytes()
        except OSError as error:
            raise KubeconfigError(
                f"cannot read certificate-authority {connection.ca_file}: {reason_of(error)}"
            ) from error
    told: dict[str, object] = {
        "server": connection.server,
        "tls-server-name": connection.tls_server_name,
        "insecure-skip-tls-verify": connection.insecure_skip_tls_verify,
        "certificate-authority-data": authority,
        "proxy-url": connection.proxy_url,
        "disable-compression": connection.disable_compression,
    }
    # `config` is told also where there is none: Go leaves no struct out.
    return {name: value for name, value in told.items() if value} | {"config": connection.plugin_config}


def _finished(connection: Connection, flags: ConnectionFlags, environ: Mapping[str, str]) -> Connection:
    """What is decided last, in every case: the server's spelling, the proxy, what plain HTTP may carry."""
    server = _server_url(connection.server)
    connection = msgspec.structs.replace(
        connection,
        server=server,
        proxy_url=proxy_url(server, flags.proxy_url or connection.proxy_url, environ),
        disable_compression=connection.disable_compression or flags.disable_compression,
    )
    if not server.startswith("https:"):
        return _without_credentials(connection)
    _check_credentials(connection)
    return connection


def _in_cluster_with_flags(connection: Connection, flags: ConnectionFlags) -> Connection:
    # Of the flags that say who asks, only these count beside the account of a pod.
    who = msgspec.structs.replace(flags, username=None, password=None, client_certificate=None, client_key=None)
    user = _user(Kubeconfig("", "", {}, {}, {}, ""), "", who)
    cluster = _cluster_with_flags(ClusterEntry(certificate_authority=connection.ca_file), "", flags)
    changed = _with_user(_with_cluster(connection, cluster), user)
    return changed if flags.token else msgspec.structs.replace(changed, token_file=connection.token_file)


def _server_url(server: str) -> str:
    """The server as kubectl reads it: without a scheme it is plain http."""
    if not server:
        raise KubeconfigError("the cluster's entry has no server", hint="--server URL")
    try:
        parts = urlsplit(server if "://" in server else f"http://{server}")
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError as error:
        raise KubeconfigError(f"server {without_userinfo(server)!r} is not a URL") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise KubeconfigError(f"server {without_userinfo(server)!r} is not an http or https URL")
    if parts.username is not None or parts.password is not None:
        raise KubeconfigError(
            f"server {without_userinfo(server)!r} holds a user name or password in its URL: not supported",
            hint="put them in the user's entry",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    prefix = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~", errors="surrogateescape")
    return urlunsplit((parts.scheme, host + port, prefix, "", ""))


def _without_credentials(connection: Connection) -> Connection:
    """client-go sends no credential where everybody could read it; impersonation alone remains."""
    return msgspec.structs.replace(
        connection,
        client_certificate_file="",
        client_certificate_data=b"",
        client_key_file="",
        client_key_data=b"",
        token="",
        token_file="",
        username="",
        password="",
        exec_plugin=None,
        auth_provider=None,
    )


def _quoted(name: str) -> str:
    return f'"{name}"'

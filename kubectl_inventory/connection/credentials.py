"""Credentials that must be obtained first: from an exec plugin, or an OpenID login.

Knows kubectl's plugin protocol (client.authentication.k8s.io v1 and v1beta1) and how
to renew an expired id-token; knows nothing of connections. Each is bounded in time,
no file is left behind, and no message repeats what a plugin printed on stdout.
"""

from __future__ import annotations

import base64
import os
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from kubectl_inventory.clock import epoch_of, now_epoch, ticks_s
from kubectl_inventory.errors import KubeconfigError, reason_of

if TYPE_CHECKING:
    import subprocess

_API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_MAX_PLUGIN_BYTES = 1 << 20
# client-go's `expiryDelta`: an id-token that ends within it is renewed first.
_EXPIRY_MARGIN_S = 10.0
_IS_OVER = "e30.eyJleHAiOjF9.e30"
"""An id-token of 1970: the kubernetes package renews what has expired, and nothing else."""
_OTHER_LOGIN_HINT = "--user NAME or --token uses other credentials"


class EnvironmentVariable(msgspec.Struct, frozen=True):
    """One variable that a plugin is given."""

    name: str = ""
    value: str = ""


class ExecPlugin(msgspec.Struct, frozen=True, rename="camel"):
    """The `exec` of a user: a command that prints a credential."""

    command: str = ""
    api_version: str = ""
    args: tuple[str, ...] = ()
    env: tuple[EnvironmentVariable, ...] = ()
    install_hint: str = ""
    provide_cluster_info: bool = False
    interactive_mode: str = ""

    def __repr__(self) -> str:
        return f"ExecPlugin(command={self.command!r})"


class AuthProvider(msgspec.Struct, frozen=True):
    """The `auth-provider` of a user: `oidc`, or one that kubectl itself no longer has."""

    name: str = ""
    config: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"AuthProvider(name={self.name!r})"


class Obtained(msgspec.Struct, frozen=True):
    """A credential that was obtained: a token, a certificate with its key (PEM), or both."""

    token: str = ""
    certificate: bytes = b""
    key: bytes = b""
    notice: str = ""
    """What the user should be told."""

    def __repr__(self) -> str:
        return "Obtained()"


def check_plugin(plugin: ExecPlugin, user: str) -> None:
    """Raises `KubeconfigError` for an entry that kubectl refuses, though another credential would be used."""
    entry = f'the exec plugin of user "{user}"'
    if not (plugin.command and plugin.api_version):
        raise KubeconfigError(f"{entry} needs command and apiVersion")
    if not all(variable.name for variable in plugin.env):
        raise KubeconfigError(f"{entry} has a variable without a name")
    mode = _mode_of(plugin)
    if mode not in ("Never", "IfAvailable", "Always"):
        raise KubeconfigError(
            f"{entry} has "
            + (f"interactiveMode {mode!r}" if mode else "no interactiveMode")
            + ": it must be Never, IfAvailable or Always"
        )


def check_plugin_version(plugin: ExecPlugin, user: str) -> None:
    """Raises `KubeconfigError` for a version that kubectl no longer speaks, though another credential would be used."""
    if plugin.api_version not in _API_VERSIONS:
        raise KubeconfigError(
            f'the exec plugin of user "{user}" uses {plugin.api_version}: not supported',
            hint=f"{' or '.join(_API_VERSIONS)}; newer releases of {plugin.command} know them",
        )


def check_login(provider: AuthProvider, user: str) -> None:
    """Raises `KubeconfigError` for a login that kubectl refuses, though another credential would be used."""
    if provider.name != "oidc":
        raise KubeconfigError(
            f'user "{user}" logs in with the auth-provider "{provider.name}", which kubectl no longer has',
            hint="an exec plugin replaces it: see your provider's log-in command",
        )
    for field in ("idp-issuer-url", "client-id"):
        if not provider.config.get(field):
            raise KubeconfigError(f'the login of user "{user}" has no {field}', hint="log in again")


def find_plugin(plugin: ExecPlugin, user: str) -> str:
    """The file that a user's plugin is: what PATH leads to, or the path itself. Raises `KubeconfigError`.

    Ours, not one that the plugin's own variables name, and nothing below the current directory: as Go's `LookPath`.
    """
    import shutil

    program = shutil.which(plugin.command)
    if program is None:
        hint = plugin.install_hint.strip().partition("\n")[0] or "is it installed, and on PATH?"
        raise KubeconfigError(f"{_named(plugin, user)} was not found", hint=hint)
    if not os.path.isabs(program):
        raise KubeconfigError(f"{_named(plugin, user)} was found in the current directory alone, and is not run")
    return program


def run_plugin(
    plugin: ExecPlugin, program: str, user: str, *, cluster: Mapping[str, object], timeout_s: float
) -> Obtained:
    """What a user's plugin prints, run as kubectl would.

    `program` is what `find_plugin` found, `cluster` what `provideClusterInfo` tells it.
    """
    is_interactive = _is_interactive(plugin, user)
    spec: dict[str, object] = {"interactive": is_interactive}
    if plugin.provide_cluster_info:
        spec["cluster"] = cluster
    information = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
    environment = {
        **os.environ,
        **dict(_variable(variable) for variable in plugin.env),
        "KUBERNETES_EXEC_INFO": msgspec.json.encode(information).decode(),
    }
    run = _Run(plugin, program, _named(plugin, user), environment, is_interactive=is_interactive)
    return _credential_in(run.output(timeout_s), plugin, user)


def _variable(variable: EnvironmentVariable) -> tuple[str, str]:
    """As a process gets it, which is one text: the name ends at the first `=`, whichever it was meant to be."""
    name, _, value = f"{variable.name}={variable.value}".partition("=")
    return name, value


def is_logged_in(provider: AuthProvider, user: str) -> bool:
    """Whether an OpenID login need not be renewed. Raises `KubeconfigError` for an id-token that is none."""
    token = provider.config.get("id-token", "")
    return bool(token) and _ends_epoch(token, user) > now_epoch() + _EXPIRY_MARGIN_S


def login_token(provider: AuthProvider, user: str, *, timeout_s: float) -> Obtained:
    """The id-token of an OpenID login, renewed if it has expired."""
    if is_logged_in(provider, user):
        return Obtained(token=provider.config["id-token"])
    if not provider.config.get("refresh-token"):
        raise KubeconfigError(
            f'the login of user "{user}" has expired, and cannot be renewed: it has no refresh-token',
            hint="log in again",
        )
    return _renewed(provider, user, timeout_s)


# --- exec -----------------------------------------------------------------------------


class _PrintedStatus(msgspec.Struct, frozen=True, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: str | None = None


class _Printed(msgspec.Struct, frozen=True, rename="camel"):
    """An ExecCredential."""

    api_version: str = ""
    kind: str | None = None
    """Need not be said."""
    status: _PrintedStatus | None = None


def _is_interactive(plugin: ExecPlugin, user: str) -> bool:
    """Whether the plugin may ask on the terminal: client-go's `isInteractive`."""
    mode = _mode_of(plugin)
    has_terminal = sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()
    if mode == "Always" and not has_terminal:
        raise KubeconfigError(f'the exec plugin of user "{user}" needs a terminal, and there is none')
    return mode != "Never" and has_terminal


def _mode_of(plugin: ExecPlugin) -> str:
    # The older versions came before the field; their default is IfAvailable.
    is_older = plugin.api_version.endswith(("/v1beta1", "/v1alpha1"))
    return plugin.interactive_mode or ("IfAvailable" if is_older else "")


class _Run:
    """One run of a plugin.

    Not the kubernetes package's `ExecProvider`: it waits for ever, drops the certificate of a
    plugin that gives a token as well, runs in another directory than kubectl does, and costs 0.25 s.
    """

    def __init__(
        self, plugin: ExecPlugin, program: str, what: str, environment: dict[str, str], *, is_interactive: bool
    ) -> None:
        self._plugin = plugin
        self._program = program
        self._what = what
        self._environment = environment
        self._is_interactive = is_interactive

    def output(self, timeout_s: float) -> bytes:
        """What it printed on stdout; stderr is the user's to read, as with kubectl."""
        import subprocess

        end_s = ticks_s() + timeout_s
        try:
            process = subprocess.Popen(
                [self._plugin.command, *self._plugin.args],
                executable=self._program,
                env=self._environment,
                stdin=None if self._is_interactive else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                # Its own group, so that what it started ends with it; but a
                # plugin that asks on the terminal has to stay in ours.
                start_new_session=not self._is_interactive,
            )
        except (OSError, ValueError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else "its arguments or variables hold a NUL"
            raise KubeconfigError(f"{self._what} cannot be run: {reason}") from error
        try:
            printed = self._read(process, end_s)
            status = process.wait(max(end_s - ticks_s(), 0.1))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            raise KubeconfigError(f"{self._what} did not end in {timeout_s:g}s", hint=_OTHER_LOGIN_HINT) from error
        finally:  # also after Ctrl-C
            self._end(process)
        if status != 0:
            raise KubeconfigError(
                f"{self._what} failed (exit status {status})", hint="what it says is above; log in again?"
            )
        return printed

    def _read(self, process: subprocess.Popen[bytes], end_s: float) -> bytes:
        """What it prints until it closes its stdout, in a thread: no other way waits for a pipe on every system."""
        printed = bytearray()
        stream = process.stdout

        def read() -> None:
            # The thread's own to close: the pipe may be held open by what the plugin has left behind.
            if stream is None:
                return
            with stream:
                while len(printed) <= _MAX_PLUGIN_BYTES and (piece := os.read(stream.fileno(), 65536)):
                    printed.extend(piece)

        reader = threading.Thread(target=read, name="plugin", daemon=True)
        reader.start()
        reader.join(max(end_s - ticks_s(), 0))
        if reader.is_alive():
            raise TimeoutError
        if len(printed) > _MAX_PLUGIN_BYTES:
            raise KubeconfigError(f"{self._what} printed more than 1 MiB: that is no credential")
        return bytes(printed)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        import signal

        if process.poll() is not None:
            return
        try:
            if sys.platform == "win32" or self._is_interactive:
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()


def _named(plugin: ExecPlugin, user: str) -> str:
    return f'the exec plugin "{plugin.command}" of user "{user}"'


def _credential_in(printed: bytes, plugin: ExecPlugin, user: str) -> Obtained:
    what = _named(plugin, user)
    try:
        credential = _decoded(printed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KubeconfigError):
        # `from None`: a decoder's error may quote what was printed.
        raise KubeconfigError(f"{what} did not print an ExecCredential") from None
    if credential.kind not in (None, "", "ExecCredential") or credential.status is None:
        raise KubeconfigError(f"{what} did not print an ExecCredential with a status")
    if credential.api_version != plugin.api_version:
        raise KubeconfigError(f"{what} is configured for {plugin.api_version}, but printed another version")
    status = credential.status
    # One that is over is used all the same, as kubectl does: the server knows better.
    if status.expiration_timestamp and epoch_of(status.expiration_timestamp) is None:
        raise KubeconfigError(f"{what} printed an expirationTimestamp that is no time")
    certificate, key = status.client_certificate_data or "", status.client_key_data or ""
    if bool(certificate) != bool(key):
        raise KubeconfigError(f"{what} printed only one of certificate and key")
    if not (status.token or certificate):
        raise KubeconfigError(f"{what} printed neither a token nor a certificate")
    return Obtained(token=status.token or "", certificate=certificate.encode(), key=key.encode())


def _decoded(printed: bytes) -> _Printed:
    """As client-go decodes it: what begins with a brace is JSON, and everything else is YAML."""
    if printed.lstrip().startswith(b"{"):
        return msgspec.json.decode(printed, type=_Printed)
    from kubectl_inventory.connection.full_yaml import yaml_documents

    return msgspec.convert(next(yaml_documents(printed, "it"), None), _Printed)


# --- OpenID -----------------------------------------------------------------------------


class _Claims(msgspec.Struct, frozen=True):
    exp: float = 0.0


def _ends_epoch(token: str, user: str) -> float:
    """When an id-token ends. Its signature is the server's to check."""
    try:
        _, payload, _ = token.split(".")
        claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(claims, type=_Claims).exp
    except (ValueError, msgspec.DecodeError, RecursionError) as error:
        raise KubeconfigError(f'the id-token of user "{user}" is not a JSON web token', hint="log in again") from error


def _renewed(provider: AuthProvider, user: str, timeout_s: float) -> Obtained:
    """Asks the provider for a new id-token, in a thread that is left behind when the time is over."""
    import tempfile

    what, hint = (
        f'the login of user "{user}" has expired',
        "log in again; kubectl version renews it, too, if it can be",
    )
    # Removed here, not as the process ends, which does not wait for what libraries would do then.
    with tempfile.TemporaryDirectory(prefix="kubectl-inventory-", ignore_cleanup_errors=True) as directory:
        authorities = os.path.join(directory, "authorities.pem")
        with open(authorities, "wb") as stream:
            stream.write(_authorities_of(provider, user))
        config = {
            **provider.config,
            "client-secret": provider.config.get("client-secret", ""),
            "id-token": _IS_OVER,
            "idp-certificate-authority": authorities,
        }
        config.pop("idp-certificate-authority-data", None)
        failures: list[Exception] = []
        renewal = threading.Thread(target=_renew, args=(config, failures), name="login", daemon=True)
        renewal.start()
        renewal.join(timeout_s)
    if renewal.is_alive():
        raise KubeconfigError(f"{what}, and its provider did not renew it in {timeout_s:g}s", hint=hint)
    if failures or config["id-token"] == _IS_OVER:
        # Its text may hold the refresh-token: only the kind of error is told.
        reason = f" ({type(failures[0]).__name__})" if failures else ""
        raise KubeconfigError(f"{what}, and could not be renewed{reason}", hint=hint)
    notice = ""
    if config["refresh-token"] != provider.config["refresh-token"]:
        notice = (
            f'the provider replaced the refresh-token of user "{user}", and a kubeconfig is never written '
            "here: if kubectl can no longer renew the login, log in again"
        )
    return Obtained(token=config["id-token"], notice=notice)


def _authorities_of(provider: AuthProvider, user: str) -> bytes:
    """Whom to believe that it is the provider (PEM): whom the login names, else whom the system trusts."""
    inline, file = (provider.config.get(f"idp-certificate-authority{end}", "") for end in ("-data", ""))
    what = f'of the login of user "{user}"'
    try:
        if inline:
            return base64.b64decode(inline, validate=True)
        if file:
            with open(file, "rb") as stream:
                return stream.read(1 << 20)
    except OSError as error:
        raise KubeconfigError(f"cannot read idp-certificate-authority {file} {what}: {reason_of(error)}") from error
    except ValueError as error:
        raise KubeconfigError(f"idp-certificate-authority-data {what} is not base64") from error
    from kubectl_inventory.connection.authorities import system_certificates

    try:
        found = system_certificates(os.environ)
    except OSError as error:
        raise KubeconfigError(f"cannot read {error.filename}, which the system trusts: {reason_of(error)}") from error
    if found:
        return found
    import certifi

    with open(certifi.where(), "rb") as stream:
        return stream.read()


def _renew(config: dict[str, str], failures: list[Exception]) -> None:
    """Changes `id-token` and `refresh-token` of `config`, or appends to `failures`.

    `config` has to name authorities: without them kubernetes 37 asks for the token's endpoint without verifying who
    answers, and would send the refresh-token there.
    """
    # 0.25 s, and only here: an expired login is rare.
    import oauthlib.oauth2  # type: ignore[import-untyped, unused-ignore]
    import requests
    import urllib3.exceptions
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    kubeconfig = {
        "current-context": "login",
        "contexts": [{"name": "login", "context": {"cluster": "login", "user": "login"}}],
        "clusters": [{"name": "login", "cluster": {}}],
        "users": [{"name": "login", "user": {"auth-provider": {"name": "oidc", "config": config}}}],
    }
    try:
        # No config_persister: the user's kubeconfig stays as it is.
        loader = KubeConfigLoader(config_dict=kubeconfig, config_base_path="")  # type: ignore[no-untyped-call, unused-ignore]
        loader.load_and_set(_Discarded())  # type: ignore[no-untyped-call, unused-ignore]
    except (
        ConfigException,
        oauthlib.oauth2.OAuth2Error,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        failures.append(error)


class _Discarded:
    """Takes the place of a client's configuration: the token is read from the login's entry instead."""

    def __init__(self) -> None:
        self.api_key: dict[str, str] = {}

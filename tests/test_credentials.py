"""Plugins and logins: real processes, a real identity provider."""

from __future__ import annotations

import base64
import json
import os
import ssl
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trustme

from kubectl_inventory.clock import now_epoch, ticks_s
from kubectl_inventory.connection.credentials import AuthProvider, EnvironmentVariable, ExecPlugin
from kubectl_inventory.connection.kubeconfig import Connection, resolve_credentials
from kubectl_inventory.errors import KubeconfigError
from tests.live_api import Exchange, LiveApi

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
SOON_S = 5.0


def a_connection(**fields: Any) -> Connection:
    return Connection(**{"context": "dev", "server": "https://127.0.0.1:1", "user": "ann", **fields})


def a_plugin(directory: Path, script: str, **fields: Any) -> ExecPlugin:
    """A plugin that is a shell script."""
    path = directory / "plugin"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return ExecPlugin(**{"command": str(path), "api_version": V1, "interactive_mode": "Never", **fields})


def printing(version: str = V1, **status: str) -> str:
    return "echo '" + json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}) + "'"


def resolved(plugin: ExecPlugin, *, timeout_s: float = SOON_S, **fields: Any) -> Connection:
    return resolve_credentials(a_connection(exec_plugin=plugin, **fields), timeout_s=timeout_s)


def failure_of(plugin: ExecPlugin, *, timeout_s: float = SOON_S) -> KubeconfigError:
    with pytest.raises(KubeconfigError) as caught:
        resolved(plugin, timeout_s=timeout_s)
    assert "hunter2" not in caught.value.message and "\n" not in caught.value.message
    return caught.value


# --- exec -------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [V1, V1BETA1])
def test_a_plugins_token_is_used(tmp_path: Path, version: str) -> None:
    ours = resolved(a_plugin(tmp_path, printing(version, token="t"), api_version=version))
    assert ours.token == "t" and ours.exec_plugin is None


def test_a_plugins_token_and_certificate_are_both_used(tmp_path: Path) -> None:
    printed = printing(token="t", clientCertificateData="C", clientKeyData="K")
    ours = resolved(a_plugin(tmp_path, printed))
    assert (ours.token, ours.client_certificate_data, ours.client_key_data) == ("t", b"C", b"K")


def test_a_plugin_is_given_its_arguments_variables_and_the_cluster(tmp_path: Path) -> None:
    script = f'printf "%s" "$KUBERNETES_EXEC_INFO" >{tmp_path}/info; pwd >{tmp_path}/pwd\n' + printing(
        token="TOKEN"
    ).replace("TOKEN", "'$1-$REGION'")
    plugin = a_plugin(
        tmp_path, script, args=("a b",), env=(EnvironmentVariable("REGION", "eu"),), provide_cluster_info=True
    )
    ours = resolved(plugin, ca_data=b"ca", tls_server_name="k8s", plugin_config={"audience": "x"})
    information = json.loads((tmp_path / "info").read_text())
    assert ours.token == "a b-eu"
    assert information == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {
            "interactive": False,
            "cluster": {
                "server": "https://127.0.0.1:1",
                "tls-server-name": "k8s",
                "certificate-authority-data": "Y2E=",
                "config": {"audience": "x"},
            },
        },
    }
    assert (tmp_path / "pwd").read_text().strip() == os.getcwd()


def test_a_plugin_is_told_of_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    script = f'printf "%s" "$KUBERNETES_EXEC_INFO" >{tmp_path}/info\n' + printing(token="t")
    resolved(a_plugin(tmp_path, script, provide_cluster_info=True))
    information = json.loads((tmp_path / "info").read_text())
    assert information["spec"]["cluster"] == {"server": "https://127.0.0.1:1", "config": None}


def test_a_plugin_is_not_run_when_there_is_a_credential(tmp_path: Path) -> None:
    plugin = a_plugin(tmp_path, f"touch {tmp_path}/ran")
    for static in ({"token": "t"}, {"username": "u"}, {"client_certificate_data": b"c"}):
        resolved(plugin, **static)
    assert not (tmp_path / "ran").exists()


def test_a_plugin_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    begun_s = ticks_s()
    failure = failure_of(a_plugin(tmp_path, f"sleep 60 & echo $! >{tmp_path}/child; wait"), timeout_s=0.5)
    assert ticks_s() - begun_s < SOON_S
    assert failure.message == f'the exec plugin "{tmp_path}/plugin" of user "ann" did not end in 0.5s'
    child = int((tmp_path / "child").read_text())
    while is_running(child):
        assert ticks_s() - begun_s < SOON_S
        os.sched_yield()


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_child_that_keeps_the_output_open_does_not_hold_us(tmp_path: Path) -> None:
    begun_s = ticks_s()
    failure_of(a_plugin(tmp_path, printing(token="t") + "\nsleep 60 &"), timeout_s=0.5)
    assert ticks_s() - begun_s < SOON_S


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo hunter2; exit 3", "failed (exit status 3)"),
        ("echo hunter2", "did not print an ExecCredential"),
        ("true", "did not print an ExecCredential"),
        ("echo '{}'", "did not print an ExecCredential"),
        (printing(), "neither a token nor a certificate"),
        (printing(clientKeyData="hunter2"), "only one of certificate and key"),
        (printing(token="hunter2", expirationTimestamp="soon"), "expirationTimestamp that is no time"),
        (printing(V1BETA1, token="hunter2"), "printed another version"),
        ("yes hunter2", "more than 1 MiB"),
        ("printf '\\377\\376'", "did not print an ExecCredential"),
        ("printf '{\"a\":'; head -c 500000 /dev/zero | tr '\\0' '['", "did not print an ExecCredential"),
        ("printf '&hunter2 *hunter2'", "did not print an ExecCredential"),
    ],
)
def test_a_plugin_that_misbehaves_is_named_and_its_output_is_not_told(tmp_path: Path, script: str, words: str) -> None:
    message = failure_of(a_plugin(tmp_path, script)).message
    assert words in message and 'of user "ann"' in message


def test_a_plugin_that_is_not_there_gives_its_install_hint() -> None:
    failure = failure_of(
        ExecPlugin(command="no-such-plugin", api_version=V1, interactive_mode="Never", install_hint="get it\nat x")
    )
    assert "was not found" in failure.message and failure.hint == "get it"


def test_a_plugin_that_has_to_ask_is_not_run_without_a_terminal(tmp_path: Path) -> None:
    assert "needs a terminal" in failure_of(a_plugin(tmp_path, printing(token="t"), interactive_mode="Always")).message


def test_credentials_in_hand_import_nothing_heavy() -> None:
    script = (
        "import sys; from kubectl_inventory.connection.kubeconfig import *; "
        "resolve_credentials(Connection(context='', server='https://x', token='t'), timeout_s=1); "
        "heavy = ('kubernetes', 'requests', 'urllib3', 'yaml', 'subprocess'); "
        "sys.exit(any(name in sys.modules for name in heavy))"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parent.parent)


# --- OpenID -----------------------------------------------------------------------------


def id_token(valid_s: float) -> str:
    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': int(now_epoch() + valid_s)})}.{part('signature')}"


def a_login(**config: str) -> AuthProvider:
    return AuthProvider("oidc", {"client-id": "kubectl", "client-secret": "s", **config})


def logged_in(provider: AuthProvider, *, timeout_s: float = SOON_S) -> Connection:
    return resolve_credentials(a_connection(auth_provider=provider), timeout_s=timeout_s)


def test_a_login_that_is_valid_is_used_as_it_is() -> None:
    token = id_token(3600)
    assert logged_in(a_login(**{"id-token": token})).token == token


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def provider_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def test_an_expired_login_is_renewed_in_memory_and_a_new_refresh_token_is_told(authority: trustme.CA) -> None:
    renewed = id_token(3600)

    def answer(exchange: Exchange) -> None:
        if exchange.path == "/.well-known/openid-configuration":
            exchange.reply(body=json.dumps({"token_endpoint": f"{provider.url}/token"}).encode())
        else:
            reply = {"id_token": renewed, "refresh_token": "r2", "access_token": "a", "token_type": "Bearer"}
            exchange.reply(body=json.dumps(reply).encode())
            exchange.close()

    with LiveApi(answer, tls=provider_tls(authority)) as provider:
        login = a_login(
            **{
                "id-token": id_token(-60),
                "refresh-token": "r1",
                "idp-issuer-url": provider.url,
                "idp-certificate-authority-data": base64.b64encode(authority.cert_pem.bytes()).decode(),
            }
        )
        ours = logged_in(login)
    assert ours.token == renewed
    assert "replaced the refresh-token" in ours.notices[0] and "r2" not in ours.notices[0]
    assert login.config["refresh-token"] == "r1"


def test_a_provider_is_never_believed_without_a_trusted_certificate(authority: trustme.CA) -> None:
    with LiveApi(tls=provider_tls(authority)) as provider, pytest.raises(KubeconfigError) as caught:
        logged_in(a_login(**{"id-token": id_token(-60), "refresh-token": "hunter2", "idp-issuer-url": provider.url}))
    assert "could not be renewed" in caught.value.message and provider.asked == []


def test_a_provider_that_hangs_does_not_hold_us(authority: trustme.CA) -> None:
    begun_s = ticks_s()
    with LiveApi(Exchange.hang, tls=provider_tls(authority)) as provider, pytest.raises(KubeconfigError):
        logged_in(
            a_login(
                **{
                    "id-token": id_token(-60),
                    "refresh-token": "r",
                    "idp-issuer-url": provider.url,
                    "idp-certificate-authority-data": base64.b64encode(authority.cert_pem.bytes()).decode(),
                }
            ),
            timeout_s=1.0,
        )
    assert ticks_s() - begun_s < SOON_S


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        (a_login(**{"id-token": "not-a-token"}), "not a JSON web token"),
        (a_login(), "cannot be renewed"),
    ],
)
def test_a_login_that_cannot_be_used_is_refused_clearly(provider: AuthProvider, words: str) -> None:
    with pytest.raises(KubeconfigError, match=words):
        logged_in(provider)
